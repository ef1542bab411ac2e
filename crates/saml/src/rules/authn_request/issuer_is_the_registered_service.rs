//! The message that was verified names the service whose facts were looked up.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "issuer_is_the_registered_service",
    citation: "saml-profiles-2.0-os 4.1.4.1; saml-core-2.0-os 2.2.5",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    if asked.request.issuer == asked.service.entity_id {
        return Ok(());
    }
    Err(Reason::IssuerIsAnother {
        found: Reason::bounded(&asked.request.issuer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{SP, accepts, refuses};

    #[test]
    fn table() {
        accepts(check, |_| {});
        for other in [&format!("{SP}/"), &SP.to_uppercase(), "https://evil.example"] {
            refuses(
                check,
                |s| other.clone_into(&mut s.request.issuer),
                &Reason::IssuerIsAnother {
                    found: other.to_owned(),
                },
            );
        }
    }
}
