use domain::Entropy;

use super::*;

struct Constant;

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn sample() -> Challenge {
    Challenge {
        origin: "https://idp.example.go.jp".to_owned(),
        service: ServiceId::generate(&Constant),
        service_name: Localized {
            ja: "国税電子申告・納税システム".to_owned(),
            en: "National Tax Online Filing".to_owned(),
        },
        channel: Channel::SetTopBox,
        session_at: SessionAt::ThisDevice,
        nonce: "A".repeat(43),
        expires_at: Timestamp::parse_rfc3339("2026-11-21T00:02:00Z").unwrap(),
    }
}

#[test]
fn the_octets_are_these() {
    let expected = "GAP-IDP-CARD-SIGN-IN-CHALLENGE-V1\n\
                    origin: https://idp.example.go.jp\n\
                    service-id: svc_07070707070707070707070707070707\n\
                    service-ja: 国税電子申告・納税システム\n\
                    service-en: National Tax Online Filing\n\
                    channel: set-top-box\n\
                    session-at: this-device\n\
                    nonce: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\
                    expires: 2026-11-21T00:02:00Z\n";
    let octets = sample().octets().unwrap();
    assert_eq!(std::str::from_utf8(&octets).unwrap(), expected);
    assert_eq!(Challenge::parse(&octets), Ok(sample()));
}

#[test]
fn every_value_is_in_the_octets() {
    let mut seen = std::collections::HashSet::from([sample().octets().unwrap()]);
    let changes: [fn(&mut Challenge); 8] = [
        |c| c.origin = "https://idp.example.com".to_owned(),
        |c| c.service = "svc_00000000000000000000000000000000".parse().unwrap(),
        |c| c.service_name.ja = "別".to_owned(),
        |c| c.service_name.en = "Other".to_owned(),
        |c| c.channel = Channel::Kiosk,
        |c| c.session_at = SessionAt::OtherScreen,
        |c| c.nonce = "B".repeat(43),
        |c| c.expires_at = c.expires_at.plus_seconds(1),
    ];
    for change in changes {
        let mut other = sample();
        change(&mut other);
        let octets = other.octets().unwrap();
        assert_eq!(Challenge::parse(&octets).as_ref(), Ok(&other));
        assert!(seen.insert(octets), "two challenges with the same octets");
    }
}

/// First octets of everything else that the key of a card may be asked to sign.
#[test]
fn no_other_protocols_signed_octets_begin_as_a_challenge_does() {
    let others: [(&str, &[u8]); 10] = [
        ("TLS 1.3 CertificateVerify", &[0x20; 64]),
        (
            "TLS 1.2 handshake, from the ClientHello on",
            &[1, 0, 1, 0xfc, 3, 3],
        ),
        ("TLS 1.2 handshake with a HelloRequest counted in", &[0, 0, 0, 0]),
        ("SSL 2.0 CLIENT-HELLO", &[1, 3, 1]),
        ("X.509, CRL, OCSP and PKCS#10: SEQUENCE", &[0x30, 0x82]),
        ("DigestInfo signed once more", &[0x30, 0x31, 0x30, 0x0d]),
        ("CMS signedAttrs: SET OF", &[0x31, 0x81]),
        ("XML signature: SignedInfo", b"<ds:SignedInfo"),
        ("JWS signing input", b"eyJhbGciOiJSUzI1NiJ9."),
        ("SSH user authentication: session identifier", &[0, 0, 0, 32]),
    ];
    for (what, begins) in others {
        assert_ne!(begins.first(), PREFIX.as_bytes().first(), "{what}");
        assert_eq!(Challenge::parse(begins), Err(ChallengeReason::Prefix), "{what}");
        let disguised = [begins, sample().octets().unwrap().as_slice()].concat();
        assert_eq!(
            Challenge::parse(&disguised),
            Err(ChallengeReason::Prefix),
            "{what}"
        );
    }
    assert!(PREFIX.is_ascii() && PREFIX.ends_with('\n') && PREFIX.len() > 32);
    // A hash of a hash function up to SHA-512 is no challenge either, whatever it is.
    for length in [20, 28, 32, 48, 64] {
        assert!(Challenge::parse(&vec![b'G'; length]).is_err());
    }
}

#[test]
fn what_cannot_be_shown_as_it_is_cannot_be_signed() {
    let names = [
        "",
        " 前",
        "後 ",
        "改\n行",
        "改\r行",
        "零\u{200b}幅",
        "向\u{202e}き",
        "区\u{2028}切",
        "\u{feff}印",
        "\u{7f}",
        "\u{e0041}",
    ];
    for name in names.into_iter().map(str::to_owned).chain(["字".repeat(201)]) {
        let mut ja = sample();
        ja.service_name.ja.clone_from(&name);
        assert_eq!(ja.octets(), Err(ChallengeReason::Value("service-ja")), "{name:?}");
        let mut en = sample();
        en.service_name.en = name;
        assert_eq!(en.octets(), Err(ChallengeReason::Value("service-en")));
    }
    for origin in [
        "",
        "http://idp.example.go.jp",
        "https://a b",
        "https://い",
        "https://x\n",
    ] {
        let mut challenge = sample();
        challenge.origin = origin.to_owned();
        assert_eq!(
            challenge.octets(),
            Err(ChallengeReason::Value("origin")),
            "{origin}"
        );
    }
    for nonce in [
        String::new(),
        "A".repeat(42),
        "A".repeat(44),
        "=".repeat(43),
        "é".repeat(22),
    ] {
        let mut challenge = sample();
        challenge.nonce = nonce;
        assert_eq!(challenge.octets(), Err(ChallengeReason::Value("nonce")));
    }
    let mut longest = sample();
    longest.origin = format!("https://{}", "a".repeat(247));
    longest.service_name.ja = "字".repeat(200);
    longest.service_name.en = "x".repeat(200);
    assert!(longest.octets().is_ok());
    longest.service_name.en = "𠮟".repeat(200);
    longest.service_name.ja = "𠮟".repeat(200);
    assert_eq!(longest.octets(), Err(ChallengeReason::TooLong));
}

#[test]
fn only_the_one_spelling_is_read() {
    let text = String::from_utf8(sample().octets().unwrap()).unwrap();
    let rows = [
        (text.replace("V1\n", "V2\n"), ChallengeReason::Prefix),
        (text.to_lowercase(), ChallengeReason::Prefix),
        (format!("{text}x: y\n"), ChallengeReason::Line("expires")),
        (text.trim_end().to_owned(), ChallengeReason::Line("expires")),
        (
            text.replace("origin: ", "origin:"),
            ChallengeReason::Line("origin"),
        ),
        (
            text.replace("service-ja", "service-jp"),
            ChallengeReason::Line("service-ja"),
        ),
        (
            text.replace("channel: set-top-box\n", ""),
            ChallengeReason::Line("channel"),
        ),
        (
            text.replace("set-top-box", "toaster"),
            ChallengeReason::Value("channel"),
        ),
        (
            text.replace("this-device", "there"),
            ChallengeReason::Value("session-at"),
        ),
        (
            text.replace("svc_07", "svc_0G"),
            ChallengeReason::Value("service-id"),
        ),
        (
            text.replace("00:02:00Z", "00:02:00+00:00"),
            ChallengeReason::Line("expires"),
        ),
        (
            text.replace("00:02:00Z", "00:02:00.5Z"),
            ChallengeReason::Line("expires"),
        ),
        (
            text.replace("2026-11-21T00:02:00Z", "tomorrow"),
            ChallengeReason::Value("expires"),
        ),
        (text.replace('\n', "\r\n"), ChallengeReason::Prefix),
        ("x".repeat(MAX_OCTETS + 1), ChallengeReason::TooLong),
    ];
    for (text, reason) in rows {
        assert_eq!(Challenge::parse(text.as_bytes()), Err(reason), "{text}");
    }
    let mut broken = sample().octets().unwrap();
    let last = broken.len() - 2;
    broken[last] = 0xff;
    assert_eq!(Challenge::parse(&broken), Err(ChallengeReason::NotText));
    for end in 0..text.len() {
        assert!(Challenge::parse(&text.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}
