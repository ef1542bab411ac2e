//! Attacks on the metadata that the platform takes in by itself: who can put a document where it is fetched, or deliver one of yesterday, must
//! not bring a service in, change one, or make the platform stumble. The documents are signed by the `xmlsec1` command (apt: xmlsec1, openssl).

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use conformance_tests::{MachineClock, Platform, PlatformOptions, SamlService};
use domain::Clock;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const CONFIG: &str = r#"
[[metadata.source]]
name = "federation"
file = "federation.xml"
keys = ["federation.crt"]
interval_seconds = 86400
valid_until_required = true
max_octets = 4000000
max_entities = 400
[metadata.source.granted]
admit = "active"
"#;

fn at(seconds: i64) -> String {
    MachineClock.now().plus_seconds(seconds).to_rfc3339().unwrap()
}

fn entity(name: &str, id: &str) -> String {
    entity_at(name, id, &format!("https://{name}.localhost:9/acs"))
}

fn entity_at(name: &str, id: &str, acs: &str) -> String {
    format!(
        r#"<EntityDescriptor entityID="https://{name}.localhost:9/metadata"{id}><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/></SPSSODescriptor></EntityDescriptor>"#
    )
}

/// A signature to be filled in, over `id`.
fn blank(id: &str) -> String {
    let method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    format!(
        r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##
    )
}

fn root(id: &str, valid_until: &str, inside: &str) -> String {
    format!(
        r#"<EntitiesDescriptor xmlns="{MD}" ID="{id}" validUntil="{valid_until}">{inside}</EntitiesDescriptor>"#
    )
}

/// A document that the key signs where the blank stands.
fn sign(folder: &Path, key: &str, document: &str) -> String {
    fs::write(folder.join("unsigned.xml"), document).unwrap();
    let of = |name: &str| format!("{MD}:{name}");
    let (groups, items) = (of("EntitiesDescriptor"), of("EntityDescriptor"));
    let arguments = [
        "--sign",
        "--privkey-pem",
        key,
        "--id-attr:ID",
        &groups,
        "--id-attr:ID",
        &items,
        "unsigned.xml",
    ];
    let signed = run(folder, "xmlsec1", &arguments);
    let signed = signed
        .strip_prefix("<?xml version=\"1.0\"?>\n")
        .unwrap_or(&signed);
    signed.trim_end().to_owned()
}

fn run(folder: &Path, command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{command} is needed by these tests: {error}"));
    assert!(
        output.status.success(),
        "{command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn publish(platform: &Platform, document: &str) {
    let draft = platform.path().join("draft.xml");
    fs::write(&draft, document).unwrap();
    fs::rename(&draft, platform.path().join("federation.xml")).unwrap();
}

/// What an operator is told of a document: nothing when it was accepted, else why not.
fn judged(platform: &Platform, document: &str) -> Option<String> {
    publish(platform, document);
    let output = platform.command(&["metadata", "refresh", "federation"]);
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

async fn start() -> (Platform, String) {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: CONFIG.to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    for name in ["federation", "mallory"] {
        let (key, certificate, subject) = (
            format!("{name}.key"),
            format!("{name}.crt"),
            format!("/CN={name}"),
        );
        let arguments = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-subj",
            &subject,
            "-days",
            "1",
        ];
        run(platform.path(), "openssl", &arguments);
    }
    let inside = format!("{}{}{}", blank("root"), entity("good", ""), entity("other", ""));
    let good = sign(
        platform.path(),
        "federation.key",
        &root("root", &at(7_200), &inside),
    );
    publish(&platform, &good);
    platform.run().await;
    // The server takes it in by itself.
    let until = Instant::now() + Duration::from_secs(30);
    while platform.metric("metadata_services").await != Some(2.0) {
        assert!(Instant::now() < until, "the first document was not taken in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (platform, good)
}

/// Where a request of the service leads: to the card, or to a refusal.
async fn asks(platform: &Platform, name: &str, id: &str) -> u16 {
    let service = SamlService::of(platform, name);
    platform
        .bare_browser()
        .get(&service.request(id))
        .await
        .status
        .as_u16()
}

/// The good document in its parts: start tag, signature, entities.
fn parts(good: &str) -> (String, String, String) {
    let (open, rest) = good.split_once('>').unwrap();
    let (signature, rest) = rest.split_once("</ds:Signature>").unwrap();
    let body = rest.strip_suffix("</EntitiesDescriptor>").unwrap();
    (
        format!("{open}>"),
        format!("{signature}</ds:Signature>"),
        body.to_owned(),
    )
}

/// Documents that somebody made who has the good one, or an entity or group that the key signed once; and what the operator is told.
fn wrapped(folder: &Path, good: &str) -> Vec<(&'static str, String, &'static str)> {
    let evil = entity("evil", "");
    let (open, signature, body) = parts(good);
    let original = format!("{open}{body}</EntitiesDescriptor>");
    let later = |inside: &str| root("root", &at(7_300), inside);
    let by = |text: &str| sign(folder, "federation.key", text);
    let own = entity("evil", " ID=\"e\"").replacen('>', &format!(">{}", blank("e")), 1);
    let inner = format!(
        "<EntitiesDescriptor ID=\"i\">{}{evil}</EntitiesDescriptor>",
        blank("i")
    );
    let object = signature.replace(
        "</ds:Signature>",
        &format!("<ds:Object>{original}</ds:Object></ds:Signature>"),
    );
    let (_, valid_until) = open.split_once("validUntil=\"").unwrap();
    let (valid_until, _) = valid_until.split_once('"').unwrap();
    vec![
        ("not signed", later(&evil), "no signature"),
        (
            "one entity signed, the root not",
            by(&later(&own)),
            "no signature",
        ),
        (
            "an inner group signed, the root not",
            by(&later(&inner)),
            "no signature",
        ),
        (
            "an entity added",
            good.replace("</EntitiesDescriptor>", &format!("{evil}</EntitiesDescriptor>")),
            "not what was signed",
        ),
        (
            "an endpoint changed",
            good.replace("good.localhost:9/acs", "evil.localhost:9/acs"),
            "not what was signed",
        ),
        (
            "validity lengthened",
            good.replace(valid_until, &at(7_900)),
            "not what was signed",
        ),
        (
            "the original in an evil root",
            root("evil", &at(7_300), &format!("{signature}{evil}{original}")),
            "another element",
        ),
        (
            "the original in an evil root with its identifier",
            later(&format!("{signature}{evil}{original}")),
            "the same identifier",
        ),
        (
            "the original among extensions",
            later(&format!("{signature}<Extensions>{original}</Extensions>{evil}")),
            "the same identifier",
        ),
        (
            "the original in the signature",
            later(&format!("{object}{evil}")),
            "SAML shape",
        ),
        (
            "the signature behind the entities",
            format!("{open}{body}{signature}</EntitiesDescriptor>"),
            "no signature",
        ),
        (
            "two signatures",
            format!("{open}{signature}{signature}{body}</EntitiesDescriptor>"),
            "more than one signature",
        ),
        ("cut off", good[..good.len() - 30].to_owned(), "well-formed"),
    ]
}

/// Documents of another key, of weak algorithms, of another time, and those that shall exhaust the reader.
fn forged(folder: &Path, good: &str) -> Vec<(&'static str, String, &'static str)> {
    let evil = entity("evil", "");
    let (open, signature, _) = parts(good);
    let signed_inside = format!("{}{evil}", blank("root"));
    let until = |seconds: i64| root("root", &at(seconds), &signed_inside);
    let by = |text: &str| sign(folder, "federation.key", text);
    let mallorys = sign(folder, "mallory.key", &until(7_300));
    let certificate = fs::read_to_string(folder.join("mallory.crt")).unwrap();
    let certificate: String = certificate
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let with_key = mallorys.replace(
        "</ds:SignatureValue>",
        &format!("</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"),
    );
    let sha1 = good
        .replace("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1")
        .replace("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1");
    let many: String = (0..500).map(|n| entity(&format!("n{n}"), "")).collect();
    let same = format!(
        "{}{}{}",
        blank("root"),
        entity("evil", " ID=\"x\""),
        entity("b", " ID='x'")
    );
    let deep = format!("{open}{signature}{}", "<EntitiesDescriptor>".repeat(100_000));
    let below = format!("{open}{signature}<EntityDescriptor>{}", "<a>".repeat(100_000));
    vec![
        ("another key", mallorys, "none of the registered keys"),
        ("another key in KeyInfo", with_key, "none of the registered keys"),
        ("SHA-1", sha1, "not allowed"),
        (
            "a DTD",
            format!("<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\">]>{good}"),
            "document type",
        ),
        (
            "an external entity",
            format!("<!DOCTYPE a SYSTEM \"file:///etc/passwd\">{good}"),
            "document type",
        ),
        (
            "an entity reference",
            good.replace("</SPSSODescriptor>", "&a;</SPSSODescriptor>"),
            "well-formed",
        ),
        ("groups in groups", deep, "deeper"),
        ("elements in elements", below, "well-formed"),
        (
            "entities without end",
            by(&root("root", &at(7_300), &format!("{}{many}", blank("root")))),
            "more than 400 nodes",
        ),
        (
            "octets without end",
            format!("{open}{signature}{}", " ".repeat(5_000_000)),
            "larger than",
        ),
        (
            "a token without end",
            format!("{open}{signature}<EntityDescriptor a=\"{}", "x".repeat(3_000_000)),
            "larger than",
        ),
        (
            "the same identifier twice",
            by(&root("root", &at(7_300), &same.replace("'x'", "\"y\""))).replace("\"y\"", "\"x\""),
            "identifier",
        ),
        ("expired", by(&until(-3_600)), "has passed"),
        ("without end", by(&until(30 * 86_400)), "ahead"),
        ("of yesterday", by(&until(3_600)), "older"),
    ]
}

#[tokio::test]
async fn only_what_the_pinned_key_signed_is_taken_in() {
    let (platform, good) = start().await;
    assert_eq!(judged(&platform, &good), None);
    assert_eq!(asks(&platform, "good", "_1").await, 200);
    let attacks = forged(platform.path(), &good)
        .into_iter()
        .chain(wrapped(platform.path(), &good));
    for (name, document, expected) in attacks {
        let why = judged(&platform, &document).unwrap_or_else(|| panic!("accepted: {name}"));
        assert!(why.contains(expected), "{name}: {why}");
    }
    let list = String::from_utf8(platform.command(&["service", "list"]).stdout).unwrap();
    assert!(
        list.contains("https://good.localhost:9/metadata") && !list.contains("evil"),
        "{list}"
    );
    assert_eq!(list.lines().count(), 2, "{list}");
    // What was accepted before goes on, and everybody who looks sees that something is wrong.
    assert_eq!(asks(&platform, "good", "_2").await, 200);
    let status = platform.command(&["metadata", "status"]).stdout;
    let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
    assert_eq!(status[0]["in_force"], true, "{status}");
    assert!(
        status[0]["problem"].as_str().unwrap().contains("well-formed"),
        "{status}"
    );
    assert_eq!(platform.metric("metadata_problem").await, Some(1.0));
}

#[tokio::test]
async fn an_entity_gets_no_more_than_its_source_grants() {
    let (platform, _) = start().await;
    let ours = entity("ours", "").replace("<EntityDescriptor", &format!("<EntityDescriptor xmlns=\"{MD}\""));
    platform.register(&format!(
        "kind = \"sp\"\nname = {{ ja = \"a\", en = \"a\" }}\n[saml]\nmetadata = '''{ours}'''\n"
    ));
    let wants_more = entity("more", "").replace(
        "</SPSSODescriptor>",
        r#"<AttributeConsumingService index="1"><ServiceName xml:lang="en">x</ServiceName><RequestedAttribute Name="urn:jp:go:gap:attribute:name" isRequired="true"/></AttributeConsumingService></SPSSODescriptor>"#,
    );
    let inside = [
        blank("root"),
        entity("good", ""),
        entity_at("ours", "", "https://evil.localhost:9/acs"),
        entity_at("script", "", "javascript:alert(1)"),
        entity_at("plain", "", "http://plain.example/acs"),
        entity_at("twice", "", "https://twice.localhost:9/1"),
        entity_at("twice", "", "https://twice.localhost:9/2"),
        wants_more,
    ]
    .concat();
    let document = sign(
        platform.path(),
        "federation.key",
        &root("root", &at(7_300), &inside),
    );
    assert_eq!(judged(&platform, &document), None);
    let entities = platform.command(&["metadata", "entities", "federation"]).stdout;
    let entities = String::from_utf8(entities).unwrap();
    for (name, why) in [
        ("ours", "who holds it keeps it"),
        ("script", "must be https"),
        ("plain", "must be https"),
        ("twice", "two entities"),
    ] {
        let named = format!("//{name}.");
        let line = entities.lines().find(|line| line.contains(&named)).unwrap();
        assert!(line.contains(why), "{name}: {line}");
    }
    let show = |name: &str| {
        let output = platform.command(&["service", "show", &format!("https://{name}.localhost:9/metadata")]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!show("ours").contains("evil") && !show("ours").contains("fetched"));
    let more: serde_json::Value = serde_json::from_str(&show("more")).unwrap();
    assert_eq!(more["released_attributes"], serde_json::json!(["pseudonym"]));
    assert_eq!(show("script") + &show("plain") + &show("twice"), "");
    // `other` is named no more: refused at once by the running server, and the others go on.
    assert_eq!(asks(&platform, "other", "_3").await, 403);
    assert_eq!(asks(&platform, "good", "_4").await, 200);
    assert_eq!(asks(&platform, "ours", "_5").await, 200);
}

#[tokio::test]
async fn a_source_that_the_server_does_not_know_vouches_for_nobody() {
    let (platform, _) = start().await;
    assert_eq!(asks(&platform, "good", "_1").await, 200);
    // Whoever may write the database but not the configuration: the record is there, and nobody is let in by it.
    let folder = platform.path();
    let path = folder.join("idp-server.toml");
    let config = fs::read_to_string(&path).unwrap();
    let other = config.replace("name = \"federation\"", "name = \"second\"");
    fs::write(&path, other.replace("federation.xml", "second.xml")).unwrap();
    let inside = format!("{}{}", blank("root"), entity("short", ""));
    let document = sign(folder, "federation.key", &root("root", &at(7_200), &inside));
    fs::write(folder.join("second.xml"), document).unwrap();
    let output = platform.command(&["metadata", "refresh"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(asks(&platform, "short", "_2").await, 403);
    assert_eq!(asks(&platform, "good", "_3").await, 200);
}

/// A service is answered and told what was wrong as long as its source vouches for it.
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
#[tokio::test]
async fn who_is_vouched_for_no_more_is_told_nothing_more() {
    const ENTITY: &str = "https://keyed.localhost:9/metadata";
    let (platform, _) = start().await;
    let folder = platform.path();
    let certificate = fs::read_to_string(folder.join("mallory.crt")).unwrap();
    let certificate: String = certificate
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let key = format!(
        r#""><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><Assertion"#
    );
    let keyed = entity("keyed", "").replace("\"><Assertion", &key);
    let document = |seconds: i64, keyed: &str| {
        let inside = format!("{}{}{keyed}", blank("root"), entity("good", ""));
        sign(folder, "federation.key", &root("root", &at(seconds), &inside))
    };
    let browser = platform.bare_browser();
    let token = async |id: &str| {
        let part = |value: serde_json::Value| jose::encode_base64url(value.to_string());
        let now = MachineClock.now().seconds();
        let claims = serde_json::json!({
            "iss": ENTITY, "sub": ENTITY, "aud": platform.origin, "iat": now, "exp": now + 60, "jti": id,
        });
        let header = part(serde_json::json!({"alg": "RS256", "typ": "JWT"}));
        let input = format!("{header}.{}", part(claims));
        fs::write(folder.join("input"), &input).unwrap();
        let arguments = [
            "dgst",
            "-sha256",
            "-sign",
            "mallory.key",
            "-out",
            "signed",
            "input",
        ];
        run(folder, "openssl", &arguments);
        let signature = jose::encode_base64url(fs::read(folder.join("signed")).unwrap());
        let form = format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={input}.{signature}"
        );
        let url = format!("{}/v1/exchanges/token", platform.origin);
        browser.post_raw(&url, &[], &form).await
    };
    let asked = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let url = format!("{}/v1/exchanges", platform.origin);
        let page = browser.get_raw(&url, &[("authorization", &bearer)]).await;
        page.status.as_u16()
    };
    let query = async |id: &str| {
        let message = format!(
            r#"<samlp:AttributeQuery xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{}"><saml:Issuer>{ENTITY}</saml:Issuer>{}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">p_00000000000000000000000000000000</saml:NameID></saml:Subject></samlp:AttributeQuery>"#,
            at(0),
            blank(id)
        );
        fs::write(folder.join("query.xml"), message).unwrap();
        let element = "urn:oasis:names:tc:SAML:2.0:protocol:AttributeQuery";
        let arguments = [
            "--sign",
            "--privkey-pem",
            "mallory.key",
            "--id-attr:ID",
            element,
            "query.xml",
        ];
        let signed = run(folder, "xmlsec1", &arguments);
        let signed = signed
            .strip_prefix("<?xml version=\"1.0\"?>\n")
            .unwrap_or(&signed)
            .to_owned();
        let url = format!("{}/saml/attributes", platform.origin);
        let envelope = conformance_tests::soap_envelope(signed.trim_end());
        browser.post_bytes(&url, "text/xml", envelope.into_bytes()).await
    };
    assert_eq!(judged(&platform, &document(7_300, &keyed)), None);
    let answered = query("_q1").await;
    assert!(
        answered.status == 200 && answered.body.contains("UnknownPrincipal"),
        "{}",
        answered.body
    );
    let given = token("one").await;
    let given: serde_json::Value = serde_json::from_str(&given.body).unwrap();
    let given = given["access_token"].as_str().unwrap();
    assert_eq!(asked(given).await, 200);
    assert_eq!(judged(&platform, &document(7_400, "")), None);
    assert_eq!(asked(given).await, 401);
    let answered = query("_q2").await;
    assert!(
        answered.status == 500 && answered.body.contains("Fault"),
        "{}",
        answered.body
    );
    let refused = token("two").await;
    assert!(
        refused.status == 401 && refused.body.contains("invalid_client"),
        "{}",
        refused.body
    );
}

/// A key that an operator pins instead of the old one judges what lies there already, though nobody touched it.
#[tokio::test]
async fn another_pinned_key_judges_what_is_there_anew() {
    let (platform, _) = start().await;
    assert_eq!(platform.metric("metadata_problem").await, Some(0.0));
    let folder = platform.path();
    fs::copy(folder.join("mallory.crt"), folder.join("federation.crt")).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while platform.metric("metadata_problem").await != Some(1.0) {
        assert!(Instant::now() < until, "what the old key signed counts as before");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let status = platform.command(&["metadata", "status"]).stdout;
    let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
    let problem = status[0]["problem"].as_str().unwrap();
    assert!(problem.contains("none of the registered keys"), "{status}");
    // What was accepted before stays as long as it says itself.
    assert_eq!(asks(&platform, "good", "_1").await, 200);
}

/// An older document is taken in where an operator says so, who is on record with it, and by nobody else.
#[tokio::test]
async fn the_order_is_forgotten_by_an_operator_and_on_record() {
    let (platform, _) = start().await;
    let inside = format!("{}{}", blank("root"), entity("good", ""));
    let older = sign(
        platform.path(),
        "federation.key",
        &root("root", &at(3_600), &inside),
    );
    let why = judged(&platform, &older).unwrap();
    assert!(why.contains("older"), "{why}");
    let on_record = || {
        let log = platform.command(&["audit", "export"]).stdout;
        String::from_utf8(log)
            .unwrap()
            .matches("metadata_order_forgotten")
            .count()
    };
    assert_eq!(on_record(), 0);
    let taken = platform.command(&["metadata", "refresh", "federation", "--forget-order"]);
    assert!(
        taken.status.success(),
        "{}",
        String::from_utf8_lossy(&taken.stderr)
    );
    assert_eq!((asks(&platform, "other", "_1").await, on_record()), (403, 1));
    // From then on the order counts again.
    let oldest = sign(
        platform.path(),
        "federation.key",
        &root("root", &at(1_800), &inside),
    );
    assert!(judged(&platform, &oldest).is_some());
}
