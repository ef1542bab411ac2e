//! How long what verifiers are promised to be told has been waiting.

use serde::Serialize;
use store::StoreFault;

use crate::app::App;
use crate::jobs::{push, watches};

/// The promise of `/v1/openapi.json`, and how it stands in this process.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Telling {
    /// Seconds for which lists have been in use here that not every watch could be held against.
    pub told: i64,
    /// Seconds that the oldest notice has been waiting for its first push.
    pub pushed: i64,
    /// Seconds within which a change is told.
    pub promised: u64,
}

impl Telling {
    /// As it is now.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn measure(app: &App) -> Result<Self, StoreFault> {
        Ok(Self {
            told: watches::lag_seconds(app),
            pushed: push::lag_seconds(app).await?,
            promised: app.config.verification.notice_seconds,
        })
    }

    /// Whether the promise is broken.
    pub fn is_late(self) -> bool {
        u64::try_from(self.told.max(self.pushed)).is_ok_and(|seconds| seconds > self.promised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_stage_breaks_the_promise_and_the_promised_time_itself_does_not() {
        let late = |told, pushed| {
            Telling {
                told,
                pushed,
                promised: 60,
            }
            .is_late()
        };
        assert!(!late(0, 0) && !late(60, 60) && !late(-1, -1));
        assert!(late(61, 0) && late(0, 61));
    }
}
