//! What operators do and see: configuration, start, registry, keys, health, metrics, stop.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::{Duration, Instant};

use conformance_tests::{Platform, PlatformOptions, RelyingParty, Traffic};
use serde_json::Value;

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn refuses(platform: &Platform, arguments: &[&str], words: &[&str]) {
    let output = platform.command(arguments);
    assert!(
        !output.status.success(),
        "{arguments:?} succeeded: {}",
        said(&output)
    );
    for word in words {
        assert!(
            said(&output).contains(word),
            "{arguments:?} does not say {word}: {}",
            said(&output)
        );
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_work_stops_the_start_and_says_why() {
    let platform = Platform::prepare(PlatformOptions::default()).await;
    let file = platform.path().join("idp-server.toml");
    let good = fs::read_to_string(&file).unwrap();
    assert!(platform.command(&["config", "check"]).status.success());

    let line = good.lines().position(|line| line.starts_with("[front]")).unwrap() + 2;
    fs::write(&file, good.replace("[front]\n", "[front]\ncolour = \"red\"\n")).unwrap();
    refuses(
        &platform,
        &["config", "check"],
        &["colour", &format!("line {line}")],
    );
    refuses(&platform, &["serve"], &["colour", &format!("line {line}")]);
    fs::write(&file, good.replace("mode = \"test\"", "mode = \"toast\"")).unwrap();
    refuses(&platform, &["config", "check"], &["line 1", "production"]);
    fs::write(&file, &good).unwrap();

    let key = platform.path().join("front.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    refuses(&platform, &["serve"], &["front.private_key", "chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read(&key).unwrap();
    fs::write(&key, "no key").unwrap();
    refuses(&platform, &["serve"], &["front", "front.key"]);
    fs::remove_file(&key).unwrap();
    refuses(&platform, &["serve"], &["front.private_key", "cannot open"]);
    fs::write(&key, text).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let sealing = platform.path().join("keys/sealing.json");
    fs::set_permissions(&sealing, fs::Permissions::from_mode(0o644)).unwrap();
    refuses(&platform, &["serve"], &["keys", "sealing.json"]);
    fs::set_permissions(&sealing, fs::Permissions::from_mode(0o600)).unwrap();

    let port = platform.origin.rsplit(':').next().unwrap().to_owned();
    let taken = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    refuses(&platform, &["serve"], &["front.listen", &port, "another process"]);
    drop(taken);
    fs::remove_dir(platform.path().join("data"))
        .or_else(|_| fs::remove_dir_all(platform.path().join("data")))
        .unwrap();
    refuses(&platform, &["serve"], &["storage", "data"]);
}

#[tokio::test]
async fn the_registry_by_command_line_and_at_start() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: "[registry]\nimport = [\"first.toml\"]\n".to_owned(),
        ..Default::default()
    })
    .await;
    let service = |id: &str| {
        format!(
            "kind = \"sp\"\nname = {{ ja = \"{id}\", en = \"{id}\" }}\n[oidc]\nclient_id = \"{id}\"\n\
             redirect_uris = [\"https://{id}.localhost:9/cb\"]\nauthentication = {{ method = \"none\" }}\n"
        )
    };
    fs::write(platform.path().join("first.toml"), service("first")).unwrap();
    platform.run().await;
    let list = || said(&platform.command(&["service", "list"]));
    assert!(
        list().contains("active") && list().contains("first"),
        "{}",
        list()
    );
    let second = platform.path().join("second.toml");
    fs::write(&second, service("second")).unwrap();
    let second = second.to_str().unwrap();
    assert!(platform.command(&["service", "add", second]).status.success());
    refuses(
        &platform,
        &["service", "add", second],
        &["second", "registered already"],
    );
    let shown: Value =
        serde_json::from_slice(&platform.command(&["service", "show", "second"]).stdout).unwrap();
    assert_eq!(shown["protocol"]["oidc"]["client_id"], "second");
    // Effective without restart.
    let browser = platform.bare_browser();
    let origin = platform.origin.clone();
    let request = |id: &str| {
        format!(
            "{origin}/oidc/authorize?response_type=code&client_id={id}&redirect_uri=https%3A%2F%2F{id}.localhost%3A9%2Fcb&scope=openid\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        )
    };
    assert_eq!(browser.get(&request("second")).await.status, 200);
    assert!(
        platform
            .command(&["service", "suspend", "second", "--reason", "test"])
            .status
            .success()
    );
    assert_eq!(browser.get(&request("second")).await.status, 403);
    refuses(
        &platform,
        &["service", "suspend", "second", "--reason", "again"],
        &["suspended"],
    );
    assert!(
        platform
            .command(&["service", "resume", "second"])
            .status
            .success()
    );
    assert_eq!(browser.get(&request("second")).await.status, 200);
    assert!(
        platform
            .command(&["service", "remove", "second"])
            .status
            .success()
    );
    assert_eq!(browser.get(&request("second")).await.status, 400);
    refuses(
        &platform,
        &["service", "resume", "second"],
        &["no service is registered as second"],
    );
    // A name may be used again by a new record with a new sector.
    assert!(platform.command(&["service", "add", second]).status.success());
    let log = said(&platform.command(&["audit", "export"]));
    for action in [
        "service_added",
        "service_suspended",
        "service_resumed",
        "service_removed",
    ] {
        assert!(log.contains(action), "{action} is on record");
    }
    // What cannot work is refused with its key: a redirect with a fragment, both protocols, an unknown key.
    for (bad, word) in [
        (service("third").replace("/cb\"", "/cb#x\""), "oidc"),
        (
            format!("{}[saml]\nmetadata = \"<x/>\"\n", service("third")),
            "one protocol",
        ),
        (service("third").replace("kind", "kinds"), "kinds"),
        (
            service("third").replace("ja = \"third\"", "ja = \"窓口 123456789018\""),
            "個人番号",
        ),
    ] {
        fs::write(second, bad).unwrap();
        refuses(&platform, &["service", "add", second], &[word]);
    }
    // A restart leaves what is registered as it is.
    assert_eq!(platform.stop(), Some(0));
    platform.run().await;
    assert_eq!(platform.bare_browser().get(&request("first")).await.status, 200);
}

#[tokio::test]
async fn keys_roll_over_without_restart() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-keys");
    let browser = platform.browser_with_new_card();
    let jwks = format!("{}/oidc/jwks", platform.origin);
    let kids = |body: &str| -> Vec<String> {
        let json: Value = serde_json::from_str(body).unwrap();
        let keys = json["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    };
    let signed_by = |token: &str| -> String {
        let header = jose::decode_base64url(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = kids(&browser.get(&jwks).await.body);
    let old = signed_by(&rp.sign_in(&browser, "").await.id_token);
    assert!(before.contains(&old));
    let announced = platform.command(&["keys", "announce", "--key-use", "oidc", "--algorithm", "ES256"]);
    assert!(announced.status.success(), "{}", said(&announced));
    platform.signal("HUP");
    let until = Instant::now() + Duration::from_secs(10);
    let published = loop {
        let published = browser.get(&jwks).await.body;
        if kids(&published).len() > before.len() {
            break published;
        }
        assert!(Instant::now() < until, "the announced key is not published");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // A service that reads the keys when one is announced, and not again, verifies everything until the roll-over is over. People sign
    // in at all times.
    let held = jose::JwkSet::parse(&published).unwrap();
    let traffic = Traffic::of(3);
    let lane = |lane: usize| {
        let browser = platform.browser_with_new_card();
        let (rp, held, traffic) = (&rp, &held, &traffic);
        async move {
            let sign_in = async || {
                let token = rp.sign_in(&browser, "").await.id_token;
                let accept = jose::Verification {
                    algorithms: &[jose::Algorithm::Es256],
                    types: &["JWT"],
                    untyped: false,
                    max_bytes: 16 * 1024,
                };
                assert!(jose::verify(&token, held, &accept).is_ok(), "{token}");
            };
            traffic.lane(lane, sign_in).await;
        }
    };
    let steps = async {
        traffic.flows().await;
        assert_eq!(
            signed_by(&rp.sign_in(&browser, "").await.id_token),
            old,
            "announced, not signing"
        );
        let all = kids(&published);
        let new = all.iter().find(|kid| !before.contains(kid)).unwrap();
        refuses(&platform, &["keys", "activate", new], &["announced"]);
        let activated = platform.command(&["keys", "activate", new, "--notice-seconds", "0"]);
        assert!(activated.status.success(), "{}", said(&activated));
        platform.signal("HUP");
        let until = Instant::now() + Duration::from_secs(10);
        while signed_by(&rp.sign_in(&browser, "").await.id_token) != *new {
            assert!(Instant::now() < until, "the new key does not sign");
        }
        traffic.flows().await;
        traffic.end();
        assert!(
            kids(&browser.get(&jwks).await.body).contains(&old),
            "the old key is published for a while longer"
        );
    };
    futures_util::future::join4(lane(0), lane(1), lane(2), steps).await;
}

#[tokio::test]
async fn health_readiness_and_metrics() {
    let platform = Platform::start_with(PlatformOptions {
        publish_list: false,
        ..Default::default()
    })
    .await;
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(format!("{}{path}", platform.operator)).send();
    assert_eq!(get("/health").await.unwrap().status(), 200);
    let ready = get("/ready").await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["revocation_data"], "missing");
    platform.publish_list_and_wait().await;
    let ready = get("/ready").await.unwrap();
    assert_eq!(ready.status(), 200);
    assert_eq!(ready.json::<Value>().await.unwrap()["revocation_data"], "fresh");
    assert_eq!(
        get("/metrics").await.unwrap().status(),
        401,
        "metrics need a token"
    );
    assert_eq!(get("/references/K7Q2M-9XW4T").await.unwrap().status(), 401);
    assert_eq!(platform.metric("revocation_usable").await, Some(1.0));
    // None of it is reachable at the front.
    let browser = platform.bare_browser();
    for path in ["/health", "/metrics", "/references/K7Q2M-9XW4T"] {
        assert_eq!(
            browser.get(&format!("{}{path}", platform.origin)).await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_stop_lets_sign_ins_in_flight_finish() {
    let mut platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-stop");
    let browser = platform.browser_with_new_card();
    let code = rp.code(&browser, "").await;
    // A request whose body comes slowly is in flight when the stop is asked for.
    let (sender, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(2);
    let request = rp.token_request(&code);
    let (first, rest) = request.split_at(20);
    let redeem = browser.clone();
    let url = format!("{}/oidc/token", platform.origin);
    let length = request.len();
    let answer = tokio::spawn(async move { redeem.post_slowly(&url, length, body).await });
    sender.send(Ok(first.as_bytes().to_vec())).await.unwrap();
    // The request has arrived when its connection carries bytes; poll the log-free way: the operator's health still answers.
    let until = Instant::now() + Duration::from_millis(700);
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    platform.signal("TERM");
    let until = Instant::now() + Duration::from_secs(10);
    while platform
        .bare_browser()
        .try_get(&format!("{}/", platform.origin))
        .await
        .is_ok()
    {
        assert!(Instant::now() < until, "new work is still taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sender.send(Ok(rest.as_bytes().to_vec())).await.unwrap();
    drop(sender);
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("id_token"));
    assert_eq!(platform.stop(), Some(0));
    assert!(platform.log().contains("stopped"), "{}", platform.log());
}
