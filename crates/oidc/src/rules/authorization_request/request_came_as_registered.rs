//! The request was pushed and signed where the client is registered for just that.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str =
    "RFC 9126 section 6; RFC 9101 section 10.5; FAPI 2.0 Security Profile section 5.3.2.2";

/// Otherwise whoever can make a browser follow a link speaks in the client's name.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let (carried, client) = (ask.request.carried(), &ask.client.requests);
    if client.must_be_pushed && !carried.pushed {
        Err(Reason::PushedRequestRequired)
    } else if client.must_be_signed && !carried.signed {
        Err(Reason::SignedRequestRequired)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Carried;
    use crate::sample::{client, provider, request};

    #[test]
    fn as_registered() {
        let (pushed, signed) = (
            Err(Reason::PushedRequestRequired),
            Err(Reason::SignedRequestRequired),
        );
        for (must, came, verdict) in [
            ((false, false), (false, false), Ok(())),
            ((false, false), (true, true), Ok(())),
            ((true, false), (false, false), pushed.clone()),
            ((true, false), (false, true), pushed.clone()),
            ((true, false), (true, false), Ok(())),
            ((false, true), (false, false), signed.clone()),
            ((false, true), (true, false), signed.clone()),
            ((false, true), (false, true), Ok(())),
            ((true, true), (true, false), signed),
            ((true, true), (false, true), pushed),
            ((true, true), (true, true), Ok(())),
        ] {
            let (mut client, provider) = (client(), provider());
            client.requests.must_be_pushed = must.0;
            client.requests.must_be_signed = must.1;
            let request = request(&[]).carried_as(Carried {
                pushed: came.0,
                signed: came.1,
            });
            let ask = Ask {
                request: &request,
                client: &client,
                provider: &provider,
            };
            assert_eq!(check(&ask), verdict, "{must:?} {came:?}");
        }
    }
}
