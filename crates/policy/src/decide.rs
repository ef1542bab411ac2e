//! The one decision about levels, for both protocols: what is demanded, by whom, against what vouches, below which ceilings.

use std::fmt;

use domain::{Assurance, AuthenticationMethod};

use crate::{AuthenticationContext, context_of};

/// What is demanded of a sign-in, and by whom. Nobody lowers what another demands: the demands are joined.
#[derive(Clone, Copy, Debug)]
pub struct Demands<'a> {
    /// By the service's record ([`domain::Service::demand`]).
    pub service: Assurance,
    /// By this request, beside the contexts that it names: its age, its certainty.
    pub request: Assurance,
    /// By the person, for every sign-in of theirs.
    pub floor: Assurance,
    /// The contexts of which one must be true, those that the service prefers first ([`crate::acceptable_contexts`]); empty where
    /// the request names none.
    pub contexts: &'a [&'static AuthenticationContext],
    /// What the reply is called where the request names no context, as far as that is true.
    pub usual_context: &'a str,
}

/// What vouches for the person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vouched {
    /// How the person signed in.
    pub method: AuthenticationMethod,
    /// What that brought.
    pub assurance: Assurance,
}

/// Ceilings on what vouches: [`Assurance::GREATEST`] is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ceilings {
    /// The most that the operator lets this method count for.
    pub source: Assurance,
    /// The most that the partner who vouches is accredited for; the platform's own doors have none.
    pub partner: Assurance,
}

impl Ceilings {
    /// No ceiling.
    pub const NONE: Self = Self {
        source: Assurance::GREATEST,
        partner: Assurance::GREATEST,
    };
}

/// That every demand is met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Met {
    /// What may be stated: what vouches, below its ceilings.
    pub assurance: Assurance,
    /// The name to return.
    pub context: &'static str,
}

/// What is missing, component by component.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "one truth value per component of the lattice"
)]
pub struct Shortfall {
    /// A stronger identity proofing.
    pub ial: bool,
    /// A stronger authentication.
    pub aal: bool,
    /// A reply that is bound and protected better: nothing that the person does can bring it.
    pub fal: bool,
    /// A method that resists phishing.
    pub phishing_resistant: bool,
    /// A key bound to hardware.
    pub hardware_bound: bool,
    /// A more recent use of the authenticator.
    pub recency: bool,
    /// An answer about this certificate.
    pub certainty: bool,
    /// The method may not be called by the context that is demanded.
    pub method: bool,
}

impl Shortfall {
    fn between(reached: Assurance, demanded: Assurance) -> Self {
        Self {
            ial: reached.ial < demanded.ial,
            aal: reached.aal < demanded.aal,
            fal: reached.fal < demanded.fal,
            phishing_resistant: demanded.phishing_resistant && !reached.phishing_resistant,
            hardware_bound: demanded.hardware_bound && !reached.hardware_bound,
            recency: reached.recency < demanded.recency,
            certainty: reached.certainty < demanded.certainty,
            method: false,
        }
    }

    /// Whether nothing is missing.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Whether another, or another use of the, authenticator is missing: not counting its age.
    pub fn is_of_authentication(self) -> bool {
        self.aal || self.phishing_resistant || self.hardware_bound || self.method
    }

    /// How far away: a question to the responder is nearest, a new registration of the person far, another protocol farthest.
    fn distance(self) -> [bool; 4] {
        [
            self.fal,
            self.ial,
            self.is_of_authentication() || self.recency,
            self.certainty,
        ]
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.ial, "ial"),
            (self.aal, "aal"),
            (self.fal, "fal"),
            (self.phishing_resistant, "phishing_resistant"),
            (self.hardware_bound, "hardware_bound"),
            (self.recency, "recency"),
            (self.certainty, "certainty"),
            (self.method, "method"),
        ];
        let missing: Vec<_> = names
            .iter()
            .filter_map(|(missing, name)| missing.then_some(*name))
            .collect();
        f.write_str(&missing.join(" "))
    }
}

/// Decides whether what vouches meets every demand; where it does not, what is missing to the nearest of the contexts that are
/// accepted.
///
/// # Errors
/// The [`Shortfall`], never empty.
pub fn decide(demands: &Demands<'_>, vouched: &Vouched, ceilings: &Ceilings) -> Result<Met, Shortfall> {
    let reached = vouched.assurance.meet(ceilings.source).meet(ceilings.partner);
    let always = demands.service.join(demands.request).join(demands.floor);
    let met = |context| Met {
        assurance: reached,
        context,
    };
    if demands.contexts.is_empty() {
        let missing = Shortfall::between(reached, always);
        let context = context_of(demands.usual_context, vouched.method, reached);
        return if missing.is_none() {
            Ok(met(context))
        } else {
            Err(missing)
        };
    }
    let mut nearest: Option<Shortfall> = None;
    for context in demands.contexts {
        let mut missing = Shortfall::between(reached, always.join(context.demand));
        missing.method = !context.may_call(vouched.method);
        if missing.is_none() {
            return Ok(met(context.name));
        }
        if nearest.is_none_or(|nearest| missing.distance() < nearest.distance()) {
            nearest = Some(missing);
        }
    }
    Err(nearest.unwrap_or_default())
}

/// The most that a use of the method within this sign-in brings, for an account that is proofed to `ial`, where the exchange with
/// the service reaches `fal`.
///
/// The card with its PIN is a tamper-resistant hardware key and a second factor: AAL3 (デジタル認証アプリ names the value `aal3`).
/// Whoever relays a challenge gets its signature, so the card in a device is two factors and no more. かざし利用 says that a genuine
/// card was there, and of nobody who they are.
pub fn brought(method: AuthenticationMethod, ial: domain::Ial, fal: domain::Fal) -> Assurance {
    let level = crate::reach(method, ial);
    Assurance {
        ial: match method {
            AuthenticationMethod::CardPinless => domain::Ial::Zero,
            AuthenticationMethod::CardTls | AuthenticationMethod::CardChallenge => level.ial,
        },
        aal: level.aal,
        fal,
        phishing_resistant: method == AuthenticationMethod::CardTls,
        hardware_bound: match method {
            AuthenticationMethod::CardTls | AuthenticationMethod::CardChallenge => true,
            // No key of the person's was used.
            AuthenticationMethod::CardPinless => false,
        },
        recency: domain::Recency::InThisSignIn,
        certainty: domain::RevocationCertainty::Ocsp,
    }
}

#[cfg(test)]
mod tests;
