//! The refresh token was issued to the client that shows it.

use crate::Reason;
use crate::grants::refresh_token::{Ask, RefreshFault};

/// Where it is written.
pub const CITES: &str =
    "RFC 6749 section 6 (the token was issued to the authenticated client); RFC 9700 section 4.14";

/// The family stays: whoever found a token of another client must not be able to end that client's access with it.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let client = ask.client.service();
    if ask.family.service == *client && ask.grant.service == *client {
        Ok(())
    } else {
        Err(Reason::Refresh(RefreshFault::OfAnotherClient))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::refresh_token::sample::{Family, refused};

    #[test]
    fn the_same_client_in_family_and_grant() {
        let family = Family::new();
        assert_eq!(family.ask(check), Ok(()));
        let other: domain::ServiceId = format!("svc_{}", "9".repeat(32)).parse().unwrap();
        for family in [
            family.with(|f| f.stored.service = other.clone()),
            family.with(|f| f.grant.service = other.clone()),
        ] {
            assert_eq!(family.ask(check), refused(RefreshFault::OfAnotherClient));
        }
    }
}
