//! Consent: what a person agreed to show to a service.

use serde::{Deserialize, Serialize};

use crate::{AccountId, ReleasedAttribute, ServiceId, Timestamp};

/// The attributes that a person agreed to release to one service. A service that asks for more asks again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Consent {
    /// Who agreed.
    pub account: AccountId,
    /// For which service.
    pub service: ServiceId,
    /// To what, sorted and without repetition.
    pub attributes: Vec<ReleasedAttribute>,
    /// When.
    pub given_at: Timestamp,
}

impl Consent {
    /// Whether everything in `asked` was agreed to.
    pub fn covers(&self, asked: &[ReleasedAttribute]) -> bool {
        asked.iter().all(|attribute| self.attributes.contains(attribute))
    }
}
