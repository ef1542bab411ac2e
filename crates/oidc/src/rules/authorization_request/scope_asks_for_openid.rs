//! `scope` has `openid`.

use super::distinct;
use crate::check::Ask;
use crate::discovery::SCOPES;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str = "OpenID Connect Core 1.0 section 3.1.2.1; RFC 6749 section 3.3";

const MAX: usize = 1024;

/// Without `openid` the request is no OpenID Connect request, and we serve no other.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// Granted scopes: unknown ones are left out, and the token reply says what was granted.
pub fn read(ask: &Ask<'_>) -> Result<Vec<String>, Reason> {
    let scope = ask
        .request
        .get("scope")
        .ok_or(Reason::ParameterMissing("scope"))?;
    let token_character = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if scope.len() > MAX || !scope.bytes().all(token_character) {
        return Err(Reason::ParameterMalformed("scope"));
    }
    let asked = distinct(scope);
    if !asked.contains(&"openid") {
        return Err(Reason::ScopeWithoutOpenid);
    }
    Ok(asked
        .into_iter()
        .filter(|scope| SCOPES.contains(scope))
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::read_with;

    #[test]
    fn openid_is_needed_and_unknown_scopes_are_not_granted() {
        let with = |value| read_with(&[("scope", value)], read);
        for value in ["openid", "openid profile", "phone  openid", "openid openid"] {
            assert_eq!(with(Some(value)), Ok(vec!["openid".to_owned()]), "{value}");
        }
        assert_eq!(with(None), Err(Reason::ParameterMissing("scope")));
        for value in ["profile", "OpenID", "openid,profile", "xopenid"] {
            assert_eq!(with(Some(value)), Err(Reason::ScopeWithoutOpenid), "{value}");
        }
        let long = format!("openid {}", "x".repeat(1018));
        for value in [
            "openid\t",
            "openid \"x\"",
            "openid \\",
            "openid 省",
            long.as_str(),
        ] {
            assert_eq!(
                with(Some(value)),
                Err(Reason::ParameterMalformed("scope")),
                "{value:?}"
            );
        }
    }
}
