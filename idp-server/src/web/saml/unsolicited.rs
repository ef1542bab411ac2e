//! Sign-ins that begin here (profiles-2.0-os section 4.1.5): a link of ours or of a portal leads to a service that is registered
//! for it.

use actix_web::{HttpResponse, web};
use domain::{Assurance, Fal, ProtocolSettings, Service};
use login::{Ask, Freshness, Interaction};
use saml::ServiceFacts;
use serde::Deserialize;

use super::{Continuation, sso};
use crate::exchanges;
use crate::web::context::{Context, with_cookie};
use crate::web::error::Problem;
use crate::web::login::{reply, transactions};
use crate::web::{cookies, headers};

/// Where they begin.
pub const PATH: &str = "/saml/unsolicited";

/// The query.
#[derive(Deserialize)]
pub struct UnsolicitedQuery {
    /// The service's `entityID`.
    service: String,
    /// Becomes `RelayState`.
    target: Option<String>,
}

/// `GET /saml/unsolicited?service=…&target=…`.
pub async fn get(mut context: Context, query: web::Query<UnsolicitedQuery>) -> HttpResponse {
    let result = match context.may_begin() {
        Err(_) => Err(Problem::TooMany),
        Ok(()) => begin(&mut context, &query).await,
    };
    let named = result.is_ok();
    let response = context.answer(result).await;
    match &context.browser {
        Some(browser) if named => with_cookie(response, &cookies::browser(browser)),
        _ => response,
    }
}

async fn begin(context: &mut Context, query: &UnsolicitedQuery) -> Result<HttpResponse, Problem> {
    let service = sso::find(context, &query.service).await?;
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(Problem::Fault(
            "a record of another protocol under an entity ID".to_owned(),
        ));
    };
    let facts = ServiceFacts::from_settings(settings)?;
    let reply_to = match saml::begin_unsolicited(&facts, query.target.as_deref()) {
        Ok(reply_to) => reply_to,
        Err(reason) => return Err(refused(context, &service, &reason).await),
    };
    let attributes = facts.default_attribute_service().map(|set| {
        set.attributes
            .iter()
            .map(|one| one.name.clone())
            .collect::<Vec<_>>()
    });
    let ask = Ask {
        level: Assurance::LEAST,
        contexts: Vec::new(),
        context: sso::DEFAULT_CONTEXT.to_owned(),
        // Nothing binds it to a request: a bearer's.
        fal: Fal::One,
        certainty: None,
        freshness: Freshness::default(),
        interaction: Interaction::Allowed,
        expected: login::Expected::Anybody,
        withheld: saml::release::withheld(&service.released_attributes, attributes.as_deref()),
        always_consent: false,
    };
    let continuation = reply::Continuation::Saml(Continuation {
        acs_url: reply_to.location().to_owned(),
        reply_to,
        name_id_format: facts
            .name_id_formats
            .first()
            .copied()
            .unwrap_or(domain::NameIdFormat::Persistent),
        allow_create: true,
        replay_until: context.now(),
    });
    let _ = context.name_browser();
    let transaction = transactions::begin(context, &service.id, ask, continuation.to_text()?).await?;
    Ok(headers::see_other(&format!("/sign-in/{}", transaction.id)))
}

/// A link that leads nowhere, with a reference that the service's developer opens.
async fn refused(context: &Context, service: &Service, reason: &saml::Reason) -> Problem {
    let problem = sso::unreadable(context, reason).await;
    if let Problem::RequestInvalid { reference, .. } = &problem {
        exchanges::saml::note_unsolicited(context, (service, context.peer()), reason, reference);
    }
    problem
}
