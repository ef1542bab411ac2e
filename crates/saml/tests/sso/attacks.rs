//! Attacks on one validly signed `AuthnRequest`. Where the attacker cannot sign, something is moved around what was
//! signed; where the attacker is the service itself, its own key signs outside the profile.

use saml::{Reason, check_authn_request};
use xml::{Construct, Document, Limits};

use crate::party::{
    ACS, EVIL, NOW, SSO_POST, attacker, folder_with, idp, posted, request, rsa, run, service,
    signed_by_xmlsec1, template,
};

fn original() -> String {
    signed_by_xmlsec1(&request(SSO_POST, ""), rsa())
}

fn verdict(message: &str) -> Reason {
    match check_authn_request(&posted(message), &service(), &idp(), NOW) {
        Err(refused) => {
            assert_eq!(refused.reply_to, None, "{message}");
            refused.reason
        }
        Ok((checked, _)) => panic!("accepted with {}: {message}", checked.reply_to.location()),
    }
}

/// Whatever a message looks like, the only octets that verification ever hands out are those that were signed.
fn nothing_else_verifies(message: &str, signed: &[u8]) {
    let Ok(document) = Document::parse(message.as_bytes(), &Limits::metadata()) else {
        return;
    };
    let mut open = vec![document.root()];
    while let Some(element) = open.pop() {
        if let Ok(verified) = xml::dsig::verify(element, &service().signing_keys) {
            assert_eq!(verified.canonical(), signed, "{message}");
        }
        open.extend(element.elements().unwrap_or_default());
    }
}

fn signed_octets() -> Vec<u8> {
    let text = request(SSO_POST, "");
    let document = Document::parse(text.as_bytes(), &Limits::message()).unwrap();
    xml::canonicalise(document.root(), &[]).unwrap()
}

fn signature_of(message: &str) -> &str {
    let start = message.find("<ds:Signature ").unwrap();
    let end = message.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    &message[start..end]
}

/// The message as the attacker wants it: another endpoint, another identifier unless the same is asked for.
fn evil(id: &str, behind_issuer: &str) -> String {
    request(SSO_POST, behind_issuer)
        .replace(ACS, EVIL)
        .replace("ID=\"_request\"", &format!("ID=\"{id}\""))
}

#[test]
fn the_original_is_accepted() {
    let message = original();
    let (checked, _) = check_authn_request(&posted(&message), &service(), &idp(), NOW).unwrap();
    assert_eq!(checked.reply_to.location(), ACS);
    nothing_else_verifies(&message, &signed_octets());
}

/// XSW 1 to 8 as they are known from SAML responses, carried over to requests, each with a fresh and with the same
/// identifier.
#[test]
fn signature_wrapping() {
    let original = original();
    let signature = signature_of(&original);
    let bare = original.replace(signature, "");
    let inside_signature =
        |inner: &str| signature.replace("</ds:Signature>", &format!("{inner}</ds:Signature>"));
    let extensions = |inner: &str| format!("<samlp:Extensions>{inner}</samlp:Extensions>");
    let shapes: Vec<(&str, String)> = vec![
        (
            "1: the original inside the moved signature",
            inside_signature(&original),
        ),
        (
            "2: the bare original beside the moved signature",
            format!("{signature}{}", extensions(&bare)),
        ),
        ("3: the signed original inside extensions", extensions(&original)),
        ("4: the evil one wraps the signed original", original.clone()),
        (
            "5: the signature moved, the bare original behind",
            format!("{signature}{bare}"),
        ),
        (
            "6: the bare original inside the moved signature",
            inside_signature(&bare),
        ),
        (
            "7: the bare original in extensions in front",
            format!("{}{signature}", extensions(&bare)),
        ),
        (
            "8: the bare original in an object",
            inside_signature(&format!("<ds:Object>{bare}</ds:Object>")),
        ),
        (
            "8b: the signed original in an object",
            inside_signature(&format!("<ds:Object>{original}</ds:Object>")),
        ),
        ("9: two signatures", format!("{signature}{signature}")),
    ];
    for (name, inside) in shapes {
        for id in ["_evil", "_request"] {
            let message = evil(id, &inside);
            let reason = verdict(&message);
            assert!(
                matches!(
                    reason,
                    Reason::Xml(
                        xml::Reason::IdRepeated
                            | xml::Reason::ReferenceElsewhere
                            | xml::Reason::SignatureRepeated
                            | xml::Reason::SignatureShape { .. }
                            | xml::Reason::DigestMismatch
                    ) | Reason::SignatureDemanded
                        | Reason::UnexpectedElement { .. }
                ),
                "{name} {id}: {reason:?}"
            );
            nothing_else_verifies(&message, &signed_octets());
        }
    }
}

/// A service that does not demand signatures gains nothing from wrapping either: what is read is the outer request,
/// unsigned, and its endpoint is not registered.
#[test]
fn wrapping_towards_a_lenient_service() {
    let mut lenient = service();
    lenient.authn_requests_signed = false;
    let message = evil(
        "_evil",
        &format!("<samlp:Extensions>{}</samlp:Extensions>", original()),
    );
    let refused = check_authn_request(&posted(&message), &lenient, &idp(), NOW).unwrap_err();
    assert_eq!(
        refused.reason,
        Reason::AcsNotRegistered {
            found: EVIL.to_owned()
        }
    );
    assert_eq!(refused.reply_to, None);
}

#[test]
fn ambiguous_identifiers() {
    let original = original();
    for marked in ["ID", "Id", "id"] {
        let message = original.replace(
            "<samlp:NameIDPolicy ",
            &format!("<samlp:NameIDPolicy {marked}=\"_request\" "),
        );
        assert_eq!(
            verdict(&message),
            Reason::Xml(xml::Reason::IdRepeated),
            "{marked}"
        );
    }
    let message = original.replace("<samlp:NameIDPolicy ", "<samlp:NameIDPolicy xml:id=\"_request\" ");
    assert_eq!(verdict(&message), Reason::Xml(xml::Reason::IdRepeated));
    // A second spelling at the root itself is no second element, but it is not what was signed.
    let message = original.replacen(" ID=\"_request\"", " ID=\"_request\" Id=\"_request\"", 1);
    assert_eq!(verdict(&message), Reason::Xml(xml::Reason::DigestMismatch));
    let message = original.replacen(" ID=\"_request\"", "", 1);
    assert_eq!(verdict(&message), Reason::Xml(xml::Reason::IdMissing));
}

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

/// Prefixes and declarations may change without changing meaning only where canonicalisation says so.
#[test]
fn namespaces() {
    let original = original();
    let digest = Reason::Xml(xml::Reason::DigestMismatch);
    for (from, to, expected) in [
        // The prefix of protocol elements is bound to something else for a child.
        (
            "<samlp:NameIDPolicy ",
            "<samlp:NameIDPolicy xmlns:samlp=\"urn:evil\" ",
            digest.clone(),
        ),
        (
            "<saml:Issuer>",
            "<saml:Issuer xmlns:saml=\"urn:evil\">",
            digest.clone(),
        ),
        // The signature is not a signature of the right namespace: the message is unsigned.
        (
            "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
            "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig\"",
            Reason::UnexpectedElement {
                element: "Signature".to_owned(),
            },
        ),
        (
            "xmlns:saml=",
            "xmlns:samI=",
            Reason::Xml(xml::Reason::NotWellFormed),
        ),
        (
            " ID=",
            " xmlns:samlp=\"urn:x\" ID=",
            Reason::Xml(xml::Reason::NotWellFormed),
        ),
        (
            " ID=",
            " xmlns:xml=\"urn:x\" ID=",
            Reason::Xml(xml::Reason::NotWellFormed),
        ),
        (" ID=", " samlp:ID=\"_other\" ID=", digest.clone()),
    ] {
        let message = original.replacen(from, to, 1);
        assert_ne!(message, original, "{from}");
        assert_eq!(verdict(&message), expected, "{to}");
    }
    // An unused declaration is no part of the exclusive canonical form.
    let unused = original.replacen(" ID=", " xmlns:unused=\"urn:x\" ID=", 1);
    assert!(check_authn_request(&posted(&unused), &service(), &idp(), NOW).is_ok());
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
