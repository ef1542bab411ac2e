//! A loaded list speaks about the certificate: it covers the whole authority, or one of the certificate's distribution
//! points (RFC 5280 section 6.3.3 (b) (2)). Otherwise "not on the list" would mean nothing.

use crate::check::{Proven, Seen};
use crate::reason::Reason;

pub(crate) fn check(proven: &Proven<'_>) -> Seen {
    let index = proven.index.ok_or(Reason::CrlMissing)?;
    index
        .coverage(
            &proven.certificate().extensions().distribution_points,
            proven.path.anchor().key_hash(),
        )
        .map(|coverage| {
            Some(format!(
                "generation {}, made {}",
                index.generation(),
                coverage.this_update
            ))
        })
        .ok_or(Reason::CrlMissing)
}
