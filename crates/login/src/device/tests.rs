use domain::{
    AuthenticationMethod, CertificateDigest, Entropy, Localized, RevocationGeneration, SealedSerial,
    ServiceId,
};

use super::*;
use crate::challenge::Channel;

struct Constant;

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn challenge(session_at: SessionAt) -> Challenge {
    Challenge {
        origin: "https://idp.example.go.jp".to_owned(),
        service: ServiceId::generate(&Constant),
        service_name: Localized {
            ja: "申請".to_owned(),
            en: "Filing".to_owned(),
        },
        channel: Channel::Phone,
        session_at,
        nonce: "A".repeat(43),
        expires_at: at(120),
    }
}

fn evidence() -> Evidence {
    Evidence {
        method: AuthenticationMethod::CardChallenge,
        digest: CertificateDigest {
            key_version: 1,
            value: "d".to_owned(),
        },
        former_digests: Vec::new(),
        serial: SealedSerial {
            key_version: 1,
            sealed: "s".to_owned(),
        },
        issuer_key_hash: "h".to_owned(),
        issued_at: at(0),
        not_after: at(9_999),
        authenticated_at: at(1),
        generation: RevocationGeneration(1),
        points: None,
    }
}

fn offered(session_at: SessionAt) -> DeviceAttempt {
    DeviceAttempt {
        id: AttemptId::generate(&Constant),
        transaction: TransactionId::generate(&Constant),
        browser: TokenHash("b".to_owned()),
        session_at,
        code: String::new(),
        reader: None,
        begun_at: at(0),
        expires_at: at(100),
        stage: Stage::Offered,
    }
}

fn challenged(session_at: SessionAt) -> DeviceAttempt {
    let mut attempt = offered(session_at);
    attempt
        .challenge(TokenHash("r".to_owned()), challenge(session_at), at(10))
        .unwrap();
    attempt
}

fn proven(session_at: SessionAt) -> DeviceAttempt {
    let mut attempt = challenged(session_at);
    attempt.proven(evidence(), "[]".to_owned(), "42".to_owned(), at(90));
    attempt
}

#[test]
fn this_device_needs_no_number_and_another_screen_does() {
    assert_eq!(proven(SessionAt::ThisDevice).stage.as_str(), "ready");
    let mut other = proven(SessionAt::OtherScreen);
    assert_eq!(other.stage.as_str(), "unconfirmed");
    assert_eq!(other.confirm("42", at(89)), Ok(()));
    assert_eq!(other.stage.as_str(), "ready");
}

#[test]
fn only_the_number_in_time_confirms() {
    for (typed, now, refusal) in [
        ("43", 20, Refusal::DeviceNotConfirmed),
        ("", 20, Refusal::DeviceNotConfirmed),
        ("042", 20, Refusal::DeviceNotConfirmed),
        ("42", 90, Refusal::DeviceTooLate),
    ] {
        let mut attempt = proven(SessionAt::OtherScreen);
        assert_eq!(attempt.confirm(typed, at(now)), Err(refusal), "{typed} at {now}");
        assert_ne!(attempt.stage.as_str(), "ready");
    }
    for mut early in [
        offered(SessionAt::OtherScreen),
        challenged(SessionAt::OtherScreen),
    ] {
        assert_eq!(early.confirm("42", at(20)), Err(Refusal::DeviceChallengeUsed));
    }
    let mut over = proven(SessionAt::OtherScreen);
    over.refuse(Refusal::DeviceNotConfirmed, None);
    assert_eq!(over.confirm("42", at(20)), Err(Refusal::DeviceNotConfirmed));
}

#[test]
fn a_challenge_is_signable_between_its_issue_and_its_end_and_once() {
    let session_at = SessionAt::OtherScreen;
    let attempt = challenged(session_at);
    assert_eq!(attempt.signable(at(119)), Ok(&challenge(session_at)));
    assert_eq!(attempt.signable(at(120)), Err(Refusal::DeviceTooLate));
    assert_eq!(
        offered(session_at).signable(at(1)),
        Err(Refusal::DeviceChallengeUsed)
    );
    assert_eq!(
        proven(session_at).signable(at(20)),
        Err(Refusal::DeviceChallengeUsed)
    );
    let mut over = challenged(session_at);
    over.refuse(Refusal::TooManyAttempts, None);
    assert_eq!(over.signable(at(20)), Err(Refusal::TooManyAttempts));
}

#[test]
fn a_code_is_claimed_in_time_and_once() {
    let session_at = SessionAt::OtherScreen;
    let claim = |attempt: &mut DeviceAttempt, now| {
        attempt.challenge(TokenHash("second".to_owned()), challenge(session_at), at(now))
    };
    assert_eq!(claim(&mut offered(session_at), 99), Ok(()));
    assert_eq!(claim(&mut offered(session_at), 100), Err(Refusal::DeviceTooLate));
    let mut claimed = challenged(session_at);
    assert_eq!(claim(&mut claimed, 20), Err(Refusal::DeviceCodeUnknown));
    assert_eq!(
        claimed.reader,
        Some(TokenHash("r".to_owned())),
        "the first reader stays"
    );
}
