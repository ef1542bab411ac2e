//! Without restart: server certificates, anchors, revocation lists; and what a new list does to people who are signed in.

use std::fs;
use std::sync::Arc;

use conformance_tests::{Browser, MachineClock, Platform, PlatformOptions, RelyingParty};
use domain::Clock as _;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use sim::CardRequest;
use sim::authority::{CaKind, Hierarchy};
use sim::crl::RevocationReason;
use sim::keys::Seed;
use sim::server_certificate::ServerAuthority;
use tokio::net::TcpStream;

use crate::clients::{SOME_NAME, config};
use crate::support::{
    door_url, metric, publish, refusal_on, sign_in_page, until, until_generation_after, use_card,
};

/// The certificate that a listener shows to a new handshake.
async fn shown(platform: &Platform, port: u16, name: &'static str) -> Vec<u8> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config(platform, &[&TLS13], None)));
    let stream = connector
        .connect(ServerName::try_from(name).unwrap(), stream)
        .await
        .unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn front_port(platform: &Platform) -> u16 {
    platform.origin.rsplit(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn replaced_server_certificates_are_seen_by_new_handshakes() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-reload");
    let browser = platform.browser_with_new_card();
    let page = sign_in_page(&browser, &service).await;
    let address = door_url(&browser, &page, "card").await;
    let door = shown(&platform, platform.door_port, SOME_NAME).await;
    let front = shown(&platform, front_port(&platform), "idp.localhost").await;

    platform.write_server_certificate("door", &["*.card12.idp.localhost", "*.card.idp.localhost"]);
    platform.write_server_certificate("front", &["idp.localhost", "www.idp.localhost"]);
    assert_eq!(
        shown(&platform, platform.door_port, SOME_NAME).await,
        door,
        "not before it is told"
    );
    platform.signal("HUP");
    until("the door shows another certificate", || async {
        shown(&platform, platform.door_port, SOME_NAME).await != door
    })
    .await;
    until("the front shows another certificate", || async {
        shown(&platform, front_port(&platform), "idp.localhost").await != front
    })
    .await;
    // The sign-in that was under way goes on.
    let consent = browser.get(&address).await;
    assert!(consent.has_form("/consent"), "{}", consent.body);
}

/// A certificate of one and the key of another, half a file: what cannot be served is not, and the one in force stays.
#[tokio::test]
async fn a_certificate_that_cannot_be_served_leaves_the_old_one_in_force() {
    let platform = Platform::start().await;
    let door = shown(&platform, platform.door_port, SOME_NAME).await;
    let other = ServerAuthority::generate(&Seed::from_text("another"), MachineClock.now())
        .unwrap()
        .issue(&["*.card.idp.localhost"])
        .unwrap();
    let good = fs::read_to_string(platform.path().join("door.pem")).unwrap();
    for bad in [other.chain_pem(), good[..200].to_owned(), String::new()] {
        let refused = platform.log().matches("could not be read again").count();
        fs::write(platform.path().join("door.pem"), bad).unwrap();
        platform.signal("HUP");
        until("the log says what is wrong", || async {
            platform.log().matches("could not be read again").count() > refused
        })
        .await;
        assert_eq!(shown(&platform, platform.door_port, SOME_NAME).await, door);
    }
}

/// Generation 3 of the authority is pinned while everything runs: its list and its cards count at once.
#[tokio::test]
async fn an_anchor_that_is_pinned_later_brings_its_cards_and_its_list() {
    let mut platform = Platform::prepare(PlatformOptions::default()).await;
    let third = fs::read(platform.path().join("ca-3.der")).unwrap();
    let second = fs::read(platform.path().join("ca-2.der")).unwrap();
    fs::write(platform.path().join("ca-3.der"), &second).unwrap();
    platform.run().await;
    let service = RelyingParty::register(&platform, "rp-anchor");
    let (_, card) = platform.card(&CardRequest::default());
    let seen = refusal_on(&use_card(&platform.browser(&card), &service).await);
    assert_eq!(seen.code, "unknown_ca");
    fs::write(platform.path().join("ca-3.der"), &third).unwrap();
    let before = metric(&platform, "revocation_generation").await;
    platform.signal("HUP");
    // The list was there all the time, refused because nobody pinned its signer.
    until_generation_after(&platform, before).await;
    service.sign_in(&platform.browser(&card), "").await;
}

/// Takes an anchor away: what it signed no longer counts, from the next handshake on.
#[tokio::test]
async fn an_anchor_that_is_unpinned_takes_its_cards_with_it() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-unpinned");
    let second = CardRequest {
        generation: 2,
        ..CardRequest::default()
    };
    let (_, card) = platform.card(&second);
    service.sign_in(&platform.browser(&card), "").await;
    let third = fs::read(platform.path().join("ca-3.der")).unwrap();
    fs::write(platform.path().join("ca-2.der"), third).unwrap();
    platform.signal("HUP");
    until("cards of generation 2 are unknown", || async {
        refusal_on_or_none(&platform.browser(&card), &service).await == Some("unknown_ca".to_owned())
    })
    .await;
    // A good card of the generation that stays is as good as before.
    service.sign_in(&platform.browser_with_new_card(), "").await;
}

async fn refusal_on_or_none(browser: &Browser, service: &RelyingParty) -> Option<String> {
    let page = sign_in_page(browser, service).await;
    let after = browser
        .submit_until(&page.form("/card"), &service.redirect_uri)
        .await;
    after
        .text("main .box code")
        .filter(|_| after.url.path().contains("/refused/"))
}

/// A person is signed in, holds a code and a token; then the card is revoked.
#[tokio::test]
async fn a_new_list_ends_what_a_revoked_card_began() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-during");
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let tokens = service.sign_in(&browser, "").await;
    let code = service.code(&browser, "").await;
    // Another person, who is not concerned.
    let other = platform.browser_with_new_card();
    let others = service.sign_in(&other, "").await;

    // A list without news costs nobody anything.
    publish(&platform).await;
    assert_eq!(service.userinfo(&browser, &tokens.access_token).await.status, 200);

    let reason = RevocationReason::KeyCompromise;
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&id, reason, MachineClock.now())
        .unwrap();
    let begun = std::time::Instant::now();
    publish(&platform).await;
    assert!(
        begun.elapsed().as_secs() < 10,
        "within seconds: {:?}",
        begun.elapsed()
    );

    let information = service.userinfo(&browser, &tokens.access_token).await;
    assert_eq!(information.status, 401, "{}", information.body);
    let redeemed = service.redeem_raw(&browser, &code).await;
    assert_eq!(redeemed.status, 400, "{}", redeemed.body);
    assert!(redeemed.body.contains("invalid_grant"), "{}", redeemed.body);
    // Where no page may be shown, the service hears that nobody is signed in.
    let silent = service.authorize(&browser, "&prompt=none").await;
    assert!(
        silent.contains(&("error".to_owned(), "login_required".to_owned())),
        "{silent:?}"
    );
    // The card itself tells why.
    let seen = refusal_on(&use_card(&browser, &service).await);
    assert_eq!((seen.status, seen.code.as_str()), (403, "revoked"));
    // The other person notices nothing.
    assert_eq!(service.userinfo(&other, &others.access_token).await.status, 200);
    service.sign_in(&other, "").await;
}

#[tokio::test]
async fn the_next_sign_in_of_a_session_whose_card_was_revoked_is_a_page_with_a_way_on() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-ended");
    let (id, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    service.sign_in(&browser, "").await;
    let reason = RevocationReason::CessationOfOperation;
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&id, reason, MachineClock.now())
        .unwrap();
    publish(&platform).await;
    // The sweep over sessions and this request race: whoever comes first ends the session.
    let page = browser.get(&service.request("")).await;
    if !page.has_form("/card") {
        let seen = refusal_on(&page);
        assert_eq!(
            (seen.status, seen.code.as_str()),
            (403, "session_ended_by_revocation")
        );
        let explained = platform.explain(&seen.reference.expect("a reference")).await;
        assert_eq!(
            explained["event"]["refusal"], "session_ended_by_revocation",
            "{explained}"
        );
    }
    // It ended once: the next request asks for a card like anybody's, and this card says why it will not do.
    let page = use_card(&browser, &service).await;
    let seen = refusal_on(&page);
    assert_eq!((seen.status, seen.code.as_str()), (403, "revoked"));
    let back = browser
        .submit_until(&page.form("/return"), &service.redirect_uri)
        .await;
    assert!(
        back.url.query().unwrap().contains("error=access_denied"),
        "{}",
        back.url
    );
}

/// An older list (a lower number), a list of a foreign signer, half a list: refused, counted, and what is in force stays.
#[tokio::test]
async fn lists_that_must_not_count_do_not() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-lists");
    let older = fs::read(platform.path().join("crl/auth.crl")).unwrap();
    let (id, card) = platform.card(&CardRequest::default());
    let reason = RevocationReason::KeyCompromise;
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&id, reason, MachineClock.now())
        .unwrap();
    publish(&platform).await;
    let newer = fs::read(platform.path().join("crl/auth.crl")).unwrap();
    let foreign = {
        let now = MachineClock.now();
        let mut simulation = platform.simulation.lock().unwrap();
        simulation
            .publish_crl(
                Hierarchy::Foreign,
                CaKind::UserAuthentication,
                now,
                now.plus_seconds(86_400),
            )
            .unwrap()
    };
    let mut bent = newer.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    let generation = metric(&platform, "revocation_generation").await;
    for (list, what) in [
        (older, "an older list"),
        (foreign, "a foreign signer's list"),
        (newer[..newer.len() / 2].to_vec(), "half a list"),
        (bent, "a list with one bit changed"),
        (b"-----BEGIN X509 CRL-----".to_vec(), "no list at all"),
    ] {
        let refused = metric(&platform, "revocation_lists_refused_total").await;
        let draft = platform.path().join("draft");
        fs::write(&draft, list).unwrap();
        fs::rename(&draft, platform.path().join("crl/auth.crl")).unwrap();
        until(&format!("{what} is refused"), || async {
            metric(&platform, "revocation_lists_refused_total").await > refused
        })
        .await;
        assert_eq!(
            metric(&platform, "revocation_generation").await,
            generation,
            "{what}"
        );
        let seen = refusal_on(&use_card(&platform.browser(&card), &service).await);
        assert_eq!(seen.code, "revoked", "after {what}");
    }
    // A list that vanishes is no delivery: what is in force stays.
    fs::remove_file(platform.path().join("crl/auth.crl")).unwrap();
    platform.signal("HUP");
    until("it was read again", || async {
        platform.log().contains("read again")
    })
    .await;
    let seen = refusal_on(&use_card(&platform.browser(&card), &service).await);
    assert_eq!(seen.code, "revoked");
}
