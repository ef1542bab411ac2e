//! Accounts and the names by which services know them.

use serde::{Deserialize, Serialize};

use crate::{AccountId, PseudonymValue, SectorId, Timestamp};

/// The life cycle of an account: it begins active, and once it is closed it stays so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// May sign in.
    Active,
    /// Merged or closed; kept so that pseudonyms are never reused.
    Closed(Closing),
}

impl AccountState {
    /// The spelling in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed(_) => "closed",
        }
    }
}

/// How an account ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: ClosingReason,
}

/// Why an account was closed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingReason {
    /// The person wished it (利用者の退会).
    OwnWish,
    /// An operator decided it.
    Decided,
    /// It turned out to be the same person's as another account, which carries on.
    Merged {
        /// The account that carries on.
        into: AccountId,
    },
}

impl ClosingReason {
    /// The spelling in the database and in the audit.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OwnWish => "own_wish",
            Self::Decided => "decided",
            Self::Merged { .. } => "merged",
        }
    }

    /// Reads [`Self::as_str`] and the account that carries on; `None` for what no account can be.
    pub fn from_parts(word: &str, into: Option<AccountId>) -> Option<Self> {
        match (word, into) {
            ("own_wish", None) => Some(Self::OwnWish),
            ("decided", None) => Some(Self::Decided),
            ("merged", Some(into)) => Some(Self::Merged { into }),
            _ => None,
        }
    }

    /// The account that carries on.
    pub const fn into_account(&self) -> Option<&AccountId> {
        match self {
            Self::Merged { into } => Some(into),
            Self::OwnWish | Self::Decided => None,
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
