//! The operator's page: what was wrong with exchanges of services. Shown on the authenticated operator listener only.

use askama::Template;
use domain::{Fact, FactValue, Language};

use super::frame::{Frame, Shell};
use super::japan_time::JapanTime;
use super::text::{Text, Vocabulary, vocabulary};
use super::{Page, PageError};
use crate::exchanges::{Exchange, Judged, JudgedRule, advice};

/// What the look-up came to.
#[derive(Clone, Debug, PartialEq)]
pub enum ExchangesLookup {
    /// Nothing was asked yet.
    Blank,
    /// Nothing is known under what was typed.
    NotFound(String),
    /// A record.
    One(Box<Exchange>),
    /// What is kept of a service.
    List(String, Vec<Exchange>),
}

/// Looks up exchanges.
#[derive(Clone, Debug, PartialEq)]
pub struct ExchangesPage {
    /// Around the page.
    pub frame: Frame,
    /// Where the forms go (GET).
    pub search_url: String,
    /// Where the chain of decisions behind a reference is.
    pub chain_url: String,
    /// What came of it.
    pub lookup: ExchangesLookup,
}

#[derive(Template)]
#[template(path = "exchanges.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a ExchangesPage,
    missing: bool,
    one: Option<One<'a>>,
    list: Option<Vec<Line<'a>>>,
}

struct One<'a> {
    made: &'a Exchange,
    at: JapanTime,
    advice: String,
    rules: Vec<RuleRow<'a>>,
}

struct Line<'a> {
    made: &'a Exchange,
    at: JapanTime,
}

struct RuleRow<'a> {
    made: &'a JudgedRule,
    verdict: Text,
    class: &'static str,
    facts: Vec<(&'a str, String)>,
}

fn value(fact: &Fact) -> String {
    match &fact.value {
        FactValue::Flag(true) => "yes".to_owned(),
        FactValue::Flag(false) => "no".to_owned(),
        FactValue::Number(number) => number.to_string(),
        FactValue::Text(text) => text.clone(),
        FactValue::List(all) => all.join(", "),
    }
}

impl<'a> RuleRow<'a> {
    fn new(made: &'a JudgedRule, t: &'static Vocabulary) -> Self {
        let (verdict, class) = match made.verdict {
            Judged::Passed => (t.operator.passed, "passed"),
            Judged::Refused => (t.operator.failed, "failed"),
            Judged::NotReached => (t.operator.not_run, "not-run"),
        };
        let facts = made.facts.iter();
        Self {
            made,
            verdict,
            class,
            facts: facts.map(|fact| (fact.name.as_ref(), value(fact))).collect(),
        }
    }
}

impl Page for ExchangesPage {
    const NAME: &'static str = "exchanges";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let (mut one, mut list) = (None, None);
        match &self.lookup {
            ExchangesLookup::One(made) => {
                one = Some(One {
                    made,
                    at: JapanTime::new(made.at, language),
                    advice: advice::of(made).get(language).to_owned(),
                    rules: made.rules.iter().map(|rule| RuleRow::new(rule, t)).collect(),
                });
            }
            ExchangesLookup::List(_, all) => {
                let lines = all.iter().map(|made| Line {
                    made,
                    at: JapanTime::new(made.at, language),
                });
                list = Some(lines.collect());
            }
            ExchangesLookup::Blank | ExchangesLookup::NotFound(_) => {}
        }
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            missing: matches!(self.lookup, ExchangesLookup::NotFound(_)),
            one,
            list,
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
            search_url: "/exchanges".to_owned(),
            chain_url: "/references".to_owned(),
            lookup,
        };
        let mut samples = vec![
            ("blank", sample(ExchangesLookup::Blank)),
            (
                "not-found",
                sample(ExchangesLookup::NotFound("\"><b>1".to_owned())),
            ),
            (
                "empty",
                sample(ExchangesLookup::List("rp".to_owned(), Vec::new())),
            ),
        ];
        if let Some(made) = made() {
            let forged = Exchange {
                proven: false,
                answered: None,
                ..made.clone()
            };
            samples.push(("one", sample(ExchangesLookup::One(Box::new(made.clone())))));
            samples.push(("forged", sample(ExchangesLookup::One(Box::new(forged.clone())))));
            let all = vec![made, forged];
            samples.push(("list", sample(ExchangesLookup::List("rp".to_owned(), all))));
        }
        samples
    }
}

fn made() -> Option<Exchange> {
    let made = Exchange {
        reference: "K7Q2M-9XW4T".parse().ok()?,
        at: domain::Timestamp::from_seconds(1_795_219_200),
        service: format!("{}{}", domain::ServiceId::PREFIX, "5".repeat(32))
            .parse()
            .ok(),
        protocol: "oidc".to_owned(),
        exchange: "token".to_owned(),
        proven: true,
        reason: "assertion_for_another".to_owned(),
        detail: "aud of client_assertion must be this issuer alone".to_owned(),
        answered: Some("invalid_client".to_owned()),
        rules: vec![
            JudgedRule::new("request_can_be_read", "RFC 6749 section 3.2", Judged::Passed),
            JudgedRule::new("client_proves_who_it_is", "RFC 7523 section 3", Judged::Refused),
            JudgedRule::new("grant_can_be_used", "RFC 6749 section 4.1.3", Judged::NotReached),
        ],
    };
    Some(made.with_facts(vec![
        Fact::text("audience_expected", "https://idp.example"),
        Fact::list("audience_given", ["https://idp.example/oidc/token", "<b>"]),
        Fact::number("expires_in_seconds", 60),
        Fact::flag("subject_is_the_client_id", true),
    ]))
}
