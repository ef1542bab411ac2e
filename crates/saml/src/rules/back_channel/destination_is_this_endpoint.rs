//! A message that says where it goes came to the right place.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "destination_is_this_endpoint",
    citation: "saml-core-2.0-os 3.2.1",
    check,
};

/// By SOAP the attribute is optional (bindings section 3.2 asks for none): the root element already says at which of our
/// endpoints a message can be of use, and its identifier that it is used once.
fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    match &asked.head.destination {
        None => Ok(()),
        Some(destination) if destination == asked.endpoint => Ok(()),
        Some(elsewhere) => Err(Reason::DestinationElsewhere {
            found: Reason::bounded(elsewhere),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::back_channel::bench::{ENDPOINT, verdict};

    #[test]
    fn table() {
        assert_eq!(verdict(&RULE, |_| {}), Ok(()));
        assert_eq!(verdict(&RULE, |head| head.destination = None), Ok(()));
        for other in [
            "https://idp.example/saml/sso",
            &format!("{ENDPOINT}/"),
            &ENDPOINT.replace("https", "http"),
        ] {
            let refused = verdict(&RULE, |head| head.destination = Some(other.to_owned()));
            assert_eq!(
                refused,
                Err(Reason::DestinationElsewhere {
                    found: other.to_owned()
                })
            );
        }
    }
}
