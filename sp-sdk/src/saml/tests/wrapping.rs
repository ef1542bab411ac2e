//! Signature wrapping of the Response and of the assertion, plain and encrypted, by every permutation of [`sim::xml_wrapping`]: whoever is
//! signed in is who the platform signed ("On Breaking SAML", 2012; CVE-2022-41912, more than one assertion; CVE-2024-45409).

use sim::xml_wrapping::Wrapping;

use super::encrypted::{rsa, sealed_by_hand, with_keys};
use super::*;

/// A memory that has seen nothing, however often it is asked.
struct Forgetful;

impl OneUse for Forgetful {
    fn remember(&self, _: &str, _: Timestamp, _: Timestamp) -> Use {
        Use::First
    }

    fn knows(&self, _: &str, _: Timestamp) -> Use {
        Use::First
    }
}

fn element<'t>(text: &'t str, from: &str, until: &str) -> &'t str {
    let start = text.find(from).unwrap();
    let end = start + text[start..].find(until).unwrap() + until.len();
    &text[start..end]
}

fn id_of(element: &str) -> &str {
    element.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap()
}

fn judge(service: &Service, document: &str, sent: &SentRequest) -> Result<SignIn, SamlReason> {
    let message = xml::encode_base64(document.as_bytes());
    service.provider.verify_answer(&message, sent, &Forgetful, NOW)
}

/// Runs every permutation and says how many were tried and accepted.
fn run(
    wrapping: &Wrapping<'_>,
    steps: (usize, usize),
    said: &mut dyn FnMut(&str) -> Option<SignIn>,
) -> (usize, usize) {
    let expected = said(wrapping.document).expect("the genuine one is accepted");
    let forged = wrapping.document.replace(wrapping.forged.0, wrapping.forged.1);
    assert_eq!(said(&forged), None, "what was changed is not what was signed");
    let (mut tried, mut accepted) = (0, 0);
    let mut each = |what: &str, document: &str| {
        tried += 1;
        if let Some(person) = said(document) {
            assert_eq!(person, expected, "{what}\n{document}");
            accepted += 1;
        }
    };
    wrapping.each(steps.0, &mut each);
    wrapping.drawn(steps.1, 20_261_121, &mut each);
    (tried, accepted)
}

const FORGED: (&str, &str) = (">pseudonym<", ">somebody<");

#[test]
fn whoever_is_signed_in_was_signed_by_the_platform() {
    let (platform, service) = setting();
    let sent = service.sent();
    for sign_response in [false, true] {
        let answer = platform.answer(&reply(SP, ACS, &sent.id), sign_response);
        let assertion = element(&answer, "<saml:Assertion ", "</saml:Assertion>");
        let wrapping = Wrapping {
            document: &answer,
            signed: assertion,
            signature: element(assertion, "<ds:Signature ", "</ds:Signature>"),
            id: id_of(assertion),
            forged: FORGED,
        };
        let (tried, accepted) = run(&wrapping, (5, 2_000), &mut |text| {
            judge(&service, text, &sent).ok()
        });
        eprintln!("assertion, Response signed {sign_response}: {tried} tried, {accepted} accepted as signed");
        assert!(tried > 5_000, "{tried}");
        // Round an unsigned Response much may stand that nobody reads; in a signed one only what its own signature leaves out.
        assert!(accepted * 2 < tried && accepted > 0, "{accepted} of {tried}");
    }
    let answer = platform.answer(&reply(SP, ACS, &sent.id), true);
    let wrapping = Wrapping {
        document: &answer,
        signed: &answer,
        signature: element(&answer, "<ds:Signature ", "</ds:Signature>"),
        id: id_of(&answer),
        forged: FORGED,
    };
    let (tried, accepted) = run(&wrapping, (7, 2_000), &mut |text| {
        judge(&service, text, &sent).ok()
    });
    eprintln!("Response: {tried} tried, {accepted} accepted as signed");
    assert!(tried > 4_000 && accepted * 2 < tried, "{accepted} of {tried}");
}

/// Whoever knows our public key encrypts what they like, with a genuine assertion somewhere inside.
#[test]
fn what_was_encrypted_is_wrapped_in_vain() {
    let (platform, mut service) = setting();
    let (pem, spki) = rsa();
    with_keys(&platform, &mut service, &[&pem]);
    let sent = service.sent();
    let answer = platform.answer(&reply(SP, ACS, &sent.id), false);
    let assertion = element(&answer, "<saml:Assertion ", "</saml:Assertion>").to_owned();
    let wrapping = Wrapping {
        document: &assertion,
        signed: &assertion,
        signature: element(&assertion, "<ds:Signature ", "</ds:Signature>"),
        id: id_of(&assertion),
        forged: FORGED,
    };
    let encrypted = |inside: &str| {
        let data = sealed_by_hand(&spki, inside.as_bytes());
        answer.replacen(
            &assertion,
            &format!("<saml:EncryptedAssertion xmlns:saml=\"{ASSERTION}\">{data}</saml:EncryptedAssertion>"),
            1,
        )
    };
    let (tried, accepted) = run(&wrapping, (23, 500), &mut |text| {
        judge(&service, &encrypted(text), &sent).ok()
    });
    eprintln!("encrypted: {tried} tried, {accepted} accepted as signed");
    assert!(tried > 1_000 && accepted * 4 < tried, "{accepted} of {tried}");
    // What an EncryptedAssertion may hold besides one EncryptedData, and what may be in that: nothing.
    let good = encrypted(&assertion);
    assert!(judge(&service, &good, &sent).is_ok());
    let data = element(&good, "<xenc:EncryptedData", "</xenc:EncryptedData>").to_owned();
    let whole = element(&good, "<saml:EncryptedAssertion", "</saml:EncryptedAssertion>").to_owned();
    let forged = assertion.replace(FORGED.0, FORGED.1);
    for (what, message) in [
        ("twice", good.replacen(&whole, &whole.repeat(2), 1)),
        ("two inside", good.replacen(&data, &data.repeat(2), 1)),
        (
            "a plain one beside it",
            good.replacen(&whole, &format!("{whole}{forged}"), 1),
        ),
        (
            "a plain one in front",
            good.replacen(&whole, &format!("{forged}{whole}"), 1),
        ),
        ("a plain one inside", good.replacen(&data, &forged, 1)),
        (
            "a plain one inside, beside",
            good.replacen(&data, &format!("{data}{forged}"), 1),
        ),
        ("encrypted twice", encrypted(&data)),
        ("encrypted twice, as an assertion", encrypted(&whole)),
        ("a whole Response", encrypted(&answer)),
        ("nothing", encrypted("")),
        ("text", encrypted("pseudonym")),
        ("two roots", encrypted(&format!("{assertion}{forged}"))),
        (
            "two roots, the forged one first",
            encrypted(&format!("{forged}{assertion}")),
        ),
        ("a document type", encrypted(&format!("<!DOCTYPE x>{assertion}"))),
        ("an instruction", encrypted(&format!("<?x?>{assertion}"))),
        (
            "a comment",
            encrypted(&assertion.replacen(">pseudonym<", ">pseu<!---->donym<", 1)),
        ),
        ("as content", good.replacen("xmlenc#Element", "xmlenc#Content", 1)),
        ("where the plain one stands", good.replacen(&whole, &data, 1)),
    ] {
        assert_ne!(message, good, "{what}");
        assert!(judge(&service, &message, &sent).is_err(), "{what}");
    }
}

/// Values that are split, doubled or named otherwise in an assertion (CVE-2017-11427 to 11430): not as signed, so not read.
#[test]
fn values_that_are_polluted() {
    let (platform, service) = setting();
    let sent = service.sent();
    for sign_response in [false, true] {
        let answer = platform.answer(&reply(SP, ACS, &sent.id), sign_response);
        let rows = [
            (">pseudonym<", ">pseudo<!---->nym<"),
            (">pseudonym<", ">pseudo<?x?>nym<"),
            (">pseudonym<", "><![CDATA[pseudonym]]><"),
            (">pseudonym<", ">pseudonym<saml:x/><"),
            (">pseudonym<", ">pseudonym&#0;<"),
            (">pseudonym<", ">somebody</saml:NameID><saml:NameID>pseudonym<"),
            (
                "</saml:Subject>",
                "</saml:Subject><saml:Subject><saml:NameID>somebody</saml:NameID></saml:Subject>",
            ),
            (
                "<saml:Subject>",
                "<saml:Subject><saml:NameID>somebody</saml:NameID></saml:Subject><saml:Subject>",
            ),
            ("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">"),
            ("<saml:Conditions ", "<saml:Conditions Evil=\"1\" "),
            (
                "</saml:Assertion>",
                "<saml:AttributeStatement><saml:Attribute Name=\"x\" FriendlyName=\"y\"><saml:AttributeValue>evil</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>",
            ),
            ("</saml:Assertion>", "<saml:Advice/></saml:Assertion>"),
            (
                " Recipient=\"",
                " Recipient=\"https://evil.example/\" Recipient=\"",
            ),
            (
                " Recipient=\"",
                " recipient=\"https://evil.example/\" Recipient=\"",
            ),
            ("<saml:Assertion ", "<saml:Assertion xmlns:void=\"1\" "),
            (
                "<saml:NameID ",
                "<saml:NameID xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\" ",
            ),
        ];
        for (from, to) in rows {
            let message = answer.replacen(from, to, 1);
            assert_ne!(message, answer, "{from}");
            let reason = judge(&service, &message, &sent).unwrap_err();
            assert!(
                matches!(
                    reason,
                    SamlReason::Xml(
                        xml::Reason::DigestMismatch | xml::Reason::NotWellFormed | xml::Reason::Forbidden(_)
                    )
                ),
                "{to}: {reason:?}"
            );
        }
    }
}
