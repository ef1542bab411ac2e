//! `GET /v1/notices`: the changes that watches found, in order, until the verifier has fetched them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Record, RecordKind, StoreFault, Write};

use super::{Asked, VerifierProblem, held};
use crate::app::App;
use crate::web::headers;

const MAX_LIMIT: u32 = 200;
/// Notices are kept for those who fetch rarely.
const KEPT_SECONDS: i64 = 400 * 86_400;

/// One notice, as kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Notice {
    /// Place among the verifier's notices, from 1, without gaps.
    pub number: u64,
    /// For whom.
    pub verifier: String,
    /// When it was found.
    pub at: Timestamp,
    /// What is told.
    pub body: Value,
    /// Tries to push it so far.
    #[serde(default)]
    pub tries: u32,
    /// Not before then.
    #[serde(default)]
    pub next_try: Option<Timestamp>,
}

impl Notice {
    /// Reads a record.
    pub fn of(record: &Record) -> Option<Self> {
        serde_json::from_str(&record.value).ok()
    }

    /// As it is answered.
    pub fn answer(&self) -> Value {
        let mut answer = self.body.clone();
        if let Some(members) = answer.as_object_mut() {
            members.insert("number".to_owned(), self.number.into());
            members.insert("found_at".to_owned(), self.at.seconds().into());
        }
        answer
    }
}

impl Notice {
    /// Which consent it rests on.
    pub fn consent(&self) -> &str {
        self.body
            .get("consent")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// What is left to answer of it where that consent has ended: its place, so that there are no gaps, and why there is no more.
    fn withheld(&self) -> Value {
        json!({
            "number": self.number,
            "found_at": self.at.seconds(),
            "consent": self.consent(),
            "purpose": self.body.get("purpose"),
            "withheld": "consent_ended",
        })
    }
}

fn tag(verifier: &str) -> String {
    format!("verifier:{verifier}")
}

/// The tag of notices that wait to be pushed.
pub fn push_tag(verifier: &str) -> String {
    format!("push:{verifier}")
}

fn key(verifier: &str, number: u64) -> String {
    format!("{verifier}/{number:012}")
}

/// The writes that put a notice behind the verifier's last one. Two at once conflict on the counter, and one tries again.
pub async fn next(
    app: &App,
    verifier: &str,
    body: Value,
    pushed: bool,
    now: Timestamp,
) -> Result<[Write; 2], StoreFault> {
    let name = format!("{verifier}/count");
    let counter = app.ledger.record(RecordKind::StatusNotice, &name).await?;
    let last = counter
        .as_ref()
        .and_then(|record| record.value.parse::<u64>().ok())
        .unwrap_or(0);
    let number = last.saturating_add(1);
    let counter = match counter {
        Some(record) => record.changed(number.to_string()),
        None => Record::new(RecordKind::StatusNotice, name, number.to_string()),
    };
    let notice = Notice {
        number,
        verifier: verifier.to_owned(),
        at: now,
        body,
        tries: 0,
        next_try: None,
    };
    let value = serde_json::to_string(&notice).unwrap_or_default();
    let mut record = Record::new(RecordKind::StatusNotice, key(verifier, number), value)
        .tagged(tag(verifier))
        .expiring(now.plus_seconds(KEPT_SECONDS));
    if pushed {
        record = record.tagged(push_tag(verifier));
    }
    Ok([Write::PutRecord(counter), Write::PutRecord(record)])
}

/// Where to go on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// `GET /v1/notices?after=N&limit=N`: what comes behind a notice; `next` goes on from there.
pub async fn get(
    asked: Asked,
    page: Result<Query<Page>, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    asked.may(trust_framework::verifiers::Capability::WatchStatus)?;
    let page = page.map_err(|_| VerifierProblem::Malformed("after and limit are numbers".to_owned()))?;
    let limit = page.limit.unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT);
    let verifier = &asked.verifier.id;
    let records = asked
        .ledger
        .records_tagged(
            RecordKind::StatusNotice,
            &tag(verifier),
            Some(&key(verifier, page.after)),
            limit,
        )
        .await?;
    let notices: Vec<Notice> = records.iter().filter_map(Notice::of).collect();
    let next = notices.last().map_or(page.after, |notice| notice.number);
    let mut lines = Vec::with_capacity(notices.len());
    for notice in &notices {
        // The consent counts when the reading is told, not when the change was found.
        let told = held::watch_is_open(&*asked.ledger, notice.consent(), asked.now).await?;
        lines.push(if told { notice.answer() } else { notice.withheld() });
    }
    let answer = json!({ "notices": lines, "next": next });
    Ok(headers::json(StatusCode::OK, answer.to_string()))
}
