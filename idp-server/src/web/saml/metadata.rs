//! Our metadata, signed, with every published key.

use actix_web::HttpResponse;
use domain::NameIdFormat;
use keys::{KeyUse, SigningAlgorithm};
use saml::metadata::IdpMetadata;
use saml::reply::Signing;

use super::{ALGORITHM, idp_facts};
use crate::app::App;
use crate::signing::ActiveKey;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::headers;

const VALID_SECONDS: i64 = 14 * 24 * 3600;
const CACHE_SECONDS: u32 = 6 * 3600;

/// `GET /saml/metadata`.
pub async fn get(context: Context) -> HttpResponse {
    let result = document(&context).map(|bytes| {
        headers::common(HttpResponse::Ok())
            .insert_header(("content-type", "application/samlmetadata+xml"))
            .body(bytes)
    });
    context.answer(result).await
}

/// The document's bytes.
pub fn document(app: &App) -> Result<Vec<u8>, Problem> {
    let facts = idp_facts(app);
    let keys = app.signing.keys();
    let certificates: Vec<Vec<u8>> = keys
        .ring()
        .saml_certificates()
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    let display_name = domain::Localized {
        ja: "政府認証プラットフォーム".to_owned(),
        en: "Government Authentication Platform".to_owned(),
    };
    let error_url = super::service_error::location(app);
    let metadata = IdpMetadata {
        idp: &facts,
        signing_certificates: &certificates,
        name_id_formats: &[NameIdFormat::Persistent, NameIdFormat::Transient],
        want_authn_requests_signed: false,
        display_name: Some(&display_name),
        error_url: Some(&error_url),
        valid_until: app.clock.now().plus_seconds(VALID_SECONDS),
        cache_duration_seconds: CACHE_SECONDS,
    };
    let key = ActiveKey::of(&app.signing, KeyUse::Saml, SigningAlgorithm::Rs256)?;
    let signing = Signing {
        algorithm: ALGORITHM,
        certificate: key.key().certificate_der.as_deref(),
    };
    let draft = metadata.to_be_signed(signing, &*app.entropy)?;
    let signature = key.sign(draft.signing_input())?;
    Ok(draft.attach(&signature)?)
}
