//! The answer goes to an assertion consumer service of the service's metadata and nowhere else.

use domain::AcsEndpoint;

use super::{Asked, Rule};
use crate::elements::AuthnRequest;
use crate::names::acs_binding;
use crate::{Reason, ServiceFacts};

pub(crate) const RULE: Rule = Rule {
    name: "acs_is_registered",
    citation: "saml-core-2.0-os 3.4.1; saml-profiles-2.0-os 4.1.4.1",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    resolve(asked.request, asked.service).map(drop)
}

/// The endpoint that the request chooses: by its index alone, or by location and binding as far as they are given.
/// Locations are compared octet by octet. A binding that we do not answer by is another rule's business.
pub(crate) fn resolve<'s>(
    request: &AuthnRequest,
    service: &'s ServiceFacts,
) -> Result<&'s AcsEndpoint, Reason> {
    let registered = &service.assertion_consumer_services;
    let binding = request.protocol_binding.as_deref().and_then(acs_binding);
    match (&request.acs_url, request.acs_index) {
        (Some(_), Some(_)) => Err(Reason::AcsAmbiguous),
        (None, Some(_)) if request.protocol_binding.is_some() => Err(Reason::AcsAmbiguous),
        (Some(url), None) => registered
            .iter()
            .find(|acs| acs.location == *url && binding.is_none_or(|binding| acs.binding == binding))
            .ok_or_else(|| Reason::AcsNotRegistered {
                found: Reason::bounded(url),
            }),
        (None, Some(index)) => registered
            .iter()
            .find(|acs| acs.index == index)
            .ok_or(Reason::AcsIndexNotRegistered { index }),
        (None, None) => service
            .default_acs(binding)
            .ok_or_else(|| Reason::AcsNotRegistered { found: String::new() }),
    }
}

#[cfg(test)]
mod tests {
    use domain::AcsBinding;

    use super::*;
    use crate::names::{BINDING_ARTIFACT, BINDING_POST};
    use crate::samples::{ACS, ACS_SECOND, Sample, accepts, refuses};

    fn resolved(change: impl Fn(&mut Sample)) -> u16 {
        let mut sample = Sample::new();
        change(&mut sample);
        resolve(&sample.request, &sample.service).unwrap().index
    }

    #[test]
    fn the_request_chooses_among_the_registered() {
        accepts(check, |_| {});
        assert_eq!(resolved(|s| s.request.acs_url = Some(ACS.to_owned())), 0);
        assert_eq!(resolved(|s| s.request.acs_url = Some(ACS_SECOND.to_owned())), 7);
        assert_eq!(
            resolved(|s| {
                s.request.acs_url = None;
                s.request.acs_index = Some(7);
            }),
            7
        );
    }

    #[test]
    fn without_a_choice_the_default_is_used() {
        let none = |s: &mut Sample| s.request.acs_url = None;
        assert_eq!(resolved(none), 0);
        let with = |first: Option<bool>, second: Option<bool>| {
            resolved(|s| {
                none(s);
                s.service.assertion_consumer_services[0].is_default = first;
                s.service.assertion_consumer_services[1].is_default = second;
            })
        };
        assert_eq!(with(None, Some(true)), 7);
        assert_eq!(with(Some(false), None), 7);
        assert_eq!(with(Some(false), Some(false)), 0);
        assert_eq!(with(Some(true), Some(true)), 0);
    }

    #[test]
    fn the_binding_chooses_too() {
        let artifact = |s: &mut Sample| {
            s.service.assertion_consumer_services[1].binding = AcsBinding::HttpArtifact;
            s.service.assertion_consumer_services[1].location = ACS.to_owned();
        };
        for (binding, url, expected) in [
            (None, None, 0),
            (None, Some(ACS), 0),
            (Some(BINDING_POST), Some(ACS), 0),
            (Some(BINDING_POST), None, 0),
            (Some(BINDING_ARTIFACT), Some(ACS), 7),
            (Some(BINDING_ARTIFACT), None, 7),
        ] {
            let found = resolved(|s| {
                artifact(s);
                s.request.protocol_binding = binding.map(str::to_owned);
                s.request.acs_url = url.map(str::to_owned);
            });
            assert_eq!(found, expected, "{binding:?} {url:?}");
        }
        refuses(
            check,
            |s| s.request.protocol_binding = Some(BINDING_ARTIFACT.to_owned()),
            &Reason::AcsNotRegistered {
                found: ACS.to_owned(),
            },
        );
        refuses(
            check,
            |s| {
                s.request.protocol_binding = Some(BINDING_POST.to_owned());
                s.request.acs_url = None;
                s.request.acs_index = Some(0);
            },
            &Reason::AcsAmbiguous,
        );
    }

    #[test]
    fn refused() {
        for other in [
            "https://evil.example/acs",
            &format!("{ACS}/"),
            &format!("{ACS}?x"),
            &format!("{ACS}#x"),
            &ACS.replace("https", "http"),
            &ACS.replace("sp.example", "SP.example"),
            &ACS.replace("sp.example", "sp.example@evil.example"),
            &ACS.replace("/acs", "/../acs"),
            &ACS.replace("/acs", "/%61cs"),
        ] {
            refuses(
                check,
                |s| s.request.acs_url = Some(other.to_owned()),
                &Reason::AcsNotRegistered {
                    found: other.to_owned(),
                },
            );
        }
        refuses(
            check,
            |s| {
                s.request.acs_url = None;
                s.request.acs_index = Some(1);
            },
            &Reason::AcsIndexNotRegistered { index: 1 },
        );
        refuses(check, |s| s.request.acs_index = Some(0), &Reason::AcsAmbiguous);
        refuses(
            check,
            |s| {
                s.request.acs_url = None;
                s.service.assertion_consumer_services.clear();
            },
            &Reason::AcsNotRegistered { found: String::new() },
        );
    }
}
