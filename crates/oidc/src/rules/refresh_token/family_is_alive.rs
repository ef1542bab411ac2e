//! The grant was not withdrawn, and the family's whole life is not over.

use crate::Reason;
use crate::grants::refresh_token::{Ask, RefreshFault};

/// Where it is written.
pub const CITES: &str = "RFC 6749 section 6; RFC 9700 section 4.14.2 (an end whatever happens)";

/// Use does not lengthen a family's life.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.grant.revoked_at.is_some() {
        return Err(Reason::GrantRevoked);
    }
    if ask.now >= ask.family.expires_at {
        return Err(Reason::Refresh(RefreshFault::Expired));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::refresh_token::sample::{Family, refused};
    use crate::sample::NOW;

    #[test]
    fn until_the_end_and_not_at_it() {
        let family = Family::new();
        assert_eq!(family.ask(check), Ok(()));
        let end = family.stored.expires_at;
        assert_eq!(family.with(|f| f.now = end.plus_millis(-1)).ask(check), Ok(()));
        assert_eq!(
            family.with(|f| f.now = end).ask(check),
            refused(RefreshFault::Expired)
        );
        assert_eq!(
            family.with(|f| f.grant.revoked_at = Some(NOW)).ask(check),
            Err(Reason::GrantRevoked)
        );
    }
}
