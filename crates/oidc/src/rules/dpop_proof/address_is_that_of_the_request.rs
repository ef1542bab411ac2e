//! `htu` is the address of the request, without query and fragment.

use url::Url;

use crate::Reason;
use crate::dpop::{Ask, DpopFault};

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 4.3, check 9 (compared after syntax-based and scheme-based normalisation, RFC 3986 section 6.2)";

const MAX_BYTES: usize = 2048;

/// A proof for one endpoint is none for another one, here or elsewhere.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    let shown = ask.text("htu")?;
    let fits = shown.len() <= MAX_BYTES
        && bare(shown).is_some_and(|shown| {
            ask.request
                .addresses
                .iter()
                .any(|address| bare(address).as_ref() == Some(&shown))
        });
    if fits {
        Ok(())
    } else {
        Err(Reason::Dpop(DpopFault::Address))
    }
}

/// The address in its normal form, query and fragment left out.
fn bare(address: &str) -> Option<Url> {
    let mut url = Url::parse(address).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::proof_with;

    #[test]
    fn the_same_address() {
        for good in [
            "https://idp.example/oidc/token",
            "HTTPS://IDP.example:443/oidc/token",
            "https://idp.example/oidc/./token",
            "https://idp.example/oidc/token?a=b#c",
        ] {
            assert_eq!(proof_with("htu", &json!(good), check), Ok(()), "{good}");
        }
        let long = format!("https://idp.example/oidc/token?{}", "x".repeat(2048));
        for bad in [
            "https://idp.example/oidc/userinfo",
            "https://idp.example/oidc/token/",
            "https://idp.example/oidc/Token",
            "http://idp.example/oidc/token",
            "https://idp.example:8443/oidc/token",
            "https://idp.example.evil/oidc/token",
            "https://rs@idp.example/oidc/token",
            "/oidc/token",
            "",
            long.as_str(),
        ] {
            assert_eq!(
                proof_with("htu", &json!(bad), check),
                Err(Reason::Dpop(DpopFault::Address)),
                "{bad}"
            );
        }
        assert_eq!(
            proof_with("htu", &json!(7), check),
            Err(Reason::Dpop(DpopFault::Claim("htu")))
        );
    }
}
