//! XML and its signatures.

use xml::{Document, Limits, canonicalise};

const REQUEST: &str = concat!(
    r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" "#,
    r#"xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" "#,
    r#"IssueInstant="2026-11-21T00:00:00Z" ForceAuthn="true" AssertionConsumerServiceIndex="0">"#,
    "<saml:Issuer>https://sp.example/</saml:Issuer>",
    r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/>"#,
    r#"<samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef>aal2"#,
    "</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>",
);
const SIGNED: &str = concat!(
    r#"<p:R xmlns:p="urn:x" ID="a"><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>"#,
    r#"<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#,
    r#"<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>"#,
    r##"<ds:Reference URI="#a"><ds:Transforms>"##,
    r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>"#,
    r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>"#,
    r#"<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AA==</ds:DigestValue>"#,
    "</ds:Reference></ds:SignedInfo><ds:SignatureValue>AA==</ds:SignatureValue></ds:Signature></p:R>",
);

/// Canonical form is a fixpoint: it reads again, and its canonical form is itself (xml-exc-c14n section 1).
pub(crate) fn document(bytes: &[u8]) {
    signature(bytes);
    let Ok(document) = Document::parse(bytes, &Limits::message()) else {
        return;
    };
    let Ok(canonical) = canonicalise(document.root(), &[]) else {
        return;
    };
    let wide = Limits {
        size: canonical.len().saturating_mul(2),
        namespaces: 4_096,
        ..Limits::message()
    };
    let Ok(again) = Document::parse(&canonical, &wide) else {
        return;
    };
    if let Ok(second) = canonicalise(again.root(), &[]) {
        assert_eq!(second, canonical);
    }
}

/// Nothing verifies without a key.
fn signature(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::message()) else {
        return;
    };
    assert!(xml::dsig::verify(document.root(), &[]).is_err());
}

pub(crate) fn documents() -> Vec<Vec<u8>> {
    [REQUEST, SIGNED, "<a/>", "<a b='&lt;'>\u{3042}&#x41;</a>"]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect()
}
