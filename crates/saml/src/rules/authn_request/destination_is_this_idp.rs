//! The message was meant for this endpoint of this identity provider.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "destination_is_this_idp",
    citation: "saml-core-2.0-os 3.2.1; saml-bindings-2.0-os 3.4.5.2, 3.5.5.2",
    check,
};

/// A signed message must say where it goes, else it could be carried from one endpoint to another.
fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    match &asked.request.destination {
        None if asked.signed => Err(Reason::DestinationMissing),
        None => Ok(()),
        Some(destination) if destination == asked.idp.sso_location(asked.binding) => Ok(()),
        Some(elsewhere) => Err(Reason::DestinationElsewhere {
            found: Reason::bounded(elsewhere),
        }),
    }
}

#[cfg(test)]
mod tests {
    use domain::SamlBinding;

    use super::*;
    use crate::samples::{SSO_POST, SSO_REDIRECT, accepts, refuses};

    #[test]
    fn accepted() {
        accepts(check, |_| {});
        accepts(check, |s| s.request.destination = None);
        accepts(check, |s| {
            s.binding = SamlBinding::HttpPost;
            s.request.destination = Some(SSO_POST.to_owned());
        });
    }

    #[test]
    fn refused() {
        refuses(
            check,
            |s| {
                s.signed = true;
                s.request.destination = None;
            },
            &Reason::DestinationMissing,
        );
        for other in [
            SSO_POST,
            "https://other-idp.example/saml/sso",
            &format!("{SSO_REDIRECT}/"),
            &format!("{SSO_REDIRECT}?x=1"),
            &SSO_REDIRECT.replace("https", "http"),
            &SSO_REDIRECT.to_uppercase(),
        ] {
            refuses(
                check,
                |s| s.request.destination = Some(other.to_owned()),
                &Reason::DestinationElsewhere {
                    found: other.to_owned(),
                },
            );
        }
    }
}
