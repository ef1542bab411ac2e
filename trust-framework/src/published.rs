//! What a client publishes at its addresses, once it was fetched: by whoever may reach the network, here it is only judged.

use domain::{ClientAuthentication, OidcSettings, Timestamp};
use oidc::MetadataFault;

/// What was fetched.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// What `sector_identifier_uri` led to.
    pub sector: Option<SectorDocument>,
    /// What `jwks_uri` led to, as text.
    pub keys: Option<String>,
}

/// A list of redirect URIs that belong together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SectorDocument {
    /// Where it stands.
    pub uri: String,
    /// What it lists.
    pub listed: Vec<String>,
    /// When it was fetched; an older one where it could not be fetched now.
    pub fetched_at: Timestamp,
}

impl Published {
    /// The document about the sector that the settings name, if they name one. Every redirect URI is in it.
    ///
    /// # Errors
    /// It was not fetched, or does not list them.
    pub fn sector_of(&self, settings: &OidcSettings) -> Result<Option<&SectorDocument>, MetadataFault> {
        let Some(uri) = &settings.documents.sector_identifier_uri else {
            return Ok(None);
        };
        let Some(document) = self.sector.as_ref().filter(|document| document.uri == *uri) else {
            return Err(MetadataFault::Unfetched {
                name: "sector_identifier_uri",
                why: "not fetched",
            });
        };
        oidc::sector_document::check(&document.listed, &settings.redirect_uris)?;
        Ok(Some(document))
    }
}

/// Puts what `jwks_uri` led to where the keys stand. What stood there before stays when nothing was fetched.
pub fn with_keys(settings: &mut OidcSettings, keys: &str) {
    match &mut settings.authentication {
        ClientAuthentication::PrivateKeyJwt { jwks }
        | ClientAuthentication::SelfSignedTlsClientAuth { jwks } => keys.clone_into(jwks),
        _ => settings.requests.jwks = Some(keys.to_owned()),
    }
}
