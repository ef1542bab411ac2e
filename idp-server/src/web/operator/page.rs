//! The operator's pages, for browsers.

use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse};

use domain::Timestamp;
use jpki::CaKind;

use super::references::LookUp;
use super::{AuthorityStatus, Telling};
use crate::app::App;
use crate::config::Mode;
use crate::jobs::lists::record::Became;
use crate::pages::{
    self, AuthorityRows, DeliveryRow, Frame, ListRow, ListState, Page, ReferenceLookup, ReferencePage,
    RevocationPage, TellingRow,
};
use crate::web::context::language;
use crate::web::headers::{self, FormTargets};
use crate::web::preference;

/// Where the page of references is.
pub(super) const PATH: &str = "/references";

/// Whether who asks would rather have a page than JSON (RFC 9110 section 12.5.1). A program that does not care gets JSON.
pub(super) fn is_preferred(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(prefers_html)
}

fn prefers_html(accept: &str) -> bool {
    let weight = |wanted: &str| {
        let known = |kind: &str| kind.eq_ignore_ascii_case(wanted).then_some(());
        preference::weighted(accept, known).fold(0.0_f32, |most, ((), weight)| most.max(weight))
    };
    let html = weight("text/html");
    html > 0.0 && html >= weight("application/json")
}

/// The page with what came of looking.
pub(super) fn show(app: &App, request: &HttpRequest, lookup: &LookUp) -> HttpResponse {
    let status = match lookup.seen {
        ReferenceLookup::NotFound(_) => StatusCode::NOT_FOUND,
        ReferenceLookup::Empty | ReferenceLookup::Malformed(_) => StatusCode::BAD_REQUEST,
        ReferenceLookup::Blank | ReferenceLookup::Found(_) => StatusCode::OK,
    };
    let page = ReferencePage {
        frame: frame(app),
        search_url: PATH.to_owned(),
        lookup: lookup.seen.clone(),
    };
    send(&page, request, status)
}

/// The page about revocation lists.
pub(super) fn show_revocation(
    app: &App,
    request: &HttpRequest,
    authorities: &[AuthorityStatus],
    contradiction: Option<Timestamp>,
    telling: Telling,
) -> HttpResponse {
    let page = RevocationPage {
        frame: frame(app),
        authorities: authorities.iter().map(rows).collect(),
        contradiction,
        telling: TellingRow {
            told: telling.told,
            pushed: telling.pushed,
            promised: telling.promised,
            late: telling.is_late(),
        },
    };
    send(&page, request, StatusCode::OK)
}

fn rows(authority: &AuthorityStatus) -> AuthorityRows {
    let list = |list: &super::ListStatus| ListRow {
        points: list.points,
        key: list.key.clone(),
        this_update: list.this_update,
        next_update: list.next_update,
        entries: list.entries,
        state: state(list.state),
    };
    let delivery = authority
        .last_delivery
        .as_ref()
        .and_then(|last| match &last.became {
            Became::Absent => None,
            Became::Taken { .. } => Some(DeliveryRow {
                at: last.at,
                refused: None,
                alarm: false,
            }),
            Became::Refused {
                reason,
                detail,
                alarm,
            } => Some(DeliveryRow {
                at: last.at,
                refused: Some((reason.clone(), detail.clone())),
                alarm: *alarm,
            }),
        });
    AuthorityRows {
        of_sign_ins: authority.ca == CaKind::UserAuthentication.as_str(),
        state: state(authority.state),
        unreadable: authority.unreadable.clone(),
        generation: authority.generation,
        revoked: authority.revoked.unwrap_or_default(),
        delivery,
        lists: authority.lists.iter().map(list).collect(),
    }
}

fn state(word: &str) -> ListState {
    match word {
        "fresh" => ListState::Fresh,
        "stale_allowed" => ListState::StaleAllowed,
        "refuse" => ListState::Refuse,
        _ => ListState::Missing,
    }
}

/// Around an operator's page.
pub(super) fn frame(app: &App) -> Frame {
    Frame {
        languages: None,
        home_url: None,
        account_url: None,
        sandbox: app.config.mode == Mode::Test,
        contact: None,
    }
}

pub(super) fn send(page: &impl Page, request: &HttpRequest, status: StatusCode) -> HttpResponse {
    match pages::render(page, language(request)) {
        Ok(html) => headers::page(status, html, &FormTargets::own()),
        Err(fault) => {
            tracing::error!(error = %fault, "the operator's page could not be written");
            headers::common(HttpResponse::InternalServerError()).body("500")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::prefers_html;

    #[test]
    fn browsers_get_the_page_and_programs_json() {
        assert!(prefers_html(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(prefers_html("application/json;q=0.5, Text/HTML;q=0.6"));
        for json in [
            "",
            "*/*",
            "application/json",
            "application/json, text/html;q=0.9",
            "text/html;q=0",
            "text/html;q=x",
        ] {
            assert!(!prefers_html(json), "{json}");
        }
    }
}
