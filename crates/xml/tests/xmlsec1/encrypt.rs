//! What we encrypt, xmlsec1 decrypts.

use domain::Entropy;
use xml::enc::{ContentCipher, EncryptionKey, KeyTransport, encrypt};
use xml::{Name, NewElement};

use crate::sign::sample;
use crate::support::{folder_with, p256, rsa, run};

struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

fn encrypted(cipher: ContentCipher, transport: KeyTransport) -> Vec<u8> {
    let key = EncryptionKey::from_spki(&rsa().spki()).unwrap();
    let data = encrypt(&sample(), &key, cipher, transport, &Random).unwrap();
    // The surroundings bind the sample's prefix to something else: the plaintext must not lean on them.
    NewElement::new(Name::new("m", "urn:example:surroundings", "Encrypted"))
        .child(data)
        .to_canonical()
        .unwrap()
}

#[test]
fn xmlsec1_decrypts_what_we_encrypt() {
    for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
        let folder = folder_with(&encrypted(cipher, KeyTransport::RsaOaepMgf1p));
        rsa().write_pem(folder.path());
        let (ok, output, errors) = run(
            folder.path(),
            "xmlsec1",
            &["--decrypt", "--privkey-pem", "key.pem", "input.xml"],
        );
        assert!(ok, "{cipher:?}: {errors}");
        let plain = String::from_utf8(output).unwrap();
        let opened = xml::Document::parse(plain.as_bytes(), &xml::Limits::message()).unwrap();
        let inner = opened.root().elements().unwrap()[0];
        assert_eq!(
            xml::canonicalise(inner, &[]).unwrap(),
            sample().to_canonical().unwrap(),
            "{cipher:?}"
        );
    }
}

#[test]
fn every_transport_is_opened_by_openssl() {
    for (transport, hash) in [
        (KeyTransport::RsaOaepMgf1p, "sha1"),
        (KeyTransport::RsaOaepSha1, "sha1"),
        (KeyTransport::RsaOaepSha256, "sha256"),
        (KeyTransport::RsaOaepSha384, "sha384"),
        (KeyTransport::RsaOaepSha512, "sha512"),
    ] {
        is_opened_by_openssl(transport, hash);
    }
}

fn is_opened_by_openssl(transport: KeyTransport, hash: &str) {
    let bytes = encrypted(ContentCipher::Aes256Gcm, transport);
    let document = xml::Document::parse(&bytes, &xml::Limits::message()).unwrap();
    let data = document.root().elements().unwrap()[0];
    let key_info = data.elements().unwrap()[1];
    let encrypted_key = key_info.elements().unwrap()[0];
    let wrapped = encrypted_key.elements().unwrap()[1].elements().unwrap()[0]
        .text()
        .unwrap();
    let folder = folder_with(&xml::decode_base64(&wrapped).unwrap());
    rsa().write_pem(folder.path());
    let (ok, content_key, errors) = run(
        folder.path(),
        "openssl",
        &[
            "pkeyutl",
            "-decrypt",
            "-inkey",
            "key.pem",
            "-in",
            "input.xml",
            "-pkeyopt",
            "rsa_padding_mode:oaep",
            "-pkeyopt",
            &format!("rsa_oaep_md:{hash}"),
            "-pkeyopt",
            &format!("rsa_mgf1_md:{hash}"),
        ],
    );
    assert!(ok, "{errors}");
    let value = data.elements().unwrap()[2].elements().unwrap()[0].text().unwrap();
    let mut sealed = xml::decode_base64(&value).unwrap();
    let (iv, body) = sealed.split_at_mut(12);
    let key = aws_lc_rs::aead::UnboundKey::new(&aws_lc_rs::aead::AES_256_GCM, &content_key).unwrap();
    let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(iv).unwrap();
    let plain = aws_lc_rs::aead::LessSafeKey::new(key)
        .open_in_place(nonce, aws_lc_rs::aead::Aad::empty(), body)
        .unwrap();
    assert_eq!(plain, sample().to_canonical().unwrap());
}

#[test]
fn nothing_repeats_and_nothing_shines_through() {
    let one = String::from_utf8(encrypted(ContentCipher::Aes256Gcm, KeyTransport::RsaOaepMgf1p)).unwrap();
    let two = String::from_utf8(encrypted(ContentCipher::Aes256Gcm, KeyTransport::RsaOaepMgf1p)).unwrap();
    assert_ne!(one, two);
    assert!(!one.contains("idp.example") && !one.contains("_sample"));
}

#[test]
fn only_rsa_keys_can_receive() {
    assert_eq!(
        EncryptionKey::from_spki(&p256().spki()).unwrap_err(),
        xml::Reason::KeyUnusable
    );
}
