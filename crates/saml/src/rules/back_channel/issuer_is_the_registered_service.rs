//! The message was signed by whom it names.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "issuer_is_the_registered_service",
    citation: "saml-profiles-2.0-os 5.4.1, 6.4.1",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    if asked.head.issuer == asked.service.entity_id {
        return Ok(());
    }
    Err(Reason::IssuerIsAnother {
        found: Reason::bounded(&asked.head.issuer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::back_channel::bench::verdict;
    use crate::samples::SP;

    #[test]
    fn table() {
        assert_eq!(verdict(&RULE, |_| {}), Ok(()));
        for other in ["https://evil.example/", &format!("{SP}/"), &SP.to_uppercase()] {
            let refused = verdict(&RULE, |head| head.issuer = other.to_owned());
            assert_eq!(
                refused,
                Err(Reason::IssuerIsAnother {
                    found: other.to_owned()
                })
            );
        }
    }
}
