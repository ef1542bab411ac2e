//! RFC 9963 (`rsa_pkcs1_sha256_legacy`, 0x0420) from a TLS stack that is not rustls: tlslite-ng, taught the code point by
//! `rfc9963_client.py`. OpenSSL 3.0 does not know it, and a Chromium with a software key signs PSS.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use conformance_tests::{Platform, RelyingParty};
use sim::CardRequest;
use url::Url;

use crate::clients::pem_files;
use crate::support::{door_url, handshakes, sign_in_page};

/// tlslite-ng and its dependencies, by version and digest of the files that the Python package index serves.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// A Python with tlslite-ng, made once beside the build.
fn python() -> PathBuf {
    let target = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(3)
        .unwrap()
        .to_owned();
    let home = target.join("door-python");
    let python = home.join("bin/python");
    let ready = home.join("requirements.txt");
    if std::fs::read_to_string(&ready).is_ok_and(|installed| installed == REQUIREMENTS) {
        return python;
    }
    let _ = std::fs::remove_dir_all(&home);
    run(Command::new("python3").args(["-m", "venv"]).arg(&home));
    let wanted = home.join("wanted.txt");
    std::fs::write(&wanted, REQUIREMENTS).unwrap();
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
        ])
        .arg(&wanted));
    std::fs::rename(wanted, ready).unwrap();
    python
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .expect("python3 (Debian packages python3 and python3-venv)");
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn client(platform: &Platform, address: &str, card: &Path, scheme: &str) -> Output {
    let url = Url::parse(address).unwrap();
    let mut command = Command::new(tokio::task::spawn_blocking(python).await.unwrap());
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/door/rfc9963_client.py"))
        .arg(platform.door_port.to_string())
        .arg(url.host_str().unwrap())
        .arg(card)
        .arg(scheme)
        .arg(format!("/?{}", url.query().unwrap()));
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_card_that_signs_pkcs1_alone_gets_through_tls_1_3_by_another_stack() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-tlslite");
    let (_, card) = platform.card(&CardRequest::default());
    let (_, pem) = pem_files(&platform, &card, "card.pem");
    let browser = platform.bare_browser();
    let page = sign_in_page(&browser, &service).await;
    let address = door_url(&browser, &page, "card").await;

    let output = client(&platform, &address, &pem, "0420").await;
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{complained}");
    let offered = said.lines().next().unwrap();
    assert!(offered.split(' ').any(|scheme| scheme == "0420"), "{offered}");
    let ticket = said
        .split_once("location: ")
        .unwrap_or_else(|| panic!("{said}"))
        .1
        .lines()
        .next()
        .unwrap();
    let consent = browser.get(ticket.trim()).await;
    assert!(consent.has_form("/consent"), "{} {}", consent.url, consent.body);

    // The same stack under the code point that TLS 1.3 forbids is turned away (`alerts` says by which alert; this client may be cut off before it reads it).
    let before = handshakes(&platform, "client_misbehaved").await;
    let address = door_url(&browser, &page, "card").await;
    let output = client(&platform, &address, &pem, "0401").await;
    assert!(
        !output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(handshakes(&platform, "client_misbehaved").await, before + 1);
}
