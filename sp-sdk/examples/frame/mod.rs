//! What the two sample services share: their pages and their log. All else is `sp_sdk::web`.

use std::sync::Arc;

use actix_web::web::{Data, Form, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Deserialize;
use sp_sdk::gate::{Admitted, Gate};
use sp_sdk::session::PlatformSession;
use sp_sdk::web::{self, SignedIn, Told, escape};

/// The log: standard error.
pub(crate) fn log() -> Told {
    Arc::new(|reason| eprintln!("gate: {reason}"))
}

struct Home {
    gate: Arc<Gate>,
    title: &'static str,
}

/// The first page: who is signed in, if anybody.
pub(crate) fn home(app: &mut ServiceConfig, gate: &Arc<Gate>, title: &'static str) {
    let gate = Arc::clone(gate);
    app.app_data(Data::new(Home { gate, title }))
        .route("/", get().to(first_page));
}

async fn first_page(request: HttpRequest, home: Data<Home>) -> HttpResponse {
    let cookie = request.cookie(Gate::SESSION_COOKIE);
    let session = home
        .gate
        .session(cookie.as_ref().map(actix_web::cookie::Cookie::value))
        .await;
    let text = match session {
        Ok(Some(admitted)) => person(&admitted),
        _ => r#"<p><a id="sign-in" href="/sign-in">Sign in with My Number Card / マイナンバーカードでログイン</a></p>"#.to_owned(),
    };
    web::page(home.title, &text)
}

fn person(admitted: &Admitted) -> String {
    let session = &admitted.session;
    let token = match &session.platform {
        PlatformSession::Oidc { id_token, .. } => format!(
            "<details><summary>ID token</summary><pre id=\"id-token\">{}</pre></details>",
            escape(id_token)
        ),
        PlatformSession::Saml { .. } => String::new(),
    };
    let at = session
        .reached
        .authenticated_at()
        .map_or_else(|| "not released".to_owned(), |at| at.to_string());
    let reached = session.reached.at(session.began_at);
    format!(
        "<dl><dt>Pseudonym</dt><dd id=\"sub\">{}</dd><dt>Level</dt><dd id=\"acr\">IAL {} AAL {}</dd><dt>Card used</dt><dd \
         id=\"auth-time\">{at}</dd></dl>{token}<p><a href=\"/filings\">Filings (AAL3, card within 5 minutes)</a></p><form \
         method=\"post\" action=\"/sign-out\"><input type=\"hidden\" name=\"form_token\" value=\"{}\"><button>Sign out</button></form>",
        escape(&session.subject),
        reached.ial.digit(),
        reached.aal.digit(),
        escape(&session.form_token),
    )
}

#[derive(Deserialize)]
pub(crate) struct Filing {
    form_token: String,
    text: String,
}

/// A page behind a guard, with a form.
pub(crate) async fn filings(SignedIn(admitted): SignedIn, filing: Option<Form<Filing>>) -> impl Responder {
    let told = match filing {
        Some(filing) if admitted.session.owns_form(&filing.form_token) => {
            format!("<p id=\"filed\">Filed: {}</p>", escape(&filing.text))
        }
        _ => String::new(),
    };
    web::page(
        "Filings",
        &format!(
            "{told}<form method=\"post\" action=\"/filings\"><input type=\"hidden\" name=\"form_token\" value=\"{}\"><label>Text <input \
             name=\"text\"></label><button>File</button></form><p><a href=\"/\">Back</a></p>",
            escape(&admitted.session.form_token)
        ),
    )
}
