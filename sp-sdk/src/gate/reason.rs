//! Why the gate stays closed.

use std::fmt;

use policy::Shortfall;

use crate::oidc::OidcReason;
use crate::saml::SamlReason;
use crate::session::StoreFault;

/// Why the gate stays closed. The person is shown one of two pages ([`GateReason::is_ours`]); the rest is for the service's log.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GateReason {
    /// This browser did not ask, or its question was answered already, or too long ago.
    NotAsked,
    /// It was asked for, the platform answered, and it is still missing.
    StillUnmet(Shortfall),
    /// OpenID Connect.
    Oidc(OidcReason),
    /// SAML.
    Saml(SamlReason),
    /// The service's own store.
    Store(StoreFault),
    /// The question could not be sealed for the browser's cookie.
    Seal,
}

impl GateReason {
    /// Whether it is no verdict but a fault on our side or on the way: trying again may help.
    pub const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Store(_)
                | Self::Seal
                | Self::Oidc(
                    OidcReason::Unreachable(_)
                        | OidcReason::Discovery(_)
                        | OidcReason::KeysTooOld
                        | OidcReason::MemoryUnavailable
                        | OidcReason::Key(_)
                        | OidcReason::Setting { .. }
                )
                | Self::Saml(
                    SamlReason::Unreachable(_)
                        | SamlReason::MemoryUnavailable
                        | SamlReason::MetadataExpired
                        | SamlReason::Key(_)
                )
        )
    }
}

impl From<OidcReason> for GateReason {
    fn from(reason: OidcReason) -> Self {
        Self::Oidc(reason)
    }
}

impl From<StoreFault> for GateReason {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl fmt::Display for GateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked => f.write_str(
                "this browser did not ask, or its question was answered already or longer than ten minutes ago: offer to begin again",
            ),
            Self::StillUnmet(missing) => write!(
                f,
                "the platform's answer lacks what was asked for ({missing}): is assurance_level, and for an age authentication_time, \
                 among released_attributes of the registration, and can this person reach it?"
            ),
            Self::Oidc(reason) => reason.fmt(f),
            Self::Saml(reason) => reason.fmt(f),
            Self::Store(fault) => fault.fmt(f),
            Self::Seal => f.write_str("the question is longer than a cookie can be"),
        }
    }
}

impl std::error::Error for GateReason {}
