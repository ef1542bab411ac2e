//! certificatePolicies has one of the configured 署名用 policies. Which ones phones will carry is not public, hence configuration.

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
        .find(|policy| proven.config.accepted_signing_policies.contains(&policy.oid))
        .map(|policy| Some(policy.oid.to_string()))
        .ok_or(Reason::UnknownPolicy)
}
