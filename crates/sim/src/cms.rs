//! CMS SignedData (RFC 5652) as the card's software makes it with the 署名用 key.
//!
//! One signer, its certificate included, signed attributes content-type, message-digest and signing-time; RSA PKCS#1 v1.5
//! with SHA-256 for the cards of today, ECDSA P-384 with SHA-384 for the next ones.

use aws_lc_rs::digest;
use domain::Timestamp;

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::authority::ca_name;
use crate::card::{Card, CardSigning};
use crate::record::CardRecord;

const DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: Oid = Oid::new_unwrap("1.2.840.113549.1.9.5");
const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.2");
const RSA_ENCRYPTION: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
const ECDSA_SHA384: Oid = Oid::new_unwrap("1.2.840.10045.4.3.3");

/// What can be wrong with a signed document.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, clap::ValueEnum)]
pub enum CmsFault {
    /// messageDigest is of another document.
    WrongDigest,
    /// No signed attributes: the signature is over the document itself (RFC 5652 section 5.4 allows it).
    NoSignedAttributes,
    /// Signed attributes without messageDigest.
    NoMessageDigest,
    /// contentType of the attributes is signedData.
    WrongContentType,
    /// The last byte of the signature is altered.
    BrokenSignature,
    /// The signer's certificate is not included.
    NoCertificate,
    /// The signer is named by a serial number that is one higher.
    WrongSigner,
    /// The signer is there twice.
    TwoSigners,
    /// No signer at all.
    NoSigner,
}

impl CmsFault {
    /// Every fault.
    pub const ALL: [Self; 9] = [
        Self::WrongDigest,
        Self::NoSignedAttributes,
        Self::NoMessageDigest,
        Self::WrongContentType,
        Self::BrokenSignature,
        Self::NoCertificate,
        Self::WrongSigner,
        Self::TwoSigners,
        Self::NoSigner,
    ];
}

/// How a document is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CmsOptions {
    /// Leaves the document out of the structure.
    pub detached: bool,
    /// signingTime, which nobody can check.
    pub signing_time: Timestamp,
    /// What shall be wrong.
    pub fault: Option<CmsFault>,
}

/// The DER of a ContentInfo with SignedData over a document. The card's retry counter changes as with any use.
pub fn signed_data(
    record: &CardRecord,
    card: &mut Card,
    secret: &str,
    document: &[u8],
    options: &CmsOptions,
) -> Result<Vec<u8>, SimError> {
    let fault = options.fault;
    let (digest_algorithm, signature_algorithm, digest) = match card.signing() {
        CardSigning::Ecdsa => (
            asn1::algorithm(SHA384, None),
            asn1::algorithm(ECDSA_SHA384, None),
            &digest::SHA384,
        ),
        CardSigning::Pkcs1 | CardSigning::Pss => (
            asn1::algorithm(SHA256, Some(asn1::null())),
            asn1::algorithm(RSA_ENCRYPTION, Some(asn1::null())),
            &digest::SHA256,
        ),
    };
    let attributes = match fault {
        Some(CmsFault::NoSignedAttributes) => None,
        _ => Some(attributes(digest::digest(digest, document).as_ref(), options)),
    };
    // The attributes are signed as a SET and sent as [0] IMPLICIT (RFC 5652 section 5.4).
    let mut signature = match &attributes {
        Some(attributes) => card.sign(secret, attributes)?,
        None => card.sign(secret, document)?,
    };
    if fault == Some(CmsFault::BrokenSignature)
        && let Some(last) = signature.last_mut()
    {
        *last ^= 1;
    }
    let serial = record.serial + u64::from(fault == Some(CmsFault::WrongSigner));
    let mut signer = vec![
        asn1::integer(1),
        asn1::sequence(&[ca_name(record.hierarchy, record.ca_kind), asn1::integer(serial)]),
        digest_algorithm.clone(),
    ];
    signer.extend(attributes.map(|attributes| implicit_zero(&attributes)));
    signer.push(signature_algorithm);
    signer.push(asn1::octet_string(&signature));
    let signer = asn1::sequence(&signer);
    let signers = match fault {
        Some(CmsFault::NoSigner) => vec![],
        Some(CmsFault::TwoSigners) => vec![signer.clone(), signer],
        _ => vec![signer],
    };

    let mut content = vec![asn1::oid(DATA)];
    if !options.detached {
        content.push(asn1::context(0, &asn1::octet_string(document)));
    }
    let mut parts = vec![
        asn1::integer(1),
        asn1::set_of_one(&digest_algorithm),
        asn1::sequence(&content),
    ];
    if fault != Some(CmsFault::NoCertificate) {
        parts.push(asn1::context(0, card.certificate()));
    }
    parts.push(asn1::set(signers));
    Ok(asn1::sequence(&[
        asn1::oid(SIGNED_DATA),
        asn1::context(0, &asn1::sequence(&parts)),
    ]))
}

fn attributes(digest: &[u8], options: &CmsOptions) -> Vec<u8> {
    let attribute = |kind: Oid, value: &[u8]| asn1::sequence(&[asn1::oid(kind), asn1::set_of_one(value)]);
    let mut digest = digest.to_vec();
    if options.fault == Some(CmsFault::WrongDigest)
        && let Some(first) = digest.first_mut()
    {
        *first ^= 1;
    }
    let content_type = if options.fault == Some(CmsFault::WrongContentType) {
        SIGNED_DATA
    } else {
        DATA
    };
    let mut all = vec![
        attribute(CONTENT_TYPE, &asn1::oid(content_type)),
        attribute(SIGNING_TIME, &asn1::time(options.signing_time)),
    ];
    if options.fault != Some(CmsFault::NoMessageDigest) {
        all.push(attribute(MESSAGE_DIGEST, &asn1::octet_string(&digest)));
    }
    asn1::set(all)
}

/// The same content under tag `[0]` instead of SET.
fn implicit_zero(set: &[u8]) -> Vec<u8> {
    let mut out = set.to_vec();
    if let Some(tag) = out.first_mut() {
        *tag = 0xa0;
    }
    out
}
