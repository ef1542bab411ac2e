//! What the running platform emits: every kind of message as it comes from its sockets is valid by the OASIS schemas, and its metadata says
//! what is true (logout messages by POST and SOAP are judged in `tests/logout`).

use super::*;
use conformance_tests::{SamlParty, judged_by_schema};

fn valid(what: &str, document: &str) {
    judged_by_schema(document).unwrap_or_else(|why| panic!("{what}: {why}\n{document}"));
}

#[tokio::test]
async fn every_message_is_valid_by_the_schemas() {
    let platform = Platform::start().await;
    let set = format!(
        r#"<AttributeConsumingService index="0"><ServiceName xml:lang="en">x</ServiceName><RequestedAttribute Name="{ATTRIBUTE}aal" isRequired="true"/></AttributeConsumingService>"#
    );
    let own = Party::register(
        &platform,
        "own",
        "sign_response = true",
        &requires("pairwise-id"),
        &set,
    );
    let browser = platform.browser_with_new_card();
    let response = posted(&own, &own.ask(&platform, &browser, "_one", "", "").await);
    assert!(response.contains("pairwise-id") && response.contains("<ds:Signature"));
    valid("a response", &response);
    let name = name_of(&response);
    let passive = r#" IsPassive="true""#;
    let stranger = platform.bare_browser();
    let failure = posted(
        &own,
        &own.ask(&platform, &stranger, "_passive", passive, "").await,
    );
    assert!(says(&failure, "NoPassive"), "{failure}");
    valid("a failure", &failure);
    let transient = r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>"#;
    let response = posted(&own, &own.ask(&platform, &browser, "_two", "", transient).await);
    valid("with a transient name", &response);
    // Encrypted, for a key of both uses.
    let sealed = sealed(&platform);
    let response = posted(&sealed, &sealed.ask(&platform, &browser, "_sealed", "", "").await);
    assert!(response.contains("EncryptedAssertion"), "{response}");
    valid("an encrypted one", &response);

    let page = own.ask(&platform, &browser, "_artifact", ARTIFACT, "").await;
    let artifact = page.query("SAMLart").unwrap();
    for (what, id, whole) in [
        ("an artifact's response", "_r1", true),
        ("no response", "_r2", false),
    ] {
        let page = own.resolve(&platform, id, &artifact).await;
        assert_eq!(page.body.contains("<samlp:Response"), whole, "{}", page.body);
        valid(what, &page.body);
    }
    let nobody = name.replace("p_", "p_0");
    for (what, id, name, status) in [
        ("what is told of a person", "_q1", &name, "Success"),
        ("of nobody", "_q2", &nobody, "UnknownPrincipal"),
    ] {
        let page = own.query(&platform, id, name, &[]).await;
        assert!(says(&page.body, status), "{}", page.body);
        valid(what, &page.body);
    }
    for endpoint in ["artifact", "attributes", "slo/soap"] {
        let page = soap(&platform, endpoint, "<x/>").await;
        assert!(page.status == 500 && page.body.contains("Fault"), "{}", page.body);
        valid("a fault", &page.body);
    }
    valid("metadata", &platform.saml_metadata().await);
}

#[tokio::test]
async fn logout_messages_are_valid_by_the_schemas() {
    let platform = Platform::start().await;
    let own = SamlParty::register(&platform, "own", false);
    let asks = SamlParty::register(&platform, "asks", false);
    let browser = platform.browser_with_new_card();
    own.sign_in(&browser, "_own").await;
    let known = asks.sign_in(&browser, "_asks").await;
    let place = format!(" Destination=\"{}/saml/slo\"", platform.origin);
    let request = asks.message("LogoutRequest", "_bye", &place, &SamlParty::about(&known));
    let query = asks.query("SAMLRequest", &request, None);
    let page = browser
        .get(&format!("{}/saml/slo?{query}", platform.origin))
        .await;
    let link = |end: &str| {
        let mut links = page
            .body
            .split("href=\"")
            .filter_map(|rest| rest.split('"').next());
        links
            .find(|link| link.ends_with(end))
            .map(|link| page.url.join(link).unwrap())
    };
    let sent = browser.get_until(link("/next").unwrap().as_str(), &own.slo).await;
    let request = super::super::inflated(&sent.query("SAMLRequest").unwrap());
    assert!(request.contains("<samlp:LogoutRequest"), "{request}");
    valid("a logout request", &request);
    let back = browser.get(page.url.as_str()).await;
    assert_eq!(back.status, 200, "{}", back.body);
    let response_place = asks.slo.replace("/slo", "/response");
    let back = browser
        .get_until(
            link("/done")
                .unwrap_or_else(|| page.url.join(&format!("{}/done", page.url.path())).unwrap())
                .as_str(),
            &response_place,
        )
        .await;
    let response = super::super::inflated(&back.query("SAMLResponse").unwrap());
    assert!(says(&response, "PartialLogout"), "{response}");
    valid("a logout response", &response);
    // By SOAP: of somebody who is signed in no more, and of nobody.
    let place = format!(" Destination=\"{}/saml/slo/soap\"", platform.origin);
    let nobody = SamlParty::about(&conformance_tests::KnownPerson {
        name: "p_0".to_owned(),
        ..known.clone()
    });
    for (id, about, status) in [
        ("_again", SamlParty::about(&known), "PartialLogout"),
        ("_nobody", nobody, "UnknownPrincipal"),
    ] {
        let request = asks.signed(&asks.message("LogoutRequest", id, &place, &about));
        let page = asks.by_soap(&platform.bare_browser(), "slo/soap", &request).await;
        assert!(says(&page.body, status), "{}", page.body);
        valid("a logout response by SOAP", &page.body);
    }
}

/// A service whose one key is of both uses, so that it gets its assertions encrypted.
fn sealed(platform: &Platform) -> Party {
    let pem = fs::read_to_string(platform.path().join("own.crt")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let (entity, acs) = (
        "https://sealed.localhost:9/metadata",
        "https://sealed.localhost:9/acs",
    );
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "sealed", en = "sealed" }}
        [saml]
        metadata = '''<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"><SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}"><KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{base64}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/></SPSSODescriptor></EntityDescriptor>'''
        "#
    ));
    Party {
        entity: entity.to_owned(),
        acs: acs.to_owned(),
        key: "own.key".to_owned(),
    }
}

/// Published metadata (Kantara IIP-MD09, `SAML2int` SDP-IDP14 and SDP-IDP33): what it says is there, and is what the platform does.
#[tokio::test]
async fn metadata_says_what_the_platform_does() {
    let platform = Platform::start().await;
    let metadata = platform.saml_metadata().await;
    let own = Party::register(&platform, "own", "", "", "");
    let browser = platform.browser_with_new_card();
    let response = posted(&own, &own.ask(&platform, &browser, "_one", "", "").await);
    // Algorithms: those of our own signatures among them, and nothing weaker than SHA-256.
    for (element, method) in [
        ("DigestMethod", "DigestMethod"),
        ("SigningMethod", "SignatureMethod"),
    ] {
        let listed: Vec<&str> = elements(&metadata, &format!("alg:{element}"))
            .filter_map(|one| between(one, "Algorithm=\"", "\""))
            .collect();
        assert!(!listed.is_empty(), "{element}: {metadata}");
        assert!(
            listed
                .iter()
                .all(|one| !one.contains("sha1") && !one.contains("md5")),
            "{listed:?}"
        );
        for used in elements(&response, &format!("ds:{method}")) {
            let used = between(used, "Algorithm=\"", "\"").unwrap();
            assert!(listed.contains(&used), "{used} is not among {listed:?}");
        }
    }
    assert!(
        metadata.contains("xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\""),
        "{metadata}"
    );
    // The one scope, without patterns, in both roles, and it is the one of what is told.
    let scopes: Vec<&str> = elements(&metadata, "shibmd:Scope").collect();
    assert_eq!(scopes.len(), 2, "{metadata}");
    assert!(
        scopes
            .iter()
            .all(|one| one.contains("regexp=\"false\"") && *one == scopes[0]),
        "{scopes:?}"
    );
    let scope = scopes[0].rsplit('>').next().unwrap();
    let told = value(&response, "urn:oasis:names:tc:SAML:attribute:pairwise-id").unwrap();
    assert_eq!(told.split_once('@').unwrap().1, scope);
    assert!(
        metadata.contains("xmlns:shibmd=\"urn:mace:shibboleth:metadata:1.0\""),
        "{metadata}"
    );
    // Names for people, in both languages.
    let info = between(&metadata, "<mdui:UIInfo", "</mdui:UIInfo>").unwrap();
    for (language, name) in [
        ("ja", "政府認証プラットフォーム"),
        ("en", "Government Authentication Platform"),
    ] {
        let display = format!("<mdui:DisplayName xml:lang=\"{language}\">{name}</mdui:DisplayName>");
        assert!(info.contains(&display), "{info}");
    }
    // Where a service sends a person whose sign-in failed there: a page of ours.
    let error = between(&metadata, "errorURL=\"", "\"")
        .unwrap()
        .replace("&amp;", "&");
    assert!(error.starts_with(&platform.origin), "{error}");
    let page = platform.bare_browser().get(&error).await;
    assert_eq!(page.status, 200, "{}", page.body);
    // Endpoints: each with the bindings at which it answers.
    let bindings = "urn:oasis:names:tc:SAML:2.0:bindings";
    for (element, binding, path) in [
        ("SingleSignOnService", "HTTP-Redirect", "sso"),
        ("SingleSignOnService", "HTTP-POST", "sso"),
        ("SingleSignOnService", "HTTP-POST-SimpleSign", "sso"),
        ("SingleLogoutService", "HTTP-Redirect", "slo"),
        ("SingleLogoutService", "HTTP-POST", "slo"),
        ("SingleLogoutService", "SOAP", "slo/soap"),
        ("ArtifactResolutionService", "SOAP", "artifact"),
        ("AttributeService", "SOAP", "attributes"),
    ] {
        let location = format!("Location=\"{}/saml/{path}\"", platform.origin);
        let binding = format!("Binding=\"{bindings}:{binding}\"");
        let named = elements(&metadata, &format!("md:{element}"))
            .any(|one| one.contains(&binding) && one.contains(&location));
        assert!(named, "{element} {binding} {location}\n{metadata}");
    }
    assert!(
        !metadata.contains(":md5") && metadata.contains("<md:NameIDFormat>"),
        "{metadata}"
    );
}

/// Elements of this prefix and name, each from its name to the next tag.
fn elements<'t>(document: &'t str, name: &str) -> std::vec::IntoIter<&'t str> {
    let named = |one: &&str| {
        one.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '>', '/']))
    };
    document.split('<').filter(named).collect::<Vec<_>>().into_iter()
}
