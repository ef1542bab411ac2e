//! Each `resource` is an absolute URI without fragment that is registered for the client.

use crate::check::Ask;
use crate::reason::Reason;
use crate::registration::is_resource;

/// Where it is written.
pub const CITES: &str = "RFC 8707 section 2; RFC 9700 section 2.3 (audience of access tokens)";

const MAX: usize = 8;

/// Whoever could name any resource would get tokens for everybody's.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The resources, each once, in the order of the request. Compared octet by octet.
pub fn read(ask: &Ask<'_>) -> Result<Vec<String>, Reason> {
    let mut resources: Vec<String> = Vec::new();
    for asked in ask.request.parameters().all("resource") {
        // Our own user information needs no registration: `openid` is what allows it (RFC 9728 names it as a resource).
        let registered = asked == ask.provider.userinfo_endpoint
            || ask.client.requests.resources.iter().any(|one| one == asked);
        if !registered || !is_resource(asked) || resources.len() >= MAX {
            return Err(Reason::ResourceNotAllowed);
        }
        if !resources.iter().any(|held| held == asked) {
            resources.push(asked.to_owned());
        }
    }
    Ok(resources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{client, provider, raw, request_raw};

    fn with(resources: &[&str]) -> Result<Vec<String>, Reason> {
        let (mut client, provider) = (client(), provider());
        client.requests.resources = (0..9)
            .map(|n| format!("https://api.example/{n}"))
            .chain([
                "urn:example:api".to_owned(),
                "https://api.example/#f".to_owned(),
                "relative".to_owned(),
            ])
            .collect();
        let more: Vec<String> = resources
            .iter()
            .map(|one| format!("&resource={}", crate::sample::encode(one)))
            .collect();
        let more = more.concat();
        let request = request_raw(&format!("{}{more}", raw(&[])));
        let ask = Ask {
            request: &request,
            client: &client,
            provider: &provider,
        };
        read(&ask)
    }

    #[test]
    fn registered_octet_by_octet() {
        assert_eq!(with(&[]), Ok(vec![]));
        assert_eq!(with(&[""]), Ok(vec![]), "an empty parameter counts as omitted");
        let own = provider().userinfo_endpoint;
        assert_eq!(with(&[&own]), Ok(vec![own.clone()]));
        let both = ["https://api.example/1", "urn:example:api"];
        assert_eq!(with(&both), Ok(both.map(str::to_owned).to_vec()));
        assert_eq!(
            with(&["urn:example:api", "urn:example:api"]).map(|list| list.len()),
            Ok(1)
        );
        for bad in [
            "https://api.example/",
            "https://api.example/1/",
            "https://API.example/1",
            "https://api.example/1?x=1",
            "https://api.example/#f",
            "relative",
            "https://other.example/1",
        ] {
            assert_eq!(
                with(&["https://api.example/1", bad]),
                Err(Reason::ResourceNotAllowed),
                "{bad}"
            );
        }
        let nine: Vec<String> = (0..9).map(|n| format!("https://api.example/{n}")).collect();
        let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
        assert_eq!(with(&nine), Err(Reason::ResourceNotAllowed));
        assert_eq!(with(&nine[..8]).map(|list| list.len()), Ok(8));
    }
}
