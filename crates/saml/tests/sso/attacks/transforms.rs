//! Signatures by somebody who has a key: the service itself, bending what it signs (SAML core section 5.4 is the only shape), and somebody
//! else, bending whose key it seems to be. The value and the digest hold in every row, so that nothing but the check under test refuses it.

use aws_lc_rs::hmac;
use saml::Reason;
use xml::{Document, Limits};

use super::verdict;
use crate::party::{SSO_POST, attacker, request, rsa, sign_p256, sign_rsa, spki, template};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The message with a signature over exactly what is there, whatever the template claims to have done.
fn signed(template: &str, digest: &dyn Fn(&[u8]) -> Vec<u8>, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
    let bare = request(SSO_POST, "");
    let whole = |signature: &str| {
        let place = format!("</saml:Issuer>{signature}");
        bare.replacen("</saml:Issuer>", &place, 1)
    };
    let document = Document::parse(bare.as_bytes(), &Limits::message()).unwrap();
    let value = xml::encode_base64(&digest(&xml::canonicalise(document.root(), &[]).unwrap()));
    let filled = template.replacen(
        "<ds:DigestValue/>",
        &format!("<ds:DigestValue>{value}</ds:DigestValue>"),
        1,
    );
    let message = whole(&filled);
    let document = Document::parse(message.as_bytes(), &Limits::message()).unwrap();
    let signature = document.root().elements().unwrap()[1];
    let info = xml::canonicalise(signature.elements().unwrap()[0], &[]).unwrap();
    let value = xml::encode_base64(&sign(&info));
    let filled = filled.replacen(
        "<ds:SignatureValue/>",
        &format!("<ds:SignatureValue>{value}</ds:SignatureValue>"),
        1,
    );
    whole(&filled)
}

type Sign<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

fn sha256(octets: &[u8]) -> Vec<u8> {
    xml::sha256(octets).to_vec()
}

fn by_the_service(octets: &[u8]) -> Vec<u8> {
    sign_rsa(rsa(), octets)
}

#[test]
fn the_signer_of_these_tests_is_believed_where_nothing_is_bent() {
    let message = signed(&template("_request"), &sha256, &by_the_service);
    assert!(
        saml::check_authn_request(
            &crate::party::posted(&message),
            &crate::party::service(),
            &crate::party::idp(),
            crate::party::NOW
        )
        .is_ok()
    );
}

/// `McIntosh` and Austel, "XML signature element wrapping attacks" (2005); Hill, "Command injection in XML signatures and encryption" (2007):
/// what a transform does is done by the verifier, for anybody. None is done here but the two that SAML core section 5.4.4 names, each once.
#[test]
fn transforms_and_canonicalisations_of_other_kinds() {
    let plain = template("_request");
    let mut rows = other_algorithms();
    rows.extend(other_shapes());
    for (what, from, to) in rows {
        let bent = plain.replacen(&from, &to, 1);
        assert_ne!(bent, plain, "{what}");
        let reason = verdict(&signed(&bent, &sha256, &by_the_service));
        assert!(
            matches!(
                reason,
                Reason::Xml(
                    xml::Reason::AlgorithmNotAllowed { .. }
                        | xml::Reason::SignatureShape { .. }
                        | xml::Reason::ReferenceElsewhere
                )
            ),
            "{what}: {reason:?}"
        );
    }
    // A list of prefixes is allowed, and changes nothing of what is read.
    let listed = plain.replacen(
        &exclusive(),
        &transform(
            EXCLUSIVE,
            &list(EXCLUSIVE, "").replace("saml", "#default xml none"),
        ),
        1,
    );
    let message = signed(&listed, &sha256, &by_the_service);
    assert!(!message.contains("PrefixList=\"saml\""));
    let incoming = crate::party::posted(&message);
    let asked = saml::check_authn_request(
        &incoming,
        &crate::party::service(),
        &crate::party::idp(),
        crate::party::NOW,
    );
    assert_eq!(asked.unwrap().0.reply_to.location(), crate::party::ACS);
}

/// What is bent: its name, what stands in the template, and what stands there instead.
type Rows = Vec<(String, String, String)>;

const XSLT: &str = "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"/>";

const ALGORITHMS: [(&str, &str, &str); 14] = [
    ("XSLT", "http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT),
    (
        "XPath",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "<ds:XPath>true()</ds:XPath>",
    ),
    ("XPath filter 2", "http://www.w3.org/2002/06/xmldsig-filter2", ""),
    ("base64", "http://www.w3.org/2000/09/xmldsig#base64", ""),
    ("decryption", "http://www.w3.org/2002/07/decrypt#XML", ""),
    (
        "STR",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
        "",
    ),
    ("c14n 1.0", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""),
    (
        "c14n 1.0 with comments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "",
    ),
    ("c14n 1.1", "http://www.w3.org/2006/12/xml-c14n11", ""),
    (
        "c14n 1.1 with comments",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
        "",
    ),
    (
        "exclusive c14n with comments",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "",
    ),
    ("c14n 2.0", "http://www.w3.org/2010/xml-c14n2", ""),
    (
        "exclusive c14n, spelled otherwise",
        "HTTP://www.w3.org/2001/10/xml-exc-c14n#",
        "",
    ),
    ("none", "", ""),
];

fn transform(uri: &str, inside: &str) -> String {
    format!("<ds:Transform Algorithm=\"{uri}\">{inside}</ds:Transform>")
}

fn list(namespace: &str, inside: &str) -> String {
    format!(
        "<ec:InclusiveNamespaces xmlns:ec=\"{namespace}\" PrefixList=\"saml\">{inside}</ec:InclusiveNamespaces>"
    )
}

fn enveloped() -> String {
    format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>")
}

fn exclusive() -> String {
    format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"/>")
}

fn method() -> String {
    format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>")
}

fn other_algorithms() -> Rows {
    let (enveloped, exclusive, method) = (enveloped(), exclusive(), method());
    let mut rows = Rows::new();
    let mut row = |what: &str, from: &str, to: String| rows.push((what.to_owned(), from.to_owned(), to));
    for (what, uri, inside) in ALGORITHMS {
        row(
            &format!("{what} instead of enveloped"),
            &enveloped,
            transform(uri, inside),
        );
        row(
            &format!("{what} instead of exclusive"),
            &exclusive,
            transform(uri, inside),
        );
        row(
            &format!("{what} in front"),
            &enveloped,
            format!("{}{enveloped}", transform(uri, inside)),
        );
        row(
            &format!("{what} behind"),
            &exclusive,
            format!("{exclusive}{}", transform(uri, inside)),
        );
        row(
            &format!("{what} for SignedInfo"),
            &method,
            format!("<ds:CanonicalizationMethod Algorithm=\"{uri}\">{inside}</ds:CanonicalizationMethod>"),
        );
    }
    rows
}

fn other_shapes() -> Rows {
    let (enveloped, exclusive, method) = (enveloped(), exclusive(), method());
    let mut rows = Rows::new();
    let mut row = |what: &str, from: &str, to: String| rows.push((what.to_owned(), from.to_owned(), to));
    row("enveloped twice", &enveloped, enveloped.repeat(2));
    row("exclusive twice", &exclusive, exclusive.repeat(2));
    row(
        "in the other order",
        &format!("{enveloped}{exclusive}"),
        format!("{exclusive}{enveloped}"),
    );
    row("enveloped alone", &exclusive, String::new());
    row("exclusive alone", &enveloped, String::new());
    row(
        "no transforms",
        &format!("<ds:Transforms>{enveloped}{exclusive}</ds:Transforms>"),
        String::new(),
    );
    row(
        "a parameter of enveloped",
        &enveloped,
        transform(ENVELOPED, "<x/>"),
    );
    row(
        "two lists of prefixes",
        &exclusive,
        transform(EXCLUSIVE, &list(EXCLUSIVE, "").repeat(2)),
    );
    row(
        "a list of another namespace",
        &exclusive,
        transform(EXCLUSIVE, &list("urn:x", "")),
    );
    row(
        "something in the list",
        &exclusive,
        transform(EXCLUSIVE, &list(EXCLUSIVE, "<x/>")),
    );
    row("a second method", &method, method.repeat(2));
    row(
        "HMAC's parameter",
        "#rsa-sha256\"/>",
        "#rsa-sha256\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>".to_owned(),
    );
    row(
        "a parameter of the digest",
        "xmlenc#sha256\"/>",
        "xmlenc#sha256\"><x/></ds:DigestMethod>".to_owned(),
    );
    row(
        "a manifest",
        "<ds:Reference URI=\"#_request\">",
        "<ds:Reference Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\" URI=\"#_other\">".to_owned(),
    );
    for uri in [
        "",
        "#",
        "#_other",
        "_request",
        "#xpointer(/)",
        "#xpointer(id('_request'))",
        "#_request ",
        "?#_request",
        "cid:x",
    ] {
        row(
            &format!("reference {uri:?}"),
            "URI=\"#_request\"",
            format!("URI=\"{uri}\""),
        );
    }
    row("no reference at all", "URI=\"#_request\"", String::new());
    rows
}

/// Void canonicalisation (`PortSwigger`, "The Fragile Lock", 2025): a canonicalisation that fails must not be one of nothing. The digest of no octets, signed by the service itself, is not the digest of the message.
#[test]
fn the_digest_of_nothing() {
    let message = signed(&template("_request"), &|_| sha256(b""), &by_the_service);
    assert_eq!(verdict(&message), Reason::Xml(xml::Reason::DigestMismatch));
    for digest in [
        vec![],
        vec![0; 32],
        sha256(b"")[..31].to_vec(),
        [sha256(b""), vec![0]].concat(),
    ] {
        let message = signed(&template("_request"), &|_| digest.clone(), &by_the_service);
        assert_eq!(verdict(&message), Reason::Xml(xml::Reason::DigestMismatch));
    }
    // CVE-2024-45409: a second DigestValue, where a reader looks that searches the whole message for it.
    let good = signed(&template("_request"), &sha256, &by_the_service);
    let smuggled = "<ds:DigestValue xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">AAAA</ds:DigestValue>";
    let message = good.replacen(
        "</saml:Issuer>",
        &format!("</saml:Issuer><samlp:Extensions>{smuggled}</samlp:Extensions>"),
        1,
    );
    assert_eq!(verdict(&message), Reason::Xml(xml::Reason::DigestMismatch));
    // CVE-2025-29774: a second SignedInfo, and CVE-2025-29775: a comment in the digest.
    for (from, to) in [
        ("</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo/>"),
        ("<ds:SignatureValue>", "<ds:SignedInfo/><ds:SignatureValue>"),
        ("<ds:DigestValue>", "<ds:DigestValue><!--AAAA-->"),
    ] {
        let message = good.replacen(from, to, 1);
        assert_ne!(message, good);
        let reason = verdict(&message);
        assert!(
            matches!(
                reason,
                Reason::Xml(xml::Reason::SignatureShape { .. } | xml::Reason::Forbidden(_))
            ),
            "{to}: {reason:?}"
        );
    }
}

/// Algorithms that do not bind, and algorithms of another key: SHA-1 (Leurent and Peyrin, "SHA-1 is a shambles", 2020), MD5, DSA, HMAC keyed
/// with what everybody knows (Tim `McLean`, 2015, of JSON Web Tokens; the same holds here).
#[test]
fn algorithms_of_another_key_and_of_another_time() {
    let plain = template("_request");
    let method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let public = spki(rsa());
    let mac = |octets: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &public);
        hmac::sign(&key, octets).as_ref().to_vec()
    };
    let by_the_curve = |octets: &[u8]| sign_p256(octets);
    let more = "http://www.w3.org/2001/04/xmldsig-more#";
    let old = "http://www.w3.org/2000/09/xmldsig#";
    let rows: [(String, Sign<'_>, bool); 16] = [
        (format!("{more}hmac-sha256"), &mac, false),
        (format!("{old}hmac-sha1"), &mac, false),
        (format!("{more}hmac-md5"), &mac, false),
        (format!("{more}rsa-md5"), &by_the_service, false),
        (format!("{old}rsa-sha1"), &by_the_service, false),
        (format!("{old}dsa-sha1"), &by_the_service, false),
        (
            "http://www.w3.org/2009/xmldsig11#dsa-sha256".to_owned(),
            &by_the_service,
            false,
        ),
        (format!("{more}ecdsa-sha1"), &by_the_curve, false),
        (format!("{more}rsa-ripemd160"), &by_the_service, false),
        (format!("{more}rsa-sha224"), &by_the_service, false),
        (
            "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1".to_owned(),
            &by_the_service,
            false,
        ),
        (format!("{more}RSA-SHA256"), &by_the_service, false),
        // Allowed, but not how this was signed: the kind of the key decides, not the message.
        (format!("{more}ecdsa-sha256"), &by_the_service, true),
        (method.to_owned(), &by_the_curve, true),
        (format!("{more}rsa-sha512"), &by_the_service, true),
        (format!("{more}ecdsa-sha384"), &by_the_curve, true),
    ];
    for (uri, sign, known) in rows {
        let bent = plain.replacen(method, &uri, 1);
        let reason = verdict(&signed(&bent, &sha256, sign));
        match reason {
            Reason::Xml(xml::Reason::SignatureInvalid) => assert!(known, "{uri}"),
            Reason::Xml(xml::Reason::AlgorithmNotAllowed {
                role: "signature", ..
            }) => assert!(!known, "{uri}"),
            other => panic!("{uri}: {other:?}"),
        }
    }
    for digest in [
        format!("{old}sha1"),
        format!("{more}md5"),
        format!("{more}sha224"),
        format!("{old}SHA256"),
    ] {
        let bent = plain.replacen("http://www.w3.org/2001/04/xmlenc#sha256", &digest, 1);
        let reason = verdict(&signed(&bent, &sha256, &by_the_service));
        let role = "digest";
        assert_eq!(
            reason,
            Reason::Xml(xml::Reason::AlgorithmNotAllowed { role, uri: digest })
        );
    }
}

/// SAML metadata interoperability profile section 2.6.1: a key is believed because it is registered, not because it came along.
#[test]
fn keys_that_a_message_brings_along() {
    let theirs = |info: &str| {
        let with = template("_request").replace(
            "</ds:Signature>",
            &format!("<ds:KeyInfo>{info}</ds:KeyInfo></ds:Signature>"),
        );
        verdict(&signed(&with, &sha256, &|octets| sign_rsa(attacker(), octets)))
    };
    let key = xml::encode_base64(&spki(attacker()));
    for info in [
        String::new(),
        format!("<ds:X509Data><ds:X509Certificate>{key}</ds:X509Certificate></ds:X509Data>"),
        format!("<dsig11:DEREncodedKeyValue xmlns:dsig11=\"http://www.w3.org/2009/xmldsig11#\">{key}</dsig11:DEREncodedKeyValue>"),
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQ==</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>".to_owned(),
        "<ds:KeyName>https://sp.example/metadata</ds:KeyName>".to_owned(),
        "<ds:RetrievalMethod URI=\"http://127.0.0.1:9/key\"/>".to_owned(),
        "<wsse:SecurityTokenReference xmlns:wsse=\"urn:x\"/>".to_owned(),
        "<ds:X509Data><ds:X509SubjectName>CN=sp.example</ds:X509SubjectName></ds:X509Data>".to_owned(),
    ] {
        assert_eq!(theirs(&info), Reason::Xml(xml::Reason::SignatureInvalid), "{info}");
    }
}
