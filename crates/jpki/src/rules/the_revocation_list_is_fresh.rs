//! The list that covers the certificate is within its dates (RFC 5280 sections 5.1.2.4 and 5.1.2.5), or within the tolerance that
//! the operator allows.

use domain::Timestamp;
use revocation::{Coverage, Freshness, FreshnessPolicy, freshness};

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let points = &proven.certificate().extensions().distribution_points;
    let key = proven.path.anchor().key_hash();
    let coverage = proven.index.and_then(|index| index.coverage(points, key));
    fresh(coverage, &proven.config.freshness, proven.now)
}

pub(crate) fn fresh(coverage: Option<Coverage>, policy: &FreshnessPolicy, now: Timestamp) -> Seen {
    match freshness(coverage, policy, now) {
        Freshness::Fresh => Ok(None),
        Freshness::StaleAllowed { by_millis } => Ok(Some(format!(
            "stale by {} s, within the tolerance",
            by_millis / 1000
        ))),
        Freshness::Refuse => Err(Reason::CrlStale),
        Freshness::Missing => Err(Reason::CrlMissing),
    }
}
