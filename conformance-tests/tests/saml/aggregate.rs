//! A federation of ten thousand: taken in beside sign-ins, in memory that does not grow with the document, and looked at again.

use std::fs;
use std::time::{Duration, Instant};

use conformance_tests::{Platform, PlatformOptions, SamlService};

use super::sources::{BLANK, MD, asks, becomes, run};

const CONFIG: &str = r#"
[[metadata.source]]
name = "federation"
file = "federation.xml"
keys = ["federation.crt"]
interval_seconds = 1
[metadata.source.granted]
admit = "active"
"#;
const ENTITIES: usize = 10_000;
/// What the process may grow by, in KiB: about the size of the document, so that holding it once would show, and a tree of it more so.
const GROWTH: u64 = 16 * 1024;
/// How long it may take with every check of an unoptimised build.
const PATIENCE: Duration = Duration::from_mins(4);

/// A signed document of so many services with a key each.
fn publish(platform: &Platform, count: usize, certificate: &str, changed: &str) -> u64 {
    let folder = platform.path();
    let until = domain::Clock::now(&conformance_tests::MachineClock).plus_seconds(7_200);
    let until = until.to_rfc3339().unwrap();
    let mut document = format!(r#"<EntitiesDescriptor xmlns="{MD}" ID="root" validUntil="{until}">{BLANK}"#);
    for number in 0..count {
        let path = if number == 7 { changed } else { "acs" };
        let entity = format!(
            r#"<EntityDescriptor entityID="https://n{number}.localhost:9/metadata"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://n{number}.localhost:9/{path}"/></SPSSODescriptor></EntityDescriptor>"#
        );
        document.push_str(&entity);
    }
    document.push_str("</EntitiesDescriptor>");
    fs::write(folder.join("unsigned.xml"), document).unwrap();
    let arguments = format!(
        "--sign --privkey-pem federation.key --output draft --id-attr:ID {MD}:EntitiesDescriptor unsigned.xml"
    );
    run(folder, "xmlsec1", &arguments);
    let octets = fs::metadata(folder.join("draft")).unwrap().len();
    fs::rename(folder.join("draft"), folder.join("federation.xml")).unwrap();
    octets
}

/// The most memory that the server ever had, in KiB.
fn peak(platform: &Platform) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", platform.process_id().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn shows(platform: &Platform, number: usize, text: &str) -> bool {
    let entity = format!("https://n{number}.localhost:9/metadata");
    let shown = platform.command(&["service", "show", &entity]).stdout;
    String::from_utf8_lossy(&shown).contains(text)
}

#[tokio::test]
async fn ten_thousand_services_are_taken_in_beside_sign_ins_in_bounded_memory() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: CONFIG.to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let subject =
        "req -x509 -newkey rsa:2048 -nodes -keyout federation.key -out federation.crt -subj /CN=f -days 1";
    run(platform.path(), "openssl", subject);
    let pem = fs::read_to_string(platform.path().join("federation.crt")).unwrap();
    let certificate: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    publish(&platform, 10, &certificate, "acs");
    platform.run().await;
    becomes(&platform, "metadata_services", |count| (count - 10.0).abs() < 0.5).await;
    let own = SamlService::register(&platform, "own", "");
    let browser = platform.browser_with_new_card();
    let page = browser.get(&own.request("_before")).await;
    let page = browser.submit(&page.form("/card")).await;
    own.reply(&browser, page).await;
    // What sign-ins themselves come to hold (connections' caches of pages) is not the matter: there are hundreds below.
    for number in 0..300 {
        let page = browser.get(&own.request(&format!("_warm_{number}"))).await;
        own.reply(&browser, page).await;
    }
    let before = peak(&platform);

    let octets = publish(&platform, ENTITIES, &certificate, "acs");
    let (begun, mut answered, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    while platform.metric("metadata_services").await != Some(10_000.0) {
        assert!(begun.elapsed() < PATIENCE, "not taken in");
        // Somebody signs in meanwhile.
        let since = Instant::now();
        let page = browser.get(&own.request(&format!("_{answered}"))).await;
        own.reply(&browser, page).await;
        answered += 1;
        slowest = slowest.max(since.elapsed());
        // People come and go; a load as fast as it can be is not the matter, and has memory of its own.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (taken, grown) = (begun.elapsed(), peak(&platform) - before);
    for (number, id) in [(0, "_a"), (ENTITIES - 1, "_b")] {
        assert_eq!(asks(&platform, &format!("n{number}"), id).await, 200);
    }
    // One of them changes: the whole is read and judged again, and one record is written.
    let since = Instant::now();
    publish(&platform, ENTITIES, &certificate, "other");
    let signed = since.elapsed();
    while !shows(&platform, 7, "localhost:9/other") {
        assert!(since.elapsed() < PATIENCE, "the change was not seen");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let again = since.elapsed().saturating_sub(signed);
    println!(
        "{ENTITIES} services, {octets} octets: taken in within {taken:?}, one change within {again:?}; {answered} sign-ins meanwhile, the slowest {slowest:?}; memory grew from {before} KiB by {grown} KiB"
    );
    assert!(answered > 3, "{answered} sign-ins in {taken:?}");
    assert!(slowest < Duration::from_secs(5), "a sign-in took {slowest:?}");
    assert!(
        grown < GROWTH,
        "memory grew by {grown} KiB over a document of {octets} octets"
    );
    assert!(shows(&platform, 8, "localhost:9/acs"));
}
