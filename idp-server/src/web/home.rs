//! The front page, the language switch, the stylesheet, and what is no page of ours.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use domain::Language;
use serde::Deserialize;

use super::context::{Context, with_cookie};
use super::error::{Problem, own_page};
use super::{cookies, headers};
use crate::pages::{self, HomePage, RefusalPage};

/// `GET /`.
pub async fn get(context: Context) -> HttpResponse {
    let result = context
        .render(&HomePage {
            frame: context.frame(),
        })
        .map(own_page);
    context.answer(result).await
}

/// The query of the language switch.
#[derive(Deserialize)]
pub struct LanguageQuery {
    to: String,
    next: Option<String>,
}

/// `GET /language?to=…&next=…`: remembers the choice and goes back to where the person was, on this origin only.
pub async fn language(context: Context, query: web::Query<LanguageQuery>) -> HttpResponse {
    let Some(language) = Language::from_tag(&query.to) else {
        return context.answer(Err(Problem::NotFound)).await;
    };
    let next = query
        .next
        .as_deref()
        .filter(|next| is_local_path(next))
        .unwrap_or("/");
    with_cookie(headers::see_other(next), &cookies::language(language))
}

/// A path on this origin: browsers read `//host` and `/\host` as another one.
fn is_local_path(next: &str) -> bool {
    next.len() <= 4096
        && next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

/// `GET /assets/{name}`: named by content, so caches may keep it for ever.
pub async fn asset(context: Context, request: HttpRequest) -> HttpResponse {
    match pages::assets::find(request.path()) {
        Some(asset) => HttpResponse::Ok()
            .insert_header(("content-type", asset.content_type()))
            .insert_header(("cache-control", "public, max-age=31536000, immutable"))
            .insert_header(("x-content-type-options", "nosniff"))
            // The certificate door's pages have it too.
            .insert_header((headers::RESOURCE_POLICY, "same-site"))
            .body(asset.bytes()),
        None => context.answer(Err(Problem::NotFound)).await,
    }
}

/// Anything else.
pub async fn not_found(context: Context) -> HttpResponse {
    context.answer(Err(Problem::NotFound)).await
}

/// A page of ours, asked for by a method that it does not have.
pub async fn wrong_method(context: Context) -> HttpResponse {
    let mut response = context.page_of(RefusalPage::MethodNotAllowed, None, None);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_switch_never_leads_elsewhere() {
        for good in ["/", "/sign-in/txn_1?x=%2F%2Fevil"] {
            assert!(is_local_path(good), "{good}");
        }
        for bad in [
            "",
            "//evil",
            "/\\evil",
            "https://evil",
            "evil",
            "/a b",
            "/a\r\nx",
            "/\u{3042}",
            "\\\\evil",
            "/\t/evil",
        ] {
            assert!(!is_local_path(bad), "{bad:?}");
        }
    }
}
