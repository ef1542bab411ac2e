//! The device authorization endpoint (RFC 8628 sections 3.1 and 3.2): a client that authenticated itself, as far as it can, asks for a device.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::GrantTerms;
use oidc::device_authorization::{self as rules, Numbers, Stage};
use oidc::dpop::ProvenKey;
use oidc::explain::Endpoint;
use oidc::{ClientMethod, OpaqueSecret, Reason, Reply, UncheckedAuthorizationRequest};

use super::{Wanted, held};
use crate::exchanges::oidc as exchanges;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::oidc::token::{self, NoToken};
use crate::web::oidc::{answer, authorize, connection, demand, dpop, fault, provider_facts};

/// `POST /oidc/device_authorization`.
pub async fn post(context: Context, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let response = match ask(&context, &request, &body).await {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("device_authorizations_refused_total", "reason" => reason.code()).increment(1);
            let reply = Reply::token_error(&reason, context.config.front.origin.as_str());
            let endpoint = Endpoint::DeviceAuthorization;
            exchanges::refused(&context, endpoint, &request, &body, &reason, reply).await
        }
        Err(NoToken::Broken(Problem::TooMany)) => answer(&Reply::slow_down()),
        Err(NoToken::Broken(problem)) => fault(&problem),
    };
    dpop::with_nonce(&context, &request, response)
}

async fn ask(context: &Context, request: &HttpRequest, body: &[u8]) -> Result<Reply, NoToken> {
    let credentials = token::read(request, body)?;
    let by = token::authenticate(context, request, &credentials).await?;
    if by.facts.method == ClientMethod::None {
        // Nobody vouches for whoever asks in the name of a public client.
        context.may_begin()?;
    }
    let (now, provider) = (context.now(), provider_facts(context));
    let unchecked = UncheckedAuthorizationRequest::parse_pushed(body, &by.client)?;
    let (_, checked) = rules::check(&unchecked, &by.facts, &provider);
    let checked = checked?;
    let wanted = checked.wanted();
    let address = connection::address(request, &provider, &provider.device_authorization_endpoint);
    let proven = dpop::prove(context, request, &address, None)?;
    oidc::sender::proof_fits(&by.facts, proven.as_ref())?;
    let terms = bound(demand::terms(&wanted, &by.service), proven.as_ref())?;
    if let Some(proven) = &proven {
        dpop::spend(context, proven).await?;
    }
    let expected = authorize::expected(context, &by.service.sector, None, wanted.claims).await?;
    let device_code = OpaqueSecret::generate(&*context.entropy);
    let asked = held::Asked {
        service: by.service.id.clone(),
        asked_at: now,
        expires_at: now.plus_seconds(provider.device_code_lifetime_seconds),
        numbers: Numbers::generate(&*context.entropy),
        wanted: Wanted {
            ask: demand::ask(&wanted, expected, &by.service, &provider.userinfo_endpoint)?,
            scope: demand::granted(&wanted, &by.service).join(" "),
            auth_time_required: wanted.claims.auth_time_is_essential,
            terms,
        },
        stage: Stage::Waiting,
    };
    held::save(context, &device_code.hash(), &asked).await?;
    let user_code = held::name(context, &device_code.hash(), &asked).await?;
    metrics::counter!("device_authorizations_total").increment(1);
    Ok(rules::reply(&device_code, &user_code, &asked.numbers, &provider))
}

/// A proof that comes with the request binds the code to its key, as at the pushed authorization request endpoint (RFC 9449 section 10.1).
fn bound(mut terms: GrantTerms, proven: Option<&ProvenKey>) -> Result<GrantTerms, Reason> {
    if let Some(proven) = proven {
        if terms
            .dpop_jkt
            .as_deref()
            .is_some_and(|named| named != proven.jkt())
        {
            return Err(Reason::ParameterMalformed("dpop_jkt"));
        }
        terms.dpop_jkt = Some(proven.jkt().to_owned());
    }
    Ok(terms)
}
