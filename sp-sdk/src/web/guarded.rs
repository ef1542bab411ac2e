//! A guard around pages, and the person inside them.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::{StatusCode, header};
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use domain::Language;

use super::routes::{Told, leave};
use super::words;
use crate::gate::{Admission, Admitted, Gate, PageAsked};
use crate::guard::{Guard, StepUp};

/// Middleware: whoever does not meet the guard is led to the platform and back. Wrap a resource, a scope or the whole application.
#[derive(Clone)]
pub struct Guarded {
    gate: Arc<Gate>,
    guard: Guard,
    told: Told,
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Guarded({:?})", self.guard)
    }
}

impl Guarded {
    /// A guard of this gate; `told` hears why it stays closed.
    pub fn new(gate: &Arc<Gate>, guard: Guard, told: &Told) -> Self {
        Self {
            gate: Arc::clone(gate),
            guard,
            told: Arc::clone(told),
        }
    }

    async fn judge(&self, request: &HttpRequest) -> Result<Admitted, HttpResponse> {
        let language = words::language(request);
        let cookie = request.cookie(Gate::SESSION_COOKIE);
        let address = request.uri().path_and_query().map_or("/", |whole| whole.as_str());
        let came_from = referer(request);
        let page = PageAsked {
            address,
            is_safe: request.method().is_safe(),
            is_program: wants_json(request),
            came_from: came_from.as_deref(),
        };
        let cookie = cookie.as_ref().map(actix_web::cookie::Cookie::value);
        match self.gate.admit(cookie, self.guard, &page).await {
            Ok(Admission::Admitted(admitted)) => Ok(*admitted),
            Ok(Admission::Ask(way)) => Err(leave(&self.gate, &way)),
            Ok(Admission::NotSent { page }) => Err(words::not_sent(language, &page)),
            Ok(Admission::Program(step_up)) => Err(for_program(&step_up)),
            Err(reason) => {
                (self.told)(&reason);
                Err(words::refused(language, &reason))
            }
        }
    }
}

/// Path and query of the page on this very host that sent the request.
fn referer(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(header::REFERER)?.to_str().ok()?;
    let url = url::Url::parse(text).ok()?;
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let theirs = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    (theirs == host).then(|| format!("{}{query}", url.path()))
}

fn wants_json(request: &HttpRequest) -> bool {
    let accepts = request.headers().get(header::ACCEPT);
    accepts
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepts| accepts.contains("application/json") && !accepts.contains("text/html"))
}

/// In the words of RFC 9470, though no token is at stake.
fn for_program(step_up: &StepUp) -> HttpResponse {
    HttpResponse::build(StatusCode::UNAUTHORIZED)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({
            "error": "insufficient_user_authentication",
            "acr_values": step_up.acr_values().join(" "),
            "max_age": step_up.max_age_seconds(),
            "sign_in": "/sign-in",
        }))
}

impl<S, B> Transform<S, ServiceRequest> for Guarded
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = GuardedService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(GuardedService {
            guarded: self.clone(),
            service: Rc::new(service),
        }))
    }
}

/// The service behind a guard.
#[derive(Debug)]
pub struct GuardedService<S> {
    guarded: Guarded,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for GuardedService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (guarded, service) = (self.guarded.clone(), Rc::clone(&self.service));
        Box::pin(async move {
            match guarded.judge(request.request()).await {
                Ok(admitted) => {
                    request.extensions_mut().insert(SignedIn(admitted));
                    let answer = service.call(request).await?;
                    Ok(answer.map_into_left_body())
                }
                Err(response) => Ok(request.into_response(response).map_into_right_body()),
            }
        })
    }
}

/// The person, in a handler behind [`Guarded`].
#[derive(Clone, Debug)]
pub struct SignedIn(pub Admitted);

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Self>().cloned();
        // A page that asks for the person and stands behind no guard must not open.
        ready(found.ok_or_else(|| {
            let closed = words::refused(Language::Ja, &crate::gate::GateReason::NotAsked);
            actix_web::error::InternalError::from_response("no guard stands before this page", closed).into()
        }))
    }
}
