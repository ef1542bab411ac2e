//! The file form of a service, as ministries hand it in: TOML with names, level, attributes and one protocol.

use domain::{
    Aal, AssuranceLevel, ClientAuthentication, ClientDocuments, Ial, IdTokenAlgorithm, Localized, OidcLogout,
    OidcSettings, ProtocolSettings, ReleasedAttribute, RequestSettings, RequiredProperties,
    RevocationCertainty, SamlSettings, SectorId, SecurityProfile, ServiceKind, SubjectIdRequirement,
    Timestamp,
};
use serde::Deserialize;

use crate::RegistryRefusal;

/// A service as described by its ministry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceFile {
    /// SP or AP.
    pub kind: ServiceKind,
    /// Shown to people.
    pub name: Localized,
    /// An existing sector, when the service shares its ministry's pseudonyms; otherwise it gets its own.
    #[serde(default)]
    pub sector: Option<SectorId>,
    /// The least level; default IAL0, AAL3 (the card).
    #[serde(default = "card_level")]
    pub required_level: AssuranceLevel,
    /// How certain it must be that the certificate is not revoked: `crl` (the day's list) or `ocsp` (asked at each sign-in).
    #[serde(default)]
    pub required_certainty: Option<RevocationCertainty>,
    /// What else every sign-in must be: `fal`, `phishing_resistant`, `hardware_bound`, `max_age_seconds`.
    #[serde(default)]
    pub required_properties: RequiredProperties,
    /// Seconds past `nextUpdate` for which it accepts answers from a list; the platform's own limit stands above it.
    #[serde(default)]
    pub stale_tolerance_seconds: Option<u32>,
    /// What is released beside the pseudonym.
    #[serde(default)]
    pub released_attributes: Vec<ReleasedAttribute>,
    /// OpenID Connect settings.
    #[serde(default)]
    pub oidc: Option<OidcFile>,
    /// SAML settings.
    #[serde(default)]
    pub saml: Option<SamlFile>,
}

/// OpenID Connect settings in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcFile {
    /// `client_id`.
    pub client_id: String,
    /// Compared octet by octet.
    pub redirect_uris: Vec<String>,
    /// Compared octet by octet.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// How the client proves who it is.
    pub authentication: ClientAuthentication,
    /// How ID tokens are signed.
    #[serde(default)]
    pub id_token_signed_response_alg: IdTokenAlgorithm,
    /// Where the client is told, without the browser, that a person signed out.
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Every logout token has `sid`; kept for the operator's view.
    #[serde(default)]
    pub backchannel_logout_session_required: bool,
    /// What the browser is made to load when a person signs out.
    #[serde(default)]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether that address gets `iss` and `sid`.
    #[serde(default)]
    pub frontchannel_logout_session_required: bool,
    /// What its authorization requests may and must be.
    #[serde(default)]
    pub requests: RequestSettings,
    /// By which rules it is held.
    #[serde(default)]
    pub profile: SecurityProfile,
    /// Which tokens it may have.
    #[serde(default)]
    pub tokens: domain::TokenSettings,
    /// Which redirect URIs belong together: an address that lists them. Its host is the sector.
    #[serde(default)]
    pub sector_identifier_uri: Option<String>,
    /// Where its keys are, in place of `jwks`.
    #[serde(default)]
    pub jwks_uri: Option<String>,
}

/// SAML settings in a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlFile {
    /// The SP's metadata document, whole, as text.
    pub metadata: String,
    /// Sign the Response element too.
    #[serde(default)]
    pub sign_response: bool,
    /// May receive the identifier of a person that is the same at every service that may (subject-id).
    #[serde(default)]
    pub subject_id: bool,
    /// May be sent people who did not come from it.
    #[serde(default)]
    pub unsolicited: bool,
}

const fn card_level() -> AssuranceLevel {
    AssuranceLevel {
        ial: Ial::Zero,
        aal: Aal::Three,
    }
}

impl ServiceFile {
    /// Reads a file's text; the refusal names the line.
    pub fn parse(text: &str) -> Result<Self, RegistryRefusal> {
        toml::from_str(text).map_err(|error| RegistryRefusal::Malformed(error.to_string()))
    }

    /// A SAML service with everything else by default, from its metadata alone. Names come from the metadata, else the entity
    /// ID stands for them.
    pub fn from_metadata(metadata: &str) -> Result<Self, RegistryRefusal> {
        let read = read_metadata(metadata)?;
        let entity_id = read.settings.entity_id;
        let name = Localized {
            ja: read
                .names
                .ja
                .clone()
                .or_else(|| read.names.en.clone())
                .unwrap_or_else(|| entity_id.clone()),
            en: read.names.en.or(read.names.ja).unwrap_or(entity_id),
        };
        Ok(Self {
            kind: ServiceKind::Sp,
            name,
            sector: None,
            required_level: card_level(),
            required_certainty: None,
            required_properties: RequiredProperties::default(),
            stale_tolerance_seconds: None,
            released_attributes: vec![
                ReleasedAttribute::AssuranceLevel,
                ReleasedAttribute::AuthenticationMethod,
                ReleasedAttribute::AuthenticationTime,
            ],
            oidc: None,
            saml: Some(SamlFile {
                metadata: metadata.to_owned(),
                sign_response: false,
                subject_id: false,
                unsolicited: false,
            }),
        })
    }

    /// Checks the names and the attributes and returns the latter complete: sorted, without repetition, with the pseudonym.
    pub fn attributes(&self) -> Result<Vec<ReleasedAttribute>, RegistryRefusal> {
        checked_names(&self.name, &self.released_attributes)
    }

    /// What has to be fetched before it can be registered: the sector's document, the keys.
    pub fn addresses(&self) -> ClientDocuments {
        self.oidc
            .as_ref()
            .map_or_else(ClientDocuments::default, |oidc| ClientDocuments {
                sector_identifier_uri: oidc.sector_identifier_uri.clone(),
                jwks_uri: oidc.jwks_uri.clone(),
            })
    }

    /// The protocol's settings, checked as the protocol's room will use them.
    pub fn protocol(&self, now: Timestamp) -> Result<ProtocolSettings, RegistryRefusal> {
        match (&self.oidc, &self.saml) {
            (Some(oidc), None) => Ok(ProtocolSettings::Oidc(oidc.settings())),
            (None, Some(saml)) => Ok(ProtocolSettings::Saml(saml.settings(now)?)),
            (None, None) => Err(RegistryRefusal::Setting {
                key: "oidc",
                why: "write an [oidc] or a [saml] table".to_owned(),
            }),
            (Some(_), Some(_)) => Err(RegistryRefusal::Setting {
                key: "saml",
                why: "one protocol per record; register the other one as a second service of the same sector"
                    .to_owned(),
            }),
        }
    }
}

impl OidcFile {
    fn settings(&self) -> OidcSettings {
        OidcSettings {
            client_id: self.client_id.clone(),
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            authentication: self.authentication.clone(),
            id_token_signed_response_alg: self.id_token_signed_response_alg,
            logout: OidcLogout {
                backchannel_uri: self.backchannel_logout_uri.clone(),
                backchannel_session_required: self.backchannel_logout_session_required,
                frontchannel_uri: self.frontchannel_logout_uri.clone(),
                frontchannel_session_required: self.frontchannel_logout_session_required,
            },
            requests: self.requests.clone(),
            profile: self.profile,
            tokens: self.tokens.clone(),
            documents: ClientDocuments {
                sector_identifier_uri: self.sector_identifier_uri.clone(),
                jwks_uri: self.jwks_uri.clone(),
            },
        }
    }
}

impl SamlFile {
    fn settings(&self, now: Timestamp) -> Result<SamlSettings, RegistryRefusal> {
        let read = read_metadata(&self.metadata)?;
        if read
            .valid_until
            .is_some_and(|until| domain::metadata_has_ended(until, now))
        {
            return Err(RegistryRefusal::MetadataExpired);
        }
        checked_settings(read, self.sign_response, self.subject_id, self.unsolicited)
    }
}

/// Checks the names that people see, and returns the attributes complete: sorted, without repetition, with the pseudonym.
pub(crate) fn checked_names(
    name: &Localized,
    attributes: &[ReleasedAttribute],
) -> Result<Vec<ReleasedAttribute>, RegistryRefusal> {
    for (key, text) in [("name.ja", &name.ja), ("name.en", &name.en)] {
        let length = text.chars().count();
        if length == 0 || length > 200 || text.chars().any(char::is_control) {
            let why = "between 1 and 200 characters, no control characters".to_owned();
            return Err(RegistryRefusal::Setting { key, why });
        }
        if let Some(why) = holds_individual_number(text) {
            return Err(RegistryRefusal::Setting { key, why });
        }
    }
    let mut attributes = attributes.to_vec();
    attributes.push(ReleasedAttribute::Pseudonym);
    attributes.sort();
    attributes.dedup();
    Ok(attributes)
}

/// What metadata says, with what is ours to decide; refused where it asks for what is not granted, or lists nothing that is used here.
pub(crate) fn checked_settings(
    read: saml::metadata::ServiceProvider,
    sign_response: bool,
    subject_id: bool,
    unsolicited: bool,
) -> Result<SamlSettings, RegistryRefusal> {
    let facts = saml::ServiceFacts::from_settings(&read.settings)
        .map_err(|reason| RegistryRefusal::Metadata(reason.to_string()))?;
    if !facts.encryption_keys.is_empty() && facts.encryption().is_err() {
        return Err(RegistryRefusal::Setting {
                key: "saml.metadata",
                why: "its EncryptionMethods list nothing that is used here: AES-GCM with 128 or 256 bits; RSA-OAEP with one hash \
                      as its digest and in its mask (rsa-oaep-mgf1p: SHA-1); ask the service for metadata that lists them, or lists none"
                    .to_owned(),
            });
    }
    let wants_subject_id = read.settings.subject_id_requirement == Some(SubjectIdRequirement::SubjectId);
    if wants_subject_id && !subject_id {
        return Err(RegistryRefusal::Setting {
                key: "saml.subject_id",
                why: "the metadata requires subject-id, which is the same at every service: write subject_id = true where that \
                      is approved, or ask the service for metadata that requires pairwise-id"
                    .to_owned(),
            });
    }
    Ok(SamlSettings {
        sign_response,
        subject_id,
        unsolicited,
        ..read.settings
    })
}

fn read_metadata(text: &str) -> Result<saml::metadata::ServiceProvider, RegistryRefusal> {
    saml::metadata::read_service_provider(text.as_bytes())
        .map_err(|reason| RegistryRefusal::Metadata(reason.to_string()))
}

/// A run of exactly twelve digits whose check digit fits a 個人番号 (番号利用法施行令 article 8): refused in free text.
fn holds_individual_number(text: &str) -> Option<String> {
    let digits: Vec<Option<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let found = digits
        .split(Option::is_none)
        .map(|run| run.iter().copied().flatten().collect::<Vec<u32>>())
        .any(|run| run.len() == 12 && check_digit_fits(&run));
    found.then(|| "holds a 12-digit number that could be somebody's 個人番号; leave it out".to_owned())
}

fn check_digit_fits(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else {
        return false;
    };
    // P_n is the n-th digit from the right without the check digit; Q_n is n + 1 up to 6, then n - 5.
    let sum: u32 = body
        .iter()
        .rev()
        .zip((2..=7).chain(2..=6))
        .map(|(digit, weight)| digit * weight)
        .sum();
    let rest = sum % 11;
    *check == if rest <= 1 { 0 } else { 11 - rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OIDC: &str = r#"
        kind = "sp"
        name = { ja = "申請", en = "Filing" }
        released_attributes = ["assurance_level", "assurance_level"]
        [oidc]
        client_id = "filing"
        redirect_uris = ["https://filing.example.go.jp/cb"]
        authentication = { method = "none" }
    "#;

    #[test]
    fn a_file_becomes_settings_with_the_pseudonym() {
        let file = ServiceFile::parse(OIDC).unwrap();
        assert_eq!(
            file.attributes().unwrap(),
            [ReleasedAttribute::Pseudonym, ReleasedAttribute::AssuranceLevel]
        );
        let ProtocolSettings::Oidc(settings) = file.protocol(Timestamp::from_seconds(0)).unwrap() else {
            panic!("oidc")
        };
        assert_eq!(settings.client_id, "filing");
        assert_eq!(file.required_level, card_level());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let text = OIDC.replace("kind =", "colour = 1\n        kind =");
        let Err(RegistryRefusal::Malformed(why)) = ServiceFile::parse(&text) else {
            panic!("refused")
        };
        assert!(why.contains("line 2") && why.contains("colour"), "{why}");
    }

    #[test]
    fn both_protocols_or_none_are_refused() {
        let both = format!("{OIDC}\n[saml]\nmetadata = \"<x/>\"");
        let refused = ServiceFile::parse(&both)
            .unwrap()
            .protocol(Timestamp::from_seconds(0));
        assert!(matches!(
            refused,
            Err(RegistryRefusal::Setting { key: "saml", .. })
        ));
        let none = OIDC.split("[oidc]").next().unwrap();
        let refused = ServiceFile::parse(none)
            .unwrap()
            .protocol(Timestamp::from_seconds(0));
        assert!(matches!(
            refused,
            Err(RegistryRefusal::Setting { key: "oidc", .. })
        ));
    }

    #[test]
    fn numbers_that_could_be_a_persons_are_refused_and_others_are_not() {
        // 123456789018: the example of the technical standard, check digit 8.
        assert!(holds_individual_number("窓口 123456789018 番").is_some());
        assert!(holds_individual_number("123456789017").is_none());
        // A 13-digit corporate number is no individual number.
        assert!(holds_individual_number("7000012050002").is_none());
    }
}
