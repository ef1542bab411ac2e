//! The bounded walk along the links of an unknown certificate.
//!
//! Level by level: all that is linked to what was met last. It ends at the first level on which somebody known was met, so an
//! ordinary renewal costs one question. What J-LIS links to a *known* certificate is not asked: whose that is we know.

use std::collections::VecDeque;

use domain::{AccountId, CardKind, CredentialId, CredentialState};

/// How many questions one unknown certificate may cost. A card lives ten years and its certificates five; three kinds of
/// certificate with a few renewals each stay far below.
pub const MAX_QUESTIONS: usize = 24;

/// How a linked certificate belongs to the one asked about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LinkKind {
    /// It was replaced by the one asked about.
    Predecessor,
    /// It replaced the one asked about.
    Successor,
    /// The person's 署名用 certificate.
    Signing,
    /// The person's 利用者証明用 certificate.
    Authentication,
    /// The same kind of certificate in the person's phone.
    Phone,
    /// The same kind of certificate on the person's card.
    Card,
}

/// Where an account stands.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Openness {
    /// It may sign in.
    #[default]
    Open,
    /// Its person wished it closed, and may begin anew.
    Left,
    /// An operator closed it.
    Closed,
}

/// What we know of a linked certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holding {
    /// Whose it is.
    pub account: AccountId,
    /// Where that account stands.
    pub openness: Openness,
    /// The credential; `None` for a 署名用 certificate, which is known by an enrolment.
    pub credential: Option<(CredentialId, CredentialState)>,
}

/// One certificate that J-LIS links to the one asked about.
#[derive(Clone, Debug)]
pub struct Neighbour<N> {
    /// How it belongs.
    pub kind: LinkKind,
    /// Which.
    pub name: N,
    /// What we know of it.
    pub holding: Option<Holding>,
    /// Whose J-LIS said it is when another certificate was asked about.
    pub told: Option<Holding>,
}

/// What a question brought.
#[derive(Clone, Debug)]
pub enum Heard<N> {
    /// No answer that can be relied on.
    Unavailable,
    /// J-LIS does not know the certificate (yet).
    UnknownCertificate,
    /// All links.
    Links(Vec<Neighbour<N>>),
}

/// How the walk ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum WalkEnd {
    /// Everything that had to be asked was answered.
    Complete,
    /// A question remained without answer.
    Unavailable,
    /// J-LIS does not know the presented certificate yet.
    NotKnownYet,
    /// A linked certificate is one that J-LIS itself does not know, or knows no link of: the chain cannot be followed.
    Broken,
    /// A certificate is its own ancestor, or replaced and was replaced by the same one.
    Cyclic,
    /// More questions than [`MAX_QUESTIONS`].
    TooLong,
}

/// By what kind of links a certificate was met, seen from the presented one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Route {
    /// Predecessors only: the presented one replaced it, perhaps over several renewals.
    Replaced,
    /// Successors only: it replaced the presented one.
    ReplacedBy,
    /// Anything else: another certificate of the same person.
    Beside,
}

/// Somebody known, met on the walk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reached {
    /// Whose certificate it is.
    pub holding: Holding,
    /// How it was met.
    pub route: Route,
}

/// What a finished walk brought.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Walked {
    /// How it ended.
    pub end: WalkEnd,
    /// Everybody known who was met.
    pub reached: Vec<Reached>,
    /// Whose J-LIS said the certificates met, the presented one among them, are, when others were asked about. It never makes
    /// somebody known; it only contradicts.
    pub told: Vec<Holding>,
    /// What carries the presented certificate's key: only one in a phone has a counterpart on a card.
    pub carrier: CardKind,
}

struct Node<N> {
    name: N,
    parent: Option<usize>,
    route: Option<Route>,
    held: bool,
}

/// The walk, over whatever names the certificates.
pub struct Walk<N> {
    nodes: Vec<Node<N>>,
    level: VecDeque<usize>,
    next_level: Vec<usize>,
    asked: usize,
    reached: Vec<Reached>,
    told: Vec<Holding>,
    carrier: CardKind,
    stopped: Option<WalkEnd>,
}

impl<N: Clone + Eq> Walk<N> {
    /// Begins at an unknown certificate. `told` is what J-LIS said about it when another one was asked about.
    pub fn from(presented: N, told: Option<Holding>) -> Self {
        Self {
            nodes: vec![Node {
                name: presented,
                parent: None,
                route: None,
                held: false,
            }],
            level: VecDeque::from([0]),
            next_level: Vec::new(),
            asked: 0,
            reached: Vec::new(),
            told: told.into_iter().collect(),
            carrier: CardKind::UserAuthenticationCard,
            stopped: None,
        }
    }

    /// About which certificate to ask next; `None` when the walk is at its end.
    pub fn question(&mut self) -> Option<N> {
        if self.stopped.is_some() {
            return None;
        }
        if self.level.is_empty() {
            if !self.reached.is_empty() {
                return None;
            }
            self.level = std::mem::take(&mut self.next_level).into();
        }
        let place = *self.level.front()?;
        if self.asked >= MAX_QUESTIONS {
            self.stopped = Some(WalkEnd::TooLong);
            return None;
        }
        self.nodes.get(place).map(|node| node.name.clone())
    }

    /// Takes in what the last question brought.
    pub fn heard(&mut self, heard: Heard<N>) {
        let Some(place) = self.level.pop_front() else {
            return;
        };
        self.asked += 1;
        match heard {
            Heard::Unavailable => self.stopped = Some(WalkEnd::Unavailable),
            Heard::UnknownCertificate if place == 0 => self.stopped = Some(WalkEnd::NotKnownYet),
            Heard::UnknownCertificate => self.stopped = Some(WalkEnd::Broken),
            // What led here is a link of it too: J-LIS does not know it yet, and says so in another way.
            Heard::Links(links) if links.is_empty() && place != 0 => self.stopped = Some(WalkEnd::Broken),
            Heard::Links(links) => self.follow(place, &links),
        }
    }

    fn follow(&mut self, place: usize, links: &[Neighbour<N>]) {
        let both_ways = links.iter().any(|link| {
            link.kind == LinkKind::Predecessor
                && links
                    .iter()
                    .any(|other| other.kind == LinkKind::Successor && other.name == link.name)
        });
        if both_ways {
            self.stopped = Some(WalkEnd::Cyclic);
            return;
        }
        for link in links {
            if place == 0 && link.kind == LinkKind::Card {
                self.carrier = CardKind::UserAuthenticationPhone;
            }
            match self.nodes.iter().position(|node| node.name == link.name) {
                Some(known) if self.closes_a_circle(place, known, link.kind) => {
                    self.stopped = Some(WalkEnd::Cyclic);
                    return;
                }
                Some(_) => {}
                None => self.meet(place, link),
            }
        }
    }

    fn meet(&mut self, parent: usize, link: &Neighbour<N>) {
        let before = self.nodes.get(parent).and_then(|node| node.route);
        let route = match (before, link.kind) {
            (None | Some(Route::Replaced), LinkKind::Predecessor) => Route::Replaced,
            (None | Some(Route::ReplacedBy), LinkKind::Successor) => Route::ReplacedBy,
            _ => Route::Beside,
        };
        let place = self.nodes.len();
        self.nodes.push(Node {
            name: link.name.clone(),
            parent: Some(parent),
            route: Some(route),
            held: link.holding.is_some(),
        });
        self.told.extend(link.told.clone());
        match &link.holding {
            Some(holding) => self.reached.push(Reached {
                holding: holding.clone(),
                route,
            }),
            None => self.next_level.push(place),
        }
    }

    /// Whether a link leads back to one of the certificates that it was followed from, in the same direction.
    fn closes_a_circle(&self, from: usize, to: usize, kind: LinkKind) -> bool {
        if from == to {
            return true;
        }
        let route = match kind {
            LinkKind::Predecessor => Route::Replaced,
            LinkKind::Successor => Route::ReplacedBy,
            _ => return false,
        };
        let mut place = from;
        while let Some(node) = self.nodes.get(place) {
            if place == to {
                return true;
            }
            match (node.route, node.parent) {
                (Some(taken), Some(parent)) if taken == route => place = parent,
                _ => return false,
            }
        }
        false
    }

    /// Everything met that nobody holds, the presented one first: while an account is made for it, none of these may get
    /// another one.
    pub fn unheld(&self) -> impl Iterator<Item = &N> {
        self.nodes.iter().filter(|node| !node.held).map(|node| &node.name)
    }

    /// What it brought. A walk that was not followed to its end brought nothing that can be relied on.
    pub fn end(&mut self) -> Walked {
        let end = match (self.stopped, self.question()) {
            (Some(end), _) => end,
            (None, Some(_)) => WalkEnd::Unavailable,
            (None, None) => self.stopped.unwrap_or(WalkEnd::Complete),
        };
        Walked {
            end,
            reached: self.reached.clone(),
            told: self.told.clone(),
            carrier: self.carrier,
        }
    }
}
