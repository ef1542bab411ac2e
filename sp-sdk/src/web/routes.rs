//! The gate's routes.

use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Form, Query, ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{cookie, words};
use crate::gate::{Ended, Finished, Gate, GateReason, Leave, SamlHeard, SignedOutHere, local_address};
use crate::guard::Guard;
use crate::oidc::{Answer, FrontChannelLogout};
use crate::saml::{IncomingLogout, OutgoingLogout, SamlReason};

/// Hears why the gate stayed closed: the service's log. The person is shown a sentence.
pub type Told = Arc<dyn Fn(&GateReason) + Send + Sync>;

#[derive(Clone)]
struct Room {
    gate: Arc<Gate>,
    told: Told,
}

impl Room {
    fn refuse(&self, request: &HttpRequest, reason: &GateReason) -> HttpResponse {
        (self.told)(reason);
        words::refused(words::language(request), reason)
    }
}

/// Mounts the gate:
///
/// | Route | For |
/// |---|---|
/// | `GET /sign-in?return_to=/page` | begins a sign-in |
/// | `GET /callback` | the redirect URI of OpenID Connect |
/// | `POST /acs` | the assertion consumer service of SAML |
/// | `POST /sign-out` | ends the session here and at the platform; with the session's `form_token` |
/// | `GET /signed-out` | the post-logout redirect URI |
/// | `POST /logout/back-channel` | logout tokens |
/// | `GET /logout/front-channel` | loaded by the platform's page |
/// | `GET` and `POST /slo`, `POST /slo/soap` | Single Logout of SAML by Redirect, POST and SOAP |
pub fn routes(config: &mut ServiceConfig, gate: &Arc<Gate>, told: &Told) {
    config
        .app_data(Data::new(Room {
            gate: Arc::clone(gate),
            told: Arc::clone(told),
        }))
        .route("/sign-in", get().to(sign_in))
        .route("/sign-out", post().to(sign_out))
        .route("/signed-out", get().to(signed_out));
    if gate.answers_are_posted() {
        config
            .route("/acs", post().to(consume))
            .route("/slo", get().to(slo_redirect))
            .route("/slo", post().to(slo_post))
            .route("/slo/soap", post().to(slo_soap));
    } else {
        config
            .route("/callback", get().to(callback))
            .route("/logout/back-channel", post().to(back_channel))
            .route("/logout/front-channel", get().to(front_channel));
    }
}

fn value(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned())
}

/// To the platform.
pub(super) fn leave(gate: &Gate, way: &Leave) -> HttpResponse {
    // The platform's page posts the answer of SAML from its own site, so this cookie must ride a cross-site POST.
    let asked = cookie("asked", way.cookie.clone(), 600, gate.answers_are_posted());
    super::redirect(&way.address, asked)
}

fn gone(name: &'static str) -> Cookie<'static> {
    cookie(name, String::new(), 0, false)
}

#[derive(Deserialize)]
struct SignInAsked {
    #[serde(default)]
    return_to: Option<String>,
}

async fn sign_in(request: HttpRequest, asked: Query<SignInAsked>, room: Data<Room>) -> HttpResponse {
    let page = asked.return_to.as_deref().and_then(local_address).unwrap_or("/");
    let session = value(&request, Gate::SESSION_COOKIE);
    match room.gate.begin(session.as_deref(), Guard::SIGNED_IN, page).await {
        Ok(way) => leave(&room.gate, &way),
        Err(reason) => room.refuse(&request, &reason),
    }
}

fn finished(room: &Room, request: &HttpRequest, end: Result<Finished, GateReason>) -> HttpResponse {
    let (page, set) = match end {
        Ok(Finished::Session { cookie: name, page }) => {
            (page, [cookie("session", name, 36_000, false), gone("asked")])
        }
        Ok(Finished::Proof { cookie: name, page }) => {
            let asked = cookie("asked", name, 600, false);
            return super::redirect(&page, asked);
        }
        Err(reason) => return room.refuse(request, &reason),
    };
    let mut response = HttpResponse::SeeOther();
    response
        .insert_header((header::LOCATION, page))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    for one in set {
        response.cookie(one);
    }
    response.finish()
}

async fn callback(request: HttpRequest, answer: Query<Answer>, room: Data<Room>) -> HttpResponse {
    let (asked, session) = (
        value(&request, Gate::ASKED_COOKIE),
        value(&request, Gate::SESSION_COOKIE),
    );
    let end = room
        .gate
        .finish_oidc(asked.as_deref(), session.as_deref(), answer.into_inner())
        .await;
    finished(&room, &request, end)
}

#[derive(Deserialize)]
struct Posted {
    #[serde(rename = "SAMLResponse")]
    response: String,
}

async fn consume(request: HttpRequest, posted: Form<Posted>, room: Data<Room>) -> HttpResponse {
    let (asked, session) = (
        value(&request, Gate::ASKED_COOKIE),
        value(&request, Gate::SESSION_COOKIE),
    );
    let end = room
        .gate
        .finish_saml(asked.as_deref(), session.as_deref(), &posted.response)
        .await;
    finished(&room, &request, end)
}

#[derive(Deserialize)]
struct SignOut {
    form_token: String,
}

async fn sign_out(request: HttpRequest, form: Form<SignOut>, room: Data<Room>) -> HttpResponse {
    let session = value(&request, Gate::SESSION_COOKIE);
    let admitted = match room.gate.session(session.as_deref()).await {
        Ok(admitted) => admitted,
        Err(fault) => return room.refuse(&request, &fault.into()),
    };
    let Some(admitted) = admitted else {
        // Another site's form carries no Lax cookie: to forget one here would sign its owner out without a token.
        return words::signed_out(words::language(&request), None);
    };
    // Another site's form signs nobody out.
    if !admitted.session.owns_form(&form.form_token) {
        return room.refuse(&request, &GateReason::NotAsked);
    }
    let mut response = match room.gate.sign_out(session.as_deref()).await {
        Ok(SignedOutHere::Redirect(way)) => leave(&room.gate, &way),
        Ok(SignedOutHere::Here) => words::signed_out(words::language(&request), None),
        Err(reason) => {
            // The session is ended here all the same; the platform was not told.
            (room.told)(&reason);
            words::signed_out(words::language(&request), Some(Ended::NotEverywhere))
        }
    };
    forget(&mut response, "session");
    response
}

fn forget(response: &mut HttpResponse, name: &'static str) {
    // Names and values are ours, so there is nothing to refuse.
    let _ = response.add_cookie(&gone(name));
}

#[derive(Deserialize)]
struct CameBack {
    #[serde(default)]
    state: Option<String>,
}

async fn signed_out(request: HttpRequest, back: Query<CameBack>, room: Data<Room>) -> HttpResponse {
    let asked = value(&request, Gate::ASKED_COOKIE);
    match room.gate.came_back(asked.as_deref(), back.state.as_deref()) {
        Ok(ended) => {
            let mut response = words::signed_out(words::language(&request), Some(ended));
            forget(&mut response, "asked");
            response
        }
        Err(reason) => room.refuse(&request, &reason),
    }
}

#[derive(Deserialize)]
struct ToldByServer {
    logout_token: String,
}

/// 200: done. 400: not accepted (Back-Channel Logout 1.0 section 2.8). 503: the platform should try again.
async fn back_channel(told: Form<ToldByServer>, room: Data<Room>) -> HttpResponse {
    let verdict = room.gate.hear_logout_token(&told.logout_token).await;
    let mut response = match &verdict {
        Ok(_) => HttpResponse::Ok(),
        Err(reason) if reason.is_ours() => HttpResponse::ServiceUnavailable(),
        Err(_) => HttpResponse::BadRequest(),
    };
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    match verdict {
        Ok(_) => response.finish(),
        Err(reason) => {
            (room.told)(&reason);
            response.json(serde_json::json!({ "error": "invalid_request" }))
        }
    }
}

/// An image of nothing to look at: the platform's page loads it in a frame.
async fn front_channel(told: Query<FrontChannelLogout>, room: Data<Room>) -> HttpResponse {
    let mut response = match room.gate.hear_front_channel(&told).await {
        Ok(_) => HttpResponse::Ok(),
        Err(reason) => {
            (room.told)(&reason);
            HttpResponse::BadRequest()
        }
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .finish()
}

async fn slo_redirect(request: HttpRequest, room: Data<Room>) -> HttpResponse {
    let incoming = IncomingLogout::redirect(request.query_string());
    slo(&request, incoming, &room).await
}

async fn slo_post(request: HttpRequest, body: Bytes, room: Data<Room>) -> HttpResponse {
    slo(&request, IncomingLogout::post(&body), &room).await
}

async fn slo(
    request: &HttpRequest,
    incoming: Result<IncomingLogout, saml::Reason>,
    room: &Room,
) -> HttpResponse {
    let asked = value(request, Gate::ASKED_COOKIE);
    let heard = match incoming {
        Ok(incoming) => room.gate.hear_saml(&incoming, asked.as_deref()).await,
        Err(reason) => Err(SamlReason::Logout(reason).into()),
    };
    match heard {
        Ok(SamlHeard::Answer(OutgoingLogout::Redirect(address))) => HttpResponse::SeeOther()
            .insert_header((header::LOCATION, address))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish(),
        Ok(SamlHeard::Answer(OutgoingLogout::Post(form))) => words::carry_on(words::language(request), &form),
        Ok(SamlHeard::Answer(OutgoingLogout::Soap(_))) => room.refuse(request, &GateReason::NotAsked),
        Ok(SamlHeard::Ended(ended)) => words::signed_out(words::language(request), Some(ended)),
        Err(reason) => room.refuse(request, &reason),
    }
}

/// A server speaks, not a browser: an envelope, or a fault that says nothing. 503 without either: the platform should try again.
async fn slo_soap(body: Bytes, room: Data<Room>) -> HttpResponse {
    let heard = match IncomingLogout::soap_request(&body) {
        Ok(incoming) => room.gate.hear_saml(&incoming, None).await,
        Err(reason) => Err(SamlReason::Logout(reason).into()),
    };
    match heard {
        Ok(SamlHeard::Answer(OutgoingLogout::Soap(envelope))) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, saml::binding::soap::CONTENT_TYPE))
            .body(envelope),
        Err(reason) if reason.is_ours() => {
            (room.told)(&reason);
            HttpResponse::ServiceUnavailable()
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish()
        }
        heard => {
            if let Err(reason) = heard {
                (room.told)(&reason);
            }
            HttpResponse::InternalServerError()
                .insert_header((header::CONTENT_TYPE, saml::binding::soap::CONTENT_TYPE))
                .body(saml::binding::soap::fault(saml::binding::soap::FaultCode::Client))
        }
    }
}

#[cfg(test)]
mod tests;
