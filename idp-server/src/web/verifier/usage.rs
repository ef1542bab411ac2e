//! What a verifier asked: counted at once, carried into the same durable account as the questions to J-LIS, and shown to the verifier itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use serde::Deserialize;
use serde_json::json;

use super::{Asked, VerifierProblem};
use crate::jobs::questions;
use crate::web::headers;

/// Requests that are not yet in the durable account, by verifier and operation.
#[derive(Debug, Default)]
pub struct VerifierUsage(Mutex<BTreeMap<(String, &'static str), u64>>);

impl VerifierUsage {
    /// Counts one.
    pub fn add(&self, verifier: &str, operation: &'static str) {
        self.put_back(vec![((verifier.to_owned(), operation), 1)]);
    }

    /// Takes out all sums.
    pub fn take(&self) -> Vec<((String, &'static str), u64)> {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *sums).into_iter().collect()
    }

    /// Puts back what could not be carried over.
    pub fn put_back(&self, left: Vec<((String, &'static str), u64)>) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, sum) in left {
            let held = sums.entry(key).or_default();
            *held = held.saturating_add(sum);
        }
    }
}

/// Which month.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Month {
    month: Option<String>,
}

/// `GET /v1/usage?month=YYYY-MM`: this verifier's lines of the account.
pub async fn get(
    asked: Asked,
    query: Result<Query<Month>, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    let query = query.map_err(|_| VerifierProblem::Malformed("month is YYYY-MM".to_owned()))?;
    let month = match &query.month {
        None => questions::month(asked.now),
        Some(month) if month.len() == 7 && month.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
            month.clone()
        }
        Some(_) => return Err(VerifierProblem::Malformed("month is YYYY-MM".to_owned())),
    };
    let me = format!("verifier:{}", asked.verifier.id);
    let lines: Vec<_> = questions::account(&*asked.ledger, Some(&month))
        .await?
        .into_iter()
        .filter(|line| line.asker == me)
        .map(|line| json!({"kind": line.kind, "count": line.sent}))
        .collect();
    let answer = json!({"month": month, "lines": lines});
    Ok(headers::json(StatusCode::OK, answer.to_string()))
}
