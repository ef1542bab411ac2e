//! The act of enrolment: a signed file comes in, and a record goes out, in one batch with its entry in the audit.

use actix_web::HttpResponse;
use audit::{Action, Actor, Event, TraceStep};
use domain::{Ial, RevocationGeneration, Session};
use jpki::CaKind;
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use super::back;
use super::check::{Checked, Outcome, Refused, check};
use super::document::Draft;
use super::{draft, fresh_session, key, register, require, show, upload};
use crate::pages::EnrolmentRefusal;
use crate::trust::Trust;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::headers;
use crate::web::login::recheck;

/// How often a lost race is tried again.
const RACES: u32 = 4;

/// Takes in a signed file.
pub(super) async fn enrol(
    context: &Context,
    content_type: &str,
    body: &[u8],
) -> Result<HttpResponse, Problem> {
    let Some(form) = upload::read(content_type, body) else {
        return show(context, Some(EnrolmentRefusal::NotASignature), None).await;
    };
    require(context, form.csrf)?;
    let Some(session) = fresh_session(context).await? else {
        return show(context, Some(EnrolmentRefusal::SignInFirst), None).await;
    };
    let Some(draft) = draft(context, &session).await? else {
        return show(context, Some(EnrolmentRefusal::DocumentGone), None).await;
    };
    // Checking costs; a file that is no signature is common, a hundred of them are not.
    context.may_begin()?;
    for _ in 0..RACES {
        // The 利用者証明用 certificate too must hold by the lists of now.
        if let Some(refusal) = recheck::session(context, &session.id).await? {
            return Err(refusal.into());
        }
        let Some(session) = fresh_session(context).await? else {
            return show(context, Some(EnrolmentRefusal::SignInFirst), None).await;
        };
        let (checked, trace) = match check(context, &session, &draft, form.file).await? {
            Outcome::Good(checked, trace) => (checked, trace),
            Outcome::Refused(Refused { refusal, trace }) => {
                return refuse(context, &session, refusal, trace).await;
            }
        };
        if register::belongs_to_another(context, &session.account, &checked.digests).await? {
            return refuse(context, &session, EnrolmentRefusal::InQuestion, trace).await;
        }
        if let Some(answer) = record(context, &session, &draft, &checked, trace).await? {
            return Ok(answer);
        }
    }
    Err(Problem::Fault("rows kept changing under an enrolment".to_owned()))
}

/// What must still hold of whoever enrols when it is written: nothing of it takes effect for a card that was replaced meanwhile.
fn standing(session: &Session) -> Batch {
    Batch::new()
        .require(Precondition::AccountActive(session.account.clone()))
        .require(Precondition::CredentialActive(session.credential.clone()))
        .require(Precondition::SessionAt {
            id: session.id.clone(),
            version: session.version,
        })
}

/// Whether the lists by which both certificates were found to hold are those in force, in this process and in any other.
fn is_current(trust: &Trust, session: &Session, signing: RevocationGeneration) -> bool {
    session.checked_generation == trust.generation()
        && trust
            .index(CaKind::DigitalSignature)
            .is_some_and(|index| index.generation() == signing)
}

/// `None`: something changed meanwhile; look again.
async fn record(
    context: &Context,
    session: &Session,
    draft: &Draft,
    checked: &Checked,
    trace: Vec<TraceStep>,
) -> Result<Option<HttpResponse>, Problem> {
    let record = register::compose(context, session, draft, checked).await?;
    let mut event = event(context, session, Action::Enrolled, audit::Outcome::Done)
        .fact("ial", Ial::Three.digit())
        .fact("evidence", checked.evidence.as_str())
        .fact("document", checked.document.as_str())
        .fact("generation", checked.signatory.checked_generation().to_string());
    event.trace.clone_from(&trace);
    let mut batch = standing(session).write(Write::InsertSingleUse {
        kind: SingleUseKind::EnrolmentDocument,
        key: draft.number.clone(),
        expires_at: draft.expires_at.plus_seconds(3600),
    });
    let enrolling = (&session.account, &record);
    if let Some(question) =
        register::question(&*context.ledger, &*context.entropy, context.now(), enrolling).await?
    {
        batch.preconditions.extend(question.preconditions);
        batch.writes.extend(question.writes);
        event = event.fact("question", "same_items");
    }
    context.shelves.catch_up(&context.trust);
    if !is_current(
        &context.trust.load(),
        session,
        checked.signatory.checked_generation(),
    ) {
        return Ok(None);
    }
    match context
        .ledger
        .commit(batch.write(Write::PutRecord(record)).event(event))
        .await?
    {
        CommitOutcome::Committed => {
            metrics::counter!("enrolments_total").increment(1);
            // That it counts once was decided by the unique row; another one may wait in its place later.
            context.ephemera.remove(&key(session)).await?;
            Ok(Some(headers::see_other(&back::with(
                "/enrolment?done=enrolled",
                context,
            ))))
        }
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => {
            refuse(context, session, EnrolmentRefusal::DocumentGone, trace)
                .await
                .map(Some)
        }
        CommitOutcome::Conflict(conflict) => {
            tracing::info!(?conflict, "an enrolment lost a race and is looked at again");
            Ok(None)
        }
    }
}

/// On record: a signed-in person's signed file was refused, and why.
async fn refuse(
    context: &Context,
    session: &Session,
    refusal: EnrolmentRefusal,
    trace: Vec<TraceStep>,
) -> Result<HttpResponse, Problem> {
    metrics::counter!("enrolments_refused_total", "code" => refusal.code()).increment(1);
    let outcome = audit::Outcome::Refused {
        code: refusal.code().to_owned(),
    };
    let mut event = event(context, session, Action::EnrolmentRefused, outcome);
    event.trace = trace;
    context.ledger.commit(Batch::new().event(event)).await?;
    show(context, Some(refusal), None).await
}

/// An event of this person.
pub(super) fn event(context: &Context, session: &Session, action: Action, outcome: audit::Outcome) -> Event {
    let mut event = Event::new(
        context.now(),
        action,
        outcome,
        Actor::Person(Some(session.account.clone())),
    );
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event
}

#[cfg(test)]
mod tests {
    use domain::{
        Account, AccountId, AccountState, AssuranceLevel, AuthenticationMethod, CardKind, CertificateDigest,
        Credential, CredentialId, CredentialState, Entropy, SealedSerial, SessionId, SessionState, Timestamp,
        TokenHash,
    };
    use store::Ledger;
    use store::memory::MemoryLedger;

    use super::*;

    struct Constant;

    impl Entropy for Constant {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    /// Between the check and the writing, the card is replaced: nothing of the enrolment takes effect.
    #[tokio::test]
    async fn nothing_is_enrolled_for_a_card_that_was_replaced_meanwhile() {
        let now = Timestamp::from_seconds(1);
        let account = Account {
            id: AccountId::generate(&Constant),
            state: AccountState::Active,
            created_at: now,
        };
        let credential = Credential {
            id: CredentialId::generate(&Constant),
            account: account.id.clone(),
            kind: CardKind::UserAuthenticationCard,
            digest: CertificateDigest {
                key_version: 1,
                value: "d".to_owned(),
            },
            serial: SealedSerial {
                key_version: 1,
                sealed: "s".to_owned(),
            },
            issuer_key_hash: "h".to_owned(),
            state: CredentialState::Active,
            not_after: now,
            created_at: now,
        };
        let session = Session {
            id: SessionId::generate(&Constant),
            secret: TokenHash("t".to_owned()),
            account: account.id.clone(),
            credential: credential.id.clone(),
            method: AuthenticationMethod::CardTls,
            level: AssuranceLevel::LOWEST,
            authenticated_at: now,
            checked_generation: RevocationGeneration(1),
            points: None,
            expires_at: now.plus_seconds(60),
            state: SessionState::Active,
            version: 1,
        };
        let ledger = MemoryLedger::new();
        let rows = Batch::new()
            .write(Write::InsertAccount(account))
            .write(Write::InsertCredential(credential.clone()))
            .write(Write::InsertSession(session.clone()));
        assert_eq!(ledger.commit(rows).await.unwrap(), CommitOutcome::Committed);
        assert_eq!(
            ledger.commit(standing(&session)).await.unwrap(),
            CommitOutcome::Committed
        );
        let replaced = Batch::new().write(Write::SupersedeCredential(credential.id.clone()));
        ledger.commit(replaced).await.unwrap();
        assert_eq!(
            ledger.commit(standing(&session)).await.unwrap(),
            CommitOutcome::Conflict(Conflict::Precondition(Precondition::CredentialActive(
                credential.id
            )))
        );
    }
}
