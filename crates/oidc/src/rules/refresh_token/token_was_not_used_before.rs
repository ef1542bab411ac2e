//! Each refresh token is used once. One that comes again was copied by somebody, and nobody can say who of the two is the client:
//! the caller withdraws the whole family.
//!
//! A reply can be lost, though. Where the sender proves a key at each use (its own authentication by a key, or a bound token), the
//! token used last counts for half a minute more: a thief without the key gains nothing by it. A token that anybody can show has no
//! such grace.

use crate::Reason;
use crate::grants::refresh_token::{Ask, RETRY_SECONDS, RefreshFault};

/// Where it is written.
pub const CITES: &str = "RFC 9700 section 4.14.2 (rotation; reuse withdraws the active token); OAuth 2.1 section 4.3.1; \
                         FAPI 2.0 Security Profile section 5.3.2.1 (clients with keys must be able to try again)";

/// How many tokens may be current after lost replies.
const MOST_CURRENT: usize = 3;

/// Whether it is current, or tried again by a sender with a key.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.family.current.contains(&ask.presented.token) || is_retry(ask) {
        Ok(())
    } else {
        Err(Reason::Refresh(RefreshFault::Reused))
    }
}

/// Whether the token was used a moment ago, and its sender has a key.
pub fn is_retry(ask: &Ask<'_>) -> bool {
    let family = ask.family;
    let by_key = ask.client.by_key() || family.jkt.is_some() || family.certificate.is_some();
    by_key
        && family.previous.as_ref() == Some(&ask.presented.token)
        && family.current.len() < MOST_CURRENT
        && ask.now < family.rotated_at.plus_seconds(RETRY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpaqueSecret;
    use crate::grants::refresh_token::sample::{Family, refused};

    #[test]
    fn the_current_one_and_for_a_sender_with_a_key_the_last_one_shortly() {
        let fresh = Family::new();
        assert_eq!(fresh.ask(check), Ok(()));
        let used = fresh.with(|f| {
            f.stored.previous = Some(f.presented.token.clone());
            f.stored.current = vec![OpaqueSecret::hash_of("successor")];
            f.stored.rotated_at = f.now;
        });
        assert_eq!(
            used.ask(check),
            refused(RefreshFault::Reused),
            "nobody proves a key"
        );
        let bound = used.with(|f| f.stored.jkt = Some("k".to_owned()));
        assert_eq!(bound.ask(check), Ok(()));
        assert_eq!(
            used.with(|f| f.client = Family::client_with_key()).ask(check),
            Ok(())
        );
        for (case, family) in [
            (
                "late",
                bound.with(|f| f.now = f.stored.rotated_at.plus_seconds(RETRY_SECONDS)),
            ),
            (
                "older than the last",
                bound.with(|f| f.stored.previous = Some(OpaqueSecret::hash_of("another"))),
            ),
            (
                "too often",
                bound.with(|f| {
                    f.stored.current.extend(["a", "b"].map(OpaqueSecret::hash_of));
                }),
            ),
        ] {
            assert_eq!(family.ask(check), refused(RefreshFault::Reused), "{case}");
        }
    }
}
