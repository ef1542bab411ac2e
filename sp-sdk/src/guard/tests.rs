//! Guards over what answers can say, and how they are asked for.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);

fn reached(acr: &str, seconds_ago: i64) -> Reached {
    let at = NOW.plus_seconds(-seconds_ago).seconds();
    Reached::by_token(Some(acr), Some(at))
}

fn missing(guard: Guard, reached: &Reached) -> String {
    guard
        .check(reached, NOW)
        .map_or_else(|unmet| unmet.missing.to_string(), |()| "nothing".to_owned())
}

#[test]
fn aal3_fresh_within_5_minutes() {
    let guard = Guard::aal(Aal::Three).and(Guard::fresh_within(300));
    for (acr, ago, expected) in [
        ("aal3", 0, "nothing"),
        ("aal3", 300, "nothing"),
        ("aal3", 301, "recency"),
        ("aal2", 0, "aal"),
        ("aal2", 301, "aal recency"),
        ("urn:jp:go:gap:assurance:ial2:aal3", 10, "nothing"),
        ("unknown", 0, "aal"),
        // A clock ahead of ours: a little is now, more is no time at all.
        ("aal3", -59, "nothing"),
        ("aal3", -61, "recency"),
    ] {
        assert_eq!(missing(guard, &reached(acr, ago)), expected, "{acr} {ago}");
    }
    let silent = Reached::by_token(None, None);
    assert_eq!(missing(guard, &silent), "aal recency");
    assert_eq!(missing(Guard::SIGNED_IN, &silent), "nothing");
}

/// Every guard of one component against every name that a reply can carry: met exactly where the name means it.
#[test]
fn a_name_never_means_more_than_the_lattice_says() {
    for context in policy::known_contexts() {
        let reached = reached(context.name, 0);
        let by_card = context.callable == Callable::ByOnly(&[AuthenticationMethod::CardTls]);
        let means =
            |demand: Assurance| context.callable != Callable::ByNone && context.demand.satisfies(demand);
        for ial in Ial::ALL {
            let guard = Guard::ial(*ial);
            assert_eq!(
                guard.check(&reached, NOW).is_ok(),
                *ial == Ial::Zero || means(guard.demand()),
                "{guard:?}"
            );
        }
        for aal in Aal::ALL {
            let guard = Guard::aal(*aal);
            assert_eq!(
                guard.check(&reached, NOW).is_ok(),
                *aal == Aal::Zero || means(guard.demand()),
                "{guard:?}"
            );
        }
        for guard in [Guard::phishing_resistant(), Guard::hardware_bound()] {
            assert_eq!(
                guard.check(&reached, NOW).is_ok(),
                by_card || means(guard.demand()),
                "{} {guard:?}",
                context.name
            );
        }
        assert!(Guard::asked_the_authority().check(&reached, NOW).is_err());
        assert!(Guard::fal(Fal::Two).check(&reached, NOW).is_ok());
        assert!(Guard::fal(Fal::Three).check(&reached, NOW).is_err());
    }
}

/// Whatever is asked for: an answer by any of the asked names meets the guard's levels.
#[test]
fn what_is_asked_for_is_what_is_missing() {
    let mut named = 0;
    for ial in Ial::ALL {
        for aal in Aal::ALL {
            for properties in [
                Guard::SIGNED_IN,
                Guard::phishing_resistant(),
                Guard::hardware_bound(),
                Guard::phishing_resistant().and(Guard::hardware_bound()),
            ] {
                let guard = Guard::ial(*ial).and(Guard::aal(*aal)).and(properties);
                let step_up = guard.step_up(false);
                for names in [step_up.acr_values(), step_up.saml().levels] {
                    for name in &names {
                        named += 1;
                        let left = guard.check(&reached(name, 0), NOW).err();
                        // Only where no name means both proofing and properties may the answer still miss a property.
                        let inexpressible = properties != Guard::SIGNED_IN && *ial > Ial::Zero;
                        let levels = left.is_none_or(|unmet| !unmet.missing.ial && !unmet.missing.aal);
                        assert!(
                            levels && (left.is_none() || inexpressible),
                            "{guard:?} asked by {name}"
                        );
                    }
                    assert_eq!(names.is_empty(), guard == Guard::SIGNED_IN, "{guard:?}");
                }
            }
        }
    }
    assert!(named > 100);
}

#[test]
fn requests_speak_the_protocols_own_words() {
    let guard = Guard::aal(Aal::Three)
        .and(Guard::fresh_within(300))
        .and(Guard::asked_the_authority());
    let asked = guard.step_up(false).oidc();
    assert_eq!(asked.levels, ["aal3"]);
    assert_eq!(
        (asked.max_age_seconds, asked.certainty.as_deref()),
        (Some(300), Some("ocsp"))
    );
    // Where the age is what is missing the card is used now, else an age of 299 s would come back too old.
    // SAML cannot say 300 s: every age is asked for as "now", and no age as nothing.
    assert!(guard.step_up(false).saml().force_authn);
    assert!(!Guard::aal(Aal::Three).step_up(false).saml().force_authn);
    let stale = guard.check(&reached("aal3", 400), NOW).unwrap_err();
    assert_eq!(stale.step_up.oidc().max_age_seconds, Some(0));
    let saml = stale.step_up.saml();
    assert!(saml.force_authn && saml.levels.iter().all(|name| name.starts_with("urn:")));
    assert_eq!(saml.certainty.as_deref(), Some("urn:jp:go:gap:certainty:ocsp"));
    assert_eq!(
        Guard::aal(Aal::Three)
            .and(Guard::phishing_resistant())
            .step_up(false)
            .acr_values(),
        [
            "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
        ]
    );
    assert_eq!(
        Guard::SIGNED_IN.step_up(false).oidc(),
        oidc::RequestOptions::default()
    );
}

#[test]
fn guards_join_and_never_weaken() {
    let (three, two) = (Guard::aal(Aal::Three), Guard::aal(Aal::Two));
    assert_eq!(three.and(two), three);
    assert_eq!(two.and(three), three);
    assert_eq!(
        Guard::fresh_within(60).and(Guard::fresh_within(300)),
        Guard::fresh_within(60)
    );
    assert_eq!(Guard::fresh_within(0), Guard::fresh_within(1));
}
