//! SAML: each kind of failure, and what its developer reads with a key of the service's own metadata. Enveloped signatures are made by
//! the `xmlsec1` command (apt: xmlsec1, openssl).

use std::fs;
use std::process::Command;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{MachineClock, Page, Platform, random_name};
use domain::{Clock as _, Timestamp};
use serde_json::{Value, json};

use crate::support::{Developer, ask_for_token, keeps_silent, refused, told};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

struct Party {
    entity: String,
    acs: String,
    key: EcdsaKeyPair,
    file: String,
    spki_sha256: String,
}

fn run(platform: &Platform, command: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(platform.path())
        .output()
        .unwrap_or_else(|error| panic!("{command} is needed by this test: {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn pem(text: &str) -> Vec<u8> {
    let base64: String = text.lines().filter(|line| !line.starts_with("---")).collect();
    STANDARD.decode(base64).unwrap()
}

impl Party {
    fn register(platform: &Platform, name: &str) -> Self {
        let (file, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let (subject, curve) = (format!("/CN={name}"), "ec_paramgen_curve:P-256");
        let request = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            curve,
            "-nodes",
            "-keyout",
            &file,
            "-out",
            &certificate,
            "-subj",
            &subject,
            "-days",
            "1",
        ];
        run(platform, "openssl", &request);
        let read = |name: &str| fs::read_to_string(platform.path().join(name)).unwrap();
        let shown = STANDARD.encode(pem(&read(&certificate)));
        let spki = run(
            platform,
            "openssl",
            &["pkey", "-in", &file, "-pubout", "-outform", "DER"],
        );
        let entity = format!("https://{name}.localhost:9/metadata");
        let acs = format!("https://{name}.localhost:9/acs");
        let metadata = format!(
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"><SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{shown}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/></SPSSODescriptor></EntityDescriptor>"#
        );
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"{name}\", en = \"{name}\" }}\nreleased_attributes = [\"assurance_level\"]\n[saml]\nmetadata = '''{metadata}'''\n"
        ));
        Self {
            entity,
            acs,
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pem(&read(&file))).unwrap(),
            file,
            spki_sha256: jose::digest::sha256_hex(&spki),
        }
    }

    /// A client assertion by the key of the metadata.
    fn assertion(&self, origin: &str) -> String {
        let now = MachineClock.now().seconds();
        let part = |value: Value| jose::encode_base64url(value.to_string());
        let claims = json!({
            "iss": self.entity, "sub": self.entity, "aud": origin, "iat": now, "exp": now + 60, "jti": random_name(),
        });
        let input = format!("{}.{}", part(json!({"alg": "ES256", "typ": "JWT"})), part(claims));
        format!("{input}.{}", jose::encode_base64url(self.sign(input.as_bytes())))
    }

    fn sign(&self, octets: &[u8]) -> Vec<u8> {
        self.key
            .sign(&SystemRandom::new(), octets)
            .unwrap()
            .as_ref()
            .to_vec()
    }

    fn message(&self, name: &str, at: Timestamp, attributes: &str, inside: &str) -> String {
        format!(
            r#"<samlp:{name} xmlns:samlp="{PROTOCOL}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_{}" Version="2.0" IssueInstant="{}"{attributes}><saml:Issuer>{}</saml:Issuer>{inside}</samlp:{name}>"#,
            random_name(),
            at.to_rfc3339().unwrap(),
            self.entity
        )
    }

    /// The query of the redirect binding, signed over its octets.
    fn query(&self, message: &str, by: &Self) -> String {
        let mut deflated = vec![1];
        let length = u16::try_from(message.len()).unwrap();
        deflated.extend(length.to_le_bytes());
        deflated.extend((!length).to_le_bytes());
        deflated.extend(message.as_bytes());
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("SAMLRequest", &STANDARD.encode(deflated));
        query.append_pair("SigAlg", ECDSA);
        let signed = query.finish();
        let mut signature = url::form_urlencoded::Serializer::new(String::new());
        signature.append_pair("Signature", &STANDARD.encode(by.sign(signed.as_bytes())));
        assert!(!self.acs.is_empty());
        format!("{signed}&{}", signature.finish())
    }

    /// The message with an enveloped signature.
    fn enveloped(&self, platform: &Platform, name: &str, message: &str) -> String {
        let id = message.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap();
        let template = format!(
            r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="{ECDSA}"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##
        );
        let unsigned = message.replacen("</saml:Issuer>", &format!("</saml:Issuer>{template}"), 1);
        fs::write(platform.path().join("unsigned.xml"), unsigned).unwrap();
        let element = format!("{PROTOCOL}:{name}");
        let made = run(
            platform,
            "xmlsec1",
            &[
                "--sign",
                "--privkey-pem",
                &self.file,
                "--id-attr:ID",
                &element,
                "unsigned.xml",
            ],
        );
        let made = String::from_utf8(made).unwrap();
        made.strip_prefix("<?xml version=\"1.0\"?>\n")
            .unwrap_or(&made)
            .trim_end()
            .to_owned()
    }
}

async fn soap(platform: &Platform, endpoint: &str, message: &str) -> Page {
    let envelope = format!(
        r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{message}</S:Body></S:Envelope>"#
    );
    let url = format!("{}/saml/{endpoint}", platform.origin);
    let browser = platform.bare_browser();
    browser.post_bytes(&url, "text/xml", envelope.into_bytes()).await
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_request_is_explained_by_signature_destination_clock_and_endpoint() {
    let platform = Platform::start().await;
    let (own, other) = (
        Party::register(&platform, "own"),
        Party::register(&platform, "other"),
    );
    let browser = platform.bare_browser();
    let developer = Developer::with(&browser, &platform.origin, &own.assertion(&platform.origin)).await;
    let now = MachineClock.now();
    let here = format!(r#" Destination="{}/saml/sso""#, platform.origin);
    let sso = format!("{}/saml/sso", platform.origin);
    let at = async |query: &str| {
        let page = platform
            .bare_browser()
            .speaking("ja")
            .get(&format!("{sso}?{query}"))
            .await;
        assert_eq!(page.status, 400, "{}", page.body);
        page.text(".reference").unwrap()
    };

    // Another's key: over which octets, with which keys it was tried.
    let query = own.query(&own.message("AuthnRequest", now, &here, ""), &other);
    let explained = developer.explain(&at(&query).await).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("signature_invalid"), &json!(false))
    );
    let (rule, facts) = refused(&explained);
    assert_eq!(rule, "signature_verifies");
    let signed = query.rsplit_once("&Signature=").unwrap().0;
    assert_eq!(
        facts["signed_sha256"],
        json!(jose::digest::sha256_hex(signed.as_bytes()))
    );
    assert_eq!(facts["signed_octets"], json!(signed.len()));
    assert_eq!(
        facts["keys_tried"],
        json!([format!("P-256 sha256:{}", own.spki_sha256)])
    );

    // Signed well, for another place, an hour old, to an endpoint that is not registered: in the order of the rules.
    let elsewhere = r#" Destination="https://old.localhost/saml/sso?secret=1""#;
    let query = own.query(&own.message("AuthnRequest", now, elsewhere, ""), &own);
    let explained = developer.explain(&at(&query).await).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("destination_elsewhere"), &json!(true))
    );
    let (_, facts) = refused(&explained);
    assert_eq!(
        (&facts["destination_given"], &facts["destination_expected"]),
        (&json!("https://old.localhost/saml/sso"), &json!(sso))
    );

    // The same unsigned: anybody could have sent it.
    let query = own.query(&own.message("AuthnRequest", now, elsewhere, ""), &own);
    let bare = query.split("&SigAlg").next().unwrap();
    let explained = developer.explain(&at(bare).await).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("destination_elsewhere"), &json!(false))
    );

    let query = own.query(
        &own.message("AuthnRequest", now.plus_seconds(-3600), &here, ""),
        &own,
    );
    let (_, facts) = refused(&developer.explain(&at(&query).await).await);
    let off = facts["issued_in_seconds"].as_i64().unwrap();
    assert!((-3660..=-3600).contains(&off), "{off}");

    let wrong = format!(r#"{here} AssertionConsumerServiceURL="https://own.localhost:9/acs/2""#);
    let query = own.query(&own.message("AuthnRequest", now, &wrong, ""), &own);
    let (_, facts) = refused(&developer.explain(&at(&query).await).await);
    assert_eq!(
        (&facts["acs_given"], &facts["acs_registered"]),
        (&json!("https://own.localhost:9/acs/2"), &json!([own.acs]))
    );

    // Told to the service: the reference stands in the status message.
    let subject = "<saml:Subject><saml:NameID>secret-name</saml:NameID></saml:Subject>";
    let query = own.query(&own.message("AuthnRequest", now, &here, subject), &own);
    let page = browser.get_until(&format!("{sso}?{query}"), &own.acs).await;
    let response = STANDARD
        .decode(page.form(&own.acs).field("SAMLResponse").unwrap())
        .unwrap();
    let response = String::from_utf8(response).unwrap();
    let reference = response
        .split("StatusMessage>reference ")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let explained = developer.explain(reference).await;
    assert_eq!(explained["reason"], "subject_present");
    keeps_silent(&explained, &["secret-name"]);
    // Another service's credentials open nothing, and nobody has them twice.
    let theirs = other.assertion(&platform.origin);
    let stranger = Developer::with(&browser, &platform.origin, &theirs).await;
    assert_eq!(stranger.get(&format!("/{reference}")).await.status, 404);
    assert!(stranger.list().await.is_empty());
    assert_eq!(
        ask_for_token(&browser, &platform.origin, &theirs).await.status,
        401,
        "once"
    );
    let suspended = platform.command(&["service", "suspend", &other.entity, "--reason", "test"]);
    assert!(suspended.status.success());
    let late = other.assertion(&platform.origin);
    assert_eq!(
        ask_for_token(&browser, &platform.origin, &late).await.status,
        401,
        "suspended"
    );
    let forged = own.assertion("https://other.localhost");
    assert_eq!(
        ask_for_token(&browser, &platform.origin, &forged).await.status,
        401
    );
}

/// A request that need not be signed, and is refused when the person is known: who sent it, nobody knows.
#[tokio::test]
async fn what_anybody_may_have_asked_for_is_not_the_services() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "named");
    let newcomer = platform.browser_with_new_card();
    let here = format!(r#" Destination="{}/saml/sso""#, platform.origin);
    let policy = r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="false"/>"#;
    let message = own.message("AuthnRequest", MachineClock.now(), &here, policy);
    let query = own.query(&message, &own);
    let bare = query.split("&SigAlg").next().unwrap();
    let address = format!("{}/saml/sso?{bare}", platform.origin);
    let mut page = newcomer.get_until(&address, &own.acs).await;
    for form in ["/card", "/consent"] {
        if page.has_form(form) {
            let form = page.form(form).with("decision", "agree");
            page = newcomer.submit_until(&form, &own.acs).await;
        }
    }
    assert!(page.has_form(&own.acs), "{} {}", page.url, page.body);
    let browser = platform.bare_browser();
    let developer = Developer::with(&browser, &platform.origin, &own.assertion(&platform.origin)).await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(2);
    let list = loop {
        let list = developer.list().await;
        if !list.is_empty() {
            break list;
        }
        assert!(std::time::Instant::now() < until, "nothing was kept");
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    };
    assert_eq!(
        (&list[0]["reason"], &list[0]["proven"]),
        (&json!("new_name_not_allowed"), &json!(false))
    );
}

/// A link to a sign-in that nobody asked for, to a service that takes none.
#[tokio::test]
async fn a_link_that_leads_nowhere_is_explained() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "linked");
    let browser = platform.bare_browser();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("service", &own.entity)
        .finish();
    let page = browser
        .get(&format!("{}/saml/unsolicited?{query}", platform.origin))
        .await;
    assert_eq!(page.status, 400, "{}", page.body);
    let developer = Developer::with(&browser, &platform.origin, &own.assertion(&platform.origin)).await;
    let seen = developer.explain(&page.text(".reference").unwrap()).await;
    assert_eq!(
        (&seen["exchange"], &seen["proven"]),
        (&json!("unsolicited"), &json!(false))
    );
    assert_eq!(refused(&seen).0, "a_sign_in_may_begin_here");
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn messages_by_soap_are_explained_by_digest() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "soapy");
    let browser = platform.bare_browser();
    let developer = Developer::with(&browser, &platform.origin, &own.assertion(&platform.origin)).await;
    let now = MachineClock.now();
    let about = r#"<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">secret-name</saml:NameID></saml:Subject>"#;
    let good = own.enveloped(
        &platform,
        "AttributeQuery",
        &own.message("AttributeQuery", now, "", about),
    );

    // Changed after it was signed.
    let changed = good.replace("secret-name", "secret-nama");
    let page = soap(&platform, "attributes", &changed).await;
    assert_eq!(page.status, 500);
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["exchange"]),
        (&json!("digest_mismatch"), &json!("attribute_query"))
    );
    let (_, facts) = refused(&explained);
    let claimed = good
        .split("DigestValue>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let hex: String = STANDARD
        .decode(claimed)
        .unwrap()
        .iter()
        .fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"));
    assert_eq!(facts["digest_claimed"], json!(hex));
    assert_ne!(facts["digest_computed"], facts["digest_claimed"]);
    assert_eq!(
        facts["keys_tried"],
        json!([format!("P-256 sha256:{}", own.spki_sha256)])
    );
    assert!(facts["digest_over_canonical_octets"].as_u64().unwrap() > 300);
    keeps_silent(&explained, &["secret-nam", claimed]);

    // Right, and about nobody; unsigned; again.
    let page = soap(&platform, "attributes", &good).await;
    assert_eq!(page.status, 200);
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["proven"]),
        (&json!("nobody_to_tell_of"), &json!(true))
    );
    keeps_silent(&explained, &["secret-name"]);
    let page = soap(&platform, "attributes", &good).await;
    assert_eq!(developer.explain(&told(&page)).await["reason"], "replayed");
    let bare = own.message(
        "ArtifactResolve",
        now,
        "",
        "<samlp:Artifact>secret-artifact</samlp:Artifact>",
    );
    let page = soap(&platform, "artifact", &bare).await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["exchange"]),
        (&json!("signature_demanded"), &json!("artifact_resolve"))
    );
    keeps_silent(&explained, &["secret-artifact"]);
    let signed = own.enveloped(&platform, "ArtifactResolve", &bare);
    let page = soap(&platform, "artifact", &signed).await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(explained["reason"], "not_base64", "{explained}");

    // A logout by SOAP, for another place; and one through the browser by another's key.
    let inside = r#"<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">secret-name</saml:NameID>"#;
    let elsewhere = r#" Destination="https://old.localhost/slo""#;
    let logout = own.enveloped(
        &platform,
        "LogoutRequest",
        &own.message("LogoutRequest", now, elsewhere, inside),
    );
    let page = soap(&platform, "slo/soap", &logout).await;
    let explained = developer.explain(&told(&page)).await;
    assert_eq!(
        (&explained["reason"], &explained["exchange"]),
        (&json!("destination_elsewhere"), &json!("logout_request"))
    );
    assert_eq!(
        refused(&explained).1["destination_given"],
        "https://old.localhost/slo"
    );
    keeps_silent(&explained, &["secret-name"]);
    let other = Party::register(&platform, "thief");
    let logout = own.message(
        "LogoutRequest",
        now,
        &format!(r#" Destination="{}/saml/slo""#, platform.origin),
        inside,
    );
    let page = browser
        .get(&format!(
            "{}/saml/slo?{}",
            platform.origin,
            own.query(&logout, &other)
        ))
        .await;
    let explained = developer.explain(&page.text(".reference").unwrap()).await;
    assert_eq!(explained["reason"], "signature_invalid");
    // All of it in the list, the newest first.
    let list = developer.list().await;
    assert!(
        list.len() >= 7 && list[0]["reference"] == explained["reference"],
        "{list:?}"
    );
}
