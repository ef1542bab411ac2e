//! A client that is registered for tokens bound to certificates gets none on a connection without one.

use crate::sender::Ask;
use crate::{Reason, TokenFault};

/// Where it is written.
pub const CITES: &str = "RFC 8705 sections 3 and 3.4 (tls_client_certificate_bound_access_tokens); section 4 (public clients: any \
                         certificate, whose key the handshake proved)";

/// Whether one came, where one is needed.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.client.tokens.certificate_required && ask.certificate.is_none() {
        Err(Reason::Token(TokenFault::CertificateMissing))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::client;

    #[test]
    fn where_it_is_needed_it_comes() {
        let free = client();
        let mut bound = client();
        bound.tokens.certificate_required = true;
        for (client, certificate, verdict) in [
            (&free, None, Ok(())),
            (&free, Some("x"), Ok(())),
            (&bound, Some("x"), Ok(())),
            (&bound, None, Err(Reason::Token(TokenFault::CertificateMissing))),
        ] {
            let ask = Ask {
                client,
                proven: None,
                certificate,
            };
            assert_eq!(check(&ask), verdict, "{certificate:?}");
        }
    }
}
