//! notBefore is not in the future (RFC 5280 section 4.1.2.5).

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    if proven.now < proven.certificate().not_before() {
        Err(Reason::NotYetValid)
    } else {
        Ok(None)
    }
}
