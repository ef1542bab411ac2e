use super::*;
use crate::ClientFacts;
use crate::sample::{client, encode, provider, request, request_raw};

fn verdict(uri: &str) -> Result<(), Reason> {
    let (request, client, provider) = (request(&[("redirect_uri", Some(uri))]), client(), provider());
    check(&Ask {
        request: &request,
        client: &client,
        provider: &provider,
    })
}

#[test]
fn registered_addresses_are_accepted() {
    for uri in [
        "https://rp.example/cb",
        "https://rp.example/cb?tenant=1",
        "http://localhost:8080/cb",
    ] {
        assert_eq!(verdict(uri), Ok(()), "{uri}");
    }
}

/// Registered: `https://rp.example/cb`, `https://rp.example/cb?tenant=1`, `http://localhost:8080/cb`.
const TRICKS: &[&str] = &[
    // another place
    "https://attacker.example/cb",
    "https://rp.example.attacker.example/cb",
    "https://attacker.example/https://rp.example/cb",
    "https://attacker.example?https://rp.example/cb",
    "https://attackerrp.example/cb",
    "https://sub.rp.example/cb",
    "https://rp.example./cb",
    "https://rp.example:443/cb",
    "https://rp.example:8443/cb",
    "https://rp.example:/cb",
    // user information
    "https://rp.example@attacker.example/cb",
    "https://rp.example:443@attacker.example/cb",
    "https://rp.example%40attacker.example/cb",
    "https://user@rp.example/cb",
    "https://@rp.example/cb",
    // other schemes
    "http://rp.example/cb",
    "HTTPS://rp.example/cb",
    "javascript://rp.example/cb%0aalert(1)",
    "data:text/html,https://rp.example/cb",
    "//rp.example/cb",
    "https:rp.example/cb",
    "https:/rp.example/cb",
    "https:///rp.example/cb",
    "view-source:https://rp.example/cb",
    // case and spelling
    "https://RP.example/cb",
    "https://rp.example/CB",
    "https://rp.example/%63b",
    "https://rp.example/cb%20",
    "https://rp\u{ff0e}example/cb",
    "https://r\u{440}.example/cb",
    // path
    "https://rp.example",
    "https://rp.example/",
    "https://rp.example/cb/",
    "https://rp.example//cb",
    "https://rp.example/./cb",
    "https://rp.example/x/../cb",
    "https://rp.example/cb/../evil",
    "https://rp.example/cb/%2e%2e/evil",
    "https://rp.example/cb..%2fevil",
    "https://rp.example/cb;evil",
    "https://rp.example\\cb",
    "https://rp.example/cb\\@attacker.example",
    "https://attacker.example\\.rp.example/cb",
    "https://rp.example/cbx",
    "https://rp.example/c",
    // query
    "https://rp.example/cb?",
    "https://rp.example/cb?x=1",
    "https://rp.example/cb&x=1",
    "https://rp.example/cb?tenant=2",
    "https://rp.example/cb?tenant=1&",
    "https://rp.example/cb?tenant=1&next=https://attacker.example",
    "https://rp.example/cb?Tenant=1",
    "https://rp.example/cb?tenant=%31",
    // white space and control characters
    " https://rp.example/cb",
    "https://rp.example/cb ",
    "https://rp.example/cb\n",
    "https://rp.example/cb\r\nLocation: https://attacker.example",
    "https://rp.example/cb\t",
    "https://rp.example/cb\u{0}",
    "https://rp.example/cb\u{0}.attacker.example",
    "\u{feff}https://rp.example/cb",
    "https://rp.example/cb\u{200b}",
    // lists and wildcards
    "https://rp.example/cb https://attacker.example/cb",
    "https://rp.example/cb,https://attacker.example/cb",
    "https://rp.example/*",
    "https://*.example/cb",
    "*",
    "null",
    // loopback: the port is part of it
    "http://localhost:8081/cb",
    "http://localhost/cb",
    "http://127.0.0.1:8080/cb",
    "http://[::1]:8080/cb",
    "http://localhost:8080@attacker.example/cb",
    // encoded twice
    "https%3A%2F%2Frp.example%2Fcb",
];

#[test]
fn tricks_are_refused() {
    assert!(TRICKS.len() >= 40);
    for uri in TRICKS {
        assert_eq!(verdict(uri), Err(Reason::RedirectUriNotRegistered), "{uri:?}");
    }
    for uri in [
        "https://rp.example/cb#",
        "https://rp.example/cb#x",
        "#",
        "https://attacker.example/#https://rp.example/cb",
    ] {
        assert_eq!(verdict(uri), Err(Reason::RedirectUriFragment), "{uri:?}");
    }
}

#[test]
fn no_refusal_here_ever_redirects() {
    for reason in [
        Reason::RedirectUriNotRegistered,
        Reason::RedirectUriFragment,
        Reason::RedirectUriMissing,
        Reason::RepeatedParameter("redirect_uri"),
    ] {
        assert!(!reason.answer().is_redirect(), "{reason:?}");
    }
}

#[test]
fn missing_empty_and_repeated() {
    let (client, provider) = (client(), provider());
    let good = encode("https://rp.example/cb");
    for (raw, reason) in [
        ("client_id=rp".to_owned(), Reason::RedirectUriMissing),
        (
            "client_id=rp&redirect_uri=".to_owned(),
            Reason::RedirectUriMissing,
        ),
        (
            format!("client_id=rp&redirect_uri={good}&redirect_uri={good}"),
            Reason::RepeatedParameter("redirect_uri"),
        ),
        (
            format!("client_id=rp&redirect_uri={good}&redirect%5Furi=https://attacker.example"),
            Reason::RepeatedParameter("redirect_uri"),
        ),
        (
            format!("client_id=rp&redirect_uri=&redirect_uri={good}"),
            Reason::RepeatedParameter("redirect_uri"),
        ),
    ] {
        let request = request_raw(&raw);
        let ask = Ask {
            request: &request,
            client: &client,
            provider: &provider,
        };
        assert_eq!(check(&ask), Err(reason), "{raw}");
    }
}

#[test]
fn a_native_application_says_its_port_and_nothing_else() {
    let (mut native, mut kept) = (client(), client());
    native.method = ClientMethod::None;
    kept.method = ClientMethod::SecretBasic {
        secret_sha256: String::new(),
    };
    for client in [&mut native, &mut kept] {
        client.redirect_uris = [
            "http://127.0.0.1/cb",
            "http://[::1]:1/cb?a=1",
            "http://localhost:8080/cb",
        ]
        .map(str::to_owned)
        .to_vec();
    }
    let provider = provider();
    let verdict = |uri: &str, client: &ClientFacts| {
        let request = request(&[("redirect_uri", Some(uri))]);
        let ask = Ask {
            request: &request,
            client,
            provider: &provider,
        };
        read(&ask).map(|read| read.as_str() == uri)
    };
    for good in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:51234/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]/cb?a=1",
        "http://[::1]:51234/cb?a=1",
    ] {
        assert_eq!(verdict(good, &native), Ok(true), "{good}");
    }
    let refused = Err(Reason::RedirectUriNotRegistered);
    for bad in [
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:80@attacker.example/cb",
        "http://127.0.0.1@attacker.example/cb",
        "http://127.0.0.1.attacker.example/cb",
        "http://127.0.0.1:80.attacker.example/cb",
        "http://127.0.0.1:80",
        "http://127.0.0.1:80/cb/",
        "http://127.0.0.1:80/other",
        "http://127.0.0.1:80/cb?a=1",
        "http://[::1]:80/cb",
        "http://[::2]:80/cb?a=1",
        "https://127.0.0.1:80/cb",
        "http://127.1:80/cb",
        "http://localhost:8081/cb",
    ] {
        assert_eq!(verdict(bad, &native), refused, "{bad}");
    }
    assert_eq!(
        verdict("http://127.0.0.1:51234/cb", &kept),
        refused,
        "a server knows its port"
    );
}
