//! The message was made now, as far as two clocks can agree.

use super::{Heard, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "issue_instant_is_within_clock_skew",
    citation: "saml-core-2.0-os 3.2.1, 3.2.2; SAML2int 2.0 2.1 (SDP-G01: 3 to 5 minutes)",
    check,
};

/// At the limit is within.
fn check(heard: &Heard<'_>) -> Result<(), Reason> {
    let age_millis = heard.now.millis_since(heard.header.issue_instant);
    let skew_millis = heard.idp.clock_skew_seconds.saturating_mul(1000);
    let max_millis = heard
        .idp
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
    use super::super::sample::verdict;
    use super::*;
    use crate::samples::NOW;

    #[test]
    fn table() {
        for millis in [0, -180_000, 480_000] {
            let at = NOW.plus_millis(-millis);
            assert_eq!(verdict(check, |h| h.header.issue_instant = at), Ok(()));
        }
        assert_eq!(
            verdict(check, |h| h.header.issue_instant = NOW.plus_millis(180_001)),
            Err(Reason::IssuedInFuture { seconds: 180 })
        );
        assert_eq!(
            verdict(check, |h| h.header.issue_instant = NOW.plus_millis(-480_001)),
            Err(Reason::RequestExpired { seconds: 480 })
        );
    }
}
