//! Metadata from an address: a federation's own server, asked again and again, unchanged, changed and dead. The document is signed by the
//! `xmlsec1` command (apt: xmlsec1, openssl).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use conformance_tests::{DocumentServer, MachineClock, Platform, PlatformOptions, SamlService};
use domain::Clock;

pub(super) const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const HOST: &str = "federation.localhost";
const CONFIG: &str = r#"
[metadata]
fetch_ca = "servers-ca.pem"
fetch_from_internal_networks = true
[[metadata.source]]
name = "federation"
url = "@URL@"
keys = ["federation.crt"]
interval_seconds = 1
max_octets = 100000
[metadata.source.granted]
admit = "active"
"#;
pub(super) const BLANK: &str = r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#root"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##;

pub(super) fn run(folder: &Path, program: &str, arguments: &str) -> String {
    let output = Command::new(program)
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap_or_else(|why| panic!("{program} is needed by this test: {why}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn entity(name: &str) -> String {
    format!(
        r#"<EntityDescriptor entityID="https://{name}.localhost:9/metadata"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://{name}.localhost:9/acs"/></SPSSODescriptor></EntityDescriptor>"#
    )
}

/// A signed aggregate of these services.
fn aggregate(folder: &Path, names: &[&str]) -> String {
    let entities: String = names.iter().map(|name| entity(name)).collect::<Vec<_>>().concat();
    let until = MachineClock.now().plus_seconds(7_200).to_rfc3339().unwrap();
    let document = format!(
        r#"<EntitiesDescriptor xmlns="{MD}" ID="root" validUntil="{until}">{BLANK}{entities}</EntitiesDescriptor>"#
    );
    fs::write(folder.join("unsigned.xml"), document).unwrap();
    let arguments =
        format!("--sign --privkey-pem federation.key --id-attr:ID {MD}:EntitiesDescriptor unsigned.xml");
    run(folder, "xmlsec1", &arguments)
}

pub(super) async fn becomes(platform: &Platform, metric: &str, is_so: impl Fn(f64) -> bool) -> f64 {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = platform.metric(metric).await.filter(|value| is_so(*value)) {
            return value;
        }
        assert!(
            Instant::now() < until,
            "{metric} is {:?}",
            platform.metric(metric).await
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Where a request of the service leads: to the card, or to a refusal.
pub(super) async fn asks(platform: &Platform, name: &str, id: &str) -> u16 {
    let request = SamlService::of(platform, name).request(id);
    platform.bare_browser().get(&request).await.status.as_u16()
}

fn status(platform: &Platform) -> serde_json::Value {
    let output = platform.command(&["metadata", "status"]);
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    all[0].clone()
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn an_address_is_asked_for_what_is_new_and_its_death_changes_nothing() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: CONFIG.to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let server = DocumentServer::start(&platform, &[HOST]).await;
    let folder = platform.path().to_owned();
    let config = folder.join("idp-server.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("@URL@", &server.url(HOST, "/all.xml"))).unwrap();
    let subject =
        "req -x509 -newkey rsa:2048 -nodes -keyout federation.key -out federation.crt -subj /CN=f -days 1";
    run(&folder, "openssl", subject);

    server.put_tagged("/all.xml", "one", aggregate(&folder, &["first"]));
    platform.run().await;
    becomes(&platform, "metadata_services", |count| (count - 1.0).abs() < 0.5).await;
    assert_eq!(asks(&platform, "first", "_1").await, 200);
    assert_eq!(asks(&platform, "second", "_2").await, 400, "unknown");

    // From then on with the entity tag; nothing is sent twice, and the age is that of the last answer.
    let same = "metadata_refreshes_total{source=\"federation\",outcome=\"same\"}";
    becomes(&platform, same, |count| count >= 2.0).await;
    let conditional = |head: &String| head.to_lowercase().contains("if-none-match: \"one\"");
    assert!(
        server.requests().iter().skip(1).all(conditional),
        "{:?}",
        server.requests()
    );
    assert!(!server.requests().iter().take(1).any(conditional));
    let before = status(&platform);
    assert_eq!(
        (&before["in_force"], &before["problem"]),
        (&true.into(), &serde_json::Value::Null)
    );

    // The document moves; the address that was moved to is judged as the first.
    let moved = |to: &str| format!("302 Found\r\nlocation: {to}");
    server.put("/all.xml", &moved("http://federation.localhost/new.xml"), "");
    becomes(&platform, "metadata_problem", |problem| problem > 0.5).await;
    server.put("/all.xml", &moved("/all.xml"), "");
    let problem = |platform: &Platform| status(platform)["problem"].to_string();
    let until = Instant::now() + Duration::from_secs(20);
    while !problem(&platform).contains("refused") {
        assert!(Instant::now() < until, "{}", problem(&platform));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.put("/all.xml", &moved("/older.xml"), "");
    server.put("/older.xml", &moved(&server.url(HOST, "/new.xml")), "");
    server.put_tagged("/new.xml", "moved", aggregate(&folder, &["first", "third"]));
    becomes(&platform, "metadata_services", |count| (count - 2.0).abs() < 0.5).await;
    assert_eq!(asks(&platform, "third", "_moved").await, 200);

    server.put_tagged("/all.xml", "two", aggregate(&folder, &["first", "second"]));
    becomes(&platform, "metadata_refused", |refused| refused < 0.5).await;
    let until = Instant::now() + Duration::from_secs(20);
    while asks(&platform, "second", &format!("_{}", until.elapsed().as_nanos())).await != 200 {
        assert!(Instant::now() < until, "{}", problem(&platform));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    becomes(&platform, "metadata_services", |count| (count - 2.0).abs() < 0.5).await;
    assert_eq!(asks(&platform, "second", "_3").await, 200);

    // Without end: it is not even fetched to its end. With another status it is none, whatever comes with it.
    let third = aggregate(&folder, &["first", "second", "third"]);
    for (status_line, body, why) in [
        ("200 OK", " ".repeat(200_000), "too_long"),
        ("404 Not Found", third, "refused"),
    ] {
        server.put("/all.xml", status_line, body);
        becomes(&platform, "metadata_problem", |problem| {
            (problem - 1.0).abs() < 0.5
        })
        .await;
        let told = status(&platform);
        assert!(told["problem"].as_str().unwrap().contains(why), "{told}");
        server.put_tagged("/all.xml", "two", aggregate(&folder, &["first", "second"]));
        becomes(&platform, "metadata_problem", |problem| {
            (problem - 0.0).abs() < 0.5
        })
        .await;
    }

    // Dead: everybody stays, and everybody who looks sees it and since when.
    server.stop();
    becomes(&platform, "metadata_problem", |problem| {
        (problem - 1.0).abs() < 0.5
    })
    .await;
    let age = becomes(&platform, "metadata_age_seconds", |age| age >= 2.0).await;
    becomes(&platform, "metadata_age_seconds", |later| later > age).await;
    let dead = status(&platform);
    assert_eq!(dead["in_force"], true, "{dead}");
    assert!(
        dead["problem"].as_str().unwrap().contains("cannot be fetched"),
        "{dead}"
    );
    for (name, id) in [("first", "_4"), ("second", "_5")] {
        assert_eq!(asks(&platform, name, id).await, 200);
    }

    // Back, and it names one of them no more.
    server.put_tagged("/all.xml", "three", aggregate(&folder, &["second"]));
    server.resume().await;
    becomes(&platform, "metadata_services", |count| (count - 1.0).abs() < 0.5).await;
    becomes(&platform, "metadata_problem", |problem| {
        (problem - 0.0).abs() < 0.5
    })
    .await;
    assert_eq!(asks(&platform, "first", "_6").await, 403);
    assert_eq!(asks(&platform, "second", "_7").await, 200);
    // What was fetched is nowhere afterwards.
    let spooled = fs::read_dir(folder.join("data")).unwrap().flatten();
    assert!(
        !spooled
            .into_iter()
            .any(|entry| entry.path().is_dir() && contains_xml(&entry.path()))
    );
}

/// What a document says of its own end is the end of its services, without anybody looking at it again.
#[tokio::test]
async fn the_end_of_a_document_is_the_end_of_its_services() {
    let config = "[[metadata.source]]\nname = \"local\"\nfile = \"local.xml\"\ninterval_seconds = 1\n[metadata.source.granted]\nadmit = \"active\"\n";
    let platform = Platform::start_with(PlatformOptions {
        more_config: config.to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    // Five minutes are for clocks that differ.
    let end = domain::Timestamp::from_seconds(MachineClock.now().seconds() + 8);
    let until = end
        .plus_seconds(-domain::METADATA_CLOCK_SKEW_SECONDS)
        .to_rfc3339()
        .unwrap();
    let document = format!(
        r#"<EntitiesDescriptor xmlns="{MD}" validUntil="{until}">{}</EntitiesDescriptor>"#,
        entity("first")
    );
    fs::write(platform.path().join("draft"), document).unwrap();
    fs::rename(platform.path().join("draft"), platform.path().join("local.xml")).unwrap();
    becomes(&platform, "metadata_services", |count| (count - 1.0).abs() < 0.5).await;
    assert_eq!(asks(&platform, "first", "_1").await, 200);
    let begun = Instant::now();
    let mut number = 1;
    loop {
        number += 1;
        let status = asks(&platform, "first", &format!("_{number}")).await;
        if status == 403 {
            break;
        }
        assert_eq!(status, 200);
        assert!(begun.elapsed() < Duration::from_secs(30), "it never ends");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(MachineClock.now() >= end, "not before");
}

fn contains_xml(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .into_iter()
        .any(|entry| fs::read(entry.path()).is_ok_and(|octets| octets.starts_with(b"<?xml")))
}

/// A place that is the service's no more (a domain that was lost) is told nothing, also by a sign-in that began before.
#[tokio::test]
async fn a_place_that_was_taken_back_meanwhile_gets_no_reply() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: "[[metadata.source]]\nname = \"file\"\nfile = \"sps.xml\"\ninterval_seconds = 1\n\
                      [metadata.source.granted]\nadmit = \"active\"\n"
            .to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let file = platform.path().join("sps.xml");
    let write = |acs: &str| {
        let text = format!(
            r#"<EntityDescriptor xmlns="{MD}" entityID="https://moves.localhost:9/metadata"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://moves.localhost:9{acs}"/></SPSSODescriptor></EntityDescriptor>"#
        );
        fs::write(file.with_extension("new"), text).unwrap();
        fs::rename(file.with_extension("new"), &file).unwrap();
    };
    write("/acs");
    platform.run().await;
    becomes(&platform, "metadata_services", |count| (count - 1.0).abs() < 0.5).await;
    let service = SamlService::of(&platform, "moves");
    // Beside the others, somebody whose sign-in is untouched.
    let (signs, cancels, later) = (
        platform.browser_with_new_card(),
        platform.browser_with_new_card(),
        platform.browser_with_new_card(),
    );
    let signing = signs.get(&service.request("_signs")).await;
    let cancelling = cancels.get(&service.request("_cancels")).await;
    let accepted = "metadata_refreshes_total{source=\"file\",outcome=\"accepted\"}";
    let before = platform.metric(accepted).await.unwrap();
    write("/new");
    becomes(&platform, accepted, |count| count > before).await;
    let mut signed = signs.submit(&signing.form("/card")).await;
    if signed.has_form("/consent") {
        signed = signs
            .submit(&signed.form("/consent").with("decision", "agree"))
            .await;
    }
    let cancelled = cancels.submit(&cancelling.form("/cancel")).await;
    for page in [signed, cancelled] {
        assert_eq!(page.status, 400, "{}", page.body);
        assert!(
            !page.has_form("/acs") && !page.has_form("/new") && !page.body.contains("SAMLResponse"),
            "{}",
            page.body
        );
    }
    let page = later.get(&service.request("_later")).await;
    let mut page = later.submit(&page.form("/card")).await;
    if page.has_form("/consent") {
        page = later
            .submit(&page.form("/consent").with("decision", "agree"))
            .await;
    }
    assert!(page.has_form("https://moves.localhost:9/new"), "{}", page.body);
}
