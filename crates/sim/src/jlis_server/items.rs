//! The desk that tells the latest 基本4情報 to whom the person agreed (公的個人認証法 article 18-2; DA's JPKI page).
//!
//! The consent must be CMS SignedData with exactly one signer, who is named by the certificate in question and whose signature
//! holds. It may be signed with a certificate that was revoked since: a move revokes it, and that is what the question is
//! about.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::{Deserialize, Serialize};

use super::faults::{Parameter, ServerFault as F, Switched, number};
use super::{CertificateName, Reply, State, json, plain, question, reply, silence, spaces, wait_if};
use crate::Simulation;
use crate::asn1;
use crate::authority::{CaKind, ca_name};
use crate::items::FourItems;
use crate::keys::KeyAlgorithm;
use crate::person::Person;
use crate::record::CardRecord;

const JSON: &str = "application/json";
const QUESTION_BYTES: usize = 1 << 20;
const YEAR_SECONDS: i64 = 365 * 86_400;
const SEQUENCE: u8 = 0x30;
const CONSENT_INVALID: &str = "consent-invalid";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    certificate: CertificateName,
    consent: String,
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
enum Answer {
    Current { items: FourItems, as_of: i64 },
    Refused { reason: String },
}

fn refused(reason: &str) -> Answer {
    Answer::Refused {
        reason: reason.to_owned(),
    }
}

/// `POST /v1/four-items`
pub(super) async fn answer(request: Request<Incoming>, state: Arc<State>) -> Reply {
    state.counts.items.fetch_add(1, Ordering::Relaxed);
    let asked: Result<Question, _> = question(request, QUESTION_BYTES).await;
    let faults = state.switches.now();
    let on = |fault: F| faults.contains_key(&fault);
    if on(F::ItemsSilent) {
        return silence().await;
    }
    wait_if(&state.switches, &faults, F::ItemsSlow).await;
    if on(F::ItemsUnavailable) {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "closed"));
    }
    if on(F::ItemsGarbage) {
        return Ok(reply(StatusCode::OK, JSON, r#"{"status":"current","items":{"na"#));
    }
    if let Some(bytes) = number(&faults, F::ItemsHuge) {
        return Ok(spaces(JSON, bytes));
    }
    if let Some(parameter) = faults.get(&F::ItemsRefused) {
        let reason = match parameter {
            Some(Parameter::Text(reason)) => reason,
            _ => "closed",
        };
        return Ok(json(&refused(reason)));
    }
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal),
    };
    let now = state.now().seconds();
    let world = state.world();
    Ok(json(&match judge(&world, &asked) {
        Ok(person) => told(&world, person, &faults, now),
        Err(reason) => refused(reason),
    }))
}

/// Whose items may be told, or why not.
fn judge<'a>(world: &'a Simulation, asked: &Question) -> Result<&'a Person, &'static str> {
    let record = world
        .find(&asked.certificate)
        .filter(|record| record.ca_kind == CaKind::DigitalSignature)
        .ok_or("unknown-certificate")?;
    let person = record.person.as_deref().ok_or("unknown-certificate")?;
    let consent = STANDARD.decode(&asked.consent).map_err(|_| CONSENT_INVALID)?;
    if !is_signed_by(&consent, record) {
        return Err(CONSENT_INVALID);
    }
    let person = world.person(person).map_err(|_| "unknown-certificate")?;
    if !person.alive {
        return Err("not-registered");
    }
    if person.consent_withdrawn {
        return Err("consent-withdrawn");
    }
    Ok(person)
}

/// Whether a CMS structure is signed by a certificate's key, and nobody else's.
fn is_signed_by(consent: &[u8], record: &CardRecord) -> bool {
    let (Some(parts), Ok(card)) = (consent_parts(consent), record.card()) else {
        return false;
    };
    let name = ca_name(record.hierarchy, record.ca_kind);
    if parts.signer != [name, asn1::integer(record.serial)].concat() {
        return false;
    }
    let (algorithm, scheme): (_, &dyn signature::VerificationAlgorithm) = match record.algorithm {
        KeyAlgorithm::P384 | KeyAlgorithm::P256 => (&digest::SHA384, &signature::ECDSA_P384_SHA384_ASN1),
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa1024 => {
            (&digest::SHA256, &signature::RSA_PKCS1_2048_8192_SHA256)
        }
    };
    let signed = match (parts.attributes, parts.document) {
        (Some(attributes), document) => {
            let told = document.is_none_or(|document| {
                let digest = asn1::octet_string(digest::digest(algorithm, document).as_ref());
                attributes.windows(digest.len()).any(|window| window == digest)
            });
            if !told {
                return false;
            }
            asn1::tlv(0x31, attributes)
        }
        (None, document) => document.unwrap_or_default().to_vec(),
    };
    signature::UnparsedPublicKey::new(scheme, card.key().public_bytes())
        .verify(&signed, parts.signature)
        .is_ok()
}

struct ConsentParts<'a> {
    /// eContent, where it is there.
    document: Option<&'a [u8]>,
    /// issuer and serial number, one after the other.
    signer: &'a [u8],
    /// Content of `[0] IMPLICIT SET`.
    attributes: Option<&'a [u8]>,
    signature: &'a [u8],
}

/// ContentInfo, SignedData, its only SignerInfo (RFC 5652 section 5).
fn consent_parts(consent: &[u8]) -> Option<ConsentParts<'_>> {
    let (info, _) = asn1::expect(SEQUENCE, consent)?;
    let (_, rest) = asn1::expect(0x06, info)?;
    let (explicit, _) = asn1::expect(0xa0, rest)?;
    let (signed_data, _) = asn1::expect(SEQUENCE, explicit)?;
    let (_, rest) = asn1::expect(0x02, signed_data)?;
    let (_, rest) = asn1::expect(0x31, rest)?;
    let (content, mut rest) = asn1::expect(SEQUENCE, rest)?;
    let (_, content) = asn1::expect(0x06, content)?;
    let document = match asn1::expect(0xa0, content) {
        Some((explicit, _)) => Some(asn1::expect(0x04, explicit)?.0),
        None => None,
    };
    for optional in [0xa0, 0xa1] {
        if let Some((_, after)) = asn1::expect(optional, rest) {
            rest = after;
        }
    }
    let (signers, _) = asn1::expect(0x31, rest)?;
    let (signer_info, others) = asn1::expect(SEQUENCE, signers)?;
    if !others.is_empty() {
        return None;
    }
    let (_, rest) = asn1::expect(0x02, signer_info)?;
    let (signer, rest) = asn1::expect(SEQUENCE, rest)?;
    let (_, mut rest) = asn1::expect(SEQUENCE, rest)?;
    let attributes = asn1::expect(0xa0, rest).map(|(attributes, after)| {
        rest = after;
        attributes
    });
    let (_, rest) = asn1::expect(SEQUENCE, rest)?;
    let (signature, _) = asn1::expect(0x04, rest)?;
    Some(ConsentParts {
        document,
        signer,
        attributes,
        signature,
    })
}

fn told(world: &Simulation, person: &Person, faults: &Switched, now: i64) -> Answer {
    let mut items = person.items.clone();
    let mut as_of = now;
    if faults.contains_key(&F::ItemsStale) {
        items = person.items_before.clone().unwrap_or(items);
        as_of = now - YEAR_SECONDS;
    }
    if faults.contains_key(&F::ItemsOtherPerson)
        && let Some(other) = world.persons().iter().find(|other| other.id != person.id)
    {
        items = other.items.clone();
    }
    if faults.contains_key(&F::ItemsMalformed) {
        items.name_substitution.push('0');
        items.birth_date = "tomorrow".into();
    }
    Answer::Current { items, as_of }
}
