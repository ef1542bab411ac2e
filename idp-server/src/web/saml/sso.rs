//! The single sign-on service (profiles-2.0-os section 4.1.4.1): an `AuthnRequest` comes in and a transaction begins.

use actix_web::{HttpRequest, HttpResponse, web};
use audit::{TraceStep, Verdict};
use domain::{Assurance, Fact, Fal, ProtocolSettings, Reference, Service, ServiceState};
use login::{Ask, Freshness, Interaction, Refusal};
use policy::{
    AuthenticationContext, CertaintyChoice, CertaintyName, Comparison, acceptable_contexts,
    asks_only_for_certainty, choose_certainty,
};
use saml::{Checked, Incoming, ServiceFacts, SignInRequest, Trace};
use store::ServiceProtocol;

use super::{Continuation, idp_facts, reply as saml_reply, sources};
use crate::exchanges::saml::{self as exchanges, RefusedMessage};
use crate::web::context::{Context, with_cookie};
use crate::web::error::Problem;
use crate::web::login::{refused, reply, transactions};
use crate::web::{cookies, headers};

/// Where both bindings are answered.
pub const PATH: &str = "/saml/sso";

/// What a card sign-in is called when the service does not ask for a name.
pub(super) const DEFAULT_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";

/// `GET /saml/sso`: HTTP-Redirect. The signature covers the octets of the query as they were sent.
pub async fn redirect(mut context: Context, request: HttpRequest) -> HttpResponse {
    let result = match saml::binding::redirect::decode(request.query_string()) {
        _ if context.may_begin().is_err() => Err(Problem::TooMany),
        Ok(incoming) => begin(&mut context, &incoming).await,
        Err(reason) => Err(unreadable(&context, &reason).await),
    };
    finish(&context, result).await
}

/// `POST /saml/sso`: HTTP-POST. A cross-site POST brings no cookie, so nothing about the person is decided here: the browser is
/// sent on to a GET.
pub async fn post(mut context: Context, body: web::Bytes) -> HttpResponse {
    let result = match saml::binding::post::decode(&body) {
        _ if context.may_begin().is_err() => Err(Problem::TooMany),
        Ok(incoming) => begin(&mut context, &incoming).await,
        Err(reason) => Err(unreadable(&context, &reason).await),
    };
    context.answer(result).await
}

async fn finish(context: &Context, result: Result<HttpResponse, Problem>) -> HttpResponse {
    let named = result.is_ok();
    let response = context.answer(result).await;
    match &context.browser {
        Some(browser) if named => with_cookie(response, &cookies::browser(browser)),
        _ => response,
    }
}

async fn begin(context: &mut Context, incoming: &Incoming) -> Result<HttpResponse, Problem> {
    let issuer = match incoming.issuer() {
        Ok(issuer) => issuer,
        Err(reason) => return Err(unreadable(context, &reason).await),
    };
    let service = find(context, &issuer).await?;
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(Problem::Fault(
            "a record of another protocol under an entity ID".to_owned(),
        ));
    };
    let facts = ServiceFacts::from_settings(settings)
        .map_err(|reason| Problem::Fault(format!("registered keys of {}: {reason}", service.id)))?;
    match saml::check_authn_request(incoming, &facts, &idp_facts(context), context.now()) {
        Ok((checked, _trace)) => accept(context, incoming, &service, checked).await,
        Err(refused) => {
            let compared = saml::explain::authn_request(incoming, &facts, &idp_facts(context), context.now());
            refuse(context, &service, *refused, compared).await
        }
    }
}

/// A request that broke a rule: told to the service where its reply address holds, else on a page.
async fn refuse(
    context: &Context,
    service: &Service,
    refused: saml::Refused,
    facts: Vec<Fact>,
) -> Result<HttpResponse, Problem> {
    let saml::Refused {
        reason,
        trace,
        reply_to,
    } = refused;
    metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => reason.code()).increment(1);
    let reference = record(context, &trace).await?;
    let status = match (&reply_to, reason.answer()) {
        (Some(_), saml::Answer::Respond(status)) => Some(status),
        _ => None,
    };
    let message = RefusedMessage {
        service,
        word: "authn_request",
        reason: &reason,
        trace: &trace,
        facts,
        status,
        by_soap: false,
    };
    exchanges::note(context, message, &reference, context.peer());
    match (reply_to, status) {
        (Some(reply_to), Some(status)) => {
            saml_reply::respond_failure(context, service, &reply_to, status, Some(&reference)).await
        }
        _ => Err(Problem::RequestInvalid {
            technical_code: format!("saml.{}", reason.code()),
            reference,
        }),
    }
}

/// The registry's word on an entity ID.
pub(super) async fn find(context: &Context, entity_id: &str) -> Result<Service, Problem> {
    let found = context
        .ledger
        .service_by_identifier(ServiceProtocol::Saml, entity_id)
        .await?;
    match found {
        None => Err(Refusal::ServiceUnknown.into()),
        Some(service) => match &service.state {
            ServiceState::Active if sources::stands(context, &service).await? => Ok(service),
            ServiceState::Active | ServiceState::Suspended { .. } => Err(Refusal::ServiceSuspended.into()),
            ServiceState::Removed { .. } => Err(Refusal::ServiceUnknown.into()),
        },
    }
}

async fn accept(
    context: &mut Context,
    incoming: &Incoming,
    service: &Service,
    checked: Checked<SignInRequest>,
) -> Result<HttpResponse, Problem> {
    let Some(chosen) = choose(&checked) else {
        let status = saml::elements::Status::NO_AUTHN_CONTEXT;
        let reference = out_of_reach(context, service, &checked);
        return saml_reply::respond_failure(context, service, &checked.reply_to, status, Some(&reference))
            .await;
    };
    let ask = Ask {
        level: Assurance::LEAST,
        contexts: chosen
            .contexts
            .iter()
            .map(|context| context.name.to_owned())
            .collect(),
        context: chosen.usual_context().to_owned(),
        // Bound to the request by InResponseTo, which the service holds against its own (profiles-2.0-os section 4.1.4.5).
        fal: Fal::Two,
        certainty: chosen.certainty.map(|name| name.certainty),
        freshness: Freshness {
            force: checked.force_authn,
            max_age_seconds: None,
        },
        interaction: if checked.is_passive {
            Interaction::Forbidden
        } else {
            Interaction::Allowed
        },
        expected: login::Expected::Anybody,
        withheld: saml::release::withheld(&service.released_attributes, checked.attributes.as_deref()),
        always_consent: false,
    };
    let continuation = reply::Continuation::Saml(Continuation {
        reply_to: checked.reply_to.clone(),
        acs_url: checked.reply_to.location().to_owned(),
        name_id_format: checked.name_id_format,
        allow_create: checked.allow_create,
        replay_until: checked.replay_until,
    });
    if incoming.binding() == domain::SamlBinding::HttpRedirect {
        let _ = context.name_browser();
    } else {
        context.browser = None;
    }
    let transaction = transactions::begin(context, &service.id, ask, continuation.to_text()?).await?;
    Ok(headers::see_other(&format!("/sign-in/{}", transaction.id)))
}

/// Notes that nothing here is what the service asks for.
fn out_of_reach(context: &Context, service: &Service, checked: &SignInRequest) -> Reference {
    let reference = Reference::generate(&*context.entropy);
    let asked = checked.requested_authn_context.as_ref();
    let asked = asked.map_or(&[][..], |asked| asked.classes.as_slice());
    exchanges::out_of_reach(
        context,
        service,
        (asked, checked.signed),
        &reference,
        context.peer(),
    );
    reference
}

/// What a request for contexts comes to: contexts of which one must be true, a certainty beside them, or one of the two alone.
#[derive(Default)]
struct Chosen {
    contexts: Vec<&'static AuthenticationContext>,
    certainty: Option<CertaintyName>,
}

impl Chosen {
    /// The name to return where no context is demanded. Whoever names a certainty alone is answered by that name, since the answer must be what was asked for
    /// (core-2.0-os section 3.3.2.2.1).
    fn usual_context(&self) -> &'static str {
        self.certainty.map_or(DEFAULT_CONTEXT, |certainty| certainty.name)
    }
}

/// `None`: nothing that we have is what the service asks for.
fn choose(checked: &SignInRequest) -> Option<Chosen> {
    let Some(requested) = &checked.requested_authn_context else {
        return Some(Chosen::default());
    };
    // Short names are other protocols' (core-2.0-os section 1.3.2: absolute URIs alone).
    let classes = requested.classes.iter().map(String::as_str);
    let names: Vec<&str> = classes.filter(|name| policy::is_uri(name)).collect();
    let comparison = match requested.comparison {
        saml::elements::Comparison::Exact => Comparison::Exact,
        saml::elements::Comparison::Minimum => Comparison::Minimum,
        saml::elements::Comparison::Maximum => Comparison::Maximum,
        saml::elements::Comparison::Better => Comparison::Better,
    };
    let certainty = match choose_certainty(&names, comparison) {
        CertaintyChoice::NotAsked => None,
        CertaintyChoice::Asked(name) => Some(name),
        CertaintyChoice::Unreachable => return None,
    };
    let contexts = acceptable_contexts(&names, comparison);
    if contexts.is_empty() && !asks_only_for_certainty(&names) {
        return None;
    }
    Some(Chosen { contexts, certainty })
}

/// A message that is none: refused before anybody is known.
pub(super) async fn unreadable(context: &Context, reason: &saml::Reason) -> Problem {
    metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => reason.code()).increment(1);
    let step = TraceStep {
        room: "saml".to_owned(),
        rule: "message_can_be_read".to_owned(),
        verdict: Verdict::Failed,
        detail: reason.to_string(),
    };
    match keep(context, vec![step]).await {
        Ok(reference) => Problem::RequestInvalid {
            technical_code: format!("saml.{}", reason.code()),
            reference,
        },
        Err(problem) => problem,
    }
}

pub(super) async fn record(context: &Context, trace: &Trace) -> Result<Reference, Problem> {
    let steps = trace.rows().iter().map(|row| {
        let (verdict, detail) = match &row.verdict {
            saml::Verdict::Passed => (Verdict::Passed, String::new()),
            saml::Verdict::Failed { reason } => (Verdict::Failed, reason.to_string()),
            _ => (Verdict::NotRun, String::new()),
        };
        TraceStep {
            room: "saml".to_owned(),
            rule: row.rule.to_owned(),
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
