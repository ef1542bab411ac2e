//! What the operator demands of answers.

use crate::{Oid, PublicKey};

use super::request::CertIdHash;

/// Which keys of the authority may answer, or issue the certificate of who answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Generations {
    /// Only the key that issued the certificate in question.
    TheIssuingKey,
    /// Any pinned key of the same name.
    AnyOfTheName,
}

/// What is demanded of a responder certificate, since we do not ask whether it is revoked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoCheckRule {
    /// id-pkix-ocsp-nocheck must be there (RFC 6960 section 4.2.2.2.1).
    Required,
    /// Or its whole validity is at most this many seconds.
    OrShortLived {
        /// From notBefore to notAfter.
        seconds: i64,
    },
}

/// What is demanded of the nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NonceRule {
    /// The answer must repeat ours.
    Required,
    /// An answer without any counts; one with another is refused. For responders that sign ahead.
    Optional,
}

/// What the operator demands of answers. All of it is configuration: J-LIS's profile is not public.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OcspPolicy {
    /// How a CertID names the issuer.
    pub hash: CertIdHash,
    /// The nonce.
    pub nonce: NonceRule,
    /// Which keys of the authority count.
    pub generations: Generations,
    /// Whether the authority may answer with its own key.
    pub authority_may_answer: bool,
    /// Responder certificates without revocation check.
    pub no_check: NoCheckRule,
    /// Keys of responders that answer for every authority (RFC 6960 section 4.2.2.2, criterion 1).
    pub pinned_responders: Vec<PublicKey>,
    /// Lower-case hexadecimal SHA-256 of SubjectPublicKeyInfos that never count: stolen responder keys.
    pub distrusted_keys: Vec<String>,
    /// Seconds by which the responder's clock may differ from ours.
    pub clock_skew_seconds: i64,
    /// How long ago thisUpdate may be at most, in seconds.
    pub max_age_seconds: i64,
    /// How long an answer without nextUpdate counts, in seconds after thisUpdate.
    pub assumed_lifetime_seconds: i64,
    /// Under which identifier a single response carries links to other certificates, if any.
    pub link_extension: Option<Oid>,
    /// The longest answer that is read, in bytes.
    pub max_bytes: usize,
}

impl Default for OcspPolicy {
    /// SHA-256, nonce required, the issuing key only, nocheck required, five minutes of skew, answers of at most a day, 15
    /// minutes without nextUpdate (the responder's data is refreshed that often: Digital Agency, JPKI for private
    /// business, 5.1.2), no links, 32 KiB.
    fn default() -> Self {
        Self {
            hash: CertIdHash::Sha256,
            nonce: NonceRule::Required,
            generations: Generations::TheIssuingKey,
            authority_may_answer: true,
            no_check: NoCheckRule::Required,
            pinned_responders: Vec::new(),
            distrusted_keys: Vec::new(),
            clock_skew_seconds: 300,
            max_age_seconds: 86_400,
            assumed_lifetime_seconds: 900,
            link_extension: None,
            max_bytes: 32 * 1024,
        }
    }
}
