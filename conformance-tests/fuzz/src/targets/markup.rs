//! XML and its signatures.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use domain::Entropy;
use xml::enc::{ContentCipher, DecryptionKey, EncryptionKey, KeyTransport};
use xml::{Document, Limits, Name, NewElement, canonicalise};

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
    let again = Document::parse(&canonical, &wide).expect("the canonical form reads again");
    assert_eq!(canonicalise(again.root(), &[]).as_ref(), Ok(&canonical));
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

/// Octets that are no secret.
struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill(7);
    }
}

fn key() -> &'static (DecryptionKey, EncryptionKey) {
    static KEY: OnceLock<(DecryptionKey, EncryptionKey)> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        (
            DecryptionKey::from_pkcs8(private.as_ref()).unwrap(),
            EncryptionKey::from_spki(public.as_ref()).unwrap(),
        )
    })
}

const SECRET: &str = "for one reader";

/// Whatever opens is what was sealed for us: nobody else makes such a text without knowing what is in it.
pub(crate) fn sealed(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes, &Limits::message()) else {
        return;
    };
    if let Ok(opened) = xml::enc::decrypt(document.root(), std::slice::from_ref(&key().0), &Sevens) {
        assert!(String::from_utf8_lossy(&opened).contains(SECRET));
    }
}

pub(crate) fn sealed_documents() -> Vec<Vec<u8>> {
    let element = NewElement::new(Name::new("x", "urn:x", "S")).text(SECRET);
    [
        (ContentCipher::Aes128Gcm, KeyTransport::RsaOaepMgf1p),
        (ContentCipher::Aes256Gcm, KeyTransport::RsaOaepSha256),
    ]
    .into_iter()
    .map(|(cipher, transport)| {
        let sealed = xml::enc::encrypt(&element, &key().1, cipher, transport, &Sevens).unwrap();
        sealed.to_canonical().unwrap()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_seeds_open() {
        for seed in sealed_documents() {
            let document = Document::parse(&seed, &Limits::message()).unwrap();
            let keys = std::slice::from_ref(&key().0);
            assert!(xml::enc::decrypt(document.root(), keys, &Sevens).is_ok());
        }
    }
}
