//! Who signed, and whether they may (RFC 6960 section 4.2.2.2).

use aws_lc_rs::digest;
use domain::Timestamp;

use crate::certificate::Certificate;
use crate::path::TrustAnchor;
use crate::{Oid, PublicKey, signature};

use super::policy::{Generations, NoCheckRule, OcspPolicy};
use super::reason::{OcspReason, ResponderDefect};
use super::response::{Basic, ResponderId};
use super::verify::Authorisation;

const OCSP_SIGNING: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.9");
const NO_CHECK: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.5");

/// Who signed: proven.
pub(super) struct Signer {
    pub(super) authorisation: Authorisation,
    /// Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo.
    pub(super) key_hash: String,
}

/// Someone who fits the responder identifier.
struct Candidate {
    key: PublicKey,
    standing: Result<Authorisation, ResponderDefect>,
}

/// Finds who signed among all who fit the identifier: a name may fit three generations and a delegated responder at once.
/// Work is bounded by the number of anchors, pinned keys and enclosed certificates.
pub(super) fn authorised(
    basic: &Basic<'_>,
    id: ResponderId<'_>,
    issuer: &TrustAnchor,
    anchors: &[&TrustAnchor],
    policy: &OcspPolicy,
    now: Timestamp,
) -> Result<Signer, OcspReason> {
    let authorities: Vec<&TrustAnchor> = match policy.generations {
        Generations::TheIssuingKey => vec![issuer],
        Generations::AnyOfTheName => anchors
            .iter()
            .copied()
            .filter(|anchor| anchor.name() == issuer.name())
            .collect(),
    };
    let candidates = candidates(basic, id, &authorities, policy, now)?;
    let mut defect = None;
    let mut failure = None;
    for candidate in candidates {
        let key_hash = candidate.key.sha256();
        let standing = if policy.distrusted_keys.contains(&key_hash) {
            Err(ResponderDefect::Distrusted)
        } else {
            candidate.standing
        };
        let authorisation = match standing {
            Ok(authorisation) => authorisation,
            Err(why) => {
                defect.get_or_insert(why);
                continue;
            }
        };
        match signature::verify(&candidate.key, basic.algorithm, basic.data.whole, basic.signature) {
            Ok(()) => {
                return Ok(Signer {
                    authorisation,
                    key_hash,
                });
            }
            Err(why) => {
                failure.get_or_insert(why);
            }
        }
    }
    Err(match (failure, defect) {
        (Some(why), _) => OcspReason::Signature(why),
        (None, Some(why)) => OcspReason::Responder(why),
        (None, None) => OcspReason::UnknownResponder,
    })
}

fn candidates(
    basic: &Basic<'_>,
    id: ResponderId<'_>,
    authorities: &[&TrustAnchor],
    policy: &OcspPolicy,
    now: Timestamp,
) -> Result<Vec<Candidate>, OcspReason> {
    let mut all = Vec::new();
    for authority in authorities {
        let certificate = authority.certificate();
        if fits(id, certificate) {
            all.push(Candidate {
                key: certificate.public_key().clone(),
                standing: if policy.authority_may_answer {
                    Ok(Authorisation::Authority)
                } else {
                    Err(ResponderDefect::AuthorityItself)
                },
            });
        }
    }
    let mut unreadable = None;
    for der in &basic.certificates {
        // One certificate that cannot be read does not spoil another one that can.
        let certificate = match Certificate::parse(der) {
            Ok(certificate) => certificate,
            Err(why) => {
                unreadable.get_or_insert(why);
                continue;
            }
        };
        if fits(id, &certificate) {
            all.push(Candidate {
                key: certificate.public_key().clone(),
                standing: delegation(&certificate, authorities, policy, now),
            });
        }
    }
    // A pinned key answers without any certificate: by its hash, or under whatever name it gives itself.
    for key in &policy.pinned_responders {
        let fits = match id {
            ResponderId::Key(hash) => hash == key_identifier(key),
            ResponderId::Name(_) => true,
        };
        if fits {
            all.push(Candidate {
                key: key.clone(),
                standing: Ok(Authorisation::Pinned),
            });
        }
    }
    match unreadable {
        Some(why) if all.is_empty() => Err(OcspReason::Responder(ResponderDefect::Unreadable(why))),
        _ => Ok(all),
    }
}

fn fits(id: ResponderId<'_>, certificate: &Certificate) -> bool {
    match id {
        ResponderId::Name(name) => certificate.subject().as_der() == name,
        ResponderId::Key(hash) => hash == key_identifier(certificate.public_key()),
    }
}

/// KeyHash: SHA-1 of the subjectPublicKey's bits. It finds a key; the signature decides.
fn key_identifier(key: &PublicKey) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.key_bytes())
        .as_ref()
        .to_vec()
}

/// Whether a certificate makes its holder a responder of one of the authorities.
fn delegation(
    certificate: &Certificate,
    authorities: &[&TrustAnchor],
    policy: &OcspPolicy,
    now: Timestamp,
) -> Result<Authorisation, ResponderDefect> {
    let issued = |authority: &&TrustAnchor| {
        authority.name() == certificate.issuer()
            && certificate
                .verify_signature(authority.certificate().public_key())
                .is_ok()
    };
    if !authorities.iter().any(issued) {
        return Err(ResponderDefect::NotIssuedByTheAuthority);
    }
    if now < certificate.not_before() {
        return Err(ResponderDefect::NotYetValid);
    }
    // notAfter is the last second of validity, and that second has a thousand milliseconds.
    if now >= certificate.not_after().plus_seconds(1) {
        return Err(ResponderDefect::Expired);
    }
    let extensions = certificate.extensions();
    if let Some(oid) = extensions.unknown_critical.first() {
        return Err(ResponderDefect::UnknownCriticalExtension(*oid));
    }
    let purposes = extensions.extended_key_usage.as_deref().unwrap_or_default();
    if !purposes.contains(&OCSP_SIGNING) {
        return Err(ResponderDefect::NotForOcsp);
    }
    if extensions
        .key_usage
        .is_some_and(|usage| !usage.digital_signature())
    {
        return Err(ResponderDefect::NotForSignatures);
    }
    if extensions
        .basic_constraints
        .is_some_and(|constraints| constraints.is_authority)
    {
        return Err(ResponderDefect::Authority);
    }
    let lifetime = certificate.not_after().seconds_since(certificate.not_before());
    let unchecked = match policy.no_check {
        NoCheckRule::Required => false,
        NoCheckRule::OrShortLived { seconds } => lifetime <= seconds,
    };
    if unchecked || extensions.present.contains(&NO_CHECK) {
        Ok(Authorisation::Delegated)
    } else {
        Err(ResponderDefect::NoCheckMissing)
    }
}
