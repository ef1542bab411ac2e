//! The sign-in's pages and steps, for both protocols.
//!
//! **Owns** the loop around the dispatcher ([`proceed`]): load what it looks at, ask [`login::next_step`], perform what
//! it says. Steps live in their own files and all return to the loop: `attempt.rs` (to the certificate door),
//! `card_return.rs` (back from it), `desk.rs` (whose certificate), `recheck.rs` (revocation data changed),
//! `consent.rs`, `status.rs` (the authority's responder), `refused.rs`; what a person demands, as of today, in `today.rs`.
//!
//! **Deliberately absent**: SAML and OAuth. `reply.rs` asks the protocol's room for the reply, by the service's record.

pub mod attempt;
pub mod card_return;
pub mod consent;
pub mod desk;
pub mod page;
pub mod recheck;
pub mod refused;
pub mod reply;
pub mod status;
pub mod today;
pub mod transactions;

use actix_web::{HttpResponse, web};
use domain::{
    Account, Assurance, Consent, Credential, RevocationGeneration, Service, Session, TransactionId,
};
use login::{Interaction, Refusal, Standing, Step, Transaction, Way, can_be_met, next_step};
use store::Precondition;

pub use desk::steps;

use super::account::sign_in;
use super::context::{Context, with_cookie};
use super::enrolment::register;
use super::error::Problem;
use super::{cookies, headers};
use crate::trust::{Covered, Trust, revocation_data};

/// Steps that ask nobody anything: a certificate is looked at again, and its status asked for.
const STEPS_OF_OURS: u32 = 2;
/// How often a lost race is tried again before we call it a fault.
const RACES: u32 = 4;

/// `GET /sign-in/{transaction}`: whatever is due next.
pub async fn get(mut context: Context, id: web::Path<String>) -> HttpResponse {
    let result = async {
        let transaction = transactions::load(&mut context, &parse(&id)?).await?;
        proceed(&mut context, transaction).await
    }
    .await;
    let response = context.answer(result).await;
    match &context.browser {
        Some(browser) => with_cookie(response, &cookies::browser(browser)),
        None => response,
    }
}

/// Reads a transaction id from a path; anything else is no page of ours.
pub fn parse(id: &str) -> Result<TransactionId, Problem> {
    id.parse().map_err(|_| Problem::NotFound)
}

/// Asks the dispatcher and performs what it says, until there is an answer.
pub async fn proceed(context: &mut Context, mut transaction: Transaction) -> Result<HttpResponse, Problem> {
    for _ in 0..RACES + STEPS_OF_OURS {
        // Whatever any process has put in use by now is in use here.
        context.shelves.catch_up(&context.trust);
        let rows = Rows::load(context, &transaction).await?;
        match next_step(&transaction, &rows.standing(context), context.now()) {
            Step::Authenticate(why) => return page::sign_in(context, &transaction, &rows, why),
            Step::Consent(attributes) => {
                // Nothing is released to a page of ours.
                if let Some(there) = sign_in::destination(&transaction)? {
                    transaction.answered = true;
                    transactions::save(context, &transaction).await?;
                    return Ok(headers::see_other(&there));
                }
                return page::consent(context, &transaction, &rows, &attributes).await;
            }
            Step::Recheck { session } => match recheck::session(context, &session).await? {
                None => {}
                // Where pages are forbidden the dispatcher looks again, finds no session, and says so to the service.
                Some(Refusal::SessionEndedByRevocation) if forbids_pages(&transaction) => {}
                Some(refusal) => return refused::within(context, &transaction, refusal).await,
            },
            Step::AskStatus { session } => match status::ask(context, &mut transaction, &session).await? {
                None => {}
                Some(refusal) => return refused::within(context, &transaction, refusal).await,
            },
            Step::Refuse(refusal) => return refused::within(context, &transaction, refusal).await,
            Step::Issue(permit) => match reply::issue(context, &mut transaction, &permit, &rows).await? {
                reply::Issued::Sent(response) => return Ok(response),
                reply::Issued::Lost => {}
            },
        }
    }
    Err(Problem::Fault("rows kept changing under a sign-in".to_owned()))
}

/// Whether the service forbade every page (`prompt=none`, `IsPassive`).
fn forbids_pages(transaction: &Transaction) -> bool {
    transaction.ask.interaction == Interaction::Forbidden
}

/// The session that a sign-in rests on, if it rests on one yet.
async fn session_of(context: &Context, transaction: &Transaction) -> Result<Option<Session>, Problem> {
    Ok(match (&transaction.presence, &context.session) {
        (Some(id), _) => context.ledger.session(id).await?,
        (None, Some(secret)) => context.ledger.session_by_secret(&secret.hash()).await?,
        (None, None) => None,
    })
}

/// The rows that the dispatcher looks at, as they are now.
pub struct Rows {
    /// The service that asks.
    pub service: Option<Service>,
    /// This browser's session.
    pub session: Option<Session>,
    /// Its account.
    pub account: Option<Account>,
    /// What that account agreed to.
    pub consent: Option<Consent>,
    /// The certificate behind the session.
    pub credential: Option<Credential>,
    /// Which lists speak about that certificate.
    pub covered: Option<Covered>,
    /// What the person registered.
    pub enrolment: register::Standing,
    /// What the person demands of every sign-in of theirs.
    pub floor: Assurance,
    /// What must still stand in both registers when something is issued.
    pub still: Vec<Precondition>,
    /// The ways of signing in that are open here.
    ways: Vec<Way>,
}

impl Rows {
    /// Reads them: what does not depend on one another together, so that a database behind a wire is asked twice and not seven times.
    pub async fn load(context: &Context, transaction: &Transaction) -> Result<Self, Problem> {
        let (service, session) = tokio::try_join!(
            sign_in::asking(context, transaction),
            session_of(context, transaction)
        )?;
        let Some(session) = session else {
            return Ok(Self::without_session(context, service));
        };
        let wants_items = service.as_ref().is_some_and(|service| {
            service
                .released_attributes
                .iter()
                .any(|attribute| attribute.is_of_four_items())
        });
        let ledger = &context.ledger;
        let person = async {
            Ok::<_, Problem>(tokio::try_join!(
                ledger.account(&session.account),
                ledger.consent(&session.account, &transaction.service),
                ledger.credential(&session.credential),
            )?)
        };
        let ((account, consent, credential), enrolment, (floor, floor_still)) = tokio::try_join!(
            person,
            register::standing(context, &session.account, wants_items),
            today::floor(context, &session.account)
        )?;
        let covered = match &credential {
            Some(credential) => Some(Covered::of(&context.vault, &session, credential)?),
            None => None,
        };
        Ok(Self {
            account,
            consent,
            credential,
            covered,
            still: std::iter::once(floor_still)
                .chain(enrolment.still.clone())
                .collect(),
            enrolment,
            floor,
            session: Some(session),
            ..Self::without_session(context, service)
        })
    }

    fn without_session(context: &Context, service: Option<Service>) -> Self {
        Self {
            service,
            session: None,
            account: None,
            consent: None,
            credential: None,
            covered: None,
            enrolment: register::Standing::default(),
            floor: Assurance::LEAST,
            still: Vec::new(),
            ways: context.ways(),
        }
    }

    /// Whether the authority behind the session's certificate is still pinned.
    pub fn rests_on_pinned(&self, trust: &Trust) -> bool {
        self.credential
            .as_ref()
            .is_none_or(|credential| trust.is_pinned(&credential.issuer_key_hash))
    }

    /// Whether one of these methods, used now by whoever it is, would meet every demand.
    pub fn can_be_met_by(&self, transaction: &Transaction, ways: &[Way]) -> bool {
        self.service
            .as_ref()
            .is_some_and(|service| can_be_met(transaction, service, self.floor, ways))
    }

    fn standing(&self, context: &Context) -> Standing<'_> {
        let trust = context.trust.load();
        let freshness = match (&self.service, &self.covered) {
            (Some(service), Some(covered)) => trust.freshness_for(service, covered, context.now()),
            // Nobody is signed in, and the door will look.
            _ => trust.newest_freshness(context.now()),
        };
        Standing {
            service: self.service.as_ref(),
            session: self.session.as_ref(),
            account: self.account.as_ref(),
            consent: self.consent.as_ref(),
            // An authority that is pinned no more vouches for nobody: its sessions are looked at again, and end.
            generation: if self.rests_on_pinned(&trust) {
                trust.generation()
            } else {
                RevocationGeneration::default()
            },
            revocation_data: revocation_data(freshness),
            ways: &self.ways,
            floor: self.floor,
            proofed: self.enrolment.ial,
            items: &self.enrolment.items,
        }
    }
}
