//! Which identifier of a person a service is told, as its metadata requires it.

use super::*;

/// `subject-id:req` in metadata.
pub(super) fn requires(word: &str) -> String {
    format!(
        r#"<Extensions><m:EntityAttributes xmlns:m="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"><a:Attribute Name="urn:oasis:names:tc:SAML:profiles:subject-id:req"><a:AttributeValue>{word}</a:AttributeValue></a:Attribute></m:EntityAttributes></Extensions>"#
    )
}

pub(super) fn value(response: &str, name: &str) -> Option<String> {
    let attribute = response
        .split("<saml:Attribute ")
        .find(|part| part.contains(&format!("Name=\"{name}\"")))?;
    between(attribute, "<saml:AttributeValue>", "<").map(str::to_owned)
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
