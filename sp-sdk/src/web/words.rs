//! What the gate itself says to people, in both languages.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use domain::Language;

use super::{escape, page_in};
use crate::gate::{Ended, GateReason};

/// The language of a request: the first of ours in `Accept-Language`, else Japanese.
pub fn language(request: &actix_web::HttpRequest) -> Language {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE);
    let wanted = wanted.and_then(|value| value.to_str().ok()).unwrap_or_default();
    wanted
        .split(',')
        .filter_map(|part| part.trim().split([';', '-']).next())
        .find_map(Language::from_tag)
        .unwrap_or(Language::Ja)
}

/// The page of a sign-in that failed: a verdict, or a fault that may pass.
pub(super) fn refused(language: Language, reason: &GateReason) -> HttpResponse {
    let (status, title, text, again) = match (reason, language) {
        (GateReason::StillUnmet(_), Language::Ja) => (
            StatusCode::FORBIDDEN,
            "このページを開けません",
            "ログインはできましたが、このページに必要な確認の強さに届きませんでした。操作は行われていません。",
            "はじめのページに戻る",
        ),
        (GateReason::StillUnmet(_), Language::En) => (
            StatusCode::FORBIDDEN,
            "This page cannot be opened",
            "You signed in, but not as strongly as this page needs. Nothing was done.",
            "Back to the first page",
        ),
        (_, Language::Ja) if reason.is_ours() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "いまはログインできません",
            "サービス側の問題です。しばらくしてから、もう一度お試しください。",
            "もう一度試す",
        ),
        (_, Language::En) if reason.is_ours() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Signing in does not work now",
            "The trouble is on our side. Please try again in a little while.",
            "Try again",
        ),
        (_, Language::Ja) => (
            StatusCode::FORBIDDEN,
            "ログインしていません",
            "ログインは完了しませんでした。もう一度はじめからお試しください。",
            "はじめのページに戻る",
        ),
        (_, Language::En) => (
            StatusCode::FORBIDDEN,
            "Not signed in",
            "The sign-in was not completed. Please begin again.",
            "Back to the first page",
        ),
    };
    let text = format!("<p id=\"refused\">{text}</p><p><a href=\"/\">{again}</a></p>");
    page_in(language, status, title, &text)
}

/// What a form carried was not sent.
pub(super) fn not_sent(language: Language, page: &str) -> HttpResponse {
    let encoded: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
    let address = escape(&format!("/sign-in?return_to={encoded}"));
    let (title, text, button) = match language {
        Language::Ja => (
            "入力内容は送信されていません",
            "送信するには、もう一度カードでのログインが必要です。入力した内容は受け付けておらず、保存もされていません。\
             ログインのあと、入力のページに戻りますので、もう一度入力してください。",
            "ログインして入力のページに戻る",
        ),
        Language::En => (
            "What you entered was not sent",
            "Sending it needs a new sign-in with your card. What you entered was not received and is not kept. \
             After the sign-in you come back to the page with the form; please fill it in again.",
            "Sign in and go back to the form",
        ),
    };
    let text = format!(
        "<p id=\"not-sent\">{text}</p><p><a class=\"button\" id=\"sign-in\" href=\"{address}\">{button}</a></p>"
    );
    page_in(language, StatusCode::FORBIDDEN, title, &text)
}

/// After a sign-out.
pub(super) fn signed_out(language: Language, ended: Option<Ended>) -> HttpResponse {
    let (title, text, back) = match (language, ended) {
        (Language::Ja, Some(Ended::NotEverywhere)) => (
            "このサービスからログアウトしました",
            "ほかのサービスでログアウトできないものがありました。ブラウザーを閉じてください。",
            "はじめのページ",
        ),
        (Language::En, Some(Ended::NotEverywhere)) => (
            "You are signed out of this service",
            "Another service could not be signed out. Please close your browser.",
            "First page",
        ),
        (Language::Ja, _) => (
            "ログアウトしました",
            "このサービスからログアウトしました。",
            "はじめのページ",
        ),
        (Language::En, _) => ("Signed out", "You are signed out of this service.", "First page"),
    };
    let text = format!("<p id=\"signed-out\">{text}</p><p><a href=\"/\">{back}</a></p>");
    page_in(language, StatusCode::OK, title, &text)
}

/// A message that the browser carries on, by a button: no script is needed.
pub(super) fn carry_on(language: Language, form: &crate::saml::PostForm) -> HttpResponse {
    let (title, button) = match language {
        Language::Ja => ("ログアウトしています", "続ける"),
        Language::En => ("Signing out", "Go on"),
    };
    let relay = form.relay_state.as_ref().map_or_else(String::new, |relay| {
        format!(
            "<input type=\"hidden\" name=\"RelayState\" value=\"{}\">",
            escape(relay)
        )
    });
    let text = format!(
        "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"{}\" value=\"{}\">{relay}<button>{button}</button></form>",
        escape(&form.action),
        form.field,
        escape(&form.message),
    );
    page_in(language, StatusCode::OK, title, &text)
}
