//! One point of the assurance lattice: what a sign-in has, what somebody demands of it, or the most that somebody may vouch for.
//!
//! The order is componentwise, so it is partial: identity proofing says nothing about authentication, nor either about
//! federation (DS-511, NIST SP 800-63-4).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{Aal, AssuranceLevel, Fal, Ial, RevocationCertainty};

/// How recently the person used the authenticator; the more recent, the greater.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recency {
    /// At some time within the session.
    #[default]
    Anytime,
    /// At most so many seconds ago.
    Within(u32),
    /// Within this very sign-in (`prompt=login`, `max_age=0`, `ForceAuthn`).
    InThisSignIn,
}

impl Recency {
    /// What a request for an age in seconds demands: zero seconds is a new use (OpenID Connect Core 1.0 section 3.1.2.1,
    /// "`max_age=0` … is equivalent to `prompt=login`" of errata set 2).
    pub const fn demanded(max_age_seconds: u32) -> Self {
        match max_age_seconds {
            0 => Self::InThisSignIn,
            seconds => Self::Within(seconds),
        }
    }

    /// What a use of the authenticator that many milliseconds ago amounts to: begun seconds count whole.
    pub fn reached(age_millis: i64) -> Self {
        let seconds = whole_seconds(age_millis.max(0));
        u32::try_from(seconds).map_or(Self::Anytime, Self::Within)
    }
}

/// Milliseconds, not negative, as seconds rounded up.
fn whole_seconds(millis: i64) -> i64 {
    millis / 1000 + i64::from(millis % 1000 != 0)
}

impl Ord for Recency {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Within(mine), Self::Within(theirs)) => theirs.cmp(mine),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Recency {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Recency {
    const fn rank(self) -> u8 {
        match self {
            Self::Anytime => 0,
            Self::Within(_) => 1,
            Self::InThisSignIn => 2,
        }
    }
}

/// A point of the lattice.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Assurance {
    /// Identity proofing.
    pub ial: Ial,
    /// Authentication.
    pub aal: Aal,
    /// How the reply to the service is bound and protected.
    pub fal: Fal,
    /// Whoever relays what the person does gets nothing that another origin takes.
    pub phishing_resistant: bool,
    /// The key cannot leave its hardware.
    pub hardware_bound: bool,
    /// How recently the authenticator was used.
    pub recency: Recency,
    /// How certain it is that the certificate is not revoked.
    pub certainty: RevocationCertainty,
}

impl Assurance {
    /// What everything satisfies: as a demand, none.
    pub const LEAST: Self = Self {
        ial: Ial::Zero,
        aal: Aal::Zero,
        fal: Fal::One,
        phishing_resistant: false,
        hardware_bound: false,
        recency: Recency::Anytime,
        certainty: RevocationCertainty::Crl,
    };

    /// What satisfies everything: as a ceiling, none.
    pub const GREATEST: Self = Self {
        ial: Ial::Three,
        aal: Aal::Three,
        fal: Fal::Three,
        phishing_resistant: true,
        hardware_bound: true,
        recency: Recency::InThisSignIn,
        certainty: RevocationCertainty::Ocsp,
    };

    /// A demand for these two levels and for nothing else.
    pub const fn of_level(level: AssuranceLevel) -> Self {
        Self {
            ial: level.ial,
            aal: level.aal,
            ..Self::LEAST
        }
    }

    /// The two levels alone.
    pub const fn level(self) -> AssuranceLevel {
        AssuranceLevel {
            ial: self.ial,
            aal: self.aal,
        }
    }

    /// Whether every component is at least as great as in `demand`.
    pub fn satisfies(self, demand: Self) -> bool {
        self.ial >= demand.ial
            && self.aal >= demand.aal
            && self.fal >= demand.fal
            && self.phishing_resistant >= demand.phishing_resistant
            && self.hardware_bound >= demand.hardware_bound
            && self.recency >= demand.recency
            && self.certainty >= demand.certainty
    }

    /// The greater of each component: what meets both demands.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            ial: self.ial.max(other.ial),
            aal: self.aal.max(other.aal),
            fal: self.fal.max(other.fal),
            phishing_resistant: self.phishing_resistant | other.phishing_resistant,
            hardware_bound: self.hardware_bound | other.hardware_bound,
            recency: self.recency.max(other.recency),
            certainty: self.certainty.max(other.certainty),
        }
    }

    /// The lesser of each component: what is left below a ceiling.
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        Self {
            ial: self.ial.min(other.ial),
            aal: self.aal.min(other.aal),
            fal: self.fal.min(other.fal),
            phishing_resistant: self.phishing_resistant & other.phishing_resistant,
            hardware_bound: self.hardware_bound & other.hardware_bound,
            recency: self.recency.min(other.recency),
            certainty: self.certainty.min(other.certainty),
        }
    }
}

#[cfg(test)]
mod tests;
