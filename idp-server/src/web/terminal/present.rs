//! A terminal presents a certificate that it read from a card: only somebody who signed in here with a PIN before, whose date of
//! birth is known, for a service that was registered for this. Nothing is proven yet.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::Verdict;
use domain::{
    AccountState, AttemptId, AuthenticationMethod, CardKind, Credential, CredentialState, Service, Timestamp,
    TransactionId,
};
use login::{DoorOutcome, Evidence, Refusal, Transaction};
use serde::{Deserialize, Serialize};
use store::{EphemeraKey, EphemeraKind};

use super::birth_date::{self, BirthDate};
use super::genuine_card::GenuineCard;
use super::request::{self, Asked};
use crate::listeners::door::verdict;
use crate::secret::hash_of;
use crate::terminals::Terminal;
use crate::web::context::Context;
use crate::web::device::{DeviceProblem, answer, base64url, json, octets};
use crate::web::error::Problem;
use crate::web::login::{Rows, attempt, refused, transactions};

/// Where terminals present certificates.
pub const PATH: &str = "/terminal/presences";
/// Octets of a certificate.
const MAX_CERTIFICATE: usize = 8 * 1024;

/// What the terminal sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Present {
    /// The sign-in that its browser began.
    transaction: TransactionId,
    /// DER in standard base64.
    certificate: String,
}

/// What is kept until the card has answered: no certificate and no serial in clear.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Presence {
    pub(super) id: AttemptId,
    pub(super) terminal: String,
    pub(super) transaction: TransactionId,
    /// SHA-256 of the certificate, to hold the second showing against the first.
    pub(super) certificate: String,
    pub(super) credential: Credential,
    /// base64url of 32 octets.
    pub(super) challenge: String,
    pub(super) expires_at: Timestamp,
}

pub(super) fn key(id: &AttemptId) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Presence, id.as_str())
}

/// `POST /terminal/presences`.
pub async fn post(mut context: Context, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let result = present(&mut context, &request, payload).await;
    answer(&context, result)
}

async fn present(
    context: &mut Context,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, DeviceProblem> {
    mechanism(context)?;
    let asked: Asked<Present> = request::read(context, request, payload, PATH).await?;
    // The browser that began the sign-in is this terminal's: its cookie comes along.
    if context.browser.is_none() {
        return Err(Refusal::TransactionUnknown.into());
    }
    let mut transaction = transactions::load(context, &asked.what.transaction).await?;
    let service = may_be_used_here(context, &asked.terminal, &transaction).await?;
    if let Some(refusal) = attempt::no_further_try(context, &transaction) {
        return Err(refusal.into());
    }
    transaction.attempts += 1;
    transactions::save(context, &transaction).await?;
    let certificate = octets(&asked.what.certificate, MAX_CERTIFICATE).ok_or_else(|| {
        DeviceProblem::malformed("certificate", "a DER certificate of at most 8 KiB in base64")
    })?;
    let id = AttemptId::generate(&*context.entropy);
    let evidence = weigh(context, &transaction, &asked.name, &certificate, &id).await?;
    let credential = known(context, &evidence, &service).await?;
    let lifetime = i64::from(context.config.terminal.challenge_seconds);
    let presence = Presence {
        id,
        terminal: asked.name,
        transaction: transaction.id,
        certificate: hash_of(&[&certificate]).0,
        credential,
        challenge: base64url(&context.entropy.array::<32>()),
        expires_at: context.now().plus_seconds(lifetime),
    };
    let bytes = serde_json::to_vec(&presence).map_err(|error| Problem::Fault(error.to_string()))?;
    context
        .ephemera
        .put(&key(&presence.id), bytes, context.now(), presence.expires_at)
        .await?;
    let body = serde_json::json!({
        "presence": presence.id,
        "challenge": presence.challenge,
        "expires_in": context.config.terminal.challenge_seconds,
    });
    json(StatusCode::CREATED, &body)
}

/// The card's mechanism, where there is one; without it this room is shut.
pub(super) fn mechanism(context: &Context) -> Result<&dyn GenuineCard, DeviceProblem> {
    match &context.genuine_card {
        Some(card) if context.config.terminal.enabled => Ok(&**card),
        _ => Err(DeviceProblem::Other(Problem::NotFound)),
    }
}

/// Only services that were registered at AAL0, and only at terminals that were approved for them. What the request demands counts
/// too: a service may ask for more than its registration does.
pub(super) async fn may_be_used_here(
    context: &Context,
    terminal: &Terminal,
    transaction: &Transaction,
) -> Result<Service, DeviceProblem> {
    let rows = Rows::load(context, transaction).await?;
    let pinless = login::Way {
        method: AuthenticationMethod::CardPinless,
        ceiling: domain::Assurance::GREATEST,
    };
    let is_enough = rows.can_be_met_by(transaction, &[pinless]);
    let Some(service) = rows.service else {
        return Err(Refusal::ServiceUnknown.into());
    };
    let active = service.state == domain::ServiceState::Active;
    if active && is_enough && terminal.services.contains(&service.id) {
        return Ok(service);
    }
    Err(DeviceProblem::Request {
        status: StatusCode::FORBIDDEN,
        code: "service_not_for_terminals",
        title: "this service, or this request of it, is not for this terminal",
    })
}

/// The same rules as at the certificate door, revocation among them; that the card is there is not said by this.
pub(super) async fn weigh(
    context: &Context,
    transaction: &Transaction,
    terminal: &str,
    certificate: &[u8],
    id: &AttemptId,
) -> Result<Evidence, DeviceProblem> {
    let mut trace = vec![verdict::step(
        "terminal",
        "terminal_is_approved",
        Verdict::Passed,
        terminal.to_owned(),
    )];
    let method = AuthenticationMethod::CardPinless;
    match verdict::weigh(context, certificate, method, id, context.now(), &mut trace)? {
        DoorOutcome::Proven(evidence) => Ok(evidence),
        DoorOutcome::Refused(refusal) => {
            let reference = refused::record(context, transaction, refusal, &verdict::text(&trace)).await?;
            Err(DeviceProblem::Refused {
                refusal,
                reference: Some(reference),
            })
        }
    }
}

/// Whose it is: the person signed in with it before, with the PIN, and is known by the date of birth. Who is not is not told apart.
async fn known(
    context: &Context,
    evidence: &Evidence,
    service: &Service,
) -> Result<Credential, DeviceProblem> {
    for digest in std::iter::once(&evidence.digest).chain(&evidence.former_digests) {
        let Some(credential) = context.ledger.credential_by_digest(digest).await? else {
            continue;
        };
        let account = context.ledger.account(&credential.account).await?;
        let active = credential.state == CredentialState::Active
            && credential.kind == CardKind::UserAuthenticationCard
            && account.is_some_and(|account| account.state == AccountState::Active);
        if active && birth_date(context, &credential, service).await?.is_some() {
            return Ok(credential);
        }
    }
    Err(NOT_POSSIBLE)
}

/// The answer to whoever is not known well enough.
pub(super) const NOT_POSSIBLE: DeviceProblem = DeviceProblem::Request {
    status: StatusCode::FORBIDDEN,
    code: "pinless_not_possible",
    title: "this card cannot be used without a PIN here",
};

/// The date of birth behind a credential; opening it is on record.
pub(super) async fn birth_date(
    context: &Context,
    credential: &Credential,
    service: &Service,
) -> Result<Option<BirthDate>, DeviceProblem> {
    Ok(match &context.birth_dates {
        Some(dates) => dates.of(&credential.account).await?,
        None => birth_date::of_enrolment(context, &credential.account, &service.id).await?,
    })
}
