//! A client that is held by FAPI 2.0 gets tokens that are bound to a key, by DPoP or by mutual TLS, and no others.

use domain::SecurityProfile;

use crate::sender::Ask;
use crate::{Reason, TokenFault};

/// Where it is written.
pub const CITES: &str = "FAPI 2.0 Security Profile section 5.3.2.1 (only sender-constrained access tokens, by RFC 8705 or RFC 9449)";

/// Whether something to bind them to was proven.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let by_certificate = ask.client.tokens.certificate_required && ask.certificate.is_some();
    let bound = ask.proven.is_some() || by_certificate;
    if ask.client.profile == SecurityProfile::Fapi2 && !bound {
        Err(Reason::Token(TokenFault::NothingToBindTo))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::client;
    use crate::sender::sample::proven;

    #[test]
    fn by_a_proof_or_by_a_certificate_that_tokens_are_bound_to() {
        let (proof, standard) = (proven(), client());
        let mut fapi = client();
        fapi.profile = SecurityProfile::Fapi2;
        let mut by_certificate = fapi.clone();
        by_certificate.tokens.certificate_required = true;
        let refused = || Err(Reason::Token(TokenFault::NothingToBindTo));
        for (client, proven, certificate, verdict) in [
            (&standard, None, None, Ok(())),
            (&fapi, Some(&proof), None, Ok(())),
            (&by_certificate, None, Some("x"), Ok(())),
            (&fapi, None, None, refused()),
            // The certificate authenticates the client, but its tokens would not be bound to it.
            (&fapi, None, Some("x"), refused()),
            (&by_certificate, None, None, refused()),
        ] {
            let ask = Ask {
                client,
                proven,
                certificate,
            };
            assert_eq!(check(&ask), verdict, "{certificate:?}");
        }
    }
}
