//! The signed element moved, doubled, hidden, or read under other names.

use saml::{Reason, check_authn_request};

use super::{nothing_else_verifies, original, signed_octets, verdict};
use crate::party::{
    ACS, EVIL, NOW, SSO, SSO_POST, idp, posted, query_of, redirected, request, rsa, service,
    signed_by_xmlsec1, signed_query, template,
};

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

/// The right signature, first or second, does not carry another one through.
#[test]
fn a_second_signature() {
    let original = original();
    let signature = signature_of(&original);
    for second in [
        signature.to_owned(),
        template("_request"),
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>".to_owned(),
    ] {
        for both in [format!("{signature}{second}"), format!("{second}{signature}")] {
            let message = original.replace(signature, &both);
            assert_eq!(
                verdict(&message),
                Reason::Xml(xml::Reason::SignatureRepeated),
                "{second}"
            );
        }
    }
}

/// Bindings section 3.4.4.1: a redirected message has its signature in the query and nowhere else.
#[test]
fn a_signature_inside_a_redirect() {
    let inside = signed_by_xmlsec1(&request(SSO, ""), rsa());
    let mut lenient = service();
    lenient.authn_requests_signed = false;
    let unsigned = saml::binding::redirect::encode_unsigned_request(SSO, inside.as_bytes(), None).unwrap();
    for query in [signed_query(&inside, None), query_of(&unsigned)] {
        let refused = check_authn_request(&redirected(&query), &lenient, &idp(), NOW).unwrap_err();
        assert_eq!(refused.reason, Reason::SignatureInsideRedirect);
        assert_eq!(refused.reply_to, None);
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
