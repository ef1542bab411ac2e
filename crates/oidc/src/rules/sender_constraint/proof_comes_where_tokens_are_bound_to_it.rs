//! A client that is registered for tokens bound by DPoP gets none without a proof.

use crate::Reason;
use crate::dpop::DpopFault;
use crate::sender::Ask;

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 5.2 (dpop_bound_access_tokens)";

/// Whether one came, where one is needed.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.client.tokens.dpop_required && ask.proven.is_none() {
        Err(Reason::Dpop(DpopFault::Missing))
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
    fn where_it_is_needed_it_comes() {
        let (free, proof) = (client(), proven());
        let mut bound = client();
        bound.tokens.dpop_required = true;
        for (client, proven, certificate, verdict) in [
            (&free, None, None, Ok(())),
            (&free, Some(&proof), None, Ok(())),
            (&bound, Some(&proof), None, Ok(())),
            (&bound, None, None, Err(Reason::Dpop(DpopFault::Missing))),
            // A certificate is no proof by DPoP.
            (&bound, None, Some("x"), Err(Reason::Dpop(DpopFault::Missing))),
        ] {
            let ask = Ask {
                client,
                proven,
                certificate,
            };
            assert_eq!(check(&ask), verdict);
        }
    }
}
