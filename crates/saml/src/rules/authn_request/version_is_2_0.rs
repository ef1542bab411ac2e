//! The request is of SAML 2.0.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "version_is_2_0",
    citation: "saml-core-2.0-os 3.2.1, 4.1.3.2",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    supported(&asked.request.version)
}

/// Whether a version is ours.
pub(crate) fn supported(version: &str) -> Result<(), Reason> {
    if version == "2.0" {
        return Ok(());
    }
    // Versions are MAJOR.MINOR, compared as numbers; what is no version at all counts as below.
    let number = |text: &str| text.parse::<u32>().ok();
    let higher = version
        .split_once('.')
        .and_then(|(major, minor)| Some((number(major)?, number(minor)?)))
        .is_some_and(|found| found > (2, 0));
    Err(Reason::VersionUnsupported { higher })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{accepts, refuses};

    #[test]
    fn table() {
        accepts(check, |_| {});
        for (version, higher) in [
            ("1.1", false),
            ("2.1", true),
            ("3.0", true),
            ("10.0", true),
            ("2", false),
            ("", false),
            ("2.0 ", false),
            ("02.0", false),
        ] {
            refuses(
                check,
                |s| version.clone_into(&mut s.request.version),
                &Reason::VersionUnsupported { higher },
            );
        }
    }
}
