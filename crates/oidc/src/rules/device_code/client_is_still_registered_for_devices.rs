//! The client is still registered for devices.

use crate::Reason;
use crate::device_authorization::DeviceFault;
use crate::grants::device_code::Ask;

/// Where it is written.
pub const CITES: &str = "RFC 6749 section 5.2 (unauthorized_client); RFC 8628 section 3.5";

/// A switch that was taken away counts at once, for codes that are out as well.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.facts.tokens.device_authorization {
        Ok(())
    } else {
        Err(Reason::Device(DeviceFault::NotRegistered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::device_code::tests::Sample;

    #[test]
    fn registered_now() {
        assert_eq!(Sample::agreed().ask(check), Ok(()));
        let taken_away = Sample::agreed().with(|sample| sample.facts.tokens.device_authorization = false);
        assert_eq!(
            taken_away.ask(check),
            Err(Reason::Device(DeviceFault::NotRegistered))
        );
    }
}
