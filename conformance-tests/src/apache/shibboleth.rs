//! The Shibboleth service provider: `mod_shib` and shibd.

use std::fs;

use super::{Apache, is_root, require_module, required, setpriv};
use crate::Platform;

/// What its template can be told.
#[derive(Clone, Debug)]
pub struct Shibboleth {
    /// `HTTP-Redirect` or `HTTP-POST`.
    pub request_binding: &'static str,
    /// `persistent` or `transient`.
    pub name_id_format: &'static str,
    /// What `/level/` asks for and requires.
    pub acr: &'static str,
    /// `exact`, `minimum`, `maximum`, `better`.
    pub comparison: &'static str,
    /// Registered with the Response element signed beside the assertion.
    pub sign_response: bool,
    /// Told the platform's metadata key, and not another.
    pub trusts_the_platform: bool,
}

impl Default for Shibboleth {
    fn default() -> Self {
        Self {
            request_binding: "HTTP-Redirect",
            name_id_format: "persistent",
            acr: "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient",
            comparison: "minimum",
            sign_response: false,
            trusts_the_platform: true,
        }
    }
}

impl Shibboleth {
    /// Its host.
    pub const HOST: &'static str = "sp-shib.localhost";

    /// Starts both programs and registers the service from its metadata. shibd fetches ours by itself and drops it unless the
    /// signature is by the key that it was told.
    pub async fn start(&self, platform: &Platform) -> Apache {
        require_module("mod_shib.so", "libapache2-mod-shib");
        let shibd = required("shibd", "shibboleth-sp-utils");
        let mut apache = Apache::prepare(platform, "sp-shib", &[Self::HOST]);
        apache.make_key("sp-signing");
        apache.make_key("sp-encryption");
        if self.trusts_the_platform {
            fs::write(apache.path("idp.crt"), platform.saml_certificate_pem().await).expect("certificate");
        } else {
            apache.make_key("idp");
        }
        let url = format!("{}/saml/metadata", platform.origin);
        let source = format!(
            r#"url="{url}" backingFilePath="{}" maxRefreshDelay="60""#,
            apache.at("run/idp-metadata.xml")
        );
        let (certificate, format) = (
            apache.at("idp.crt"),
            format!(
                "urn:oasis:names:tc:SAML:2.0:nameid-format:{}",
                self.name_id_format
            ),
        );
        let entity = platform.saml_entity_id().await;
        apache.fill(
            "shib",
            Self::HOST,
            &[
                ("IDP_ENTITY_ID", &entity),
                ("IDP_METADATA_SOURCE", &source),
                ("IDP_METADATA_CERT", &certificate),
                ("REQUEST_BINDING", self.request_binding),
                ("NAME_ID_FORMAT", &format),
                ("ACR", self.acr),
                ("ACR_COMPARISON", self.comparison),
            ],
        );
        let mut daemon = setpriv();
        if is_root() {
            daemon.args(["--reuid", "www-data", "--regid", "www-data", "--clear-groups"]);
        }
        daemon.arg(shibd).args(["-F", "-f"]);
        daemon.args([
            "-c",
            &apache.at("shibboleth2.xml"),
            "-p",
            &apache.at("run/shibd.pid"),
        ]);
        apache.spawn(daemon);
        let metadata = apache.url(Self::HOST, "/Shibboleth.sso/Metadata");
        apache.serve(platform, &metadata).await;
        platform.register_saml(&metadata, self.sign_response).await;
        apache
    }
}
