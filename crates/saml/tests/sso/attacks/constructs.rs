//! Constructs that are never read, comments where they are, and more of everything than is allowed.

use saml::{Reason, check_authn_request};
use xml::{Construct, Document, Limits};

use super::{original, signed_octets, verdict};
use crate::party::{ACS, EVIL, NOW, SSO_POST, idp, posted, request, service};

#[test]
fn constructs_that_are_never_read() {
    let original = original();
    let forbidden = |construct| Reason::Xml(xml::Reason::Forbidden(construct));
    for (from, to, construct) in [
        (
            "<samlp:AuthnRequest",
            "<!DOCTYPE x><samlp:AuthnRequest",
            Construct::DocumentType,
        ),
        (
            "<samlp:AuthnRequest",
            "<!DOCTYPE x [<!ATTLIST samlp:NameIDPolicy ID ID #IMPLIED>]><samlp:AuthnRequest",
            Construct::DocumentType,
        ),
        (
            "sp.example/metadata<",
            "sp.example/<!-- -->metadata<",
            Construct::Comment,
        ),
        (
            "</samlp:AuthnRequest>",
            "</samlp:AuthnRequest><!-- -->",
            Construct::Comment,
        ),
        (
            "sp.example/metadata<",
            "sp.example/<?x ?>metadata<",
            Construct::ProcessingInstruction,
        ),
        (
            "<samlp:AuthnRequest",
            "<?x ?><samlp:AuthnRequest",
            Construct::ProcessingInstruction,
        ),
        (
            "sp.example/metadata<",
            "sp.example/<![CDATA[metadata]]><",
            Construct::CharacterDataSection,
        ),
        ("<ds:DigestValue>", "<ds:DigestValue><!-- -->", Construct::Comment),
        (
            "<samlp:AuthnRequest",
            "<?xml version=\"1.1\"?><samlp:AuthnRequest",
            Construct::XmlVersion,
        ),
        (
            "<samlp:AuthnRequest",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><samlp:AuthnRequest",
            Construct::Encoding,
        ),
        (
            "<samlp:AuthnRequest",
            "\u{feff}<samlp:AuthnRequest",
            Construct::ByteOrderMark,
        ),
    ] {
        let message = original.replacen(from, to, 1);
        assert_ne!(message, original, "{from}");
        // `Incoming::issuer` meets it first; the check would too.
        assert_eq!(
            posted(&message).issuer().unwrap_err(),
            forbidden(construct),
            "{to}"
        );
        assert_eq!(verdict(&message), forbidden(construct), "{to}");
    }
    for garbage in ["x", "<x/>", "<samlp:AuthnRequest/>", "\0", "&amp;"] {
        let message = format!("{original}{garbage}");
        assert_eq!(
            verdict(&message),
            Reason::Xml(xml::Reason::NotWellFormed),
            "{garbage:?}"
        );
    }
    assert!(
        check_authn_request(
            &posted(&format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{original}\n"
            )),
            &service(),
            &idp(),
            NOW
        )
        .is_ok()
    );
}

/// Comments are read in metadata. There, too, they never change what is verified.
#[test]
fn comments_where_they_are_allowed_split_nothing() {
    let original = original();
    let keys = service().signing_keys;
    let verify = |text: &str| {
        let document = Document::parse(text.as_bytes(), &Limits::metadata()).unwrap();
        xml::dsig::verify(document.root(), &keys).map(|verified| verified.canonical().to_vec())
    };
    for (from, to) in [
        ("<ds:DigestValue>", "<ds:DigestValue><!-- AAAA -->"),
        ("sp.example/metadata<", "sp.example/<!-- .evil -->metadata<"),
        ("<samlp:NameIDPolicy", "<!-- x --><samlp:NameIDPolicy"),
    ] {
        let message = original.replacen(from, to, 1);
        assert_ne!(message, original);
        assert_eq!(verify(&message).unwrap(), signed_octets(), "{to}");
    }
    let forged = original
        .replacen("<ds:DigestValue>", "<ds:DigestValue><!-- AAAA -->", 1)
        .replacen(ACS, EVIL, 1);
    assert_eq!(verify(&forged), Err(xml::Reason::DigestMismatch));
    let value = original.replacen("<ds:SignatureValue>", "<ds:SignatureValue><!-- x -->", 1);
    assert_eq!(
        verify(&value),
        Err(xml::Reason::MixedContent {
            element: "SignatureValue".to_owned()
        })
    );
}

#[test]
fn oversized_truncated_and_deep() {
    let original = original();
    for end in [0, 1, original.len() / 2, original.len() - 1] {
        assert_eq!(
            verdict(&original[..end]),
            Reason::Xml(xml::Reason::NotWellFormed),
            "{end}"
        );
    }
    let within = |inner: &str| request(SSO_POST, &format!("<samlp:Extensions>{inner}</samlp:Extensions>"));
    let declarations = |n: usize| (0..n).fold(String::new(), |s, i| s + &format!(" xmlns:n{i}=\"urn:{i}\""));
    let attributes = (0..33).fold(String::new(), |s, i| s + &format!(" a{i}=\"\""));
    let nested: String = (0..300).fold(String::new(), |s, i| s + &format!("<a xmlns:n{i}=\"urn:{i}\">"));
    for (message, expected) in [
        (within(&"<a>".repeat(60)), xml::Reason::TooDeep { limit: 48 }),
        (
            within(&"<a/>".repeat(5_000)),
            xml::Reason::TooManyNodes { limit: 4_000 },
        ),
        (
            within(&"&amp;".repeat(5_000)),
            xml::Reason::TooManyNodes { limit: 4_000 },
        ),
        (
            within(&format!("<a{attributes}/>")),
            xml::Reason::TooManyAttributes { limit: 32 },
        ),
        (
            within(&format!("<a{}/>", declarations(17))),
            xml::Reason::TooManyNamespaces { limit: 16 },
        ),
        (
            within(&format!("<a{}/>", declarations(16)).repeat(17)),
            xml::Reason::TooManyNamespaces { limit: 256 },
        ),
        (within(&nested), xml::Reason::TooDeep { limit: 48 }),
    ] {
        assert_eq!(verdict(&message), Reason::Xml(expected));
    }
}
