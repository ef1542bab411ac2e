//! What an authorization request comes in: its own parameters, a request object by value, one by reference, or the name of a pushed request.
//!
//! A pushed request is used once (RFC 9126 section 4), which is for one sign-in, not for one load of an address: the first browser that
//! brings it takes it, keeps it for itself under its own name, and may load it again until a sign-in with it has ended (FAPI 2.0 Security
//! Profile section 5.3.2.2). For every other browser the name is gone from the first load on, so a name that leaks afterwards is worth
//! nothing. The reply's batch in the Ledger decides of several sign-ins with one name, and should a lost and recovered Ephemera show it
//! again. A request object's `jti` is decided there alone: a person may go back and come again before there is an answer.

use std::time::Duration;

use domain::{Service, Timestamp, TokenHash};
use oidc::{
    ClientFacts, Envelope, OpaqueSecret, ProviderFacts, Reason, ReturnAddress, Trace,
    UncheckedAuthorizationRequest,
};
use serde::{Deserialize, Serialize};
use store::{Consumed, EphemeraKey, EphemeraKind, SingleUseKind, StoreFault};

use super::Spent;
use crate::app::App;
use crate::jobs::client_keys;
use crate::web::error::Problem;

/// How often, and after which pause, a browser's own copy of a pushed request is looked for.
const LOOKS: u32 = 4;
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// What is accepted as a request object (RFC 9101 section 5.2.3), and how long it may be.
const OBJECT_TYPES: &str = "application/oauth-authz-req+jwt, application/jwt, application/json";
const MAX_OBJECT_BYTES: usize = 64 * 1024;

/// A request that stands in its parameters now.
pub struct Opened {
    /// The request.
    pub request: UncheckedAuthorizationRequest,
    /// What is spent with the reply.
    pub spends: Vec<Spent>,
    /// Which rules ran until here.
    pub trace: Trace,
}

/// A request that could not be opened.
pub struct Unopened {
    /// Why.
    pub reason: Reason,
    /// Which rules ran.
    pub trace: Trace,
    /// Where the client can be told.
    pub return_to: Option<ReturnAddress>,
    /// What stands in the request's own parameters.
    pub beside: Option<UncheckedAuthorizationRequest>,
}

/// A pushed request as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pushed {
    /// Who pushed it.
    pub(super) service: String,
    /// The request.
    pub(super) request: String,
}

/// Where a pushed request is kept.
pub(super) fn key(secret: &str) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::PushedRequest, OpaqueSecret::hash_of(secret).0)
}

/// Opens what a request comes in.
pub async fn open(
    app: &App,
    beside: UncheckedAuthorizationRequest,
    service: &Service,
    client: &ClientFacts,
    provider: &ProviderFacts,
    browser: Option<&TokenHash>,
) -> Result<Result<Opened, Unopened>, Problem> {
    let refused = |reason: Reason, trace: Option<Trace>| {
        let cites = "RFC 9101 section 5; RFC 9126 section 4; OpenID Connect Core 1.0 section 6";
        Ok(Err(Unopened {
            trace: trace.unwrap_or_else(|| Trace::refused("envelope_can_be_opened", cites, &reason)),
            return_to: oidc::return_address(&beside, client, provider),
            beside: Some(beside.clone()),
            reason,
        }))
    };
    let envelope = match beside.envelope() {
        Ok(envelope) => envelope,
        Err(reason) => return refused(reason, None),
    };
    let object = match envelope {
        Envelope::None => {
            return Ok(Ok(Opened {
                request: beside,
                spends: Vec::new(),
                trace: Trace::default(),
            }));
        }
        Envelope::Pushed(secret) => {
            return match take(app, secret, service, browser).await? {
                Ok(opened) => Ok(Ok(opened)),
                Err(reason) => refused(reason, None),
            };
        }
        Envelope::Object(object) => object.to_owned(),
        Envelope::Reference(uri) => match referenced(app, uri, client).await {
            Ok(object) => object,
            Err(reason) => return refused(reason, None),
        },
    };
    let opened = oidc::open_request_object(&object, &beside, client, provider, app.clock.now());
    match opened.outcome {
        Err(reason) => {
            client_keys::look_early(app, service, &reason);
            refused(reason, Some(opened.trace))
        }
        Ok((request, spent)) => Ok(Ok(Opened {
            request,
            spends: spent
                .map(|spent| Spent {
                    kind: SingleUseKind::RequestObject,
                    key: format!("{}:{}", service.id, spent.key.0),
                    until: spent.until,
                })
                .into_iter()
                .collect(),
            trace: opened.trace,
        })),
    }
}

/// Where a browser keeps the pushed request that it took.
fn own(pushed: &str, browser: &TokenHash) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::PushedRequest, format!("{pushed}:{}", browser.0))
}

/// Takes a pushed request: looked at first, so that another client's use does not spend it.
async fn take(
    app: &App,
    secret: &str,
    service: &Service,
    browser: Option<&TokenHash>,
) -> Result<Result<Opened, Reason>, Problem> {
    let (key, now) = (key(secret), app.clock.now());
    let own = browser.map(|browser| own(&key.name, browser));
    let transaction = i64::from(app.config.session.transaction_seconds);
    // Until every transaction that could have begun with it is over.
    let until = now.plus_seconds(600 + 2 * transaction);
    let fresh = app.ephemera.get(&key, now).await?;
    let is_fresh = fresh.is_some();
    let held = match fresh {
        Some(held) => held,
        None => match kept(app, own.as_ref(), now).await? {
            Some(held) => held,
            None => return Ok(Err(Reason::RequestUriUnknown)),
        },
    };
    let pushed: Pushed = serde_json::from_slice(&held).map_err(|error| Problem::Fault(error.to_string()))?;
    if pushed.service != service.id.as_str() {
        return Ok(Err(Reason::RequestUriOfAnotherClient));
    }
    if is_fresh {
        let taken = matches!(app.ephemera.consume(&key, now, until).await?, Consumed::First(_));
        match &own {
            Some(own) if taken => {
                app.ephemera
                    .put(own, held, now, now.plus_seconds(transaction))
                    .await?;
            }
            // Another load was quicker: this browser's own, or somebody else's.
            _ if !taken && kept(app, own.as_ref(), now).await?.is_none() => {
                return Ok(Err(Reason::RequestUriUnknown));
            }
            _ => {}
        }
    }
    Ok(
        UncheckedAuthorizationRequest::from_stored(pushed.request.as_bytes()).map(|request| Opened {
            request,
            spends: vec![Spent {
                kind: SingleUseKind::PushedRequest,
                key: key.name,
                until,
            }],
            trace: Trace::default(),
        }),
    )
}

/// What this browser took before. Between taking a request and keeping it a moment passes, in which a second load of the same browser
/// (a double click, a page that is fetched ahead) waits.
async fn kept(app: &App, own: Option<&EphemeraKey>, now: Timestamp) -> Result<Option<Vec<u8>>, StoreFault> {
    let Some(own) = own else { return Ok(None) };
    for _ in 0..LOOKS {
        if let Some(held) = app.ephemera.get(own, now).await? {
            return Ok(Some(held));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(None)
}

/// A sign-in has ended, with an answer of either kind: its pushed request is not loaded again. Should this fail, a second sign-in with it
/// comes to nothing at its reply.
pub async fn ended(app: &App, spends: &[Spent], browser: Option<&TokenHash>) {
    let Some(browser) = browser else { return };
    for spent in spends
        .iter()
        .filter(|spent| spent.kind == SingleUseKind::PushedRequest)
    {
        if let Err(fault) = app.ephemera.remove(&own(&spent.key, browser)).await {
            tracing::warn!(error = %fault, "a pushed request that was used stays until its time is over");
        }
    }
}

/// Fetches an object from where the client has registered it.
async fn referenced(app: &App, uri: &str, client: &ClientFacts) -> Result<String, Reason> {
    let Some(out) = &app.fetches else {
        return Err(Reason::RequestUriNotSupported);
    };
    let reference = oidc::registered_reference(uri, client)?;
    match out.get(&reference.uri, OBJECT_TYPES, MAX_OBJECT_BYTES).await {
        Ok(object) => {
            let object = String::from_utf8(object).map_err(|_| Reason::RequestUriUnreachable)?;
            Ok(object.trim_ascii().to_owned())
        }
        Err(fault) => {
            metrics::counter!("request_object_fetch_failures_total", "reason" => fault.code()).increment(1);
            Err(Reason::RequestUriUnreachable)
        }
    }
}
