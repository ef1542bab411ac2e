//! How old may revocation data be?

use domain::Timestamp;

/// The dates of the list (the oldest one, where several) that speaks about a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Coverage {
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// Whether lists that came later are known to exist and cannot be read here: whatever its dates, it is not current then.
    pub outdated: bool,
}

/// What the operator allows. Lists come once a day, and a switch takes minutes (デジタル庁の民間事業者向け公的個人認証サービス資料 5.1.2: the CRL is provided once a day).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FreshnessPolicy {
    /// Seconds after nextUpdate during which a list still counts.
    pub stale_tolerance_seconds: i64,
    /// Seconds after thisUpdate at which a list without nextUpdate is taken to end.
    pub assumed_lifetime_seconds: i64,
    /// Seconds by which thisUpdate may lie ahead of our clock.
    pub clock_skew_seconds: i64,
}

impl Default for FreshnessPolicy {
    /// An hour of tolerance, a day of life, five minutes of skew.
    fn default() -> Self {
        Self {
            stale_tolerance_seconds: 3600,
            assumed_lifetime_seconds: 86_400,
            clock_skew_seconds: 300,
        }
    }
}

impl FreshnessPolicy {
    /// The policy towards a service that declared how many seconds after nextUpdate it still accepts an answer. The operator's own
    /// tolerance is the ceiling: a service may be stricter, never laxer.
    #[must_use]
    pub fn for_service(self, declared_tolerance_seconds: Option<i64>) -> Self {
        let declared = declared_tolerance_seconds.unwrap_or(self.stale_tolerance_seconds);
        Self {
            stale_tolerance_seconds: declared.clamp(0, self.stale_tolerance_seconds.max(0)),
            ..self
        }
    }
}

/// The judgement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// Within its dates.
    Fresh,
    /// Past nextUpdate, within the tolerance: usable, and worth an alarm.
    StaleAllowed {
        /// Milliseconds since nextUpdate.
        by_millis: i64,
    },
    /// Past the tolerance, made in the future, or replaced by lists that cannot be read.
    Refuse,
    /// No list speaks about the certificate.
    Missing,
}

impl Freshness {
    /// Whether answers may be given.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Fresh | Self::StaleAllowed { .. })
    }
}

/// Judges the dates of a list. At nextUpdate itself the list is still fresh; at the end of the tolerance it still counts.
pub fn freshness(coverage: Option<Coverage>, policy: &FreshnessPolicy, now: Timestamp) -> Freshness {
    let Some(coverage) = coverage else {
        return Freshness::Missing;
    };
    if coverage.outdated || coverage.this_update > now.plus_seconds(policy.clock_skew_seconds) {
        return Freshness::Refuse;
    }
    let end = coverage
        .next_update
        .unwrap_or_else(|| coverage.this_update.plus_seconds(policy.assumed_lifetime_seconds));
    if now <= end {
        Freshness::Fresh
    } else if now <= end.plus_seconds(policy.stale_tolerance_seconds) {
        Freshness::StaleAllowed {
            by_millis: now.millis_since(end),
        }
    } else {
        Freshness::Refuse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_where_they_are_said_to_be() {
        let made = Timestamp::from_seconds(1_000_000);
        let policy = FreshnessPolicy {
            stale_tolerance_seconds: 100,
            assumed_lifetime_seconds: 500,
            clock_skew_seconds: 10,
        };
        let dated = Some(Coverage {
            this_update: made,
            next_update: Some(made.plus_seconds(1000)),
            outdated: false,
        });
        let undated = Some(Coverage {
            this_update: made,
            next_update: None,
            outdated: false,
        });
        let replaced = dated.map(|coverage| Coverage {
            outdated: true,
            ..coverage
        });
        for (coverage, after_millis, expected) in [
            (None, 0, Freshness::Missing),
            (dated, -10_001, Freshness::Refuse),
            (dated, -10_000, Freshness::Fresh),
            (dated, 0, Freshness::Fresh),
            (dated, 1_000_000, Freshness::Fresh),
            (dated, 1_000_001, Freshness::StaleAllowed { by_millis: 1 }),
            (dated, 1_100_000, Freshness::StaleAllowed { by_millis: 100_000 }),
            (dated, 1_100_001, Freshness::Refuse),
            (undated, 500_000, Freshness::Fresh),
            (undated, 500_001, Freshness::StaleAllowed { by_millis: 1 }),
            (undated, 600_001, Freshness::Refuse),
            (replaced, 0, Freshness::Refuse),
        ] {
            let judged = freshness(coverage, &policy, made.plus_millis(after_millis));
            assert_eq!(judged, expected, "{coverage:?} after {after_millis} ms");
            let usable = matches!(expected, Freshness::Fresh | Freshness::StaleAllowed { .. });
            assert_eq!(judged.is_usable(), usable);
        }
    }

    #[test]
    fn a_service_may_be_stricter_and_never_laxer() {
        let operator = FreshnessPolicy {
            stale_tolerance_seconds: 100,
            ..FreshnessPolicy::default()
        };
        for (declared, allowed) in [
            (None, 100),
            (Some(0), 0),
            (Some(40), 40),
            (Some(500), 100),
            (Some(-1), 0),
        ] {
            let policy = operator.for_service(declared);
            assert_eq!(policy.stale_tolerance_seconds, allowed, "{declared:?}");
            assert_eq!(policy.clock_skew_seconds, operator.clock_skew_seconds);
        }
    }
}
