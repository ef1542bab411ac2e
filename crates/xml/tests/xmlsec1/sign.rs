//! What we sign, xmlsec1 verifies.

use xml::dsig::{Draft, SignatureAlgorithm, verify};
use xml::{Document, Limits, Name, NewElement};

use crate::support::{TestKey, folder_with, other_rsa, run, signers};

const MD: &str = "urn:example:md";

pub(crate) fn sample() -> NewElement {
    NewElement::new(Name::new("m", MD, "Message"))
        .attribute("ID", "_sample")
        .attribute("Quote", "\"<&>'\t\n\r\u{3042}")
        .qualified_attribute(
            Name::new("xml", "http://www.w3.org/XML/1998/namespace", "lang"),
            "ja",
        )
        .qualified_attribute(Name::new("z", "urn:example:a", "second"), "2")
        .qualified_attribute(Name::new("a", "urn:example:z", "first"), "1")
        .child(
            NewElement::new(Name::new("m", MD, "Issuer")).text("https://idp.example/<&>\"'\r\n\t\u{10FFFF}"),
        )
        .child(
            NewElement::new(Name::new("", "urn:example:default", "plain"))
                .child(NewElement::new(Name::new("", "", "none")))
                .child(NewElement::new(Name::new("m", "urn:example:other", "Message")).text("同じ接頭辞")),
        )
}

pub(crate) fn signed(algorithm: SignatureAlgorithm, key: &TestKey) -> Vec<u8> {
    let draft = Draft::new(sample(), 1, algorithm, None).unwrap();
    let signature = key.sign(algorithm, draft.signing_input());
    draft.attach(&signature).unwrap().to_canonical().unwrap()
}

fn verified_by_xmlsec1(document: &[u8], key: &TestKey) -> (bool, String) {
    let folder = folder_with(document);
    key.write_pem(folder.path());
    let (ok, _, errors) = run(
        folder.path(),
        "xmlsec1",
        &[
            "--verify",
            "--pubkey-pem",
            "public.pem",
            "--id-attr:ID",
            &format!("{MD}:Message"),
            "input.xml",
        ],
    );
    (ok, errors)
}

#[test]
fn xmlsec1_verifies_what_we_sign() {
    for (algorithm, key) in signers() {
        let document = signed(algorithm, key);
        let (ok, errors) = verified_by_xmlsec1(&document, key);
        assert!(
            ok,
            "{algorithm:?}: {errors}\n{}",
            String::from_utf8_lossy(&document)
        );
    }
}

#[test]
fn xmlsec1_refuses_what_was_changed_or_signed_by_another() {
    let (algorithm, key) = signers()[0];
    let document = String::from_utf8(signed(algorithm, key)).unwrap();
    let changed = document.replace("https://idp.example/", "https://idp.examplf/");
    assert_ne!(document, changed);
    assert!(!verified_by_xmlsec1(changed.as_bytes(), key).0);
    assert!(!verified_by_xmlsec1(document.as_bytes(), other_rsa()).0);
}

#[test]
fn we_verify_what_we_sign() {
    for (algorithm, key) in signers() {
        let bytes = signed(algorithm, key);
        let document = Document::parse(&bytes, &Limits::message()).unwrap();
        let verified = verify(document.root(), &[other_rsa().public(), key.public()]).unwrap();
        assert_eq!(verified.algorithm(), algorithm);
        assert_eq!(verified.key(), 1);
        assert_eq!(verified.canonical(), sample().to_canonical().unwrap());
    }
}
