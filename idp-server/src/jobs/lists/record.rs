//! What became of the last delivery, as every process and the operator's pages see it.

use domain::{RevocationGeneration, Timestamp};
use jpki::CaKind;
use revocation::Refusal;
use serde::{Deserialize, Serialize};
use store::{Ledger, StoreFault};

/// Seconds after which a delivery that was refused is looked at again although nothing changed in it: a clock may have been wrong.
const AGAIN_SECONDS: i64 = 300;

/// What became of a delivery.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Became {
    /// It is in use.
    Taken {
        /// As this generation.
        generation: RevocationGeneration,
    },
    /// It holds no list of this authority.
    Absent,
    /// It was refused; what was in use stayed in use.
    Refused {
        /// Stable word.
        reason: String,
        /// One sentence.
        detail: String,
        /// Whether people must look at it at once: it contradicts what was known.
        alarm: bool,
    },
}

/// The last delivery of one authority.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LastDelivery {
    /// Which files (`delivery.rs`).
    pub stamp: String,
    /// When it was looked at.
    pub at: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub became: Became,
}

/// The durable value's name.
pub fn key(kind: CaKind) -> String {
    format!("revocation.delivery.{}", kind.as_str())
}

impl LastDelivery {
    /// Reads it.
    pub async fn read(ledger: &dyn Ledger, kind: CaKind) -> Result<Option<Self>, StoreFault> {
        let text = ledger.state(&key(kind)).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Whether these files need not be looked at again. `in_use`: the generation that this process uses.
    pub fn settles(&self, stamp: &str, in_use: Option<RevocationGeneration>, now: Timestamp) -> bool {
        self.stamp == stamp
            && match &self.became {
                // Otherwise the directory of the index was lost, or set back.
                Became::Taken { generation } => in_use.is_some_and(|in_use| in_use >= *generation),
                Became::Absent => true,
                Became::Refused { .. } => (0..AGAIN_SECONDS * 1000).contains(&now.millis_since(self.at)),
            }
    }
}

/// The stable word of a refusal, for metrics, audit and pages.
pub const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoLists => "no_lists",
        Refusal::Busy => "busy",
        Refusal::List { .. } => "list_refused",
        Refusal::Source { .. } => "source_failed",
        Refusal::Broken => "broken",
        Refusal::DifferentIssuers => "different_issuers",
        Refusal::TwiceInDelivery => "twice_in_delivery",
        Refusal::Older { .. } => "older",
        Refusal::NumberReused { .. } => "number_reused",
        Refusal::FromTheFuture { .. } => "from_the_future",
        Refusal::TooManyLists { .. } => "too_many_lists",
        Refusal::TooManyEntries { .. } => "too_many_entries",
        Refusal::TooManyLongSerials { .. } => "too_many_long_serials",
        Refusal::DateOutOfRange { .. } => "date_out_of_range",
        Refusal::Contradiction { .. } => "contradiction",
        Refusal::Shrunken { .. } => "shrunken",
        Refusal::Unrevoked { .. } => "unrevoked",
        Refusal::NoSuchList => "no_such_list",
        Refusal::StillCurrent { .. } => "still_current",
        Refusal::LastList => "last_list",
        Refusal::Fault(_) => "index_fault",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_not_looked_at_again_unless_something_may_have_changed() {
        let at = Timestamp::from_seconds(1_000_000);
        let generation = RevocationGeneration(5);
        let taken = LastDelivery {
            stamp: "s".to_owned(),
            at,
            became: Became::Taken { generation },
        };
        let refused = LastDelivery {
            became: Became::Refused {
                reason: "older".to_owned(),
                detail: String::new(),
                alarm: true,
            },
            ..taken.clone()
        };
        let late = at.plus_seconds(AGAIN_SECONDS);
        let absent = LastDelivery {
            became: Became::Absent,
            ..taken.clone()
        };
        let (same, older) = (Some(generation), Some(RevocationGeneration(4)));
        for (last, stamp, in_use, now, settled) in [
            (&taken, "s", same, late, true),
            (&taken, "other", same, late, false),
            (&taken, "s", None, at, false),
            (&taken, "s", older, at, false),
            (&absent, "s", None, late, true),
            (&absent, "other", None, at, false),
            (&refused, "s", None, at, true),
            (&refused, "s", None, late.plus_millis(-1), true),
            (&refused, "s", None, late, false),
            (&refused, "s", None, at.plus_millis(-1), false),
            (&refused, "other", None, at, false),
        ] {
            assert_eq!(
                last.settles(stamp, in_use, now),
                settled,
                "{last:?} {stamp} {now}"
            );
        }
        let text = serde_json::to_string(&refused).unwrap();
        assert_eq!(serde_json::from_str::<LastDelivery>(&text).unwrap(), refused);
    }
}
