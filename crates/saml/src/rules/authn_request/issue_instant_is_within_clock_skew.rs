//! The request was made now, as far as two clocks can agree.

use domain::Timestamp;

use super::{Asked, Rule};
use crate::{IdpFacts, Reason};

pub(crate) const RULE: Rule = Rule {
    name: "issue_instant_is_within_clock_skew",
    citation: "saml-core-2.0-os 3.2.1; SAML2int 2.0 2.1 (SDP-G01: 3 to 5 minutes)",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    within(asked.request.issue_instant, asked.idp, asked.now)
}

/// Whether an instant is neither ahead of our clock nor too old. At the limit is within.
pub(crate) fn within(issued: Timestamp, idp: &IdpFacts, now: Timestamp) -> Result<(), Reason> {
    let age_millis = now.millis_since(issued);
    let skew_millis = idp.clock_skew_seconds.saturating_mul(1000);
    let max_millis = idp
        .request_max_age_seconds
        .saturating_mul(1000)
        .saturating_add(skew_millis);
    if age_millis < skew_millis.saturating_neg() {
        return Err(Reason::IssuedInFuture {
            seconds: age_millis.saturating_neg().div_euclid(1000),
        });
    }
    if age_millis > max_millis {
        return Err(Reason::RequestExpired {
            seconds: age_millis.div_euclid(1000),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{NOW, accepts, refuses};

    #[test]
    fn accepted_up_to_the_limit() {
        for millis in [0, 1, -1, -180_000, 480_000] {
            accepts(check, |s| s.request.issue_instant = NOW.plus_millis(-millis));
        }
    }

    #[test]
    fn refused_one_millisecond_past_the_limit() {
        refuses(
            check,
            |s| s.request.issue_instant = NOW.plus_millis(180_001),
            &Reason::IssuedInFuture { seconds: 180 },
        );
        refuses(
            check,
            |s| s.request.issue_instant = NOW.plus_millis(-480_001),
            &Reason::RequestExpired { seconds: 480 },
        );
        let year_one = domain::Timestamp::from_millis(i64::MIN);
        refuses(
            check,
            |s| s.request.issue_instant = year_one,
            &Reason::RequestExpired {
                seconds: i64::MAX / 1000,
            },
        );
    }
}
