//! The client is still registered for refresh tokens of this kind.

use domain::RefreshPermission;

use crate::Reason;
use crate::grants::refresh_token::{Ask, RefreshFault};

/// Where it is written.
pub const CITES: &str = "RFC 6749 section 5.2 (unauthorized_client); RFC 7592 section 2.2 (what a replacement leaves out is gone)";

/// What was taken away counts at once, for tokens that are out as well; given back, they go on. Access that outlives the session is a
/// permission of its own.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let is_permitted = match ask.permission {
        RefreshPermission::Never => false,
        RefreshPermission::Session => !ask.family.offline,
        RefreshPermission::Offline => true,
    };
    if is_permitted {
        Ok(())
    } else {
        Err(Reason::Refresh(RefreshFault::NotRegistered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::grants::refresh_token::approve;
    use crate::grants::refresh_token::sample::{Family, refused};

    #[test]
    fn registered_now() {
        use RefreshPermission::{Never, Offline, Session};
        for (permission, offline, is_permitted) in [
            (Never, false, false),
            (Never, true, false),
            (Session, false, true),
            (Session, true, false),
            (Offline, false, true),
            (Offline, true, true),
        ] {
            let family = Family::new().with(|f| {
                f.permission = permission;
                f.stored.offline = offline;
            });
            let verdict = if is_permitted {
                Ok(())
            } else {
                refused(RefreshFault::NotRegistered)
            };
            assert_eq!(family.ask(check), verdict, "{permission:?} {offline}");
        }
        let taken_away = Family::new().with(|f| f.permission = Never);
        let reason = approve(&taken_away.as_ask()).map(drop).unwrap_err();
        assert_eq!(reason.error_code(), ErrorCode::UnauthorizedClient);
    }
}
