//! What stands beside the object and in it agrees where the standards say so, and what must stand beside it does.

use crate::Reason;
use crate::request_object::{Family, ObjectAsk};

/// Where it is written.
pub const CITES: &str =
    "RFC 9101 sections 5 and 6.3; OpenID Connect Core 1.0 sections 6.1 and 6.3.3; RFC 9126 section 3";

/// `client_id` and `response_type` in both places are the same. By OpenID Connect Core, `response_type` and a `scope` with `openid` must
/// stand beside the object; by RFC 9101 nothing but `client_id` need, and `client_id` must be inside.
///
/// Other parameters may differ: those inside are the client's own words, and what stands beside them is not used.
pub fn check(ask: &ObjectAsk<'_>) -> Result<(), Reason> {
    let inside = |name: &str| ask.claims.get(name).and_then(|value| value.as_str());
    let beside = |name: &str| ask.beside.get(name);
    match inside("client_id") {
        Some(named) if named == ask.beside.client_id() => {}
        None if ask.family == Family::Core => {}
        _ => return Err(Reason::RequestObjectDisagrees("client_id")),
    }
    if let (Some(one), Some(other)) = (inside("response_type"), beside("response_type"))
        && one != other
    {
        return Err(Reason::RequestObjectDisagrees("response_type"));
    }
    if ask.family == Family::Core {
        if beside("response_type").is_none() {
            return Err(Reason::RequestObjectDisagrees("response_type"));
        }
        let openid = |scope: &str| scope.split(' ').any(|value| value == "openid");
        if !beside("scope").is_some_and(openid) {
            return Err(Reason::RequestObjectDisagrees("scope"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sample::object_beside;

    const JAR: Option<&str> = Some("oauth-authz-req+jwt");

    fn verdict(typ: Option<&str>, inside: &Value, beside: &str) -> Result<(), Reason> {
        object_beside(typ, inside, beside, check)
    }

    #[test]
    fn by_rfc_9101_the_object_alone_counts() {
        let full = json!({"client_id":"rp","response_type":"code","scope":"openid"});
        for beside in [
            "client_id=rp",
            "client_id=rp&state=x&redirect_uri=https://other.example",
            "client_id=rp&response_type=code",
        ] {
            assert_eq!(verdict(JAR, &full, beside), Ok(()), "{beside}");
        }
        let disagrees = |name| Err(Reason::RequestObjectDisagrees(name));
        assert_eq!(verdict(JAR, &json!({}), "client_id=rp"), disagrees("client_id"));
        assert_eq!(
            verdict(JAR, &json!({"client_id":"other"}), "client_id=rp"),
            disagrees("client_id")
        );
        assert_eq!(
            verdict(JAR, &full, "client_id=rp&response_type=token"),
            disagrees("response_type")
        );
    }

    #[test]
    fn by_openid_connect_core_it_is_a_request_without_it() {
        let disagrees = |name| Err(Reason::RequestObjectDisagrees(name));
        for (inside, beside, expected) in [
            (json!({}), "client_id=rp&response_type=code&scope=openid", Ok(())),
            (
                json!({"client_id":"rp","scope":"openid name"}),
                "client_id=rp&response_type=code&scope=openid",
                Ok(()),
            ),
            (
                json!({}),
                "client_id=rp&response_type=code&scope=name",
                disagrees("scope"),
            ),
            (
                json!({"scope":"openid"}),
                "client_id=rp&response_type=code",
                disagrees("scope"),
            ),
            (
                json!({"response_type":"token"}),
                "client_id=rp&response_type=code&scope=openid",
                disagrees("response_type"),
            ),
            (
                json!({"client_id":"other"}),
                "client_id=rp&response_type=code&scope=openid",
                disagrees("client_id"),
            ),
        ] {
            assert_eq!(verdict(None, &inside, beside), expected, "{inside} {beside}");
        }
    }
}
