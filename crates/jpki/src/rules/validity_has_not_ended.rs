//! notAfter has not passed; its own second still counts (RFC 5280 section 4.1.2.5).

use domain::Timestamp;

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    if ended(proven.certificate().not_after(), proven.now) {
        Err(Reason::Expired)
    } else {
        Ok(None)
    }
}

pub(crate) fn ended(not_after: Timestamp, now: Timestamp) -> bool {
    now >= not_after.plus_seconds(1)
}
