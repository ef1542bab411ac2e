//! Registry records: the services (SP = サービス提供者, AP = 申請・業務アプリケーション) that may ask for sign-ins.
//!
//! A record is one value with everything the platform may hold against the service. Protocol rooms receive
//! small views of it (`saml::ServiceFacts`, `oidc::ClientFacts`), never the record.

mod oidc;
mod saml;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Assurance, AssuranceLevel, Fal, Localized, Recency, RevocationCertainty, SectorId, ServiceId, Timestamp,
};

pub use oidc::{
    ClientAlgorithm, ClientAuthentication, ClientDocuments, IdTokenAlgorithm, OidcLogout, OidcSettings,
    RefreshPermission, RequestSettings, SecurityProfile, TokenSettings,
};
pub use saml::{
    AcsBinding, AcsEndpoint, AttributeConsumingService, FetchedMetadata, METADATA_CLOCK_SKEW_SECONDS,
    NameIdFormat, RequestedAttribute, SamlBinding, SamlSettings, SloBinding, SloEndpoint,
    SubjectIdRequirement, metadata_has_ended,
};

/// Whether the service provides pages to people or processes filings.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// サービス提供者
    Sp,
    /// 申請・業務アプリケーション
    Ap,
}

/// Where a service stands in its life: `active ⇄ suspended`, both `→ removed`, and nothing leaves `removed`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ServiceState {
    /// May ask for sign-ins.
    Active,
    /// Refused until resumed.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Why, for operators; never shown to the public.
        reason: String,
    },
    /// Gone for good; kept so that identifiers and sectors are never reused.
    Removed {
        /// Since when.
        since: Timestamp,
    },
}

/// A change of state that the life cycle does not know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StateTransitionError {
    /// The state from which the change was tried.
    pub from: &'static str,
    /// What was tried.
    pub tried: &'static str,
}

impl fmt::Display for StateTransitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} a service that is {}", self.tried, self.from)
    }
}

impl std::error::Error for StateTransitionError {}

impl ServiceState {
    /// The spelling in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Removed { .. } => "removed",
        }
    }

    /// `active → suspended`.
    pub fn suspend(&self, since: Timestamp, reason: String) -> Result<Self, StateTransitionError> {
        match self {
            Self::Active => Ok(Self::Suspended { since, reason }),
            _ => Err(StateTransitionError {
                from: self.as_str(),
                tried: "suspend",
            }),
        }
    }

    /// `suspended → active`.
    pub fn resume(&self) -> Result<Self, StateTransitionError> {
        match self {
            Self::Suspended { .. } => Ok(Self::Active),
            _ => Err(StateTransitionError {
                from: self.as_str(),
                tried: "resume",
            }),
        }
    }

    /// `active | suspended → removed`.
    pub fn remove(&self, since: Timestamp) -> Result<Self, StateTransitionError> {
        match self {
            Self::Removed { .. } => Err(StateTransitionError {
                from: self.as_str(),
                tried: "remove",
            }),
            _ => Ok(Self::Removed { since }),
        }
    }
}

/// Something about the person or the sign-in that a service receives.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedAttribute {
    /// The pairwise pseudonym. Always released: without it there is no sign-in.
    Pseudonym,
    /// The level reached (IAL and AAL).
    AssuranceLevel,
    /// When the card was used.
    AuthenticationTime,
    /// That a card was used (`amr`, `AuthnContextClassRef`).
    AuthenticationMethod,
    /// 氏名, with a flag per character that stands for another one. From 利用登録, as are those below.
    Name,
    /// 住所, with flags likewise.
    Address,
    /// 生年月日, perhaps partial.
    BirthDate,
    /// 性別.
    Gender,
}

impl ReleasedAttribute {
    /// The 基本4情報.
    pub const FOUR_ITEMS: [Self; 4] = [Self::Name, Self::Address, Self::BirthDate, Self::Gender];

    /// Whether it is one of the 基本4情報, which are there only after 利用登録.
    pub const fn is_of_four_items(self) -> bool {
        matches!(self, Self::Name | Self::Address | Self::BirthDate | Self::Gender)
    }

    /// The spelling in service files, in the database and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pseudonym => "pseudonym",
            Self::AssuranceLevel => "assurance_level",
            Self::AuthenticationTime => "authentication_time",
            Self::AuthenticationMethod => "authentication_method",
            Self::Name => "name",
            Self::Address => "address",
            Self::BirthDate => "birth_date",
            Self::Gender => "gender",
        }
    }
}

/// Protocol settings: one protocol per record. A ministry with both has two records in one sector.
#[allow(
    clippy::large_enum_variant,
    reason = "a record is read, looked at and dropped: never many of them"
)]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtocolSettings {
    /// OpenID Connect.
    Oidc(OidcSettings),
    /// SAML 2.0.
    Saml(SamlSettings),
}

impl ProtocolSettings {
    /// `client_id` or `entityID`: unique over the registry together with the protocol.
    pub fn identifier(&self) -> &str {
        match self {
            Self::Oidc(settings) => &settings.client_id,
            Self::Saml(settings) => &settings.entity_id,
        }
    }

    /// The spelling of the protocol in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Oidc(_) => "oidc",
            Self::Saml(_) => "saml",
        }
    }
}

/// What a service may demand of every sign-in beside the two levels.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequiredProperties {
    /// How the reply is bound and protected; none means any.
    pub fal: Option<Fal>,
    /// Only methods whose fruits no relaying origin can use.
    pub phishing_resistant: bool,
    /// Only keys that cannot leave their hardware.
    pub hardware_bound: bool,
    /// The card was used at most so many seconds ago; zero: within the sign-in.
    pub max_age_seconds: Option<u32>,
}

/// One registered service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Service {
    /// Immutable identifier.
    pub id: ServiceId,
    /// Within which people have one pseudonym. Immutable.
    pub sector: SectorId,
    /// What it is.
    pub kind: ServiceKind,
    /// Shown to people on the sign-in and consent pages.
    pub name: Localized,
    /// Where it stands.
    pub state: ServiceState,
    /// The least that a sign-in must reach, whatever the request says.
    pub required_level: AssuranceLevel,
    /// How certain it must be that the certificate is not revoked, whatever the request says; none means by the day's list.
    #[serde(default)]
    pub required_certainty: Option<RevocationCertainty>,
    /// What else it must be, whatever the request says.
    #[serde(default, skip_serializing_if = "oidc::is_default")]
    pub required_properties: RequiredProperties,
    /// Seconds past `nextUpdate` for which this service accepts answers from a list; none means as long as the platform does,
    /// whose own limit stands above this one.
    #[serde(default)]
    pub stale_tolerance_seconds: Option<u32>,
    /// What it receives, sorted, without repetition; the pseudonym is always among it.
    pub released_attributes: Vec<ReleasedAttribute>,
    /// How it speaks.
    pub protocol: ProtocolSettings,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Row version: rises by one at each change; batches name it as precondition.
    pub version: u64,
}

impl Service {
    /// What its record demands of every sign-in, as a point of the lattice.
    pub fn demand(&self) -> Assurance {
        let RequiredProperties {
            fal,
            phishing_resistant,
            hardware_bound,
            max_age_seconds,
        } = self.required_properties;
        Assurance {
            ial: self.required_level.ial,
            aal: self.required_level.aal,
            fal: fal.unwrap_or(Fal::One),
            phishing_resistant,
            hardware_bound,
            recency: max_age_seconds.map_or(Recency::Anytime, Recency::demanded),
            certainty: self.required_certainty.unwrap_or(RevocationCertainty::Crl),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_cycle_has_no_way_back_from_removed() {
        let at = Timestamp::from_seconds(1);
        let active = ServiceState::Active;
        let suspended = active.suspend(at, "audit finding".to_owned()).unwrap();
        let removed = suspended.remove(at).unwrap();
        assert_eq!(suspended.resume(), Ok(ServiceState::Active));
        assert!(suspended.suspend(at, String::new()).is_err());
        assert!(active.resume().is_err());
        assert!(removed.resume().is_err() && removed.remove(at).is_err());
        assert!(removed.suspend(at, String::new()).is_err());
    }

    #[test]
    fn a_record_survives_its_own_spelling() {
        let state = ServiceState::Suspended {
            since: Timestamp::from_seconds(7),
            reason: "x".to_owned(),
        };
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(text, r#"{"state":"suspended","since":7000,"reason":"x"}"#);
        assert_eq!(serde_json::from_str::<ServiceState>(&text).unwrap(), state);
    }
}
