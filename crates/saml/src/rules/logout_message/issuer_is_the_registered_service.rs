//! The message that was verified names the service whose facts were looked up.

use super::{Heard, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "issuer_is_the_registered_service",
    citation: "saml-profiles-2.0-os 4.4.4.1, 4.4.4.2",
    check,
};

fn check(heard: &Heard<'_>) -> Result<(), Reason> {
    if heard.header.issuer == heard.service.entity_id {
        return Ok(());
    }
    Err(Reason::IssuerIsAnother {
        found: Reason::bounded(heard.header.issuer),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::verdict;
    use super::*;

    #[test]
    fn table() {
        assert_eq!(verdict(check, |_| {}), Ok(()));
        for other in [
            "https://evil.example",
            "https://sp.example/metadata/",
            "HTTPS://SP.EXAMPLE/METADATA",
        ] {
            let found = other.to_owned();
            assert_eq!(
                verdict(check, |h| h.header.issuer = other),
                Err(Reason::IssuerIsAnother { found })
            );
        }
    }
}
