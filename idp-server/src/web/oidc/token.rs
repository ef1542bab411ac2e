//! The token endpoint (OpenID Connect Core 1.0 section 3.1.3, RFC 6749 section 3.2): who asks, with which keys, and for what; each
//! grant has a file of its own (`redeem.rs`, `refresh.rs`, `device_authorization/grant.rs`).

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::{Service, ServiceId};
use oidc::device_authorization::DeviceFault;
use oidc::dpop::ProvenKey;
use oidc::explain::Endpoint;
use oidc::grants::refresh_token::{Presented, RefreshFault};
use oidc::{
    AuthenticatedClient, ClientFacts, GrantRequest, OpaqueSecret, Reason, Reply, Sender,
    UncheckedTokenRequest, sender,
};
use store::{Batch, CommitOutcome, SingleUseKind, Write};

use super::{
    answer, connection, device_authorization, dpop, fault, provider_facts, redeem, refresh, standing,
};
use crate::app::App;
use crate::exchanges::oidc as exchanges;
use crate::jobs::client_keys;
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

/// Whether a body is what a browser's form sends (RFC 6749 appendix B), as its sender says.
fn is_form(request: &HttpRequest) -> bool {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| {
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// `POST /oidc/token`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let response = match exchange(&app, &request, &body).await {
        Ok(reply) => answer(&reply),
        Err(NoToken::Refused(reason)) => {
            metrics::counter!("token_requests_refused_total", "reason" => reason.code()).increment(1);
            let reply = Reply::token_error(&reason, app.config.front.origin.as_str());
            exchanges::refused(&app, Endpoint::Token, &request, &body, &reason, reply).await
        }
        Err(NoToken::Broken(problem)) => fault(&problem),
    };
    dpop::with_nonce(&app, &request, response)
}

/// How often a client whose record changed under its request is looked at again.
const RACES: u32 = 4;

/// What a client wants of its grant, and which keys the sender proved.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// For which resource.
    pub resource: Option<&'a str>,
    /// What of the details that were agreed to.
    pub details: Option<&'a str>,
    /// To which keys the tokens are bound.
    pub sender: Sender<'a>,
}

/// A client that proved who it is.
pub struct Authenticated {
    /// Its record.
    pub service: Service,
    /// What rules know of it.
    pub facts: ClientFacts,
    /// The proof.
    pub client: AuthenticatedClient,
    /// What its proof of possession spends, in the batch of what is issued.
    pub spends: Option<Write>,
}

/// Left with a request whose client proved who it is: what goes wrong behind it is told to that client.
#[derive(Clone, Debug)]
pub struct ProvenClient(pub ServiceId);

/// Authenticates the client of a request to the token endpoint or one beside it.
pub async fn authenticate(
    app: &App,
    request: &HttpRequest,
    unchecked: &UncheckedTokenRequest,
) -> Result<Authenticated, NoToken> {
    let found = super::find(app, unchecked.client_id()).await?;
    let Some((service, facts)) = found.filter(|(service, _)| super::is_active(service)) else {
        return Err(stranger(app, request, Reason::UnknownClient));
    };
    let client = match connection::authenticate(app, request, unchecked, &facts, &provider_facts(app)) {
        Ok(client) => client,
        Err(reason) => {
            let refused = stranger(app, request, reason);
            // Whoever is slowed down makes nobody look.
            if let NoToken::Refused(reason) = &refused {
                client_keys::look_early(app, &service, reason);
            }
            return Err(refused);
        }
    };
    spend_assertion(app, &client).await?;
    request.extensions_mut().insert(ProvenClient(service.id.clone()));
    Ok(Authenticated {
        service,
        facts,
        client,
        spends: None,
    })
}

/// Nobody vouches for whoever was refused: slowed down by address.
pub fn stranger(app: &App, request: &HttpRequest, reason: Reason) -> NoToken {
    let peer = request.peer_addr();
    if peer.is_none_or(|peer| app.machine_limit.admits(peer.ip())) {
        NoToken::Refused(reason)
    } else {
        metrics::counter!("strangers_slowed_down_total").increment(1);
        NoToken::Broken(Problem::TooMany)
    }
}

/// The `Authorization` header of a form: no other body is read (RFC 6749 sections 2.3.1 and 3.2), nor a second credential (section 2.3).
pub(in crate::web::oidc) fn credential(request: &HttpRequest) -> Result<Option<&str>, Reason> {
    if !is_form(request) {
        return Err(Reason::ParameterMalformed("content-type"));
    }
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let authorization = headers.next().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    if headers.next().is_some() {
        return Err(Reason::SeveralClientAuthentications);
    }
    Ok(authorization)
}

/// Reads the body and the `Authorization` header.
pub fn read(request: &HttpRequest, body: &[u8]) -> Result<UncheckedTokenRequest, NoToken> {
    Ok(UncheckedTokenRequest::parse(body, credential(request)?)?)
}

async fn exchange(app: &App, request: &HttpRequest, body: &[u8]) -> Result<Reply, NoToken> {
    let unchecked = read(request, body)?;
    let mut by = authenticate(app, request, &unchecked).await?;
    // Whoever calls itself by the name of a public client shows something that we know, before its proof is looked at.
    if by.client.is_public() && dpop::is_shown(request) {
        known(app, &unchecked.grant()?)
            .await?
            .map_err(|reason| stranger(app, request, reason))?;
    }
    let provider = provider_facts(app);
    let address = connection::address(request, &provider, &provider.token_endpoint);
    let proven = dpop::prove(app, request, &address, None)?;
    by.spends = proven.as_ref().map(dpop::spending);
    let mut issued = granted(app, request, &unchecked, &by, proven.as_ref()).await;
    for _ in 0..RACES {
        if !matches!(issued, Ok(None)) {
            break;
        }
        look_again(app, request, &unchecked, &mut by).await?;
        issued = granted(app, request, &unchecked, &by, proven.as_ref()).await;
    }
    let issued = issued.and_then(|reply| {
        reply.ok_or_else(|| Problem::Fault("a client's record kept changing".to_owned()).into())
    });
    match issued {
        // A device that waits for its person is no stranger.
        Err(NoToken::Refused(Reason::Device(fault @ (DeviceFault::Pending | DeviceFault::TooOften)))) => {
            Err(Reason::Device(fault).into())
        }
        Err(NoToken::Refused(reason)) if by.client.is_public() => Err(stranger(app, request, reason)),
        other => other,
    }
}

/// What the grant is good for; `None`: the client's record changed meanwhile, and nothing was issued or spent.
async fn granted(
    app: &App,
    request: &HttpRequest,
    unchecked: &UncheckedTokenRequest,
    by: &Authenticated,
    proven: Option<&ProvenKey>,
) -> Result<Option<Reply>, NoToken> {
    let certificate = ClientCertificate::of(request);
    let wanted = Wanted {
        resource: unchecked.resource(),
        details: unchecked.authorization_details(),
        sender: sender::constrain(&sender::Ask {
            client: &by.facts,
            proven,
            certificate: certificate.as_ref().map(ClientCertificate::confirmation),
        })?,
    };
    match unchecked.grant()? {
        GrantRequest::AuthorizationCode(asked) => redeem::code(app, by, &asked, wanted).await,
        GrantRequest::DeviceCode(asked) => device_authorization::grant::token(app, by, &asked, wanted).await,
        GrantRequest::RefreshToken(asked) => refresh::token(app, by, asked, wanted).await,
        _ => Err(Reason::GrantTypeUnsupported.into()),
    }
}

/// The same credential, held against what is registered now. Its one use was spent when it was held against what was registered then.
async fn look_again(
    app: &App,
    request: &HttpRequest,
    unchecked: &UncheckedTokenRequest,
    by: &mut Authenticated,
) -> Result<(), NoToken> {
    let found = super::find(app, unchecked.client_id()).await?;
    let Some((service, facts)) = found.filter(|(service, _)| super::is_active(service)) else {
        return Err(Reason::UnknownClient.into());
    };
    by.client = connection::authenticate(app, request, unchecked, &facts, &provider_facts(app))?;
    (by.service, by.facts) = (service, facts);
    metrics::counter!("token_requests_overtaken_total").increment(1);
    Ok(())
}

/// Whether what is shown was ever issued.
async fn known(app: &App, asked: &GrantRequest<'_>) -> Result<Result<(), Reason>, NoToken> {
    Ok(match asked {
        GrantRequest::AuthorizationCode(asked) => app
            .ledger
            .grant_by_code(&OpaqueSecret::hash_of(asked.code))
            .await?
            .map(drop)
            .ok_or(Reason::CodeUnknown),
        GrantRequest::RefreshToken(asked) => {
            let unknown = Reason::Refresh(RefreshFault::Unknown);
            match Presented::parse(asked.refresh_token) {
                None => Err(unknown),
                Some(presented) => standing::family(app, &presented.grant)
                    .await?
                    .filter(|family| presented.is_of(&family.value))
                    .map(drop)
                    .ok_or(unknown),
            }
        }
        GrantRequest::DeviceCode(asked) => {
            device_authorization::grant::known(app, &OpaqueSecret::hash_of(asked.device_code)).await?
        }
        _ => Ok(()),
    })
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
