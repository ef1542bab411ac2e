//! Assertions that were encrypted to us.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use xml::enc::{ContentCipher, KeyTransport};

use super::*;

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        xml::encode_base64(der)
    )
}

/// A key's PEM and its public part.
pub(super) fn rsa() -> (String, Vec<u8>) {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    (pem("PRIVATE KEY", pkcs8.as_ref()), spki.as_ref().to_vec())
}

/// Gives a service keys that open, the first one published.
pub(super) fn with_keys(platform: &Platform, service: &mut Service, pems: &[&str]) {
    let certificate = pem("CERTIFICATE", &platform.certificate);
    let keys = pems.iter().fold(OwnKeys::default(), |keys, pem| {
        keys.with_decryption(pem, &certificate).unwrap()
    });
    service.provider.own_keys = Arc::new(keys);
}

/// How somebody seals who keeps to no profile.
#[derive(Clone)]
struct ByHand {
    content_key: Vec<u8>,
    /// What is transported, the content key unless it is something else.
    transported: Vec<u8>,
    cipher: &'static str,
    /// Octets taken off the end: of the tag, sixteen are all of it.
    cut: usize,
}

impl Default for ByHand {
    fn default() -> Self {
        Self {
            content_key: vec![7; 32],
            transported: vec![7; 32],
            cipher: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            cut: 0,
        }
    }
}

impl ByHand {
    fn seal(&self, spki: &[u8], plain: &[u8]) -> String {
        let algorithm = if self.content_key.len() == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &self.content_key).unwrap());
        let mut octets = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key([1; 12]), Aad::empty(), &mut octets)
            .unwrap();
        octets.truncate(octets.len() - self.cut);
        let public = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(spki).unwrap()).unwrap();
        let mut wrapped = vec![0; public.ciphertext_size()];
        let length = public
            .encrypt(&OAEP_SHA256_MGF1SHA256, &self.transported, &mut wrapped, None)
            .unwrap()
            .len();
        wrapped.truncate(length);
        let (wrapped, content) = (
            xml::encode_base64(&wrapped),
            xml::encode_base64(&[&[1; 12][..], &octets].concat()),
        );
        let cipher = self.cipher;
        format!(
            r#"<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{cipher}"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"></xenc11:MGF></xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{content}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"#
        )
    }
}

/// Any octets, sealed to a key as the profile has it.
pub(super) fn sealed_by_hand(spki: &[u8], plain: &[u8]) -> String {
    ByHand::default().seal(spki, plain)
}

/// Jager and Somorovsky, "How to break XML encryption" (CCS 2011); Jager, Schinzel and Somorovsky, "Bleichenbacher's attack strikes again"
/// (ESORICS 2012); XML Encryption 1.1 section 6.1: whoever may ask often and learns in which way it failed reads what others sent. So every
/// failure is one and the same, down to its printed form.
#[test]
fn every_failure_to_open_is_the_same_failure() {
    let (platform, mut service) = setting();
    let ((own, spki), (other, _), (_, foreign)) = (rsa(), rsa(), rsa());
    with_keys(&platform, &mut service, &[&own, &other]);
    let sent = service.sent();
    let answer = platform.answer(&reply(SP, ACS, &sent.id), false);
    let start = answer.find("<saml:Assertion ").unwrap();
    let end = answer.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    let assertion = &answer[start..end];
    let judge = |data: &str| {
        let whole =
            format!("<saml:EncryptedAssertion xmlns:saml=\"{ASSERTION}\">{data}</saml:EncryptedAssertion>");
        let message = xml::encode_base64(answer.replacen(assertion, &whole, 1).as_bytes());
        service
            .provider
            .verify_answer(&message, &sent, &SeenAssertions::default(), NOW)
    };
    let sealed = ByHand::default().seal(&spki, assertion.as_bytes());
    assert_eq!(judge(&sealed).unwrap().pseudonym(), "pseudonym");
    let mut rows = otherwise_sealed((&spki, &foreign), assertion.as_bytes());
    rows.extend(otherwise_built(&sealed));
    rows.extend(otherwise_named(&sealed));
    let failed = SamlReason::Xml(xml::Reason::DecryptionFailed);
    for (what, data) in rows {
        assert_ne!(data, sealed, "{what}");
        // A second child of EncryptedAssertion is seen in the clear, and says nothing of what was encrypted.
        if what == "a key beside the data" {
            assert_eq!(judge(&data), Err(SamlReason::Malformed { what: "Assertion" }));
            continue;
        }
        assert_eq!(judge(&data), Err(failed.clone()), "{what}");
    }
}

type Rows = Vec<(&'static str, String)>;

/// Other keys, tags and contents, in the right form.
fn otherwise_sealed((spki, foreign): (&[u8], &[u8]), assertion: &[u8]) -> Rows {
    let good = ByHand::default();
    let by = |hand: ByHand| hand.seal(spki, assertion);
    vec![
        ("another's key", good.seal(foreign, assertion)),
        // Tags of 96 and of 32 bits, and none at all (NIST SP 800-38D appendix C).
        (
            "tag of 12 octets",
            by(ByHand {
                cut: 4,
                ..good.clone()
            }),
        ),
        (
            "tag of 4 octets",
            by(ByHand {
                cut: 12,
                ..good.clone()
            }),
        ),
        (
            "no tag",
            by(ByHand {
                cut: 16,
                ..good.clone()
            }),
        ),
        // A key of another size than the cipher's, and a key that is none.
        (
            "a short key for a long cipher",
            by(ByHand {
                transported: vec![7; 16],
                content_key: vec![7; 16],
                ..good.clone()
            }),
        ),
        (
            "a long key for a short cipher",
            by(ByHand {
                cipher: "http://www.w3.org/2009/xmlenc11#aes128-gcm",
                ..good.clone()
            }),
        ),
        (
            "a key of 24 octets",
            by(ByHand {
                transported: vec![7; 24],
                ..good.clone()
            }),
        ),
        (
            "a key of 33 octets",
            by(ByHand {
                transported: vec![7; 33],
                ..good.clone()
            }),
        ),
        (
            "no key",
            by(ByHand {
                transported: vec![],
                ..good.clone()
            }),
        ),
        (
            "another key",
            by(ByHand {
                transported: vec![8; 32],
                ..good.clone()
            }),
        ),
        // What is inside is no document, or not one that anybody signed as we read it.
        ("nothing inside", good.seal(spki, b"")),
        ("no XML inside", good.seal(spki, b"<")),
        ("no UTF-8 inside", good.seal(spki, b"\xff\xfe")),
        ("unsigned inside", good.seal(spki, b"<a ID=\"_1\"/>")),
        ("a document type inside", good.seal(spki, b"<!DOCTYPE a><a/>")),
    ]
}

/// Another form, and one bit of it.
fn otherwise_built(sealed: &str) -> Rows {
    let values: Vec<&str> = sealed
        .split("<xenc:CipherValue>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    let flipped = |value: &str, at: usize| {
        let mut octets = xml::decode_base64(value).unwrap();
        let at = at.min(octets.len() - 1);
        octets[at] ^= 1;
        sealed.replacen(value, &xml::encode_base64(&octets), 1)
    };
    let key_info = &sealed[sealed.find("<ds:KeyInfo").unwrap()..sealed.find("</ds:KeyInfo>").unwrap() + 13];
    let key =
        &key_info[key_info.find("<xenc:EncryptedKey>").unwrap()..key_info.find("</ds:KeyInfo>").unwrap()];
    let beside = key.replacen(
        '>',
        " xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        1,
    );
    let mut rows = vec![
        // Keys in other places, of several, by reference.
        ("no key info", sealed.replacen(key_info, "", 1)),
        ("an empty key info", sealed.replacen(key, "", 1)),
        ("two keys", sealed.replacen(key, &key.repeat(2), 1)),
        ("many recipients", sealed.replacen(key, &key.repeat(200), 1)),
        (
            "a key beside the data",
            format!("{}{beside}", sealed.replacen(key_info, "", 1)),
        ),
        (
            "a key by reference",
            sealed.replacen(key, "<ds:RetrievalMethod URI=\"#k\"/>", 1),
        ),
        (
            "a key by its name",
            sealed.replacen(key, "<ds:KeyName>k</ds:KeyName>", 1),
        ),
        (
            "an agreed key",
            sealed.replacen(key, "<xenc:AgreementMethod/>", 1),
        ),
        (
            "content by reference",
            sealed.replacen(
                "<xenc:CipherValue>",
                "<xenc:CipherReference URI=\"http://127.0.0.1:9/\"/><xenc:CipherValue>",
                1,
            ),
        ),
        ("no content", sealed.replacen(values[1], "", 1)),
        ("no base64", sealed.replacen(values[1], "!", 1)),
        (
            "an initialisation vector alone",
            sealed.replacen(values[1], &xml::encode_base64(&[1; 12]), 1),
        ),
        (
            "properties",
            sealed.replacen(
                "</xenc:EncryptedData>",
                "<xenc:EncryptionProperties/></xenc:EncryptedData>",
                1,
            ),
        ),
    ];
    // One bit anywhere, in what carries the key and in what carries the assertion.
    for at in (0..256).step_by(17) {
        rows.push(("a bit of the wrapped key", flipped(values[0], at)));
        rows.push(("a bit of the content", flipped(values[1], at * 8)));
    }
    rows
}

/// Other algorithms.
fn otherwise_named(sealed: &str) -> Rows {
    let transport = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    let cipher = ByHand::default().cipher;
    let mut rows = Vec::new();
    // Algorithms that leak or that bind nothing, named in the clear: PKCS#1 v1.5, CBC, Triple DES, other digests and masks.
    for (from, to) in [
        (transport, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
        (transport, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"),
        (transport, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
        (cipher, "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        (cipher, "http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
        (cipher, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
        (cipher, "http://www.w3.org/2009/xmlenc11#aes192-gcm"),
        (cipher, "http://www.w3.org/2009/xmlenc11#aes128-gcm"),
        (cipher, ""),
        (
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        ),
        ("xmlenc11#mgf1sha256", "xmlenc11#mgf1sha1"),
        ("xmlenc#Element", "xmlenc#Content"),
    ] {
        rows.push((to, sealed.replacen(from, to, 1)));
    }
    rows
}

fn encrypted(platform: &Platform, sent: &SentRequest, spki: &[u8]) -> String {
    let reply_to = reply(SP, ACS, &sent.id);
    let assertion = platform
        .assertion(&reply_to, NOW)
        .encrypt(
            spki,
            ContentCipher::Aes256Gcm,
            KeyTransport::RsaOaepSha256,
            &MachineEntropy,
        )
        .unwrap();
    let draft =
        ResponseDraft::success_encrypted(&platform.issuance(&reply_to), &assertion, &MachineEntropy).unwrap();
    String::from_utf8(draft.unsigned().unwrap().xml().to_vec()).unwrap()
}

#[test]
fn an_encrypted_assertion_is_judged_as_a_plain_one_and_fails_in_one_way() {
    let (platform, mut service) = setting();
    let ((old_pem, old), (new_pem, _), (_, foreign)) = (rsa(), rsa(), rsa());
    let certificate = pem("CERTIFICATE", &platform.certificate);
    // After a roll-over: the next key is published, the one before still opens.
    let keys = OwnKeys::default()
        .with_decryption(&new_pem, &certificate)
        .unwrap()
        .with_decryption(&old_pem, &certificate)
        .unwrap();
    let without = service.sent();
    let answer = encrypted(&platform, &without, &old);
    assert_eq!(service.judge(&answer, without), Err(SamlReason::Encrypted));
    service.provider.own_keys = Arc::new(keys);
    let sent = service.sent();
    let answer = encrypted(&platform, &sent, &old);
    assert_eq!(service.judge(&answer, sent).unwrap().pseudonym(), "pseudonym");
    let failed = SamlReason::Xml(xml::Reason::DecryptionFailed);
    let sent = service.sent();
    let answer = encrypted(&platform, &sent, &foreign);
    assert_eq!(service.judge(&answer, sent), Err(failed.clone()));
    let sent = service.sent();
    let answer = encrypted(&platform, &sent, &old).replace("aes256-gcm", "aes128-gcm");
    assert_eq!(service.judge(&answer, sent), Err(failed.clone()));
    // Whoever knows our public key can encrypt; what is not signed by the platform is refused all the same.
    let stranger = Platform::new("stranger");
    let sent = service.sent();
    let answer = encrypted(&stranger, &sent, &old);
    assert_eq!(
        service.judge(&answer, sent),
        Err(SamlReason::Xml(xml::Reason::SignatureInvalid))
    );
    // Beside an encrypted one there is no plain one.
    let sent = service.sent();
    let (plain, hidden) = (
        platform.answer(&reply(SP, ACS, &sent.id), false),
        encrypted(&platform, &sent, &old),
    );
    let (from, to) = (
        hidden.find("<saml:EncryptedAssertion").unwrap(),
        hidden.find("</samlp:Response>").unwrap(),
    );
    let both = plain.replace(
        "</samlp:Response>",
        &format!("{}</samlp:Response>", &hidden[from..to]),
    );
    assert_eq!(
        service.judge(&both, sent),
        Err(SamlReason::Malformed { what: "Assertion" })
    );
}
