//! keyUsage is there and has digitalSignature (RFC 5280 section 4.2.1.3).

use crate::check::{Proven, Seen};
use crate::reason::{ProfileDefect, Reason};

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    match proven.certificate().extensions().key_usage {
        Some(usage) if usage.digital_signature() => Ok(None),
        _ => Err(Reason::MalformedProfile(ProfileDefect::NotForSignatures)),
    }
}
