//! certificatePolicies has one of the configured policies. Which ones phones will carry is not published (RFC 5280 section 4.2.1.4), hence
//! configuration.

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let carried = proven
        .certificate()
        .extensions()
        .policies
        .as_ref()
        .ok_or(Reason::UnknownPolicy)?;
    carried
        .policies
        .iter()
        .find(|policy| proven.config.authentication_policies.contains(&policy.oid))
        .map(|policy| Some(policy.oid.to_string()))
        .ok_or(Reason::UnknownPolicy)
}
