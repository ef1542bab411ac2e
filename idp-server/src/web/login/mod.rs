//! The sign-in's pages and steps, for both protocols.
//!
//! **Owns** the loop around the dispatcher ([`proceed`]): load what it looks at, ask [`login::next_step`], perform what
//! it says. Steps live in their own files and all return to the loop: `attempt.rs` (to the certificate door),
//! `card_return.rs` (back from it), `desk.rs` (whose certificate), `recheck.rs` (revocation data changed),
//! `consent.rs`, `refused.rs`.
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
pub mod transactions;

use actix_web::{HttpResponse, web};
use domain::{Account, Consent, Ial, Service, Session, TransactionId};
use login::{Interaction, Refusal, Standing, Step, Transaction, next_step};

use super::context::{Context, with_cookie};
use super::cookies;
use super::error::Problem;

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
    for _ in 0..RACES {
        let rows = Rows::load(context, &transaction).await?;
        match next_step(&transaction, &rows.standing(context), context.now()) {
            Step::Authenticate(why) => return page::sign_in(context, &transaction, &rows, why),
            Step::Consent(attributes) => return page::consent(context, &transaction, &rows, &attributes),
            Step::Recheck { session } => match recheck::session(context, &session).await? {
                None => {}
                // Where pages are forbidden the dispatcher looks again, finds no session, and says so to the service.
                Some(Refusal::SessionEndedByRevocation) if forbids_pages(&transaction) => {}
                Some(refusal) => return refused::within(context, &transaction, refusal).await,
            },
            Step::Refuse(refusal) => return refused::within(context, &transaction, refusal).await,
            Step::Issue(permit) => {
                let out_of_date = recheck::out_of_date(&context.trust.load(), context.now());
                if let Some(refusal) = out_of_date {
                    return refused::within(context, &transaction, refusal).await;
                }
                match reply::issue(context, &mut transaction, &permit, &rows).await? {
                    reply::Issued::Sent(response) => return Ok(response),
                    reply::Issued::Lost => {}
                }
            }
        }
    }
    Err(Problem::Fault("rows kept changing under a sign-in".to_owned()))
}

/// Whether the service forbade every page (`prompt=none`, `IsPassive`).
fn forbids_pages(transaction: &Transaction) -> bool {
    transaction.ask.interaction == Interaction::Forbidden
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
}

impl Rows {
    /// Reads them.
    pub async fn load(context: &Context, transaction: &Transaction) -> Result<Self, Problem> {
        let ledger = &context.ledger;
        let service = ledger.service(&transaction.service).await?;
        let session = match &context.session {
            Some(secret) => ledger.session_by_secret(&secret.hash()).await?,
            None => None,
        };
        let (account, consent) = match &session {
            Some(session) => (
                ledger.account(&session.account).await?,
                ledger.consent(&session.account, &transaction.service).await?,
            ),
            None => (None, None),
        };
        Ok(Self {
            service,
            session,
            account,
            consent,
        })
    }

    fn standing(&self, context: &Context) -> Standing<'_> {
        Standing {
            service: self.service.as_ref(),
            session: self.session.as_ref(),
            account: self.account.as_ref(),
            consent: self.consent.as_ref(),
            generation: context.trust.load().generation(),
            reachable: Standing::card_reach(Ial::Zero),
        }
    }
}
