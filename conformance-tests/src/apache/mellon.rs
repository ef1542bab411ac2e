//! `mod_auth_mellon` (lasso) as two service providers on one port.

use std::fs;

use super::{Apache, require_module};
use crate::Platform;

/// What its template can be told.
#[derive(Clone, Debug)]
pub struct Mellon {
    /// What `/level/` asks for and requires.
    pub acr: &'static str,
    /// `exact`, `minimum`, `maximum`, `better`.
    pub comparison: &'static str,
    /// Registered with the Response element signed beside the assertion.
    pub sign_response: bool,
}

impl Default for Mellon {
    fn default() -> Self {
        Self {
            acr: "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            comparison: "exact",
            sign_response: false,
        }
    }
}

impl Mellon {
    /// Both services' host.
    pub const HOST: &'static str = "sp-mellon.localhost";
    /// Where the first publishes its metadata: persistent names, a key for signing only, so assertions are readable.
    pub const PLAIN: &'static str = "/mellon/metadata";
    /// Where the second does: transient names, one key for both uses, so assertions are encrypted.
    pub const LEVEL: &'static str = "/level/mellon/metadata";

    /// Starts it with the platform's metadata and registers both services from theirs.
    pub async fn start(&self, platform: &Platform) -> Apache {
        require_module("mod_auth_mellon.so", "libapache2-mod-auth-mellon");
        let mut apache = Apache::prepare(platform, "sp-mellon", &[Self::HOST]);
        apache.make_key("sp");
        fs::write(apache.path("idp-metadata.xml"), platform.saml_metadata().await).expect("metadata");
        let (metadata, certificate) = (apache.at("idp-metadata.xml"), apache.certificate_base64("sp.crt"));
        apache.fill(
            "mellon",
            Self::HOST,
            &[
                ("IDP_METADATA", &metadata),
                ("SP_CERT_BASE64", &certificate),
                ("ACR", self.acr),
                ("ACR_COMPARISON", self.comparison),
            ],
        );
        let public = apache.url(Self::HOST, "/");
        apache.serve(platform, &public).await;
        for path in [Self::PLAIN, Self::LEVEL] {
            platform
                .register_saml(&apache.url(Self::HOST, path), self.sign_response)
                .await;
        }
        apache
    }
}
