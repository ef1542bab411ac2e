//! Level guards: what a page of the service asks of the sign-in behind it, as a small value that composes.
//!
//! A guard is a point of the platform's own assurance lattice, decided by the platform's own function (`policy::decide`), so the two
//! sides mean the same by a name. `Guard::aal(Aal::Three).and(Guard::fresh_within(300))` is "AAL3, and the card within five minutes".

use domain::{Aal, Assurance, AuthenticationMethod, Fal, Ial, Recency, RevocationCertainty, Timestamp};
use policy::{AuthenticationContext, Callable, Ceilings, Demands, Dialect, Shortfall, Vouched};
use serde::{Deserialize, Serialize};

use crate::{oidc, saml};

/// Names in one request: whoever reaches more is called by the weakest, and the platform reads eight at most.
const MOST_NAMES: usize = 4;

/// A demand on the sign-in behind a request.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Guard(Assurance);

impl Guard {
    /// Signed in, however.
    pub const SIGNED_IN: Self = Self(Assurance::LEAST);

    /// Identity proofing of at least this level.
    pub const fn ial(ial: Ial) -> Self {
        Self(Assurance {
            ial,
            ..Assurance::LEAST
        })
    }

    /// Authentication of at least this level.
    pub const fn aal(aal: Aal) -> Self {
        Self(Assurance {
            aal,
            ..Assurance::LEAST
        })
    }

    /// An answer of the platform that is bound and protected to at least this level.
    pub const fn fal(fal: Fal) -> Self {
        Self(Assurance {
            fal,
            ..Assurance::LEAST
        })
    }

    /// A method that gives whoever relays it nothing.
    pub const fn phishing_resistant() -> Self {
        Self(Assurance {
            phishing_resistant: true,
            ..Assurance::LEAST
        })
    }

    /// A key that cannot leave its hardware.
    pub const fn hardware_bound() -> Self {
        Self(Assurance {
            hardware_bound: true,
            ..Assurance::LEAST
        })
    }

    /// The card was used within so many seconds; one at least.
    pub const fn fresh_within(seconds: u32) -> Self {
        Self(Assurance {
            recency: Recency::Within(if seconds == 0 { 1 } else { seconds }),
            ..Assurance::LEAST
        })
    }

    /// The authority was asked about this very card, not only its list read.
    pub const fn asked_the_authority() -> Self {
        Self(Assurance {
            certainty: RevocationCertainty::Ocsp,
            ..Assurance::LEAST
        })
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.join(other.0))
    }

    /// The point of the lattice.
    pub const fn demand(self) -> Assurance {
        self.0
    }

    /// Whether a sign-in meets it now; if not, what is missing and how to ask for it.
    pub fn check(self, reached: &Reached, now: Timestamp) -> Result<(), Unmet> {
        let vouched = Vouched {
            // No context is named, so the method decides nothing.
            method: AuthenticationMethod::CardTls,
            assurance: reached.at(now),
        };
        let demands = Demands {
            service: Assurance::LEAST,
            request: self.0,
            floor: Assurance::LEAST,
            contexts: &[],
            usual_context: "",
        };
        match policy::decide(&demands, &vouched, &Ceilings::NONE) {
            Ok(_) => Ok(()),
            Err(missing) => Err(Unmet {
                missing,
                step_up: self.step_up(missing.recency),
            }),
        }
    }

    /// How the platform is asked for all of it. `now`: the card must be used again, whatever its last use.
    pub fn step_up(self, now: bool) -> StepUp {
        let max_age_seconds = match self.0.recency {
            _ if now => Some(0),
            Recency::Anytime => None,
            Recency::Within(seconds) => Some(seconds),
            Recency::InThisSignIn => Some(0),
        };
        StepUp {
            demand: self.0,
            max_age_seconds,
        }
    }
}

/// What a guard misses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unmet {
    /// Component by component.
    pub missing: Shortfall,
    /// How to ask for it.
    pub step_up: StepUp,
}

/// A request for more, in words of either protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StepUp {
    demand: Assurance,
    max_age_seconds: Option<u32>,
}

impl StepUp {
    /// `acr_values` of which one suffices, weakest first; empty where no name is needed.
    pub fn acr_values(&self) -> Vec<String> {
        let groups = [
            Dialect::Digital,
            Dialect::Assurance,
            Dialect::ExtendedProfile,
            Dialect::SamlClass,
        ];
        let groups = groups.map(|dialect| self.names(|context| context.dialect == dialect));
        groups
            .into_iter()
            .find(|names| !names.is_empty())
            .unwrap_or_default()
    }

    /// `max_age` (RFC 9470 section 3).
    pub const fn max_age_seconds(&self) -> Option<u32> {
        self.max_age_seconds
    }

    /// As a request of OpenID Connect.
    pub fn oidc(&self) -> oidc::RequestOptions {
        oidc::RequestOptions {
            max_age_seconds: self.max_age_seconds,
            levels: self.acr_values(),
            certainty: self.certainty("ocsp"),
            ..oidc::RequestOptions::default()
        }
    }

    /// As a request of SAML: classes are URIs (core-2.0-os section 2.7.2.2). It has no word for an age but "now" (`ForceAuthn`), so
    /// whoever wants any age asks for that: an older session at the platform would answer, and be refused here.
    pub fn saml(&self) -> saml::RequestOptions {
        saml::RequestOptions {
            force_authn: self.max_age_seconds.is_some(),
            levels: self.names(AuthenticationContext::is_uri),
            certainty: self.certainty("urn:jp:go:gap:certainty:ocsp"),
        }
    }

    fn certainty(&self, name: &str) -> Option<String> {
        (self.demand.certainty > RevocationCertainty::Crl).then(|| name.to_owned())
    }

    /// Names that mean all that is demanded; where there is no such name, those that mean the levels, and the answer decides.
    fn names(&self, spoken: impl Fn(&AuthenticationContext) -> bool) -> Vec<String> {
        let named = Assurance {
            fal: Fal::One,
            recency: Recency::Anytime,
            certainty: RevocationCertainty::Crl,
            ..self.demand
        };
        if named == Assurance::LEAST {
            return Vec::new();
        }
        let all_that = |demand: Assurance| -> Vec<String> {
            policy::known_contexts()
                .iter()
                .filter(|context| context.can_be_asked_for() && implied(context).satisfies(demand))
                .filter(|context| spoken(context))
                .take(MOST_NAMES)
                .map(|context| context.name.to_owned())
                .collect()
        };
        let expressible = policy::known_contexts()
            .iter()
            .any(|context| context.can_be_asked_for() && implied(context).satisfies(named));
        if expressible {
            all_that(named)
        } else {
            all_that(Assurance::of_level(named.level()))
        }
    }
}

/// What a name says of whoever may be called by it.
fn implied(context: &AuthenticationContext) -> Assurance {
    match context.callable {
        Callable::ByAny => context.demand,
        // Every method that may be called so has it.
        Callable::ByOnly(methods) => methods
            .iter()
            .map(|method| policy::brought(*method, context.demand.ial, Fal::One))
            .reduce(Assurance::meet)
            .map_or(context.demand, |common| Assurance {
                phishing_resistant: common.phishing_resistant,
                hardware_bound: common.hardware_bound,
                ..context.demand
            }),
        Callable::ByNone => Assurance::LEAST,
    }
}

/// What a sign-in reached, as far as the platform's answer said it: what is not released is not reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reached {
    assurance: Assurance,
    authenticated_at: Option<Timestamp>,
}

impl Reached {
    /// From the claims of an ID token. The exchange is FAL2: a code that PKCE and `nonce` bind to our question (NIST SP 800-63C-4 section
    /// 2.2).
    pub fn by_oidc(person: &oidc::SignIn) -> Self {
        Self::of(
            (person.level(), person.ial(), person.aal(), person.certainty()),
            person.authenticated_at(),
        )
    }

    /// From an assertion: the same for an answer that `InResponseTo` binds to our question.
    pub fn by_saml(person: &saml::SignIn) -> Self {
        let attribute = |name: &str| {
            let full = format!("urn:jp:go:gap:attribute:{name}");
            let found = person.attributes().iter().find(|one| one.name == full);
            found.and_then(|one| one.values.first()).map(String::as_str)
        };
        Self::of(
            (
                Some(person.level()),
                attribute("ial"),
                attribute("aal"),
                attribute("revocation-certainty"),
            ),
            Some(person.authenticated_at()),
        )
    }

    /// From an access token's `acr` and `auth_time` (RFC 9470 section 6).
    pub fn by_token(acr: Option<&str>, auth_time: Option<i64>) -> Self {
        Self::of((acr, None, None, None), auth_time.map(Timestamp::from_seconds))
    }

    fn of(
        (name, ial, aal, certainty): (Option<&str>, Option<&str>, Option<&str>, Option<&str>),
        authenticated_at: Option<Timestamp>,
    ) -> Self {
        let by_name = name
            .and_then(policy::context_named)
            .map_or(Assurance::LEAST, implied);
        let said = Assurance {
            ial: digit(Ial::ALL, Ial::digit, ial).unwrap_or(Ial::Zero),
            aal: digit(Aal::ALL, Aal::digit, aal).unwrap_or(Aal::Zero),
            fal: Fal::Two,
            certainty: match certainty {
                Some("ocsp") => RevocationCertainty::Ocsp,
                _ => RevocationCertainty::Crl,
            },
            ..Assurance::LEAST
        };
        Self {
            assurance: by_name.join(said),
            authenticated_at,
        }
    }

    /// When the person used the card, where that was said.
    pub const fn authenticated_at(&self) -> Option<Timestamp> {
        self.authenticated_at
    }

    /// The point of the lattice at a moment. A clock that is ahead of ours by less than a minute is now.
    pub fn at(&self, now: Timestamp) -> Assurance {
        let recency = self.authenticated_at.map_or(Recency::Anytime, |at| {
            if at > now.plus_seconds(60) {
                Recency::Anytime
            } else {
                Recency::reached(now.millis_since(at))
            }
        });
        Assurance {
            recency,
            ..self.assurance
        }
    }
}

fn digit<L: Copy>(all: &[L], name: impl Fn(L) -> &'static str, said: Option<&str>) -> Option<L> {
    all.iter().copied().find(|level| Some(name(*level)) == said)
}

#[cfg(test)]
mod tests;
