//! Headers of every page: nothing loads but our stylesheet, nothing frames us, forms go only where they were checked to
//! go, nothing is kept in caches, no referrer leaves.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// Where the forms of a page may lead besides this origin. Chromium applies `form-action` to the redirects after a
/// form too, so a page whose form ends at a service names that service's origin.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FormTargets {
    forms: Vec<String>,
    frames: Vec<String>,
}

impl FormTargets {
    /// This origin only.
    pub fn own() -> Self {
        Self::default()
    }

    /// This origin and the origin of a checked destination. A destination without a web origin (a native application's
    /// own scheme) is named by its scheme.
    #[must_use]
    pub fn and(mut self, checked_destination: &str) -> Self {
        if let Ok(url) = url::Url::parse(checked_destination) {
            let origin = url.origin();
            self.forms.push(if origin.is_tuple() {
                origin.ascii_serialization()
            } else {
                format!("{}:", url.scheme())
            });
        }
        self
    }

    /// Any name below `authority` (host and port).
    #[must_use]
    pub fn and_names_below(mut self, authority: &str) -> Self {
        self.forms.push(format!("https://*.{authority}"));
        self
    }

    /// The page loads this checked address in a frame: exactly its origin is allowed to be framed by us.
    #[must_use]
    pub fn framing(mut self, checked_address: &str) -> Self {
        if let Ok(url) = url::Url::parse(checked_address) {
            let origin = url.origin().ascii_serialization();
            if !self.frames.contains(&origin) {
                self.frames.push(origin);
            }
        }
        self
    }

    fn policy(&self) -> String {
        let mut policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                          frame-ancestors 'none'; form-action 'self'"
            .to_owned();
        for target in &self.forms {
            policy.push(' ');
            policy.push_str(target);
        }
        if !self.frames.is_empty() {
            policy.push_str("; frame-src ");
            policy.push_str(&self.frames.join(" "));
        }
        policy
    }
}

/// A page.
pub fn page(code: StatusCode, html: String, targets: &FormTargets) -> HttpResponse {
    common(HttpResponse::build(code))
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, targets.policy()))
        .insert_header(("x-frame-options", "DENY"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("permissions-policy", "camera=(), microphone=(), geolocation=()"))
        .body(html)
}

/// `303 See Other`: the next request is a GET, whatever this one was (RFC 9700 section 4.12).
pub fn see_other(location: &str) -> HttpResponse {
    common(HttpResponse::SeeOther())
        .insert_header(("location", location))
        .finish()
}

/// JSON that no cache keeps.
pub fn json(code: StatusCode, body: String) -> HttpResponse {
    common(HttpResponse::build(code))
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body)
}

/// Which pages may load an answer into themselves (Fetch, `Cross-Origin-Resource-Policy`).
pub const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What every answer carries that does not say otherwise.
const COMMON: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (RESOURCE_POLICY, "same-origin"),
    (STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
];

/// Headers that every answer carries.
pub fn common(mut builder: HttpResponseBuilder) -> HttpResponseBuilder {
    for header in COMMON {
        builder.insert_header(header);
    }
    builder
}

/// Gives an answer those of them that it has not.
pub fn complete(headers: &mut HeaderMap) {
    for (name, value) in COMMON {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_targets_are_origins_of_checked_destinations() {
        let targets = FormTargets::own()
            .and("https://rp.example/cb?x=1;script-src *")
            .and("jp.go.app:/cb");
        assert!(
            targets
                .policy()
                .ends_with("form-action 'self' https://rp.example jp.go.app:")
        );
        assert!(FormTargets::own().policy().ends_with("form-action 'self'"));
        let framing = FormTargets::own()
            .framing("https://rp.example/bye?x=1")
            .framing("https://rp.example/again")
            .framing("https://other.example:444/");
        assert!(
            framing
                .policy()
                .ends_with("form-action 'self'; frame-src https://rp.example https://other.example:444")
        );
    }
}
