//! Who is asking: an access token of a verifier in good standing, within what was agreed.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use domain::Timestamp;
use oidc::OpaqueSecret;
use store::{EphemeraKey, EphemeraKind, RecordKind};
use trust_framework::verifiers::{Capability, Purpose, Standing, Verifier};

use super::VerifierProblem;
use super::token::IssuedToken;
use crate::app::App;
use crate::listeners::mutual_tls::{ClientCertificate, judge};

const WINDOW_SECONDS: u32 = 60;

/// A request of an authenticated verifier. The register is read at every request, so a suspension takes effect at once.
pub struct Asked {
    app: Arc<App>,
    /// Who.
    pub verifier: Verifier,
    /// When.
    pub now: Timestamp,
}

impl Deref for Asked {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Asked {
    /// The platform, to be held on to.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Refuses what the verifier is not registered for.
    pub fn may(&self, capability: Capability) -> Result<(), VerifierProblem> {
        if self.verifier.may(capability) {
            Ok(())
        } else {
            Err(VerifierProblem::NotPermitted)
        }
    }

    /// The registered purpose that a request names.
    pub fn purpose(&self, code: &str) -> Result<&Purpose, VerifierProblem> {
        self.verifier.purpose(code).ok_or(VerifierProblem::UnknownPurpose)
    }

    /// Counts an operation for the account.
    pub fn count(&self, operation: &'static str) {
        self.app.verifier_usage.add(&self.verifier.id, operation);
    }
}

impl FromRequest for Asked {
    type Error = VerifierProblem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, VerifierProblem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<web::Data<App>>().cloned();
        let token = bearer(request);
        let shown = ClientCertificate::of(request);
        let request = request.clone();
        Box::pin(async move {
            let app = app.ok_or_else(|| VerifierProblem::Fault("not composed".to_owned()))?;
            let app = app.into_inner();
            let Some(token) = token else {
                stranger_may_ask(&app, &request)?;
                return Err(VerifierProblem::Unauthenticated);
            };
            match authenticate(Arc::clone(&app), &token, shown.as_ref()).await {
                Err(VerifierProblem::Unauthenticated) => {
                    stranger_may_ask(&app, &request)?;
                    Err(VerifierProblem::Unauthenticated)
                }
                other => other,
            }
        })
    }
}

/// Whoever asks without credentials, or with none that we know, is slowed down by address, as everywhere else.
pub(super) fn stranger_may_ask(app: &App, request: &HttpRequest) -> Result<(), VerifierProblem> {
    let peer = request.peer_addr();
    if peer.is_none_or(|peer| app.begin_limit.admits(peer.ip())) {
        Ok(())
    } else {
        Err(VerifierProblem::TooMany {
            seconds: WINDOW_SECONDS,
        })
    }
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("Bearer") && token.len() == 43).then(|| token.to_owned())
}

async fn authenticate(
    app: Arc<App>,
    token: &str,
    shown: Option<&ClientCertificate>,
) -> Result<Asked, VerifierProblem> {
    let now = app.clock.now();
    let key = EphemeraKey::new(EphemeraKind::VerifierToken, OpaqueSecret::hash_of(token).0);
    let held = app.ephemera.get(&key, now).await?;
    let issued = held
        .and_then(|bytes| IssuedToken::read(&bytes))
        .ok_or(VerifierProblem::Unauthenticated)?;
    // RFC 8705 section 3: only over a connection that proves the same key. Stolen, it is worth nothing.
    if let Some(bound_to) = &issued.bound_to
        && shown.is_none_or(|shown| shown.confirmation() != bound_to)
    {
        return Err(VerifierProblem::BoundToken);
    }
    let id = issued.verifier;
    let record = app
        .ledger
        .record(RecordKind::Verifier, &id)
        .await?
        .ok_or(VerifierProblem::Unauthenticated)?;
    let verifier = Verifier::of(&record).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    if issued.bound_to.is_some() {
        // Still the registered one, and still in force: a connection may live longer than either.
        let registered = verifier.certificate.as_ref().ok_or(VerifierProblem::BoundToken)?;
        judge(shown, registered, &app.client_anchors.load(), now).map_err(|_| VerifierProblem::BoundToken)?;
    }
    match verifier.standing(now) {
        Standing::Good => {}
        Standing::Suspended => return Err(VerifierProblem::Suspended),
        Standing::NotAccredited => return Err(VerifierProblem::NotAccredited),
        Standing::Removed => return Err(VerifierProblem::Unauthenticated),
    }
    let rate = EphemeraKey::new(EphemeraKind::Rate, format!("verifier:{id}"));
    let asked = app.ephemera.count(&rate, now, WINDOW_SECONDS).await?;
    if asked > u64::from(verifier.requests_per_minute) {
        return Err(VerifierProblem::TooMany {
            seconds: WINDOW_SECONDS,
        });
    }
    Ok(Asked { app, verifier, now })
}
