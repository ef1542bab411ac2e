//! From the bytes of a delivery to the index that replaces the one in use.

use std::fmt;

use domain::RevocationGeneration;
use pki::Crl;
use revocation::RevocationIndex;

use crate::authority::CaKind;
use crate::config::JpkiConfig;

/// Why a delivery was not taken in. The index in use stays in use.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ListReason {
    /// A list was refused.
    List {
        /// Its place in the delivery, from 0.
        place: usize,
        /// Why.
        reason: pki::Reason,
    },
    /// The lists together were refused.
    Index(revocation::Reason),
}

impl fmt::Display for ListReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List { place, reason } => write!(f, "list {place}: {reason}"),
            Self::Index(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for ListReason {}

/// Verifies all current lists (DER) of an authority against its pinned generations and builds the next index.
/// `last` and `in_use` as in [`RevocationIndex::build`].
pub fn index_of_lists(
    config: &JpkiConfig,
    kind: CaKind,
    lists: &[&[u8]],
    last: RevocationGeneration,
    in_use: Option<&RevocationIndex>,
) -> Result<RevocationIndex, ListReason> {
    let verified = lists
        .iter()
        .enumerate()
        .map(|(place, der)| {
            Crl::verify(der, config.anchors(kind)).map_err(|reason| ListReason::List { place, reason })
        })
        .collect::<Result<Vec<_>, _>>()?;
    RevocationIndex::build(&verified, last, in_use).map_err(ListReason::Index)
}
