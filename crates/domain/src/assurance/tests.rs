use super::*;

const RECENCIES: [Recency; 4] = [
    Recency::Anytime,
    Recency::Within(300),
    Recency::Within(5),
    Recency::InThisSignIn,
];

/// Every point, with four recencies: 4 × 4 × 3 × 2 × 2 × 4 × 2.
fn space() -> Vec<Assurance> {
    let mut points = Vec::new();
    for ial in Ial::ALL {
        for aal in Aal::ALL {
            for fal in Fal::ALL {
                for properties in 0..4_u8 {
                    for recency in RECENCIES {
                        for certainty in [RevocationCertainty::Crl, RevocationCertainty::Ocsp] {
                            points.push(Assurance {
                                ial: *ial,
                                aal: *aal,
                                fal: *fal,
                                phishing_resistant: properties & 1 != 0,
                                hardware_bound: properties & 2 != 0,
                                recency,
                                certainty,
                            });
                        }
                    }
                }
            }
        }
    }
    points
}

/// The components as numbers, written down a second time.
fn numbers(point: Assurance) -> [u8; 7] {
    [
        point.ial.digit().as_bytes()[0],
        point.aal.digit().as_bytes()[0],
        point.fal.digit().as_bytes()[0],
        u8::from(point.phishing_resistant),
        u8::from(point.hardware_bound),
        match point.recency {
            Recency::Anytime => 0,
            Recency::Within(seconds) => 1 + u8::from(seconds < 10),
            Recency::InThisSignIn => 3,
        },
        u8::from(point.certainty == RevocationCertainty::Ocsp),
    ]
}

#[test]
fn the_order_is_componentwise_with_join_and_meet_over_every_pair_of_points() {
    let space = space();
    assert_eq!(space.len(), 4 * 4 * 3 * 4 * 4 * 2);
    for a in &space {
        assert!(a.satisfies(Assurance::LEAST) && Assurance::GREATEST.satisfies(*a));
        let mine = numbers(*a);
        for b in &space {
            let theirs = numbers(*b);
            let (join, meet) = (numbers(a.join(*b)), numbers(a.meet(*b)));
            let mut dominated = true;
            for component in 0..mine.len() {
                dominated &= mine[component] >= theirs[component];
                assert_eq!(join[component], mine[component].max(theirs[component]));
                assert_eq!(meet[component], mine[component].min(theirs[component]));
            }
            assert_eq!(a.satisfies(*b), dominated, "{a:?} {b:?}");
        }
    }
}

#[test]
fn the_more_recent_use_is_the_greater_one() {
    assert!(RECENCIES.is_sorted());
    assert_eq!(Recency::demanded(0), Recency::InThisSignIn);
    for (age_millis, max_age_seconds, enough) in [
        (0, 1, true),
        (1000, 1, true),
        (1001, 1, false),
        (299_001, 300, true),
        (300_000, 300, true),
        (300_001, 300, false),
        // A clock of another machine that is a little ahead.
        (-5000, 1, true),
        (i64::MAX, u32::MAX, false),
        // A use that is over is never a use in this sign-in.
        (0, 0, false),
    ] {
        assert_eq!(
            Recency::reached(age_millis) >= Recency::demanded(max_age_seconds),
            enough,
            "{age_millis} {max_age_seconds}"
        );
    }
}
