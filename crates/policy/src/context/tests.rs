use domain::{Fal, RevocationCertainty};

use super::*;

const SMARTCARD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";
const X509: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
const TLS_CLIENT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

fn names(requested: &[&str], comparison: Comparison) -> Vec<&'static str> {
    acceptable_contexts(requested, comparison)
        .iter()
        .map(|context| context.name)
        .collect()
}

#[test]
fn the_four_comparisons_by_example() {
    use Comparison::{Better, Exact, Maximum, Minimum};
    for (requested, comparison, expected) in [
        (&["aal2", "aal3"][..], Exact, &["aal2", "aal3"][..]),
        (&["loa9", "aal3"], Exact, &["aal3"]),
        (&[SMARTCARD], Exact, &[SMARTCARD]),
        (&[PASSWORD], Exact, &[]),
        (&["aal0"], Exact, &[]),
        (&[], Exact, &[]),
        (&["aal2"], Minimum, &["aal2", "aal3"]),
        // What real service providers send: they mean "not less than a password".
        (&[PASSWORD], Minimum, &[SMARTCARD, TLS_CLIENT, X509, UNSPECIFIED]),
        (&["loa9"], Minimum, &[]),
        (&["aal3"], Maximum, &["aal3", "aal2", "aal1"]),
        (&["aal2"], Maximum, &["aal2", "aal1"]),
        (&["aal0"], Maximum, &[]),
        (&["aal2"], Better, &["aal3"]),
        (&["aal1", "aal2"], Better, &["aal3"]),
        (&["aal3"], Better, &[]),
        (&[], Better, &[]),
        (&["phr"], Minimum, &["phr", "phrh"]),
        // Proofing and authentication are two values: the one is not better for the other.
        (
            &["urn:jp:go:gap:assurance:ial3:aal1"],
            Better,
            &[
                "urn:jp:go:gap:assurance:ial3:aal3",
                "urn:jp:go:gap:assurance:ial3:aal2",
            ],
        ),
    ] {
        assert_eq!(
            names(requested, comparison),
            expected,
            "{requested:?} {comparison:?}"
        );
    }
}

/// Every set of known names in every comparison, against the definitions of core-2.0-os section 3.3.2.2.1 written as laws over
/// points: every name but the twins that SAML has of the short ones, and those twins beside SAML's classes.
#[test]
fn every_set_of_names_in_every_comparison_obeys_the_definitions() {
    every_set_obeys(|context| context.dialect != Dialect::SamlLevel);
    every_set_obeys(|context| context.dialect.is_of_saml());
}

fn every_set_obeys(among: impl Fn(&AuthenticationContext) -> bool) {
    // Names that stand for the same point in the same dialect and to the same methods are one here.
    let mut rows: Vec<&AuthenticationContext> = Vec::new();
    for context in CONTEXTS.iter().filter(|context| among(context)) {
        let same = |row: &&AuthenticationContext| {
            (row.demand, row.callable, row.dialect) == (context.demand, context.callable, context.dialect)
        };
        if !rows.iter().any(same) {
            rows.push(context);
        }
    }
    assert!(rows.len() < 20, "2^{} sets", rows.len());
    let mut sets_with_an_answer = 0;
    for set in 1..1_u32 << rows.len() {
        let asked: Vec<_> = (0..rows.len())
            .filter(|bit| set >> bit & 1 == 1)
            .map(|bit| rows[bit])
            .collect();
        let spelled: Vec<_> = asked.iter().map(|context| context.name).collect();
        for comparison in Comparison::ALL {
            let accepted = acceptable_contexts(&spelled, comparison);
            sets_with_an_answer += usize::from(!accepted.is_empty());
            for context in CONTEXTS {
                let at_least = |other: &&AuthenticationContext| context.demand.satisfies(other.demand);
                let above =
                    |other: &&AuthenticationContext| at_least(other) && context.demand != other.demand;
                let below = |other: &&AuthenticationContext| other.demand.satisfies(context.demand);
                let lawful = match comparison {
                    Comparison::Exact => asked.iter().any(|other| other.name == context.name),
                    Comparison::Minimum => asked.iter().any(at_least),
                    Comparison::Maximum => asked.iter().any(below),
                    Comparison::Better => asked.iter().all(above),
                };
                let spoken = asked.iter().any(|other| other.dialect == context.dialect);
                let expected = lawful && spoken && context.can_be_asked_for();
                let is_accepted = accepted.iter().any(|one| one.name == context.name);
                assert!(
                    is_accepted == expected,
                    "{spelled:?} {comparison:?} {}",
                    context.name
                );
            }
        }
    }
    assert!(sets_with_an_answer > 0);
}

/// "As strong as possible": no context stands before one that is stronger.
#[test]
fn a_stronger_context_never_stands_behind_a_weaker_one_in_the_table() {
    for (at, earlier) in CONTEXTS.iter().enumerate() {
        for later in &CONTEXTS[at + 1..] {
            assert!(
                earlier.demand == later.demand || !earlier.demand.satisfies(later.demand),
                "{} before {}",
                earlier.name,
                later.name
            );
            assert_ne!(earlier.name, later.name);
        }
    }
}

#[test]
fn a_reply_says_neither_more_than_was_reached_nor_another_method() {
    for usual in CONTEXTS.iter().map(|c| c.name).chain(["loa9", ""]) {
        for method in AuthenticationMethod::ALL {
            for ial in Ial::ALL {
                for ceiling in Aal::ALL {
                    let mut reached = crate::brought(method, *ial, Fal::Two);
                    reached.aal = reached.aal.min(*ceiling);
                    let called = context_named(context_of(usual, method, reached)).unwrap();
                    if called.name == UNSPECIFIED && reached.aal == Aal::Zero {
                        continue;
                    }
                    assert!(reached.satisfies(called.demand), "{usual} {method:?} {reached:?}");
                    assert!(called.may_call(method));
                    let fits = context_named(usual)
                        .is_some_and(|c| reached.satisfies(c.demand) && c.may_call(method));
                    assert!(
                        !fits || called.name == usual,
                        "what is usual is said where it is true"
                    );
                    assert!(called.dialect != Dialect::Assurance || called.name == usual);
                    // SAML's usual names are answered by URIs, the short ones by short ones.
                    if let Some(asked) = context_named(usual).filter(|c| c.dialect != Dialect::Assurance) {
                        assert_eq!(
                            called.is_uri(),
                            asked.is_uri(),
                            "{usual} {method:?}: {}",
                            called.name
                        );
                    }
                }
            }
        }
    }
    let device = AuthenticationMethod::CardChallenge;
    let by_device = crate::brought(device, Ial::Zero, Fal::Two);
    assert_eq!(by_device.certainty, RevocationCertainty::Ocsp);
    assert_eq!(context_of("aal3", device, by_device), "aal2");
    assert_eq!(
        context_of(SMARTCARD, device, by_device),
        "urn:jp:go:gap:assurance:aal2"
    );
    assert_eq!(
        context_of("urn:jp:go:gap:certainty:ocsp", device, by_device),
        "urn:jp:go:gap:certainty:ocsp"
    );
    let by_card = crate::brought(AuthenticationMethod::CardTls, Ial::Zero, Fal::Two);
    assert_eq!(context_of("aal3", AuthenticationMethod::CardTls, by_card), "aal3");
    assert_eq!(context_of("aal2", AuthenticationMethod::CardTls, by_card), "aal2");
    let pinless = crate::brought(AuthenticationMethod::CardPinless, Ial::Three, Fal::Two);
    for (usual, expected) in [
        ("aal3", "aal0"),
        ("ocsp", "aal0"),
        ("urn:jp:go:gap:certainty:crl", "urn:jp:go:gap:assurance:aal0"),
        (SMARTCARD, "urn:jp:go:gap:assurance:aal0"),
    ] {
        assert_eq!(
            context_of(usual, AuthenticationMethod::CardPinless, pinless),
            expected,
            "{usual}"
        );
    }
}

/// core-2.0-os section 1.3.2: what is not absolute is no URI reference in SAML. Each short name has a twin that is.
#[test]
fn every_short_name_has_an_absolute_one_beside_it() {
    let short: Vec<_> = CONTEXTS.iter().filter(|context| !context.is_uri()).collect();
    assert!(short.len() >= 6);
    for context in short {
        let twin = context_named(&format!("urn:jp:go:gap:assurance:{}", context.name)).unwrap();
        assert_eq!(
            (twin.demand, twin.callable),
            (context.demand, context.callable),
            "{}",
            twin.name
        );
        assert!(twin.dialect.is_of_saml());
    }
    for context in CONTEXTS.iter().filter(|context| context.dialect.is_of_saml()) {
        assert!(context.is_uri(), "{}", context.name);
    }
}
