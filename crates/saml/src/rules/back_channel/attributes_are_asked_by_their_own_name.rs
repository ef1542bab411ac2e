//! A service asks about a person by the name that it was given itself: persistent, of ours, in its own namespace.

use crate::elements::AttributeQuery;
use crate::names::FORMAT_PERSISTENT;
use crate::{IdpFacts, Reason, ServiceFacts};

pub(crate) const NAME: &str = "attributes_are_asked_by_their_own_name";
pub(crate) const CITATION: &str = "saml-profiles-2.0-os 6.4.1; saml-core-2.0-os 8.3.7";

/// A transient name means nothing after its sign-in, and qualifiers of others name people of others.
pub(crate) fn check(query: &AttributeQuery, service: &ServiceFacts, idp: &IdpFacts) -> Result<(), Reason> {
    if query.format.as_deref() != Some(FORMAT_PERSISTENT) {
        return Err(Reason::NameIdFormatUnsupported {
            found: Reason::bounded(query.format.as_deref().unwrap_or_default()),
        });
    }
    for (qualifier, own) in [
        (&query.name_qualifier, &idp.entity_id),
        (&query.sp_name_qualifier, &service.entity_id),
    ] {
        if let Some(qualifier) = qualifier
            && qualifier != own
        {
            return Err(Reason::NameQualifierOfAnother {
                found: Reason::bounded(qualifier),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FORMAT_TRANSIENT;
    use crate::rules::back_channel::bench::head;
    use crate::samples::{IDP, SP, idp, service};

    fn verdict(change: impl Fn(&mut AttributeQuery)) -> Result<(), Reason> {
        let mut query = AttributeQuery {
            head: head(),
            format: Some(FORMAT_PERSISTENT.to_owned()),
            name_qualifier: Some(IDP.to_owned()),
            sp_name_qualifier: Some(SP.to_owned()),
            sp_provided_id: None,
            name: "p_1".to_owned(),
            attributes: Vec::new(),
        };
        change(&mut query);
        check(&query, &service(), &idp())
    }

    #[test]
    fn table() {
        assert_eq!(verdict(|_| {}), Ok(()));
        assert_eq!(
            verdict(|query| (query.name_qualifier, query.sp_name_qualifier) = (None, None)),
            Ok(())
        );
        for format in [
            None,
            Some(FORMAT_TRANSIENT),
            Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
        ] {
            let found = format.unwrap_or_default().to_owned();
            assert_eq!(
                verdict(|query| query.format = format.map(str::to_owned)),
                Err(Reason::NameIdFormatUnsupported { found })
            );
        }
        let other = "https://other.example/".to_owned();
        let refused = Err(Reason::NameQualifierOfAnother { found: other.clone() });
        assert_eq!(
            verdict(|query| query.name_qualifier = Some(other.clone())),
            refused
        );
        assert_eq!(
            verdict(|query| query.sp_name_qualifier = Some(other.clone())),
            refused
        );
    }
}
