//! The answer is wanted by HTTP-POST or HTTP-Artifact, the bindings that we answer by.

use super::{Asked, Rule};
use crate::Reason;
use crate::names::acs_binding;

pub(crate) const RULE: Rule = Rule {
    name: "protocol_binding_is_post_or_artifact",
    citation: "saml-core-2.0-os 3.4.1; saml-profiles-2.0-os 4.1.2",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    match &asked.request.protocol_binding {
        None => Ok(()),
        Some(binding) if acs_binding(binding).is_some() => Ok(()),
        Some(other) => Err(Reason::BindingUnsupported {
            found: Reason::bounded(other),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{BINDING_ARTIFACT, BINDING_POST, BINDING_REDIRECT};
    use crate::samples::{accepts, refuses};

    #[test]
    fn table() {
        accepts(check, |_| {});
        for one in [BINDING_POST, BINDING_ARTIFACT] {
            accepts(check, |s| {
                s.request.protocol_binding = Some(one.to_owned());
            });
        }
        for other in [
            BINDING_REDIRECT,
            "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact ",
            "urn:oasis:names:tc:SAML:2.0:bindings:PAOS",
            "urn:oasis:names:tc:SAML:2.0:bindings:http-post",
        ] {
            refuses(
                check,
                |s| s.request.protocol_binding = Some(other.to_owned()),
                &Reason::BindingUnsupported {
                    found: other.to_owned(),
                },
            );
        }
    }
}
