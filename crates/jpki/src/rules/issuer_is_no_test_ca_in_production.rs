//! In production nobody signs in with a test card (issuer `O=JPKI-TEST`; RFC 5280 section 4.1.2.4), even if a test authority was pinned by mistake.
//! Recognised by the published name alone: believing it can only refuse.

use crate::authority::{Hierarchy, recognise};
use crate::check::{Claimed, Seen};
use crate::config::Mode;
use crate::reason::Reason;

pub(crate) fn check(claimed: &Claimed<'_>) -> Seen {
    let test =
        recognise(claimed.certificate.issuer()).is_some_and(|(_, hierarchy)| hierarchy == Hierarchy::Test);
    match claimed.config.mode {
        Mode::Production if test => Err(Reason::TestCaInProduction),
        Mode::Production => Ok(Some("production".to_owned())),
        Mode::Test => Ok(Some("test mode".to_owned())),
    }
}
