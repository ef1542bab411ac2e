//! The message is of SAML 2.0.

use super::{Heard, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "version_is_2_0",
    citation: "saml-core-2.0-os 3.2.1, 3.2.2, 4.1.3.2",
    check,
};

fn check(heard: &Heard<'_>) -> Result<(), Reason> {
    let version = heard.header.version;
    if version == "2.0" {
        return Ok(());
    }
    let number = |text: &str| text.parse::<u32>().ok();
    let higher = version
        .split_once('.')
        .and_then(|(major, minor)| Some((number(major)?, number(minor)?)))
        .is_some_and(|found| found > (2, 0));
    Err(Reason::VersionUnsupported { higher })
}

#[cfg(test)]
mod tests {
    use super::super::sample::verdict;
    use super::*;

    #[test]
    fn table() {
        assert_eq!(verdict(check, |_| {}), Ok(()));
        for (version, higher) in [
            ("2.1", true),
            ("3.0", true),
            ("1.1", false),
            ("2", false),
            ("", false),
        ] {
            assert_eq!(
                verdict(check, |h| h.header.version = version),
                Err(Reason::VersionUnsupported { higher })
            );
        }
    }
}
