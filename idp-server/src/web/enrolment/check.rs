//! Whether a signed file is what it must be: our document, signed with a good 署名用 certificate of this very person.

use audit::{TraceStep, Verdict};
use domain::{CertificateDigest, CredentialState, Session};
use jlis::{CertificateName, LinkKind};
use jpki::CaKind;
use jpki::signing::{Signatory, SigningReason, evaluate_signing};
use pki::cms;

use super::document::Draft;
use crate::pages::EnrolmentRefusal;
use crate::secret;
use crate::web::context::Context;
use crate::web::error::Problem;

/// Proof that every check held.
pub(super) struct Checked {
    /// Whose certificate signed.
    pub(super) signatory: Signatory,
    /// Its digests, the current key's first.
    pub(super) digests: Vec<CertificateDigest>,
    /// SHA-256 of the signed file.
    pub(super) evidence: String,
    /// SHA-256 of the document.
    pub(super) document: String,
}

/// A refusal and the chain of decisions that led to it.
pub(super) struct Refused {
    pub(super) refusal: EnrolmentRefusal,
    pub(super) trace: Vec<TraceStep>,
}

/// What a check comes to.
pub(super) enum Outcome {
    Good(Box<Checked>, Vec<TraceStep>),
    Refused(Refused),
}

/// Checks everything, the cheap things first; the question to J-LIS last.
pub(super) async fn check(
    context: &Context,
    session: &Session,
    draft: &Draft,
    signed: &[u8],
) -> Result<Outcome, Problem> {
    let document = draft.text();
    let mut trace = Vec::new();
    let refused = |refusal, trace| Ok(Outcome::Refused(Refused { refusal, trace }));
    let signer = match signer(signed, document.as_bytes()) {
        Ok(signer) => signer,
        Err((refusal, detail)) => {
            trace.push(step("the_document_was_signed", Verdict::Failed, detail));
            return refused(refusal, trace);
        }
    };
    trace.push(step(
        "the_document_was_signed",
        Verdict::Passed,
        signer.scheme().name().to_owned(),
    ));
    // Whatever any process has put in use by now is in use here.
    context.shelves.catch_up(&context.trust);
    let trust = context.trust.load_full();
    let evaluation = evaluate_signing(
        signer.certificate().der(),
        trust.profile(),
        &context.signing_profile,
        trust.index(CaKind::DigitalSignature),
        context.now(),
    );
    trace.extend(evaluation.trace.iter().map(|row| TraceStep {
        room: "jpki".to_owned(),
        rule: row.rule.to_owned(),
        verdict: match row.verdict {
            jpki::Verdict::Passed => Verdict::Passed,
            jpki::Verdict::Failed => Verdict::Failed,
            jpki::Verdict::NotRun => Verdict::NotRun,
        },
        detail: row.detail.clone().unwrap_or_default(),
    }));
    let signatory = match evaluation.verdict {
        Ok(signatory) => signatory,
        Err(reason) => return refused(of_certificate(&reason), trace),
    };
    let name = CertificateName {
        ca_kind: CaKind::DigitalSignature,
        issuer_key_hash: signatory.issuer_key_hash().to_owned(),
        serial: signatory.serial().clone(),
    };
    match same_person(context, session, &name).await? {
        Ok(()) => trace.push(step(
            "both_certificates_are_one_persons",
            Verdict::Passed,
            String::new(),
        )),
        Err(refusal) => {
            let detail = refusal.code().to_owned();
            trace.push(step("both_certificates_are_one_persons", Verdict::Failed, detail));
            return refused(refusal, trace);
        }
    }
    let digests = context.vault.digests_of(
        CaKind::DigitalSignature,
        signatory.issuer_key_hash(),
        signatory.serial().expose_bytes(),
    );
    Ok(Outcome::Good(
        Box::new(Checked {
            signatory,
            digests,
            evidence: secret::hash_of(&[signed]).0,
            document: secret::hash_of(&[document.as_bytes()]).0,
        }),
        trace,
    ))
}

/// Exactly one signer over exactly our document, attached or beside it.
fn signer(signed: &[u8], document: &[u8]) -> Result<cms::VerifiedSigner, (EnrolmentRefusal, String)> {
    let of = |reason: cms::Reason| (of_message(&reason), reason.to_string());
    let message = cms::SignedData::parse(signed).map_err(of)?;
    let verified = message.verify(Some(document), &[]).map_err(of)?;
    let mut signers = verified.signers.into_iter();
    match (signers.next(), signers.next()) {
        (Some(signer), None) => Ok(signer),
        _ => Err((EnrolmentRefusal::NotASignature, "not one signer".to_owned())),
    }
}

fn of_message(reason: &cms::Reason) -> EnrolmentRefusal {
    match reason {
        cms::Reason::DocumentsDiffer | cms::Reason::DocumentDigestDiffers => EnrolmentRefusal::WrongDocument,
        cms::Reason::BadSignature => EnrolmentRefusal::SignatureInvalid,
        _ => EnrolmentRefusal::NotASignature,
    }
}

fn of_certificate(reason: &SigningReason) -> EnrolmentRefusal {
    match reason {
        SigningReason::AuthenticationCertificate => EnrolmentRefusal::WrongCertificate,
        SigningReason::Expired | SigningReason::NotYetValid => EnrolmentRefusal::CertificateExpired,
        SigningReason::Revoked { .. } => EnrolmentRefusal::CertificateRevoked,
        SigningReason::StatusUnknown(_) => EnrolmentRefusal::ListsUnavailable,
        _ => EnrolmentRefusal::CertificateRefused,
    }
}

/// J-LIS links the 署名用 certificate to a 利用者証明用 one that this account signs in with. Not hearing is never yes.
async fn same_person(
    context: &Context,
    session: &Session,
    signing: &CertificateName,
) -> Result<Result<(), EnrolmentRefusal>, Problem> {
    let links = match context.links.links(signing).await {
        Ok(links) => links,
        Err(unavailable) => {
            tracing::warn!(reason = %unavailable, "the source of links did not answer");
            metrics::counter!("links_unavailable_total").increment(1);
            return Ok(Err(EnrolmentRefusal::LinksUnavailable));
        }
    };
    for name in links.of_kind(LinkKind::Authentication) {
        let digests =
            context
                .vault
                .digests_of(name.ca_kind, &name.issuer_key_hash, name.serial.expose_bytes());
        for digest in &digests {
            let credential = context.ledger.credential_by_digest(digest).await?;
            let own = credential.is_some_and(|credential| {
                credential.account == session.account && credential.state == CredentialState::Active
            });
            if own {
                return Ok(Ok(()));
            }
        }
    }
    Ok(Err(EnrolmentRefusal::OtherPerson))
}

fn step(rule: &str, verdict: Verdict, detail: String) -> TraceStep {
    TraceStep {
        room: "enrolment".to_owned(),
        rule: rule.to_owned(),
        verdict,
        detail,
    }
}
