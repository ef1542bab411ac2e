//! The operator's page about revocation lists: how old each is, and what became of the last delivery. Shown on the authenticated
//! operator listener only.

use askama::Template;
use domain::{Language, Timestamp};

use super::frame::{Frame, Shell};
use super::japan_time::JapanTime;
use super::text::{Fill, ListTexts, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Where lists stand in their life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ListState {
    /// Within their dates.
    Fresh,
    /// Past nextUpdate, within the tolerance.
    StaleAllowed,
    /// Past the tolerance, or made in the future: nobody is let in.
    Refuse,
    /// There are none: nobody is let in.
    Missing,
}

impl ListState {
    fn word(self, t: &ListTexts) -> Text {
        match self {
            Self::Fresh => t.fresh,
            Self::StaleAllowed => t.stale_allowed,
            Self::Refuse => t.refuse,
            Self::Missing => t.missing,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Fresh => "passed",
            Self::StaleAllowed | Self::Refuse | Self::Missing => "failed",
        }
    }
}

/// What became of the last delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRow {
    /// When.
    pub at: Timestamp,
    /// Why it was refused, if it was: the stable word and a sentence.
    pub refused: Option<(String, String)>,
    /// Whether it contradicts what was known: somebody must look at once.
    pub alarm: bool,
}

/// One list in use.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRow {
    /// How many distribution points it covers; none for one that covers the whole authority.
    pub points: Option<usize>,
    /// The beginning of its signing key's digest.
    pub key: String,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// Its entries.
    pub entries: u64,
    /// Where it stands.
    pub state: ListState,
}

/// The lists of one authority.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorityRows {
    /// Whether they decide about people who sign in; else about signing certificates.
    pub of_sign_ins: bool,
    /// Where the oldest stands.
    pub state: ListState,
    /// Why what every process uses cannot be read by this one, if so.
    pub unreadable: Option<String>,
    /// The state in use.
    pub generation: Option<u64>,
    /// Revoked certificates.
    pub revoked: u64,
    /// What became of the last delivery.
    pub delivery: Option<DeliveryRow>,
    /// Every list in use.
    pub lists: Vec<ListRow>,
}

/// How long what verifiers are promised to be told has been waiting, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TellingRow {
    /// Lists in use that not every watch was held against.
    pub told: i64,
    /// The oldest notice that was not sent.
    pub pushed: i64,
    /// Promised.
    pub promised: u64,
    /// Whether that is broken.
    pub late: bool,
}

/// How old the lists are.
#[derive(Clone, Debug, PartialEq)]
pub struct RevocationPage {
    /// Around the page.
    pub frame: Frame,
    /// Each authority.
    pub authorities: Vec<AuthorityRows>,
    /// When lists and responders, or two responders, last contradicted one another.
    pub contradiction: Option<Timestamp>,
    /// Notices to verifiers.
    pub telling: TellingRow,
}

#[derive(Template)]
#[template(path = "revocation.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    authorities: Vec<Shown<'a>>,
    contradiction: Option<JapanTime>,
    telling: TellingRow,
    told: String,
    pushed: String,
    promised: String,
}

struct Shown<'a> {
    place: usize,
    name: Text,
    state: Text,
    usable: bool,
    rows: &'a AuthorityRows,
    delivered: Option<JapanTime>,
    refused: Option<(&'a str, &'a str)>,
    alarm: bool,
    lists: Vec<ShownList<'a>>,
}

struct ShownList<'a> {
    row: &'a ListRow,
    place: usize,
    covers: String,
    this_update: JapanTime,
    next_update: Option<JapanTime>,
    state: Text,
    class: &'static str,
}

impl<'a> Shown<'a> {
    fn new(place: usize, rows: &'a AuthorityRows, language: Language, t: &'static ListTexts) -> Self {
        let lists = rows.lists.iter().enumerate().map(|(index, row)| ShownList {
            row,
            place: index + 1,
            covers: match row.points {
                None => t.whole.to_owned(),
                Some(points) => t.points.fill("count", &points.to_string()),
            },
            this_update: JapanTime::new(row.this_update, language),
            next_update: row.next_update.map(|at| JapanTime::new(at, language)),
            state: row.state.word(t),
            class: row.state.class(),
        });
        let delivery = rows.delivery.as_ref();
        Self {
            place,
            name: if rows.of_sign_ins {
                t.of_sign_ins
            } else {
                t.of_signatures
            },
            state: rows.state.word(t),
            usable: matches!(rows.state, ListState::Fresh | ListState::StaleAllowed),
            rows,
            delivered: delivery.map(|delivery| JapanTime::new(delivery.at, language)),
            refused: delivery
                .and_then(|delivery| delivery.refused.as_ref())
                .map(|(code, detail)| (code.as_str(), detail.as_str())),
            alarm: delivery.is_some_and(|delivery| delivery.alarm),
            lists: lists.collect(),
        }
    }
}

impl Page for RevocationPage {
    const NAME: &'static str = "revocation";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let authorities = self
            .authorities
            .iter()
            .enumerate()
            .map(|(place, rows)| Shown::new(place + 1, rows, language, &t.revocation));
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            authorities: authorities.collect(),
            contradiction: self.contradiction.map(|at| JapanTime::new(at, language)),
            telling: self.telling,
            told: t.revocation.seconds.fill("count", &self.telling.told.to_string()),
            pushed: t
                .revocation
                .seconds
                .fill("count", &self.telling.pushed.to_string()),
            promised: t
                .revocation
                .seconds
                .fill("count", &self.telling.promised.to_string()),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let now = Timestamp::from_seconds(1_795_219_200);
        let list = |points, hours: i64, state| ListRow {
            points,
            key: "5f1c9a02d3b4e687".to_owned(),
            this_update: now.plus_seconds(-3600 * hours),
            next_update: (hours < 48).then(|| now.plus_seconds(3600 * (24 - hours))),
            entries: 12_345,
            state,
        };
        let taken = AuthorityRows {
            of_sign_ins: true,
            state: ListState::StaleAllowed,
            unreadable: None,
            generation: Some(412),
            revoked: 1_234_567,
            delivery: Some(DeliveryRow {
                at: now,
                refused: None,
                alarm: false,
            }),
            lists: vec![
                list(None, 3, ListState::Fresh),
                list(Some(2), 25, ListState::StaleAllowed),
            ],
        };
        let refused = AuthorityRows {
            of_sign_ins: false,
            state: ListState::Refuse,
            unreadable: Some("the manifest of the revocation index is damaged".to_owned()),
            delivery: Some(DeliveryRow {
                at: now,
                refused: Some((
                    "older".to_owned(),
                    "a list is older than the one in use".to_owned(),
                )),
                alarm: true,
            }),
            lists: vec![list(None, 90, ListState::Refuse)],
            ..taken.clone()
        };
        let missing = AuthorityRows {
            of_sign_ins: true,
            state: ListState::Missing,
            unreadable: None,
            generation: None,
            revoked: 0,
            delivery: None,
            lists: Vec::new(),
        };
        let page = |authorities, contradiction, told| Self {
            telling: TellingRow {
                told,
                pushed: 0,
                promised: 60,
                late: told > 60,
            },
            frame: Frame {
                account_url: None,
                home_url: None,
                ..Frame::sample()
            },
            authorities,
            contradiction,
        };
        vec![
            ("in-use", page(vec![taken, refused], Some(now), 180)),
            ("missing", page(vec![missing], None, 0)),
        ]
    }
}
