//! Which TLS stacks get through the door, by clients that are not ours: OpenSSL's `s_client`, and curl for whole sign-ins.

use std::path::Path;
use std::process::Command;

use conformance_tests::{Page, Platform, RelyingParty};
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use sim::CardRequest;
use sim::card::CardSigning;
use sim::keys::KeyAlgorithm;
use url::Url;

use crate::clients::{SOME_NAME, SOME_NAME_12, config, pem_files, s_client};
use crate::support::{door_url, host_of, sign_in_page};

/// The scheme of the `CertificateVerify` that a client sent, from `s_client -msg`.
fn verified_under(printed: &str) -> Option<u16> {
    // The server's own comes first in TLS 1.3.
    let (_, message) = printed.rsplit_once(", CertificateVerify")?;
    // `0f` length(3) scheme(2): the message's own octets begin on the next line.
    let octets: Vec<&str> = message.lines().nth(1)?.split_whitespace().collect();
    assert_eq!(octets.first(), Some(&"0f"), "{printed}");
    u16::from_str_radix(&octets[4..6].concat(), 16).ok()
}

#[tokio::test]
async fn openssl_proves_possession_in_every_version_and_padding() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-openssl");
    let card = |algorithm, signing| {
        platform
            .card(&CardRequest {
                algorithm,
                signing: Some(signing),
                ..CardRequest::default()
            })
            .1
    };
    let rsa = card(KeyAlgorithm::Rsa2048, CardSigning::Pkcs1);
    let p384 = card(KeyAlgorithm::P384, CardSigning::Ecdsa);
    pem_files(&platform, &rsa, "rsa.pem");
    pem_files(&platform, &p384, "p384.pem");
    // (family, card, arguments, version, scheme). The server's own certificate is ECDSA P-256, so the client offers that too.
    let rows: [(&str, &str, &[&str], &str, u16); 8] = [
        (
            "card",
            "rsa.pem",
            &["-tls1_2", "-sigalgs", "RSA+SHA256:ECDSA+SHA256"],
            "TLSv1.2",
            0x0401,
        ),
        (
            "card12",
            "rsa.pem",
            &["-sigalgs", "RSA+SHA256:ECDSA+SHA256"],
            "TLSv1.2",
            0x0401,
        ),
        (
            "card12",
            "rsa.pem",
            &["-sigalgs", "RSA+SHA512:ECDSA+SHA256"],
            "TLSv1.2",
            0x0601,
        ),
        (
            "card",
            "rsa.pem",
            &["-tls1_2", "-sigalgs", "RSA-PSS+SHA256:ECDSA+SHA256"],
            "TLSv1.2",
            0x0804,
        ),
        ("card", "rsa.pem", &["-tls1_3"], "TLSv1.3", 0x0804),
        ("card", "rsa.pem", &[], "TLSv1.3", 0x0804),
        ("card", "p384.pem", &["-tls1_3"], "TLSv1.3", 0x0503),
        (
            "card12",
            "p384.pem",
            &["-sigalgs", "ECDSA+SHA384:ECDSA+SHA256"],
            "TLSv1.2",
            0x0503,
        ),
    ];
    for (family, file, arguments, version, scheme) in rows {
        let what = format!("{family} {file} {arguments:?}");
        let browser = platform.bare_browser();
        let page = sign_in_page(&browser, &service).await;
        let address = Url::parse(&door_url(&browser, &page, family).await).unwrap();
        let (host, query) = (address.host_str().unwrap(), address.query().unwrap());
        let path = platform.path().join(file);
        let path = path.to_str().unwrap();
        let mut all = vec!["-servername", host, "-verify_return_error", "-msg", "-ign_eof"];
        all.extend(["-cert", path, "-key", path]);
        all.extend(arguments);
        let request = format!(
            "GET /?{query} HTTP/1.1\r\nHost: {host}:{}\r\n\r\n",
            platform.door_port
        );
        let printed = s_client(&platform, &all, &request).await;
        assert!(
            printed.contains("Verify return code: 0 (ok)"),
            "{what}: {printed}"
        );
        assert!(printed.contains(&format!("New, {version}")), "{what}: {printed}");
        assert_eq!(verified_under(&printed), Some(scheme), "{what}: {printed}");
        let ticket = printed
            .split_once("location: ")
            .map(|(_, rest)| rest.lines().next().unwrap().trim());
        let ticket = ticket.unwrap_or_else(|| panic!("{what}: no way back in {printed}"));
        // The browser that began takes it from there.
        let consent = browser.get(ticket).await;
        assert!(
            consent.has_form("/consent"),
            "{what}: {} {}",
            consent.url,
            consent.body
        );
    }
}

#[tokio::test]
async fn what_the_door_offers_in_a_handshake() {
    let platform = Platform::start().await;
    for (name, version) in [
        (SOME_NAME, "-tls1_3"),
        (SOME_NAME, "-tls1_2"),
        (SOME_NAME_12, "-tls1_2"),
    ] {
        let arguments = [
            version,
            "-servername",
            name,
            "-alpn",
            "h2,http/1.1",
            "-status",
            "-msg",
        ];
        let printed = s_client(&platform, &arguments, "").await;
        // Neither HTTP/2, nor a ticket, nor a session to come back to, nor early data.
        assert!(printed.contains("ALPN protocol: http/1.1"), "{printed}");
        assert!(
            !printed.contains("NewSessionTicket"),
            "{name} {version}: {printed}"
        );
        assert!(
            !printed.contains("TLS session ticket:"),
            "{name} {version}: {printed}"
        );
        for line in printed.lines().map(str::trim) {
            if let Some(id) = line.strip_prefix("Session-ID:") {
                assert_eq!(id.trim(), "", "{name} {version}");
            }
            if let Some(octets) = line.strip_prefix("Max Early Data:") {
                assert_eq!(octets.trim(), "0", "{name} {version}");
            }
        }
        assert!(printed.contains("Compression: NONE"), "{printed}");
        // The hint leads the browser's dialog to the right certificate: the authority's name, and no 署名用 authority.
        let (_, hint) = printed
            .split_once("Acceptable client certificate CA names")
            .expect(&printed);
        let hint = hint.split_once("Requested Signature Algorithms").unwrap().0;
        assert!(hint.contains("JPKI"), "{printed}");
        // RFC 9963 is offered in TLS 1.3, where it is defined (OpenSSL 3.0 prints what it does not know octet by octet).
        let schemes = printed.split_once("Requested Signature Algorithms: ").unwrap().1;
        let schemes = schemes.lines().next().unwrap();
        assert!(
            schemes.contains("RSA-PSS+SHA256") && schemes.contains("ECDSA+SHA384"),
            "{schemes}"
        );
        assert_eq!(schemes.contains("0x20+0x04"), version == "-tls1_3", "{schemes}");
        assert!(!schemes.contains("SHA1"), "{schemes}");
    }
    // Another certificate than the front's.
    let printed = s_client(&platform, &["-servername", SOME_NAME], "").await;
    assert!(printed.contains("*.card.idp.localhost"), "{printed}");
    // Renegotiation, by which TLS 1.2 could ask for another certificate later, is declined.
    let printed = s_client(
        &platform,
        &["-tls1_2", "-servername", SOME_NAME_12, "-msg"],
        "R\n",
    )
    .await;
    assert!(printed.contains("RENEGOTIATING"), "{printed}");
    assert!(
        printed.contains("no_renegotiation") || printed.contains("no renegotiation"),
        "{printed}"
    );
}

/// Every connection is a whole handshake: a resumed one would skip the proof of possession.
#[tokio::test]
async fn nothing_is_resumed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let platform = Platform::start().await;
    for (name, version) in [(SOME_NAME, &TLS13), (SOME_NAME, &TLS12), (SOME_NAME_12, &TLS12)] {
        let config = std::sync::Arc::new(config(&platform, &[version], None));
        for _ in 0..3 {
            let stream = tokio::net::TcpStream::connect(("127.0.0.1", platform.door_port))
                .await
                .unwrap();
            let server = rustls::pki_types::ServerName::try_from(name).unwrap();
            let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::clone(&config));
            let mut stream = connector.connect(server, stream).await.unwrap();
            // Reading to the end takes in whatever ticket would have come.
            let request = format!("GET / HTTP/1.1\r\nhost: {name}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
            assert!(
                answer.to_ascii_lowercase().contains("connection: close"),
                "{answer}"
            );
            assert_eq!(
                stream.get_ref().1.handshake_kind(),
                Some(HandshakeKind::Full),
                "{name}"
            );
        }
    }
    let sessions = platform.path().join("session");
    let sessions = sessions.to_str().unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let first = ["-servername", SOME_NAME, version, "-sess_out", sessions];
        assert!(s_client(&platform, &first, "").await.contains("New, TLS"));
        if std::fs::metadata(sessions).is_ok() {
            let again = ["-servername", SOME_NAME, version, "-sess_in", sessions];
            let printed = s_client(&platform, &again, "").await;
            assert!(
                printed.contains("New, TLS") && !printed.contains("Reused"),
                "{printed}"
            );
        }
    }
}

/// curl at an address: status, redirect, HTTP version; and the body.
struct Fetched {
    status: u16,
    redirect: String,
    page: Page,
}

/// curl with a cookie jar of the platform's folder; names lead to this machine. `Err` is its exit code with what it said.
async fn curl(platform: &Platform, url: &str, arguments: &[&str]) -> Result<Fetched, (i32, String)> {
    let parsed = Url::parse(url).unwrap();
    let at = |name: &str| platform.path().join(name);
    std::fs::write(at("servers.pem"), &platform.ca_pem).unwrap();
    let mut command = Command::new("curl");
    let to_here = |host: &str, port: u16| format!("{host}:{port}:127.0.0.1");
    let resolve = to_here(
        parsed.host_str().unwrap(),
        parsed.port_or_known_default().unwrap(),
    );
    command
        .args(["-sS", "--max-time", "30", "--resolve", &resolve])
        .args([
            "--write-out",
            "\n%{http_code} %{http_version} %{redirect_url}",
            "-H",
            "accept-language: en",
        ])
        .arg("--cacert")
        .arg(at("servers.pem"))
        .arg("--cookie-jar")
        .arg(at("jar"))
        .arg("--cookie")
        .arg(at("jar"))
        .args(arguments)
        .arg(url);
    let output = tokio::task::spawn_blocking(move || command.output().expect("curl (Debian package curl)"))
        .await
        .unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err((output.status.code().unwrap(), said));
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, facts) = text.rsplit_once('\n').unwrap();
    let mut facts = facts.splitn(3, ' ');
    let status: u16 = facts.next().unwrap().parse().unwrap();
    if arguments.contains(&"--cert") {
        assert_eq!(facts.next(), Some("1.1"), "the door speaks HTTP/1.1");
    } else {
        facts.next();
    }
    Ok(Fetched {
        status,
        redirect: facts.next().unwrap().to_owned(),
        page: Page {
            url: parsed,
            status: status.try_into().unwrap(),
            headers: http::HeaderMap::new(),
            body: body.to_owned(),
        },
    })
}

/// A page behind redirects, by curl.
async fn curl_page(platform: &Platform, url: &str) -> Page {
    let mut url = url.to_owned();
    for _ in 0..5 {
        let fetched = curl(platform, &url, &[]).await.unwrap();
        if fetched.redirect.is_empty() {
            return fetched.page;
        }
        url = fetched.redirect;
    }
    panic!("redirects without end, at {url}")
}

/// curl posts a form; where it leads.
async fn curl_post(platform: &Platform, page: &Page, action: &str, more: &[(&str, &str)]) -> String {
    let form = more
        .iter()
        .fold(page.form(action), |form, (name, value)| form.with(name, value));
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    let posted = curl(platform, &form.action, &["--data", &body]).await.unwrap();
    assert_eq!(posted.status, 303, "{}", posted.page.body);
    posted.redirect
}

#[tokio::test]
async fn curl_signs_in_with_cert_from_the_services_request_to_its_code() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-curl");
    // (family, kind of key, arguments for the door)
    let rows: [(&str, KeyAlgorithm, &[&str]); 5] = [
        ("card", KeyAlgorithm::Rsa2048, &[]),
        ("card", KeyAlgorithm::Rsa2048, &["--tls-max", "1.2"]),
        ("card12", KeyAlgorithm::Rsa2048, &[]),
        ("card", KeyAlgorithm::P384, &["--tlsv1.3"]),
        ("card12", KeyAlgorithm::P384, &["--http2"]),
    ];
    for (number, (family, algorithm, arguments)) in rows.into_iter().enumerate() {
        let _ = std::fs::remove_file(platform.path().join("jar"));
        let (_, card) = platform.card(&CardRequest {
            algorithm,
            ..CardRequest::default()
        });
        let (_, pem) = pem_files(&platform, &card, &format!("card-{number}.pem"));
        let page = curl_page(&platform, &service.request("")).await;
        let door = curl_post(&platform, &page, "/card", &[("family", family)]).await;
        assert!(host_of(&door).contains(&format!(".{family}.")), "{door}");
        let mut all = vec!["--cert", pem.to_str().unwrap()];
        all.extend(arguments);
        let ticket = curl(&platform, &door, &all).await.unwrap();
        assert_eq!(ticket.status, 303, "{family} {arguments:?}");
        assert!(
            ticket
                .redirect
                .starts_with(&format!("{}/card/return?t=", platform.origin))
        );
        let consent = curl_page(&platform, &ticket.redirect).await;
        let reply = curl_post(&platform, &consent, "/consent", &[("decision", "agree")]).await;
        assert!(service.is_reply(&reply) && reply.contains("code="), "{reply}");
    }
}

#[tokio::test]
async fn curl_of_tls_1_3_alone_is_refused_at_card12_and_its_certificate_of_one_name_is_no_other() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-curl-13");
    let (_, card) = platform.card(&CardRequest::default());
    let (_, pem) = pem_files(&platform, &card, "card.pem");
    let page = curl_page(&platform, &service.request("")).await;
    let door = curl_post(&platform, &page, "/card", &[("family", "card12")]).await;
    let only = ["--cert", pem.to_str().unwrap(), "--tlsv1.3"];
    let Err((code, said)) = curl(&platform, &door, &only).await else {
        panic!("card12 spoke TLS 1.3");
    };
    assert_eq!(code, 35, "{said}");
    assert!(said.contains("protocol version"), "{said}");
    // Without a certificate curl meets the page, too.
    let bare = curl(&platform, &door, &["--tls-max", "1.2"]).await.unwrap();
    let refused = curl_page(&platform, &bare.redirect).await;
    assert!(refused.body.contains("no_certificate"), "{}", refused.body);
    assert!(Path::new(&pem).exists());
}
