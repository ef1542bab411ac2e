//! Accounts and the names by which services know them.

use serde::{Deserialize, Serialize};

use crate::{AccountId, PseudonymValue, SectorId, Timestamp};

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// May sign in.
    Active,
    /// Merged or closed; kept so that pseudonyms are never reused.
    Closed,
}

impl AccountState {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }
}

/// One person as the platform knows them: nothing but an identifier. No name, no serial.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Account {
    /// The platform's own identifier; never leaves it.
    pub id: AccountId,
    /// Whether it may be used.
    pub state: AccountState,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The random value by which one sector knows one account: stored at first issue, never reused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pseudonym {
    /// Whose.
    pub account: AccountId,
    /// Within which sector.
    pub sector: SectorId,
    /// What the sector's services see.
    pub value: PseudonymValue,
    /// When it was first issued.
    pub created_at: Timestamp,
}
