//! The serial number is on no list. Whatever reason a list gives (RFC 5280 section 5.3.1) is final: JPKI never releases a
//! certificateHold (一時保留の解除は行わない).

use pki::SerialNumber;
use revocation::{NationalIndex, Status};

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let index = proven.index.ok_or(Reason::CrlMissing)?;
    not_revoked(index, proven.certificate().serial())?;
    Ok(None)
}

pub(crate) fn not_revoked(index: &NationalIndex, serial: &SerialNumber) -> Result<(), Reason> {
    match index.lookup(serial) {
        Ok(Status::Good) => Ok(()),
        Ok(Status::Revoked { reason, at }) => Err(Reason::Revoked { reason, at }),
        Err(_) => Err(Reason::IndexUnreadable),
    }
}
