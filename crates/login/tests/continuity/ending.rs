//! Accounts that end in the model: merged at the counter, closed by their human, begun anew.

use domain::{AccountId, CredentialId, CredentialState};
use login::{Match, Openness, Ruling};

use super::{Held, Human, Name, World};

impl World {
    pub(super) fn open_accounts(&self, of: Human) -> Vec<AccountId> {
        self.accounts
            .iter()
            .filter(|(account, (human, _))| {
                *human == of && !self.merged.contains_key(*account) && !self.left.contains(*account)
            })
            .map(|(account, _)| account.clone())
            .collect()
    }

    /// What the batch of a merge does; the survivor is the account of the lower identity.
    pub(super) fn merge(&mut self, human: Human) {
        let mut open = self.open_accounts(human);
        open.sort_by_key(|account| self.accounts[account].1);
        let mut open = open.into_iter();
        let (Some(survivor), Some(other)) = (open.next(), open.next()) else {
            return;
        };
        let (lower, higher) = (self.accounts[&survivor].1, self.accounts[&other].1);
        let (lower, higher) = (self.identity(human, lower), self.identity(human, higher));
        self.same.insert((human, higher), lower);
        for held in self.held.values_mut().filter(|held| held.account == other) {
            held.account = survivor.clone();
        }
        for account in self.enrolled.values_mut().filter(|account| **account == other) {
            *account = survivor.clone();
        }
        self.merged.insert(other, survivor.clone());
        // Every card of either signs in to the one account.
        let cards: Vec<Name> = self
            .held
            .iter()
            .filter(|(_, held)| held.account == survivor && held.state == CredentialState::Active)
            .map(|(name, _)| *name)
            .collect();
        for name in cards {
            let (decided, _) = self.look(name, None);
            assert!(
                matches!(&decided, Match::Known(credential) if credential.account == survivor),
                "{decided:?}"
            );
        }
        self.one_account_each();
    }

    /// A person says yes to a new beginning, in the sign-in that found the closed account.
    pub(super) fn anew(&mut self, name: Name) {
        let human = self.certificates[name].human;
        let (decided, seen) = self.look(name, None);
        let Match::Left {
            account: former,
            replaces,
            ..
        } = decided
        else {
            return;
        };
        assert_eq!(self.accounts[&former].0, human, "somebody else's closed account");
        let account = self.new_account(name);
        for held in self.held.values_mut() {
            if held.account == former {
                held.account = account.clone();
            }
            if replaces.contains(&held.credential) {
                held.state = CredentialState::Superseded;
            }
        }
        for told in self.told.values_mut().filter(|told| **told == former) {
            *told = account.clone();
        }
        self.enrolled.retain(|_, enrolled| *enrolled != former);
        for linked in seen.into_keys() {
            self.told.entry(linked).or_insert_with(|| account.clone());
        }
        if !self.held.contains_key(&name) {
            let credential = CredentialId::generate(&self.counter.next());
            self.held.insert(
                name,
                Held {
                    account: account.clone(),
                    credential,
                    state: CredentialState::Active,
                },
            );
        }
        let (again, _) = self.look(name, None);
        assert!(
            matches!(&again, Match::Known(credential) if credential.account == account),
            "{again:?}"
        );
        self.one_account_each();
    }

    pub(super) fn carrying_on(&self, account: &AccountId) -> AccountId {
        let mut at = account;
        while let Some(into) = self.merged.get(at) {
            at = into;
        }
        at.clone()
    }

    pub(super) fn openness(&self, account: &AccountId) -> Openness {
        if self.left.contains(account) {
            Openness::Left
        } else {
            Openness::Open
        }
    }

    /// The identity under which accounts of a human count as one.
    pub(super) fn identity(&self, human: Human, identity: usize) -> usize {
        let mut at = identity;
        while let Some(lower) = self.same.get(&(human, at)) {
            at = *lower;
        }
        at
    }

    /// A ruling means whoever carries on.
    pub(super) fn ruled(&self, ruling: &Ruling) -> Ruling {
        match ruling {
            Ruling::Person(account) => Ruling::Person(self.carrying_on(account)),
            Ruling::NobodyOf(these) => {
                Ruling::NobodyOf(these.iter().map(|account| self.carrying_on(account)).collect())
            }
            other => other.clone(),
        }
    }

    pub(super) fn new_account(&mut self, presented: Name) -> AccountId {
        let account = AccountId::generate(&self.counter.next());
        let of = &self.certificates[presented];
        self.accounts.insert(account.clone(), (of.human, of.identity));
        account
    }
}
