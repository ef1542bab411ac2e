//! The operator's page of questions of identity: what waits, what is known of the accounts concerned, proposing and confirming an answer.
//! Shown on the authenticated operator listener only. Neither names nor serials: the operator meets the person.

use askama::Template;
use domain::{AccountId, Language, Reference, Timestamp};
use login::Conflict;

use super::frame::{Frame, PostForm, Shell};
use super::japan_time::JapanTime;
use super::text::{Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// What was just done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdentityNotice {
    /// An answer was proposed.
    Proposed,
    /// It was decided.
    Decided,
    /// A proposal was sent or taken back.
    Declined,
}

/// What was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdentityProblem {
    /// No such open question.
    Gone,
    /// Somebody else was faster.
    Meanwhile,
    /// No answer to this question.
    Answer,
    /// No grounds, or too long.
    Grounds,
    /// The account is closed.
    Account,
    /// Whoever proposed cannot confirm.
    SameOperator,
}

/// One open question in the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QuestionRow {
    /// What the person was shown first.
    pub reference: Reference,
    /// Why.
    pub why: Conflict,
    /// Since when.
    pub opened_at: Timestamp,
    /// Whether an answer waits for another operator.
    pub proposed: bool,
}

/// What is known of an account in question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountRow {
    /// Its identifier.
    pub id: AccountId,
    /// Whether it may sign in.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many certificates it has.
    pub certificates: usize,
    /// How many sectors know it by a pseudonym.
    pub sectors: usize,
    /// Whether the person registered.
    pub registered: bool,
}

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// All are one person's.
    Merged(AccountId),
    /// The certificate is this account's.
    Person(AccountId),
    /// Nobody's of these.
    New,
    /// It does not sign in.
    Refused,
    /// Different people.
    Apart,
}

impl Answer {
    /// As the field [`super::fields::VERDICT`] brings it.
    pub fn value(&self) -> String {
        match self {
            Self::Merged(account) => format!("merged:{account}"),
            Self::Person(account) => format!("person:{account}"),
            Self::New => "new".to_owned(),
            Self::Refused => "refused".to_owned(),
            Self::Apart => "apart".to_owned(),
        }
    }

    /// Reads [`Self::value`].
    pub fn read(value: &str) -> Option<Self> {
        match value.split_once(':') {
            Some(("merged", account)) => account.parse().ok().map(Self::Merged),
            Some(("person", account)) => account.parse().ok().map(Self::Person),
            Some(_) => None,
            None => match value {
                "new" => Some(Self::New),
                "refused" => Some(Self::Refused),
                "apart" => Some(Self::Apart),
                _ => None,
            },
        }
    }

    const fn text(&self, t: &'static Vocabulary) -> Text {
        match self {
            Self::Merged(_) => t.identity.verdict_merged,
            Self::Person(_) => t.identity.verdict_person,
            Self::New => t.identity.verdict_new,
            Self::Refused => t.identity.verdict_refused,
            Self::Apart => t.identity.verdict_apart,
        }
    }

    const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Merged(account) | Self::Person(account) => Some(account),
            Self::New | Self::Refused | Self::Apart => None,
        }
    }
}

/// An answer that waits for another operator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProposalRow {
    /// What.
    pub answer: Answer,
    /// On what grounds.
    pub grounds: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Whether whoever looks is the one who proposed it.
    pub own: bool,
}

/// A question with everything to decide it by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShownQuestion {
    /// The question.
    pub row: QuestionRow,
    /// The accounts concerned.
    pub accounts: Vec<AccountRow>,
    /// What can be answered.
    pub answers: Vec<Answer>,
    /// What waits for another operator.
    pub proposal: Option<ProposalRow>,
    /// Where the forms go.
    pub form: PostForm,
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityPage {
    /// Around the page.
    pub frame: Frame,
    /// Where the list is; a question's page is below it.
    pub url: String,
    /// Every open question, on the list.
    pub questions: Vec<QuestionRow>,
    /// One question, on its own page.
    pub shown: Option<ShownQuestion>,
    /// What was just done.
    pub notice: Option<IdentityNotice>,
    /// What was not accepted.
    pub problem: Option<IdentityProblem>,
}

#[derive(Template)]
#[template(path = "identity.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a IdentityPage,
    notice: Option<Text>,
    problem: Option<Text>,
    rows: Vec<Row<'a>>,
    shown: Option<Shown<'a>>,
}

struct Row<'a> {
    reference: &'a str,
    why: Text,
    opened: JapanTime,
    state: Text,
}

struct Shown<'a> {
    row: Row<'a>,
    accounts: Vec<(&'a AccountRow, Text, JapanTime, Text)>,
    answers: Vec<Choice>,
    proposal: Option<(&'a ProposalRow, Choice, JapanTime)>,
    form: &'a PostForm,
}

struct Choice {
    place: usize,
    value: String,
    text: Text,
    account: Option<String>,
}

impl Choice {
    fn new(place: usize, answer: &Answer, t: &'static Vocabulary) -> Self {
        Self {
            place,
            value: answer.value(),
            text: answer.text(t),
            account: answer.account().map(|account| account.as_str().to_owned()),
        }
    }
}

const fn why(conflict: Conflict, t: &'static Vocabulary) -> Text {
    match conflict {
        Conflict::ClosedAccount => t.identity.closed_account,
        Conflict::ContradictoryLinks => t.identity.contradictory_links,
        Conflict::BrokenChain => t.identity.broken_chain,
        Conflict::EndlessChain => t.identity.endless_chain,
        Conflict::LinkWithdrawn => t.identity.link_withdrawn,
        Conflict::SameItems => t.identity.same_items,
        // Whatever is added meanwhile concerns several people as well.
        _ => t.identity.several_persons,
    }
}

fn row<'a>(row: &'a QuestionRow, language: Language, t: &'static Vocabulary) -> Row<'a> {
    Row {
        reference: row.reference.as_str(),
        why: why(row.why, t),
        opened: JapanTime::new(row.opened_at, language),
        state: if row.proposed {
            t.identity.proposed_short
        } else {
            t.identity.open_short
        },
    }
}

fn shown<'a>(shown: &'a ShownQuestion, language: Language, t: &'static Vocabulary) -> Shown<'a> {
    let accounts = shown.accounts.iter().map(|account| {
        let state = if account.active {
            t.identity.active
        } else {
            t.identity.closed
        };
        let registered = if account.registered {
            t.identity.yes
        } else {
            t.identity.no
        };
        (
            account,
            state,
            JapanTime::new(account.created_at, language),
            registered,
        )
    });
    let answers = shown.answers.iter().enumerate();
    Shown {
        row: row(&shown.row, language, t),
        accounts: accounts.collect(),
        answers: answers
            .map(|(place, answer)| Choice::new(place, answer, t))
            .collect(),
        proposal: shown.proposal.as_ref().map(|proposal| {
            let choice = Choice::new(0, &proposal.answer, t);
            (proposal, choice, JapanTime::new(proposal.at, language))
        }),
        form: &shown.form,
    }
}

impl Page for IdentityPage {
    const NAME: &'static str = "identity";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            notice: self.notice.map(|notice| match notice {
                IdentityNotice::Proposed => t.identity.proposed,
                IdentityNotice::Decided => t.identity.decided,
                IdentityNotice::Declined => t.identity.declined,
            }),
            problem: self.problem.map(|problem| match problem {
                IdentityProblem::Gone => t.identity.problem_gone,
                IdentityProblem::Meanwhile => t.identity.problem_meanwhile,
                IdentityProblem::Answer => t.identity.problem_answer,
                IdentityProblem::Grounds => t.identity.problem_grounds,
                IdentityProblem::Account => t.identity.problem_account,
                IdentityProblem::SameOperator => t.identity.problem_same_operator,
            }),
            rows: self
                .questions
                .iter()
                .map(|question| row(question, language, t))
                .collect(),
            shown: self.shown.as_ref().map(|question| shown(question, language, t)),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        samples::all().unwrap_or_default()
    }
}

mod samples {
    //! What the previews and tests show.

    use super::{
        AccountId, AccountRow, Answer, Conflict, Frame, IdentityNotice, IdentityPage, IdentityProblem,
        PostForm, ProposalRow, QuestionRow, Reference, ShownQuestion, Timestamp,
    };

    const EVERY: [Conflict; 7] = [
        Conflict::SeveralPersons,
        Conflict::ClosedAccount,
        Conflict::ContradictoryLinks,
        Conflict::BrokenChain,
        Conflict::EndlessChain,
        Conflict::LinkWithdrawn,
        Conflict::SameItems,
    ];

    fn of(id: &AccountId, active: bool) -> AccountRow {
        AccountRow {
            id: id.clone(),
            active,
            created_at: Timestamp::from_seconds(1_795_132_800),
            certificates: 2,
            sectors: 3,
            registered: active,
        }
    }

    pub(super) fn all() -> Option<Vec<(&'static str, IdentityPage)>> {
        let at = Timestamp::from_seconds(1_795_219_200);
        let account = |digit: &str| {
            format!("{}{}", AccountId::PREFIX, digit.repeat(32))
                .parse::<AccountId>()
                .ok()
        };
        let (one, other) = (account("a")?, account("b")?);
        let reference = "K7Q2M-9XW4T".parse::<Reference>().ok()?;
        let row = |why, proposed| QuestionRow {
            reference: reference.clone(),
            why,
            opened_at: at,
            proposed,
        };
        let page = |shown| IdentityPage {
            frame: Frame {
                account_url: None,
                home_url: None,
                ..Frame::sample()
            },
            url: "/identity".to_owned(),
            questions: Vec::new(),
            shown,
            notice: None,
            problem: None,
        };
        let question = |why, answers: Vec<Answer>, proposal: Option<ProposalRow>| {
            Some(ShownQuestion {
                row: row(why, proposal.is_some()),
                accounts: vec![of(&one, true), of(&other, false)],
                answers,
                proposal,
                form: PostForm::sample("/identity/K7Q2M9XW4T"),
            })
        };
        let of_items = || {
            vec![
                Answer::Merged(one.clone()),
                Answer::Merged(other.clone()),
                Answer::Apart,
            ]
        };
        let of_card = || vec![Answer::Person(one.clone()), Answer::New, Answer::Refused];
        let proposed = |own| {
            Some(ProposalRow {
                answer: Answer::Merged(one.clone()),
                grounds: "2026-11-21".to_owned(),
                by: "sato".to_owned(),
                at,
                own,
            })
        };
        let list = |notice, problem| IdentityPage {
            questions: EVERY
                .iter()
                .enumerate()
                .map(|(place, why)| row(*why, place == 1))
                .collect(),
            notice,
            problem,
            ..page(None)
        };
        let wrong = |problem| IdentityPage {
            problem: Some(problem),
            ..page(question(Conflict::SameItems, of_items(), None))
        };
        Some(vec![
            ("none", page(None)),
            ("list", list(None, None)),
            ("decided", list(Some(IdentityNotice::Decided), None)),
            ("proposed", list(Some(IdentityNotice::Proposed), None)),
            ("declined", list(Some(IdentityNotice::Declined), None)),
            ("gone", list(None, Some(IdentityProblem::Gone))),
            ("card", page(question(Conflict::SeveralPersons, of_card(), None))),
            ("items", page(question(Conflict::SameItems, of_items(), None))),
            (
                "confirm",
                page(question(Conflict::SameItems, of_items(), proposed(false))),
            ),
            (
                "own",
                page(question(Conflict::SameItems, of_items(), proposed(true))),
            ),
            ("meanwhile", wrong(IdentityProblem::Meanwhile)),
            ("answer", wrong(IdentityProblem::Answer)),
            ("grounds", wrong(IdentityProblem::Grounds)),
            ("account", wrong(IdentityProblem::Account)),
            ("same-operator", wrong(IdentityProblem::SameOperator)),
        ])
    }
}
