//! `exp`, if there, is at most an hour ahead; `nbf` and `iat`, if there, are past. Without `exp` an object ends an hour after it says that it
//! was made. `exp` must be there where a client's requests must be signed, and by the profile FAPI 2.0.

use domain::{SecurityProfile, Timestamp};

use crate::Reason;
use crate::numeric_date::numeric_date;
use crate::request_object::ObjectAsk;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 6.1 and RFC 9101 section 4 (neither demands exp); RFC 9101 section 10.2; RFC 7519 section \
                         4.1; FAPI 2.0 Message Signing section 5.3 (exp, an hour)";

const MAX_LIFE_SECONDS: i64 = 3600;

/// Clocks may differ by the skew. A signed request without an end could be sent for ever by whoever has seen it once: that is refused where
/// only signed requests count. Elsewhere the same could be sent without a signature, and an end would keep nobody from anything.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// When it ends for us, the skew included; `None`: it says neither when it ends nor when it was made.
pub fn read(ask: &ObjectAsk<'_>) -> Result<Option<Timestamp>, Reason> {
    let (now, skew) = (ask.now, ask.provider.clock_skew_seconds);
    let said = time(ask, "exp")?;
    let made = time(ask, "iat")?.max(time(ask, "nbf")?);
    let must_end = ask.client.requests.must_be_signed || ask.client.profile == SecurityProfile::Fapi2;
    if said.is_none() && must_end {
        return Err(Reason::RequestObjectClaim("exp"));
    }
    let expires = said.or_else(|| made.map(|made| made.plus_seconds(MAX_LIFE_SECONDS)));
    let ends = expires.map(|expires| expires.plus_seconds(skew));
    if ends.is_some_and(|ends| now >= ends) {
        return Err(Reason::RequestObjectExpired);
    }
    if said.is_some_and(|said| said > now.plus_seconds(MAX_LIFE_SECONDS + skew)) {
        return Err(Reason::RequestObjectLivesTooLong);
    }
    if made.is_some_and(|made| made > now.plus_seconds(skew)) {
        return Err(Reason::RequestObjectNotYetValid);
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
    use crate::sample::{NOW, object_changed, object_with};

    /// An object that says when it was made and not when it ends, ends after an hour; one that says nothing is as good as the parameters
    /// that it stands for, where the client may as well send those.
    #[test]
    fn without_an_end() {
        let at = |seconds: i64| json!(NOW.seconds() + seconds);
        let left_out = json!(null);
        let undated = [
            ("exp", &left_out),
            ("iat", &left_out),
            ("nbf", &left_out),
            ("jti", &left_out),
        ];
        assert_eq!(object_changed(&undated, |_| {}, check), Ok(()));
        for name in ["iat", "nbf"] {
            for (made, verdict) in [
                (at(0), Ok(())),
                (at(60), Ok(())),
                (at(-3659), Ok(())),
                (at(-3660), Err(Reason::RequestObjectExpired)),
                (at(61), Err(Reason::RequestObjectNotYetValid)),
            ] {
                let mut changes = undated;
                changes[1 + usize::from(name == "nbf")] = (name, &made);
                assert_eq!(object_changed(&changes, |_| {}, check), verdict, "{name} {made}");
            }
        }
        // Where signed requests are demanded, an end is part of them.
        let strict: [fn(&mut crate::ClientFacts); 2] = [
            |client| client.requests.must_be_signed = true,
            |client| client.profile = domain::SecurityProfile::Fapi2,
        ];
        for strict in strict {
            assert_eq!(
                object_changed(&[("exp", &left_out)], strict, check),
                Err(Reason::RequestObjectClaim("exp"))
            );
            assert_eq!(object_changed(&[], strict, check), Ok(()));
        }
    }

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
