//! The message was made now, as far as two clocks can agree.

use super::{Asked, Rule};
use crate::Reason;
use crate::rules::authn_request::issue_instant_is_within_clock_skew::within;

pub(crate) const RULE: Rule = Rule {
    name: "issue_instant_is_within_clock_skew",
    citation: "saml-core-2.0-os 3.2.1; SAML2int 2.0 2.1 (SDP-G01: 3 to 5 minutes)",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    within(asked.head.issue_instant, asked.idp, asked.now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::back_channel::bench::verdict;
    use crate::samples::NOW;

    #[test]
    fn table() {
        for millis in [0, -180_000, 480_000] {
            assert_eq!(
                verdict(&RULE, |head| head.issue_instant = NOW.plus_millis(-millis)),
                Ok(())
            );
        }
        assert_eq!(
            verdict(&RULE, |head| head.issue_instant = NOW.plus_millis(180_001)),
            Err(Reason::IssuedInFuture { seconds: 180 })
        );
        assert_eq!(
            verdict(&RULE, |head| head.issue_instant = NOW.plus_millis(-480_001)),
            Err(Reason::RequestExpired { seconds: 480 })
        );
    }
}
