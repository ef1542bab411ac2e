//! The parameters of RSASSA-PSS (RFC 4055 section 3.1, RFC 8017 appendix A.2.3).

use aws_lc_rs::signature::{
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};

use crate::tlv::{self, Element};
use crate::{Oid, Reason};

const MGF1: Oid = Oid::new_unwrap("1.2.840.113549.1.1.8");
const SHA256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The scheme that the parameters describe: SHA-2 for the message and for the mask alike, a salt as long as the digest. Those
/// are the combinations of RFC 5756 section 4 and of TLS; SHA-1, which is the default of every field, is none of them.
pub(super) fn scheme(parameters: &[u8]) -> Result<Option<&'static dyn VerificationAlgorithm>, Reason> {
    let mut fields = tlv::single(parameters, tlv::SEQUENCE)?.inside();
    let (Some(hash), Some(mask), Some(salt)) = (
        fields.optional(tlv::context(0))?,
        fields.optional(tlv::context(1))?,
        fields.optional(tlv::context(2))?,
    ) else {
        return Ok(None);
    };
    let trailer = fields.optional(tlv::context(3))?;
    fields.end()?;
    let hash = digest(&tlv::single(hash.content, tlv::SEQUENCE)?)?;
    let mut mask = tlv::single(mask.content, tlv::SEQUENCE)?.inside();
    let generator = tlv::oid(&mask.expect(tlv::OBJECT_IDENTIFIER)?)?;
    let mask_hash = digest(&mask.expect(tlv::SEQUENCE)?)?;
    mask.end()?;
    let salt = tlv::small(tlv::single(salt.content, tlv::INTEGER)?.content)?;
    let trailer = match trailer {
        Some(trailer) => tlv::small(tlv::single(trailer.content, tlv::INTEGER)?.content)?,
        None => 1,
    };
    if generator != MGF1 || mask_hash != hash || trailer != 1 {
        return Ok(None);
    }
    Ok(match (hash, salt) {
        (SHA256, 32) => Some(&RSA_PSS_2048_8192_SHA256),
        (SHA384, 48) => Some(&RSA_PSS_2048_8192_SHA384),
        (SHA512, 64) => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    })
}

/// A hash's AlgorithmIdentifier, with NULL or without parameters (RFC 4055 section 2.1).
fn digest(algorithm: &Element<'_>) -> Result<Oid, Reason> {
    let mut fields = algorithm.inside();
    let oid = tlv::oid(&fields.expect(tlv::OBJECT_IDENTIFIER)?)?;
    if !fields.is_empty() && fields.any()?.whole != super::NULL {
        return Err(Reason::Malformed {
            field: "HashAlgorithm",
        });
    }
    fields.end()?;
    Ok(oid)
}
