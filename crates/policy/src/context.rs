//! Names of authentication contexts: OIDC `acr` values and SAML `AuthnContextClassRef`s, one table for both, each a point of the
//! lattice and the methods that may be called by it.

use domain::{Aal, Assurance, AssuranceLevel, AuthenticationMethod, Ial};

/// Names that are spoken together: a request in one dialect is answered in it, unless it names several.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// `aalN`, as デジタル認証アプリ.
    Digital,
    /// The class references of saml-authn-context-2.0-os section 3.4.
    SamlClass,
    /// OpenID Connect Extended Authentication Profile ACR Values 1.0.
    ExtendedProfile,
    /// Ours: identity proofing and authentication, both said.
    Assurance,
    /// What `aalN`, `phr` and `phrh` are called in SAML, which knows absolute URIs alone (core-2.0-os sections 1.3.2 and 2.7.2.2).
    SamlLevel,
}

impl Dialect {
    /// Whether these are SAML's own words.
    pub const fn is_of_saml(self) -> bool {
        matches!(self, Self::SamlClass | Self::SamlLevel)
    }
}

/// Whom a name may be given to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Callable {
    /// Every method that reaches the point.
    ByAny,
    /// These methods only.
    ByOnly(&'static [AuthenticationMethod]),
    /// No method of ours: the name is known so that it can be compared with.
    ByNone,
}

/// One name and what it stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuthenticationContext {
    /// The name on the wire.
    pub name: &'static str,
    /// The point of the lattice that it stands for.
    pub demand: Assurance,
    /// Which methods may be called by it.
    pub callable: Callable,
    /// Among which names it is spoken.
    pub dialect: Dialect,
}

impl AuthenticationContext {
    /// Whether a method may be called by this name, its strength aside.
    pub fn may_call(&self, method: AuthenticationMethod) -> bool {
        match self.callable {
            Callable::ByAny => true,
            Callable::ByOnly(methods) => methods.contains(&method),
            Callable::ByNone => false,
        }
    }

    /// Whether it can stand in a SAML message: relative references cannot (core-2.0-os section 1.3.2).
    pub fn is_uri(&self) -> bool {
        is_uri(self.name)
    }

    /// Whether a request can be met by it: PIN-less use is called by its name, and never asked for by it.
    pub fn can_be_asked_for(&self) -> bool {
        self.may_call(AuthenticationMethod::CardTls) || self.may_call(AuthenticationMethod::CardChallenge)
    }
}

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

const fn aal(aal: Aal) -> Assurance {
    Assurance::of_level(AssuranceLevel { ial: Ial::Zero, aal })
}

const fn saml(name: &'static str, demand: Assurance, callable: Callable) -> AuthenticationContext {
    AuthenticationContext {
        name,
        demand,
        callable,
        dialect: Dialect::SamlClass,
    }
}

const fn digital(name: &'static str, level: Aal, callable: Callable) -> AuthenticationContext {
    AuthenticationContext {
        name,
        demand: aal(level),
        callable,
        dialect: Dialect::Digital,
    }
}

const fn level(name: &'static str, level: Aal, callable: Callable) -> AuthenticationContext {
    AuthenticationContext {
        dialect: Dialect::SamlLevel,
        ..digital(name, level, callable)
    }
}

const fn properties(name: &'static str, hardware_bound: bool, dialect: Dialect) -> AuthenticationContext {
    AuthenticationContext {
        name,
        demand: Assurance {
            phishing_resistant: true,
            hardware_bound,
            ..aal(Aal::One)
        },
        callable: Callable::ByAny,
        dialect,
    }
}

const fn both(name: &'static str, ial: Ial, aal: Aal) -> AuthenticationContext {
    AuthenticationContext {
        name,
        demand: Assurance::of_level(AssuranceLevel { ial, aal }),
        callable: Callable::ByAny,
        dialect: Dialect::Assurance,
    }
}

const PINLESS: Callable = Callable::ByOnly(&[AuthenticationMethod::CardPinless]);
const CARD_IN_TLS: Callable = Callable::ByOnly(&[AuthenticationMethod::CardTls]);

/// The weaker before the stronger, as far as two can be compared.
///
/// `aalN` follows デジタル認証アプリ (`aal0` is ours: PIN-less use, called by no other name). `phr` and `phrh` are of the OpenID Connect
/// Extended Authentication Profile. Each has a name of ours beside it that is a URI, for SAML. A password is none of our methods: services name it as the least that they want.
const CONTEXTS: &[AuthenticationContext] = &[
    digital("aal0", Aal::Zero, PINLESS),
    level("urn:jp:go:gap:assurance:aal0", Aal::Zero, PINLESS),
    saml(UNSPECIFIED, aal(Aal::One), Callable::ByAny),
    saml(
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        aal(Aal::One),
        Callable::ByNone,
    ),
    saml(
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        aal(Aal::One),
        Callable::ByNone,
    ),
    digital("aal1", Aal::One, Callable::ByAny),
    level("urn:jp:go:gap:assurance:aal1", Aal::One, Callable::ByAny),
    both("urn:jp:go:gap:assurance:ial1:aal1", Ial::One, Aal::One),
    both("urn:jp:go:gap:assurance:ial2:aal1", Ial::Two, Aal::One),
    both("urn:jp:go:gap:assurance:ial3:aal1", Ial::Three, Aal::One),
    digital("aal2", Aal::Two, Callable::ByAny),
    level("urn:jp:go:gap:assurance:aal2", Aal::Two, Callable::ByAny),
    both("urn:jp:go:gap:assurance:ial1:aal2", Ial::One, Aal::Two),
    both("urn:jp:go:gap:assurance:ial2:aal2", Ial::Two, Aal::Two),
    both("urn:jp:go:gap:assurance:ial3:aal2", Ial::Three, Aal::Two),
    properties("phr", false, Dialect::ExtendedProfile),
    properties("urn:jp:go:gap:assurance:phr", false, Dialect::SamlLevel),
    properties("phrh", true, Dialect::ExtendedProfile),
    properties("urn:jp:go:gap:assurance:phrh", true, Dialect::SamlLevel),
    saml(
        "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
        aal(Aal::Three),
        CARD_IN_TLS,
    ),
    saml(
        "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient",
        aal(Aal::Three),
        CARD_IN_TLS,
    ),
    saml(
        "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
        aal(Aal::Three),
        CARD_IN_TLS,
    ),
    digital("aal3", Aal::Three, Callable::ByAny),
    level("urn:jp:go:gap:assurance:aal3", Aal::Three, Callable::ByAny),
    both("urn:jp:go:gap:assurance:ial1:aal3", Ial::One, Aal::Three),
    both("urn:jp:go:gap:assurance:ial2:aal3", Ial::Two, Aal::Three),
    both("urn:jp:go:gap:assurance:ial3:aal3", Ial::Three, Aal::Three),
];

/// How requested names are compared (core-2.0-os section 3.3.2.2.1). OIDC `acr_values` are `Exact` in order of preference.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Comparison {
    /// One of the names.
    #[default]
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as possible without exceeding the strength of at least one of them.
    Maximum,
    /// Stronger than each of them.
    Better,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Self; 4] = [Self::Exact, Self::Minimum, Self::Maximum, Self::Better];
}

/// The row of a name, if it is known.
pub fn context_named(name: &str) -> Option<&'static AuthenticationContext> {
    CONTEXTS.iter().find(|context| context.name == name)
}

/// Whether a name is an absolute URI, as far as our names go: none of the relative ones has a colon.
pub fn is_uri(name: &str) -> bool {
    name.contains(':')
}

/// Every known name, weakest first as far as they can be compared.
pub fn known_contexts() -> &'static [AuthenticationContext] {
    CONTEXTS
}

/// The names that a reply may carry; discovery documents and metadata list them.
pub fn answered_contexts() -> impl Iterator<Item = &'static AuthenticationContext> {
    CONTEXTS
        .iter()
        .filter(|context| context.callable != Callable::ByNone)
}

/// The contexts of which one makes a request true, those first that should be returned where several are: for `Exact` in the order
/// of the request, for the others the named ones first, then the strongest. Empty means that nothing can: the answer is
/// `NoAuthnContext` or `unmet_authentication_requirements`. Unknown names satisfy nothing.
pub fn acceptable_contexts(
    requested: &[&str],
    comparison: Comparison,
) -> Vec<&'static AuthenticationContext> {
    let named: Vec<_> = requested.iter().filter_map(|name| context_named(name)).collect();
    let accepts = |context: &AuthenticationContext| {
        let stronger = |than: &AuthenticationContext| {
            context.demand.satisfies(than.demand) && context.demand != than.demand
        };
        match comparison {
            Comparison::Exact => named.iter().any(|one| one.name == context.name),
            Comparison::Minimum => named
                .iter()
                .any(|one| context.demand.satisfies(one.demand) || one.name == context.name),
            Comparison::Maximum => named.iter().any(|one| one.demand.satisfies(context.demand)),
            Comparison::Better => !named.is_empty() && named.iter().all(|one| stronger(one)),
        }
    };
    let in_dialect = |context: &AuthenticationContext| named.iter().any(|one| one.dialect == context.dialect);
    let first = named.iter().copied();
    let others = CONTEXTS.iter().rev().filter(|context| in_dialect(context));
    let mut acceptable: Vec<&'static AuthenticationContext> = Vec::new();
    // "As strong as possible": what was named is a bound there, not a preference.
    let ordered: Vec<_> = match comparison {
        Comparison::Maximum => others.collect(),
        Comparison::Exact | Comparison::Minimum | Comparison::Better => first.chain(others).collect(),
    };
    for context in ordered {
        let known = acceptable.iter().any(|one| one.name == context.name);
        if !known && context.can_be_asked_for() && accepts(context) {
            acceptable.push(context);
        }
    }
    acceptable
}

/// What a sign-in by `method` is called where the request names no context: the usual name of the protocol where that is true, else
/// the strongest of the protocol's own names that says neither more than was reached nor another method. A usual name that is SAML's
/// is answered by a URI.
pub fn context_of(usual: &str, method: AuthenticationMethod, reached: Assurance) -> &'static str {
    // Whoever asked for a certainty alone is answered by its name, except of PIN-less use, which has one name.
    let certainty = crate::known_certainties()
        .iter()
        .find(|known| known.name == usual);
    if let Some(certainty) = certainty.filter(|_| method != AuthenticationMethod::CardPinless) {
        return certainty.name;
    }
    let fits =
        |context: &&AuthenticationContext| reached.satisfies(context.demand) && context.may_call(method);
    let usual = context_named(usual);
    let in_saml = match (usual, certainty) {
        (Some(usual), _) => usual.dialect.is_of_saml(),
        (None, certainty) => certainty.is_some_and(|certainty| is_uri(certainty.name)),
    };
    // A person's proofing is told to services that are registered for it, and not by a name that none asked for.
    let spoken = |context: &AuthenticationContext| match context.dialect {
        Dialect::Digital => !in_saml,
        Dialect::SamlClass | Dialect::SamlLevel => in_saml,
        Dialect::ExtendedProfile | Dialect::Assurance => false,
    };
    usual
        .filter(fits)
        .or_else(|| CONTEXTS.iter().rev().filter(|context| spoken(context)).find(fits))
        .map_or(UNSPECIFIED, |context| context.name)
}

#[cfg(test)]
mod tests;
