//! Making a signature in two phases, so that no private key and no signer is imported here.

use super::{ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, SignatureAlgorithm, ds, key_info};
use crate::{NewElement, Reason, encode_base64};

/// An element whose digest is taken and whose `ds:SignedInfo` waits to be signed.
pub struct Draft {
    element: NewElement,
    position: usize,
    algorithm: SignatureAlgorithm,
    signed_info: NewElement,
    signing_input: Vec<u8>,
    certificate: Option<Vec<u8>>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({:?}, {:?})", self.element, self.algorithm)
    }
}

impl Draft {
    /// Prepares the enveloped signature of an element that has an `ID`.
    ///
    /// `position` is the place among the children where the schema wants `ds:Signature` (behind `saml:Issuer`: 1;
    /// first in metadata: 0). `certificate` (DER) is only a hint for the reader's operator: SAML keys come from
    /// metadata.
    pub fn new(
        element: NewElement,
        position: usize,
        algorithm: SignatureAlgorithm,
        certificate: Option<&[u8]>,
    ) -> Result<Self, Reason> {
        let id = element.get_attribute("ID").ok_or(Reason::IdMissing)?;
        let reference = format!("#{id}");
        let digest = algorithm.digest().digest(&element.to_canonical()?);
        let transform = |uri: &'static str| ds("Transform").attribute("Algorithm", uri);
        let signed_info = ds("SignedInfo")
            .child(ds("CanonicalizationMethod").attribute("Algorithm", EXCLUSIVE_C14N))
            .child(ds("SignatureMethod").attribute("Algorithm", algorithm.uri()))
            .child(
                ds("Reference")
                    .attribute("URI", reference)
                    .child(
                        ds("Transforms")
                            .child(transform(ENVELOPED_SIGNATURE))
                            .child(transform(EXCLUSIVE_C14N)),
                    )
                    .child(ds("DigestMethod").attribute("Algorithm", algorithm.digest().uri()))
                    .child(ds("DigestValue").text(encode_base64(digest.as_ref()))),
            );
        let signing_input = signed_info.to_canonical()?;
        Ok(Self {
            element,
            position,
            algorithm,
            signed_info,
            signing_input,
            certificate: certificate.map(<[u8]>::to_vec),
        })
    }

    /// What the signer signs (not its digest).
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// How the signer signs it.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Puts the signature into its place.
    ///
    /// RSA: as PKCS#1 makes it. ECDSA: `r || s`, both of the curve's full width (64 octets for P-256, 96 for P-384;
    /// XML Signature 1.1 section 6.4.3), never DER. The length is checked, the signature is not: the signer is ours.
    pub fn attach(mut self, signature: &[u8]) -> Result<NewElement, Reason> {
        let fits = if self.algorithm.is_ecdsa() {
            matches!(signature.len(), 64 | 96)
        } else {
            (256..=1024).contains(&signature.len())
        };
        if !fits {
            return Err(Reason::SignatureLength {
                octets: signature.len(),
            });
        }
        let mut whole = ds("Signature")
            .child(self.signed_info)
            .child(ds("SignatureValue").text(encode_base64(signature)));
        if let Some(certificate) = &self.certificate {
            whole = whole.child(key_info([certificate.as_slice()]));
        }
        self.element.insert_child(self.position, whole);
        Ok(self.element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;

    fn draft(algorithm: SignatureAlgorithm) -> Draft {
        let element = NewElement::new(Name::new("p", "urn:p", "e")).attribute("ID", "_1");
        Draft::new(element, 0, algorithm, Some(b"certificate")).unwrap()
    }

    #[test]
    fn an_element_without_id_is_not_signed() {
        let element = NewElement::new(Name::new("p", "urn:p", "e"));
        let refused = Draft::new(element, 0, SignatureAlgorithm::RsaSha256, None).unwrap_err();
        assert_eq!(refused, Reason::IdMissing);
    }

    #[test]
    fn a_der_signature_of_a_curve_is_refused() {
        for octets in [0, 63, 70, 71, 72, 97, 104, 256] {
            let refused = draft(SignatureAlgorithm::EcdsaSha256)
                .attach(&vec![1; octets])
                .unwrap_err();
            assert_eq!(refused, Reason::SignatureLength { octets });
        }
        for octets in [0, 64, 128, 255, 1025] {
            let refused = draft(SignatureAlgorithm::RsaSha256)
                .attach(&vec![1; octets])
                .unwrap_err();
            assert_eq!(refused, Reason::SignatureLength { octets });
        }
        let signed = draft(SignatureAlgorithm::EcdsaSha256).attach(&[1; 64]).unwrap();
        let text = String::from_utf8(signed.to_canonical().unwrap()).unwrap();
        assert!(
            text.contains("<ds:X509Certificate>Y2VydGlmaWNhdGU=</ds:X509Certificate>"),
            "{text}"
        );
    }
}
