//! `errorURL` (metadata-2.0-os section 2.4.1) with the placeholders of the SAML V2.0 Metadata Deployment Profile for errorURL (REFEDS/OASIS,
//! 2021): a service sends a person here whose sign-in failed there. What stands in the address is anybody's: a code of a closed list is
//! understood, a registered service is named by its registered name, its number of the case is shown when it can be no sentence, and the
//! rest is not looked at.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use store::ServiceProtocol;

use crate::app::App;
use crate::pages::{ServiceErrorCode, ServiceErrorPage};
use crate::web::context::Context;
use crate::web::error::{Problem, own_page};

/// Where it is.
pub const PATH: &str = "/saml/error";
/// Characters of a number of a case that are shown.
const NUMBER_LIMIT: usize = 64;

/// The address for our metadata.
pub fn location(app: &App) -> String {
    let page = app.config.front.origin.url(PATH);
    format!("{page}?code=ERRORURL_CODE&ts=ERRORURL_TS&rp=ERRORURL_RP&tid=ERRORURL_TID&ctx=ERRORURL_CTX")
}

/// What a service put in the place of the placeholders.
#[derive(Deserialize)]
pub struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    rp: String,
    #[serde(default)]
    tid: String,
}

/// `GET /saml/error`.
pub async fn get(context: Context, said: web::Query<Said>) -> HttpResponse {
    let result = page(&context, &said).await;
    context.answer(result).await
}

async fn page(context: &Context, said: &Said) -> Result<HttpResponse, Problem> {
    let service = match said.rp.len() {
        1..=1024 => {
            context
                .ledger
                .service_by_identifier(ServiceProtocol::Saml, &said.rp)
                .await?
        }
        _ => None,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let short = (1..=NUMBER_LIMIT).contains(&said.tid.len()) && said.tid != "ERRORURL_TID";
    context
        .render(&ServiceErrorPage {
            frame: context.frame(),
            code: ServiceErrorCode::from_code(&said.code),
            service: service.map(|service| service.name),
            number: (short && said.tid.bytes().all(plain)).then(|| said.tid.clone()),
        })
        .map(own_page)
}
