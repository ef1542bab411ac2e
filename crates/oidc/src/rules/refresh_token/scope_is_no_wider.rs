//! `scope` of a refresh request names nothing that was not granted.

use crate::grants::refresh_token::Ask;
use crate::{Reason, TokenFault};

/// Where it is written.
pub const CITES: &str =
    "RFC 6749 section 6 (must not include any scope not originally granted; omitted means the same)";

/// Narrower is possible; the new refresh token keeps what was granted.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The narrower scope, in the order of the grant; `None` means everything that was granted.
pub fn read(ask: &Ask<'_>) -> Result<Option<String>, Reason> {
    let Some(asked) = ask.scope else {
        return Ok(None);
    };
    let granted: Vec<&str> = ask.grant.scope.split(' ').collect();
    let asked: Vec<&str> = asked.split(' ').filter(|scope| !scope.is_empty()).collect();
    if asked.is_empty() || asked.iter().any(|scope| !granted.contains(scope)) {
        return Err(Reason::Token(TokenFault::ScopeWider));
    }
    let narrowed: Vec<&str> = granted
        .iter()
        .copied()
        .filter(|scope| asked.contains(scope))
        .collect();
    Ok((narrowed.len() < granted.len()).then(|| narrowed.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::refresh_token::sample::Family;

    #[test]
    fn a_part_of_what_was_granted() {
        let family = Family::new().with(|f| f.grant.scope = "openid name address".to_owned());
        for (asked, read_as) in [
            (None, None),
            (Some("openid name address"), None),
            (Some("address name  openid name"), None),
            (Some("address openid"), Some("openid address")),
            (Some("openid"), Some("openid")),
        ] {
            let read_as = Ok(read_as.map(str::to_owned));
            assert_eq!(family.with(|f| f.scope = asked).ask(read), read_as, "{asked:?}");
        }
        for asked in ["", " ", "gender", "openid gender", "openid,name", "OPENID"] {
            assert_eq!(
                family.with(|f| f.scope = Some(asked)).ask(check),
                Err(Reason::Token(TokenFault::ScopeWider)),
                "{asked}"
            );
        }
    }
}
