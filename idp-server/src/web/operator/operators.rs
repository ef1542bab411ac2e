//! Who the operators are: named tokens from a file.

use std::path::{Path, PathBuf};

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::TokenHash;
use subtle::ConstantTimeEq;

use crate::config::readable_by_others;
use crate::secret::hash_of;
use crate::web::headers;

/// Named operators, known by the hashes of their tokens.
#[derive(Debug)]
pub struct Operators(Vec<(String, TokenHash)>);

/// Why the token file cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum OperatorsError {
    /// It cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// Others could read it.
    Open(String),
    /// A line is not `name:token`, or its token is too short.
    Line(PathBuf, usize),
}

impl std::fmt::Display for OperatorsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::Open(problem) => f.write_str(problem),
            Self::Line(path, line) => write!(
                f,
                "{} line {line}: write name:token with a token of at least 32 characters",
                path.display()
            ),
        }
    }
}

impl std::error::Error for OperatorsError {}

/// The least length of a token.
const TOKEN_LENGTH: usize = 32;

impl Operators {
    /// Reads the token file.
    pub fn read(path: &Path) -> Result<Self, OperatorsError> {
        if let Some(problem) = readable_by_others(path) {
            return Err(OperatorsError::Open(problem));
        }
        let text =
            std::fs::read_to_string(path).map_err(|why| OperatorsError::Unreadable(path.to_owned(), why))?;
        Self::parse(&text).map_err(|line| OperatorsError::Line(path.to_owned(), line))
    }

    fn parse(text: &str) -> Result<Self, usize> {
        let mut operators = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, token) = line.split_once(':').ok_or(index + 1)?;
            if name.is_empty() || token.len() < TOKEN_LENGTH {
                return Err(index + 1);
            }
            operators.push((name.to_owned(), hash_of(&[token.as_bytes()])));
        }
        Ok(Self(operators))
    }

    /// Whose token a request brings.
    pub fn authenticate(&self, request: &HttpRequest) -> Option<&str> {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, credentials) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("Bearer") {
            self.name_of(credentials)
        } else if scheme.eq_ignore_ascii_case("Basic") && !is_by_another_page(request) {
            self.name_of_basic(credentials)
        } else {
            None
        }
    }

    /// The hash of an operator's token: nobody else can know it, so that forms are tied to it.
    pub(super) fn secret_of(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, hash)| hash.0.as_str())
    }

    /// Basic credentials (RFC 7617): what a browser can send. The name must be the token's own.
    fn name_of_basic(&self, credentials: &str) -> Option<&str> {
        let decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
        let (name, token) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        self.name_of(token).filter(|known| *known == name)
    }

    fn name_of(&self, token: &str) -> Option<&str> {
        let hash = hash_of(&[token.as_bytes()]);
        let same = |known: &TokenHash| bool::from(known.0.as_bytes().ct_eq(hash.0.as_bytes()));
        self.0
            .iter()
            .find(|(_, known)| same(known))
            .map(|(name, _)| name.as_str())
    }
}

/// `401` with the challenges of RFC 6750 and, for browsers, RFC 7617.
pub(super) fn challenge() -> HttpResponse {
    headers::common(HttpResponse::build(StatusCode::UNAUTHORIZED))
        .append_header(("www-authenticate", "Bearer realm=\"operator\""))
        .append_header(("www-authenticate", "Basic realm=\"operator\", charset=\"UTF-8\""))
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("an operator's token is needed: Authorization: Bearer …, or Basic with the operator's name\n")
}

/// Whether a browser says that a page of somebody else's asks (W3C Fetch Metadata Request Headers section 2.3). It sends what it remembers
/// with that too, and opening a reference is an act that the audit has under the operator's name. A link that the operator clicked, in a
/// ticket for instance, is theirs.
fn is_by_another_page(request: &HttpRequest) -> bool {
    let says = |name: &str, word: &str| request.headers().get(name).is_some_and(|value| value == word);
    let is_foreign = request.headers().contains_key("sec-fetch-site")
        && !says("sec-fetch-site", "same-origin")
        && !says("sec-fetch-site", "none");
    let is_a_click =
        request.method() == Method::GET && says("sec-fetch-dest", "document") && says("sec-fetch-user", "?1");
    is_foreign && !is_a_click
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_operators() {
        let token = "0123456789abcdef0123456789abcdef";
        let operators = Operators::parse(&format!("# staff\n\nsato:{token}\n")).unwrap();
        assert_eq!(operators.name_of(token), Some("sato"));
        assert_eq!(operators.name_of(&token[1..]), None);
        assert_eq!(operators.name_of(""), None);
        let basic = |text: String| BASE64_STANDARD.encode(text);
        assert_eq!(
            operators.name_of_basic(&basic(format!("sato:{token}"))),
            Some("sato")
        );
        for wrong in [
            basic(format!("suzuki:{token}")),
            basic(format!(":{token}")),
            basic(token.to_owned()),
            basic("sato:".to_owned()),
            format!("sato:{token}"),
        ] {
            assert_eq!(operators.name_of_basic(&wrong), None, "{wrong}");
        }
        // A browser sends what it remembers for other people's pages too; a program says nothing of that.
        let asked = |scheme: &str, site: Option<&str>| {
            let credentials = match scheme {
                "Basic" => basic(format!("sato:{token}")),
                _ => token.to_owned(),
            };
            let mut request = actix_web::test::TestRequest::default()
                .insert_header(("authorization", format!("{scheme} {credentials}")));
            if let Some(site) = site {
                request = request.insert_header(("sec-fetch-site", site));
            }
            operators.authenticate(&request.to_http_request()).is_some()
        };
        for (site, is_in) in [
            (None, true),
            (Some("none"), true),
            (Some("same-origin"), true),
            (Some("same-site"), false),
            (Some("cross-site"), false),
        ] {
            assert_eq!(asked("Basic", site), is_in, "{site:?}");
            assert!(asked("Bearer", site), "nothing remembers these");
        }
        for (method, user, dest, is_in) in [
            (Method::GET, "?1", "document", true),
            (Method::GET, "?1", "iframe", false),
            (Method::GET, "", "document", false),
            (Method::POST, "?1", "document", false),
        ] {
            let request = actix_web::test::TestRequest::with_uri("/")
                .method(method)
                .insert_header((
                    "authorization",
                    format!("Basic {}", basic(format!("sato:{token}"))),
                ))
                .insert_header(("sec-fetch-site", "cross-site"))
                .insert_header(("sec-fetch-user", user))
                .insert_header(("sec-fetch-dest", dest));
            let entered = operators.authenticate(&request.to_http_request());
            assert_eq!(entered.is_some(), is_in, "{user} {dest}");
        }
        assert_eq!(Operators::parse("sato:short").unwrap_err(), 1);
        assert_eq!(Operators::parse("# x\nsato").unwrap_err(), 2);
    }
}
