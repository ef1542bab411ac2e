//! No parameter that we know comes twice.

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "RFC 6749 section 3.1";

/// Two readers that choose differently between two values are two truths about one request.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    ask.request.parameters().refuse_any_repeated()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{client, provider, raw, request_raw};

    #[test]
    fn repetition_is_refused_and_unknown_parameters_are_ignored() {
        for (more, verdict) in [
            ("", Ok(())),
            ("&unknown=1&unknown=2", Ok(())),
            ("&scope=openid", Err(Reason::RepeatedParameter("scope"))),
            ("&state=", Err(Reason::RepeatedParameter("state"))),
            (
                "&%70rompt=none&prompt=none",
                Err(Reason::RepeatedParameter("prompt")),
            ),
            ("&max_age=1&max_age=1", Err(Reason::RepeatedParameter("max_age"))),
        ] {
            let (request, client, provider) =
                (request_raw(&format!("{}{more}", raw(&[]))), client(), provider());
            let ask = Ask {
                request: &request,
                client: &client,
                provider: &provider,
            };
            assert_eq!(check(&ask), verdict, "{more}");
        }
    }
}
