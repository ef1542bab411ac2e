//! `sector_identifier_uri` (OpenID Connect Core 1.0 section 8.1): clients whose addresses one document lists know a person by one name.

use conformance_tests::{DocumentServer, Platform, PlatformOptions, RelyingParty};
use serde_json::json;

const FETCHES: &str = "[oidc]\nfetch_ca = \"servers-ca.pem\"\nfetch_from_internal_networks = true\n";
const HOST: &str = "sector.localhost";

async fn platform() -> (Platform, DocumentServer) {
    let options = PlatformOptions {
        more_config: FETCHES.to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let server = DocumentServer::start(&platform, &[HOST]).await;
    (platform, server)
}

/// Registers a client by its file; what the command line said when it did not.
fn add(platform: &Platform, name: &str, more: &str, top: &str) -> Result<RelyingParty, String> {
    let redirect_uri = format!("https://{name}.localhost:9/cb");
    let text = format!(
        r#"
        kind = "sp"
        name = {{ ja = "{name}", en = "{name}" }}
        {top}
        [oidc]
        client_id = "{name}"
        redirect_uris = ["{redirect_uri}"]
        authentication = {{ method = "none" }}
        {more}
        "#
    );
    let file = platform.path().join(format!("{name}.toml"));
    std::fs::write(&file, text).unwrap();
    let added = platform.command(&["service", "add", file.to_str().unwrap()]);
    if !added.status.success() {
        return Err(String::from_utf8_lossy(&added.stderr).into_owned());
    }
    Ok(RelyingParty {
        client_id: name.to_owned(),
        redirect_uri,
        origin: platform.origin.clone(),
    })
}

// The command line is waited for on a thread of the test's, while the server answers on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_document_is_one_sector_and_who_is_not_in_it_is_another() {
    let (platform, server) = platform().await;
    let listed = json!(["https://first.localhost:9/cb", "https://second.localhost:9/cb"]);
    server.put("/uris.json", "200 OK", listed.to_string());
    let uri = format!("sector_identifier_uri = \"{}\"", server.url(HOST, "/uris.json"));
    let first = add(&platform, "first", &uri, "").unwrap();
    let second = add(&platform, "second", &uri, "").unwrap();
    let alone = add(&platform, "alone", "", "").unwrap();
    // Fetched once: within a minute it is not asked for again while it says what is asked.
    assert_eq!(server.requests().len(), 1, "{:?}", server.requests());
    let browser = platform.browser_with_new_card();
    let mut subjects = Vec::new();
    for rp in [&first, &second, &alone] {
        let tokens = rp.sign_in(&browser, "").await;
        subjects.push(tokens.claims["sub"].as_str().unwrap().to_owned());
    }
    assert_eq!(subjects[0], subjects[1], "one sector, one name");
    assert_ne!(subjects[0], subjects[2], "another sector, another name");
    // Another document of the same host is the same sector.
    server.put(
        "/more.json",
        "200 OK",
        json!(["https://third.localhost:9/cb"]).to_string(),
    );
    let more = format!("sector_identifier_uri = \"{}\"", server.url(HOST, "/more.json"));
    let third = add(&platform, "third", &more, "").unwrap();
    let tokens = third.sign_in(&browser, "").await;
    assert_eq!(tokens.claims["sub"], subjects[0].as_str());
    // An operator's word about another sector does not move the host.
    let shown = platform.command(&["service", "show", "alone"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let other = format!("sector = {}", shown["sector"]);
    server.put(
        "/uris.json",
        "200 OK",
        json!(["https://fourth.localhost:9/cb"]).to_string(),
    );
    let refused = add(&platform, "fourth", &uri, &other).unwrap_err();
    assert!(refused.contains("another sector"), "{refused}");
}

// The command line is waited for on a thread of the test's, while the server answers on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_listed_is_not_registered() {
    let (platform, server) = platform().await;
    let uri = |path: &str| format!("sector_identifier_uri = \"{}\"", server.url(HOST, path));
    server.put(
        "/others",
        "200 OK",
        json!(["https://other.localhost:9/cb"]).to_string(),
    );
    server.put(
        "/near",
        "200 OK",
        json!(["https://rp.localhost:9/cb/"]).to_string(),
    );
    server.put(
        "/object",
        "200 OK",
        json!({"redirect_uris": ["https://rp.localhost:9/cb"]}).to_string(),
    );
    server.put(
        "/mixed",
        "200 OK",
        json!(["https://rp.localhost:9/cb", 1]).to_string(),
    );
    server.put("/long", "200 OK", format!("[\"{}\"]", "x".repeat(70_000)));
    server.redirect("/elsewhere", &server.url(HOST, "/good"));
    server.put(
        "/good",
        "200 OK",
        json!(["https://rp.localhost:9/cb"]).to_string(),
    );
    for path in [
        "/others",
        "/near",
        "/object",
        "/mixed",
        "/long",
        "/elsewhere",
        "/missing",
    ] {
        let refused = add(&platform, "rp", &uri(path), "").unwrap_err();
        assert!(refused.contains("sector_identifier_uri"), "{path}: {refused}");
    }
    for bad in [
        "http://sector.localhost/x",
        "https://127.0.0.1/x",
        "https://user@sector.localhost/x",
        "https://sector.localhost/x#y",
    ] {
        let refused = add(&platform, "rp", &format!("sector_identifier_uri = \"{bad}\""), "");
        assert!(refused.is_err(), "{bad}");
    }
    assert!(add(&platform, "rp", &uri("/good"), "").is_ok());
}
