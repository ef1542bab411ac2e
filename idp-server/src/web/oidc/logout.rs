//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): with a valid hint of the session in this browser at once, else
//! after the person confirmed.

use actix_web::{HttpRequest, HttpResponse, web};
use audit::{TraceStep, Verdict};
use domain::{Fact, Localized, Reference, Service, Session};
use login::Refusal;
use oidc::{ClientFacts, LogoutRequest, Reason, UncheckedLogoutRequest};

use super::provider_facts;
use crate::exchanges::oidc as exchanges;
use crate::pages::LogoutConfirmPage;
use crate::sessions;
use crate::web::account;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::headers::{self, FormTargets};
use crate::web::login::refused;
use crate::web::logout::{self, Finish};

/// Purpose of the confirmation's form token.
const FORM: &str = "logout";
/// Octets of a request that is sent on as an address; longer ones are refused by the reader in any case.
const LINK_LIMIT: usize = 16 * 1024;
/// Fields of ours beside those of the request.
const CONFIRMED: &str = "confirmed";

/// `GET /oidc/logout`.
pub async fn get(context: Context, request: HttpRequest) -> HttpResponse {
    let result = logout(&context, request.query_string().as_bytes(), None).await;
    context.answer(result).await
}

/// `POST /oidc/logout`: from the client's page, or the person's confirmation. The client's page is cross-site, so no cookie came
/// along: the browser is sent on to a GET, or the session would be called ended and live on.
pub async fn post(context: Context, body: web::Bytes) -> HttpResponse {
    let (ours, theirs) = split(&body);
    if ours.is_none() && context.session.is_none() && theirs.len() <= LINK_LIMIT {
        return headers::see_other(&format!("/oidc/logout?{theirs}"));
    }
    let result = logout(&context, theirs.as_bytes(), ours.as_ref()).await;
    context.answer(result).await
}

/// The person's confirmation.
struct Confirmation {
    csrf: String,
}

/// Takes our own fields out of a form, so that the request's parameters are read by the strict reader alone.
fn split(body: &[u8]) -> (Option<Confirmation>, String) {
    let mut theirs = url::form_urlencoded::Serializer::new(String::new());
    let (mut confirmed, mut csrf) = (false, None);
    for (name, value) in url::form_urlencoded::parse(body) {
        match name.as_ref() {
            CONFIRMED => confirmed = value == "yes",
            crate::pages::fields::CSRF => csrf = Some(value.into_owned()),
            _ => {
                theirs.append_pair(&name, &value);
            }
        }
    }
    (
        csrf.filter(|_| confirmed).map(|csrf| Confirmation { csrf }),
        theirs.finish(),
    )
}

async fn logout(
    context: &Context,
    raw: &[u8],
    confirmation: Option<&Confirmation>,
) -> Result<HttpResponse, Problem> {
    let unchecked = match UncheckedLogoutRequest::parse(raw) {
        Ok(unchecked) => unchecked,
        Err(reason) => return Err(invalid(context, &reason, None, None).await),
    };
    let client = match unchecked.client_id() {
        Some(client_id) => super::find(context, client_id).await?,
        None => None,
    };
    let (service, facts): (Option<Service>, Option<ClientFacts>) = client.unzip();
    let name: Option<Localized> = service.as_ref().map(|service| service.name.clone());
    let provider = provider_facts(context);
    let ours = context.signing.keys().ring().jwks();
    let request = match unchecked.check(facts.as_ref(), &ours, &provider) {
        Ok(request) => request,
        Err(reason) => return Err(invalid(context, &reason, service.as_ref(), facts.as_ref()).await),
    };
    // A suspended service's own logout is still heard, and nobody is sent there.
    let end = match &service {
        Some(service) if super::is_active(service) => finish_of(&request, service),
        _ => Finish::Here,
    };
    let Some(session) = account::current(context).await? else {
        return logout::depart(context, Vec::new(), end, true).await;
    };
    let is_about = is_about(context, &request, &session).await?;
    match confirmation {
        Some(confirmation) if !context.form_token_matches(FORM, &confirmation.csrf) => {
            return Err(Problem::ForeignForm);
        }
        None if !is_about => {
            return confirm(context, raw, name, &request);
        }
        _ => {}
    }
    let (ended, asked_by) = (std::slice::from_ref(&session), request.service.as_ref());
    account::end_sessions(context, ended, "rp_initiated_logout", asked_by, true).await?;
    logout::depart(context, vec![session.id], end, true).await
}

/// Whether the hint is of the session in this browser, or of one that it took the place of: then the request came from where the person
/// signed in.
async fn is_about(context: &Context, request: &LogoutRequest, session: &Session) -> Result<bool, Problem> {
    let (Some(hint), Some(service)) = (&request.hint, &request.service) else {
        return Ok(false);
    };
    let Some(named) = hint.session.as_deref() else {
        return Ok(false);
    };
    if named == super::sid(&session.id, service) {
        return Ok(true);
    }
    let participants = sessions::participants_of(&*context.ledger, &session.id).await?;
    Ok(participants
        .iter()
        .any(|known| known.service == *service && named == super::sid(&known.session, service)))
}

fn confirm(
    context: &Context,
    raw: &[u8],
    service_name: Option<Localized>,
    request: &LogoutRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields: Vec<(String, String)> = url::form_urlencoded::parse(raw).into_owned().collect();
    fields.push((CONFIRMED.to_owned(), "yes".to_owned()));
    let mut frame = context.frame();
    frame.languages = frame.languages.filter(|_| context.is_get);
    let page = LogoutConfirmPage {
        frame,
        service_name,
        confirm: context.form(FORM, "/oidc/logout".to_owned()),
        fields,
        stay_url: "/account".to_owned(),
    };
    let targets = match &request.return_to {
        Some(back) => FormTargets::own().and(&back.location()),
        None => FormTargets::own(),
    };
    Ok(headers::page(
        actix_web::http::StatusCode::OK,
        context.render(&page)?,
        &targets,
    ))
}

fn finish_of(request: &LogoutRequest, service: &Service) -> Finish {
    match &request.return_to {
        Some(back) => Finish::Service {
            service: Some(service.id.clone()),
            name: service.name.clone(),
            location: back.location(),
        },
        None => Finish::Here,
    }
}

async fn invalid(
    context: &Context,
    reason: &Reason,
    service: Option<&Service>,
    client: Option<&ClientFacts>,
) -> Problem {
    metrics::counter!("requests_refused_total", "protocol" => "oidc", "reason" => reason.code()).increment(1);
    let step = TraceStep {
        room: "oidc".to_owned(),
        rule: "logout_request_is_valid".to_owned(),
        verdict: Verdict::Failed,
        detail: reason.to_string(),
    };
    let reference = Reference::generate(&*context.entropy);
    let facts = client.map(|client| {
        let registered = client.post_logout_redirect_uris.iter().map(String::as_str);
        Fact::addresses("post_logout_redirect_uris_registered", registered)
    });
    let facts = facts.into_iter().chain(
        context
            .query("post_logout_redirect_uri")
            .map(|given| Fact::address("post_logout_redirect_uri_given", &given)),
    );
    exchanges::logout(
        context,
        service,
        reason,
        facts.collect(),
        &reference,
        context.peer(),
    );
    match refused::keep(context, &reference, None, Refusal::RequestInvalid, vec![step]).await {
        Ok(()) => Problem::RequestInvalid {
            technical_code: format!("oidc.{}", reason.code()),
            reference,
        },
        Err(problem) => problem,
    }
}
