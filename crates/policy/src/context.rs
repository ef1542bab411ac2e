//! Names of authentication contexts: OIDC `acr` values and SAML `AuthnContextClassRef`s, one table for both.

use domain::{Aal, AssuranceLevel, AuthenticationMethod, Ial};

/// One name and what it stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuthenticationContext {
    /// The name on the wire.
    pub name: &'static str,
    /// The authentication level that it stands for.
    pub aal: Aal,
    /// The only methods that may be called by it; empty means any that reaches the level.
    pub methods: &'static [AuthenticationMethod],
}

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// Weakest first. `aalN` follows デジタル認証アプリ (`aal0` is ours: PIN-less use, called by no other name); the URIs are of saml-authn-context-2.0-os section 3.4.
const CONTEXTS: &[AuthenticationContext] = &[
    AuthenticationContext {
        name: "aal0",
        aal: Aal::Zero,
        methods: &[AuthenticationMethod::CardPinless],
    },
    AuthenticationContext {
        name: UNSPECIFIED,
        aal: Aal::One,
        methods: &[],
    },
    AuthenticationContext {
        name: "aal1",
        aal: Aal::One,
        methods: &[],
    },
    AuthenticationContext {
        name: "aal2",
        aal: Aal::Two,
        methods: &[],
    },
    AuthenticationContext {
        name: "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
        aal: Aal::Three,
        methods: &[AuthenticationMethod::CardTls],
    },
    AuthenticationContext {
        name: "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient",
        aal: Aal::Three,
        methods: &[AuthenticationMethod::CardTls],
    },
    AuthenticationContext {
        name: "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
        aal: Aal::Three,
        methods: &[AuthenticationMethod::CardTls],
    },
    AuthenticationContext {
        name: "aal3",
        aal: Aal::Three,
        methods: &[],
    },
];

/// How requested names are compared (core-2.0-os section 3.3.2.2.1). OIDC `acr_values` are `Exact` in order of
/// preference.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Comparison {
    /// One of the names.
    #[default]
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as possible without exceeding the strongest of them.
    Maximum,
    /// Stronger than each of them.
    Better,
}

/// What a request for contexts comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ContextChoice {
    /// The level that the sign-in must reach.
    pub level: AssuranceLevel,
    /// The name to return when it is reached.
    pub name: &'static str,
}

/// The row of a name, if it is known.
pub fn context_named(name: &str) -> Option<&'static AuthenticationContext> {
    CONTEXTS.iter().find(|context| context.name == name)
}

/// What a sign-in by `method` that reached `aal` is called in a reply: the name that was chosen for the request where the method
/// may be called by it, else the strongest name that says neither more than was reached nor another method.
///
/// A request that asks for no name leaves the choice to us, and what was chosen for the card in a TLS handshake is too much for
/// a card in a device.
pub fn context_of(chosen: &str, method: AuthenticationMethod, aal: Aal) -> &'static str {
    // Whoever asked for a certainty alone is answered by its name, which no method changes.
    if let Some(certainty) = crate::known_certainties()
        .iter()
        .find(|known| known.name == chosen)
    {
        return certainty.name;
    }
    let fits = |context: &&AuthenticationContext| {
        context.aal <= aal && (context.methods.is_empty() || context.methods.contains(&method))
    };
    context_named(chosen)
        .filter(fits)
        .or_else(|| CONTEXTS.iter().rev().find(fits))
        .map_or(UNSPECIFIED, |context| context.name)
}

/// Every known name, weakest first; discovery documents list them.
pub fn known_contexts() -> &'static [AuthenticationContext] {
    CONTEXTS
}

/// Chooses the context to demand and to return, given what `method` can be called by.
///
/// `None` means that no context which the method may be called by satisfies the request: the answer is
/// `NoAuthnContext` or `unmet_authentication_requirements`. Unknown names satisfy nothing.
pub fn choose_context(
    requested: &[&str],
    comparison: Comparison,
    method: AuthenticationMethod,
) -> Option<ContextChoice> {
    let reached = crate::reach(method, Ial::Zero).aal;
    let may_be_called = |context: &AuthenticationContext| {
        context.aal <= reached && (context.methods.is_empty() || context.methods.contains(&method))
    };
    let known: Vec<_> = requested.iter().filter_map(|name| context_named(name)).collect();
    let weakest = known.iter().map(|context| context.aal).min()?;
    let strongest = known.iter().map(|context| context.aal).max()?;
    let chosen = match comparison {
        Comparison::Exact => known.iter().copied().find(|context| may_be_called(context)),
        Comparison::Minimum => known
            .iter()
            .copied()
            .find(|context| may_be_called(context))
            .or_else(|| CONTEXTS.iter().find(|c| c.aal >= weakest && may_be_called(c))),
        // The method's own strength decides here: a card sign-in is as strong as it is.
        Comparison::Maximum => (reached <= strongest).then(|| {
            CONTEXTS
                .iter()
                .rev()
                .find(|c| c.aal == reached && may_be_called(c))
        })?,
        Comparison::Better => CONTEXTS.iter().find(|c| c.aal > strongest && may_be_called(c)),
    }?;
    Some(ContextChoice {
        level: AssuranceLevel {
            ial: Ial::Zero,
            aal: chosen.aal,
        },
        name: chosen.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMARTCARD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";
    const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

    fn name(requested: &[&str], comparison: Comparison) -> Option<&'static str> {
        choose_context(requested, comparison, AuthenticationMethod::CardTls).map(|choice| choice.name)
    }

    #[test]
    fn the_four_comparisons_over_the_card() {
        assert_eq!(name(&["aal2", "aal3"], Comparison::Exact), Some("aal2"));
        assert_eq!(name(&["phr", "aal3"], Comparison::Exact), Some("aal3"));
        assert_eq!(name(&[SMARTCARD], Comparison::Exact), Some(SMARTCARD));
        assert_eq!(name(&[PASSWORD], Comparison::Exact), None);
        assert_eq!(name(&["aal2"], Comparison::Minimum), Some("aal2"));
        assert_eq!(name(&["aal3"], Comparison::Maximum), Some("aal3"));
        assert_eq!(name(&["aal2"], Comparison::Maximum), None);
        assert_eq!(
            name(&["aal2"], Comparison::Better),
            Some("urn:oasis:names:tc:SAML:2.0:ac:classes:X509")
        );
        assert_eq!(name(&["aal3"], Comparison::Better), None);
        assert_eq!(name(&[], Comparison::Exact), None);
    }

    #[test]
    fn a_reply_says_neither_more_than_was_reached_nor_another_method() {
        for chosen in CONTEXTS.iter().map(|c| c.name).chain(["phr", ""]) {
            for method in AuthenticationMethod::ALL {
                let reached = crate::reach(method, Ial::Zero).aal;
                for aal in Aal::ALL
                    .iter()
                    .filter(|aal| **aal >= reached.min(Aal::One) && **aal <= reached)
                {
                    let named = context_named(context_of(chosen, method, *aal)).unwrap();
                    assert!(named.aal <= *aal, "{chosen} {method:?} {aal}: {}", named.name);
                    assert!(named.methods.is_empty() || named.methods.contains(&method));
                    let fits = context_named(chosen).is_some_and(|c| {
                        c.aal <= *aal && (c.methods.is_empty() || c.methods.contains(&method))
                    });
                    assert!(
                        !fits || named.name == chosen,
                        "what was asked for is kept where it is true"
                    );
                }
            }
        }
        let device = AuthenticationMethod::CardChallenge;
        assert_eq!(context_of("aal3", device, Aal::Two), "aal2");
        assert_eq!(
            context_of("urn:jp:go:gap:certainty:ocsp", device, Aal::Two),
            "urn:jp:go:gap:certainty:ocsp"
        );
        assert_eq!(context_of(SMARTCARD, device, Aal::Two), "aal2");
        assert_eq!(
            context_of("aal3", AuthenticationMethod::CardTls, Aal::Three),
            "aal3"
        );
        assert_eq!(
            context_of("aal2", AuthenticationMethod::CardTls, Aal::Three),
            "aal2"
        );
        assert_eq!(
            context_of("aal3", AuthenticationMethod::CardPinless, Aal::Zero),
            "aal0"
        );
    }

    /// Over what was chosen, the weakest and the strongest of what was asked for.
    type Law = fn(Aal, Aal, Aal) -> bool;

    #[test]
    fn what_is_chosen_always_meets_the_comparison() {
        let names: Vec<_> = CONTEXTS.iter().map(|c| c.name).collect();
        for first in &names {
            for second in &names {
                let rows = [context_named(first).unwrap(), context_named(second).unwrap()];
                let weakest = rows.iter().map(|r| r.aal).min().unwrap();
                let strongest = rows.iter().map(|r| r.aal).max().unwrap();
                let laws: [(Comparison, Law); 4] = [
                    (Comparison::Exact, |_, _, _| true),
                    (Comparison::Minimum, |chosen, weakest, _| chosen >= weakest),
                    (Comparison::Maximum, |chosen, _, strongest| chosen <= strongest),
                    (Comparison::Better, |chosen, _, strongest| chosen > strongest),
                ];
                for (comparison, holds) in laws {
                    if let Some(choice) =
                        choose_context(&[first, second], comparison, AuthenticationMethod::CardTls)
                    {
                        assert!(
                            holds(choice.level.aal, weakest, strongest),
                            "{first} {second} {comparison:?}"
                        );
                        assert_eq!(context_named(choice.name).unwrap().aal, choice.level.aal);
                    }
                }
            }
        }
    }
}
