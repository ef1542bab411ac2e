//! The authorization endpoint (OpenID Connect Core 1.0 section 3.1.2): a request comes in and a transaction begins.

use actix_web::{HttpRequest, HttpResponse, web};
use audit::{TraceStep, Verdict};
use domain::{PseudonymValue, Reference, SectorId, Service, ServiceState};
use login::{Expected, Refusal};
use oidc::{
    ClientFacts, Envelope, ProviderFacts, Reason, RequestedClaims, Trace, UncheckedAuthorizationRequest,
};

use super::demand;
use super::envelope::{self, Unopened};
use super::{Continuation, provider_facts, reply as oidc_reply};
use crate::exchanges::{oidc as exchanges, with_reference};
use crate::pages::PostOutcome;
use crate::web::context::{Context, with_cookie};
use crate::web::error::Problem;
use crate::web::login::{refused, reply, transactions};
use crate::web::{cookies, headers};

/// `GET /oidc/authorize`.
pub async fn get(mut context: Context, request: HttpRequest) -> HttpResponse {
    let result = begin(&mut context, request.query_string().as_bytes(), true).await;
    let named = result.is_ok();
    let response = context.answer(result).await;
    match &context.browser {
        Some(browser) if named => with_cookie(response, &cookies::browser(browser)),
        _ => response,
    }
}

/// `POST /oidc/authorize`: cross-site, so no cookie comes along; the browser is sent on to a GET before anything about the
/// person is decided.
pub async fn post(mut context: Context, body: web::Bytes) -> HttpResponse {
    context.browser = None;
    let result = begin(&mut context, &body, false).await;
    context.answer(result).await
}

async fn begin(context: &mut Context, raw: &[u8], by_get: bool) -> Result<HttpResponse, Problem> {
    context.may_begin()?;
    let unchecked = match UncheckedAuthorizationRequest::parse(raw) {
        Ok(unchecked) => unchecked,
        Err(reason) => return Err(refuse_on_page(context, &reason, None).await),
    };
    let Some((service, client)) = super::find(context, unchecked.client_id()).await? else {
        return Err(Refusal::ServiceUnknown.into());
    };
    match service.state {
        ServiceState::Active => {}
        ServiceState::Suspended { .. } => return Err(Refusal::ServiceSuspended.into()),
        ServiceState::Removed { .. } => return Err(Refusal::ServiceUnknown.into()),
    }
    let provider = provider_facts(context);
    // A pushed request is its first browser's, which needs a name for that.
    if by_get && matches!(unchecked.envelope(), Ok(Envelope::Pushed(_))) {
        let _ = context.name_browser();
    }
    let browser = context.browser_hash();
    let opened = envelope::open(context, unchecked, &service, &client, &provider, browser.as_ref());
    let opened = match opened.await? {
        Ok(opened) => opened,
        Err(unopened) => return unopened_answer(context, (&service, &client), &provider, unopened).await,
    };
    let mut examined = oidc::check(&opened.request, &client, &provider);
    examined.trace.precede(opened.trace);
    let request = match (examined.outcome, examined.return_to) {
        (Ok(checked), _) => checked.into_inner(),
        (Err(reason), Some(return_to)) => {
            metrics::counter!("requests_refused_total", "protocol" => "oidc", "reason" => reason.code())
                .increment(1);
            let by = Asking {
                service: &service,
                client: &client,
                request: Some(&opened.request),
            };
            let told = explained(context, &by, &reason, &examined.trace).await?;
            let response = return_to.with_error(reason.error_code(), &told, &provider);
            return oidc_reply::send(context, &service, &response, PostOutcome::NotSignedIn);
        }
        (Err(reason), None) => {
            let by = Asking {
                service: &service,
                client: &client,
                request: Some(&opened.request),
            };
            return Err(refuse_on_page(context, &reason, Some((&examined.trace, &by))).await);
        }
    };
    let by = Asking {
        service: &service,
        client: &client,
        request: Some(&opened.request),
    };
    let told = async |context: &Context, rule: &'static str, reason: &Reason| {
        metrics::counter!("requests_refused_total", "protocol" => "oidc", "reason" => reason.code())
            .increment(1);
        let mut trace = Trace::refused(rule, "OpenID Connect Core 1.0 section 3.1.2", reason);
        trace.precede(examined.trace.clone());
        let told = explained(context, &by, reason, &trace).await?;
        let response = request
            .return_to
            .with_error(reason.error_code(), &told, &provider);
        oidc_reply::send(context, &service, &response, PostOutcome::NotSignedIn)
    };
    let hint = match &request.id_token_hint {
        None => None,
        Some(hint) => match hint.verify(&client, &context.signing.keys().ring().jwks(), &provider) {
            Ok(verified) => Some(verified.subject),
            Err(reason) => return told(context, "id_token_hint_is_one_of_ours", &reason).await,
        },
    };
    let expected = expected(context, &service.sector, hint.as_deref(), &request.claims).await?;
    let ask = match demand::ask(&request.wanted(), expected, &service, &provider.userinfo_endpoint) {
        Ok(ask) => ask,
        Err(reason) => return told(context, "what_is_asked_for_can_be_reached", &reason).await,
    };
    if let Some(language) = request.ui_languages.first() {
        context.language = *language;
    }
    if by_get {
        let _ = context.name_browser();
    }
    let continuation = reply::Continuation::Oidc(Continuation {
        redirect_uri: request.return_to.redirect_uri().to_owned(),
        return_to: request.return_to.clone(),
        scope: demand::granted(&request.wanted(), &service).join(" "),
        nonce: request.nonce.clone(),
        code_challenge: request.code_challenge.clone(),
        auth_time_required: request.claims.auth_time_is_essential,
        terms: demand::terms(&request.wanted(), &service),
        spends: opened.spends,
    });
    let transaction = transactions::begin(context, &service.id, ask, continuation.to_text()?).await?;
    let response = headers::see_other(&format!("/sign-in/{}", transaction.id));
    Ok(match request.ui_languages.first() {
        Some(language) => with_cookie(response, &cookies::language(*language)),
        None => response,
    })
}

/// A request that could not be opened: told to an address that stands beside it and is registered, else shown here.
async fn unopened_answer(
    context: &Context,
    (service, client): (&Service, &ClientFacts),
    provider: &ProviderFacts,
    unopened: Unopened,
) -> Result<HttpResponse, Problem> {
    let Unopened {
        reason,
        trace,
        return_to,
        beside,
    } = unopened;
    let by = Asking {
        service,
        client,
        request: beside.as_ref(),
    };
    let Some(return_to) = return_to else {
        return Err(refuse_on_page(context, &reason, Some((&trace, &by))).await);
    };
    metrics::counter!("requests_refused_total", "protocol" => "oidc", "reason" => reason.code()).increment(1);
    let told = explained(context, &by, &reason, &trace).await?;
    let response = return_to.with_error(reason.error_code(), &told, provider);
    oidc_reply::send(context, service, &response, PostOutcome::NotSignedIn)
}

/// Who asks, and what.
struct Asking<'a> {
    service: &'a Service,
    client: &'a ClientFacts,
    request: Option<&'a UncheckedAuthorizationRequest>,
}

/// Puts a refusal on record for the operator and for the client, and says it with the reference that opens both.
async fn explained(
    context: &Context,
    by: &Asking<'_>,
    reason: &Reason,
    trace: &Trace,
) -> Result<String, Problem> {
    let reference = record(context, trace).await?;
    note(context, by, reason, trace, &reference);
    Ok(with_reference(&reason.to_string(), Some(&reference)))
}

fn note(context: &Context, by: &Asking<'_>, reason: &Reason, trace: &Trace, reference: &Reference) {
    exchanges::authorization(
        context,
        (by.service, by.client),
        by.request,
        (reason, trace),
        reference,
        context.peer(),
    );
}

/// Whom a verified hint names.
async fn person_behind(context: &Context, sector: &SectorId, subject: &str) -> Result<Expected, Problem> {
    let Ok(value) = subject.parse::<PseudonymValue>() else {
        return Ok(Expected::Unknown);
    };
    let known = context.ledger.pseudonym_by_value(sector, &value).await?;
    Ok(match known {
        None => Expected::Unknown,
        Some(pseudonym) => {
            Expected::Person(crate::identity::carrying_on(&*context.ledger, &pseudonym.account).await?)
        }
    })
}

/// Whom the client wants to hear about: of a hint and of a `sub` by value (OpenID Connect Core 1.0 sections 3.1.2.1 and 5.5.1), which must
/// be the same person.
pub(super) async fn expected(
    context: &Context,
    sector: &SectorId,
    hint: Option<&str>,
    claims: &RequestedClaims,
) -> Result<Expected, Problem> {
    match (hint, claims.subject.as_deref()) {
        (None, None) => Ok(Expected::Anybody),
        (Some(hint), Some(subject)) if hint != subject => Ok(Expected::Unknown),
        (Some(subject), _) | (None, Some(subject)) => person_behind(context, sector, subject).await,
    }
}

async fn refuse_on_page(context: &Context, reason: &Reason, known: Option<(&Trace, &Asking<'_>)>) -> Problem {
    metrics::counter!("requests_refused_total", "protocol" => "oidc", "reason" => reason.code()).increment(1);
    let recorded = if let Some((trace, by)) = known {
        let recorded = record(context, trace).await;
        if let Ok(reference) = &recorded {
            note(context, by, reason, trace, reference);
        }
        recorded
    } else {
        let step = TraceStep {
            room: "oidc".to_owned(),
            rule: "request_can_be_read".to_owned(),
            verdict: Verdict::Failed,
            detail: reason.to_string(),
        };
        keep(context, vec![step]).await
    };
    match recorded {
        Ok(reference) => Problem::RequestInvalid {
            technical_code: format!("oidc.{}", reason.code()),
            reference,
        },
        Err(problem) => problem,
    }
}

async fn record(context: &Context, trace: &Trace) -> Result<Reference, Problem> {
    let steps = trace.lines.iter().map(|line| {
        let (verdict, detail) = match &line.verdict {
            oidc::Verdict::Passed => (Verdict::Passed, String::new()),
            oidc::Verdict::Refused { detail, .. } => (Verdict::Failed, detail.clone()),
            oidc::Verdict::NotReached => (Verdict::NotRun, String::new()),
        };
        TraceStep {
            room: "oidc".to_owned(),
            rule: line.rule.to_string(),
            verdict,
            detail,
        }
    });
    keep(context, steps.collect()).await
}

async fn keep(context: &Context, steps: Vec<TraceStep>) -> Result<Reference, Problem> {
    let reference = Reference::generate(&*context.entropy);
    refused::keep(context, &reference, None, Refusal::RequestInvalid, steps).await?;
    Ok(reference)
}
