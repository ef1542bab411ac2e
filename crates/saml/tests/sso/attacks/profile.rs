//! Signatures outside the profile of SAML core section 5.4, and signatures edited after the fact.

use saml::Reason;

use super::{nothing_else_verifies, original, signed_octets, verdict};
use crate::party::{
    ACS, EVIL, SSO_POST, attacker, folder_with, request, rsa, run, signed_by_xmlsec1, template,
};

/// The service's own key signs, but outside the profile of SAML core section 5.4.
#[test]
fn signatures_outside_the_profile() {
    let plain = template("_request");
    let algorithm = |role, uri: &str| xml::Reason::AlgorithmNotAllowed {
        role,
        uri: uri.to_owned(),
    };
    let shape = |what| xml::Reason::SignatureShape { what };
    let dsig = "http://www.w3.org/2000/09/xmldsig#";
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">ancestor-or-self::saml:Issuer</ds:XPath></ds:Transform>";
    let reference_start = plain.find("<ds:Reference").unwrap();
    let reference_end = plain.find("</ds:Reference>").unwrap() + "</ds:Reference>".len();
    let reference = &plain[reference_start..reference_end];
    let sha1 = format!("{dsig}sha1");
    for (from, to, expected) in [
        (
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            format!("{dsig}rsa-sha1"),
            algorithm("signature", &format!("{dsig}rsa-sha1")),
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#sha256",
            sha1.clone(),
            algorithm("digest", &sha1),
        ),
        (
            exclusive,
            format!("{xpath}{exclusive}"),
            shape("number of transforms"),
        ),
        (
            exclusive,
            xpath.to_owned(),
            algorithm("transform", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ),
        (
            enveloped,
            xpath.to_owned(),
            algorithm("transform", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ),
        (exclusive, String::new(), shape("number of transforms")),
        (
            exclusive,
            enveloped.to_owned(),
            algorithm(
                "transform",
                "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            ),
        ),
        (
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>",
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\"/>".to_owned(),
            algorithm("transform", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
        ),
        (
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>",
            "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>"
                .to_owned(),
            algorithm(
                "canonicalisation",
                "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            ),
        ),
        (
            "URI=\"#_request\"",
            "URI=\"\"".to_owned(),
            xml::Reason::ReferenceElsewhere,
        ),
        (
            "URI=\"#_request\"",
            "URI=\"#xpointer(/)\"".to_owned(),
            xml::Reason::ReferenceElsewhere,
        ),
        (
            "URI=\"#_request\"",
            "URI=\"#xpointer(id('_request'))\"".to_owned(),
            xml::Reason::ReferenceElsewhere,
        ),
        (reference, reference.repeat(2), shape("children of SignedInfo")),
    ] {
        let signature = plain.replacen(from, &to, 1);
        assert_ne!(signature, plain, "{from}");
        let unsigned =
            request(SSO_POST, "").replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
        let message = sign(&unsigned);
        assert_eq!(verdict(&message), Reason::Xml(expected), "{to}");
    }
}

fn sign(template: &str) -> String {
    let folder = folder_with(template.as_bytes(), rsa());
    let arguments = [
        "--sign",
        "--privkey-pem",
        "key.pem",
        "--id-attr:ID",
        "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
        "input.xml",
    ];
    String::from_utf8(run(folder.path(), "xmlsec1", &arguments).unwrap()).unwrap()
}

/// Nobody's signature is made to fit by editing what names its parts.
#[test]
fn edited_signatures() {
    let original = original();
    for (from, to, expected) in [
        ("#rsa-sha256", "#rsa-sha512", xml::Reason::SignatureInvalid),
        ("#rsa-sha256", "#ecdsa-sha256", xml::Reason::SignatureInvalid),
        ("xmlenc#sha256", "xmlenc#sha512", xml::Reason::SignatureInvalid),
        (
            "#rsa-sha256",
            "#hmac-sha256",
            xml::Reason::AlgorithmNotAllowed {
                role: "signature",
                uri: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256".to_owned(),
            },
        ),
        (
            "URI=\"#_request\"",
            "URI=\"http://127.0.0.1:9/x\"",
            xml::Reason::ReferenceElsewhere,
        ),
        (
            "URI=\"#_request\"",
            "URI=\"file:///etc/passwd\"",
            xml::Reason::ReferenceElsewhere,
        ),
        (" URI=\"#_request\"", "", xml::Reason::ReferenceElsewhere),
        (
            "<ds:SignatureValue>",
            "<ds:SignatureValue>AAAA",
            xml::Reason::SignatureInvalid,
        ),
        (
            "</ds:SignatureValue>",
            "</ds:SignatureValue><ds:Object/>",
            xml::Reason::SignatureShape {
                what: "children of Signature",
            },
        ),
        (
            "</ds:Signature>",
            "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>",
            xml::Reason::SignatureShape {
                what: "children of Signature",
            },
        ),
        (
            "<ds:SignedInfo>",
            "<ds:SignedInfo/><ds:SignedInfo>",
            xml::Reason::SignatureShape {
                what: "children of Signature",
            },
        ),
        (ACS, EVIL, xml::Reason::DigestMismatch),
        (
            "AllowCreate=\"true\"",
            "AllowCreate=\"1\"",
            xml::Reason::DigestMismatch,
        ),
    ] {
        let message = original.replacen(from, to, 1);
        assert_ne!(message, original, "{from}");
        assert_eq!(verdict(&message), Reason::Xml(expected), "{from} → {to}");
        nothing_else_verifies(&message, &signed_octets());
    }
    // A key that the message brings along is not a key.
    let theirs = signed_by_xmlsec1(&request(SSO_POST, ""), attacker());
    let with_key = theirs.replace(
        "</ds:SignatureValue>",
        "</ds:SignatureValue><ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue></ds:KeyInfo>",
    );
    assert_eq!(verdict(&with_key), Reason::Xml(xml::Reason::SignatureInvalid));
}

/// One long namespace, used by many siblings, makes a small document canonicalise to a large one. The attacker is the
/// service itself here, because the signature value is checked first.
#[test]
fn canonical_amplification() {
    let long = "x".repeat(100_000);
    let siblings = "<n:a/>".repeat(1_000);
    let inside = format!("<samlp:Extensions xmlns:n=\"urn:{long}\">{siblings}</samlp:Extensions>");
    let draft_signature = template("_request");
    let unsigned = request(SSO_POST, "").replacen(
        "</saml:Issuer>",
        &format!("</saml:Issuer>{draft_signature}{inside}"),
        1,
    );
    assert_eq!(
        verdict(&sign(&unsigned)),
        Reason::Xml(xml::Reason::CanonicalTooLarge { limit: 512 * 1024 })
    );
}
