//! The sender has the key that the device named when it asked.

use crate::Reason;
use crate::grants::authorization_code;
use crate::grants::device_code::Ask;

/// Where it is written.
pub const CITES: &str = "RFC 9449 sections 10 and 10.1";

/// As for authorization codes: a code that was asked for with a key is worth nothing without it.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    authorization_code::check_key(ask.terms, ask.sender)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dpop::DpopFault;
    use crate::grants::device_code::tests::Sample;

    #[test]
    fn the_same_key() {
        for (named, shown, verdict) in [
            (None, None, Ok(())),
            (None, Some("a"), Ok(())),
            (Some("a"), Some("a"), Ok(())),
            (Some("a"), Some("b"), Err(Reason::Dpop(DpopFault::KeyDiffers))),
            (Some("a"), None, Err(Reason::Dpop(DpopFault::KeyDiffers))),
        ] {
            let sample = Sample::agreed().with(|s| {
                s.terms.dpop_jkt = named.map(str::to_owned);
                s.jkt = shown;
            });
            assert_eq!(sample.ask(check), verdict, "{named:?} {shown:?}");
        }
    }
}
