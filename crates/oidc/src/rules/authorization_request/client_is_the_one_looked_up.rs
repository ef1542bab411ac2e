//! The facts at hand are those of the client that the request names.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "RFC 6749 section 2.2";

/// Guards against facts of another client: everything that follows would be checked against the wrong registration.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.request.client_id() == ask.client.client_id {
        Ok(())
    } else {
        Err(Reason::UnknownClient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{client, provider, request};

    #[test]
    fn the_client_id_is_compared_octet_by_octet() {
        for (id, verdict) in [
            ("rp", Ok(())),
            ("RP", Err(Reason::UnknownClient)),
            ("rp2", Err(Reason::UnknownClient)),
        ] {
            let request = request(&[("client_id", Some(id))]);
            let (client, provider) = (client(), provider());
            let ask = Ask {
                request: &request,
                client: &client,
                provider: &provider,
            };
            assert_eq!(check(&ask), verdict, "{id}");
        }
    }
}
