//! `iat` lies in a short window around now, so that proofs cannot be made in advance or kept.

use crate::Reason;
use crate::dpop::{Ask, DpopFault, LIFE_SECONDS, SKEW_SECONDS};
use crate::numeric_date::numeric_date;
use domain::Timestamp;

/// Where it is written.
pub const CITES: &str =
    "RFC 9449 section 4.3, check 11, and section 11.1 (an acceptable window; seconds or minutes)";

/// Not older than the life of a proof, not from the future, clocks may differ.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let end = end(ask)?;
    let now = ask.request.now;
    if now < end && now.plus_seconds(LIFE_SECONDS + 2 * SKEW_SECONDS) >= end {
        Ok(())
    } else {
        Err(Reason::Dpop(DpopFault::Time))
    }
}

/// From when on the proof is too old: until then its `jti` must be remembered.
pub fn end(ask: &Ask<'_>) -> Result<Timestamp, Reason> {
    let issued = ask.claims.get("iat").and_then(numeric_date);
    let issued = issued.ok_or(Reason::Dpop(DpopFault::Claim("iat")))?;
    Ok(issued.plus_seconds(LIFE_SECONDS + SKEW_SECONDS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{NOW, proof_with};

    #[test]
    fn a_minute_and_a_half_back_half_a_minute_ahead() {
        let now = NOW.seconds();
        for good in [0, -60, -89, 30] {
            assert_eq!(proof_with("iat", &json!(now + good), check), Ok(()), "{good}");
        }
        for bad in [-90, -3600, 31, 3600] {
            assert_eq!(
                proof_with("iat", &json!(now + bad), check),
                Err(Reason::Dpop(DpopFault::Time)),
                "{bad}"
            );
        }
        for malformed in [
            json!(null),
            json!("1800000000"),
            json!(-1),
            json!(u64::MAX),
            json!(i64::MAX),
        ] {
            assert_eq!(
                proof_with("iat", &malformed, check),
                Err(Reason::Dpop(DpopFault::Claim("iat"))),
                "{malformed}"
            );
        }
    }
}
