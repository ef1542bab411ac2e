//! keyUsage is there and has nonRepudiation (RFC 5280 section 4.2.1.3: contentCommitment), as the 署名用 certificate has.

use crate::check::{Proven, Seen};
use crate::reason::{ProfileDefect, Reason};

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    match proven.certificate().extensions().key_usage {
        Some(usage) if usage.non_repudiation() => Ok(None),
        _ => Err(Reason::MalformedProfile(ProfileDefect::NotForCommitment)),
    }
}
