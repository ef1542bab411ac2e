//! The ring of signing keys and the life of each: announced → active → retired → removed.
//!
//! | State | signs | in the JWK set and the SAML metadata |
//! |---|---|---|
//! | announced | no | yes, so that caches learn it before it signs |
//! | active | yes | yes |
//! | retired | no | yes, so that what it signed still verifies |
//! | removed | no | no; the record stays so that nobody wonders |
//!
//! One key is active per (use, algorithm). Activating the next one retires the last.

use std::fmt;

use domain::Timestamp;
use jose::{Jwk, JwkSet};
use serde::{Deserialize, Serialize};

use crate::{KeyId, PublicPart, SigningAlgorithm};

/// Whose messages a key signs. A key serves one protocol, so that nothing signed for one can be shown to the other.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    /// ID tokens.
    OpenIdConnect,
    /// Responses, assertions and our metadata.
    Saml,
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenIdConnect => "OpenID Connect",
            Self::Saml => "SAML",
        })
    }
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum KeyState {
    /// Published, does not sign yet.
    Announced {
        /// Since when.
        since: Timestamp,
    },
    /// Signs.
    Active {
        /// Since when.
        since: Timestamp,
    },
    /// Published, signs no more.
    Retired {
        /// Since when.
        since: Timestamp,
    },
    /// Gone.
    Removed {
        /// Since when.
        since: Timestamp,
    },
}

impl KeyState {
    /// Whether the public part is shown to services.
    pub const fn is_published(self) -> bool {
        matches!(
            self,
            Self::Announced { .. } | Self::Active { .. } | Self::Retired { .. }
        )
    }

    /// Whether the key signs.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active { .. })
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Announced { .. } => "announced",
            Self::Active { .. } => "active",
            Self::Retired { .. } => "retired",
            Self::Removed { .. } => "removed",
        }
    }
}

/// How soon an announced key may begin to sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Activation {
    /// Only when it was announced for at least so many seconds (the planned roll-over).
    AfterNotice {
        /// Seconds.
        seconds: i64,
    },
    /// Now (the first key, or an emergency: services with a cached set fail until they fetch again).
    AtOnce,
}

/// How soon a retired key may be gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// Only when it was retired for at least so many seconds: nothing that it signed is good any more (the planned roll-over).
    AfterLife {
        /// Seconds.
        seconds: i64,
    },
    /// Now (a key that somebody else holds: what it signed fails from now on).
    AtOnce,
}

/// One key of the ring, public part only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningKey {
    /// Its name.
    pub id: KeyId,
    /// Whose messages it signs.
    pub key_use: KeyUse,
    /// With what.
    pub algorithm: SigningAlgorithm,
    /// Where it stands.
    pub state: KeyState,
    /// What is published.
    pub public: PublicPart,
    /// Self-signed X.509 certificate, DER: the wrapping in which SAML metadata shows a key. SAML keys have one.
    pub certificate_der: Option<Vec<u8>>,
}

/// What a ring cannot be or do.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RingFault {
    /// No such key.
    Unknown(KeyId),
    /// The same key twice.
    Repeated(KeyId),
    /// Two active keys for one use and algorithm.
    TwoActive(KeyUse, SigningAlgorithm),
    /// The public key cannot be used with the algorithm, or is weak.
    Unfit(KeyId),
    /// A SAML key without certificate.
    NoCertificate(KeyId),
    /// A change of state that the life cycle does not know.
    Transition {
        /// The key.
        key: KeyId,
        /// Its state.
        from: &'static str,
        /// What was tried.
        tried: &'static str,
    },
    /// Announced too recently.
    NoticeTooShort {
        /// The key.
        key: KeyId,
        /// Seconds still to wait.
        wait_seconds: i64,
    },
    /// Retired too recently: what it signed may still be good.
    StillNeeded {
        /// The key.
        key: KeyId,
        /// Seconds still to wait.
        wait_seconds: i64,
    },
}

impl fmt::Display for RingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(key) => write!(f, "the ring holds no {key}"),
            Self::Repeated(key) => write!(f, "{key} is in the ring twice"),
            Self::TwoActive(key_use, algorithm) => {
                write!(f, "two active keys for {key_use} with {algorithm}")
            }
            Self::Unfit(key) => write!(f, "{key} is weak or does not fit its algorithm"),
            Self::NoCertificate(key) => write!(f, "{key} signs SAML and has no certificate"),
            Self::Transition { key, from, tried } => write!(f, "cannot {tried} {key}: it is {from}"),
            Self::NoticeTooShort { key, wait_seconds } => {
                write!(
                    f,
                    "{key} was announced too recently: wait {wait_seconds} s more, or activate at once"
                )
            }
            Self::StillNeeded { key, wait_seconds } => {
                write!(
                    f,
                    "what {key} signed may still be good: wait {wait_seconds} s more, or remove it at once (--now)"
                )
            }
        }
    }
}

impl std::error::Error for RingFault {}

/// Every key that we sign with, will sign with or signed with. Changes make a new ring, so a reader never sees half of one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ring {
    keys: Vec<SigningKey>,
}

impl Ring {
    /// A ring, checked: distinct keys, one active per use and algorithm, fit for their algorithm, SAML keys with certificate.
    pub fn new(keys: Vec<SigningKey>) -> Result<Self, RingFault> {
        for (place, key) in keys.iter().enumerate() {
            let earlier = || keys.iter().take(place);
            if key.id != key.public.id() || !key.public.fits(key.algorithm) || jwk(key).is_none() {
                return Err(RingFault::Unfit(key.id.clone()));
            }
            if key.key_use == KeyUse::Saml && key.certificate_der.is_none() {
                return Err(RingFault::NoCertificate(key.id.clone()));
            }
            if earlier().any(|other| other.id == key.id) {
                return Err(RingFault::Repeated(key.id.clone()));
            }
            let same_place = |other: &SigningKey| {
                other.state.is_active() && other.key_use == key.key_use && other.algorithm == key.algorithm
            };
            if key.state.is_active() && earlier().any(same_place) {
                return Err(RingFault::TwoActive(key.key_use, key.algorithm));
            }
        }
        Ok(Self { keys })
    }

    /// Every key, removed ones included.
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The key that signs now.
    pub fn active(&self, key_use: KeyUse, algorithm: SigningAlgorithm) -> Option<&SigningKey> {
        self.keys
            .iter()
            .find(|key| key.key_use == key_use && key.algorithm == algorithm && key.state.is_active())
    }

    /// The keys that services are shown, the active ones first.
    pub fn published(&self, key_use: KeyUse) -> Vec<&SigningKey> {
        let mut keys: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.key_use == key_use && key.state.is_published())
            .collect();
        keys.sort_by_key(|key| !key.state.is_active());
        keys
    }

    /// The JWK set (OpenID Connect Discovery 1.0 section 3, `jwks_uri`): `kid` is the key's identifier.
    pub fn jwks(&self) -> JwkSet {
        JwkSet::new(
            self.published(KeyUse::OpenIdConnect)
                .into_iter()
                .filter_map(jwk)
                .collect(),
        )
    }

    /// Certificates for the `KeyDescriptor use="signing"` elements of our SAML metadata, DER, the active key's first.
    pub fn saml_certificates(&self) -> Vec<&[u8]> {
        self.published(KeyUse::Saml)
            .into_iter()
            .filter_map(|key| key.certificate_der.as_deref())
            .collect()
    }

    /// Adds a key as announced.
    pub fn announce(&self, key: SigningKey, now: Timestamp) -> Result<Self, RingFault> {
        let mut keys = self.keys.clone();
        keys.push(SigningKey {
            state: KeyState::Announced { since: now },
            ..key
        });
        Self::new(keys)
    }

    /// `announced → active`; the key that was active for the same use and algorithm is retired.
    pub fn activate(&self, id: &KeyId, how: Activation, now: Timestamp) -> Result<Self, RingFault> {
        let next = self.find(id)?;
        let KeyState::Announced { since } = next.state else {
            return Err(transition(next, "activate"));
        };
        if let Activation::AfterNotice { seconds } = how {
            let wait_seconds = seconds.saturating_sub(now.seconds_since(since));
            if wait_seconds > 0 {
                return Err(RingFault::NoticeTooShort {
                    key: id.clone(),
                    wait_seconds,
                });
            }
        }
        let (key_use, algorithm) = (next.key_use, next.algorithm);
        self.change(|key| {
            if key.id == *id {
                key.state = KeyState::Active { since: now };
            } else if key.key_use == key_use && key.algorithm == algorithm && key.state.is_active() {
                key.state = KeyState::Retired { since: now };
            }
        })
    }

    /// `announced | retired → removed`. An active key is not removed: activate another first. An announced one has signed nothing.
    pub fn remove(&self, id: &KeyId, how: Removal, now: Timestamp) -> Result<Self, RingFault> {
        let key = self.find(id)?;
        match (key.state, how) {
            (KeyState::Retired { since }, Removal::AfterLife { seconds }) => {
                let wait_seconds = seconds.saturating_sub(now.seconds_since(since));
                if wait_seconds > 0 {
                    return Err(RingFault::StillNeeded {
                        key: id.clone(),
                        wait_seconds,
                    });
                }
            }
            (KeyState::Announced { .. } | KeyState::Retired { .. }, _) => {}
            _ => return Err(transition(key, "remove")),
        }
        self.change(|key| {
            if key.id == *id {
                key.state = KeyState::Removed { since: now };
            }
        })
    }

    fn find(&self, id: &KeyId) -> Result<&SigningKey, RingFault> {
        self.keys
            .iter()
            .find(|key| key.id == *id)
            .ok_or_else(|| RingFault::Unknown(id.clone()))
    }

    fn change(&self, each: impl Fn(&mut SigningKey)) -> Result<Self, RingFault> {
        let mut keys = self.keys.clone();
        keys.iter_mut().for_each(each);
        Self::new(keys)
    }
}

fn transition(key: &SigningKey, tried: &'static str) -> RingFault {
    RingFault::Transition {
        key: key.id.clone(),
        from: key.state.word(),
        tried,
    }
}

fn jwk(key: &SigningKey) -> Option<Jwk> {
    Jwk::new(
        key.public.key().clone(),
        key.id.as_str().to_owned(),
        key.algorithm.jose(),
    )
    .ok()
}

#[cfg(test)]
mod tests;
