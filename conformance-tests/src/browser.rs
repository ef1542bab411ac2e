//! A browser without a window: cookies, redirects, forms, and perhaps a card in its reader.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use scraper::{Html, Selector};
use sim::tls::CardResolver;
use url::Url;

/// Every name is this machine, as browsers resolve `*.localhost` (RFC 6761 section 6.3); glibc does not.
struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, _name: Name) -> Resolving {
        let address: Addrs = Box::new(std::iter::once(SocketAddr::from(([127, 0, 0, 1], 0))));
        Box::pin(std::future::ready(Ok(address)))
    }
}

/// One request and the first line of its answer.
#[derive(Clone, Debug)]
pub struct Hop {
    /// `GET` or `POST`.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What came back.
    pub status: StatusCode,
}

/// What the browser shows.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub body: String,
}

/// A form with the values that it stands with.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Resolved against the page.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// Names and values, hidden fields among them, without the buttons.
    pub fields: Vec<(String, String)>,
    /// Buttons with names: name and value.
    pub buttons: Vec<(String, String)>,
}

impl Page {
    /// Every form.
    pub fn forms(&self) -> Vec<Form> {
        let document = Html::parse_document(&self.body);
        let select = |text: &str| Selector::parse(text).expect("selector");
        let (forms, inputs, buttons) = (select("form"), select("input[name]"), select("button[name]"));
        document
            .select(&forms)
            .map(|form| {
                let value = |element: scraper::ElementRef<'_>| {
                    let attribute = |name| element.value().attr(name).unwrap_or_default().to_owned();
                    (attribute("name"), attribute("value"))
                };
                Form {
                    action: self
                        .url
                        .join(form.value().attr("action").unwrap_or_default())
                        .expect("action")
                        .into(),
                    method: form.value().attr("method").unwrap_or("get").to_ascii_lowercase(),
                    fields: form.select(&inputs).map(value).collect(),
                    buttons: form.select(&buttons).map(value).collect(),
                }
            })
            .collect()
    }

    /// The form whose action contains a text.
    pub fn form(&self, action: &str) -> Form {
        self.forms()
            .into_iter()
            .find(|form| form.action.contains(action))
            .unwrap_or_else(|| {
                panic!(
                    "no form to {action} at {} ({}):\n{}",
                    self.url, self.status, self.body
                )
            })
    }

    /// Whether there is a form whose action contains a text.
    pub fn has_form(&self, action: &str) -> bool {
        self.forms().iter().any(|form| form.action.contains(action))
    }

    /// The text of the first element that a CSS selector finds.
    pub fn text(&self, selector: &str) -> Option<String> {
        let document = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("selector");
        document
            .select(&selector)
            .next()
            .map(|element| element.text().collect::<String>().trim().to_owned())
    }

    /// A parameter of the address.
    pub fn query(&self, name: &str) -> Option<String> {
        self.url
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Form {
    /// With a field set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A browser.
#[derive(Clone)]
pub struct Browser {
    client: reqwest::Client,
    jar: Arc<Jar>,
    ca_pem: String,
    hops: Arc<Mutex<Vec<Hop>>>,
    seen: Arc<Mutex<String>>,
    language: String,
}

/// How a page load ended without a page.
pub type LoadError = reqwest::Error;

impl Browser {
    /// Trusts a certification authority (PEM) and answers certificate requests with a card.
    pub fn new(ca_pem: &str, card: Option<CardResolver>) -> Self {
        Self::with_versions(ca_pem, card, rustls::ALL_VERSIONS)
    }

    /// The same with chosen TLS versions.
    pub fn with_versions(
        ca_pem: &str,
        card: Option<CardResolver>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let resolver = card.map(|card| -> Arc<dyn ResolvesClientCert> { Arc::new(card) });
        Self::of(ca_pem, resolver, versions)
    }

    /// The same with certificates from anywhere.
    pub fn with_resolver(
        ca_pem: &str,
        resolver: Arc<dyn ResolvesClientCert>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        Self::of(ca_pem, Some(resolver), versions)
    }

    fn of(
        ca_pem: &str,
        resolver: Option<Arc<dyn ResolvesClientCert>>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let jar = Arc::new(Jar::default());
        Self {
            client: client(ca_pem, resolver, versions, &jar, None),
            jar,
            ca_pem: ca_pem.to_owned(),
            hops: Arc::default(),
            seen: Arc::default(),
            language: "en".to_owned(),
        }
    }

    /// The same browser, cookies and all, with another card in its reader, or none; from the next handshake on.
    #[must_use]
    pub fn with_other_card(&self, card: Option<CardResolver>) -> Self {
        Self {
            client: client(
                &self.ca_pem,
                card.map(|card| -> Arc<dyn ResolvesClientCert> { Arc::new(card) }),
                rustls::ALL_VERSIONS,
                &self.jar,
                None,
            ),
            ..self.clone()
        }
    }

    /// The same browser, cookies and all, without a card, on connections of its own from this address of the machine.
    #[must_use]
    pub fn calling_from(&self, address: IpAddr) -> Self {
        Self {
            client: client(&self.ca_pem, None, rustls::ALL_VERSIONS, &self.jar, Some(address)),
            ..self.clone()
        }
    }

    /// The same browser in another language.
    #[must_use]
    pub fn speaking(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// Sets a cookie as whoever can write into this browser would (`name=value; Path=/; Secure`).
    pub fn plant(&self, url: &str, cookie: &str) {
        self.jar.add_cookie_str(cookie, &Url::parse(url).expect("URL"));
    }

    /// The value of a cookie that would go along to an address.
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let header = self.jar.cookies(&Url::parse(url).expect("URL"))?;
        let pairs = header.to_str().expect("cookies").split("; ");
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// Every request since the beginning.
    pub fn hops(&self) -> Vec<Hop> {
        self.hops.lock().expect("hops").clone()
    }

    /// Everything that came back, headers and bodies: for searching what must not be there.
    pub fn everything_seen(&self) -> String {
        self.seen.lock().expect("seen").clone()
    }

    /// Loads an address and follows redirects to a page.
    pub async fn get(&self, url: &str) -> Page {
        self.try_get(url)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error:?}"))
    }

    /// Loads an address and follows redirects to a page; a broken handshake is an error.
    pub async fn try_get(&self, url: &str) -> Result<Page, LoadError> {
        self.follow(Method::GET, Url::parse(url).expect("URL"), None)
            .await
    }

    /// Loads an address and stops there, whatever it says.
    pub async fn get_one(&self, url: &str) -> Page {
        self.one(Method::GET, &Url::parse(url).expect("URL"), None)
            .await
            .expect("answer")
    }

    /// Sends a form.
    pub async fn submit(&self, form: &Form) -> Page {
        self.try_submit(form)
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", form.action))
    }

    /// Sends a form; a broken handshake on the way is an error.
    pub async fn try_submit(&self, form: &Form) -> Result<Page, LoadError> {
        let url = Url::parse(&form.action).expect("action");
        let fields: Vec<_> = form.fields.clone();
        self.follow(Method::POST, url, Some(fields)).await
    }

    /// Sends a form and stops there.
    pub async fn submit_one(&self, form: &Form) -> Page {
        let url = Url::parse(&form.action).expect("action");
        self.one(Method::POST, &url, Some(form.fields.clone()))
            .await
            .expect("answer")
    }

    /// Sends a form with headers of one's own choice and stops there.
    pub async fn post_raw(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let mut request = self.client.post(url).body(body.to_owned());
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(Method::POST, Url::parse(url).expect("URL"), request)
            .await
            .expect("answer")
    }

    /// Sends whatever method, headers and body and stops there.
    pub async fn send_raw(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method.clone(), url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(method, Url::parse(url).expect("URL"), request)
            .await
            .expect("answer")
    }

    /// Sends a body of any kind with headers of one's own choice and stops there.
    pub async fn post_body(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Page {
        self.try_post_body(url, content_type, headers, body)
            .await
            .expect("answer")
    }

    /// The same where the connection may be closed before the body is sent.
    pub async fn try_post_body(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Result<Page, LoadError> {
        let mut request = self.client.post(url).body(body.into());
        request = request.header("content-type", content_type);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(Method::POST, Url::parse(url).expect("URL"), request)
            .await
    }

    /// Posts bytes of a type and stops there.
    pub async fn post_bytes(&self, url: &str, content_type: &str, body: Vec<u8>) -> Page {
        let request = self
            .client
            .post(url)
            .header("content-type", content_type)
            .header("accept-language", &self.language)
            .body(body);
        self.read(Method::POST, Url::parse(url).expect("URL"), request)
            .await
            .expect("answer")
    }

    /// Posts a form of a known length whose body comes in pieces.
    pub async fn post_slowly(
        &self,
        url: &str,
        length: usize,
        mut pieces: tokio::sync::mpsc::Receiver<Result<Vec<u8>, std::io::Error>>,
    ) -> Page {
        let stream = futures_util::stream::poll_fn(move |context| pieces.poll_recv(context));
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", length)
            .body(reqwest::Body::wrap_stream(stream));
        self.read(Method::POST, Url::parse(url).expect("URL"), request)
            .await
            .expect("answer")
    }

    /// Loads an address with headers of one's own choice and stops there.
    pub async fn get_raw(&self, url: &str, headers: &[(&str, &str)]) -> Page {
        let mut request = self.client.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(Method::GET, Url::parse(url).expect("URL"), request)
            .await
            .expect("answer")
    }

    /// Loads an address and follows redirects to a page, or to an address that begins with `stop`: that one is not loaded.
    pub async fn get_until(&self, url: &str, stop: &str) -> Page {
        let url = Url::parse(url).expect("URL");
        self.follow_until(Method::GET, url, None, Some(stop))
            .await
            .expect("page")
    }

    /// Sends a form likewise.
    pub async fn submit_until(&self, form: &Form, stop: &str) -> Page {
        let url = Url::parse(&form.action).expect("action");
        self.follow_until(Method::POST, url, Some(form.fields.clone()), Some(stop))
            .await
            .expect("page")
    }

    async fn follow(
        &self,
        method: Method,
        url: Url,
        fields: Option<Vec<(String, String)>>,
    ) -> Result<Page, LoadError> {
        self.follow_until(method, url, fields, None).await
    }

    async fn follow_until(
        &self,
        mut method: Method,
        mut url: Url,
        mut fields: Option<Vec<(String, String)>>,
        stop: Option<&str>,
    ) -> Result<Page, LoadError> {
        for _ in 0..20 {
            if stop.is_some_and(|stop| url.as_str().starts_with(stop)) {
                let (status, headers) = (StatusCode::OK, HeaderMap::new());
                return Ok(Page {
                    url,
                    status,
                    headers,
                    body: String::new(),
                });
            }
            let page = self.one(method, &url, fields.take()).await?;
            let Some(location) = page
                .headers
                .get(LOCATION)
                .filter(|_| page.status.is_redirection())
            else {
                return Ok(page);
            };
            url = url.join(location.to_str().expect("location")).expect("location");
            method = Method::GET;
        }
        panic!("more than 20 redirects, the last to {url}")
    }

    async fn one(
        &self,
        method: Method,
        url: &Url,
        fields: Option<Vec<(String, String)>>,
    ) -> Result<Page, LoadError> {
        let mut request = self.client.request(method.clone(), url.clone());
        request = request.header("accept-language", &self.language);
        if let Some(fields) = fields {
            request = request.form(&fields);
        }
        self.read(method, url.clone(), request).await
    }

    async fn read(
        &self,
        method: Method,
        url: Url,
        request: reqwest::RequestBuilder,
    ) -> Result<Page, LoadError> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await?;
        self.hops.lock().expect("hops").push(Hop {
            method,
            url: url.clone(),
            status,
        });
        let mut seen = self.seen.lock().expect("seen");
        for (name, value) in &headers {
            seen.push_str(name.as_str());
            seen.push_str(": ");
            seen.push_str(&String::from_utf8_lossy(value.as_bytes()));
            seen.push('\n');
        }
        seen.push_str(&body);
        drop(seen);
        Ok(Page {
            url,
            status,
            headers,
            body,
        })
    }

    /// From whatever page of ours it is shown, does what a person would do to get to the service: uses the card, agrees,
    /// continues. Stops at the first page that is no step of a sign-in.
    pub async fn sign_in(&self, start: Page) -> Page {
        let mut page = start;
        let mut used_card = false;
        for _ in 0..8 {
            let forms: BTreeMap<String, Form> = page
                .forms()
                .into_iter()
                .map(|form| (form.action.clone(), form))
                .collect();
            let find = |end: &str| {
                forms
                    .iter()
                    .find(|(action, _)| action.ends_with(end))
                    .map(|(_, f)| f.clone())
            };
            if let Some(form) = find("/card").filter(|_| !used_card) {
                used_card = true;
                page = self.submit(&form).await;
            } else if let Some(form) = find("/consent") {
                page = self.submit(&form.with("decision", "agree")).await;
            } else if let Some(form) = forms.values().find(|form| form.field("SAMLResponse").is_some()) {
                return self.submit(form).await;
            } else {
                return page;
            }
        }
        panic!("a sign-in without end at {}", page.url)
    }
}

fn client(
    ca_pem: &str,
    resolver: Option<Arc<dyn ResolvesClientCert>>,
    versions: &[&'static rustls::SupportedProtocolVersion],
    jar: &Arc<Jar>,
    address: Option<IpAddr>,
) -> reqwest::Client {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("PEM"))
        .expect("CA");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_root_certificates(roots);
    let tls = match resolver {
        Some(resolver) => builder.with_client_cert_resolver(resolver),
        None => builder.with_no_client_auth(),
    };
    reqwest::Client::builder()
        .use_preconfigured_tls(tls)
        .dns_resolver(Arc::new(Loopback))
        .cookie_provider(Arc::clone(jar))
        .redirect(Policy::none())
        .local_address(address)
        .timeout(Duration::from_mins(1))
        .build()
        .expect("client")
}
