//! The pushed authorization request endpoint (RFC 9126): a client that authenticated itself leaves its request here, and gets the name under
//! which a browser may bring it, once.
//!
//! The request passes the same rules as at the authorization endpoint, now and again when it is brought: what was registered then may be
//! suspended since.

use actix_web::{HttpRequest, HttpResponse, web};
use oidc::explain::Endpoint;
use oidc::{
    ClientMethod, Envelope, MAX_PUSHED_BYTES, OpaqueSecret, Reason, Reply, UncheckedAuthorizationRequest,
    UncheckedTokenRequest,
};
use serde_json::json;
use store::{Batch, CommitOutcome, SingleUseKind, Write};

use super::envelope::{Pushed, key};
use super::token::{self, NoToken};
use super::{answer, connection, dpop, fault, provider_facts};
use crate::app::App;
use crate::exchanges::oidc as exchanges;
use crate::jobs::client_keys;
use crate::web::context::Context;
use crate::web::error::Problem;

/// `POST /oidc/par`.
pub async fn post(context: Context, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let app = context.app();
    let pushed = if body.len() > MAX_PUSHED_BYTES {
        Err(Reason::RequestTooLong {
            limit: MAX_PUSHED_BYTES,
        }
        .into())
    } else {
        push(&context, &request, &body).await
    };
    let response = match pushed {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("pushed_requests_refused_total", "reason" => reason.code()).increment(1);
            let reply = Reply::push_error(&reason, app.config.front.origin.as_str());
            exchanges::refused(app, Endpoint::PushedRequest, &request, &body, &reason, reply).await
        }
        Err(NoToken::Broken(Problem::TooMany)) => answer(&Reply::slow_down()),
        Err(NoToken::Broken(problem)) => fault(&problem),
    };
    dpop::with_nonce(app, &request, response)
}

async fn push(context: &Context, request: &HttpRequest, body: &[u8]) -> Result<Reply, NoToken> {
    let app: &App = context.app();
    let (now, provider) = (app.clock.now(), provider_facts(app));
    let credentials = UncheckedTokenRequest::parse_pushed(body, token::credential(request)?)?;
    let by = token::authenticate(app, request, &credentials).await?;
    if by.facts.method == ClientMethod::None {
        // Nobody vouches for whoever pushes in the name of a public client.
        context.may_begin()?;
    }
    let token::Authenticated {
        service,
        facts,
        client,
        ..
    } = by;
    let address = connection::address(
        request,
        &provider,
        &provider.pushed_authorization_request_endpoint,
    );
    let proven = dpop::prove(app, request, &address, None)?;
    oidc::sender::proof_fits(&facts, proven.as_ref())?;
    let beside = UncheckedAuthorizationRequest::parse_pushed(body, &client)?;
    let object = match beside.envelope()? {
        Envelope::Object(object) => Some(object.to_owned()),
        _ => None,
    };
    let mut request = match object {
        None => beside,
        Some(object) => {
            let opened = oidc::open_request_object(&object, &beside, &facts, &provider, now);
            let (request, spent) = opened.outcome.inspect_err(|reason| {
                client_keys::look_early(app, &service, reason);
            })?;
            if let Some(spent) = spent {
                let batch = Batch::new().write(Write::InsertSingleUse {
                    kind: SingleUseKind::RequestObject,
                    key: format!("{}:{}", service.id, spent.key.0),
                    expires_at: spent.until,
                });
                if app.ledger.commit(batch).await? != CommitOutcome::Committed {
                    return Err(Reason::RequestObjectReplayed.into());
                }
            }
            request
        }
    };
    if let Some(proven) = &proven {
        // The code is bound to the key of the proof (RFC 9449 section 10.1).
        request.bind_to(proven.jkt())?;
    }
    oidc::check(&request, &facts, &provider).outcome?;
    if let Some(proven) = &proven {
        dpop::spend(app, proven).await?;
    }
    let stored = request
        .to_stored()
        .map_err(|error| Problem::Fault(error.to_string()))?;
    let pushed = Pushed {
        service: service.id.to_string(),
        request: stored,
    };
    let bytes = serde_json::to_vec(&pushed).map_err(|error| Problem::Fault(error.to_string()))?;
    let secret = OpaqueSecret::generate(&*app.entropy);
    let life = provider.pushed_request_lifetime_seconds;
    app.ephemera
        .put(&key(secret.reveal()), bytes, now, now.plus_seconds(life))
        .await?;
    metrics::counter!("requests_pushed_total").increment(1);
    Ok(Reply::pushed(&json!({
        "request_uri": UncheckedAuthorizationRequest::pushed_uri(&secret),
        "expires_in": life,
    })))
}
