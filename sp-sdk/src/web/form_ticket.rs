//! Forms that are sent before there is a session. Without a token another site's form signs its visitor in as somebody else (login
//! CSRF), who then works in that account.
//!
//! The token is in a cookie and in the form. Another site can neither read the cookie nor set it: its name begins with `__Host-`
//! (RFC 6265bis section 4.1.3.2), so not even a sister domain can.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use jose::digest;

use super::cookie;
use crate::MachineEntropy;
use crate::key::random_text;

const COOKIE: &str = "__Host-form";
const SECONDS: i64 = 3_600;
/// 256 bits in base64url.
const LENGTH: usize = 43;

/// The token for the form (a hidden field), and the cookie that goes with the page. A second tab gets the same.
pub fn form_ticket(request: &HttpRequest) -> (String, Cookie<'static>) {
    let token = known(request).unwrap_or_else(|| random_text(&MachineEntropy));
    let kept = cookie("form", token.clone(), SECONDS, false);
    (token, kept)
}

/// Whether a form comes from a page that [`form_ticket`] was given for in this browser.
pub fn owns_form(request: &HttpRequest, token: &str) -> bool {
    known(request).is_some_and(|known| digest::same(token.as_bytes(), known.as_bytes()))
}

fn known(request: &HttpRequest) -> Option<String> {
    let found = request.cookie(COOKIE)?;
    let value = found.value();
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    (value.len() == LENGTH && value.bytes().all(plain)).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_form_counts_with_the_token_that_this_browser_was_given() {
        let empty = TestRequest::post().to_http_request();
        let (token, kept) = form_ticket(&empty);
        assert_eq!(
            (token.len(), kept.name(), kept.value()),
            (LENGTH, COOKIE, token.as_str())
        );
        let browser = TestRequest::post().cookie(kept).to_http_request();
        assert!(owns_form(&browser, &token));
        assert_eq!(form_ticket(&browser).0, token, "a second tab");
        let (other, _) = form_ticket(&empty);
        for foreign in ["", other.as_str()] {
            assert!(!owns_form(&browser, foreign));
        }
        // Another site's form rides without the cookie; an empty one is none.
        assert!(!owns_form(&empty, &token) && !owns_form(&empty, ""));
        let blank = TestRequest::post()
            .cookie(Cookie::new(COOKIE, ""))
            .to_http_request();
        assert!(!owns_form(&blank, ""));
    }
}
