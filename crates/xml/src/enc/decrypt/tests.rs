//! What we encrypt, we decrypt; everything else fails in one way.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use std::sync::OnceLock;

use super::*;
use crate::enc::{EncryptionKey, encrypt};
use crate::{Document, Limits, Name, NewElement};

struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

struct Pair {
    pkcs8: Vec<u8>,
    spki: Vec<u8>,
}

fn pair() -> Pair {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    Pair {
        pkcs8: pkcs8.as_ref().to_vec(),
        spki: spki.as_ref().to_vec(),
    }
}

fn pairs() -> &'static [Pair; 2] {
    static PAIRS: OnceLock<[Pair; 2]> = OnceLock::new();
    PAIRS.get_or_init(|| [pair(), pair()])
}

fn key(of: &Pair) -> DecryptionKey {
    DecryptionKey::from_pkcs8(&of.pkcs8).unwrap()
}

fn sample() -> NewElement {
    NewElement::new(Name::new("s", "urn:example", "Secret")).text("四情報".to_owned())
}

fn sealed(cipher: ContentCipher, transport: KeyTransport) -> String {
    let to = EncryptionKey::from_spki(&pairs()[0].spki).unwrap();
    let data = encrypt(&sample(), &to, cipher, transport, &Random).unwrap();
    String::from_utf8(data.to_canonical().unwrap()).unwrap()
}

fn open(xml: &str, keys: &[DecryptionKey]) -> Result<Vec<u8>, Reason> {
    let document = Document::parse(xml.as_bytes(), &Limits::message()).unwrap();
    decrypt(document.root(), keys, &Random)
}

const CIPHERS: [ContentCipher; 2] = [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm];

#[test]
fn every_pair_of_methods_opens_with_the_old_and_the_new_key_in_any_order() {
    let plain = sample().to_canonical().unwrap();
    for cipher in CIPHERS {
        for transport in KeyTransport::ALL {
            let xml = sealed(cipher, transport);
            assert_eq!(open(&xml, &[key(&pairs()[0])]), Ok(plain.clone()));
            assert_eq!(
                open(&xml, &[key(&pairs()[1]), key(&pairs()[0])]),
                Ok(plain.clone())
            );
            assert_eq!(open(&xml, &[key(&pairs()[1])]), Err(Reason::DecryptionFailed));
            assert_eq!(open(&xml, &[]), Err(Reason::DecryptionFailed));
        }
    }
}

#[test]
fn whatever_is_wrong_is_refused_in_one_way() {
    let xml = sealed(ContentCipher::Aes256Gcm, KeyTransport::RsaOaepSha256);
    let values: Vec<&str> = xml
        .split("CipherValue>")
        .filter(|part| !part.contains('<') || part.ends_with("</xenc:"))
        .map(|part| part.trim_end_matches("</xenc:"))
        .filter(|part| part.len() > 20 && !part.contains('<'))
        .collect();
    let [wrapped, content] = values[..] else {
        panic!("{values:?}")
    };
    let flip = |value: &str| {
        let mut octets = decode_base64(value).unwrap();
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
        crate::encode_base64(&octets)
    };
    let short = |value: &str| crate::encode_base64(&decode_base64(value).unwrap()[..8]);
    let mgf = "http://www.w3.org/2009/xmlenc11#mgf1sha256";
    for changed in [
        xml.replace(wrapped, &flip(wrapped)),
        xml.replace(wrapped, &short(wrapped)),
        xml.replace(content, &flip(content)),
        xml.replace(content, &short(content)),
        xml.replace(content, "AAAA"),
        xml.replace(content, "!"),
        // Other algorithms than were used, and those that are refused everywhere.
        xml.replace("aes256-gcm", "aes128-gcm"),
        xml.replace("xmlenc11#aes256-gcm", "xmlenc#aes256-cbc"),
        xml.replace(
            "http://www.w3.org/2009/xmlenc11#rsa-oaep",
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        ),
        xml.replace(
            "http://www.w3.org/2009/xmlenc11#rsa-oaep",
            KeyTransport::RsaOaepMgf1p.uri(),
        ),
        xml.replace(mgf, "http://www.w3.org/2009/xmlenc11#mgf1sha1"),
        xml.replace("xmlenc#Element", "xmlenc#Content"),
    ] {
        assert_ne!(changed, xml, "a change that changes nothing");
        assert_eq!(
            open(&changed, &[key(&pairs()[0])]),
            Err(Reason::DecryptionFailed),
            "{changed}"
        );
    }
    assert_eq!(open("<a/>", &[key(&pairs()[0])]), Err(Reason::DecryptionFailed));
}

/// What another platform leaves out is the default (XML Encryption 1.1 section 5.5.2).
#[test]
fn parameters_that_are_left_out_are_sha_1() {
    let plain = sample().to_canonical().unwrap();
    let xml = sealed(ContentCipher::Aes256Gcm, KeyTransport::RsaOaepSha1);
    let (begin, end) = (
        xml.find("<ds:DigestMethod").unwrap(),
        xml.find("</xenc11:MGF>").unwrap() + 13,
    );
    let bare = format!("{}{}", &xml[..begin], &xml[end..]);
    assert!(!bare.contains("MGF"), "{bare}");
    assert_eq!(open(&bare, &[key(&pairs()[0])]), Ok(plain));
}

#[test]
fn keys_are_rsa() {
    assert_eq!(
        DecryptionKey::from_pkcs8(b"no key").err(),
        Some(Reason::KeyUnusable)
    );
    assert!(!format!("{:?}", key(&pairs()[0])).contains(&format!("{:?}", pairs()[0].pkcs8)));
}
