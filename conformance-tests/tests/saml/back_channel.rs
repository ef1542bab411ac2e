//! What services ask the platform directly, and sign-ins that no request asked for, over the sockets of the running platform.
//! Messages are signed by the `xmlsec1` command (apt: xmlsec1, openssl).

#[path = "emitted.rs"]
mod emitted;
#[path = "queries.rs"]
mod queries;

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{Browser, MachineClock, Page, Platform, PlatformOptions};
use domain::Clock;

use super::{deflated, redirect};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const ATTRIBUTE: &str = "urn:jp:go:gap:attribute:";

/// A service provider with a key.
struct Party {
    entity: String,
    acs: String,
    key: String,
}

impl Party {
    /// Registers one; `settings` are lines of the `[saml]` table, `inside` stands in its metadata's role.
    fn register(platform: &Platform, name: &str, settings: &str, extensions: &str, inside: &str) -> Self {
        let folder = platform.path();
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let subject = format!("/CN={name}");
        let arguments = format!(
            "req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -subj {subject} -days 1"
        );
        run(folder, "openssl", &arguments.split(' ').collect::<Vec<_>>());
        let pem = fs::read_to_string(folder.join(&certificate)).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
        let entity = format!("https://{name}.localhost:9/metadata");
        let acs = format!("https://{name}.localhost:9/acs");
        let metadata = format!(
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">{extensions}<SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{base64}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/><AssertionConsumerService index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="{acs}/artifact"/>{inside}</SPSSODescriptor></EntityDescriptor>"#
        );
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"{name}\", en = \"{name}\" }}\nreleased_attributes = [\"assurance_level\", \"authentication_method\"]\n[saml]\n{settings}\nmetadata = '''{metadata}'''\n"
        ));
        Self { entity, acs, key }
    }

    fn message(&self, name: &str, id: &str, attributes: &str, inside: &str) -> String {
        let now = MachineClock.now().to_rfc3339().unwrap();
        format!(
            r#"<samlp:{name} xmlns:samlp="{PROTOCOL}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{now}"{attributes}><saml:Issuer>{}</saml:Issuer>{inside}</samlp:{name}>"#,
            self.entity
        )
    }

    /// Begins a sign-in and answers where it led.
    async fn ask(
        &self,
        platform: &Platform,
        browser: &Browser,
        id: &str,
        attributes: &str,
        inside: &str,
    ) -> Page {
        let request = self.message("AuthnRequest", id, attributes, inside);
        let address = redirect(platform, &deflated(request.as_bytes()));
        self.finish(browser, browser.get_until(&address, &self.acs).await)
            .await
    }

    /// Whatever the person must do.
    async fn finish(&self, browser: &Browser, mut page: Page) -> Page {
        if page.has_form("/card") {
            page = browser.submit_until(&page.form("/card"), &self.acs).await;
        }
        if page.has_form("/consent") {
            let form = page.form("/consent").with("decision", "agree");
            page = browser.submit_until(&form, &self.acs).await;
        }
        page
    }

    fn signed(&self, platform: &Platform, name: &str, message: &str) -> String {
        let template = r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#ID"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##;
        let id = message.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap();
        let template = template.replace("#ID", &format!("#{id}"));
        let unsigned = message.replacen("</saml:Issuer>", &format!("</saml:Issuer>{template}"), 1);
        fs::write(platform.path().join("unsigned.xml"), unsigned).unwrap();
        let element = format!("{PROTOCOL}:{name}");
        let signed = run(
            platform.path(),
            "xmlsec1",
            &[
                "--sign",
                "--privkey-pem",
                &self.key,
                "--id-attr:ID",
                &element,
                "unsigned.xml",
            ],
        );
        signed
            .strip_prefix("<?xml version=\"1.0\"?>\n")
            .unwrap_or(&signed)
            .trim_end()
            .to_owned()
    }

    async fn resolve(&self, platform: &Platform, id: &str, artifact: &str) -> Page {
        let inside = format!("<samlp:Artifact>{artifact}</samlp:Artifact>");
        let message = self.message("ArtifactResolve", id, "", &inside);
        soap(
            platform,
            "artifact",
            &self.signed(platform, "ArtifactResolve", &message),
        )
        .await
    }

    async fn query(&self, platform: &Platform, id: &str, name: &str, attributes: &[&str]) -> Page {
        let message = self.message("AttributeQuery", id, "", &about(name, attributes));
        soap(
            platform,
            "attributes",
            &self.signed(platform, "AttributeQuery", &message),
        )
        .await
    }
}

fn about(name: &str, attributes: &[&str]) -> String {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|name| format!("<saml:Attribute Name=\"{name}\"/>"))
        .collect();
    let attributes = attributes.concat();
    format!(
        "<saml:Subject><saml:NameID Format=\"{PERSISTENT}\">{name}</saml:NameID></saml:Subject>{attributes}"
    )
}

async fn soap(platform: &Platform, endpoint: &str, message: &str) -> Page {
    let url = format!("{}/saml/{endpoint}", platform.origin);
    platform
        .bare_browser()
        .post_bytes(&url, "text/xml", envelope(message).into_bytes())
        .await
}

fn envelope(message: &str) -> String {
    format!(
        r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{message}</S:Body></S:Envelope>"#
    )
}

fn run(folder: &Path, command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{command} is needed by this test: {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The Response in a form.
fn posted(party: &Party, page: &Page) -> String {
    let form = page.form(&party.acs);
    String::from_utf8(STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap()).unwrap()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?
        .1
        .split_once(after)
        .map(|(found, _)| found)
}

fn name_of(response: &str) -> String {
    let name = response.split("<saml:NameID ").nth(1).expect("a name");
    between(name, ">", "<").unwrap().to_owned()
}

fn says(response: &str, status: &str) -> bool {
    response.contains(&format!("urn:oasis:names:tc:SAML:2.0:status:{status}\""))
}

const ARTIFACT: &str = r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact""#;

#[tokio::test]
async fn a_response_behind_an_artifact_goes_to_its_service_once() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let other = Party::register(&platform, "other", "", "", "");
    let browser = platform.browser_with_new_card();
    let page = own.ask(&platform, &browser, "_one", ARTIFACT, "").await;
    assert!(
        page.url.as_str().starts_with(&format!("{}/artifact?", own.acs)),
        "{}",
        page.url
    );
    let artifact = page.query("SAMLart").unwrap();
    assert_eq!(page.query("RelayState").as_deref(), Some("rs-1"));
    assert!(!browser.everything_seen().contains("SAMLResponse"));

    // Unsigned, or with another message's name: a fault that says nothing.
    let inside = format!("<samlp:Artifact>{artifact}</samlp:Artifact>");
    let unsigned = own.message("ArtifactResolve", "_bare", "", &inside);
    let page = soap(&platform, "artifact", &unsigned).await;
    assert_eq!(page.status, 500);
    assert!(
        page.body.contains("soap11:Client") && !page.body.contains("Response"),
        "{}",
        page.body
    );
    // Another service with a good signature of its own gets nothing, and uses nothing up.
    let page = other.resolve(&platform, "_other", &artifact).await;
    assert_eq!(page.status, 200);
    assert!(
        says(&page.body, "Success") && !page.body.contains("<samlp:Response"),
        "{}",
        page.body
    );

    let page = own.resolve(&platform, "_mine", &artifact).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("content-type"), Some("text/xml; charset=utf-8"));
    assert!(page.body.contains("InResponseTo=\"_mine\"") && page.body.contains("InResponseTo=\"_one\""));
    assert!(
        page.body.contains("<saml:Assertion") && page.body.contains(&format!("Audience>{}<", own.entity))
    );
    // Once: the same message again, and a fresh one.
    for id in ["_mine", "_again"] {
        let page = own.resolve(&platform, id, &artifact).await;
        assert!(
            says(&page.body, "Success") && !page.body.contains("<samlp:Response"),
            "{}",
            page.body
        );
    }
    // A failure goes the same way.
    let passive = format!("{ARTIFACT} IsPassive=\"true\"");
    let page = own
        .ask(&platform, &platform.bare_browser(), "_passive", &passive, "")
        .await;
    let page = own
        .resolve(&platform, "_why", &page.query("SAMLart").unwrap())
        .await;
    assert!(
        says(&page.body, "NoPassive") && !page.body.contains("<saml:Assertion"),
        "{}",
        page.body
    );
}

/// What was signed before the certificate was revoked is not handed out after; nor is anything told of its holder.
#[tokio::test]
async fn nothing_is_told_of_a_card_that_was_revoked_meanwhile() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let (certificate, card) = platform.card(&sim::CardRequest::default());
    let browser = platform.browser(&card);
    let page = own.ask(&platform, &browser, "_one", "", "").await;
    let name = name_of(&posted(&own, &page));
    let page = own.ask(&platform, &browser, "_two", ARTIFACT, "").await;
    let artifact = page.query("SAMLart").unwrap();
    let now = MachineClock.now();
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&certificate, sim::crl::RevocationReason::KeyCompromise, now)
        .unwrap();
    platform.publish_list_and_wait().await;
    let page = own.resolve(&platform, "_late", &artifact).await;
    assert!(
        says(&page.body, "Success") && !page.body.contains("<samlp:Response"),
        "{}",
        page.body
    );
    let page = own.query(&platform, "_later", &name, &[]).await;
    assert!(
        says(&page.body, "RequestDenied") && !page.body.contains("Assertion"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn attributes_are_told_by_soap_while_the_sign_in_holds() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let other = Party::register(&platform, "other", "", "", "");
    let browser = platform.browser_with_new_card();
    let page = own.ask(&platform, &browser, "_one", "", "").await;
    let name = name_of(&posted(&own, &page));

    let aal = format!("{ATTRIBUTE}aal");
    let page = own.query(&platform, "_all", &name, &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        says(&page.body, "Success") && page.body.contains(&aal),
        "{}",
        page.body
    );
    assert!(page.body.contains("authentication-method") && !page.body.contains("AuthnStatement"));
    let page = own.query(&platform, "_some", &name, &[&aal, "urn:other"]).await;
    assert!(
        page.body.contains(&aal) && !page.body.contains("authentication-method"),
        "{}",
        page.body
    );
    // Not asked for at registration, so not told.
    let page = own
        .query(&platform, "_more", &name, &[&format!("{ATTRIBUTE}name")])
        .await;
    assert!(
        says(&page.body, "Success") && !page.body.contains("<saml:Attribute "),
        "{}",
        page.body
    );

    // Again, of another service, of nobody.
    let page = own.query(&platform, "_all", &name, &[]).await;
    assert!(
        says(&page.body, "RequestDenied") && !page.body.contains("Assertion"),
        "{}",
        page.body
    );
    let page = other.query(&platform, "_theirs", &name, &[]).await;
    assert!(
        says(&page.body, "UnknownPrincipal") && !page.body.contains("Assertion"),
        "{}",
        page.body
    );
    for nobody in ["p_00000000000000000000000000000000", "somebody"] {
        let page = own.query(&platform, &format!("_{nobody}"), nobody, &[]).await;
        assert!(says(&page.body, "UnknownPrincipal"), "{}", page.body);
    }
    // Who signed out is not told of any more.
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    let page = own.query(&platform, "_late", &name, &[]).await;
    assert!(
        says(&page.body, "RequestDenied") && !page.body.contains("Assertion"),
        "{}",
        page.body
    );
}

/// What the person demands is looked at again at each question, and what is told is what the session proves today.
#[tokio::test]
async fn a_floor_that_was_raised_since_silences_the_answer() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let browser = platform.browser_with_new_card();
    let page = own.ask(&platform, &browser, "_one", "", "").await;
    let name = name_of(&posted(&own, &page));
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    let account = log.split("acc_").nth(1).unwrap().get(..32).unwrap();
    let account = format!("acc_{account}");
    let floor = |arguments: &[&str]| {
        let done = platform.command(&[&["floor"], arguments].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let page = own.query(&platform, "_before", &name, &[]).await;
    assert!(says(&page.body, "Success"), "{}", page.body);
    let waiting = own.ask(&platform, &browser, "_two", ARTIFACT, "").await;
    let waiting = waiting.query("SAMLart").unwrap();
    floor(&["set", &account, "--ial", "3"]);
    let page = own.query(&platform, "_raised", &name, &[]).await;
    assert!(
        says(&page.body, "RequestDenied") && !page.body.contains("Assertion"),
        "{}",
        page.body
    );
    let page = own.resolve(&platform, "_waits", &waiting).await;
    assert!(!page.body.contains("<samlp:Response"), "{}", page.body);
    // A card that must have been used just now was not.
    floor(&["set", &account, "--max-age-seconds", "0"]);
    let page = own.query(&platform, "_anew", &name, &[]).await;
    assert!(says(&page.body, "RequestDenied"), "{}", page.body);
    floor(&["set", &account, "--aal", "3", "--max-age-seconds", "600"]);
    let page = own.query(&platform, "_met", &name, &[]).await;
    assert!(says(&page.body, "Success"), "{}", page.body);
    assert_eq!(
        value(&page.body, &format!("{ATTRIBUTE}aal")).as_deref(),
        Some("3")
    );
}

/// Each service and each address has its share of messages; a stranger who names a service uses nothing of that service's up.
#[tokio::test]
async fn messages_by_soap_are_limited_per_address_and_per_service() {
    let platform = Platform::start_with(PlatformOptions {
        more_config: "[saml]\nsoap_per_minute = 12\n".to_owned(),
        ..PlatformOptions::default()
    })
    .await;
    let own = Party::register(&platform, "own", "", "", "");
    let limited = async |by: &str| {
        let name = format!("soap_messages_limited_total{{by=\"{by}\",endpoint=\"attributes\"}}");
        platform.metric(&name).await.unwrap_or_default()
    };
    // Unsigned, in the name of the service: an address's share, and no service's.
    let unsigned = own.message("AttributeQuery", "_bare", "", &about("somebody", &[]));
    for _ in 0..4 {
        let page = soap(&platform, "attributes", &unsigned).await;
        assert!(
            page.status == 500 && page.body.contains("soap11:Client"),
            "{}",
            page.body
        );
    }
    let mut numbers = 0..;
    let mut next = |party: &Party| {
        let id = format!("_q{}", numbers.next().unwrap());
        let query = party.message("AttributeQuery", &id, "", &about("somebody", &[]));
        party.signed(&platform, "AttributeQuery", &query)
    };
    let mut answered = 0;
    let refused = loop {
        let page = soap(&platform, "attributes", &next(&own)).await;
        if page.status != 200 {
            break page;
        }
        assert!(says(&page.body, "UnknownPrincipal"), "{}", page.body);
        answered += 1;
        assert!(answered <= 12, "no limit");
    };
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.body.contains("soap11:Server"), "{}", refused.body);
    for endpoint in ["artifact", "slo/soap"] {
        let page = soap(&platform, endpoint, &unsigned).await;
        assert_eq!(page.status, 429, "{endpoint}: {}", page.body);
    }
    let none = limited("service").await < 1.0;
    assert!(none, "the stranger's were none of the service's");
    assert!(limited("address").await >= 1.0);
    // From another address the service has the rest of its own share, and no more; another service has all of its own.
    let elsewhere = client_at(&platform, "127.0.0.2");
    let status = loop {
        let answer = soap_from(&elsewhere, &platform, "attributes", &next(&own)).await;
        if !says(&answer, "UnknownPrincipal") {
            break answer;
        }
        answered += 1;
        assert!(answered <= 20, "no limit");
    };
    assert!(
        status.contains("status:Responder\"/>") || status.contains("status:Responder\"></samlp:StatusCode>"),
        "{status}"
    );
    assert!(limited("service").await >= 1.0);
    let other = Party::register(&platform, "other", "", "", "");
    let answer = soap_from(&elsewhere, &platform, "attributes", &next(&other)).await;
    assert!(says(&answer, "UnknownPrincipal"), "{answer}");
}

/// A program that calls from another address of this machine.
fn client_at(platform: &Platform, address: &str) -> reqwest::Client {
    let port = platform.origin.rsplit(':').next().unwrap();
    reqwest::Client::builder()
        .local_address(address.parse::<std::net::IpAddr>().unwrap())
        .resolve("idp.localhost", format!("127.0.0.1:{port}").parse().unwrap())
        .add_root_certificate(reqwest::Certificate::from_pem(platform.ca_pem.as_bytes()).unwrap())
        .build()
        .unwrap()
}

async fn soap_from(client: &reqwest::Client, platform: &Platform, endpoint: &str, message: &str) -> String {
    let address = format!("{}/saml/{endpoint}", platform.origin);
    let sent = client
        .post(address)
        .header("content-type", "text/xml")
        .body(envelope(message));
    sent.send().await.unwrap().text().await.unwrap()
}

fn requires(word: &str) -> String {
    format!(
        r#"<Extensions><m:EntityAttributes xmlns:m="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"><a:Attribute Name="urn:oasis:names:tc:SAML:profiles:subject-id:req"><a:AttributeValue>{word}</a:AttributeValue></a:Attribute></m:EntityAttributes></Extensions>"#
    )
}

fn value(response: &str, name: &str) -> Option<String> {
    let attribute = response
        .split("<saml:Attribute ")
        .find(|part| part.contains(&format!("Name=\"{name}\"")))?;
    between(attribute, "<saml:AttributeValue>", "<").map(str::to_owned)
}

#[tokio::test]
async fn identifiers_and_attributes_as_metadata_asks_for_them() {
    const SUBJECT: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
    const PAIRWISE: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";
    let platform = Platform::start().await;
    let sets = format!(
        r#"<AttributeConsumingService index="3"><ServiceName xml:lang="en">x</ServiceName><RequestedAttribute Name="{ATTRIBUTE}aal" isRequired="true"/></AttributeConsumingService><AttributeConsumingService index="4"><ServiceName xml:lang="en">x</ServiceName><RequestedAttribute Name="{ATTRIBUTE}authentication-method"/></AttributeConsumingService>"#
    );
    let quiet = Party::register(&platform, "quiet", "", &requires("none"), &sets);
    let plain = Party::register(&platform, "plain", "", "", "");
    let first = Party::register(
        &platform,
        "first",
        "subject_id = true",
        &requires("subject-id"),
        "",
    );
    let second = Party::register(
        &platform,
        "second",
        "subject_id = true",
        &requires("subject-id"),
        "",
    );
    let browser = platform.browser_with_new_card();

    // Pairwise by default, made of the pseudonym; none where the metadata says so.
    let response = posted(&plain, &plain.ask(&platform, &browser, "_1", "", "").await);
    let name = name_of(&response);
    let (unique, scope) = (
        name.strip_prefix("p_").unwrap(),
        value(&response, PAIRWISE).unwrap(),
    );
    assert_eq!(scope.split_once('@').unwrap().0, unique);
    assert_eq!(value(&response, SUBJECT), None);
    // The same at every service that is registered for it, and no other's pseudonym.
    let mut everywhere = Vec::new();
    for party in [&first, &second] {
        let response = posted(party, &party.ask(&platform, &browser, "_2", "", "").await);
        assert_eq!(value(&response, PAIRWISE), None);
        everywhere.push(value(&response, SUBJECT).unwrap());
    }
    assert_eq!(everywhere[0], everywhere[1]);
    assert_ne!(everywhere[0].split_once('@').unwrap().0, unique);

    // The default set, another one by its index, and one that is not there.
    let response = posted(&quiet, &quiet.ask(&platform, &browser, "_3", "", "").await);
    assert!(value(&response, PAIRWISE).is_none() && value(&response, SUBJECT).is_none());
    let (aal, method) = (
        format!("{ATTRIBUTE}aal"),
        format!("{ATTRIBUTE}authentication-method"),
    );
    assert!(value(&response, &aal).is_some() && value(&response, &method).is_none());
    let four = r#" AttributeConsumingServiceIndex="4""#;
    let response = posted(&quiet, &quiet.ask(&platform, &browser, "_4", four, "").await);
    assert!(value(&response, &aal).is_none() && value(&response, &method).is_some());
    let nine = r#" AttributeConsumingServiceIndex="9""#;
    let response = posted(&quiet, &quiet.ask(&platform, &browser, "_9", nine, "").await);
    assert!(says(&response, "RequestUnsupported"), "{response}");

    // No new name where the service allows none, and the known one afterwards.
    let policy = format!(r#"<samlp:NameIDPolicy Format="{PERSISTENT}" AllowCreate="false"/>"#);
    let newcomer = platform.browser_with_new_card();
    let response = posted(&plain, &plain.ask(&platform, &newcomer, "_5", "", &policy).await);
    assert!(
        says(&response, "InvalidNameIDPolicy") && !response.contains("Assertion"),
        "{response}"
    );
    let response = posted(&plain, &plain.ask(&platform, &browser, "_6", "", &policy).await);
    assert_eq!(name_of(&response), name);
}

/// `subject-id:req` in metadata (`SAML2int` SDP-IDP15, SDP-IDP16): which identifier stands beside a name that names nobody, and what is not
/// registered because it cannot be met.
#[tokio::test]
async fn a_required_identifier_is_told_beside_a_name_that_names_nobody() {
    const SUBJECT: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";
    const PAIRWISE: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";
    let platform = Platform::start().await;
    let browser = platform.browser_with_new_card();
    let transient = r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>"#;
    for (party, extensions, beside_transient, beside_persistent) in [
        ("silent", String::new(), false, true),
        ("nothing", requires("none"), false, false),
        ("pairwise", requires("pairwise-id"), true, true),
        ("whichever", requires("any"), true, true),
    ] {
        let party = Party::register(&platform, party, "", &extensions, "");
        for (id, policy, expected) in [("_t", transient, beside_transient), ("_p", "", beside_persistent)] {
            let response = posted(&party, &party.ask(&platform, &browser, id, "", policy).await);
            assert!(says(&response, "Success"), "{response}");
            assert_eq!(value(&response, PAIRWISE).is_some(), expected, "{id} {response}");
            assert_eq!(value(&response, SUBJECT), None);
        }
    }
    // The one that is the same everywhere: not without the operator's word, and with it beside a transient name too.
    let file = |settings: &str| {
        format!(
            r#"
            kind = "sp"
            name = {{ ja = "x", en = "x" }}
            [saml]
            {settings}
            metadata = '''<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://wants.localhost:9/metadata">{}<SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://wants.localhost:9/acs"/></SPSSODescriptor></EntityDescriptor>'''
            "#,
            requires("subject-id")
        )
    };
    let path = platform.path().join("wants.toml");
    fs::write(&path, file("")).unwrap();
    let added = platform.command(&["service", "add", path.to_str().unwrap()]);
    let why = String::from_utf8_lossy(&added.stderr);
    assert!(
        !added.status.success() && why.contains("saml.subject_id") && why.contains("pairwise-id"),
        "{why}"
    );
    platform.register(&file("subject_id = true"));
    let wants = Party {
        entity: "https://wants.localhost:9/metadata".to_owned(),
        acs: "https://wants.localhost:9/acs".to_owned(),
        key: String::new(),
    };
    let response = posted(&wants, &wants.ask(&platform, &browser, "_w", "", transient).await);
    assert!(
        value(&response, SUBJECT).is_some() && value(&response, PAIRWISE).is_none(),
        "{response}"
    );
}

#[tokio::test]
async fn a_sign_in_that_nobody_asked_for_is_for_services_that_want_it() {
    let platform = Platform::start().await;
    let closed = Party::register(&platform, "closed", "", "", "");
    let open = Party::register(&platform, "open", "unsolicited = true", "", "");
    let browser = platform.browser_with_new_card();
    let address = |party: &Party, target: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("service", &party.entity)
            .append_pair("target", target)
            .finish();
        format!("{}/saml/unsolicited?{query}", platform.origin)
    };
    assert_eq!(browser.get(&address(&closed, "x")).await.status, 400);
    assert_eq!(browser.get(&address(&open, &"x".repeat(81))).await.status, 400);
    let begun = browser.get(&address(&open, "page 1")).await;
    let page = open.finish(&browser, begun).await;
    let response = posted(&open, &page);
    assert_eq!(page.form(&open.acs).field("RelayState"), Some("page 1"));
    assert!(
        says(&response, "Success") && !response.contains("InResponseTo"),
        "{response}"
    );
}

/// Another service has the card used again in the same browser: what the first one was told goes on, and so do its questions.
#[tokio::test]
async fn a_card_that_was_used_again_silences_no_query() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let other = Party::register(&platform, "other", "", "", "");
    let browser = platform.browser_with_new_card();
    let name = name_of(&posted(&own, &own.ask(&platform, &browser, "_one", "", "").await));
    let page = other
        .ask(&platform, &browser, "_two", " ForceAuthn=\"true\"", "")
        .await;
    let foreign = name_of(&posted(&other, &page));
    let page = own.query(&platform, "_after", &name, &[]).await;
    assert!(
        says(&page.body, "Success") && page.body.contains(&format!("{ATTRIBUTE}aal")),
        "{}",
        page.body
    );
    // The subject is the one that was asked about, with nothing beside the name that the question did not have (core-2.0-os 3.3.4).
    assert!(
        page.body.contains(&format!(
            "<saml:NameID Format=\"{PERSISTENT}\">{name}</saml:NameID>"
        )),
        "{}",
        page.body
    );
    let page = own.query(&platform, "_foreign", &foreign, &[]).await;
    assert!(says(&page.body, "UnknownPrincipal"), "{}", page.body);
    // Signed out, nothing more.
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&page.form("/account/end-all")).await;
    let page = own.query(&platform, "_late", &name, &[]).await;
    assert!(says(&page.body, "RequestDenied"), "{}", page.body);
}
