//! Real files, and the same files bent.

use super::*;
use crate::ServiceFacts;

const MELLON: &str = include_str!("../../../tests/samples/mellon.xml");
const METAGEN: &str = include_str!("../../../tests/samples/shibboleth-metagen.xml");
const HANDLER: &str = include_str!("../../../tests/samples/shibboleth-handler.xml");

fn read(text: &str) -> Result<ServiceProvider, MetadataReason> {
    read_service_provider(text.as_bytes())
}

fn bent(from: &str, to: &str) -> Result<ServiceProvider, MetadataReason> {
    let text = HANDLER.replace(from, to);
    assert_ne!(text, HANDLER, "{from} is not in the sample");
    read(&text)
}

#[test]
fn mod_auth_mellon() {
    let sp = read(MELLON).unwrap();
    let s = &sp.settings;
    assert_eq!(s.entity_id, "https://mellon.example/metadata");
    assert!(s.authn_requests_signed && !s.want_assertions_signed && !s.sign_response);
    let acs = &s.assertion_consumer_services;
    assert_eq!(acs.len(), 1);
    assert_eq!((acs[0].index, acs[0].is_default), (0, None));
    assert_eq!(acs[0].location, "https://mellon.example/mellon/postResponse");
    assert_eq!(s.single_logout_services.len(), 1);
    assert_eq!(s.single_logout_services[0].binding, SloBinding::HttpRedirect);
    assert_eq!((s.signing_keys.len(), s.encryption_keys.len()), (1, 1));
    assert_eq!(s.signing_keys, s.encryption_keys, "one certificate for both uses");
    assert!(s.name_id_formats.is_empty());
    assert_eq!(sp.names, DisplayNames::default());
    ServiceFacts::from_settings(s).unwrap();
}

#[test]
fn shibboleth_metagen() {
    let sp = read(METAGEN).unwrap();
    let s = &sp.settings;
    assert_eq!(s.entity_id, "https://shib.example/shibboleth");
    assert!(!s.authn_requests_signed);
    assert_eq!(
        s.assertion_consumer_services.len(),
        1,
        "SimpleSign and PAOS are left out"
    );
    assert_eq!(s.assertion_consumer_services[0].index, 1);
    assert_eq!(s.single_logout_services.len(), 3);
    assert_eq!(s.signing_keys, s.encryption_keys, "a key without use serves both");
    assert_eq!(s.signing_keys.len(), 1);
    assert_eq!(sp.names.en.as_deref(), Some("Example Ministry"));
    ServiceFacts::from_settings(s).unwrap();
}

#[test]
fn shibboleth_handler_with_comments() {
    let sp = read(HANDLER).unwrap();
    let s = &sp.settings;
    assert!(s.authn_requests_signed);
    assert_eq!((s.signing_keys.len(), s.encryption_keys.len()), (1, 1));
    assert_ne!(s.signing_keys, s.encryption_keys);
    assert_eq!(sp.names.en.as_deref(), Some("Example Filing Service"));
    assert_eq!(sp.names.ja.as_deref(), Some("申請サービス（例）"));
    assert_eq!(
        sp.encryption_methods,
        [
            "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "http://www.w3.org/2009/xmlenc11#rsa-oaep",
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        ]
    );
    assert_eq!(sp.valid_until, None);
}

#[test]
fn the_key_is_the_one_that_openssl_finds_in_the_certificate() {
    // `openssl x509 -pubkey` of the sample's signing certificate; the DER of both must be one value.
    let settings = read(HANDLER).unwrap().settings;
    let der = xml::decode_base64(&settings.signing_keys[0]).unwrap();
    let start = HANDLER.find("<ds:X509Certificate>").unwrap() + "<ds:X509Certificate>".len();
    let end = HANDLER.find("</ds:X509Certificate>").unwrap();
    let certificate = xml::decode_base64(&HANDLER[start..end]).unwrap();
    assert!(
        certificate.windows(der.len()).any(|window| window == der),
        "the key stands in the certificate octet by octet"
    );
    assert_eq!(der.len(), 294, "SubjectPublicKeyInfo of RSA-2048");
}

#[test]
fn what_else_is_heeded() {
    let role = "<md:SPSSODescriptor ";
    let sp = bent(
        role,
        "<md:SPSSODescriptor WantAssertionsSigned=\"true\" validUntil=\"2026-12-01T00:00:00Z\" ",
    )
    .unwrap();
    assert!(sp.settings.want_assertions_signed);
    assert_eq!(sp.valid_until, Some(Timestamp::from_seconds(1_796_083_200)));

    let slo = "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\"";
    let formats = "<md:NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:transient </md:NameIDFormat>\
                   <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>\
                   <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>";
    let sp = bent(slo, &format!("{formats}{slo}")).unwrap();
    assert_eq!(
        sp.settings.name_id_formats,
        [NameIdFormat::Transient, NameIdFormat::Persistent]
    );

    let acs = "index=\"1\"/>\n    <md:AssertionConsumerService";
    let sp = bent(acs, &acs.replace("index=\"1\"", "index=\"1\" isDefault=\"1\"")).unwrap();
    assert_eq!(sp.settings.assertion_consumer_services[0].is_default, Some(true));
    assert!(bent("<!-- shown to people -->", "<!-- --><?xml-stylesheet href='x'?>").is_err());
    let with_mark = format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{HANDLER}");
    assert!(read(&with_mark).is_ok());
}

#[test]
fn locations_are_https_or_local() {
    let post = "https://shib.example/Shibboleth.sso/SAML2/POST\"";
    for good in [
        "http://localhost:8080/acs\"",
        "http://127.0.0.1/acs\"",
        "http://[::1]:80/acs\"",
        "http://sp.localhost:8443/acs\"",
    ] {
        assert!(bent(post, good).is_ok(), "{good}");
    }
    for bad in [
        "http://shib.example/acs\"",
        "javascript:alert(1)\"",
        "data:text/html,x\"",
        "/acs\"",
        "//shib.example/acs\"",
        "https://\"",
        "https://user@evil.example/\"",
        "HTTPS://shib.example/acs\"",
        "http://localhost.evil.example/acs\"",
        "http://localhost:80@evil.example/acs\"",
        "http://evil.example\\.localhost/acs\"",
    ] {
        assert!(
            matches!(bent(post, bad), Err(MetadataReason::InsecureLocation { .. })),
            "{bad}"
        );
    }
}

#[test]
fn refused() {
    use MetadataReason as R;
    let certificate = "<ds:X509Certificate>";
    for (from, to, expected) in [
        (
            "EntityDescriptor",
            "EntitiesDescriptor",
            R::NotEntityDescriptor {
                found: "EntitiesDescriptor".to_owned(),
            },
        ),
        (" entityID=", " entityid=", R::Missing { what: "entityID" }),
        (
            "urn:oasis:names:tc:SAML:2.0:protocol urn:oasis:names:tc:SAML:1.1:protocol",
            "urn:oasis:names:tc:SAML:1.1:protocol",
            R::NotServiceProvider,
        ),
        ("SPSSODescriptor", "IDPSSODescriptor", R::NotServiceProvider),
        ("md:AssertionConsumerService", "md:OtherService", R::NoAcs),
        (
            "AuthnRequestsSigned=\"1\"",
            "AuthnRequestsSigned=\"yes\"",
            R::InvalidValue {
                what: "AuthnRequestsSigned",
            },
        ),
        ("use=\"signing\"", "use=\"both\"", R::InvalidValue { what: "use" }),
        ("use=\"signing\"", "use=\"encryption\"", R::SignedWithoutKey),
        (certificate, "<ds:X509Certificate>AAAA", R::CertificateUnreadable),
        (certificate, "<ds:X509Certificate>!", R::CertificateUnreadable),
        ("X509Certificate", "X509CRL", R::KeyWithoutCertificate),
        (
            certificate,
            "<ds:X509Certificate><!-- split -->",
            R::Xml(xml::Reason::MixedContent {
                element: "X509Certificate".to_owned(),
            }),
        ),
        (
            "<!-- shown to people -->",
            "<![CDATA[ ]]>",
            R::Xml(xml::Reason::Forbidden(xml::Construct::CharacterDataSection)),
        ),
        (
            "<!--\n",
            "<!DOCTYPE x>\n<!--",
            R::Xml(xml::Reason::Forbidden(xml::Construct::DocumentType)),
        ),
    ] {
        assert_eq!(bent(from, to), Err(expected), "{from} → {to}");
    }
    let acs = "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" ";
    let twice = format!("{acs}Location=\"https://shib.example/two\" index=\"1\"/>{acs}");
    assert_eq!(bent(acs, &twice), Err(R::AcsIndexRepeated { index: 1 }));
    let role = HANDLER.find("<md:SPSSODescriptor").unwrap();
    let end = HANDLER.find("</md:SPSSODescriptor>").unwrap() + "</md:SPSSODescriptor>".len();
    let two = HANDLER.replace(
        "</md:EntityDescriptor>",
        &format!("{}</md:EntityDescriptor>", &HANDLER[role..end]),
    );
    assert_eq!(read(&two), Err(R::SeveralServiceProviders));
    let huge = format!("{HANDLER}{}", " ".repeat(1024 * 1024));
    assert_eq!(
        read(&huge),
        Err(R::Xml(xml::Reason::TooLarge { limit: 1024 * 1024 }))
    );
}
