//! Accounts as a person decides about them: questions answered, accounts merged, closed, begun anew.
//!
//! **Owns** what a merge ([`merge`]) and a closing ([`close`]) write, the act of deciding a question ([`decide`]), and the tie between
//! accounts that became one ([`carrying_on`]); what is left of a closing when its process died ([`repeat`]). What moves and what ends is a table in docs/decisions/0018.
//!
//! **Deliberately absent**: who may decide (the operator's page and the command line know their operators), and whose a certificate is
//! (`login::match_account`).
//!
//! **Neighbours**: `web/login/desk` asks the questions and follows merged accounts; `web/operator/identity.rs`, `cli/identity.rs` and
//! `web/account/closing.rs` act.
//!
//! **One more thing that hangs on an account**: its row in 0018's table, its write in `accounts.rs`, its line in
//! conformance-tests/tests/identity/merging.rs.

mod accounts;
pub mod decide;
mod leftovers;
mod questions;

use domain::{AccountId, AccountState, Timestamp};
use store::{Ledger, StoreFault};

pub use accounts::{close, join_floors, merge, move_credentials, move_links};
pub use leftovers::{end_leftovers, repeat};

use crate::app::App;
use crate::vault::Vault;

/// What acts on accounts need: the command line has no more.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// What must never be lost.
    pub ledger: &'a dyn Ledger,
    /// Serials and items are sealed to their account.
    pub vault: &'a Vault,
    /// The time of the act.
    pub now: Timestamp,
}

impl<'a> Tools<'a> {
    /// Those of the running platform.
    pub fn of(app: &'a App) -> Self {
        Self {
            ledger: &*app.ledger,
            vault: &app.vault,
            now: app.clock.now(),
        }
    }
}

/// Longest chain of merges that is followed: nobody has more cards in a life.
const MERGES: usize = 32;

/// The account that carries on for one that was merged: itself, if it was not.
pub async fn carrying_on(ledger: &dyn Ledger, id: &AccountId) -> Result<AccountId, StoreFault> {
    let mut at = id.clone();
    for _ in 0..MERGES {
        let Some(account) = ledger.account(&at).await? else {
            break;
        };
        match account.state {
            AccountState::Closed(closing) => match closing.reason.into_account() {
                Some(into) => at = into.clone(),
                None => break,
            },
            AccountState::Active => break,
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests;
