//! The operator's page: from a reference to the whole chain of decisions. Shown on the authenticated operator
//! listener only.

use std::collections::BTreeMap;

use askama::Template;
use audit::{Outcome, TraceStep, Verdict};
use domain::{Language, Localized, Reference, ServiceId, Timestamp, TransactionId};

use super::frame::{Frame, Shell, sample_service};
use super::japan_time::JapanTime;
use super::text::{Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// What the look-up came to.
#[derive(Clone, Debug, PartialEq)]
pub enum ReferenceLookup {
    /// Nothing was asked yet.
    Blank,
    /// The field was sent empty.
    Empty,
    /// What was typed is no reference.
    Malformed(String),
    /// Well formed, but there is no record.
    NotFound(Reference),
    /// The record.
    Found(Box<ReferenceRecord>),
}

/// One outcome with the chain of decisions behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceRecord {
    /// The reference asked for.
    pub reference: Reference,
    /// When.
    pub at: Timestamp,
    /// What was done or tried, spelt as in the audit.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The service, where there is one.
    pub service: Option<(ServiceId, Localized)>,
    /// The transaction, where there is one.
    pub transaction: Option<TransactionId>,
    /// Small named facts of the event.
    pub facts: BTreeMap<String, String>,
    /// The chain of decisions, in order.
    pub trace: Vec<TraceStep>,
}

/// Looks up a reference.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePage {
    /// Around the page.
    pub frame: Frame,
    /// Where the form goes (GET) with [`super::fields::REFERENCE`].
    pub search_url: String,
    /// What came of it.
    pub lookup: ReferenceLookup,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a ReferencePage,
    /// What stands in the field.
    typed: &'a str,
    /// What is wrong with the field.
    problem: Option<Text>,
    found: Option<Found<'a>>,
}

struct Found<'a> {
    record: &'a ReferenceRecord,
    at: JapanTime,
    refused: Option<&'a str>,
    service: Option<(&'a str, &'a str)>,
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    made: &'a TraceStep,
    place: usize,
    verdict: Text,
    class: &'static str,
}

impl<'a> Found<'a> {
    fn new(record: &'a ReferenceRecord, language: Language, t: &'static Vocabulary) -> Self {
        let steps = record.trace.iter().enumerate().map(|(index, step)| {
            let (verdict, class) = match step.verdict {
                Verdict::Passed => (t.operator.passed, "passed"),
                Verdict::Failed => (t.operator.failed, "failed"),
                Verdict::NotRun => (t.operator.not_run, "not-run"),
            };
            Step {
                made: step,
                place: index + 1,
                verdict,
                class,
            }
        });
        Self {
            record,
            at: JapanTime::new(record.at, language),
            refused: match &record.outcome {
                Outcome::Done => None,
                Outcome::Refused { code } => Some(code),
            },
            service: record
                .service
                .as_ref()
                .map(|(id, name)| (id.as_str(), name.get(language))),
            steps: steps.collect(),
        }
    }
}

impl Page for ReferencePage {
    const NAME: &'static str = "reference";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let (typed, problem, found) = match &self.lookup {
            ReferenceLookup::Blank => ("", None, None),
            ReferenceLookup::Empty => ("", Some(t.operator.empty), None),
            ReferenceLookup::Malformed(typed) => (typed.as_str(), Some(t.operator.malformed), None),
            ReferenceLookup::NotFound(reference) => (reference.as_str(), None, None),
            ReferenceLookup::Found(record) => (
                record.reference.as_str(),
                None,
                Some(Found::new(record, language, t)),
            ),
        };
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            typed,
            problem,
            found,
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |lookup| Self {
            frame: Frame {
                account_url: None,
                home_url: None,
                ..Frame::sample()
            },
            search_url: "/reference".to_owned(),
            lookup,
        };
        let mut samples = vec![
            ("blank", sample(ReferenceLookup::Blank)),
            ("empty", sample(ReferenceLookup::Empty)),
            (
                "malformed",
                sample(ReferenceLookup::Malformed("\"><b>12345".to_owned())),
            ),
        ];
        if let Ok(reference) = "K7Q2M-9XW4T".parse::<Reference>() {
            let refused = ReferenceRecord::sample(reference.clone());
            let bare = ReferenceRecord {
                outcome: Outcome::Done,
                action: "reloaded".to_owned(),
                service: None,
                transaction: None,
                facts: BTreeMap::new(),
                trace: Vec::new(),
                ..refused.clone()
            };
            samples.push(("not-found", sample(ReferenceLookup::NotFound(reference))));
            samples.push(("refused", sample(ReferenceLookup::Found(Box::new(refused)))));
            samples.push(("done", sample(ReferenceLookup::Found(Box::new(bare)))));
        }
        samples
    }
}

impl ReferenceRecord {
    fn sample(reference: Reference) -> Self {
        let step = |room: &str, rule: &str, verdict, detail: &str| TraceStep {
            room: room.to_owned(),
            rule: rule.to_owned(),
            verdict,
            detail: detail.to_owned(),
        };
        Self {
            reference,
            at: Timestamp::from_seconds(1_795_219_200),
            action: "sign_in".to_owned(),
            outcome: Outcome::Refused {
                code: "revoked".to_owned(),
            },
            service: format!("{}{}", ServiceId::PREFIX, "5".repeat(32))
                .parse()
                .ok()
                .map(|id| (id, sample_service())),
            transaction: format!("{}{}", TransactionId::PREFIX, "7".repeat(32))
                .parse()
                .ok(),
            facts: BTreeMap::from([
                ("generation".to_owned(), "412".to_owned()),
                ("reason".to_owned(), "superseded".to_owned()),
            ]),
            trace: vec![
                step("saml", "destination_is_this_idp", Verdict::Passed, ""),
                step(
                    "door",
                    "possession_is_proven",
                    Verdict::Passed,
                    "tls1.3, rsa_pkcs1_sha256_legacy",
                ),
                step(
                    "jpki",
                    "path_ends_at_a_pinned_ca",
                    Verdict::Passed,
                    "generation 3",
                ),
                step(
                    "revocation",
                    "certificate_is_not_revoked",
                    Verdict::Failed,
                    "superseded, generation 412",
                ),
                step("login", "predecessor_is_asked", Verdict::NotRun, ""),
            ],
        }
    }
}
