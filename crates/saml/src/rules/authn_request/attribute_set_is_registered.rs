//! The set of attributes that is asked for is one of the service's metadata.

use domain::AttributeConsumingService;

use super::{Asked, Rule};
use crate::elements::AuthnRequest;
use crate::{Reason, ServiceFacts};

pub(crate) const RULE: Rule = Rule {
    name: "attribute_set_is_registered",
    citation: "saml-core-2.0-os 3.4.1; saml-metadata-2.0-os 2.4.4.1",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    resolve(asked.request, asked.service).map(drop)
}

/// The set that the request names, else the default one. None: the metadata asks for nothing in particular.
pub(crate) fn resolve<'s>(
    request: &AuthnRequest,
    service: &'s ServiceFacts,
) -> Result<Option<&'s AttributeConsumingService>, Reason> {
    match request.attribute_service_index {
        None => Ok(service.default_attribute_service()),
        Some(index) => service
            .attribute_services
            .iter()
            .find(|set| set.index == index)
            .map(Some)
            .ok_or(Reason::AttributeSetNotRegistered { index }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Sample, accepts, refuses};

    fn set(index: u16, is_default: Option<bool>) -> AttributeConsumingService {
        AttributeConsumingService {
            index,
            is_default,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn the_named_set_or_the_default() {
        for (asked, expected) in [(None, 2), (Some(1), 1), (Some(2), 2)] {
            let mut sample = Sample::new();
            sample.service.attribute_services = vec![set(1, None), set(2, Some(true))];
            sample.request.attribute_service_index = asked;
            let found = resolve(&sample.request, &sample.service).unwrap().unwrap();
            assert_eq!(found.index, expected);
        }
        accepts(check, |_| {});
    }

    #[test]
    fn refused() {
        for sets in [vec![], vec![set(1, None)]] {
            refuses(
                check,
                |s| {
                    s.service.attribute_services.clone_from(&sets);
                    s.request.attribute_service_index = Some(0);
                },
                &Reason::AttributeSetNotRegistered { index: 0 },
            );
        }
    }
}
