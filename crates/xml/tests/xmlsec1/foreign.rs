//! What xmlsec1 signs, we verify, in every spelling that it has.

use xml::dsig::{SignatureAlgorithm, VerificationKey, verify};
use xml::{Document, Limits, Reason};

use crate::support::{TestKey, folder_with, run, signers};

/// A template as another implementation writes it: own prefixes, indentation, inclusive prefixes, `KeyInfo`.
fn template(algorithm: SignatureAlgorithm, prefix_list: &str) -> String {
    let inclusive = if prefix_list.is_empty() {
        String::new()
    } else {
        format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{prefix_list}\"/>"
        )
    };
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<samlp:AuthnRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns="urn:example:default" ID="_foreign"   Version="2.0" b='&#x9;"&lt;' a="&quot;">
  <Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example/&amp;&gt;&#13;</Issuer>
  <Signature xmlns="http://www.w3.org/2000/09/xmldsig#">
    <SignedInfo>
      <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
      <SignatureMethod Algorithm="{}"/>
      <Reference URI="#_foreign">
        <Transforms>
          <Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
          <Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">{inclusive}</Transform>
        </Transforms>
        <DigestMethod Algorithm="{}"/>
        <DigestValue/>
      </Reference>
    </SignedInfo>
    <SignatureValue/>
    <KeyInfo><KeyName>anything</KeyName></KeyInfo>
  </Signature>
  <samlp:Extensions><x y="1"/><v xmlns="" xmlns:q="urn:q" q:z="xs:string"/></samlp:Extensions>
</samlp:AuthnRequest>
"##,
        algorithm.uri(),
        algorithm.digest().uri(),
    )
}

fn signed_by_xmlsec1(template: &str, key: &TestKey) -> Vec<u8> {
    let folder = folder_with(template.as_bytes());
    key.write_pem(folder.path());
    let (ok, output, errors) = run(
        folder.path(),
        "xmlsec1",
        &[
            "--sign",
            "--privkey-pem",
            "key.pem",
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
            "input.xml",
        ],
    );
    assert!(ok, "{errors}");
    output
}

#[test]
fn we_verify_what_xmlsec1_signs() {
    for (algorithm, key) in signers() {
        for prefixes in ["", "xs", "#default xs samlp", "xs nowhere"] {
            let bytes = signed_by_xmlsec1(&template(algorithm, prefixes), key);
            let document = Document::parse(&bytes, &Limits::message()).unwrap();
            let verified = verify(document.root(), &[key.public()])
                .unwrap_or_else(|e| panic!("{algorithm:?} {prefixes:?}: {e}"));
            let inner = verified.document().unwrap();
            assert_eq!(inner.root().attribute("ID"), Some("_foreign"));
            assert_eq!(inner.root().elements().unwrap().len(), 2, "the signature is gone");
            assert_eq!(
                inner.root().elements().unwrap()[0].text().unwrap(),
                "https://sp.example/&>\r"
            );
        }
    }
}

#[test]
fn we_refuse_what_xmlsec1_signed_and_somebody_changed() {
    let (algorithm, key) = signers()[0];
    let text = String::from_utf8(signed_by_xmlsec1(&template(algorithm, "xs"), key)).unwrap();
    for (from, to, expected) in [
        (
            "https://sp.example/",
            "https://sp.exampl3/",
            Reason::DigestMismatch,
        ),
        ("Version=\"2.0\"", "Version=\"2.1\"", Reason::DigestMismatch),
        ("xs:string", "xs:strin", Reason::DigestMismatch),
        ("2001/XMLSchema\"", "2001/XMLSchem\"", Reason::DigestMismatch),
        ("PrefixList=\"xs\"", "PrefixList=\"\"", Reason::SignatureInvalid),
        (
            "URI=\"#_foreign\"",
            "URI=\"#_foreigm\"",
            Reason::ReferenceElsewhere,
        ),
        ("ID=\"_foreign\"", "ID=\"_foreigm\"", Reason::ReferenceElsewhere),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let document = Document::parse(changed.as_bytes(), &Limits::message()).unwrap();
        assert_eq!(
            verify(document.root(), &[key.public()]).unwrap_err(),
            expected,
            "{from}"
        );
    }
}

/// Messages as the libraries under `mod_auth_mellon` (lasso 2.8) and Shibboleth (`OpenSAML` C++ 3.2) sign them, kept as files
/// with the key that signed.
#[test]
fn we_verify_what_lasso_and_opensaml_signed() {
    for (message, spki, children) in [
        (
            include_bytes!("../samples/lasso-signed.xml").as_slice(),
            include_str!("../samples/lasso-signed.spki"),
            2,
        ),
        (
            include_bytes!("../samples/opensaml-signed.xml").as_slice(),
            include_str!("../samples/opensaml-signed.spki"),
            1,
        ),
    ] {
        let key = VerificationKey::from_spki(&xml::decode_base64(spki).unwrap()).unwrap();
        let document = Document::parse(message, &Limits::message()).unwrap();
        let verified = verify(document.root(), std::slice::from_ref(&key)).unwrap();
        let inner = verified.document().unwrap();
        assert_eq!(inner.root().elements().unwrap().len(), children);
        let changed = String::from_utf8_lossy(message).replacen("https://", "https:/-", 1);
        let document = Document::parse(changed.as_bytes(), &Limits::message()).unwrap();
        assert_eq!(
            verify(document.root(), &[key]).unwrap_err(),
            Reason::DigestMismatch
        );
    }
}

/// Nobody vouches for `SignedInfo` before its signature is checked: what would cost much is refused by its shape.
#[test]
fn nothing_is_canonicalised_that_no_signer_writes() {
    let document = |list: usize, more: usize| {
        let tokens = (0..list)
            .map(|number| format!("p{number} "))
            .collect::<Vec<_>>()
            .concat();
        let template = template(SignatureAlgorithm::RsaSha256, "")
            .replace(
                r#"<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#,
                &format!(
                    r#"<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><e:InclusiveNamespaces
                    xmlns:e="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="{tokens}"/></CanonicalizationMethod>"#
                ),
            )
            .replace("</SignedInfo>", &("<a/>".repeat(more) + "</SignedInfo>"))
            .replace("<DigestValue/>", "<DigestValue>AA==</DigestValue>")
            .replace("<SignatureValue/>", "<SignatureValue>AA==</SignatureValue>");
        let parsed = Document::parse(template.as_bytes(), &Limits::message()).unwrap();
        let verdict = verify(parsed.root(), &[crate::support::rsa().public()]);
        let inspected = xml::dsig::Inspection::of(parsed.root());
        (verdict.unwrap_err(), inspected.err())
    };
    let shape = |what| Reason::SignatureShape { what };
    let list = shape("number of inclusive prefixes");
    let children = shape("children of SignedInfo");
    assert_eq!(document(64, 0), (Reason::SignatureInvalid, None));
    assert_eq!(document(65, 0), (list.clone(), Some(list)));
    assert_eq!(document(0, 1), (children.clone(), Some(children)));
    let many = shape("elements of SignedInfo");
    assert_eq!(document(20_000, 3_900), (many.clone(), Some(many)));
}
