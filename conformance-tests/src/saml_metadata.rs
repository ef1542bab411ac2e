//! SAML metadata on its way between a [`Platform`] and a service provider, as people carry it.

use std::fs;

use crate::Platform;

impl Platform {
    /// The platform's metadata.
    pub async fn saml_metadata(&self) -> String {
        let page = self
            .bare_browser()
            .get_one(&format!("{}/saml/metadata", self.origin))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    }

    /// The platform's `entityID`.
    pub async fn saml_entity_id(&self) -> String {
        between(&self.saml_metadata().await, "entityID=\"", "\"")
    }

    /// The certificate in the platform's metadata, as PEM.
    pub async fn saml_certificate_pem(&self) -> String {
        let metadata = self.saml_metadata().await;
        let base64 = between(&metadata, "X509Certificate>", "<");
        format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
    }

    /// Registers a service provider from the metadata that it publishes.
    pub async fn register_saml(&self, metadata_url: &str, sign_response: bool) {
        let metadata = self.bare_browser().get_one(metadata_url).await;
        assert_eq!(metadata.status, 200, "{metadata_url}: {}", metadata.body);
        let path = self.path().join("service-metadata.xml");
        fs::write(&path, &metadata.body).expect("metadata");
        let mut arguments = vec!["service", "add-saml", path.to_str().expect("path")];
        if sign_response {
            arguments.push("--sign-response");
        }
        let added = self.command(&arguments);
        assert!(
            added.status.success(),
            "service add-saml {metadata_url}: {}",
            String::from_utf8_lossy(&added.stderr)
        );
    }
}

fn between(text: &str, before: &str, after: &str) -> String {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"));
    let (found, _) = rest
        .split_once(after)
        .unwrap_or_else(|| panic!("no {after} after {before}"));
    found.to_owned()
}
