//! Algorithm identifiers of CMS (RFC 5754, RFC 4056) as an allow-list.

use crate::document_signature::{DigestAlgorithm, DocumentScheme, Padding};
use crate::tlv::{self, Element, Reader};
use crate::{Oid, cms::Reason};

const NULL: [u8; 2] = [5, 0];

const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.3");

const RSA_ENCRYPTION: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
const MGF1: Oid = Oid::new_unwrap("1.2.840.113549.1.1.8");
const RSASSA_PSS: Oid = Oid::new_unwrap("1.2.840.113549.1.1.10");
const SHA256_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA256: Oid = Oid::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: Oid = Oid::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: Oid = Oid::new_unwrap("1.2.840.10045.4.3.4");

struct Identifier<'a> {
    oid: Oid,
    parameters: Option<&'a [u8]>,
}

fn identifier<'a>(element: &Element<'a>) -> Result<Identifier<'a>, Reason> {
    let mut fields: Reader<'a> = element.inside();
    let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
    let parameters = if fields.is_empty() {
        None
    } else {
        Some(fields.any()?.whole)
    };
    fields.end()?;
    Ok(Identifier { oid, parameters })
}

/// A digest's AlgorithmIdentifier; its parameters absent or NULL (RFC 5754 section 2).
pub(super) fn digest(element: &Element<'_>) -> Result<DigestAlgorithm, Reason> {
    let Identifier { oid, parameters } = identifier(element)?;
    let digest = match oid {
        SHA256 => DigestAlgorithm::Sha256,
        SHA384 => DigestAlgorithm::Sha384,
        SHA512 => DigestAlgorithm::Sha512,
        _ => return Err(Reason::DigestNotAllowed { oid }),
    };
    match parameters {
        None => Ok(digest),
        Some(null) if null == NULL => Ok(digest),
        Some(_) => Err(Reason::DigestNotAllowed { oid }),
    }
}

/// A signature's AlgorithmIdentifier beside the signer's digest, which must agree. Software writes `rsaEncryption` for
/// PKCS#1 v1.5 (RFC 3370 section 3.2) as well as the name with the digest.
pub(super) fn signature(element: &Element<'_>, digest: DigestAlgorithm) -> Result<DocumentScheme, Reason> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    let Identifier { oid, parameters } = identifier(element)?;
    let refused = Reason::SignatureAlgorithmNotAllowed { oid };
    let null_or_absent = parameters.is_none_or(|bytes| bytes == NULL);
    let (padding, named, parameters_fit) = match oid {
        RSA_ENCRYPTION => (Padding::RsaPkcs1, digest, null_or_absent),
        SHA256_WITH_RSA => (Padding::RsaPkcs1, Sha256, null_or_absent),
        SHA384_WITH_RSA => (Padding::RsaPkcs1, Sha384, null_or_absent),
        SHA512_WITH_RSA => (Padding::RsaPkcs1, Sha512, null_or_absent),
        ECDSA_WITH_SHA256 => (Padding::Ecdsa, Sha256, parameters.is_none()),
        ECDSA_WITH_SHA384 => (Padding::Ecdsa, Sha384, parameters.is_none()),
        ECDSA_WITH_SHA512 => (Padding::Ecdsa, Sha512, parameters.is_none()),
        RSASSA_PSS => (
            Padding::RsaPss,
            pss(parameters.ok_or_else(|| refused.clone())?).map_err(|_| refused.clone())?,
            true,
        ),
        _ => return Err(refused),
    };
    if !parameters_fit {
        return Err(refused);
    }
    if named != digest {
        return Err(Reason::DigestsDiffer);
    }
    Ok(DocumentScheme { digest, padding })
}

/// RSASSA-PSS-params (RFC 4055 section 3.1): one digest for both uses, a salt of its length, trailer 1. The defaults, SHA-1
/// all of them, are refused by not being written.
fn pss(parameters: &[u8]) -> Result<DigestAlgorithm, Reason> {
    let mut fields = tlv::single(parameters, tlv::SEQUENCE)?.inside();
    let hash = digest(&tlv::single(
        fields.expect(tlv::context(0))?.content,
        tlv::SEQUENCE,
    )?)?;
    let mask = tlv::single(fields.expect(tlv::context(1))?.content, tlv::SEQUENCE)?;
    let Identifier {
        oid,
        parameters: mask_hash,
    } = identifier(&mask)?;
    let refused = Reason::SignatureAlgorithmNotAllowed { oid };
    let mask_hash = digest(&tlv::single(
        mask_hash.ok_or_else(|| refused.clone())?,
        tlv::SEQUENCE,
    )?)?;
    let salt = tlv::single(fields.expect(tlv::context(2))?.content, tlv::INTEGER)?;
    let trailer = fields.optional(tlv::context(3))?;
    fields.end()?;
    let trailer_fits = trailer.is_none_or(|trailer| trailer.content == [tlv::INTEGER, 1, 1]);
    if oid == MGF1 && mask_hash == hash && salt.content == [hash.length()] && trailer_fits {
        Ok(hash)
    } else {
        Err(refused)
    }
}
