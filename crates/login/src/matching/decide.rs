//! The decision over what is held, what was ruled and what the walk brought.

use domain::{AccountId, CardKind, Credential, CredentialId, CredentialState};
use serde::{Deserialize, Serialize};

use super::walk::{Holding, Openness, Route, WalkEnd, Walked};

/// What a person decided about a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ruling {
    /// Nothing yet: the question is open.
    Open,
    /// It belongs to this account.
    Person(AccountId),
    /// It belongs to none of these, whom the decision looked at, nor to anybody else known: a new account. Whoever else is
    /// met since then asks for another decision.
    NobodyOf(Vec<AccountId>),
    /// It does not sign in.
    Refused,
}

/// Why a person has to decide.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Conflict {
    /// Linked to certificates of several known people.
    SeveralPersons,
    /// Linked to somebody whose account is closed.
    ClosedAccount,
    /// The links contradict themselves: one certificate before and after another.
    ContradictoryLinks,
    /// A linked certificate is unknown to J-LIS itself.
    BrokenChain,
    /// The chain does not end within the bound.
    EndlessChain,
    /// J-LIS linked it to a known person before, and now links it to nobody.
    LinkWithdrawn,
    /// Two accounts registered the same 基本4情報.
    SameItems,
}

impl Conflict {
    /// The stable word in the audit and on the operator's screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeveralPersons => "several_persons",
            Self::ClosedAccount => "closed_account",
            Self::ContradictoryLinks => "contradictory_links",
            Self::BrokenChain => "broken_chain",
            Self::EndlessChain => "endless_chain",
            Self::LinkWithdrawn => "link_withdrawn",
            Self::SameItems => "same_items",
        }
    }
}

/// What the decision looks at.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What we hold of the presented certificate.
    pub held: Option<Credential>,
    /// Where the account stands to which it belongs.
    pub openness: Openness,
    /// What a person decided about it.
    pub ruling: Option<Ruling>,
    /// What the walk along its links brought; `None` when nobody was asked.
    pub walked: Option<Walked>,
    /// Whether the certificate is old enough for J-LIS to have heard of it: only then does "nobody" mean nobody.
    pub settled: bool,
}

/// Whose certificate it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Match {
    /// A known certificate.
    Known(Credential),
    /// Another certificate of a known person: bind it to the account, and supersede what it replaced.
    Bind {
        /// Whose.
        account: AccountId,
        /// What carries the key.
        carrier: CardKind,
        /// The active credentials that it replaced.
        replaces: Vec<CredentialId>,
    },
    /// A known person who wished their account closed: asked first, they may begin anew with another account.
    Left {
        /// The closed account.
        account: AccountId,
        /// What carries the key.
        carrier: CardKind,
        /// The active credentials that the certificate replaced; none of a known one.
        replaces: Vec<CredentialId>,
    },
    /// Nobody we know: a new account.
    NewPerson {
        /// What carries the key.
        carrier: CardKind,
    },
    /// The source of links did not answer; no account may be made.
    LinksUnavailable,
    /// J-LIS may not know the certificate yet (up to 24 hours after issue); no account may be made.
    NotSettled,
    /// A certificate that a newer one has replaced. Its holder has the newer card.
    Superseded,
    /// A person has to decide, and nobody has been asked yet.
    Undecided {
        /// Why.
        why: Conflict,
        /// The accounts that may be concerned.
        accounts: Vec<AccountId>,
    },
    /// A person was asked and has not decided yet.
    AwaitsRuling,
    /// A person decided that it does not sign in.
    Refused,
}

/// Decides. See the room's docs for the rules in words; the order here is the order of what is certain.
pub fn match_account(facts: &Facts) -> Match {
    if let Some(credential) = &facts.held {
        return match (credential.state, facts.openness) {
            (CredentialState::Superseded, _) => Match::Superseded,
            (CredentialState::Active, Openness::Left) => Match::Left {
                account: credential.account.clone(),
                carrier: credential.kind,
                replaces: Vec::new(),
            },
            (CredentialState::Active, _) => Match::Known(credential.clone()),
        };
    }
    match &facts.ruling {
        None => {}
        Some(Ruling::Open) => return Match::AwaitsRuling,
        Some(Ruling::Refused) => return Match::Refused,
        Some(Ruling::NobodyOf(these)) => return somebody_else(these, facts.walked.as_ref()),
        Some(Ruling::Person(account)) => return bind(account, facts.walked.as_ref()),
    }
    let Some(walked) = &facts.walked else {
        return Match::LinksUnavailable;
    };
    let accounts = accounts(walked);
    let undecided = |why| Match::Undecided {
        why,
        accounts: accounts.clone(),
    };
    match walked.end {
        WalkEnd::Complete => {}
        WalkEnd::Unavailable => return Match::LinksUnavailable,
        WalkEnd::NotKnownYet => return Match::NotSettled,
        WalkEnd::Broken => return undecided(Conflict::BrokenChain),
        WalkEnd::Cyclic => return undecided(Conflict::ContradictoryLinks),
        WalkEnd::TooLong => return undecided(Conflict::EndlessChain),
    }
    match accounts.as_slice() {
        [] if facts.settled => Match::NewPerson {
            carrier: walked.carrier,
        },
        [] => Match::NotSettled,
        [account] => one_person(account, walked, facts.settled),
        _ => undecided(Conflict::SeveralPersons),
    }
}

fn one_person(account: &AccountId, walked: &Walked, settled: bool) -> Match {
    let undecided = |why| Match::Undecided {
        why,
        accounts: vec![account.clone()],
    };
    if walked.reached.is_empty() {
        // J-LIS named this person when another certificate of theirs was asked about, and does not now.
        return if settled {
            undecided(Conflict::LinkWithdrawn)
        } else {
            Match::NotSettled
        };
    }
    if holdings(walked).any(|holding| holding.openness == Openness::Closed) {
        return undecided(Conflict::ClosedAccount);
    }
    if walked
        .reached
        .iter()
        .any(|reached| reached.route == Route::ReplacedBy)
    {
        return Match::Superseded;
    }
    if holdings(walked).any(|holding| holding.openness == Openness::Left) {
        return Match::Left {
            account: account.clone(),
            carrier: walked.carrier,
            replaces: replaced(account, Some(walked)),
        };
    }
    bind(account, Some(walked))
}

/// A person said that it is none of `these`; what was wrong with the links was looked at then.
fn somebody_else(these: &[AccountId], walked: Option<&Walked>) -> Match {
    let Some(walked) = walked.filter(|walked| walked.end != WalkEnd::Unavailable) else {
        return Match::LinksUnavailable;
    };
    // Nothing is known of this certificate yet: that is no "nobody else".
    if walked.end == WalkEnd::NotKnownYet {
        return Match::NotSettled;
    }
    let met = accounts(walked);
    if met.iter().all(|account| these.contains(account)) {
        return Match::NewPerson {
            carrier: walked.carrier,
        };
    }
    Match::Undecided {
        why: Conflict::SeveralPersons,
        accounts: met,
    }
}

fn bind(account: &AccountId, walked: Option<&Walked>) -> Match {
    Match::Bind {
        account: account.clone(),
        carrier: carrier(walked),
        replaces: replaced(account, walked),
    }
}

/// The active credentials of an account that the certificate replaced.
fn replaced(account: &AccountId, walked: Option<&Walked>) -> Vec<CredentialId> {
    walked
        .map(|walked| walked.reached.as_slice())
        .unwrap_or_default()
        .iter()
        .filter(|reached| reached.route == Route::Replaced && reached.holding.account == *account)
        .filter_map(|reached| match &reached.holding.credential {
            Some((credential, CredentialState::Active)) => Some(credential.clone()),
            _ => None,
        })
        .collect()
}

fn carrier(walked: Option<&Walked>) -> CardKind {
    walked.map_or(CardKind::UserAuthenticationCard, |walked| walked.carrier)
}

fn holdings(walked: &Walked) -> impl Iterator<Item = &Holding> {
    walked
        .reached
        .iter()
        .map(|reached| &reached.holding)
        .chain(&walked.told)
}

/// The people who were met, each once, in the order met.
fn accounts(walked: &Walked) -> Vec<AccountId> {
    holdings(walked).fold(Vec::new(), |mut accounts, holding| {
        if !accounts.contains(&holding.account) {
            accounts.push(holding.account.clone());
        }
        accounts
    })
}

#[cfg(test)]
mod tests;
