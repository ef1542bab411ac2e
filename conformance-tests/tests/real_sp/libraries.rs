//! Client libraries of others, unmodified from their registries: openid-client and oauth4webapi (npm), Authlib (Python package index). Each
//! runs as a program of its own (`relying_parties/`), asks for a browser, and says what it was told.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use conformance_tests::{
    Browser, MachineClient, MutualTls, Page, Platform, PlatformOptions, RelyingParty, SELF_REGISTRATION,
    SigningClient, Wanted,
};
use serde_json::{Value, json};

/// By version and digest of the files that the Python package index serves.
const REQUIREMENTS: &str = include_str!("../../relying_parties/requirements.txt");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("relying_parties")
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A Python with Authlib: the one that `cargo xtask test` names, else one made once beside the build.
fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("GAP_AUTHLIB_PYTHON") {
        return named.into();
    }
    let program = std::env::current_exe().expect("this program");
    let home = program
        .ancestors()
        .nth(3)
        .expect("a target folder")
        .join("authlib-python");
    let (python, ready) = (home.join("bin/python3"), home.join("requirements.txt"));
    if std::fs::read_to_string(&ready).is_ok_and(|installed| installed == REQUIREMENTS) {
        return python;
    }
    let _ = std::fs::remove_dir_all(&home);
    run(Command::new("python3").args(["-m", "venv"]).arg(&home));
    let wanted = home.join("wanted.txt");
    std::fs::write(&wanted, REQUIREMENTS).expect("requirements");
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "-r"])
        .arg(&wanted));
    std::fs::rename(wanted, ready).expect("requirements");
    python
}

/// Goes where a program asks, card and consent included, until its redirect URI; what it is told then.
async fn visit(browser: &Browser, client: &RelyingParty, go: &str, number: Option<&str>) -> Value {
    let mut page: Page = browser.get_until(go, &client.redirect_uri).await;
    for _ in 0..6 {
        if client.is_reply(page.url.as_str()) {
            return json!({ "url": page.url.as_str() });
        }
        if page.has_form(&client.redirect_uri) {
            let form = page.form(&client.redirect_uri);
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            return json!({ "form": body.extend_pairs(&form.fields).finish() });
        }
        if page.url.path().starts_with("/activate/done/") {
            return json!({ "url": page.url.as_str() });
        }
        let form = if page.has_form("/consent") {
            let form = page.form("/consent").with("decision", "agree");
            match number {
                Some(number) => form.with("number", number),
                None => form,
            }
        } else if page.has_form("/activate") {
            page.form("/activate")
        } else {
            page.form("/card")
        };
        page = browser.submit_until(&form, &client.redirect_uri).await;
    }
    panic!("no reply after six pages, at {}", page.url)
}

/// Lets a program sign one person in; what it was told.
pub(crate) async fn signs_in(
    platform: &Platform,
    browser: &Browser,
    client: &RelyingParty,
    mut program: Command,
) -> Value {
    let ca = platform.path().join("libraries-ca.pem");
    std::fs::write(&ca, &platform.ca_pem).expect("authority");
    let mut child = program
        .current_dir(folder())
        .env("NODE_EXTRA_CA_CERTS", &ca)
        .env("REQUESTS_CA_BUNDLE", &ca)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let (mut input, output) = (
        child.stdin.take().expect("stdin"),
        child.stdout.take().expect("stdout"),
    );
    let (lines, mut said) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    loop {
        let line = tokio::time::timeout(std::time::Duration::from_mins(1), said.recv())
            .await
            .expect("the program says something within a minute");
        let Some(line) = line else {
            let _ = child.wait();
            panic!("{program:?} ended without a result");
        };
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        if let Some(go) = message["go"].as_str() {
            let answer = visit(browser, client, go, message["number"].as_str()).await;
            writeln!(input, "{answer}").expect("the program listens");
        } else {
            assert!(child.wait().expect("the program").success());
            return message["done"].clone();
        }
    }
}

async fn a_library_signs_in(program: impl Fn(&str) -> Command, flows: &[&str], client_id: &str) {
    let platform = Platform::start_with(PlatformOptions {
        more_config: "[oidc]\ndevice_interval_seconds = 1".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let devices = "tokens = { device_authorization = true }";
    let client = SigningClient::register(&platform, client_id, devices);
    let browser = platform.browser_with_new_card();
    let mut subjects = Vec::new();
    for flow in flows {
        let asked = json!({
            "issuer": platform.origin, "clientId": client_id, "redirectUri": client.rp.redirect_uri,
            "pkcs8": client.pkcs8(), "flow": flow,
        });
        let told = signs_in(&platform, &browser, &client.rp, program(&asked.to_string())).await;
        assert_eq!(told["claims"]["iss"], platform.origin.as_str(), "{flow}");
        assert_eq!(told["claims"]["acr"], "aal3", "{flow}: {told}");
        assert!(told["claims"]["auth_time"].is_i64(), "{flow}: {told}");
        assert_eq!(told["info"]["sub"], told["claims"]["sub"], "{flow}");
        subjects.push(told["claims"]["sub"].clone());
    }
    assert_eq!(subjects.len(), flows.len());
    assert!(subjects.iter().all(|sub| *sub == subjects[0]), "one person");
}

fn node(library: &'static str) -> impl Fn(&str) -> Command {
    move |asked| node_program("party.mjs", library, asked)
}

/// A program in `relying_parties/`, made of a library, that is asked for something.
pub(crate) fn node_program(file: &str, library: &str, asked: &str) -> Command {
    let mut node = Command::new("node");
    node.args(["--import", "./resolve.mjs", file, asked, library]);
    node
}

const FLOWS: [&str; 6] = [
    "plain",
    "form_post",
    "pushed",
    "signed",
    "signed_and_pushed",
    "device",
];

/// By the lock file, once.
pub(crate) fn npm_packages() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let there = |name: &str| {
            folder()
                .join("node_modules")
                .join(name)
                .join("package.json")
                .is_file()
        };
        if !(there("openid-client") && there("oauth4webapi")) {
            run(Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund", "--prefix"])
                .arg(folder()));
        }
    });
}

#[tokio::test]
async fn openid_client() {
    npm_packages();
    a_library_signs_in(node("openid-client"), &FLOWS, "rp-openid-client").await;
}

#[tokio::test]
async fn oauth4webapi() {
    npm_packages();
    a_library_signs_in(node("oauth4webapi"), &FLOWS, "rp-oauth4webapi").await;
}

#[tokio::test]
async fn authlib() {
    let python = python();
    let program = |asked: &str| {
        let mut command = Command::new(&python);
        command.args(["party.py", asked]);
        command
    };
    a_library_signs_in(program, &["plain", "form_post", "pushed", "signed"], "rp-authlib").await;
}

/// The library registers itself, by an initial access token, and signs somebody in as the client that it became.
async fn a_library_registers_itself(program: impl Fn(&str) -> Command) {
    let platform = Platform::start_with(PlatformOptions {
        more_config: SELF_REGISTRATION.to_owned(),
        ..Default::default()
    })
    .await;
    let token = platform.initial_token("library", &["rp.localhost"], 3, "standard");
    let client = SigningClient::unregistered("library").as_client("library", "https://rp.localhost:9/cb");
    let browser = platform.browser_with_new_card();
    let mut subjects = Vec::new();
    for flow in ["plain", "pushed", "signed"] {
        let asked = json!({
            "issuer": platform.origin, "redirectUri": client.rp.redirect_uri, "pkcs8": client.pkcs8(), "flow": flow,
            "registration": { "token": token, "metadata": {
                "redirect_uris": [client.rp.redirect_uri], "client_name": "Library", "jwks": { "keys": [client.jwk()] },
                "token_endpoint_auth_method": "private_key_jwt", "id_token_signed_response_alg": "ES256",
            } },
        });
        let told = signs_in(&platform, &browser, &client.rp, program(&asked.to_string())).await;
        assert_eq!(told["claims"]["iss"], platform.origin.as_str(), "{flow}");
        assert!(
            told["claims"]["aud"]
                .as_str()
                .is_some_and(|aud| aud.starts_with("self-")),
            "{told}"
        );
        assert_eq!(told["claims"]["acr"], "aal3", "{flow}: {told}");
        assert_eq!(told["info"]["sub"], told["claims"]["sub"], "{flow}");
        subjects.push(told["claims"]["sub"].to_string());
    }
    subjects.dedup();
    assert_eq!(
        subjects.len(),
        3,
        "each client that registered itself is a sector of its own"
    );
    let list = platform.command(&["registration", "token", "list"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("used up"));
}

#[tokio::test]
async fn openid_client_registers_itself() {
    npm_packages();
    a_library_registers_itself(node("openid-client")).await;
}

#[tokio::test]
async fn oauth4webapi_registers_itself() {
    npm_packages();
    a_library_registers_itself(node("oauth4webapi")).await;
}

/// Both libraries with a certificate at the aliases that discovery names, their tokens bound to it; and with an Ed25519 key.
async fn a_library_proves_itself_otherwise(library: &'static str) {
    npm_packages();
    let house = MutualTls::start().await;
    let (platform, certificates) = (&house.platform, &house.certificates);
    let good = Wanted {
        san: "URI:urn:ministry:library",
        issuer: Some("pinned"),
        ..Wanted::default()
    };
    certificates.certify("library", &good);
    let client = MachineClient::register(
        &house,
        "rp-mtls",
        "method = \"tls_client_auth\", tls_client_auth_san_uri = \"urn:ministry:library\"",
        "[oidc.tokens]\ntls_client_certificate_bound_access_tokens = true\n",
    );
    let both = std::fs::read_to_string(certificates.folder().join("library.both")).expect("PEM");
    let browser = platform.browser_with_new_card();
    for flow in ["plain", "pushed"] {
        let asked = json!({
            "issuer": platform.origin, "clientId": "rp-mtls", "redirectUri": client.rp.redirect_uri,
            "certificate": both, "flow": flow,
        });
        let program = node(library)(&asked.to_string());
        let told = signs_in(platform, &browser, &client.rp, program).await;
        assert_eq!(told["info"]["sub"], told["claims"]["sub"], "{flow}: {told}");
        // The library's token, without the library's certificate.
        let token = told["token"].as_str().expect("a token");
        let stolen = client
            .userinfo(&certificates.showing(None), &client.mutual, token)
            .await;
        assert_eq!(stolen.status, 401, "{stolen:?}");
    }
    let key = Ed25519KeyPair::generate().expect("a key");
    let pkcs8 = key.to_pkcs8v1().expect("PKCS#8");
    let x = jose::encode_base64url(key.public_key().as_ref());
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}]});
    let client = MachineClient::register(
        &house,
        "rp-edwards",
        &format!("method = \"private_key_jwt\", jwks = '{jwks}'"),
        "[oidc.tokens]\ntoken_endpoint_auth_signing_alg = \"Ed25519\"\n",
    );
    for flow in ["plain", "signed_and_pushed"] {
        use base64::Engine as _;
        let asked = json!({
            "issuer": platform.origin, "clientId": "rp-edwards", "redirectUri": client.rp.redirect_uri,
            "pkcs8": base64::engine::general_purpose::STANDARD.encode(pkcs8.as_ref()), "curve": "Ed25519", "flow": flow,
        });
        let program = node(library)(&asked.to_string());
        let told = signs_in(platform, &browser, &client.rp, program).await;
        assert_eq!(told["info"]["sub"], told["claims"]["sub"], "{flow}: {told}");
    }
}

#[tokio::test]
async fn openid_client_with_a_certificate_and_with_ed25519() {
    a_library_proves_itself_otherwise("openid-client").await;
}

#[tokio::test]
async fn oauth4webapi_with_a_certificate_and_with_ed25519() {
    a_library_proves_itself_otherwise("oauth4webapi").await;
}
