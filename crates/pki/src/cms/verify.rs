//! The proof that a certificate's key signed a document.

use std::fmt;

use domain::Timestamp;

use crate::document_signature::DocumentScheme;
use crate::{Certificate, cms::Reason};

use super::read::{SignedData, SignerId, SignerInfo};

/// Proof that the key of a certificate signed the document of a message. Made only by [`SignedData::verify`]. Says nothing about
/// the certificate: who issued it, and whether it counts, is the profile's to say.
#[derive(Clone)]
pub struct VerifiedSigner {
    certificate: Certificate,
    scheme: DocumentScheme,
    signing_time: Option<Timestamp>,
    signature: Vec<u8>,
}

impl VerifiedSigner {
    /// Whose key signed.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// How.
    pub fn scheme(&self) -> DocumentScheme {
        self.scheme
    }

    /// When, as the signer says. A claim: whoever holds the key writes what it likes.
    pub fn claimed_signing_time(&self) -> Option<Timestamp> {
        self.signing_time
    }

    /// The signature itself, for recognising it again.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for VerifiedSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedSigner({})", self.scheme.name())
    }
}

/// A document and everybody who signed it. `Debug` shows no contents.
#[derive(Clone)]
pub struct Verified<'a> {
    /// The bytes that were signed: use these and no others.
    pub document: &'a [u8],
    /// At least one.
    pub signers: Vec<VerifiedSigner>,
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("signers", &self.signers)
            .finish_non_exhaustive()
    }
}

impl<'a> SignedData<'a> {
    /// Verifies every signer; one that fails fails the message.
    ///
    /// `beside` is the document where the message does not carry it; where both are there they must be equal. `candidates`
    /// (DER) are certificates that may be a signer's, in addition to the embedded ones.
    ///
    /// # Errors
    /// The first signer's first defect.
    pub fn verify(&self, beside: Option<&'a [u8]>, candidates: &[&[u8]]) -> Result<Verified<'a>, Reason> {
        let document = match (self.content, beside) {
            (None, None) => return Err(Reason::DocumentMissing),
            (Some(inside), Some(beside)) if inside != beside => return Err(Reason::DocumentsDiffer),
            (Some(one), _) | (None, Some(one)) => one,
        };
        let mut known: Vec<Certificate> = Vec::new();
        for der in self.certificates.iter().chain(candidates) {
            // What cannot be read as a certificate is nobody's certificate; a copy is no second candidate.
            if let Ok(certificate) = Certificate::parse(der)
                && !known.contains(&certificate)
            {
                known.push(certificate);
            }
        }
        let signers = self
            .signers
            .iter()
            .map(|signer| self.verify_signer(signer, document, &known))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Verified { document, signers })
    }

    fn verify_signer(
        &self,
        signer: &SignerInfo<'_>,
        document: &[u8],
        known: &[Certificate],
    ) -> Result<VerifiedSigner, Reason> {
        let mut fitting = known.iter().filter(|certificate| fits(&signer.id, certificate));
        let certificate = fitting.next().ok_or(Reason::SignerCertificateMissing)?;
        if fitting.next().is_some() {
            return Err(Reason::SignerCertificateAmbiguous);
        }
        let attributes = &signer.attributes;
        if attributes.content_type != self.content_type {
            return Err(Reason::ContentTypeDiffers);
        }
        attributes.names(certificate)?;
        // The signature before the digest: nothing inside the attributes is believed before they are proven.
        signer
            .scheme
            .verify(certificate.public_key(), &attributes.signed, signer.signature)?;
        if signer.scheme.digest.digest(document) != attributes.message_digest {
            return Err(Reason::DocumentDigestDiffers);
        }
        Ok(VerifiedSigner {
            certificate: certificate.clone(),
            scheme: signer.scheme,
            signing_time: attributes.signing_time,
            signature: signer.signature.to_vec(),
        })
    }
}

fn fits(id: &SignerId, certificate: &Certificate) -> bool {
    match id {
        SignerId::IssuerAndSerial { issuer, serial } => {
            certificate.issuer() == issuer && certificate.serial() == serial
        }
        SignerId::SubjectKeyId(id) => certificate.extensions().subject_key_id.as_ref() == Some(id),
    }
}
