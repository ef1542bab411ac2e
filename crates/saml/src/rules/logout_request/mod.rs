//! What a logout request must be besides a good logout message (`rules/logout_message/`).
//!
//! Whether anybody is signed in under the name is a look-up, and so the caller's: exactly the name that was issued to this very service.

pub(crate) mod not_on_or_after_is_ahead;
pub(crate) mod principal_is_named_as_issued;

use domain::Timestamp;

use crate::elements::LogoutRequest;
use crate::{IdpFacts, Reason, ServiceFacts};

/// Everything that a rule may look at.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a LogoutRequest,
    pub(crate) service: &'a ServiceFacts,
    pub(crate) idp: &'a IdpFacts,
    pub(crate) now: Timestamp,
}

/// A rule as a row of the table in `check_logout.rs`.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) citation: &'static str,
    pub(crate) check: fn(&Asked<'_>) -> Result<(), Reason>,
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::elements::{NamedPrincipal, Principal};
    use crate::names::FORMAT_PERSISTENT;
    use crate::samples::{self, IDP, NOW, SP};

    pub(crate) fn named() -> NamedPrincipal {
        NamedPrincipal {
            format: Some(FORMAT_PERSISTENT.to_owned()),
            name_qualifier: Some(IDP.to_owned()),
            sp_name_qualifier: Some(SP.to_owned()),
            value: "p_1".to_owned(),
        }
    }

    /// The verdict on the canonical request with one change.
    pub(crate) fn verdict(
        check: fn(&Asked<'_>) -> Result<(), Reason>,
        change: impl Fn(&mut LogoutRequest),
    ) -> Result<(), Reason> {
        let mut request = LogoutRequest {
            id: "_logout".to_owned(),
            version: "2.0".to_owned(),
            issue_instant: NOW,
            destination: None,
            issuer: SP.to_owned(),
            not_on_or_after: None,
            principal: Principal::Named(named()),
            session_indexes: Vec::new(),
            is_asynchronous: false,
        };
        change(&mut request);
        check(&Asked {
            request: &request,
            service: &samples::service(),
            idp: &samples::idp(),
            now: NOW,
        })
    }
}
