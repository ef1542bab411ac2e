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
            // With the parameters that hold where none are named (XML Encryption 1.1 section 5.5.2).
            "http://www.w3.org/2009/xmlenc11#rsa-oaep http://www.w3.org/2000/09/xmldsig#sha1 http://www.w3.org/2009/xmlenc11#mgf1sha1",
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p http://www.w3.org/2000/09/xmldsig#sha1 http://www.w3.org/2009/xmlenc11#mgf1sha1",
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

/// The descriptor of a key, of a certificate's base64.
fn descriptor(of: &str, certificate: &str, methods: &[&str]) -> String {
    let methods: String = methods
        .iter()
        .map(|one| format!("<md:EncryptionMethod Algorithm=\"http://www.w3.org/{one}\"/>"))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<md:KeyDescriptor{of}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{methods}</md:KeyDescriptor>"
    )
}

fn certificates(text: &str) -> Vec<&str> {
    text.split("<ds:X509Certificate>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect()
}

/// The sample with these descriptors instead of its own.
fn with_keys(descriptors: &[String]) -> Result<ServiceProvider, MetadataReason> {
    let (begin, end) = (
        HANDLER.find("<md:KeyDescriptor").unwrap(),
        HANDLER.rfind("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len(),
    );
    read(&format!(
        "{}{}{}",
        &HANDLER[..begin],
        descriptors.concat(),
        &HANDLER[end..]
    ))
}

#[test]
fn keys_side_by_side() {
    const SIGNING: &str = " use=\"signing\"";
    const ENCRYPTION: &str = " use=\"encryption\"";
    const CBC: &[&str] = &["2001/04/xmlenc#aes128-cbc"];
    const GCM: &[&str] = &["2009/xmlenc11#aes128-gcm", "2009/xmlenc11#rsa-oaep"];
    let both = certificates(HANDLER);
    let (a, b) = (both[0], both[1]);
    let sign = descriptor(SIGNING, a, &[]);
    let broken = |of: &str| descriptor(of, "AAAA", &[]);
    let alone = |certificate: &str| {
        let sp = with_keys(&[sign.clone(), descriptor(ENCRYPTION, certificate, &[])]).unwrap();
        sp.settings.encryption_keys[0].clone()
    };
    let (key_a, key_b) = (alone(a), alone(b));
    assert_ne!(key_a, key_b);
    // In the order of the metadata, whatever stands between; twice is once.
    let sp = with_keys(&[
        broken(SIGNING),
        descriptor(SIGNING, b, &[]),
        sign.clone(),
        sign.clone(),
        broken(ENCRYPTION),
        descriptor(ENCRYPTION, b, GCM),
        descriptor(ENCRYPTION, a, CBC),
    ])
    .unwrap();
    assert_eq!(sp.settings.signing_keys, [key_b.clone(), key_a.clone()]);
    assert_eq!(sp.settings.encryption_keys, [key_b.clone(), key_a.clone()]);
    let facts = ServiceFacts::from_settings(&sp.settings).unwrap();
    assert_eq!(facts.encryption().unwrap().0, xml::enc::ContentCipher::Aes128Gcm);
    // The first key that can be used goes first, and is used with its own methods, never with another's.
    let sp = with_keys(&[
        sign.clone(),
        descriptor(ENCRYPTION, a, CBC),
        descriptor(ENCRYPTION, b, GCM),
    ])
    .unwrap();
    assert_eq!(sp.settings.encryption_keys, [key_b, key_a]);
    assert_eq!(sp.encryption_methods.len(), 2, "{:?}", sp.encryption_methods);
    assert!(
        ServiceFacts::from_settings(&sp.settings)
            .unwrap()
            .encryption()
            .is_ok()
    );
    let sp = with_keys(&[sign.clone(), descriptor(ENCRYPTION, a, CBC)]).unwrap();
    assert_eq!(
        ServiceFacts::from_settings(&sp.settings).unwrap().encryption(),
        Err(crate::Reason::NoCommonEncryption)
    );
    // None left: refused, never answered without encryption or believed without a signature.
    for keys in [
        [sign.clone(), broken(ENCRYPTION)],
        [broken(SIGNING), descriptor(ENCRYPTION, a, &[])],
    ] {
        assert_eq!(with_keys(&keys), Err(MetadataReason::CertificateUnreadable));
    }
}

#[test]
fn what_everything_is_signed_with_must_be_listed_where_a_list_is() {
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let rsa_sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    let (digest, signing) = (
        super::super::SIGNED_WITH.digest().uri(),
        super::super::SIGNED_WITH.uri(),
    );
    let listed = |rows: &[(&str, &str)]| {
        rows.iter()
            .map(|(local, uri)| {
                format!(
                    "<a:{local} xmlns:a=\"urn:oasis:names:tc:SAML:metadata:algsupport\" Algorithm=\"{uri}\"/>"
                )
            })
            .collect::<Vec<_>>()
            .concat()
    };
    let refused = |what, ours| Err(MetadataReason::AlgorithmNotListed { what, ours });
    // (of the entity, of the role)
    for (entity, role, expected) in [
        (vec![], vec![], Ok(())),
        (
            vec![("SigningMethod", rsa_sha1), ("SigningMethod", signing)],
            vec![],
            Ok(()),
        ),
        (
            vec![("SigningMethod", rsa_sha1)],
            vec![("SigningMethod", signing)],
            Ok(()),
        ),
        (
            vec![("DigestMethod", digest)],
            vec![("SigningMethod", signing)],
            Ok(()),
        ),
        (
            vec![("SigningMethod", rsa_sha1)],
            vec![],
            refused("SigningMethod", signing),
        ),
        (
            vec![("SigningMethod", signing)],
            vec![("SigningMethod", rsa_sha1)],
            refused("SigningMethod", signing),
        ),
        (
            vec![],
            vec![("DigestMethod", sha1)],
            refused("DigestMethod", digest),
        ),
        (
            vec![("DigestMethod", sha1)],
            vec![("SigningMethod", signing)],
            refused("DigestMethod", digest),
        ),
    ] {
        let text = format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://a.example/\"><Extensions>{}</Extensions><SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><Extensions>{}</Extensions><AssertionConsumerService index=\"0\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://a.example/acs\"/></SPSSODescriptor></EntityDescriptor>",
            listed(&entity),
            listed(&role)
        );
        assert_eq!(read(&text).map(|_| ()), expected, "{entity:?} {role:?}");
    }
}
