//! The message was meant for this endpoint of this identity provider.

use domain::SloBinding;

use super::{Heard, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "destination_is_this_idp",
    citation: "saml-core-2.0-os 3.2.1, 3.2.2; saml-bindings-2.0-os 3.4.5.2, 3.5.5.2",
    check,
};

/// Through the browser a message must say where it goes, else it could be carried from one endpoint to another. By SOAP the connection
/// says so, and service providers leave it out.
fn check(heard: &Heard<'_>) -> Result<(), Reason> {
    match heard.header.destination {
        None if heard.binding == SloBinding::Soap => Ok(()),
        None => Err(Reason::DestinationMissing),
        Some(destination) if destination == heard.idp.slo_location(heard.binding) => Ok(()),
        Some(elsewhere) => Err(Reason::DestinationElsewhere {
            found: Reason::bounded(elsewhere),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SLO, SLO_SOAP, verdict};
    use super::*;

    #[test]
    fn accepted() {
        for (binding, destination) in [
            (SloBinding::HttpRedirect, Some(SLO)),
            (SloBinding::HttpPost, Some(SLO)),
            (SloBinding::Soap, Some(SLO_SOAP)),
            (SloBinding::Soap, None),
        ] {
            let changed = verdict(check, |h| {
                h.binding = binding;
                h.header.destination = destination;
            });
            assert_eq!(changed, Ok(()), "{binding:?} {destination:?}");
        }
    }

    #[test]
    fn refused() {
        for binding in [SloBinding::HttpRedirect, SloBinding::HttpPost] {
            let changed = verdict(check, |h| {
                h.binding = binding;
                h.header.destination = None;
            });
            assert_eq!(changed, Err(Reason::DestinationMissing));
        }
        for (binding, other) in [
            (SloBinding::HttpRedirect, SLO_SOAP),
            (SloBinding::Soap, SLO),
            (SloBinding::HttpPost, "https://idp.example/saml/sso"),
            (SloBinding::HttpPost, "https://other-idp.example/saml/slo"),
            (SloBinding::HttpPost, "https://idp.example/saml/slo?x=1"),
        ] {
            let changed = verdict(check, |h| {
                h.binding = binding;
                h.header.destination = Some(other);
            });
            let found = other.to_owned();
            assert_eq!(changed, Err(Reason::DestinationElsewhere { found }));
        }
    }
}
