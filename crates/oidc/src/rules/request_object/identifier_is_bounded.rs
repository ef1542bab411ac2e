//! `jti`, if there, is text of at most 255 bytes, in an object that ends. Whether it was used before is the caller's unique insert.

use domain::TokenHash;
use serde_json::Value;

use super::time_is_now;
use crate::Reason;
use crate::request_object::{ObjectAsk, SpentObject};

/// Where it is written.
pub const CITES: &str = "RFC 7519 section 4.1.7; RFC 9101 section 10.2";

const MAX: usize = 255;

/// What cannot be remembered cannot be refused the second time.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// What counts once.
pub fn read(ask: &ObjectAsk<'_>) -> Result<Option<SpentObject>, Reason> {
    match ask.claims.get("jti") {
        None => Ok(None),
        Some(Value::String(id)) if (1..=MAX).contains(&id.len()) => Ok(Some(SpentObject {
            // A client_id has no control characters, so the pair has one spelling.
            key: TokenHash(jose::digest::sha256_hex(
                format!("{}\0{id}", ask.client.client_id).as_bytes(),
            )),
            // One that never ends would have to be remembered for ever.
            until: time_is_now::read(ask)?.ok_or(Reason::RequestObjectClaim("exp"))?,
        })),
        Some(_) => Err(Reason::RequestObjectClaim("jti")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{NOW, object_changed, object_with};

    #[test]
    fn bounded_text() {
        let (longest, longer) = ("j".repeat(255), "j".repeat(256));
        for id in ["1", longest.as_str()] {
            assert!(object_with("jti", &json!(id), read).unwrap().is_some());
        }
        for id in [json!(""), json!(longer), json!(7), json!(null)] {
            // `null` stands for "left out" in this table.
            let verdict = object_with("jti", &id, check);
            if id.is_null() {
                assert_eq!(verdict, Ok(()));
            } else {
                assert_eq!(verdict, Err(Reason::RequestObjectClaim("jti")), "{id}");
            }
        }
        // Remembered until it ends; what never ends cannot be.
        let left_out = json!(null);
        let without = |names: &[&str]| {
            let changes: Vec<_> = names.iter().map(|name| (*name, &left_out)).collect();
            object_changed(&changes, |_| {}, read)
        };
        let an_hour_and_the_skew = without(&["exp"]).unwrap().unwrap().until;
        assert_eq!(an_hour_and_the_skew, NOW.plus_seconds(3600 + 60));
        assert_eq!(without(&["exp", "iat"]), Err(Reason::RequestObjectClaim("exp")));
        assert_eq!(without(&["exp", "iat", "jti"]), Ok(None));
        let one = object_with("jti", &json!("a"), read).unwrap();
        assert_ne!(one, object_with("jti", &json!("b"), read).unwrap());
    }
}
