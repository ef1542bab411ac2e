//! SAML requests that are wrong, old, huge or repeated, over the sockets of the running platform.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

#[path = "saml/aggregate.rs"]
mod aggregate;
#[path = "saml/back_channel.rs"]
mod back_channel;
#[path = "saml/contexts.rs"]
mod contexts;
#[path = "saml/partner.rs"]
mod partner;
#[path = "saml/rollover.rs"]
mod rollover;
#[path = "saml/sources.rs"]
mod sources;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{Browser, MachineClock, Page, Platform, PlatformOptions};
use domain::{Clock, Timestamp};

const SP: &str = "https://sp-own.localhost:9/metadata";
const ACS: &str = "https://sp-own.localhost:9/acs";

/// A platform with one service provider that signs nothing.
async fn platform() -> Platform {
    platform_with(PlatformOptions::default()).await
}

async fn platform_with(options: PlatformOptions) -> Platform {
    let platform = Platform::start_with(options).await;
    let metadata = format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{SP}"><SPSSODescriptor
        protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{ACS}"/></SPSSODescriptor></EntityDescriptor>"#
    );
    let path = platform.path().join("sp.xml");
    std::fs::write(&path, metadata).unwrap();
    let added = platform.command(&["service", "add-saml", path.to_str().unwrap()]);
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    platform
}

/// An `AuthnRequest`, as it would be if nothing were wrong with it.
struct Request {
    id: String,
    issued: Timestamp,
    destination: String,
    attributes: String,
    issuer: String,
    inside: String,
}

impl Request {
    fn to(platform: &Platform, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            issued: MachineClock.now(),
            destination: format!("{}/saml/sso", platform.origin),
            attributes: String::new(),
            issuer: SP.to_owned(),
            inside: String::new(),
        }
    }

    fn xml(&self) -> String {
        format!(
            r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{}" Version="2.0" IssueInstant="{}" Destination="{}"{}><saml:Issuer>{}</saml:Issuer>{}</samlp:AuthnRequest>"#,
            self.id,
            self.issued.to_rfc3339().unwrap(),
            self.destination,
            self.attributes,
            self.issuer,
            self.inside
        )
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The message in a parameter of the redirect binding.
fn inflated(parameter: &str) -> String {
    let octets = STANDARD.decode(parameter).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(octets.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// The address of the redirect binding for some octets.
fn redirect(platform: &Platform, octets: &[u8]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("SAMLRequest", &STANDARD.encode(octets))
        .append_pair("RelayState", "rs-1");
    format!("{}/saml/sso?{}", platform.origin, query.finish())
}

/// Sends a request and answers what became of it, within two seconds.
async fn send(browser: &Browser, url: &str) -> Page {
    let begun = Instant::now();
    let page = browser.get(url).await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "answered after {:?}",
        begun.elapsed()
    );
    page
}

/// The status code inside a Response that a page carries to the service.
fn second_status(page: &Page) -> String {
    let form = page.form(ACS);
    let xml = String::from_utf8(STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap()).unwrap();
    assert_eq!(form.field("RelayState"), Some("rs-1"));
    let codes: Vec<&str> = xml
        .split("StatusCode Value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    codes.last().unwrap().rsplit(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let platform = platform().await;
    let browser = platform.browser_with_new_card();
    let url = redirect(
        &platform,
        &deflated(Request::to(&platform, "_once").xml().as_bytes()),
    );
    let page = send(&browser, &url).await;
    let page = browser.submit(&page.form("/card")).await;
    let page = browser
        .submit(&page.form("/consent").with("decision", "agree"))
        .await;
    assert_eq!(second_status(&page), "Success");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("https://sp-own.localhost:9"), "{policy}");
    // The same identifier again, in this browser and in another: a page, and nothing for the service.
    let again = send(&browser, &url).await;
    assert_eq!(again.status, 410);
    assert!(!again.body.contains("SAMLResponse"));
    let other = platform.browser_with_new_card();
    let page = send(&other, &url).await;
    let page = other.submit(&page.form("/card")).await;
    let page = other
        .submit(&page.form("/consent").with("decision", "agree"))
        .await;
    assert_eq!(page.status, 410);
    // Another identifier is another request.
    let fresh = redirect(
        &platform,
        &deflated(Request::to(&platform, "_twice").xml().as_bytes()),
    );
    assert_eq!(second_status(&send(&browser, &fresh).await), "Success");
}

/// How certain it must be that the card is not revoked is asked for beside the class, and told in an attribute.
#[tokio::test]
async fn a_service_asks_for_more_certainty_than_the_days_list() {
    const CARD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";
    const CRL: &str = "urn:jp:go:gap:certainty:crl";
    const OCSP: &str = "urn:jp:go:gap:certainty:ocsp";
    const AAL2: &str = "urn:jp:go:gap:assurance:aal2";
    let platform = platform_with(PlatformOptions {
        jlis: "ocsp_responders = [{ label = \"first\", url = \"{jlis}/ocsp\" }]\nocsp_good_for_seconds = 0"
            .to_owned(),
        ..Default::default()
    })
    .await;
    let browser = platform.browser_with_new_card();
    for (number, (comparison, names, class, certainty, asked)) in [
        ("exact", &[CARD, OCSP][..], CARD, "ocsp", 1),
        ("exact", &[CARD, CRL], CARD, "crl", 1),
        // A certainty alone is answered by its own name, since the answer must be what was asked for.
        ("exact", &[OCSP], OCSP, "ocsp", 2),
        ("better", &[CRL], OCSP, "ocsp", 3),
        ("maximum", &[CRL], CRL, "crl", 3),
        ("exact", &[], CARD, "crl", 3),
        // Short names are no URIs, so SAML does not know them; what else is named is answered.
        ("exact", &["aal2", "ocsp", CARD], CARD, "crl", 3),
        ("minimum", &[AAL2], AAL2, "crl", 3),
        ("maximum", &[AAL2], AAL2, "crl", 3),
        ("better", &[AAL2], "urn:jp:go:gap:assurance:aal3", "crl", 3),
    ]
    .into_iter()
    .enumerate()
    {
        let names = names
            .iter()
            .map(|name| format!("<saml:AuthnContextClassRef>{name}</saml:AuthnContextClassRef>"))
            .collect::<Vec<_>>()
            .concat();
        let inside = if names.is_empty() {
            String::new()
        } else {
            format!(
                "<samlp:RequestedAuthnContext Comparison=\"{comparison}\">{names}</samlp:RequestedAuthnContext>"
            )
        };
        let request = Request {
            inside,
            ..Request::to(&platform, &format!("_certain{number}"))
        };
        let mut page = send(
            &browser,
            &redirect(&platform, &deflated(request.xml().as_bytes())),
        )
        .await;
        if page.has_form("/card") {
            page = browser.submit(&page.form("/card")).await;
            page = browser
                .submit(&page.form("/consent").with("decision", "agree"))
                .await;
        }
        assert_eq!(second_status(&page), "Success", "{number}");
        let form = page.form(ACS);
        let xml = String::from_utf8(STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap()).unwrap();
        assert!(
            xml.contains(&format!("AuthnContextClassRef>{class}<")),
            "{number}: {xml}"
        );
        let told = xml
            .split("urn:jp:go:gap:attribute:revocation-certainty")
            .nth(1)
            .unwrap();
        assert!(
            told.split("AttributeValue").nth(1).unwrap().contains(certainty),
            "{number}: {told}"
        );
        assert_eq!(platform.jlis.asked_ocsp(), asked, "{number}");
    }
    // There is nothing better; and names that are no absolute URIs alone ask for nothing that SAML knows.
    for (number, (comparison, names)) in [
        ("better", &[OCSP][..]),
        ("exact", &["aal3"]),
        ("minimum", &["crl"]),
        ("maximum", &["aal3", "crl"]),
    ]
    .into_iter()
    .enumerate()
    {
        let classes = names
            .iter()
            .map(|name| format!("<saml:AuthnContextClassRef>{name}</saml:AuthnContextClassRef>"))
            .collect::<Vec<_>>()
            .concat();
        let request = Request {
            inside: format!(
                "<samlp:RequestedAuthnContext Comparison=\"{comparison}\">{classes}</samlp:RequestedAuthnContext>"
            ),
            ..Request::to(&platform, &format!("_certainer{number}"))
        };
        let page = send(
            &browser,
            &redirect(&platform, &deflated(request.xml().as_bytes())),
        )
        .await;
        assert_eq!(second_status(&page), "NoAuthnContext", "{names:?}");
    }
}

#[tokio::test]
async fn time_at_the_limit_and_past_it() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let now = MachineClock.now();
    // Skew 180 s, age 300 s; ten seconds of room for a slow machine.
    for (offset, accepted) in [
        (170, true),
        (200, false),
        (-470, true),
        (-490, false),
        (-86_400, false),
    ] {
        let request = Request {
            issued: now.plus_seconds(offset),
            ..Request::to(&platform, "_time")
        };
        let page = send(
            &browser,
            &redirect(&platform, &deflated(request.xml().as_bytes())),
        )
        .await;
        assert_eq!(page.status == 200, accepted, "{offset} s: {}", page.status);
        assert!(!page.body.contains("SAMLResponse"), "{offset} s");
    }
}

#[tokio::test]
async fn what_names_nobody_or_the_wrong_place_is_answered_here() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let good = || Request::to(&platform, "_wrong");
    let rows = [
        (
            "unknown service",
            Request {
                issuer: "https://evil.localhost/".to_owned(),
                ..good()
            },
        ),
        (
            "another destination",
            Request {
                destination: "https://idp.evil.localhost/saml/sso".to_owned(),
                ..good()
            },
        ),
        (
            "an endpoint that is not registered",
            Request {
                attributes: r#" AssertionConsumerServiceURL="https://evil.localhost/acs""#.to_owned(),
                ..good()
            },
        ),
        (
            "an index that is not registered",
            Request {
                attributes: r#" AssertionConsumerServiceIndex="7""#.to_owned(),
                ..good()
            },
        ),
        (
            "an unknown element",
            Request {
                inside: "<samlp:Evil/>".to_owned(),
                ..good()
            },
        ),
        (
            "an unknown attribute",
            Request {
                attributes: r#" Evil="1""#.to_owned(),
                ..good()
            },
        ),
    ];
    for (case, request) in rows {
        let page = send(
            &browser,
            &redirect(&platform, &deflated(request.xml().as_bytes())),
        )
        .await;
        assert_eq!(page.status, 400, "{case}");
        assert!(
            !page.body.contains("SAMLResponse") && !page.has_form("evil"),
            "{case}"
        );
    }
    // Passive without a session, and a context that nobody reaches: told to the registered place at once.
    let passive = Request {
        attributes: r#" IsPassive="true""#.to_owned(),
        ..good()
    };
    let page = send(
        &browser,
        &redirect(&platform, &deflated(passive.xml().as_bytes())),
    )
    .await;
    assert_eq!(second_status(&page), "NoPassive");
    let context = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    let asked = format!(
        "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>{context}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
    );
    let password = Request {
        id: "_password".to_owned(),
        inside: asked,
        ..good()
    };
    let page = send(
        &browser,
        &redirect(&platform, &deflated(password.xml().as_bytes())),
    )
    .await;
    assert_eq!(second_status(&page), "NoAuthnContext");
}

#[tokio::test]
async fn huge_deep_cut_and_disguised_messages() {
    let platform = platform().await;
    let browser = platform.bare_browser();
    let good = Request::to(&platform, "_shape").xml();
    let whole = deflated(good.as_bytes());
    let bomb = deflated(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 80_000, "{}", bomb.len());
    let deep = format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000));
    let entity = good.replacen("<samlp", "<!DOCTYPE x [<!ENTITY e \"boom\">]><samlp", 1);
    let comment = good.replace(SP, &format!("{}<!-- -->", &SP[..20]));
    let rows: [(&str, Vec<u8>); 8] = [
        ("bomb", bomb.clone()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("not deflated", good.clone().into_bytes()),
        ("deep", deflated(deep.as_bytes())),
        ("document type", deflated(entity.as_bytes())),
        ("comment in the issuer", deflated(comment.as_bytes())),
        ("two roots", deflated(format!("{good}{good}").as_bytes())),
        ("empty", deflated(b"")),
    ];
    for (case, octets) in rows {
        // A long address is refused by its length alone; the same octets by POST are looked at.
        if octets.len() < 20_000 {
            let page = send(&browser, &redirect(&platform, &octets)).await;
            assert_eq!(page.status, 400, "{case}");
        }
        let plain = match case {
            "bomb" => vec![b' '; 300 * 1024],
            "deep" => deep.clone().into_bytes(),
            "document type" => entity.clone().into_bytes(),
            "comment in the issuer" => comment.clone().into_bytes(),
            _ => octets,
        };
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLRequest", &STANDARD.encode(plain))
            .finish();
        if case != "not deflated" {
            let page = browser
                .post_raw(&format!("{}/saml/sso", platform.origin), &[], &body)
                .await;
            assert_eq!(page.status, 400, "{case} by POST: {}", page.status);
        }
    }
    let oversized = format!("SAMLRequest={}", "A".repeat(2 * 1024 * 1024));
    let page = browser
        .post_raw(&format!("{}/saml/sso", platform.origin), &[], &oversized)
        .await;
    assert_eq!(page.status, 413);
    let url = redirect(&platform, &whole);
    assert_eq!(
        send(&browser, &format!("{url}&SAMLRequest=x")).await.status,
        400,
        "a parameter twice"
    );
    assert_eq!(
        send(&browser, &format!("{url}&SigAlg=x")).await.status,
        400,
        "half a signature"
    );
    let sha1 = "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1&Signature=AAAA";
    assert_eq!(
        send(&browser, &format!("{url}{sha1}")).await.status,
        400,
        "an algorithm that we do not take"
    );
    assert_eq!(
        send(&browser, &format!("{}/saml/sso", platform.origin))
            .await
            .status,
        400,
        "nothing at all"
    );
    // And the good one is still good.
    assert_eq!(send(&browser, &url).await.status, 200);
}
