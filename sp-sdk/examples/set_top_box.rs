//! A set-top box with a card reader: it opens a service, signs in with the card in its reader, and goes on in the service. The card
//! is simulated; everything else is what a box has to do (idp-server/docs/device.md).
//!
//! `set_top_box BOX.toml` signs this box in; `set_top_box BOX.toml BCDF-GHJK` lends the reader to a screen that shows this code.
//! `cargo xtask demo` writes such a file.

#![allow(clippy::print_stdout, reason = "standard output is this box's screen")]

use std::error::Error;
use std::io::BufRead as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::Language;
use login::challenge::{Challenge, SessionAt};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Value, json};
use sim::card::{Card, CardSigning};
use sim::keys::KeyCache;
use sp_sdk::web::{self, Stopped};

type Failure = Box<dyn Error>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The platform that this box was built for. A challenge of any other origin is not signed.
    platform: String,
    /// Where the service begins its sign-in.
    service: String,
    /// The simulated JPKI's folder, and the card that lies in the reader.
    cards: PathBuf,
    card: String,
    pin: String,
    /// Names and addresses, where the system does not know them.
    addresses: Vec<(String, SocketAddr)>,
    trusted_ca_pem: String,
}

struct SetTopBox {
    settings: Settings,
    http: Client,
    card: Card,
}

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    // As a sentence: what `main` returns is printed in Rust's notation otherwise.
    run()
        .await
        .map_err(|failure| Stopped::because(failure.to_string()))
}

async fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: set_top_box BOX.toml [CODE]")?;
    let settings: Settings = toml::from_str(&web::read(path).map_err(|stopped| format!("{stopped:?}"))?)?;
    let card = sim::Simulation::open(&settings.cards, KeyCache::shared())?.card(&settings.card)?;
    let http = client(&settings)?;
    let mut here = SetTopBox { settings, http, card };
    match arguments.next() {
        None => here.sign_in().await,
        Some(code) => here.lend_reader(&code).await,
    }
}

impl SetTopBox {
    /// The box is the service's browser: it began the sign-in, and the session will be in it.
    async fn sign_in(&mut self) -> Result<(), Failure> {
        let page = self.open(&self.settings.service.clone()).await?;
        let transaction = page
            .url()
            .path()
            .strip_prefix("/sign-in/")
            .ok_or("the service does not lead to a sign-in")?
            .to_owned();
        let asked = json!({ "transaction": transaction, "channel": "set-top-box" });
        let given = self.ask("/device/attempts", None, &asked).await?;
        let proven = self.use_card(&given, SessionAt::ThisDevice).await?;
        let page = self.open(text(&proven, "continue")?).await?;
        let page = self.agree(page).await?;
        println!("[box] signed in at {}", page.url().host_str().unwrap_or_default());
        println!("{}", page.text().await?);
        Ok(())
    }

    /// Another screen began it and shows a code; only the reader is here.
    async fn lend_reader(&mut self, code: &str) -> Result<(), Failure> {
        let asked = json!({ "code": code, "channel": "set-top-box" });
        let given = self.ask("/device/claims", None, &asked).await?;
        self.use_card(&given, SessionAt::OtherScreen).await?;
        println!(
            "[box] The other screen now shows two digits. Type them, or press Enter if you did not begin this:"
        );
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed)?;
        let number = Some(typed.trim()).filter(|typed| !typed.is_empty());
        let path = format!("/device/attempts/{}/number", text(&given, "attempt")?);
        self.ask(
            &path,
            Some(text(&given, "device_secret")?),
            &json!({ "number": number }),
        )
        .await?;
        println!("[box] confirmed: go on at the other screen");
        Ok(())
    }

    /// Shows what is to be signed, and signs it if it is what this box may sign.
    async fn use_card(&mut self, given: &Value, expected: SessionAt) -> Result<Value, Failure> {
        let octets = URL_SAFE_NO_PAD.decode(text(given, "challenge")?)?;
        let challenge = Challenge::parse(&octets)?;
        if challenge.origin != self.settings.platform || challenge.session_at != expected {
            return Err(format!("this box does not sign for {}", challenge.origin).into());
        }
        println!("[box] {}", challenge.service_name.get(Language::En));
        println!("[box] asks you to sign in by {}", challenge.origin);
        println!("[box] the sign-in will be at: {}", challenge.session_at.as_str());
        println!("[box] put your card on the reader and enter your PIN: ****");
        let algorithm = match self.card.signing() {
            CardSigning::Pkcs1 | CardSigning::Pss => "rsa-pkcs1-sha256",
            CardSigning::Ecdsa => "ecdsa-p384-sha384",
        };
        let signature = self.card.sign(&self.settings.pin, &octets)?;
        let proof = json!({
            "certificate": STANDARD.encode(self.card.certificate()),
            "algorithm": algorithm,
            "signature": STANDARD.encode(signature),
        });
        let path = format!("/device/attempts/{}/proof", text(given, "attempt")?);
        self.ask(&path, Some(text(given, "device_secret")?), &proof).await
    }

    /// Asks the platform's interface for devices.
    async fn ask(&self, path: &str, secret: Option<&str>, body: &Value) -> Result<Value, Failure> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.settings.platform))
            .json(body);
        if let Some(secret) = secret {
            request = request.bearer_auth(secret);
        }
        let answer = request.send().await?;
        let good = answer.status().is_success();
        let said: Value = answer.json().await?;
        if good {
            Ok(said)
        } else {
            Err(format!("the platform says no: {said}").into())
        }
    }

    /// Opens an address and follows redirects, as a browser does.
    async fn open(&self, address: &str) -> Result<Response, Failure> {
        let mut url = Url::parse(address)?;
        for _ in 0..10 {
            let answer = self.http.get(url.clone()).send().await?;
            match redirected(&answer)? {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        Err("redirects without end".into())
    }

    /// The consent page, where there is one: a box with a real browser shows it and the person decides.
    async fn agree(&self, page: Response) -> Result<Response, Failure> {
        if page.status() != StatusCode::OK || !page.url().path().starts_with("/sign-in/") {
            return Ok(page);
        }
        let url = page.url().clone();
        let html = page.text().await?;
        let between = |before: &str| {
            html.split_once(before)
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(value, _)| value.to_owned())
        };
        let (Some(action), Some(token)) = (
            between("<form method=\"post\" action=\""),
            between("name=\"csrf\" value=\""),
        ) else {
            return Err("this page asks for something that this box does not know".into());
        };
        println!("[box] the service asks for what the platform's page lists; you agree");
        let form = [("csrf", token.as_str()), ("decision", "agree")];
        let answer = self.http.post(url.join(&action)?).form(&form).send().await?;
        match redirected(&answer)? {
            Some(next) => self.open(next.as_str()).await,
            None => Ok(answer),
        }
    }
}

fn redirected(answer: &Response) -> Result<Option<Url>, Failure> {
    match answer.headers().get(LOCATION) {
        Some(location) if answer.status().is_redirection() => {
            Ok(Some(answer.url().join(location.to_str()?)?))
        }
        _ => Ok(None),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Failure> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no {name} in the platform's answer").into())
}

fn client(settings: &Settings) -> Result<Client, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(
        settings.trusted_ca_pem.as_bytes(),
    )?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut builder = Client::builder()
        .use_preconfigured_tls(tls)
        .https_only(true)
        .cookie_store(true)
        .redirect(Policy::none())
        .timeout(Duration::from_secs(20));
    for (name, address) in &settings.addresses {
        builder = builder.resolve(name, *address);
    }
    Ok(builder.build()?)
}
