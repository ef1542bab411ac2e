//! The message is of SAML 2.0.

use super::{Asked, Rule};
use crate::Reason;
use crate::rules::authn_request::version_is_2_0::supported;

pub(crate) const RULE: Rule = Rule {
    name: "version_is_2_0",
    citation: "saml-core-2.0-os 3.2.1, 4.1.3.2",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    supported(&asked.head.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::back_channel::bench::verdict;

    #[test]
    fn table() {
        assert_eq!(verdict(&RULE, |_| {}), Ok(()));
        for (version, higher) in [("1.1", false), ("2.1", true)] {
            let refused = verdict(&RULE, |head| head.version = version.to_owned());
            assert_eq!(refused, Err(Reason::VersionUnsupported { higher }));
        }
    }
}
