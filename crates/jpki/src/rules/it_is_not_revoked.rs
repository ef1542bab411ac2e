//! The serial number is on no list. Whatever reason a list gives is final (facts §2).

use pki::SerialNumber;
use revocation::{RevocationIndex, Status};

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let index = proven.index.ok_or(Reason::CrlMissing)?;
    not_revoked(index, proven.certificate().serial())?;
    Ok(None)
}

pub(crate) fn not_revoked(index: &RevocationIndex, serial: &SerialNumber) -> Result<(), Reason> {
    match index.lookup(serial) {
        Status::Good => Ok(()),
        Status::Revoked { reason, at } => Err(Reason::Revoked { reason, at }),
    }
}
