//! Assertions that were encrypted to us.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use xml::enc::{ContentCipher, KeyTransport};

use super::*;

fn pem(label: &str, der: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        xml::encode_base64(der)
    )
}

/// A key's PEM and its public part.
fn rsa() -> (String, Vec<u8>) {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    (pem("PRIVATE KEY", pkcs8.as_ref()), spki.as_ref().to_vec())
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
