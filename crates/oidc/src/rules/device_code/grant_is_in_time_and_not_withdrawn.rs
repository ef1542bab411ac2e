//! The grant behind the code is in time and was not withdrawn.

use crate::Reason;
use crate::device_authorization::DeviceFault;
use crate::grants::device_code::Ask;

/// Where it is written.
pub const CITES: &str = "RFC 8628 section 3.5 (expired_token); RFC 6749 section 5.2 (invalid_grant)";

/// A device that comes back after its time begins again, although somebody agreed meanwhile.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    match ask.grant {
        Some(grant) if grant.revoked_at.is_some() => Err(Reason::GrantRevoked),
        Some(grant) if ask.now >= grant.expires_at => Err(Reason::Device(DeviceFault::Expired)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::device_code::tests::Sample;
    use crate::sample::NOW;

    #[test]
    fn until_its_end() {
        for (sample, verdict) in [
            (Sample::agreed(), Ok(())),
            (Sample::agreed().with(|s| s.now = NOW.plus_millis(59_999)), Ok(())),
            (
                Sample::agreed().with(|s| s.now = NOW.plus_seconds(60)),
                Err(Reason::Device(DeviceFault::Expired)),
            ),
            (
                Sample::agreed().with(|s| s.grant_mut().revoked_at = Some(NOW)),
                Err(Reason::GrantRevoked),
            ),
            (Sample::pending(), Ok(())),
        ] {
            assert_eq!(sample.ask(check), verdict);
        }
    }
}
