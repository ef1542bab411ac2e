//! The token endpoint (OpenID Connect Core 1.0 section 3.1.3, RFC 6749 section 3.2): who asks, with which keys, and for what; each
//! grant has a file of its own (`redeem.rs`, `refresh.rs`, `device_authorization/grant.rs`).

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Service;
use oidc::{AuthenticatedClient, ClientFacts, GrantRequest, Reason, Reply, UncheckedTokenRequest, sender};
use store::{Batch, CommitOutcome, SingleUseKind, Write};

use super::{answer, connection, device_authorization, dpop, fault, provider_facts, redeem, refresh};
use crate::app::App;
use crate::listeners::mutual_tls::ClientCertificate;
use crate::web::error::Problem;

/// Why there is no token: the client's reason, or a fault of ours.
pub enum NoToken {
    /// Told to the client.
    Refused(Reason),
    /// Logged, told as `server_error`.
    Broken(Problem),
}

impl From<Reason> for NoToken {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Problem> for NoToken {
    fn from(problem: Problem) -> Self {
        Self::Broken(problem)
    }
}

impl From<store::StoreFault> for NoToken {
    fn from(fault: store::StoreFault) -> Self {
        Self::Broken(fault.into())
    }
}

impl From<crate::signing::SigningFault> for NoToken {
    fn from(fault: crate::signing::SigningFault) -> Self {
        Self::Broken(fault.into())
    }
}

/// `POST /oidc/token`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let response = match exchange(&app, &request, &body).await {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("token_requests_refused_total", "reason" => reason.code()).increment(1);
            answer(&Reply::token_error(&reason, app.config.front.origin.as_str()))
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    };
    dpop::with_nonce(&app, &request, response)
}

/// A client that proved who it is.
pub struct Authenticated {
    /// Its record.
    pub service: Service,
    /// What rules know of it.
    pub facts: ClientFacts,
    /// The proof.
    pub client: AuthenticatedClient,
}

/// Authenticates the client of a request to the token endpoint or one beside it.
pub async fn authenticate(
    app: &App,
    request: &HttpRequest,
    unchecked: &UncheckedTokenRequest,
) -> Result<Authenticated, NoToken> {
    let Some((service, facts)) = super::find(app, unchecked.client_id()).await? else {
        return Err(Reason::UnknownClient.into());
    };
    if !super::is_active(&service) {
        return Err(Reason::UnknownClient.into());
    }
    let client = connection::authenticate(app, request, unchecked, &facts, &provider_facts(app))?;
    spend_assertion(app, &client).await?;
    Ok(Authenticated {
        service,
        facts,
        client,
    })
}

/// Reads the body and the `Authorization` header.
pub fn read(request: &HttpRequest, body: &[u8]) -> Result<UncheckedTokenRequest, NoToken> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let authorization = headers.next().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    Ok(UncheckedTokenRequest::parse(body, authorization)?)
}

async fn exchange(app: &App, request: &HttpRequest, body: &[u8]) -> Result<Reply, NoToken> {
    let unchecked = read(request, body)?;
    let by = authenticate(app, request, &unchecked).await?;
    let provider = provider_facts(app);
    let address = connection::address(request, &provider, &provider.token_endpoint);
    let proven = dpop::prove(app, request, &address, None).await?;
    let certificate = ClientCertificate::of(request);
    let sender = sender::constrain(&sender::Ask {
        client: &by.facts,
        proven: proven.as_ref(),
        certificate: certificate.as_ref().map(ClientCertificate::confirmation),
    })?;
    match unchecked.grant()? {
        GrantRequest::AuthorizationCode(asked) => {
            redeem::code(app, &by, asked, unchecked.resource(), sender).await
        }
        GrantRequest::DeviceCode(asked) => {
            device_authorization::grant::token(app, &by, asked, unchecked.resource(), sender).await
        }
        GrantRequest::RefreshToken(asked) => {
            refresh::token(app, &by, asked, unchecked.resource(), sender).await
        }
        _ => Err(Reason::GrantTypeUnsupported.into()),
    }
}

/// A client assertion is used once (RFC 7523 section 3, `jti`).
pub(super) async fn spend_assertion(app: &App, client: &AuthenticatedClient) -> Result<(), NoToken> {
    let Some(spent) = client.spent() else {
        return Ok(());
    };
    let batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::ClientAssertion,
        key: format!("{}:{}", client.service(), spent.key.0),
        expires_at: spent.until,
    });
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => Err(Reason::AssertionReplayed.into()),
    }
}
