//! After a session ended: the person is told the truth about every service that was used in it, and led through those that only the
//! browser can reach.
//!
//! **Owns** the run (`/logout/{run}`): which sessions ended, where it ends; the page with what is known of each service; frames of OpenID
//! Connect Front-Channel Logout 1.0. The receipts are in the Ledger (`sessions::Notice`); a run that is lost loses nothing but the way back.
//!
//! **Deliberately absent**: ending sessions (`sessions`), telling services directly (`jobs/logout`).
//!
//! **One more way to finish**: a variant of [`Finish`].

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::{Localized, ProtocolSettings, Service, ServiceId, SessionId, TokenHash};
use saml::LogoutReplyTo;
use saml::elements::Status;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, EphemeraKey, EphemeraKind, Record, Write};

use super::account;
use super::context::{Context, with_cookie};
use super::cookies;
use super::error::Problem;
use super::headers::{self, FormTargets};
use super::oidc::{provider_facts, sid};
use super::saml::slo;
use crate::jobs;
use crate::pages::{Ended, ServiceOutcome, ServiceRow, SignedOutPage};
use crate::secret::Secret;
use crate::sessions::{self, Channel, Notice, State};

/// How long a run can be gone on with.
const RUN_SECONDS: i64 = 30 * 60;

/// Where a logout ends.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// On our page.
    Here,
    /// At a checked address of a service.
    Service {
        /// Which.
        #[serde(default)]
        service: Option<ServiceId>,
        /// Its name.
        name: Localized,
        /// The address.
        location: String,
    },
    /// With a response to the service that asked by SAML.
    Saml {
        /// Which.
        service: ServiceId,
        /// Its name.
        name: Localized,
        /// Where the response goes.
        reply_to: LogoutReplyTo,
    },
}

/// A logout on its way.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Run {
    /// The browser in which one of the sessions was: nobody else is told of the services, nor carries anything to them.
    browser: TokenHash,
    sessions: Vec<SessionId>,
    finish: Finish,
}

/// Goes on after sessions ended: tells services, waits a moment for them, and shows what is known, unless there is nothing to show.
/// Whoever asks from elsewhere than the browser that was signed in (`is_here`) learns nothing of other services: no page, and nothing to
/// carry.
pub async fn depart(
    context: &Context,
    ended: Vec<SessionId>,
    finish: Finish,
    is_here: bool,
) -> Result<HttpResponse, Problem> {
    jobs::logout::now(context.app(), &ended).await?;
    let Some(browser) = context.browser_hash().filter(|_| is_here) else {
        return conclude(context, &ended, &finish, None).await;
    };
    let run = Run {
        browser,
        sessions: ended,
        finish,
    };
    let notices = notices(context, &run).await?;
    let response = if is_over(&run, &notices) {
        conclude(context, &run.sessions, &run.finish, Some((None, &notices))).await?
    } else if notices.is_empty() {
        let ended = if run.sessions.is_empty() {
            Ended::Nothing
        } else {
            Ended::Here
        };
        page(context, &run.finish, ended, (None, &[])).await?
    } else {
        let id = Secret::generate(&*context.entropy);
        let value = serde_json::to_vec(&run).map_err(|error| Problem::Fault(error.to_string()))?;
        let now = context.now();
        context
            .ephemera
            .put(&key(&id), value, now, now.plus_seconds(RUN_SECONDS))
            .await?;
        headers::see_other(&format!("/logout/{}", id.reveal()))
    };
    // A session of this browser that was not meant stays: whoever sends a person here with somebody else's logout ends nothing.
    if context.session.is_some() && account::current(context).await?.is_none() {
        return Ok(with_cookie(response, &cookies::no_session()));
    }
    Ok(response)
}

/// Whether nothing is left to do or to say.
fn is_over(run: &Run, notices: &[(Record, Notice)]) -> bool {
    !matches!(run.finish, Finish::Here) && notices.iter().all(|(_, notice)| notice.state.is_done())
}

/// What a page tells of services: the run that goes on to them, and the receipts.
type Told<'a> = (Option<&'a Secret>, &'a [(Record, Notice)]);

/// To where the logout ends. `own` is what the browser may be told whose sign-in ended; nobody else is told of services.
async fn conclude(
    context: &Context,
    ended: &[SessionId],
    finish: &Finish,
    own: Option<Told<'_>>,
) -> Result<HttpResponse, Problem> {
    match finish {
        Finish::Here => stay(context, ended, own).await,
        Finish::Service {
            service, location, ..
        } => {
            let service = match service {
                Some(id) => context.ledger.service(id).await?,
                None => None,
            };
            // Minutes passed: whoever was suspended meanwhile is sent nobody.
            if service.is_some_and(|service| service.state == domain::ServiceState::Active) {
                Ok(headers::see_other(location))
            } else {
                stay(context, ended, own).await
            }
        }
        Finish::Saml {
            service, reply_to, ..
        } => {
            let status = slo::propagated(context, ended).await?;
            let service = context.ledger.service(service).await?.ok_or(Problem::NotFound)?;
            slo::respond(context, &service, reply_to, status)
        }
    }
}

/// Our own page, where nobody waits for an answer: it says what is true, of this browser too.
async fn stay(
    context: &Context,
    ended: &[SessionId],
    own: Option<Told<'_>>,
) -> Result<HttpResponse, Problem> {
    let what = if ended.is_empty() {
        Ended::Nothing
    } else if own.is_some() {
        Ended::Here
    } else {
        let everywhere = slo::propagated(context, ended).await? == Status::SUCCESS;
        Ended::Elsewhere { everywhere }
    };
    page(context, &Finish::Here, what, own.unwrap_or((None, &[]))).await
}

fn key(id: &Secret) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::LogoutRun, id.hash().0)
}

async fn load(context: &Context, id: &str) -> Result<(Secret, Run), Problem> {
    let id = Secret::parse(id).ok_or(Problem::NotFound)?;
    let Some(bytes) = context.ephemera.get(&key(&id), context.now()).await? else {
        return Err(Problem::NotFound);
    };
    let run: Run = serde_json::from_slice(&bytes).map_err(|error| Problem::Fault(error.to_string()))?;
    if context.browser_hash().as_ref() != Some(&run.browser) {
        return Err(Problem::NotFound);
    }
    Ok((id, run))
}

async fn notices(context: &Context, run: &Run) -> Result<Vec<(Record, Notice)>, Problem> {
    let mut all = Vec::new();
    for session in &run.sessions {
        all.extend(sessions::of_session(&*context.ledger, session).await?);
    }
    Ok(all)
}

/// `GET /logout/{run}`: what is known now.
pub async fn get(context: Context, id: web::Path<String>) -> HttpResponse {
    let result = async {
        let (id, run) = load(&context, &id).await?;
        let notices = notices(&context, &run).await?;
        if is_over(&run, &notices) {
            return conclude(&context, &run.sessions, &run.finish, Some((Some(&id), &notices))).await;
        }
        page(&context, &run.finish, Ended::Here, (Some(&id), &notices)).await
    }
    .await;
    context.answer(result).await
}

/// `GET /logout/{run}/next`: on to the next service that only the browser reaches, else back to the page. Each is visited once: whoever
/// comes back without its answer goes on to the next.
pub async fn next(context: Context, id: web::Path<String>) -> HttpResponse {
    let result = async {
        let (id, run) = load(&context, &id).await?;
        for (record, notice) in notices(&context, &run).await? {
            if notice.state != State::Pending || !notice.channel.is_carried() {
                continue;
            }
            let Some(service) = context.ledger.service(&notice.service).await? else {
                continue;
            };
            let message = slo::send_on(&context, &notice, &service)?;
            if mark_sent(&context, &record, &notice, Some(id.reveal())).await? {
                return Ok(message);
            }
        }
        Ok(headers::see_other(&format!("/logout/{}", id.reveal())))
    }
    .await;
    context.answer(result).await
}

/// `GET /logout/{run}/done`: to where the logout ends, whatever could not be done.
pub async fn done(context: Context, id: web::Path<String>) -> HttpResponse {
    let result = async {
        let (id, run) = load(&context, &id).await?;
        if matches!(run.finish, Finish::Here) {
            return Ok(headers::see_other(&format!("/logout/{}", id.reveal())));
        }
        let notices = notices(&context, &run).await?;
        conclude(&context, &run.sessions, &run.finish, Some((Some(&id), &notices))).await
    }
    .await;
    context.answer(result).await
}

async fn page(
    context: &Context,
    finish: &Finish,
    ended: Ended,
    (id, notices): Told<'_>,
) -> Result<HttpResponse, Problem> {
    let (mut frames, mut targets) = (Vec::new(), FormTargets::own());
    let mut rows: Vec<(ServiceId, ServiceRow)> = Vec::new();
    for (record, notice) in notices {
        let Some(service) = context.ledger.service(&notice.service).await? else {
            continue;
        };
        if let Some(address) = frame(context, notice, &service) {
            mark_sent(context, record, notice, None).await?;
            targets = targets.framing(&address);
            frames.push(address);
        }
        let outcome = outcome(notice);
        match rows.iter_mut().find(|(known, _)| *known == service.id) {
            Some((_, row)) => row.outcome = row.outcome.max(outcome),
            None => rows.push((
                service.id.clone(),
                ServiceRow {
                    name: service.name.clone(),
                    outcome,
                },
            )),
        }
    }
    let (service_name, return_url) = match (finish, id) {
        (Finish::Here, _) | (_, None) => (None, None),
        (Finish::Service { name, .. } | Finish::Saml { name, .. }, Some(id)) => {
            (Some(name.clone()), Some(format!("/logout/{}/done", id.reveal())))
        }
    };
    let waits = rows.iter().any(|(_, row)| row.outcome == ServiceOutcome::Next);
    let shown = SignedOutPage {
        frame: context.frame(),
        ended,
        // Looked up now: what a request meant may be another sign-in than this browser's, and a page may be opened again later.
        still_signed_in: account::current(context).await?.is_some(),
        services: rows.into_iter().map(|(_, row)| row).collect(),
        frames,
        next_url: id
            .filter(|_| waits)
            .map(|id| format!("/logout/{}/next", id.reveal())),
        service_name,
        return_url,
    };
    Ok(headers::page(StatusCode::OK, context.render(&shown)?, &targets))
}

fn outcome(notice: &Notice) -> ServiceOutcome {
    match (notice.state, notice.channel) {
        (State::Told | State::Asked, _) => ServiceOutcome::SignedOut,
        (State::Pending | State::Sent, Channel::FrontChannel) => ServiceOutcome::AskedByBrowser,
        (State::Pending, channel) if channel.is_carried() => ServiceOutcome::Next,
        (State::Sent, _) => ServiceOutcome::Unanswered,
        (State::Pending, _) => ServiceOutcome::Waiting,
        (State::Refused, _) => ServiceOutcome::Refused,
        (State::GaveUp, _) => ServiceOutcome::NotReached,
        (State::Impossible, _) => ServiceOutcome::Impossible,
    }
}

/// The address that the browser is to load for a service.
fn frame(context: &Context, notice: &Notice, service: &Service) -> Option<String> {
    let ProtocolSettings::Oidc(settings) = &service.protocol else {
        return None;
    };
    let waits = matches!(notice.state, State::Pending | State::Sent);
    let registered = settings.logout.frontchannel_uri.as_deref()?;
    (waits && notice.channel == Channel::FrontChannel).then(|| {
        oidc::frontchannel_address(
            registered,
            &sid(&notice.known_as, &service.id),
            &provider_facts(context),
        )
    })
}

/// The receipt says that the browser was sent, and no more. `false`: another tab of the same run was faster.
async fn mark_sent(
    context: &Context,
    record: &Record,
    notice: &Notice,
    run: Option<&str>,
) -> Result<bool, Problem> {
    let sent = Notice {
        state: State::Sent,
        tries: notice.tries.saturating_add(1),
        last_try: Some(context.now()),
        run: run.map(str::to_owned),
        ..notice.clone()
    };
    let batch = Batch::new().write(Write::PutRecord(sent.next(record)));
    Ok(context.ledger.commit(batch).await? == CommitOutcome::Committed)
}
