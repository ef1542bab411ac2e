//! The device code is one of ours, and was issued to the client that shows it.

use crate::Reason;
use crate::device_authorization::DeviceFault;
use crate::grants::device_code::{Ask, is_of_a_device};

/// Where it is written.
pub const CITES: &str =
    "RFC 8628 section 3.4 (the client that requested the device code); RFC 6749 section 5.2 (invalid_grant)";

/// Before anything is told or counted: whoever found another client's code neither learns how it stands nor slows that client down. An
/// authorization code is no device code.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let client = ask.client.service();
    let code = crate::OpaqueSecret::hash_of(ask.device_code);
    if let Some(grant) = ask.grant
        && (grant.code != code || !is_of_a_device(grant))
    {
        return Err(Reason::Device(DeviceFault::Unknown));
    }
    let mut owners = ask
        .grant
        .map(|grant| &grant.service)
        .into_iter()
        .chain(ask.asked_by)
        .peekable();
    if owners.peek().is_none() {
        return Err(Reason::Device(DeviceFault::Unknown));
    }
    if owners.all(|owner| owner == client) {
        Ok(())
    } else {
        Err(Reason::Device(DeviceFault::OfAnotherClient))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::grants::device_code::tests::Sample;

    #[test]
    fn known_and_of_this_client() {
        for good in [
            Sample::agreed(),
            Sample::pending(),
            Sample::agreed().with(|s| s.fault = None),
        ] {
            assert_eq!(good.ask(check), Ok(()));
        }
        let other: domain::ServiceId = format!("svc_{}", "9".repeat(32)).parse().unwrap();
        let unknown = Err(Reason::Device(DeviceFault::Unknown));
        let theirs = Err(Reason::Device(DeviceFault::OfAnotherClient));
        for (sample, verdict) in [
            (
                Sample::pending().with(|s| {
                    s.asked_by = None;
                    s.fault = None;
                }),
                unknown.clone(),
            ),
            (
                Sample::pending().with(|s| s.asked_by = Some(other.clone())),
                theirs.clone(),
            ),
            (
                Sample::agreed().with(|s| s.grant_mut().service = other.clone()),
                theirs,
            ),
            (Sample::agreed().with(|s| s.code = "other"), unknown.clone()),
            // An authorization code with its address and challenge.
            (
                Sample::agreed().with(|s| s.grant_mut().redirect_uri = "https://rp.example/cb".to_owned()),
                unknown.clone(),
            ),
            (
                Sample::agreed()
                    .with(|s| s.grant_mut().code_challenge.0 = crate::sample::CHALLENGE.to_owned()),
                unknown,
            ),
        ] {
            assert_eq!(sample.ask(check), verdict);
        }
        for fault in [DeviceFault::Unknown, DeviceFault::OfAnotherClient] {
            assert_eq!(fault.error_code(), ErrorCode::InvalidGrant);
            assert_eq!(
                fault.to_string(),
                "the device code is unknown",
                "one word for both"
            );
        }
    }
}
