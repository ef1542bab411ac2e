//! What a handler knows of who is asking: the platform, the browser, its language.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use domain::{Language, Timestamp, TokenHash};

use super::{cookies, preference};
use crate::app::App;
use crate::pages;
use crate::secret::Secret;

/// One request's context.
pub struct Context {
    app: Arc<App>,
    /// The browser's name, if it has one.
    pub browser: Option<Secret>,
    /// The session's secret, if it brings one.
    pub session: Option<Secret>,
    /// The language to answer in.
    pub language: Language,
    /// Path and query, for the language switch.
    pub here: String,
    /// Whether the request's address shows the same page again.
    pub is_get: bool,
    from_elsewhere: bool,
    peer: Option<IpAddr>,
}

impl Deref for Context {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Context {
    /// The platform.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Whether this address may begin something that makes us write.
    pub fn may_begin(&self) -> Result<(), super::error::Problem> {
        let admitted = self.peer.is_none_or(|peer| self.app.begin_limit.admits(peer));
        if admitted {
            Ok(())
        } else {
            Err(super::error::Problem::TooMany)
        }
    }

    /// Where the request came from.
    pub const fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// The same for the network that it comes from (IPv4 /24, IPv6 /48).
    pub fn network(&self) -> Option<String> {
        let network = super::begin_limit::network(self.peer?).to_string();
        self.app
            .vault
            .stamps("network", network.as_bytes())
            .into_iter()
            .next()
    }

    /// A name for where the request comes from (IPv6: /64), for counters that all processes share; the address cannot be read from it.
    pub fn place(&self) -> Option<String> {
        let place = super::begin_limit::place(self.peer?).to_string();
        self.app
            .vault
            .stamps("place", place.as_bytes())
            .into_iter()
            .next()
    }

    /// A value of the address's query.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.here.split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// The hash of the browser's name.
    pub fn browser_hash(&self) -> Option<TokenHash> {
        self.browser.as_ref().map(Secret::hash)
    }

    /// The token of this browser for a form of this purpose: a form that does not bring it was not ours, or not this one.
    pub fn form_token(&self, purpose: &str) -> String {
        self.browser
            .as_ref()
            .map(|browser| browser.derived(&format!("form {purpose}")))
            .unwrap_or_default()
    }

    /// Whether the browser says that a page of another origin sent this: no form of ours does.
    pub const fn is_from_elsewhere(&self) -> bool {
        self.from_elsewhere
    }

    /// Whether a form brought this browser's token for this purpose, and no page of another origin sent it.
    pub fn form_token_matches(&self, purpose: &str, brought: &str) -> bool {
        use subtle::ConstantTimeEq;
        let expected = self.form_token(purpose);
        !self.from_elsewhere && !expected.is_empty() && expected.as_bytes().ct_eq(brought.as_bytes()).into()
    }

    /// A form of ours, for a purpose.
    pub fn form(&self, purpose: &str, url: String) -> pages::PostForm {
        pages::PostForm {
            url,
            csrf: self.form_token(purpose),
        }
    }

    /// What stands around a page. Replies to forms leave the language switch out: no address shows them again.
    pub fn frame(&self) -> pages::Frame {
        let link = |language: Language| {
            let next: String = url::form_urlencoded::byte_serialize(self.here.as_bytes()).collect();
            format!("/language?to={}&next={next}", language.tag())
        };
        pages::Frame {
            languages: self.is_get.then(|| pages::LanguageLinks {
                ja: link(Language::Ja),
                en: link(Language::En),
            }),
            home_url: Some("/".to_owned()),
            account_url: Some("/account".to_owned()),
            sandbox: self.app.config.mode == crate::config::Mode::Test,
            contact: None,
        }
    }

    /// Writes a page.
    pub fn render(&self, page: &impl pages::Page) -> Result<String, super::error::Problem> {
        pages::render(page, self.language).map_err(|error| super::error::Problem::Fault(error.to_string()))
    }

    /// Adds the browser's name to an answer, when it has none yet.
    pub fn name_browser(&mut self) -> Option<Secret> {
        if self.browser.is_some() {
            return None;
        }
        let fresh = Secret::generate(&*self.app.entropy);
        self.browser = Some(fresh.clone());
        Some(fresh)
    }
}

/// Adds a cookie to an answer.
pub fn with_cookie(mut response: HttpResponse, cookie: &actix_web::cookie::Cookie<'_>) -> HttpResponse {
    if response.add_cookie(cookie).is_err() {
        tracing::error!("a cookie of ours cannot be written");
    }
    response
}

impl FromRequest for Context {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let Some(app) = request.app_data::<web::Data<App>>() else {
            return ready(Err(actix_web::error::ErrorInternalServerError("not composed")));
        };
        ready(Ok(Self {
            app: Arc::clone(app),
            browser: cookies::secret(request, cookies::BROWSER),
            session: cookies::secret(request, cookies::SESSION),
            language: language(request),
            here: request
                .uri()
                .path_and_query()
                .map(|path| path.as_str().to_owned())
                .unwrap_or_default(),
            peer: request.peer_addr().map(|address| address.ip()),
            from_elsewhere: is_from_elsewhere(request, app.config.front.origin.as_str()),
            is_get: request.method() == actix_web::http::Method::GET,
        }))
    }
}

/// Whether the browser names another origin than ours as the one that sent this (W3C Fetch Metadata; RFC 6454 section 7). A browser that
/// says nothing is judged by the form's token alone, and so is `null`: our pages give no referrer, so that is what their own forms are
/// sent with (Fetch, "append a request `Origin` header").
fn is_from_elsewhere(request: &HttpRequest, ours: &str) -> bool {
    let says = |name: &str, welcome: &[&str]| {
        let mut values = request.headers().get_all(name);
        values.all(|value| welcome.iter().any(|known| value == *known))
    };
    !says("sec-fetch-site", &["same-origin", "none"]) || !says("origin", &[ours, "null"])
}

/// The person's choice, else what the browser prefers among the two, else Japanese.
pub fn language(request: &HttpRequest) -> Language {
    if let Some(chosen) = request
        .cookie(cookies::LANGUAGE)
        .and_then(|c| Language::from_tag(c.value()))
    {
        return chosen;
    }
    request
        .headers()
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map(preferred)
        .unwrap_or_default()
}

/// The most preferred of the two languages (RFC 9110 section 12.5.4); ties go to the first named.
fn preferred(accept: &str) -> Language {
    let mut best: Option<(Language, f32)> = None;
    for (language, weight) in preference::weighted(accept, Language::from_tag) {
        if weight > 0.0 && best.is_none_or(|(_, held)| weight > held) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_origin_is_known_by_what_the_browser_says_of_it() {
        let ours = "https://idp.example";
        let from = |headers: &[(&'static str, &'static str)]| {
            let mut request = actix_web::test::TestRequest::post();
            for header in headers {
                request = request.append_header(*header);
            }
            is_from_elsewhere(&request.to_http_request(), ours)
        };
        assert!(!from(&[]));
        assert!(!from(&[("origin", ours), ("sec-fetch-site", "same-origin")]));
        assert!(!from(&[("origin", "null"), ("sec-fetch-site", "none")]));
        for bad in ["cross-site", "same-site", "Same-Origin", "", "x"] {
            assert!(from(&[("sec-fetch-site", bad)]), "{bad}");
        }
        for bad in [
            "https://evil.example",
            "http://idp.example",
            "https://idp.example:444",
            "https://idp.example.evil.example",
            "",
        ] {
            assert!(from(&[("origin", bad)]), "{bad}");
        }
        assert!(from(&[("origin", ours), ("origin", "https://evil.example")]));
    }

    #[test]
    fn the_browsers_preference_counts() {
        assert_eq!(preferred("en-US,en;q=0.9,ja;q=0.8"), Language::En);
        assert_eq!(preferred("fr, ja;q=0.5, en;q=0.4"), Language::Ja);
        assert_eq!(preferred("en;q=0"), Language::Ja);
        assert_eq!(preferred("*"), Language::Ja);
        assert_eq!(preferred("en;q=x, ja;q=0.1"), Language::Ja);
    }
}
