//! Assembling certificates: names, extensions, the signed whole.

use domain::Timestamp;

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::keys::PrivateKey;

/// Object identifiers of attributes and extensions (RFC 5280 appendix A).
pub(crate) mod oids {
    use crate::asn1::Oid;

    pub(crate) const COMMON_NAME: Oid = Oid::new_unwrap("2.5.4.3");
    pub(crate) const COUNTRY: Oid = Oid::new_unwrap("2.5.4.6");
    pub(crate) const LOCALITY: Oid = Oid::new_unwrap("2.5.4.7");
    pub(crate) const ORGANIZATION: Oid = Oid::new_unwrap("2.5.4.10");
    pub(crate) const ORGANIZATIONAL_UNIT: Oid = Oid::new_unwrap("2.5.4.11");
    pub(crate) const SUBJECT_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.14");
    pub(crate) const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
    pub(crate) const SUBJECT_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.17");
    pub(crate) const ISSUER_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.18");
    pub(crate) const BASIC_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.19");
    pub(crate) const CRL_NUMBER: Oid = Oid::new_unwrap("2.5.29.20");
    pub(crate) const REASON_CODE: Oid = Oid::new_unwrap("2.5.29.21");
    pub(crate) const ISSUING_DISTRIBUTION_POINT: Oid = Oid::new_unwrap("2.5.29.28");
    pub(crate) const CRL_DISTRIBUTION_POINTS: Oid = Oid::new_unwrap("2.5.29.31");
    pub(crate) const CERTIFICATE_POLICIES: Oid = Oid::new_unwrap("2.5.29.32");
    pub(crate) const AUTHORITY_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.35");
    pub(crate) const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
    pub(crate) const AUTHORITY_INFO_ACCESS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.1.1");
    pub(crate) const OCSP: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1");
    pub(crate) const CPS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.2.1");
    pub(crate) const SERVER_AUTH: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.1");
    pub(crate) const CLIENT_AUTH: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.2");
}

/// digitalSignature (bit 0) of a KeyUsage.
pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
/// nonRepudiation (bit 1).
pub(crate) const NON_REPUDIATION: u8 = 0x40;
/// keyEncipherment (bit 2).
pub(crate) const KEY_ENCIPHERMENT: u8 = 0x20;
/// keyCertSign (bit 5).
pub(crate) const KEY_CERT_SIGN: u8 = 0x04;
/// cRLSign (bit 6).
pub(crate) const CRL_SIGN: u8 = 0x02;

/// A distinguished name, an attribute per RDN in the order given; countries are PrintableString, all else UTF8String,
/// as the published JPKI certificates have it.
pub(crate) fn name(attributes: &[(Oid, &str)]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(kind, value)| {
            let text = if *kind == oids::COUNTRY {
                asn1::printable(value)
            } else {
                asn1::utf8(value)
            };
            asn1::set_of_one(&asn1::sequence(&[asn1::oid(*kind), text]))
        })
        .collect();
    asn1::sequence(&rdns)
}

/// An extension: `value` is the DER that goes into the OCTET STRING.
pub(crate) fn extension(identifier: Oid, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![asn1::oid(identifier)];
    if critical {
        parts.push(asn1::boolean_true());
    }
    parts.push(asn1::octet_string(value));
    asn1::sequence(&parts)
}

/// Critical KeyUsage with the given bits of its first byte.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros()).unwrap_or(0).min(7);
    extension(oids::KEY_USAGE, true, &asn1::bit_string(unused, &[bits]))
}

/// ExtendedKeyUsage with one purpose.
pub(crate) fn extended_key_usage(purpose: Oid) -> Vec<u8> {
    extension(
        oids::EXTENDED_KEY_USAGE,
        false,
        &asn1::sequence(&[asn1::oid(purpose)]),
    )
}

/// Critical BasicConstraints of a certification authority, without path length.
pub(crate) fn authority_constraints() -> Vec<u8> {
    extension(
        oids::BASIC_CONSTRAINTS,
        true,
        &asn1::sequence(&[asn1::boolean_true()]),
    )
}

/// SubjectKeyIdentifier.
pub(crate) fn subject_key_identifier(identifier: &[u8]) -> Vec<u8> {
    extension(
        oids::SUBJECT_KEY_IDENTIFIER,
        false,
        &asn1::octet_string(identifier),
    )
}

/// A directoryName as GeneralName.
pub(crate) fn directory_name(name: &[u8]) -> Vec<u8> {
    asn1::context(4, name)
}

/// cRLDistributionPoints with one full name, a directoryName.
pub(crate) fn distribution_point(name: &[u8]) -> Vec<u8> {
    let full_name = asn1::context(0, &directory_name(name));
    let point = asn1::sequence(&[asn1::context(0, &full_name)]);
    extension(oids::CRL_DISTRIBUTION_POINTS, false, &asn1::sequence(&[point]))
}

/// Everything that is signed.
pub(crate) struct Unsigned<'a> {
    /// Big-endian.
    pub(crate) serial: Vec<u8>,
    /// DER name of the issuer.
    pub(crate) issuer: &'a [u8],
    /// DER name of the subject.
    pub(crate) subject: &'a [u8],
    /// Begin of validity.
    pub(crate) not_before: Timestamp,
    /// End of validity.
    pub(crate) not_after: Timestamp,
    /// DER SubjectPublicKeyInfo.
    pub(crate) spki: &'a [u8],
    /// DER extensions, in order.
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Unsigned<'_> {
    /// The certificate, signed by `issuer_key`.
    pub(crate) fn sign(&self, issuer_key: &PrivateKey) -> Result<Vec<u8>, SimError> {
        let algorithm = issuer_key.signature_algorithm();
        let tbs = asn1::sequence(&[
            asn1::context(0, &asn1::integer(2)),
            asn1::unsigned(&self.serial),
            algorithm.clone(),
            self.issuer.to_vec(),
            asn1::sequence(&[asn1::time(self.not_before), asn1::time(self.not_after)]),
            self.subject.to_vec(),
            self.spki.to_vec(),
            asn1::context(3, &asn1::sequence(&self.extensions)),
        ]);
        signed(&tbs, algorithm, issuer_key)
    }
}

/// `SIGNED{}`: what is signed, the algorithm, the signature.
pub(crate) fn signed(tbs: &[u8], algorithm: Vec<u8>, key: &PrivateKey) -> Result<Vec<u8>, SimError> {
    let signature = key.sign(tbs)?;
    Ok(asn1::sequence(&[
        tbs.to_vec(),
        algorithm,
        asn1::bit_string(0, &signature),
    ]))
}

/// PEM with lines of 64 characters (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}
