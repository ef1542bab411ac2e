//! What was wrong with an exchange, on a developer's screen: with the service's own credentials and the reference that the page, the
//! error description, the status message or the `Exchange-Reference` header shows (idp-server/docs/explain.md).
//!
//! `explain EXPLAIN.toml REFERENCE` prints one record, `explain EXPLAIN.toml` the latest ones.

#![allow(clippy::print_stdout, reason = "standard output is the developer's screen")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::{Clock as _, Entropy as _, Language};
use reqwest::{Client, Response, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Value, json};
use sp_sdk::web::{self, Stopped};
use sp_sdk::{MachineClock, MachineEntropy};

type Failure = Box<dyn Error>;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The platform's issuer.
    platform: String,
    /// The `client_id`, or the entityID of a SAML service.
    service: String,
    /// The client's secret in a file, where it has one.
    secret: Option<PathBuf>,
    /// The private key in PEM (PKCS#8, P-256 or RSA): of the client's key set, or of the metadata.
    key: Option<PathBuf>,
    /// The key's `kid` in the client's key set; none for a SAML service.
    key_id: Option<String>,
    /// `ja` or `en`.
    language: String,
    /// Names and addresses, where the system does not know them.
    #[serde(default)]
    addresses: Vec<(String, SocketAddr)>,
    /// Who certified the platform's TLS server.
    trusted_ca_pem: String,
}

/// What the words mean to people.
struct Words {
    reason: &'static str,
    exchange: &'static str,
    proven: &'static str,
    unproven: &'static str,
    rules: &'static str,
    advice: &'static str,
    verdicts: [(&'static str, &'static str); 3],
}

const EN: Words = Words {
    reason: "Reason",
    exchange: "Exchange",
    proven: "sent by the service",
    unproven: "anybody may have sent it",
    rules: "Rules, in order",
    advice: "What to do",
    verdicts: [
        ("passed", "passed"),
        ("refused", "REFUSED"),
        ("not_reached", "not reached"),
    ],
};

const JA: Words = Words {
    reason: "断った理由",
    exchange: "やり取り",
    proven: "サービスが送ったもの",
    unproven: "誰でも送れるもの",
    rules: "規則（判定した順）",
    advice: "できること",
    verdicts: [
        ("passed", "適合"),
        ("refused", "不適合"),
        ("not_reached", "未実施"),
    ],
};

#[actix_web::main]
async fn main() -> Result<(), Stopped> {
    // As a sentence: what `main` returns is printed in Rust's notation otherwise.
    run()
        .await
        .map_err(|failure| Stopped::because(failure.to_string()))
}

async fn run() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: explain EXPLAIN.toml [REFERENCE]")?;
    let settings: Settings = toml::from_str(&web::read(path).map_err(|stopped| format!("{stopped:?}"))?)?;
    let language = Language::from_tag(&settings.language).ok_or("language is ja or en")?;
    let http = client(&settings)?;
    let token = token(&settings, &http).await?;
    let path = arguments
        .next()
        .map_or_else(String::new, |reference| format!("/{reference}"));
    let url = format!("{}/v1/exchanges{path}", settings.platform);
    let answer = http.get(url).bearer_auth(token).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Err("unknown, older than a day, or another service's".into());
    }
    let found = read(answer).await?;
    match found.get("exchanges").and_then(Value::as_array) {
        Some(all) => all.iter().for_each(line),
        None => print(&found, language),
    }
    Ok(())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or("-")
}

fn line(found: &Value) {
    println!(
        "{}  {}  {:32} {}",
        text(found, "at"),
        text(found, "reference"),
        text(found, "exchange"),
        text(found, "reason")
    );
}

fn print(found: &Value, language: Language) {
    let words = match language {
        Language::Ja => &JA,
        Language::En => &EN,
    };
    let sender = match found.get("proven") {
        Some(Value::Bool(true)) => words.proven,
        _ => words.unproven,
    };
    println!("{}  {}", text(found, "reference"), text(found, "at"));
    println!("{}: {} ({sender})", words.exchange, text(found, "exchange"));
    println!(
        "{}: {} ({})",
        words.reason,
        text(found, "reason"),
        text(found, "detail")
    );
    let advice = found.get("advice").unwrap_or(&Value::Null);
    println!(
        "{}: {}\n\n{}:",
        words.advice,
        text(advice, language.tag()),
        words.rules
    );
    for rule in found.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let verdict = text(rule, "verdict");
        let word = words.verdicts.iter().find(|(known, _)| *known == verdict);
        println!(
            "  {:12} {}  [{}]",
            word.map_or(verdict, |(_, word)| word),
            text(rule, "rule"),
            text(rule, "cites")
        );
        for fact in rule.get("facts").and_then(Value::as_array).into_iter().flatten() {
            println!(
                "      {:34} {}",
                text(fact, "name"),
                fact.get("value").unwrap_or(&Value::Null)
            );
        }
    }
}

/// A token, by the service's own credentials.
async fn token(settings: &Settings, http: &Client) -> Result<String, Failure> {
    let mut form = vec![("grant_type", "client_credentials".to_owned())];
    let mut request = http.post(format!("{}/v1/exchanges/token", settings.platform));
    if let Some(file) = &settings.secret {
        let secret = std::fs::read_to_string(file)?;
        request = request.basic_auth(encoded(&settings.service), Some(encoded(secret.trim())));
    } else {
        form.push(("client_assertion_type", JWT_BEARER.to_owned()));
        form.push(("client_assertion", assertion(settings)?));
    }
    let answer = read(request.form(&form).send().await?).await?;
    match answer.get("access_token").and_then(Value::as_str) {
        Some(token) => Ok(token.to_owned()),
        None => Err(format!("no token: {answer}").into()),
    }
}

/// Both halves of a Basic credential are encoded like forms (RFC 6749 section 2.3.1).
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(octet).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// A client assertion (RFC 7523): the issuer as the only audience, a minute long, used once.
fn assertion(settings: &Settings) -> Result<String, Failure> {
    let file = settings.key.as_ref().ok_or("either secret or key")?;
    let pem = std::fs::read_to_string(file)?;
    let base64: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let der = STANDARD.decode(base64)?;
    let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok();
    let mut header = json!({ "alg": if ec.is_some() { "ES256" } else { "RS256" }, "typ": "JWT" });
    if let (Some(id), Some(members)) = (&settings.key_id, header.as_object_mut()) {
        members.insert("kid".to_owned(), json!(id));
    }
    let now = MachineClock.now().seconds();
    let mut id = [0; 16];
    MachineEntropy.fill(&mut id);
    let claims = json!({
        "iss": settings.service, "sub": settings.service, "aud": settings.platform,
        "iat": now, "exp": now.saturating_add(60), "jti": URL_SAFE_NO_PAD.encode(id),
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(&header), part(&claims));
    let chance = SystemRandom::new();
    let signature = if let Some(key) = ec {
        key.sign(&chance, input.as_bytes())
            .map_err(|_| "the key does not sign")?
            .as_ref()
            .to_vec()
    } else {
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|_| "the key is neither P-256 nor RSA in PKCS#8")?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &chance, input.as_bytes(), &mut signature)
            .map_err(|_| "the key does not sign")?;
        signature
    };
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

async fn read(answer: Response) -> Result<Value, Failure> {
    let status = answer.status();
    let value: Value = serde_json::from_slice(&answer.bytes().await?)?;
    if status.is_success() {
        Ok(value)
    } else {
        Err(format!("{status}: {value}").into())
    }
}

fn client(settings: &Settings) -> Result<Client, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(settings.trusted_ca_pem.as_bytes()) {
        roots.add(certificate?)?;
    }
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
