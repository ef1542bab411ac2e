//! The client is registered for devices.

use crate::check::Ask;
use crate::device_authorization::DeviceFault;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str =
    "RFC 8628 section 5.4; RFC 9700 section 4; draft-ietf-oauth-cross-device-security section 6.1";

/// Off unless somebody decided that this service has devices: whoever can begin here can send what came of it to anybody.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.client.tokens.device_authorization {
        Ok(())
    } else {
        Err(Reason::Device(DeviceFault::NotRegistered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{client, provider, request};

    #[test]
    fn off_unless_registered() {
        let (request, provider, mut client) = (request(&[]), provider(), client());
        for (registered, verdict) in [
            (false, Err(Reason::Device(DeviceFault::NotRegistered))),
            (true, Ok(())),
        ] {
            client.tokens.device_authorization = registered;
            let ask = Ask {
                request: &request,
                client: &client,
                provider: &provider,
            };
            assert_eq!(check(&ask), verdict);
        }
        assert_eq!(
            Reason::Device(DeviceFault::NotRegistered).error_code().as_str(),
            "unauthorized_client"
        );
    }
}
