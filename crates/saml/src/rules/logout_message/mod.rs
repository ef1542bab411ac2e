//! What a logout message of either kind must be before it is looked at further.
//!
//! Every rule is a `RULE` with its citation and a function of [`Heard`], as in `rules/authn_request/`.

pub(crate) mod destination_is_this_idp;
pub(crate) mod issue_instant_is_within_clock_skew;
pub(crate) mod issuer_is_the_registered_service;
pub(crate) mod message_is_signed;
pub(crate) mod version_is_2_0;

use domain::{SloBinding, Timestamp};

use crate::elements::{LogoutRequest, LogoutResponse};
use crate::{IdpFacts, Reason, ServiceFacts};

/// What requests and responses have in common.
#[derive(Clone)]
pub(crate) struct Header<'a> {
    pub(crate) version: &'a str,
    pub(crate) issue_instant: Timestamp,
    pub(crate) destination: Option<&'a str>,
    pub(crate) issuer: &'a str,
}

impl<'a> Header<'a> {
    pub(crate) fn of_request(request: &'a LogoutRequest) -> Self {
        Self {
            version: &request.version,
            issue_instant: request.issue_instant,
            destination: request.destination.as_deref(),
            issuer: &request.issuer,
        }
    }

    pub(crate) fn of_response(response: &'a LogoutResponse) -> Self {
        Self {
            version: &response.version,
            issue_instant: response.issue_instant,
            destination: response.destination.as_deref(),
            issuer: &response.issuer,
        }
    }
}

/// Everything that a rule may look at.
pub(crate) struct Heard<'a> {
    pub(crate) header: Header<'a>,
    pub(crate) binding: SloBinding,
    pub(crate) signed: bool,
    pub(crate) service: &'a ServiceFacts,
    pub(crate) idp: &'a IdpFacts,
    pub(crate) now: Timestamp,
}

/// A rule as a row of the table in `check_logout.rs`.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) citation: &'static str,
    pub(crate) check: fn(&Heard<'_>) -> Result<(), Reason>,
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::samples::{self, NOW, SP};

    pub(crate) const SLO: &str = "https://idp.example/saml/slo";
    pub(crate) const SLO_SOAP: &str = "https://idp.example/saml/slo/soap";

    /// The verdict on the canonical message with one change.
    pub(crate) fn verdict(
        check: fn(&Heard<'_>) -> Result<(), Reason>,
        change: impl Fn(&mut Heard<'_>),
    ) -> Result<(), Reason> {
        let (service, idp) = (samples::service(), samples::idp());
        let mut heard = Heard {
            header: Header {
                version: "2.0",
                issue_instant: NOW,
                destination: Some(SLO),
                issuer: SP,
            },
            binding: SloBinding::HttpRedirect,
            signed: true,
            service: &service,
            idp: &idp,
            now: NOW,
        };
        change(&mut heard);
        check(&heard)
    }
}
