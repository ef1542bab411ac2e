//! `exp` is there and at most an hour ahead; `nbf` and `iat`, if there, are past.

use crate::Reason;
use crate::numeric_date::numeric_date;
use crate::request_object::ObjectAsk;
use domain::Timestamp;

/// Where it is written.
pub const CITES: &str =
    "RFC 9101 sections 4 and 10.2; RFC 7519 section 4.1; FAPI 2.0 Message Signing section 5.3 (an hour)";

const MAX_LIFE_SECONDS: i64 = 3600;

/// Clocks may differ by the skew. An object without an end could be sent for ever by whoever has seen it once.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// When it ends for us, the skew included.
pub fn read(ask: &ObjectAsk<'_>) -> Result<Timestamp, Reason> {
    let (now, skew) = (ask.now, ask.provider.clock_skew_seconds);
    let expires = time(ask, "exp")?.ok_or(Reason::RequestObjectClaim("exp"))?;
    let ends = expires.plus_seconds(skew);
    if now >= ends {
        return Err(Reason::RequestObjectExpired);
    }
    if expires > now.plus_seconds(MAX_LIFE_SECONDS + skew) {
        return Err(Reason::RequestObjectLivesTooLong);
    }
    for name in ["nbf", "iat"] {
        if time(ask, name)?.is_some_and(|at| at > now.plus_seconds(skew)) {
            return Err(Reason::RequestObjectNotYetValid);
        }
    }
    Ok(ends)
}

fn time(ask: &ObjectAsk<'_>, name: &'static str) -> Result<Option<Timestamp>, Reason> {
    match ask.claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value)
            .map(Some)
            .ok_or(Reason::RequestObjectClaim(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{NOW, object_with};

    #[test]
    fn the_hour_around_now() {
        let at = |seconds: i64| json!(NOW.seconds() + seconds);
        for (exp, verdict) in [
            (at(300), Ok(())),
            (at(3660), Ok(())),
            (at(-59), Ok(())),
            (at(-60), Err(Reason::RequestObjectExpired)),
            (at(3661), Err(Reason::RequestObjectLivesTooLong)),
            (json!("soon"), Err(Reason::RequestObjectClaim("exp"))),
            (json!(-1), Err(Reason::RequestObjectClaim("exp"))),
            (json!(i64::MAX), Err(Reason::RequestObjectClaim("exp"))),
            (json!(1e300), Err(Reason::RequestObjectClaim("exp"))),
            (json!(null), Err(Reason::RequestObjectClaim("exp"))),
        ] {
            assert_eq!(object_with("exp", &exp, check), verdict, "{exp}");
        }
        for name in ["nbf", "iat"] {
            assert_eq!(object_with(name, &at(60), check), Ok(()));
            assert_eq!(
                object_with(name, &at(61), check),
                Err(Reason::RequestObjectNotYetValid)
            );
            assert_eq!(
                object_with(name, &json!([]), check),
                Err(Reason::RequestObjectClaim(name))
            );
        }
    }
}
