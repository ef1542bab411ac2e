//! The person has agreed.

use crate::Reason;
use crate::device_authorization::DeviceFault;
use crate::grants::device_code::Ask;

/// Where it is written.
pub const CITES: &str = "RFC 8628 section 3.5 (authorization_pending, access_denied, expired_token)";

/// A grant says so, whatever became of the ask; without one the ask says what is missing.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    match (ask.grant, ask.fault) {
        (Some(_), _) => Ok(()),
        (None, Some(fault)) => Err(Reason::Device(fault)),
        (None, None) => Err(Reason::Device(DeviceFault::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::device_code::tests::Sample;

    #[test]
    fn each_state_has_its_error() {
        assert_eq!(Sample::agreed().ask(check), Ok(()));
        for (fault, error) in [
            (DeviceFault::Pending, "authorization_pending"),
            (DeviceFault::Denied, "access_denied"),
            (DeviceFault::Expired, "expired_token"),
            (DeviceFault::TooOften, "slow_down"),
        ] {
            let reason = Sample::pending()
                .with(|s| s.fault = Some(fault))
                .ask(check)
                .unwrap_err();
            assert_eq!(reason, Reason::Device(fault));
            assert_eq!(reason.error_code().as_str(), error);
        }
        let lost = Sample::pending().with(|s| s.fault = None);
        assert_eq!(lost.ask(check), Err(Reason::Device(DeviceFault::Unknown)));
    }
}
