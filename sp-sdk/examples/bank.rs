//! A bank that is an approved verifier (検証代行): it has a signed application verified, registers a watch and a consent that its customer
//! signed, asks the latest 基本4情報, and takes changes by signed push and by polling (idp-server/docs/verifier-api.md).
//!
//! `bank BANK.toml keys` makes the bank's key where there is none, and prints the JWK set for its registration.
//! `bank BANK.toml run` does the rest, until one change was told in both ways.
//!
//! What the customer signs is exchanged as files: the bank lays `NAME.txt` on its desk, the customer's software (here whoever plays the
//! customer) puts the CMS message beside it as `NAME.p7m`.

#![allow(clippy::print_stdout, reason = "standard output is this bank's screen")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::{Clock as _, Entropy as _};
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Value, json};
use sp_sdk::web::{self, Stopped};
use sp_sdk::{MachineClock, MachineEntropy};

type Failure = Box<dyn Error>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The platform's origin.
    platform: String,
    /// This bank's identifier in the register of verifiers.
    verifier: String,
    /// Its signing key (PKCS#8 DER).
    key: PathBuf,
    /// Where it takes notices: the address of `push.url` in its registration.
    listen: SocketAddr,
    certificate: PathBuf,
    private_key: PathBuf,
    /// Where documents to sign and signed ones lie.
    desk: PathBuf,
    /// The last day of the consents, `YYYY-MM-DD`.
    until: String,
    /// Seconds that the customer, and then a change, is waited for.
    patience_seconds: u64,
    /// Names and addresses, where the system does not know them.
    addresses: Vec<(String, SocketAddr)>,
    trusted_ca_pem: String,
}

struct Bank {
    settings: Settings,
    http: Client,
    key: EcdsaKeyPair,
    token: Mutex<String>,
}

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    // As a sentence: what `main` returns is printed in Rust's notation otherwise.
    run()
        .await
        .map_err(|failure| Stopped::because(failure.to_string()))
}

async fn run() -> Result<(), Failure> {
    let usage = "usage: bank BANK.toml keys|run";
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or(usage)?;
    let settings: Settings = toml::from_str(&web::read(path).map_err(|stopped| format!("{stopped:?}"))?)?;
    let key = own_key(&settings)?;
    match arguments.next().as_deref() {
        Some("keys") => {
            println!("{}", json!({ "keys": [jwk(&key)?] }));
            Ok(())
        }
        Some("run") => {
            let http = client(&settings)?;
            let token = Mutex::default();
            let bank = Bank {
                settings,
                http,
                key,
                token,
            };
            bank.run().await
        }
        _ => Err(usage.into()),
    }
}

impl Bank {
    async fn run(&self) -> Result<(), Failure> {
        self.sign_in().await?;
        let pushed = self.take_notices()?;

        // An application to open an account, signed with the card.
        let message = self
            .signed("application", "Application to open an account\n")
            .await?;
        let body = json!({"purpose": "account-opening", "cms": {"message": message}});
        let verdict = self.ask("POST", "/v1/signatures/verify", Some(&body)).await?;
        println!("[bank] verdict: {}", text(&verdict, "verdict")?);
        println!("[bank] evidence: {}", text(&verdict, "evidence")?);
        if text(&verdict, "verdict")? != "valid" {
            return Err("an application that is not signed well is not accepted".into());
        }

        // Two consents: to be told of changes, and to be given the latest items.
        let watch = self
            .consent("status_watch", "account-opening", "/v1/watches")
            .await?;
        println!("[bank] watching: {watch}");
        let items = self
            .consent("latest_items", "account-opening", "/v1/four-items-consents")
            .await?;
        self.print_items(&items).await?;

        // A change, by push and by polling. Polling alone would do: push only makes it sooner.
        let notice = self.polled(&watch).await?;
        println!("[bank] polled: {}", text(part(&notice, "reading")?, "code")?);
        let event = self.pushed(&pushed, &watch).await?;
        println!("[bank] pushed: {}", text(part(&event, "reading")?, "code")?);
        if event != notice {
            return Err("what was pushed is not what was polled".into());
        }
        self.print_items(&items).await
    }

    /// An access token by `private_key_jwt` (RFC 7523). It lives minutes: a real bank asks again when it is refused.
    async fn sign_in(&self) -> Result<(), Failure> {
        let now = MachineClock.now().seconds();
        let mut id = [0; 16];
        MachineEntropy.fill(&mut id);
        let claims = json!({
            "iss": self.settings.verifier, "sub": self.settings.verifier,
            "aud": self.settings.platform, "iat": now, "exp": now.saturating_add(60),
            "jti": URL_SAFE_NO_PAD.encode(id),
        });
        let header = json!({"alg": "ES256", "kid": "bank-1", "typ": "JWT"});
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = self
            .key
            .sign(&SystemRandom::new(), input.as_bytes())
            .map_err(|_| "the bank's key does not sign")?;
        let assertion = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
        let form = [
            ("grant_type", "client_credentials"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &assertion),
        ];
        let url = format!("{}/v1/token", self.settings.platform);
        let answer: Value = self.http.post(url).form(&form).send().await?.json().await?;
        let token = text(&answer, "access_token").map_err(|_| format!("no token: {answer}"))?;
        token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// One operation of the interface. Problems have a stable `code` and a title in two languages.
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let url = format!("{}{path}", self.settings.platform);
        let mut request = self.http.request(method.parse()?, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let good = answer.status().is_success();
        let said: Value = answer.json().await?;
        if good {
            Ok(said)
        } else {
            Err(format!("{path}: {said}").into())
        }
    }

    /// Has the platform compose a text, the customer sign it, and the platform register it; its number.
    async fn consent(&self, kind: &str, purpose: &str, register: &str) -> Result<String, Failure> {
        let request = json!({"kind": kind, "purpose": purpose, "until": self.settings.until});
        let composed = self.ask("POST", "/v1/consent-texts", Some(&request)).await?;
        let message = self.signed(kind, text(&composed, "text")?).await?;
        let held = self
            .ask("POST", register, Some(&json!({"message": message})))
            .await?;
        Ok(text(&held, "consent")?.to_owned())
    }

    /// Lays a text on the desk and waits for the customer's signature; base64.
    async fn signed(&self, name: &str, document: &str) -> Result<String, Failure> {
        let (asked, given) = (
            self.settings.desk.join(format!("{name}.txt")),
            self.settings.desk.join(format!("{name}.p7m")),
        );
        std::fs::write(asked, document)?;
        println!("[bank] please sign: {name}");
        self.wait_for(name, async || Ok(std::fs::read(&given).ok()))
            .await
            .map(|message| STANDARD.encode(message))
    }

    async fn print_items(&self, consent: &str) -> Result<(), Failure> {
        let path = format!("/v1/four-items-consents/{consent}/latest");
        let answer = self.ask("POST", &path, Some(&json!({}))).await?;
        let items = part(&answer, "four_items")?;
        println!("[bank] latest address: {}", text(items, "address")?);
        Ok(())
    }

    /// Asks for notices until there is one about this watch.
    async fn polled(&self, watch: &str) -> Result<Value, Failure> {
        self.wait_for("a notice", async || {
            let page = self.ask("GET", "/v1/notices?after=0", None).await?;
            let notices = page.get("notices").and_then(Value::as_array);
            Ok(notices
                .into_iter()
                .flatten()
                .find(|one| about(one, watch))
                .cloned())
        })
        .await
    }

    /// Waits for a pushed token about this watch; what it says, if it is the platform's and for this bank.
    async fn pushed(&self, tokens: &Tokens, watch: &str) -> Result<Value, Failure> {
        let keys: Value = self
            .http
            .get(format!("{}/oidc/jwks", self.settings.platform))
            .send()
            .await?
            .json()
            .await?;
        self.wait_for("a push", async || {
            let held = tokens.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for token in held {
                let event = self.event(&token, &keys)?;
                if about(&event, watch) {
                    return Ok(Some(event));
                }
            }
            Ok(None)
        })
        .await
    }

    /// A Security Event Token (RFC 8417): `typ`, algorithm, signature, issuer and audience before anything in it is believed. `jti` tells
    /// repetitions; this bank sees the same notice twice without harm.
    fn event(&self, token: &str, keys: &Value) -> Result<Value, Failure> {
        let mut parts = token.split('.');
        let (Some(head), Some(body), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("not a compact JWS".into());
        };
        let json = |part: &str| -> Result<Value, Failure> {
            Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
        };
        let header = json(head)?;
        if text(&header, "alg")? != "ES256" || text(&header, "typ")? != "secevent+jwt" {
            return Err("not the algorithm or the type of notices".into());
        }
        let kid = text(&header, "kid")?;
        let keys = keys.get("keys").and_then(Value::as_array);
        let key = keys
            .into_iter()
            .flatten()
            .find(|key| key.get("kid").is_some_and(|held| held == kid))
            .ok_or("signed with a key that the platform does not publish")?;
        let point = [
            vec![4],
            URL_SAFE_NO_PAD.decode(text(key, "x")?)?,
            URL_SAFE_NO_PAD.decode(text(key, "y")?)?,
        ]
        .concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(
                format!("{head}.{body}").as_bytes(),
                &URL_SAFE_NO_PAD.decode(signature)?,
            )
            .map_err(|_| "the platform did not sign this")?;
        let claims = json(body)?;
        if text(&claims, "iss")? != self.settings.platform || text(&claims, "aud")? != self.settings.verifier
        {
            return Err("not from this platform, or not for this bank".into());
        }
        let name = format!("{}/v1/events/state-changed", self.settings.platform);
        Ok(part(part(&claims, "events")?, &name)?.clone())
    }

    /// Serves the address that notices are pushed to.
    fn take_notices(&self) -> Result<Arc<Tokens>, Failure> {
        let tokens = Arc::new(Tokens::default());
        let data = Data::from(Arc::clone(&tokens));
        let listen = self.settings.listen;
        let tls = web::tls(&self.settings.certificate, &self.settings.private_key)?;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/notices", post().to(notice))
        })
        .workers(1)
        .disable_signals()
        .bind_rustls_0_23(listen, tls)
        .map_err(web::taken(listen))?
        .run();
        actix_web::rt::spawn(server);
        Ok(tokens)
    }

    async fn wait_for<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let patience = Duration::from_secs(self.settings.patience_seconds);
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            actix_web::rt::time::sleep(Duration::from_millis(200)).await;
        }
        Err(format!("{what} did not come in {} s", patience.as_secs()).into())
    }
}

/// Tokens as they came; they are verified before they are believed.
type Tokens = Mutex<Vec<String>>;

/// `POST /notices` (RFC 8935): 202 says that it is kept.
async fn notice(tokens: Data<Tokens>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let kind = request.headers().get("content-type");
    let token = String::from_utf8(body.to_vec());
    match (kind.is_some_and(|kind| kind == "application/secevent+jwt"), token) {
        (true, Ok(token)) if token.len() <= 16_384 => {
            let mut held = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            if held.len() < 1000 {
                held.push(token);
            }
            HttpResponse::Accepted().finish()
        }
        _ => HttpResponse::BadRequest().finish(),
    }
}

fn about(notice: &Value, watch: &str) -> bool {
    notice.get("consent").is_some_and(|consent| consent == watch)
}

fn part<'a>(value: &'a Value, name: &str) -> Result<&'a Value, Failure> {
    value
        .get(name)
        .ok_or_else(|| format!("no {name} in {value}").into())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Failure> {
    part(value, name)?
        .as_str()
        .ok_or_else(|| format!("{name} is no text").into())
}

fn own_key(settings: &Settings) -> Result<EcdsaKeyPair, Failure> {
    if !settings.key.exists() {
        let fresh = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| "no key could be made")?;
        write_secret(&settings.key, fresh.as_ref())?;
    }
    let pkcs8 = std::fs::read(&settings.key)?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)
        .map_err(|_| format!("{} holds no P-256 key", settings.key.display()).into())
}

fn write_secret(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(bytes)?;
    Ok(())
}

fn jwk(key: &EcdsaKeyPair) -> Result<Value, Failure> {
    let point = key.public_key().as_ref();
    let coordinates = point
        .strip_prefix(&[4])
        .and_then(|rest| rest.split_at_checked(32));
    let (x, y) = coordinates.ok_or("not an uncompressed point")?;
    Ok(json!({
        "kty": "EC", "crv": "P-256", "kid": "bank-1", "use": "sig", "alg": "ES256",
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    }))
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
        .timeout(Duration::from_secs(20));
    for (name, address) in &settings.addresses {
        builder = builder.resolve(name, *address);
    }
    Ok(builder.build()?)
}
