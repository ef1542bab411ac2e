//! Every critical extension is one that we read (RFC 5280 section 4.2). certificatePolicies is critical at JPKI, and read.

use crate::check::{Proven, Seen};
use crate::reason::{ProfileDefect, Reason};

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    match proven.certificate().extensions().unknown_critical.first() {
        Some(oid) => Err(Reason::MalformedProfile(ProfileDefect::UnknownCriticalExtension(
            *oid,
        ))),
        None => Ok(None),
    }
}
