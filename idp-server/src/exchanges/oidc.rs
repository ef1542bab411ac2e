//! What is noted of OpenID Connect: requests through the browser, and those of clients.

use std::net::IpAddr;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use domain::{Fact, GrantTerms, Reference, Service, ServiceId};
use oidc::dpop::DpopFault;
use oidc::explain::{self, Endpoint, stages};
use oidc::{
    ClientFacts, ClientMethod, ErrorCode, GrantRequest, OpaqueSecret, Reason, Reply, Trace,
    UncheckedAuthorizationRequest, UncheckedTokenRequest, Verdict,
};
use store::RecordKind;

use super::{Exchange, Judged, JudgedRule, referenced, with_reference};
use crate::app::App;
use crate::listeners::mutual_tls::ClientCertificate;
use crate::web::oidc::token::ProvenClient;
use crate::web::oidc::{answer, connection, dpop, facts as facts_of, find, provider_facts, standing};

/// The lines of a trace as they are kept.
fn rules(trace: &Trace) -> Vec<JudgedRule> {
    let line = |line: &oidc::TraceLine| {
        let verdict = match line.verdict {
            Verdict::Passed => Judged::Passed,
            Verdict::Refused { .. } => Judged::Refused,
            Verdict::NotReached => Judged::NotReached,
        };
        JudgedRule::new(&line.rule, &line.cites, verdict)
    };
    trace.lines.iter().map(line).collect()
}

fn exchange(app: &App, reference: Reference, word: &str, reason: &Reason, trace: &Trace) -> Exchange {
    Exchange {
        reference,
        at: app.clock.now(),
        service: None,
        protocol: "oidc".to_owned(),
        exchange: word.to_owned(),
        proven: false,
        reason: reason.code().to_owned(),
        detail: reason.to_string(),
        answered: Some(reason.error_code().as_str().to_owned()),
        rules: rules(trace),
    }
}

/// An authorization request that was refused, under the reference of its page.
pub fn authorization(
    app: &App,
    (service, client): (&Service, &ClientFacts),
    request: Option<&UncheckedAuthorizationRequest>,
    (reason, trace): (&Reason, &Trace),
    reference: &Reference,
    peer: Option<IpAddr>,
) {
    let provider = provider_facts(app);
    let facts = request.map_or_else(Vec::new, |request| {
        explain::authorization(request, client, &provider, reason, app.clock.now())
    });
    let noted = Exchange {
        service: Some(service.id.clone()),
        ..exchange(app, reference.clone(), "authorization", reason, trace)
    };
    app.note(noted.with_facts(facts), peer);
}

/// A logout request that was refused, under the reference of its page.
pub fn logout(
    app: &App,
    service: Option<&Service>,
    reason: &Reason,
    facts: Vec<Fact>,
    reference: &Reference,
    peer: Option<IpAddr>,
) {
    let trace = stages(Endpoint::Logout, reason);
    let noted = Exchange {
        service: service.map(|service| service.id.clone()),
        answered: Some("page".to_owned()),
        ..exchange(app, reference.clone(), Endpoint::Logout.as_str(), reason, &trace)
    };
    app.note(noted.with_facts(facts), peer);
}

/// A registration, or a change of one, that was refused (RFC 7591 section 3.2.2; RFC 7592). `client` has shown the token of its own
/// registration.
pub fn registration(
    app: &App,
    client: Option<&ServiceId>,
    (reason, detail, rule, cites): (&str, String, &str, &str),
    peer: Option<IpAddr>,
) -> Option<Reference> {
    let noted = Exchange {
        reference: Reference::generate(&*app.entropy),
        at: app.clock.now(),
        service: client.cloned(),
        protocol: "oidc".to_owned(),
        exchange: "registration".to_owned(),
        proven: client.is_some(),
        reason: reason.to_owned(),
        detail,
        answered: Some(reason.to_owned()),
        rules: vec![JudgedRule::new(rule, cites, Judged::Refused)],
    };
    app.note(noted, peer)
}

/// Answers a client whose request was refused, with a reference to what was wrong in header and description.
pub async fn refused(
    app: &App,
    endpoint: Endpoint,
    request: &HttpRequest,
    body: &[u8],
    reason: &Reason,
    reply: Reply,
) -> HttpResponse {
    // Without a nonce is how a client asks for one (RFC 9449 section 8), and a device asks until the person is done (RFC 8628 section
    // 3.5): nothing went wrong.
    let asks = (*reason == Reason::Dpop(DpopFault::Nonce) && !dpop::brings_nonce(request))
        || matches!(
            reason.error_code(),
            ErrorCode::AuthorizationPending | ErrorCode::SlowDown
        );
    let reference = if asks {
        None
    } else {
        note(app, endpoint, request, body, reason).await
    };
    let reply = match &reference {
        Some(reference) => reply.described(|text| with_reference(text, Some(reference))),
        None => reply,
    };
    referenced(answer(&reply), reference.as_ref())
}

async fn note(
    app: &App,
    endpoint: Endpoint,
    request: &HttpRequest,
    body: &[u8],
    reason: &Reason,
) -> Option<Reference> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let trace = stages(endpoint, reason);
    let mut noted = exchange(
        app,
        Reference::generate(&*app.entropy),
        endpoint.as_str(),
        reason,
        &trace,
    );
    let facts = if endpoint == Endpoint::UserInfo {
        of_access_token(app, request, &mut noted).await
    } else {
        of_client(app, (endpoint, reason), request, body, &mut noted).await
    };
    app.note(noted.with_facts(facts), peer)
}

fn authorization_header(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    headers.next().map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// Which client, whether it had proven itself, and what it is to be told.
async fn of_client(
    app: &App,
    (endpoint, reason): (Endpoint, &Reason),
    request: &HttpRequest,
    body: &[u8],
    noted: &mut Exchange,
) -> Vec<Fact> {
    let authorization = authorization_header(request);
    let Ok(unchecked) = UncheckedTokenRequest::parse(body, authorization) else {
        // What cannot be read proves nothing, and still is the business of whom it names.
        if let Some(named) = UncheckedTokenRequest::client_named_in(body, authorization)
            && let Ok(Some((service, _))) = find(app, &named).await
        {
            noted.service = Some(service.id);
        }
        return Vec::new();
    };
    let Ok(Some((service, client))) = find(app, unchecked.client_id()).await else {
        return Vec::new();
    };
    noted.service = Some(service.id.clone());
    // What the endpoint saw, not what may be concluded from the reason.
    let proven = request.extensions().get::<ProvenClient>().cloned();
    let authenticated = proven.is_some_and(|proven| proven.0 == service.id);
    noted.proven = authenticated && client.method != ClientMethod::None;
    let (provider, now) = (provider_facts(app), app.clock.now());
    if !authenticated {
        let mut facts = explain::client_credential(&unchecked, &client, &provider, now);
        let certificate = ClientCertificate::of(request);
        let shown = certificate.as_ref().map(ClientCertificate::confirmation);
        facts.extend(shown.map(|thumbprint| Fact::text("certificate_given_thumbprint", thumbprint)));
        return facts;
    }
    if endpoint == Endpoint::PushedRequest {
        let pushed = UncheckedAuthorizationRequest::parse(body).ok();
        return pushed.map_or_else(Vec::new, |pushed| {
            explain::authorization(&pushed, &client, &provider, reason, now)
        });
    }
    if endpoint != Endpoint::Token {
        return Vec::new();
    }
    let address = connection::address(request, &provider, &provider.token_endpoint);
    let mut facts = dpop::facts(app, request, &address, None);
    facts.extend(of_grant(app, &service, &unchecked, reason, request).await);
    facts
}

/// The grant that the client asks with, if it is one of its own.
async fn of_grant(
    app: &App,
    service: &Service,
    unchecked: &UncheckedTokenRequest,
    reason: &Reason,
    request: &HttpRequest,
) -> Vec<Fact> {
    let Ok(GrantRequest::AuthorizationCode(asked)) = unchecked.grant() else {
        return Vec::new();
    };
    let found = app.ledger.grant_by_code(&OpaqueSecret::hash_of(asked.code)).await;
    let Some(grant) = found.ok().flatten().filter(|grant| grant.service == service.id) else {
        return vec![Fact::flag("code_is_one_of_this_client", false)];
    };
    let mut facts = explain::code(&grant, &asked, app.clock.now());
    if matches!(reason, Reason::Dpop(_)) {
        let record = app.ledger.record(RecordKind::GrantTerms, grant.id.as_str()).await;
        let terms: Option<GrantTerms> = record
            .ok()
            .flatten()
            .and_then(|record| serde_json::from_str(&record.value).ok());
        let expected = terms.and_then(|terms| terms.dpop_jkt);
        facts.extend(explain::bound_key(
            expected.as_deref(),
            dpop::thumbprint(request).as_deref(),
        ));
    }
    facts
}

/// Whose access token was shown: known only where it is one of ours.
async fn of_access_token(app: &App, request: &HttpRequest, noted: &mut Exchange) -> Vec<Fact> {
    let shown = oidc::bearer::read(authorization_header(request), request.uri().query()).ok();
    let provider = provider_facts(app);
    let endpoint = connection::address(request, &provider, &provider.userinfo_endpoint);
    let mut facts = dpop::facts(app, request, &endpoint, shown.map(|shown| shown.token));
    let Some(shown) = shown else { return facts };
    let now = app.clock.now();
    let row = app.ledger.access_token(&OpaqueSecret::hash_of(shown.token)).await;
    let Some(row) = row.ok().flatten() else {
        facts.push(Fact::flag("access_token_is_one_of_ours", false));
        return facts;
    };
    let Some(grant) = app.ledger.grant(&row.grant).await.ok().flatten() else {
        return facts;
    };
    noted.service = Some(grant.service.clone());
    // Nobody but the client and whom it gave it to has the token; a public client's is in the person's own hands.
    let counts = grant.revoked_at.is_none() && row.expires_at > now;
    let service = app.ledger.service(&grant.service).await.ok().flatten();
    let client = service.and_then(|service| facts_of(&service).ok());
    noted.proven = counts && client.is_some_and(|client| client.method != ClientMethod::None);
    facts.push(Fact::number(
        "expires_in_seconds",
        row.expires_at.seconds_since(now),
    ));
    facts.push(Fact::flag("grant_is_withdrawn", grant.revoked_at.is_some()));
    facts.push(Fact::flag(
        "outlives_the_session",
        standing::outlives_the_session(&grant.scope),
    ));
    if let Some(key) = dpop::thumbprint(request) {
        facts.push(Fact::text("key_given_thumbprint", &key));
    }
    facts
}
