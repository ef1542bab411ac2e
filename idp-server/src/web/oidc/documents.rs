//! The discovery document and the key set, as everybody may read them.

use actix_web::{HttpResponse, web};

use super::provider_facts;
use crate::app::App;
use crate::web::headers::RESOURCE_POLICY;

fn public(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("content-type", "application/json"))
        .insert_header(("cache-control", "public, max-age=300"))
        .insert_header(("access-control-allow-origin", "*"))
        .insert_header((RESOURCE_POLICY, "cross-origin"))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(body)
}

/// `GET /.well-known/openid-configuration`.
pub async fn discovery(app: web::Data<App>) -> HttpResponse {
    public(oidc::discovery::document(&provider_facts(&app)).to_string())
}

/// `GET /.well-known/oauth-protected-resource/oidc/userinfo`.
pub async fn protected_resource(app: web::Data<App>) -> HttpResponse {
    public(oidc::protected_resource::document(&provider_facts(&app)).to_string())
}

/// `GET /oidc/jwks`.
pub async fn jwks(app: web::Data<App>) -> HttpResponse {
    public(app.signing.keys().ring().jwks().to_json().to_string())
}
