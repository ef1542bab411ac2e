//! Our metadata is valid by the schema, verifies under xmlsec1, and says what we are.

use domain::{Localized, NameIdFormat};
use saml::metadata::IdpMetadata;
use saml::reply::Signing;
use xml::dsig::SignatureAlgorithm;
use xml::{Document, Limits};

use crate::party::{
    IDP, NOW, Random, SSO, SSO_POST, attacker, folder_with, idp, judged_by_schema, judged_by_xmlsec1, rsa,
    run, service, sign_rsa,
};

const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
const AT_ENTITY: &str = "/*/*[local-name()='Signature']";

fn certificate() -> Vec<u8> {
    let folder = folder_with(b"", rsa());
    run(
        folder.path(),
        "openssl",
        &[
            "req",
            "-x509",
            "-key",
            "key.pem",
            "-subj",
            "/CN=idp.example",
            "-days",
            "30",
            "-outform",
            "DER",
        ],
    )
    .unwrap()
}

fn written() -> Vec<u8> {
    let (idp, certificate) = (idp(), certificate());
    let name = Localized {
        ja: "政府認証プラットフォーム".to_owned(),
        en: "Government <Identity> & Access".to_owned(),
    };
    let metadata = IdpMetadata {
        idp: &idp,
        signing_certificates: &[certificate.clone(), certificate.clone()],
        name_id_formats: &[NameIdFormat::Persistent, NameIdFormat::Transient],
        want_authn_requests_signed: true,
        display_name: Some(&name),
        error_url: Some("https://idp.example/error"),
        valid_until: NOW.plus_seconds(86_400),
        cache_duration_seconds: 3_600,
    };
    judged_by_schema(&metadata.unsigned(&Random).unwrap()).unwrap();
    let signing = Signing {
        algorithm: SignatureAlgorithm::RsaSha256,
        certificate: Some(&certificate),
    };
    let draft = metadata.to_be_signed(signing, &Random).unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    draft.attach(&signature).unwrap()
}

#[test]
fn our_metadata_is_valid_and_verifies() {
    let document = written();
    judged_by_schema(&document).unwrap();
    judged_by_xmlsec1(&document, rsa(), ENTITY, AT_ENTITY).unwrap();
    judged_by_xmlsec1(&document, attacker(), ENTITY, AT_ENTITY).unwrap_err();

    let parsed = Document::parse(&document, &Limits::metadata()).unwrap();
    let verified = xml::dsig::verify(parsed.root(), &service().signing_keys).unwrap();
    let inner = verified.document().unwrap();
    let entity = inner.root();
    assert_eq!(entity.attribute("entityID"), Some(IDP));
    assert_eq!(entity.attribute("validUntil"), Some("2026-11-22T00:00:00Z"));
    assert_eq!(entity.attribute("cacheDuration"), Some("PT3600S"));
    let role = entity.elements().unwrap()[0];
    let named = |local: &str| -> Vec<_> {
        role.elements()
            .unwrap()
            .into_iter()
            .filter(|e| e.local_name() == local)
            .collect()
    };
    assert_eq!(named("KeyDescriptor").len(), 2);
    let locations: Vec<_> = named("SingleSignOnService")
        .iter()
        .map(|e| (e.attribute("Binding").unwrap(), e.attribute("Location").unwrap()))
        .collect();
    assert_eq!(
        locations,
        [
            ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", SSO),
            ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", SSO_POST),
            (
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign",
                SSO_POST
            ),
        ]
    );
    let formats: Vec<_> = named("NameIDFormat").iter().map(|e| e.text().unwrap()).collect();
    assert_eq!(
        formats,
        [
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        ]
    );
}

#[test]
fn somebody_who_moves_an_endpoint_is_found_out() {
    let document = String::from_utf8(written()).unwrap();
    let moved = document.replace(
        "https://idp.example/saml/sso\"",
        "https://evil.example/saml/sso\"",
    );
    assert_ne!(document, moved);
    judged_by_xmlsec1(moved.as_bytes(), rsa(), ENTITY, AT_ENTITY).unwrap_err();
    let parsed = Document::parse(moved.as_bytes(), &Limits::metadata()).unwrap();
    assert_eq!(
        xml::dsig::verify(parsed.root(), &service().signing_keys).unwrap_err(),
        xml::Reason::DigestMismatch
    );
}
