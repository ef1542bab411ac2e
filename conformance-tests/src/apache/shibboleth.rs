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
    /// A second certificate whose key may sign the platform's metadata: the announced one.
    pub pins_too: Option<String>,
    /// What it is registered for beside the pseudonym: the attributes of the service file, in quotes.
    pub released: &'static str,
    /// Whether it waits for an answer to its own logout; by itself it asks asynchronously.
    pub waits_at_logout: bool,
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
            pins_too: None,
            released: "",
            waits_at_logout: false,
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
        fs::copy(apache.path("idp.crt"), apache.path("idp-next.crt")).expect("certificate");
        if let Some(next) = &self.pins_too {
            fs::write(apache.path("idp-next.crt"), next).expect("certificate");
        }
        let url = format!("{}/saml/metadata", platform.origin);
        let source = format!(
            r#"url="{url}" backingFilePath="{}" minRefreshDelay="1" maxRefreshDelay="1""#,
            apache.at("run/idp-metadata.xml")
        );
        let (certificate, next, format) = (
            apache.at("idp.crt"),
            apache.at("idp-next.crt"),
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
                ("IDP_METADATA_NEXT_CERT", &next),
                ("REQUEST_BINDING", self.request_binding),
                ("NAME_ID_FORMAT", &format),
                ("ACR", self.acr),
                ("ACR_COMPARISON", self.comparison),
                (
                    "LOGOUT_ASYNCHRONOUS",
                    if self.waits_at_logout { "false" } else { "true" },
                ),
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
        self.register(platform, &metadata).await;
        apache
    }

    async fn register(&self, platform: &Platform, metadata: &str) {
        if self.released.is_empty() {
            platform.register_saml(metadata, self.sign_response).await;
            return;
        }
        let metadata = platform.bare_browser().get_one(metadata).await;
        assert_eq!(metadata.status, 200, "{}", metadata.body);
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"Shibboleth\", en = \"Shibboleth\" }}\nreleased_attributes = [{}]\n[saml]\nmetadata = '''{}'''\n",
            self.released, metadata.body
        ));
    }

    /// The platform's metadata as it took it last.
    pub fn knows(apache: &Apache) -> String {
        fs::read_to_string(apache.path("run/idp-metadata.xml")).unwrap_or_default()
    }

    /// Asks the platform about a person by SOAP (`resolvertest` of Debian's package); what it resolved, a line each.
    pub fn asks_about(apache: &Apache, platform: &str, name: &str) -> String {
        let output = std::process::Command::new(required("resolvertest", "shibboleth-sp-utils"))
            .env("SHIBSP_CONFIG", apache.at("shibboleth2.xml"))
            .args(["-saml2", "-i", platform, "-n", name, "-f"])
            .arg("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
            .output()
            .expect("resolvertest");
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }
}
