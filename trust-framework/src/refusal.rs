//! Why the registry does not change. Each says what to do.

use std::fmt;

use domain::StateTransitionError;
use store::StoreFault;

/// Why the registry does not change.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RegistryRefusal {
    /// The file is no TOML of the expected form; the text names line and key.
    Malformed(String),
    /// The SAML metadata cannot be used.
    Metadata(String),
    /// `validUntil` has passed.
    MetadataExpired,
    /// A setting cannot work.
    Setting {
        /// Which.
        key: &'static str,
        /// Why, and what to do.
        why: String,
    },
    /// A service with this identifier is registered.
    AlreadyRegistered(String),
    /// No such service.
    Unknown(String),
    /// No such verifier.
    UnknownVerifier(String),
    /// The life cycle does not allow it.
    Transition(StateTransitionError),
    /// Somebody else changed the record at the same time.
    ChangedMeanwhile,
    /// The store could not answer.
    Store(StoreFault),
}

impl fmt::Display for RegistryRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the file cannot be read: {why}"),
            Self::Metadata(why) => write!(f, "the SAML metadata cannot be used: {why}"),
            Self::MetadataExpired => {
                f.write_str("the SAML metadata is past its validUntil; ask the service for a fresh file")
            }
            Self::Setting { key, why } => write!(f, "{key}: {why}"),
            Self::AlreadyRegistered(identifier) => {
                write!(
                    f,
                    "{identifier} is registered already; remove that record first, or use another identifier"
                )
            }
            Self::Unknown(identifier) => {
                write!(
                    f,
                    "no service is registered as {identifier}; list them with: idp-server service list"
                )
            }
            Self::UnknownVerifier(id) => {
                write!(
                    f,
                    "no verifier is registered as {id}; list them with: idp-server verifier list"
                )
            }
            Self::Transition(error) => error.fmt(f),
            Self::ChangedMeanwhile => {
                f.write_str("the record was changed at the same time; look at it and try again")
            }
            Self::Store(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for RegistryRefusal {}

impl From<StoreFault> for RegistryRefusal {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<StateTransitionError> for RegistryRefusal {
    fn from(error: StateTransitionError) -> Self {
        Self::Transition(error)
    }
}
