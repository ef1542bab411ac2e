//! At least one of the wanted authentication contexts is known here; whether it can be reached is decided later.

use super::{Asked, Rule};
use crate::Reason;
use crate::elements::Comparison;

pub(crate) const RULE: Rule = Rule {
    name: "requested_authn_context_is_understood",
    citation: "saml-core-2.0-os 3.3.2.2.1",
    check,
};

/// Classes that we do not know cannot be compared with; they are left out, except for `better`, which must be stronger
/// than every one of them. Nothing left is a refusal, and so are declarations, which nobody here reads.
fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    let Some(wanted) = &asked.request.requested_authn_context else {
        return Ok(());
    };
    let mut known = wanted
        .classes
        .iter()
        .map(|class| asked.idp.authn_contexts.contains(class));
    let understood = match wanted.comparison {
        Comparison::Better => !wanted.classes.is_empty() && known.all(|known| known),
        _ => known.any(|known| known),
    };
    if understood {
        Ok(())
    } else {
        Err(Reason::AuthnContextUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::RequestedAuthnContext;
    use crate::samples::{CONTEXT_CARD, CONTEXT_TLS, Sample, accepts, refuses};

    fn wants(classes: &[&str], comparison: Comparison) -> impl Fn(&mut Sample) {
        let classes: Vec<String> = classes.iter().map(|c| (*c).to_owned()).collect();
        move |s| {
            s.request.requested_authn_context = Some(RequestedAuthnContext {
                comparison,
                classes: classes.clone(),
            });
        }
    }

    #[test]
    fn table() {
        accepts(check, |s| s.request.requested_authn_context = None);
        for comparison in [
            Comparison::Exact,
            Comparison::Minimum,
            Comparison::Maximum,
            Comparison::Better,
        ] {
            accepts(check, wants(&[CONTEXT_CARD], comparison));
            refuses(
                check,
                wants(&["urn:unknown"], comparison),
                &Reason::AuthnContextUnknown,
            );
            refuses(check, wants(&[], comparison), &Reason::AuthnContextUnknown);
            let partly = wants(&["urn:unknown", CONTEXT_TLS], comparison);
            if comparison == Comparison::Better {
                refuses(check, partly, &Reason::AuthnContextUnknown);
            } else {
                accepts(check, partly);
            }
        }
    }
}
