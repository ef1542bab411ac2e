//! Random lives of random people against a simple model of "which human is this".
//!
//! The model knows whose each certificate is. The platform sees digests and what J-LIS says, which may be late, absent or, for
//! one sign-in at a time, false. Held, whatever happened before:
//!
//! - nobody is ever signed in to an account that is another human's;
//! - nobody has two accounts, except by a loss after which J-LIS linked nothing (nobody could know);
//! - what J-LIS did not say in time makes no account;
//! - a false link beside a true one ends at a person's desk;
//! - whoever merged accounts (a person at the counter, who sees one human) made one of them, by every card of both;
//! - whoever closed their account gets nothing back without asking for it, and then one new account, by every card.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test's own helpers"
)]

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AccountId, CardKind, CertificateDigest, Credential, CredentialId, CredentialState, Entropy, SealedSerial,
    Timestamp,
};
use login::{Facts, Heard, Holding, LinkKind, Match, Neighbour, Openness, Ruling, Walk, match_account};
use proptest::prelude::*;

/// A certificate, by its number in the world.
type Name = usize;
type Human = usize;

const HUMANS: usize = 3;
const SETTLING_HOURS: u32 = 24;

mod ending;
mod rare;

struct Counter(std::cell::Cell<u8>);

// The counter is used by one thread only.
struct Number(u8);

impl Entropy for Number {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

impl Counter {
    fn next(&self) -> Number {
        self.0.set(self.0.get() + 1);
        Number(self.0.get())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Medium {
    Card,
    Phone,
    Signing,
}

#[derive(Clone, Debug)]
struct Certificate {
    human: Human,
    medium: Medium,
    /// What it replaced, as J-LIS knows.
    replaced: Option<Name>,
    /// When it was issued, in hours.
    issued: u32,
    /// From when on J-LIS knows it.
    known_from: u32,
    /// From when on the lists say that it is revoked.
    revoked_from: Option<u32>,
    /// Lost without a link to what came after: a new identity as far as anybody can tell.
    identity: usize,
}

#[derive(Clone, Debug)]
enum Act {
    Card(Human),
    RenewCard(Human, u32),
    Phone(Human),
    RenewPhone(Human, u32),
    Lose(Human, bool),
    SignIn(Human, Pick),
    SignInWithFalseLink(Human, Pick, Human),
    BothAtOnce(Human),
    Enrol(Human),
    Outage(bool),
    Hours(u32),
    Rule,
    /// The person at the counter finds that two accounts are one human's.
    Merge(Human),
    /// The human closes their account.
    Close(Human),
    /// Whoever closed it signs in and asks for a new one.
    Anew(Human, Pick),
}

#[derive(Clone, Copy, Debug)]
enum Pick {
    Card,
    Phone,
    FormerCard,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let human = 0..HUMANS;
    let pick = prop_oneof![4 => Just(Pick::Card), 3 => Just(Pick::Phone), 2 => Just(Pick::FormerCard)];
    let act = prop_oneof![
        2 => human.clone().prop_map(Act::Card),
        3 => (human.clone(), 0..30u32).prop_map(|(human, late)| Act::RenewCard(human, late)),
        2 => human.clone().prop_map(Act::Phone),
        1 => (human.clone(), 0..30u32).prop_map(|(human, late)| Act::RenewPhone(human, late)),
        1 => (human.clone(), any::<bool>()).prop_map(|(human, linked)| Act::Lose(human, linked)),
        9 => (human.clone(), pick.clone()).prop_map(|(human, pick)| Act::SignIn(human, pick)),
        2 => (human.clone(), pick, human.clone()).prop_map(|(one, pick, other)| Act::SignInWithFalseLink(one, pick, other)),
        2 => human.clone().prop_map(Act::BothAtOnce),
        1 => human.clone().prop_map(Act::Enrol),
        1 => human.clone().prop_map(Act::Merge),
        1 => human.clone().prop_map(Act::Close),
        1 => (human, prop_oneof![Just(Pick::Card), Just(Pick::Phone)]).prop_map(|(human, pick)| Act::Anew(human, pick)),
        1 => any::<bool>().prop_map(Act::Outage),
        3 => (1..40u32).prop_map(Act::Hours),
        1 => Just(Act::Rule),
    ];
    proptest::collection::vec(act, 1..60)
}

/// What the platform keeps.
#[derive(Clone)]
struct Held {
    account: AccountId,
    credential: CredentialId,
    state: CredentialState,
}

/// What J-LIS linked and nobody holds, and the row of each as it was when the platform looked.
type Seen = BTreeMap<Name, Option<AccountId>>;

struct World {
    certificates: Vec<Certificate>,
    current: BTreeMap<(Human, u8), Name>,
    identities: Vec<usize>,
    now: u32,
    outage: bool,
    counter: Counter,
    held: BTreeMap<Name, Held>,
    enrolled: BTreeMap<Name, AccountId>,
    told: BTreeMap<Name, AccountId>,
    rulings: BTreeMap<Name, Ruling>,
    considered: BTreeMap<Name, Vec<AccountId>>,
    /// Whose accounts: the model's own record, with the identity under which each was made.
    accounts: BTreeMap<AccountId, (Human, usize)>,
    /// Merged accounts, and which carries on.
    merged: BTreeMap<AccountId, AccountId>,
    /// Closed at their human's wish.
    left: BTreeSet<AccountId>,
    /// Identities that a person at the counter knows to be one human's: the lower is the one that counts.
    same: BTreeMap<(Human, usize), usize>,
}

impl World {
    fn new() -> Self {
        Self {
            certificates: Vec::new(),
            current: BTreeMap::new(),
            identities: vec![0; HUMANS],
            now: 0,
            outage: false,
            counter: Counter(std::cell::Cell::new(0)),
            held: BTreeMap::new(),
            enrolled: BTreeMap::new(),
            told: BTreeMap::new(),
            rulings: BTreeMap::new(),
            considered: BTreeMap::new(),
            accounts: BTreeMap::new(),
            merged: BTreeMap::new(),
            left: BTreeSet::new(),
            same: BTreeMap::new(),
        }
    }

    fn issue(&mut self, human: Human, medium: Medium, replaced: Option<Name>, late: u32) -> Name {
        let name = self.certificates.len();
        self.certificates.push(Certificate {
            human,
            medium,
            replaced,
            issued: self.now,
            known_from: self.now + late,
            revoked_from: None,
            identity: self.identities[human],
        });
        self.current.insert((human, medium as u8), name);
        name
    }

    fn now_has(&self, human: Human, medium: Medium) -> Option<Name> {
        self.current.get(&(human, medium as u8)).copied()
    }

    fn live(act: &Certificate, now: u32) -> bool {
        act.known_from <= now
    }

    /// What J-LIS says, in truth: the newest counterparts that belong to the same identity.
    fn truth(&self, of: Name) -> Option<Vec<(LinkKind, Name)>> {
        let this = &self.certificates[of];
        if !Self::live(this, self.now) {
            // Either way of not knowing yet: saying so, and saying "no links".
            return of.is_multiple_of(2).then(Vec::new);
        }
        let mut links = Vec::new();
        if let Some(old) = this.replaced {
            links.push((LinkKind::Predecessor, old));
        }
        for (name, other) in self.certificates.iter().enumerate() {
            if !Self::live(other, self.now) {
                continue;
            }
            if other.replaced == Some(of) {
                links.push((LinkKind::Successor, name));
            }
        }
        let newest = |medium: Medium| {
            (0..self.certificates.len()).rev().find(|name| {
                let other = &self.certificates[*name];
                other.human == this.human
                    && other.identity == this.identity
                    && other.medium == medium
                    && Self::live(other, self.now)
            })
        };
        let counterparts: &[(Medium, LinkKind)] = match this.medium {
            Medium::Card => &[
                (Medium::Phone, LinkKind::Phone),
                (Medium::Signing, LinkKind::Signing),
            ],
            Medium::Phone => &[(Medium::Card, LinkKind::Card)],
            Medium::Signing => &[(Medium::Card, LinkKind::Authentication)],
        };
        for (medium, kind) in counterparts {
            links.extend(newest(*medium).map(|name| (*kind, name)));
        }
        Some(links)
    }

    fn holding(&self, name: Name) -> Option<Holding> {
        let of_credential = self.held.get(&name).map(|held| Holding {
            account: held.account.clone(),
            openness: self.openness(&held.account),
            credential: Some((held.credential.clone(), held.state)),
        });
        of_credential.or_else(|| self.enrolled.get(&name).map(|account| self.named(account)))
    }

    fn named(&self, account: &AccountId) -> Holding {
        let account = self.carrying_on(account);
        Holding {
            openness: self.openness(&account),
            account,
            credential: None,
        }
    }

    /// What the desk does up to its decision.
    fn look(&self, presented: Name, lie: Option<(LinkKind, Name)>) -> (Match, Seen) {
        let mut facts = Facts {
            settled: self.now - self.certificates[presented].issued >= SETTLING_HOURS,
            openness: self
                .held
                .get(&presented)
                .map_or(Openness::Open, |held| self.openness(&held.account)),
            ruling: self.rulings.get(&presented).map(|ruling| self.ruled(ruling)),
            held: self.held.get(&presented).map(|held| Credential {
                id: held.credential.clone(),
                account: held.account.clone(),
                kind: CardKind::UserAuthenticationCard,
                digest: CertificateDigest {
                    key_version: 1,
                    value: presented.to_string(),
                },
                serial: SealedSerial {
                    key_version: 1,
                    sealed: String::new(),
                },
                issuer_key_hash: String::new(),
                state: held.state,
                not_after: Timestamp::from_seconds(0),
                created_at: Timestamp::from_seconds(0),
            }),
            walked: None,
        };
        if facts.held.is_some() {
            return (match_account(&facts), Seen::new());
        }
        let mut walk = Walk::from(
            presented,
            self.told.get(&presented).map(|account| self.named(account)),
        );
        while let Some(name) = walk.question() {
            walk.heard(match (self.outage, self.truth(name)) {
                (true, _) => Heard::Unavailable,
                (false, None) => Heard::UnknownCertificate,
                (false, Some(mut links)) => {
                    if let Some(lie) = lie.filter(|_| name == presented) {
                        links.insert(0, lie);
                    }
                    Heard::Links(
                        links
                            .into_iter()
                            .map(|(kind, name)| Neighbour {
                                kind,
                                name,
                                holding: self.holding(name),
                                told: self.told.get(&name).map(|account| self.named(account)),
                            })
                            .collect(),
                    )
                }
            });
        }
        let seen = walk
            .unheld()
            .map(|name| (*name, self.told.get(name).cloned()))
            .collect();
        facts.walked = Some(walk.end());
        (match_account(&facts), seen)
    }

    /// What the desk's batch does; `Err` if its unique rows were taken meanwhile.
    fn perform(&mut self, presented: Name, decided: &Match, seen: &Seen) -> Result<Option<AccountId>, ()> {
        // What J-LIS linked is written in place of the rows that were looked at, and of no others.
        if seen
            .iter()
            .any(|(name, told)| self.told.get(name) != told.as_ref())
        {
            return Err(());
        }
        let account = match decided {
            Match::Known(credential) => return Ok(Some(credential.account.clone())),
            Match::Bind {
                account, replaces, ..
            } => {
                for held in self.held.values_mut() {
                    if replaces.contains(&held.credential) {
                        held.state = CredentialState::Superseded;
                    }
                }
                if self.left.contains(account) {
                    // The batch requires an active account.
                    return Ok(None);
                }
                account.clone()
            }
            Match::NewPerson { .. } => self.new_account(presented),
            Match::Undecided { accounts, .. } => {
                self.rulings.insert(presented, Ruling::Open);
                self.considered.insert(presented, accounts.clone());
                return Ok(None);
            }
            _ => return Ok(None),
        };
        if self.held.contains_key(&presented) {
            return Err(());
        }
        for name in seen.keys() {
            self.told.insert(*name, account.clone());
        }
        let credential = CredentialId::generate(&self.counter.next());
        self.held.insert(
            presented,
            Held {
                account: account.clone(),
                credential,
                state: CredentialState::Active,
            },
        );
        Ok(Some(account))
    }

    fn usable(&self, human: Human, pick: Pick) -> Option<Name> {
        let name = match pick {
            Pick::Card => self.now_has(human, Medium::Card)?,
            Pick::Phone => self.now_has(human, Medium::Phone)?,
            Pick::FormerCard => {
                let current = self.now_has(human, Medium::Card)?;
                (0..current).rev().find(|name| {
                    let other = &self.certificates[*name];
                    other.human == human && other.medium == Medium::Card
                })?
            }
        };
        let revoked = self.certificates[name]
            .revoked_from
            .is_some_and(|from| from <= self.now);
        (!revoked).then_some(name)
    }

    /// Whether somebody held is linked to a certificate directly, in truth.
    fn truly_linked(&self, name: Name) -> bool {
        self.truth(name)
            .is_some_and(|links| links.iter().any(|(_, other)| self.holding(*other).is_some()))
    }

    fn sign_in(&mut self, name: Name, lie: Option<(LinkKind, Name)>) {
        let human = self.certificates[name].human;
        let before = self.accounts.len();
        for _ in 0..3 {
            let (decided, seen) = self.look(name, lie);
            if self.outage {
                assert!(
                    !matches!(decided, Match::Undecided { .. }) || self.held.contains_key(&name),
                    "an outage is no conflict"
                );
            }
            match self.perform(name, &decided, &seen) {
                Err(()) => {}
                Ok(None) => break,
                Ok(Some(account)) => {
                    let (whose, _) = self.accounts[&account];
                    assert_eq!(whose, human, "the wrong account, by {decided:?}");
                    assert!(!self.left.contains(&account), "a closed account, by {decided:?}");
                    assert!(
                        !self.merged.contains_key(&account),
                        "a merged account, by {decided:?}"
                    );
                    break;
                }
            }
        }
        if self.outage {
            assert_eq!(self.accounts.len(), before, "an account out of an outage");
        }
        self.one_account_each();
    }

    fn one_account_each(&self) {
        let mut seen = BTreeMap::new();
        for (account, (human, identity)) in &self.accounts {
            if self.merged.contains_key(account) || self.left.contains(account) {
                continue;
            }
            let whose = (*human, self.identity(*human, *identity));
            let other = seen.insert(whose, account);
            assert_eq!(other, None, "{whose:?} has {account} too");
        }
        for held in self.held.values() {
            assert!(
                !self.merged.contains_key(&held.account),
                "a card of a merged account"
            );
        }
    }

    /// A person at the counter, who sees the human: the right ruling for every open question.
    fn rule(&mut self) {
        let open: Vec<Name> = self
            .rulings
            .iter()
            .filter(|(_, ruling)| **ruling == Ruling::Open)
            .map(|(name, _)| *name)
            .collect();
        for name in open {
            let of = &self.certificates[name];
            let account = self
                .accounts
                .iter()
                .find(|(account, (human, identity))| {
                    !self.merged.contains_key(*account)
                        && !self.left.contains(*account)
                        && *human == of.human
                        && self.identity(*human, *identity) == self.identity(of.human, of.identity)
                })
                .map(|(account, _)| account.clone());
            let nobody = Ruling::NobodyOf(self.considered[&name].clone());
            self.rulings.insert(name, account.map_or(nobody, Ruling::Person));
        }
    }

    fn retire(&mut self, name: Name, after: u32) {
        let from = self.now + after;
        self.certificates[name].revoked_from.get_or_insert(from);
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Card(human) if self.now_has(human, Medium::Card).is_none() => {
                self.issue(human, Medium::Card, None, 0);
                self.issue(human, Medium::Signing, None, 0);
            }
            Act::RenewCard(human, late) => {
                let Some(old) = self.now_has(human, Medium::Card) else {
                    return;
                };
                self.retire(old, 24);
                self.issue(human, Medium::Card, Some(old), late.min(23));
                let signing = self.now_has(human, Medium::Signing);
                self.issue(human, Medium::Signing, signing, late.min(23));
            }
            Act::Phone(human) if self.now_has(human, Medium::Phone).is_none() => {
                if self.now_has(human, Medium::Card).is_some() {
                    self.issue(human, Medium::Phone, None, 0);
                }
            }
            Act::RenewPhone(human, late) => {
                let Some(old) = self.now_has(human, Medium::Phone) else {
                    return;
                };
                self.retire(old, 24);
                self.issue(human, Medium::Phone, Some(old), late.min(23));
            }
            Act::Lose(human, linked) => {
                let Some(old) = self.now_has(human, Medium::Card) else {
                    return;
                };
                self.retire(old, 0);
                if !linked {
                    if let Some(phone) = self.now_has(human, Medium::Phone) {
                        self.retire(phone, 0);
                        self.current.remove(&(human, Medium::Phone as u8));
                    }
                    self.identities[human] += 1;
                }
                self.issue(human, Medium::Card, linked.then_some(old), 0);
                self.issue(human, Medium::Signing, None, 0);
            }
            Act::SignIn(human, pick) => {
                if let Some(name) = self.usable(human, pick) {
                    self.sign_in(name, None);
                }
            }
            Act::SignInWithFalseLink(human, pick, other) if other != human => {
                let (Some(name), Some(false_one)) =
                    (self.usable(human, pick), self.now_has(other, Medium::Card))
                else {
                    return;
                };
                // A lie that is all there is cannot be told from the truth.
                if self.truly_linked(name) {
                    self.sign_in(name, Some((LinkKind::Predecessor, false_one)));
                }
            }
            Act::BothAtOnce(human) => self.both_at_once(human),
            Act::Enrol(human) => {
                let card = self.now_has(human, Medium::Card);
                let signing = self.now_has(human, Medium::Signing);
                if let (Some(card), Some(signing)) = (card, signing)
                    && let Some(held) = self.held.get(&card)
                {
                    self.enrolled.insert(signing, held.account.clone());
                }
            }
            Act::Outage(outage) => self.outage = outage,
            Act::Hours(hours) => self.now += hours,
            Act::Rule => self.rule(),
            Act::Merge(human) => self.merge(human),
            Act::Close(human) => {
                let open = self.open_accounts(human);
                self.left.extend(open.into_iter().next());
            }
            Act::Anew(human, pick) => {
                if let Some(name) = self.usable(human, pick) {
                    self.anew(name);
                }
            }
            Act::Card(_) | Act::Phone(_) | Act::SignInWithFalseLink(..) => {}
        }
    }

    /// Card and phone decide on the same rows; whoever commits second looks again.
    fn both_at_once(&mut self, human: Human) {
        let (Some(card), Some(phone)) = (self.usable(human, Pick::Card), self.usable(human, Pick::Phone))
        else {
            return;
        };
        let (first, by_card) = self.look(card, None);
        let (second, by_phone) = self.look(phone, None);
        let _ = self.perform(card, &first, &by_card);
        if self.perform(phone, &second, &by_phone).is_err() {
            self.sign_in(phone, None);
        }
        self.one_account_each();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_human_has_one_account_and_no_other_humans(history in acts()) {
        let mut world = World::new();
        for act in &history {
            world.act(act);
        }
    }
}
