//! What a message by SOAP must be before it is answered.
//!
//! Who asks is known by the signature alone: an unsigned message is refused before anything else is looked at
//! (`SoapRequest::verify`).

pub(crate) mod attributes_are_asked_by_their_own_name;
pub(crate) mod destination_is_this_endpoint;
pub(crate) mod issue_instant_is_within_clock_skew;
pub(crate) mod issuer_is_the_registered_service;
pub(crate) mod version_is_2_0;

use domain::Timestamp;

use crate::elements::RequestHead;
use crate::{IdpFacts, Reason, ServiceFacts};

/// Everything that a rule about any message may look at.
pub(crate) struct Asked<'a> {
    pub(crate) head: &'a RequestHead,
    pub(crate) endpoint: &'a str,
    pub(crate) service: &'a ServiceFacts,
    pub(crate) idp: &'a IdpFacts,
    pub(crate) now: Timestamp,
}

/// A rule as a row of the table in `back_channel.rs`.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) citation: &'static str,
    pub(crate) check: fn(&Asked<'_>) -> Result<(), Reason>,
}

#[cfg(test)]
pub(crate) mod bench {
    //! One sample, which the rules' tables bend.

    use super::*;
    use crate::samples::{NOW, SP, idp, service};

    pub(crate) const ENDPOINT: &str = "https://idp.example/saml/artifact";

    pub(crate) fn head() -> RequestHead {
        RequestHead {
            id: "_request".to_owned(),
            version: "2.0".to_owned(),
            issue_instant: NOW,
            destination: Some(ENDPOINT.to_owned()),
            issuer: SP.to_owned(),
        }
    }

    pub(crate) fn verdict(rule: &Rule, change: impl Fn(&mut RequestHead)) -> Result<(), Reason> {
        let mut head = head();
        change(&mut head);
        (rule.check)(&Asked {
            head: &head,
            endpoint: ENDPOINT,
            service: &service(),
            idp: &idp(),
            now: NOW,
        })
    }
}
