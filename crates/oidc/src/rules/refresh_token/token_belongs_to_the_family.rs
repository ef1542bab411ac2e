//! The token carries the secret that all tokens of its family share.

use crate::Reason;
use crate::grants::refresh_token::{Ask, RefreshFault};

/// Where it is written.
pub const CITES: &str =
    "RFC 6749 section 10.4 (cannot be guessed); RFC 9700 section 4.14.2 (reuse is told from invention)";

/// Names of grants stand in logs: naming one shows nothing, and must not be enough to have a family withdrawn for reuse.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.presented.is_of(ask.family) && ask.family.grant == ask.grant.id {
        Ok(())
    } else {
        Err(Reason::Refresh(RefreshFault::Unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::refresh_token::sample::{Family, refused};

    #[test]
    fn the_shared_secret_and_the_grant() {
        let family = Family::new();
        assert_eq!(family.ask(check), Ok(()));
        let stranger = Family::new();
        for (case, family) in [
            (
                "another secret",
                family.with(|f| f.stored.family = stranger.stored.family.clone()),
            ),
            (
                "another grant in the token",
                family.with(|f| f.presented.grant = format!("grt_{}", "9".repeat(32)).parse().unwrap()),
            ),
            (
                "another grant in the record",
                family.with(|f| f.grant.id = format!("grt_{}", "9".repeat(32)).parse().unwrap()),
            ),
        ] {
            assert_eq!(family.ask(check), refused(RefreshFault::Unknown), "{case}");
        }
    }
}
