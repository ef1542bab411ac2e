//! The answer.

use domain::Timestamp;
use pki::RevocationReason;

/// What is known about a serial number. Whether the lists are fresh and speak about the certificate at all is another
/// question: [`crate::NationalIndex::coverage`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// On no list.
    Good,
    /// On a list, or once on one. Final, certificateHold included: JPKI never releases one.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// When.
        at: Timestamp,
    },
}
