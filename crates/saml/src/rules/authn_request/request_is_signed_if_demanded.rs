//! A service whose metadata says `AuthnRequestsSigned` is not heard unsigned.

use super::{Asked, Rule};
use crate::Reason;

pub(crate) const RULE: Rule = Rule {
    name: "request_is_signed_if_demanded",
    citation: "saml-metadata-2.0-os 2.4.4",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    if asked.service.authn_requests_signed && !asked.signed {
        return Err(Reason::SignatureDemanded);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Sample, accepts, refuses};

    #[test]
    fn table() {
        accepts(check, |_| {});
        accepts(check, |s: &mut Sample| s.signed = true);
        accepts(check, |s| {
            s.service.authn_requests_signed = true;
            s.signed = true;
        });
        refuses(
            check,
            |s| s.service.authn_requests_signed = true,
            &Reason::SignatureDemanded,
        );
    }
}
