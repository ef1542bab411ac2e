//! Service providers in Python, unmodified from Debian: pysaml2 and python3-saml, each driven by `relying_parties/provider.py`.
//! They make the requests and judge every answer; the browser carries them, and nobody listens at their addresses.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use conformance_tests::{Browser, Form, Page, Platform, PlatformOptions};
use serde_json::{Value, json};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const CLASSES: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:";
pub(super) const LIBRARIES: [&str; 2] = ["pysaml2", "python3-saml"];

/// One service provider, as long as it lives.
pub(super) struct Provider {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    base: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    /// Starts the library, registers what it says of itself, and gives it our metadata.
    pub(super) async fn start(
        platform: &Platform,
        library: &str,
        encrypt: bool,
        sign_response: bool,
    ) -> Self {
        let base = format!("https://{library}.localhost:9");
        let idp = platform.path().join(format!("idp-for-{library}.xml"));
        std::fs::write(&idp, platform.saml_metadata().await).unwrap();
        let asked = json!({
            "library": library, "entity": format!("{base}/metadata"), "base": base, "idp": idp, "folder": platform.path(),
            "encrypt": encrypt,
        });
        // Debian's Python: that is where Debian's packages are.
        let mut child = Command::new("/usr/bin/python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("relying_parties/provider.py"))
            .arg(asked.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut provider = Self {
            child,
            input,
            output,
            base,
        };
        let metadata = provider.does(&json!({ "do": "metadata" }));
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"{library}\", en = \"{library}\" }}\nreleased_attributes = [\"assurance_level\"]\n\
             [saml]\nsign_response = {sign_response}\nmetadata = '''{}'''\n",
            metadata["xml"].as_str().expect("metadata")
        ));
        provider
    }

    /// What the library says to something, refusals among it.
    fn says(&mut self, wanted: &Value) -> Value {
        writeln!(self.input, "{wanted}").expect("the program listens");
        let line = self.output.next().expect("the program answers").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
    }

    /// What the library says, which is no refusal.
    pub(super) fn does(&mut self, wanted: &Value) -> Value {
        let said = self.says(wanted);
        assert!(said.get("refused").is_none(), "{wanted}: {said}");
        said
    }

    fn acs(&self) -> String {
        format!("{}/acs", self.base)
    }

    fn slo(&self) -> String {
        format!("{}/slo", self.base)
    }

    /// Takes a message of the library's to the platform; the page there, or the address back at the service.
    async fn carry(&self, browser: &Browser, said: &Value) -> Page {
        if let Some(go) = said["go"].as_str() {
            return browser.get_until(go, &self.base).await;
        }
        let fields = said["fields"].as_array().unwrap_or_else(|| panic!("{said}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let form = Form {
            action: text(&said["action"]),
            method: "post".to_owned(),
            fields: fields
                .iter()
                .map(|pair| (text(&pair[0]), text(&pair[1])))
                .collect(),
            buttons: Vec::new(),
        };
        browser.submit_until(&form, &self.base).await
    }

    /// Asks, lets the person answer with card and consent, and hands the library the form that comes back.
    pub(super) async fn sign_in(&mut self, browser: &Browser, wanted: Value) -> Value {
        let request = self.does(&wanted);
        let form = self.response(browser, &request).await;
        self.does(&json!({ "do": "answer", "form": form }))
    }

    /// The fields that a sign-in brings back to the service.
    async fn response(&self, browser: &Browser, request: &Value) -> String {
        let mut page = self.carry(browser, request).await;
        for _ in 0..4 {
            let form = if page.has_form(&self.acs()) {
                let form = page.form(&self.acs());
                let mut fields = url::form_urlencoded::Serializer::new(String::new());
                return fields.extend_pairs(&form.fields).finish();
            } else if page.has_form("/consent") {
                page.form("/consent").with("decision", "agree")
            } else {
                page.form("/card")
            };
            page = browser.submit_until(&form, &self.base).await;
        }
        panic!("no response: {} {}", page.url, page.body)
    }
}

async fn is_signed_in(platform: &Platform, browser: &Browser) -> bool {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    page.has_form("/account/end-all")
}

/// The next message to the service: a redirect's query, or the link of the page that tells of the logout.
async fn message_to(browser: &Browser, page: Page, provider: &Provider) -> String {
    let page = if page.url.as_str().starts_with(&provider.slo()) {
        page
    } else {
        let next = page
            .body
            .split("href=\"")
            .filter_map(|rest| rest.split('"').next())
            .find(|url| url.ends_with("/next"))
            .map_or_else(
                || panic!("no next: {} {}", page.url, page.body),
                |url| page.url.join(url).unwrap(),
            );
        browser.get_until(next.as_str(), &provider.base).await
    };
    assert!(page.url.as_str().starts_with(&provider.slo()), "{}", page.url);
    page.url.query().expect("a message").to_owned()
}

#[tokio::test]
async fn sign_in_with_encryption_and_without_by_both_request_bindings() {
    let platform = Platform::start().await;
    for library in LIBRARIES {
        for encrypt in [false, true] {
            let name = if encrypt { "on" } else { "off" };
            let platform = if encrypt {
                &Platform::start().await
            } else {
                &platform
            };
            let mut provider = Provider::start(platform, library, encrypt, encrypt).await;
            let browser = platform.browser_with_new_card();
            let first = provider.sign_in(&browser, json!({ "do": "ask" })).await;
            assert_eq!(
                first["encrypted"], encrypt,
                "{library}, encryption {name}: {first}"
            );
            assert_eq!(first["context"], format!("{CLASSES}SmartcardPKI"), "{library}");
            assert!(
                first["format"].as_str().unwrap().ends_with(":persistent"),
                "{first}"
            );
            assert!(
                first["attributes"].to_string().contains("crl"),
                "{library}: {first}"
            );
            // Single sign-on; pysaml2 by POST this time, python3-saml has Redirect alone.
            let again = provider
                .sign_in(
                    &browser,
                    json!({ "do": "ask", "post": true, "contexts": [format!("{CLASSES}TLSClient")] }),
                )
                .await;
            assert_eq!(again["name"], first["name"], "{library}");
            assert_eq!(again["context"], format!("{CLASSES}TLSClient"), "{library}");
            let other = platform.browser_with_new_card();
            let other = provider.sign_in(&other, json!({ "do": "ask" })).await;
            assert_ne!(other["name"], first["name"], "{library}");
        }
    }
}

/// A library that takes everything proves nothing: what was altered on the way, and what comes a second time, it refuses.
#[tokio::test]
async fn what_was_altered_or_is_another_requests_is_refused_there() {
    let platform = Platform::start().await;
    for library in LIBRARIES {
        let mut provider = Provider::start(&platform, library, false, false).await;
        let browser = platform.browser_with_new_card();
        let request = provider.does(&json!({ "do": "ask" }));
        let form = provider.response(&browser, &request).await;
        let altered: String = {
            use base64::Engine as _;
            let engine = base64::engine::general_purpose::STANDARD;
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes())
                .map(|(name, value)| {
                    let value = if name == "SAMLResponse" {
                        let xml = String::from_utf8(engine.decode(value.as_bytes()).unwrap()).unwrap();
                        assert!(xml.contains(">crl<"), "{xml}");
                        engine.encode(xml.replace(">crl<", ">ocsp<"))
                    } else {
                        value.into_owned()
                    };
                    (name.into_owned(), value)
                })
                .collect();
            url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&fields)
                .finish()
        };
        let said = provider.says(&json!({ "do": "answer", "form": altered }));
        assert!(said.get("refused").is_some(), "{library}: {said}");
        // The answer to an earlier question, once another one was asked and answered.
        provider.sign_in(&browser, json!({ "do": "ask" })).await;
        if library == "python3-saml" {
            let said = provider.says(&json!({ "do": "answer", "form": form }));
            assert!(said.get("refused").is_some(), "{library}: {said}");
        }
    }
}

#[tokio::test]
async fn the_service_signs_out_at_the_platform() {
    let platform = Platform::start().await;
    for library in LIBRARIES {
        let mut provider = Provider::start(&platform, library, false, false).await;
        let browser = platform.browser_with_new_card();
        provider.sign_in(&browser, json!({ "do": "ask" })).await;
        assert!(is_signed_in(&platform, &browser).await);
        let request = provider.does(&json!({ "do": "logout" }));
        let page = provider.carry(&browser, &request).await;
        assert!(
            page.url.as_str().starts_with(&provider.slo()),
            "{library}: {} {}",
            page.url,
            page.body
        );
        let said = provider.does(&json!({ "do": "logout_answer", "query": page.url.query() }));
        assert_eq!(said["status"], SUCCESS, "{library}");
        assert!(!is_signed_in(&platform, &browser).await, "{library}");
    }
}

#[tokio::test]
async fn the_platform_signs_out_at_the_service() {
    for library in LIBRARIES {
        // No roots for the services' TLS: the browser carries everything.
        let platform = Platform::start_with(PlatformOptions {
            logout: String::new(),
            ..PlatformOptions::default()
        })
        .await;
        let mut provider = Provider::start(&platform, library, false, false).await;
        let browser = platform.browser_with_new_card();
        provider.sign_in(&browser, json!({ "do": "ask" })).await;
        let page = browser.get(&format!("{}/account", platform.origin)).await;
        let page = browser
            .submit_until(&page.form("/account/end-all"), &provider.base)
            .await;
        let query = message_to(&browser, page, &provider).await;
        let answer = provider.does(&json!({ "do": "logout_request", "query": query }));
        let page = provider.carry(&browser, &answer).await;
        assert!(
            page.body.contains("Signed out."),
            "{library}: {} {}",
            page.url,
            page.body
        );
        assert!(!is_signed_in(&platform, &browser).await, "{library}");
    }
}
