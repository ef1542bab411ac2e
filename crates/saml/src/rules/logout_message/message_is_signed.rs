//! A logout message is signed, whatever the service's metadata says of its other requests: anybody could send it.

use super::{Heard, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "message_is_signed",
    citation: "saml-profiles-2.0-os 4.4.3.1, 4.4.4.1, 4.4.4.2; SAML2int 2.0 SDP-IDP26, SDP-IDP30",
    check,
};

fn check(heard: &Heard<'_>) -> Result<(), Reason> {
    if heard.signed {
        Ok(())
    } else {
        Err(Reason::SignatureDemanded)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::verdict;
    use super::*;

    #[test]
    fn table() {
        assert_eq!(verdict(check, |_| {}), Ok(()));
        assert_eq!(
            verdict(check, |h| h.signed = false),
            Err(Reason::SignatureDemanded)
        );
    }
}
