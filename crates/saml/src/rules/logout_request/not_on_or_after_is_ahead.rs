//! The request is still valid, as far as two clocks can agree.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "not_on_or_after_is_ahead",
    citation: "saml-core-2.0-os 3.7.1",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    let Some(end) = asked.request.not_on_or_after else {
        return Ok(());
    };
    let late = asked
        .now
        .plus_seconds(asked.idp.clock_skew_seconds.saturating_neg());
    if late < end {
        return Ok(());
    }
    Err(Reason::NoLongerValid {
        seconds: asked.now.seconds_since(end),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::verdict;
    use super::*;
    use crate::samples::NOW;

    #[test]
    fn table() {
        assert_eq!(verdict(check, |_| {}), Ok(()));
        for ahead in [NOW.plus_seconds(60), NOW, NOW.plus_millis(-179_999)] {
            assert_eq!(verdict(check, |r| r.not_on_or_after = Some(ahead)), Ok(()));
        }
        assert_eq!(
            verdict(check, |r| r.not_on_or_after = Some(NOW.plus_seconds(-180))),
            Err(Reason::NoLongerValid { seconds: 180 })
        );
    }
}
