//! What an `AuthnRequest` must be before anybody is asked to sign in.
//!
//! Every rule is a `RULE` with its citation and a function of [`Asked`]; rules that find something out (which
//! endpoint, which format) have a `resolve` besides, so that what was checked is what is used.

pub(crate) mod acs_is_registered;
pub(crate) mod attribute_set_is_registered;
pub(crate) mod destination_is_this_idp;
pub(crate) mod issue_instant_is_within_clock_skew;
pub(crate) mod issuer_is_the_registered_service;
pub(crate) mod name_id_policy_can_be_met;
pub(crate) mod protocol_binding_is_post_or_artifact;
pub(crate) mod request_is_signed_if_demanded;
pub(crate) mod requested_authn_context_is_understood;
pub(crate) mod signature_verifies;
pub(crate) mod subject_is_absent;
pub(crate) mod version_is_2_0;

use domain::{SamlBinding, Timestamp};

use crate::elements::AuthnRequest;
use crate::{IdpFacts, Reason, ServiceFacts};

/// Everything that a rule may look at.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a AuthnRequest,
    pub(crate) binding: SamlBinding,
    pub(crate) signed: bool,
    pub(crate) service: &'a ServiceFacts,
    pub(crate) idp: &'a IdpFacts,
    pub(crate) now: Timestamp,
}

/// A rule as a row of the table in `check.rs`.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) citation: &'static str,
    pub(crate) check: fn(&Asked<'_>) -> Result<(), Reason>,
}
