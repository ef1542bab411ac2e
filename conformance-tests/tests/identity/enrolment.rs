//! 利用登録: the good path to the released attributes, and every refusal.

use std::time::{Duration, Instant};

use conformance_tests::{Browser, MachineClock, Page, Platform, RelyingParty};
use domain::Clock as _;
use sim::CardRequest;
use sim::authority::CaKind;
use sim::cms::{CmsFault, CmsOptions, signed_data};
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::items::FourItems;
use sim::jlis_server::faults::ServerFault;
use sim::person::{Medium, PersonRequest};
use sim::record::CardRecord;

use crate::support::{
    browser, command, in_reader, issue, newest, person, publish_signing_list, refusal_on, sign_in, subject,
};

const PASSWORD: &str = "PASSWORD1";
const ITEMS: &str = r#"["assurance_level", "name", "address", "birth_date", "gender"]"#;

/// A public client that may receive attributes.
fn register(platform: &Platform, client_id: &str, attributes: &str, more: &str) -> RelyingParty {
    let redirect_uri = format!("https://{client_id}.localhost:9/cb");
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "{client_id} 申請", en = "{client_id} filing" }}
        released_attributes = {attributes}
        {more}
        [oidc]
        client_id = "{client_id}"
        redirect_uris = ["{redirect_uri}"]
        authentication = {{ method = "none" }}
        "#
    ));
    RelyingParty {
        client_id: client_id.to_owned(),
        redirect_uri,
        origin: platform.origin.clone(),
    }
}

fn request(service: &RelyingParty, scopes: &str) -> String {
    service
        .request("")
        .replace("scope=openid", &format!("scope=openid{scopes}"))
}

fn sign(
    platform: &Platform,
    record: &CardRecord,
    document: &[u8],
    detached: bool,
    fault: Option<CmsFault>,
) -> Vec<u8> {
    let card = in_reader(platform, record);
    let mut card = card.lock().unwrap();
    let options = CmsOptions {
        detached,
        signing_time: MachineClock.now(),
        fault,
    };
    let secret = if record.ca_kind == CaKind::DigitalSignature {
        PASSWORD
    } else {
        "1234"
    };
    signed_data(record, &mut card, secret, document, &options).unwrap()
}

/// The signing certificate of a person's card.
fn signing(platform: &Platform, who: &str) -> CardRecord {
    newest(platform, who, Medium::Card, CaKind::DigitalSignature)
}

/// Makes a document; its bytes.
async fn document(platform: &Platform, browser: &Browser) -> Vec<u8> {
    let page = browser.get(&format!("{}/enrolment", platform.origin)).await;
    let page = browser.submit(&page.form("/enrolment/begin")).await;
    assert!(page.has_form("/enrolment/signed"), "{}", page.body);
    let file = browser
        .get(&format!("{}/enrolment/document", platform.origin))
        .await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), Some("text/plain; charset=utf-8"));
    file.body.into_bytes()
}

/// Sends a file as the form does.
async fn upload(platform: &Platform, browser: &Browser, file: &[u8]) -> Page {
    let page = browser.get(&format!("{}/enrolment", platform.origin)).await;
    let token = page.forms()[0].field("csrf").unwrap().to_owned();
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--b\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"a.p7s\"\r\nContent-Type: application/pkcs7-signature\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let url = format!("{}/enrolment/signed", platform.origin);
    browser
        .post_bytes(&url, "multipart/form-data; boundary=b", body)
        .await
}

/// The command-line path: the card's software is `gap-sim`, the browser's part is a file down and a file up.
#[tokio::test]
async fn the_command_line_signs_and_an_upload_enrols() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-cli");
    let who = person(&platform);
    let browser = browser(&platform, &who, Medium::Card);
    subject(&browser, &service).await;
    publish_signing_list(&platform);
    let text = document(&platform, &browser).await;
    let (input, output) = (
        platform.path().join("enrolment.txt"),
        platform.path().join("enrolment.p7s"),
    );
    std::fs::write(&input, text).unwrap();
    let done = std::process::Command::new(conformance_tests::program("gap-sim"))
        .arg("--dir")
        .arg(platform.path().join("jpki"))
        .args(["card", "sign-document", "--card", &who, "--in"])
        .arg(&input)
        .arg("--out")
        .arg(&output)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let signed = std::fs::read(&output).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let page = upload(&platform, &browser, &signed).await;
        if is_done(&page) {
            break;
        }
        assert_eq!(code(&page).as_deref(), Some("lists_unavailable"), "{}", page.body);
        assert!(Instant::now() < until, "{}", platform.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The code of the refusal on a page.
fn code(page: &Page) -> Option<String> {
    page.text(".banner--error code")
}

fn is_done(page: &Page) -> bool {
    page.status == 303 && page.header("location") == Some("/enrolment?done=enrolled")
}

/// Uploads again until the lists are in force: they come by a job.
pub(crate) async fn enrol(platform: &Platform, browser: &Browser, who: &str, detached: bool) {
    let text = document(platform, browser).await;
    let signed = sign(platform, &signing(platform, who), &text, detached, None);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let page = upload(platform, browser, &signed).await;
        if is_done(&page) {
            return;
        }
        assert_eq!(code(&page).as_deref(), Some("lists_unavailable"), "{}", page.body);
        assert!(Instant::now() < until, "{}", platform.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) fn whole_person(platform: &Platform, items: &FourItems) -> String {
    let request = PersonRequest {
        items: Some(items.clone()),
        ..PersonRequest::default()
    };
    let person = platform
        .simulation
        .lock()
        .unwrap()
        .new_person(&request, MachineClock.now())
        .unwrap();
    issue(platform, &person.id, Medium::Card);
    person.id
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one life of an enrolment, read from top to bottom"
)]
async fn from_the_document_to_the_released_attributes_and_back() {
    let platform = Platform::start().await;
    let plain = RelyingParty::register(&platform, "rp-plain");
    let level = r#"required_level = { ial = "3", aal = "3" }"#;
    let service = register(&platform, "rp-items", ITEMS, level);
    let items = FourItems {
        name_substitution: "10000".into(),
        birth_date: "319640000".into(),
        ..FourItems::plain("渡邉　花子", "東京都清瀬市中里五丁目８４２番地", "419900217", "2")
    };
    let who = whole_person(&platform, &items);
    let browser = browser(&platform, &who, Medium::Card);
    // Nobody may begin without a card.
    let page = platform
        .bare_browser()
        .get(&format!("{}/enrolment", platform.origin))
        .await;
    assert!(!page.has_form("/enrolment/begin"));
    // The service that asks for a proofed identity sends the person to register.
    let url = request(&service, "+name+address+birthdate+gender");
    let page = browser.get_until(&url, &service.redirect_uri).await;
    let page = browser
        .submit_until(&page.form("/card"), &service.redirect_uri)
        .await;
    let (status, refused, _) = refusal_on(&page);
    assert_eq!((status, refused.as_str()), (403, "enrolment_required"));

    publish_signing_list(&platform);
    enrol(&platform, &browser, &who, true).await;
    let page = browser.get(&format!("{}/enrolment", platform.origin)).await;
    assert!(page.body.contains("IAL3"), "{}", page.body);

    // At the next issue, in the same session: the level, the values shown, the values released.
    let page = browser.get_until(&url, &service.redirect_uri).await;
    for shown in [&items.name, &items.address] {
        assert!(page.body.contains(shown.as_str()), "{}", page.body);
    }
    let reply = service.walk(&browser, page).await;
    let tokens = service
        .redeem(&browser, &reply.query("code").expect("a code"))
        .await;
    assert_eq!(tokens.claims["ial"], "3");
    assert_eq!(
        tokens.claims.get("name"),
        None,
        "the items come from the userinfo endpoint"
    );
    let info: serde_json::Value =
        serde_json::from_str(&service.userinfo(&browser, &tokens.access_token).await.body).unwrap();
    assert_eq!(info["name"], items.name);
    assert_eq!(info["name_substitution"], "10000");
    assert_eq!(info["address"]["formatted"], items.address);
    assert_eq!(info["birthdate"], "1964");
    assert_eq!(info["birthdate_registered"], "319640000");
    assert_eq!(info["gender"], "female");
    // What the request does not ask for is neither shown nor released.
    let page = browser
        .get_until(&request(&service, "+gender"), &service.redirect_uri)
        .await;
    let reply = service.walk(&browser, page).await;
    let fewer = service
        .redeem(&browser, &reply.query("code").expect("a code"))
        .await;
    let info: serde_json::Value =
        serde_json::from_str(&service.userinfo(&browser, &fewer.access_token).await.body).unwrap();
    assert_eq!(
        (&info["gender"], info.get("name")),
        (&serde_json::json!("female"), None)
    );
    // A service that is registered for none gets none, asked or not.
    let page = browser
        .get_until(&request(&plain, "+name"), &plain.redirect_uri)
        .await;
    let reply = plain.walk(&browser, page).await;
    let none = plain
        .redeem(&browser, &reply.query("code").expect("a code"))
        .await;
    assert!(
        !plain
            .userinfo(&browser, &none.access_token)
            .await
            .body
            .contains("name")
    );

    // Neither log nor audit nor database holds what is sealed.
    let audit = command(&platform, &["audit", "export"]);
    assert!(audit.contains("enrolled") && audit.contains("items_opened"));
    let record = signing(&platform, &who);
    for secret in [
        &items.name,
        &items.address,
        &record.serial.to_string(),
        &record.common_name,
    ] {
        assert!(!audit.contains(secret.as_str()), "{secret} in the audit");
        assert!(!platform.log().contains(secret.as_str()), "{secret} in the log");
        for entry in std::fs::read_dir(platform.path().join("data")).unwrap().flatten() {
            if entry.path().is_file() {
                let bytes = std::fs::read(entry.path()).unwrap();
                assert!(
                    !bytes
                        .windows(secret.len())
                        .any(|window| window == secret.as_bytes()),
                    "{secret} in {}",
                    entry.path().display()
                );
            }
        }
    }
    // Withdrawn: the token of before opens nothing, and the service asks again.
    let page = browser.get(&format!("{}/enrolment", platform.origin)).await;
    let page = browser.submit(&page.form("/enrolment/withdraw")).await;
    assert!(page.body.contains("deleted"), "{}", page.body);
    assert!(
        !service
            .userinfo(&browser, &tokens.access_token)
            .await
            .body
            .contains("name")
    );
    let page = browser.get_until(&url, &service.redirect_uri).await;
    assert_eq!(refusal_on(&page).1, "enrolment_required");
}

/// Moving house revokes the signing certificate as affiliationChanged: the items go stale, the level stays.
#[tokio::test]
async fn changed_items_are_released_no_more_and_the_level_stays() {
    let platform = Platform::start().await;
    let level = r#"required_level = { ial = "3", aal = "3" }"#;
    let items = register(&platform, "rp-stale", ITEMS, level);
    let proofed = register(&platform, "rp-proofed", r#"["assurance_level"]"#, level);
    let who = person(&platform);
    let browser = browser(&platform, &who, Medium::Card);
    let plain = RelyingParty::register(&platform, "rp-first");
    let before = subject(&browser, &plain).await;
    publish_signing_list(&platform);
    enrol(&platform, &browser, &who, false).await;
    let url = request(&items, "+address");
    let page = browser.get_until(&url, &items.redirect_uri).await;
    items.walk(&browser, page).await;
    let address = "兵庫県神戸市中央区加納町六丁目５番１号";
    platform
        .simulation
        .lock()
        .unwrap()
        .move_house(
            &who,
            address,
            None,
            Some(&CardRequest::default()),
            MachineClock.now(),
        )
        .unwrap();
    publish_signing_list(&platform);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let page = browser.get_until(&url, &items.redirect_uri).await;
        if !items.is_reply(page.url.as_str()) {
            assert_eq!(refusal_on(&page).1, "enrolment_required");
            break;
        }
        assert!(Instant::now() < until, "{}", platform.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let page = browser
        .get_until(&proofed.request(""), &proofed.redirect_uri)
        .await;
    let reply = proofed.walk(&browser, page).await;
    let tokens = proofed
        .redeem(&browser, &reply.query("code").expect("a code"))
        .await;
    assert_eq!(tokens.claims["ial"], "3", "who the person is did not change");
    // Registered again with the new certificate, the new address is released.
    enrol(&platform, &browser, &who, true).await;
    let page = browser.get_until(&url, &items.redirect_uri).await;
    let reply = items.walk(&browser, page).await;
    let tokens = items
        .redeem(&browser, &reply.query("code").expect("a code"))
        .await;
    assert!(
        items
            .userinfo(&browser, &tokens.access_token)
            .await
            .body
            .contains(address)
    );
    assert_eq!(subject(&browser, &plain).await, before);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
async fn every_refusal_is_a_page_with_a_next_step() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-refused");
    let (who, other) = (person(&platform), person(&platform));
    sign_in(&platform, &service, &other, Medium::Card).await;
    let browser = browser(&platform, &who, Medium::Card);
    subject(&browser, &service).await;
    let own = signing(&platform, &who);
    let expect = |page: &Page, status: u16, expected: &str| {
        assert_eq!(
            (page.status.as_u16(), code(page).as_deref()),
            (status, Some(expected)),
            "{}",
            page.body
        );
    };
    // Nothing was made yet.
    expect(&upload(&platform, &browser, b"x").await, 410, "document_gone");
    let text = document(&platform, &browser).await;
    // Without lists nothing is good.
    let good = sign(&platform, &own, &text, true, None);
    expect(
        &upload(&platform, &browser, &good).await,
        503,
        "lists_unavailable",
    );
    publish_signing_list(&platform);
    let until = Instant::now() + Duration::from_secs(20);
    let stranger = signing(&platform, &other);
    let of_other = sign(&platform, &stranger, &text, true, None);
    loop {
        let page = upload(&platform, &browser, &of_other).await;
        if code(&page).as_deref() == Some("other_person") {
            break;
        }
        expect(&page, 503, "lists_unavailable");
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Files that are none, or none of ours.
    for file in [
        b"".as_slice(),
        b"0",
        &text,
        &good[..good.len() - 1],
        &[0x30, 0x80, 0x06, 0x00],
    ] {
        expect(&upload(&platform, &browser, file).await, 400, "not_a_signature");
    }
    let mut other_text = text.clone();
    *other_text.last_mut().unwrap() = b' ';
    for detached in [true, false] {
        let wrong = sign(&platform, &own, &other_text, detached, None);
        expect(&upload(&platform, &browser, &wrong).await, 400, "wrong_document");
    }
    for (fault, expected) in [
        (CmsFault::WrongDigest, "wrong_document"),
        (CmsFault::BrokenSignature, "signature_invalid"),
        (CmsFault::NoSignedAttributes, "not_a_signature"),
        (CmsFault::NoMessageDigest, "not_a_signature"),
        (CmsFault::WrongContentType, "not_a_signature"),
        (CmsFault::NoCertificate, "not_a_signature"),
        (CmsFault::WrongSigner, "not_a_signature"),
        (CmsFault::TwoSigners, "not_a_signature"),
        (CmsFault::NoSigner, "not_a_signature"),
    ] {
        let bad = sign(&platform, &own, &text, true, Some(fault));
        expect(&upload(&platform, &browser, &bad).await, 400, expected);
    }
    // The card's other certificate, and certificates that do not count.
    let authentication = newest(&platform, &who, Medium::Card, CaKind::UserAuthentication);
    let wrong = sign(&platform, &authentication, &text, true, None);
    expect(
        &upload(&platform, &browser, &wrong).await,
        403,
        "wrong_certificate",
    );
    for fault in [Fault::ForgedSignature, Fault::WrongPolicy, Fault::WrongKeyUsage] {
        let request = CardRequest {
            fault: Some(fault),
            ..CardRequest::default()
        };
        let bad = somebody(&platform, &request);
        let bad = sign(&platform, &bad, &text, true, None);
        expect(
            &upload(&platform, &browser, &bad).await,
            403,
            "certificate_refused",
        );
    }
    let now = MachineClock.now();
    let ended = CardRequest {
        not_before: Some(now.plus_seconds(-3 * 86_400)),
        not_after: Some(now.plus_seconds(-86_400)),
        ..CardRequest::default()
    };
    let ended = sign(&platform, &somebody(&platform, &ended), &text, true, None);
    expect(
        &upload(&platform, &browser, &ended).await,
        403,
        "certificate_expired",
    );
    // J-LIS does not answer: never yes.
    for fault in [
        ServerFault::LinksUnavailable,
        ServerFault::LinksGarbage,
        ServerFault::LinksEmpty,
    ] {
        platform.jlis.switch(fault, true, None);
        expect(
            &upload(&platform, &browser, &good).await,
            503,
            "links_unavailable",
        );
        platform.jlis.switch(fault, false, None);
    }
    // A body beyond the limit, and a form without this browser's token.
    let huge = vec![0x30; 600 * 1024];
    let page = upload(&platform, &browser, &huge).await;
    assert_eq!(page.status, 413, "{}", page.body);
    let body = b"--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n";
    let url = format!("{}/enrolment/signed", platform.origin);
    let page = browser
        .post_bytes(&url, "multipart/form-data; boundary=b", body.to_vec())
        .await;
    assert_eq!(page.status, 403);
    // After all that the good file is good, once.
    assert!(is_done(&upload(&platform, &browser, &good).await));
    expect(&upload(&platform, &browser, &good).await, 410, "document_gone");
    document(&platform, &browser).await;
    expect(&upload(&platform, &browser, &good).await, 400, "wrong_document");
    // Japanese, with a next step.
    let japanese = upload(&platform, &browser.clone().speaking("ja"), b"x").await;
    assert!(
        japanese.body.contains("署名されたファイルとして読み取れません"),
        "{}",
        japanese.body
    );
    // Revoked, once the list says so.
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&own.id, RevocationReason::KeyCompromise, now)
        .unwrap();
    publish_signing_list(&platform);
    let text = document(&platform, &browser).await;
    let late = sign(&platform, &own, &text, true, None);
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let page = upload(&platform, &browser, &late).await;
        if code(&page).as_deref() == Some("certificate_revoked") {
            break;
        }
        // Until the list is in force it is a good certificate, of a document that is used up then.
        assert!(
            is_done(&page) || code(&page).as_deref() == Some("document_gone"),
            "{}",
            page.body
        );
        let text = document(&platform, &browser).await;
        let again = sign(&platform, &own, &text, true, None);
        let page = upload(&platform, &browser, &again).await;
        if code(&page).as_deref() == Some("certificate_revoked") {
            break;
        }
        assert!(Instant::now() < until, "{}", platform.log());
    }
    let refused = command(&platform, &["audit", "export"]);
    assert!(refused.contains("enrolment_refused") && refused.contains("other_person"));
}

/// The signing certificate of a stranger, made to a wish.
fn somebody(platform: &Platform, request: &CardRequest) -> CardRecord {
    let mut simulation = platform.simulation.lock().unwrap();
    let person = simulation
        .new_person(&PersonRequest::default(), MachineClock.now())
        .unwrap();
    simulation
        .issue_to(
            &person.id,
            Medium::Card,
            &[CaKind::DigitalSignature],
            request,
            MachineClock.now(),
        )
        .unwrap()
        .signing
        .unwrap()
}
