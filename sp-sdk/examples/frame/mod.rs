//! What the two sample services share: their pages, in Japanese and English, and their log. All else is `sp_sdk::web`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse, Responder};
use domain::Language;
use serde::Deserialize;
use sp_sdk::gate::{Admitted, Gate};
use sp_sdk::session::PlatformSession;
use sp_sdk::web::{self, SignedIn, Told, escape, language};

/// The log: standard error.
pub(crate) fn log() -> Told {
    Arc::new(|reason| eprintln!("gate: {reason}"))
}

/// A name in Japanese and in English.
pub(crate) type Title = (&'static str, &'static str);

const fn pick(language: Language, (ja, en): Title) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

struct Home {
    gate: Arc<Gate>,
    title: Title,
}

/// The first page: who is signed in, if anybody.
pub(crate) fn home(app: &mut ServiceConfig, gate: &Arc<Gate>, title: Title) {
    let gate = Arc::clone(gate);
    app.app_data(Data::new(Home { gate, title }))
        .route("/", get().to(first_page));
}

async fn first_page(request: HttpRequest, home: Data<Home>) -> HttpResponse {
    let language = language(&request);
    let cookie = request.cookie(Gate::SESSION_COOKIE);
    let session = home
        .gate
        .session(cookie.as_ref().map(actix_web::cookie::Cookie::value))
        .await;
    let text = match session {
        Ok(Some(admitted)) => person(language, &admitted),
        _ => format!(
            "<p><a class=\"button\" id=\"sign-in\" href=\"/sign-in\">{}</a></p>",
            pick(
                language,
                ("マイナンバーカードでログイン", "Sign in with My Number Card")
            )
        ),
    };
    web::page_in(language, StatusCode::OK, pick(language, home.title), &text)
}

fn person(language: Language, admitted: &Admitted) -> String {
    let say = |ja, en| pick(language, (ja, en));
    let session = &admitted.session;
    let token = match &session.platform {
        PlatformSession::Oidc { id_token, .. } => format!(
            "<details><summary>{}</summary><pre id=\"id-token\">{}</pre></details>",
            say("ID トークン", "ID token"),
            escape(id_token)
        ),
        PlatformSession::Saml { .. } => String::new(),
    };
    let at = session.reached.authenticated_at().map_or_else(
        || say("提供されていません", "not released").to_owned(),
        |at| at.to_string(),
    );
    let reached = session.reached.at(session.began_at);
    format!(
        "<dl><dt>{}</dt><dd id=\"sub\">{}</dd><dt>{}</dt><dd id=\"acr\">IAL {} AAL {}</dd><dt>{}</dt><dd \
         id=\"auth-time\">{at}</dd></dl>{token}<p><a href=\"/filings\">{}</a></p><form method=\"post\" action=\"/sign-out\"><input \
         type=\"hidden\" name=\"form_token\" value=\"{}\"><button>{}</button></form>",
        say(
            "仮名（このサービスだけのもの）",
            "Pseudonym (for this service alone)"
        ),
        escape(&session.subject),
        say("保証レベル", "Level"),
        reached.ial.digit(),
        reached.aal.digit(),
        say("カードを使った日時", "Card used"),
        say(
            "申請（AAL3、5 分以内のカードの利用が必要）",
            "Filings (AAL3, card within 5 minutes)"
        ),
        escape(&session.form_token),
        say("ログアウト", "Sign out"),
    )
}

#[derive(Deserialize)]
pub(crate) struct Filing {
    form_token: String,
    text: String,
}

/// A page behind a guard, with a form.
pub(crate) async fn filings(
    request: HttpRequest,
    SignedIn(admitted): SignedIn,
    filing: Option<Form<Filing>>,
) -> impl Responder {
    let language = language(&request);
    let say = |ja, en| pick(language, (ja, en));
    let told = match filing {
        Some(filing) if admitted.session.owns_form(&filing.form_token) => format!(
            "<p id=\"filed\">{} {}</p>",
            say("受け付けました:", "Filed:"),
            escape(&filing.text)
        ),
        _ => String::new(),
    };
    let text = format!(
        "{told}<form method=\"post\" action=\"/filings\"><input type=\"hidden\" name=\"form_token\" value=\"{}\"><label>{} <input \
         name=\"text\"></label><button>{}</button></form><p><a href=\"/\">{}</a></p>",
        escape(&admitted.session.form_token),
        say("内容", "Text"),
        say("申請する", "File"),
        say("戻る", "Back"),
    );
    web::page_in(language, StatusCode::OK, say("申請", "Filings"), &text)
}
