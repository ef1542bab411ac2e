//! No serial number, CN or certificate leaves the platform or reaches its files: complete sign-ins, refusals and operators' acts are
//! driven, then everything that the running system emitted and wrote is searched.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use conformance_tests::{Platform, RelyingParty};
use sim::CardRequest;

/// Every spelling of some bytes that could give them away.
fn spellings(bytes: &[u8], decimal: Option<String>) -> Vec<(String, Vec<u8>)> {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = pairs.concat();
    let colons = pairs.join(":");
    let mut all = vec![
        ("hex".to_owned(), hex.clone().into_bytes()),
        ("HEX".to_owned(), hex.to_uppercase().into_bytes()),
        ("hex with colons".to_owned(), colons.clone().into_bytes()),
        ("HEX with colons".to_owned(), colons.to_uppercase().into_bytes()),
        ("base64url".to_owned(), URL_SAFE_NO_PAD.encode(bytes).into_bytes()),
        ("base64".to_owned(), STANDARD_NO_PAD.encode(bytes).into_bytes()),
    ];
    all.extend(decimal.map(|text| ("decimal".to_owned(), text.into_bytes())));
    // Inside a longer base64 text the bytes stand at one of three alignments: what is left after cutting the characters that also
    // depend on the neighbours must not occur.
    for shift in 0..3_usize {
        let mut padded = vec![0_u8; shift];
        padded.extend_from_slice(bytes);
        let text = STANDARD.encode(&padded);
        let first = (shift * 8).div_ceil(6);
        let last = (padded.len() * 8) / 6;
        let inner = &text[first..last];
        if inner.len() >= 4 {
            all.push((format!("base64 at alignment {shift}"), inner.as_bytes().to_vec()));
            let url = inner.replace('+', "-").replace('/', "_");
            all.push((format!("base64url at alignment {shift}"), url.into_bytes()));
        }
    }
    all
}

/// Something that must not be found.
struct Hidden {
    card: String,
    what: String,
    needle: Vec<u8>,
}

/// Every spelling of everything that names a certificate.
fn everything_about(card: &str, serial: u64, common_name: &str, certificate: &[u8]) -> Vec<Hidden> {
    let bytes = serial.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap();
    let bytes = &bytes[start..];
    // The DER INTEGER: tag, length, content (these serials need no sign byte).
    assert!(bytes[0] < 0x80);
    let mut der = vec![2, u8::try_from(bytes.len()).unwrap()];
    der.extend_from_slice(bytes);
    let mut all = vec![
        ("serial, DER".to_owned(), der),
        ("CN".to_owned(), common_name.as_bytes().to_vec()),
        // A run from the middle of the certificate, where its serial, names and key are.
        ("certificate".to_owned(), certificate[100..140].to_vec()),
    ];
    for (kind, bytes, decimal) in [
        ("serial", bytes, Some(serial.to_string())),
        ("CN", common_name.as_bytes(), None),
        ("certificate", &certificate[100..130], None),
    ] {
        all.extend(
            spellings(bytes, decimal)
                .into_iter()
                .map(|(how, needle)| (format!("{kind}, {how}"), needle)),
        );
    }
    all.into_iter()
        .map(|(what, needle)| Hidden {
            card: card.to_owned(),
            what,
            needle,
        })
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Everything in the data folder and the log, by name. Only the index of revocation lists is left out: it holds the serials
/// that the authority publishes as revoked, and nobody's account beside them (idp-server/docs/privacy.md).
fn files(platform: &Platform) -> Vec<(String, Vec<u8>)> {
    let mut found = vec![("log".to_owned(), platform.log().into_bytes())];
    let mut folders = vec![platform.path().join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name == "revocation") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    assert!(
        found.len() >= 3,
        "databases are searched: {:?}",
        found.iter().map(|f| &f.0).collect::<Vec<_>>()
    );
    found
}

#[tokio::test]
async fn nothing_that_names_a_certificate_is_emitted_or_kept() {
    let mut platform = Platform::prepare(conformance_tests::PlatformOptions {
        more_config: "[log]\nfilter = \"trace\"\n".to_owned(),
        ..Default::default()
    })
    .await;
    platform.run().await;
    let rp = RelyingParty::register(&platform, "rp-secrets");
    let mut emitted = String::new();
    let mut hidden: Vec<Hidden> = Vec::new();

    // A good card, a revoked one and a renewed one: first sign-in, refusal with reference, predecessor question.
    let (good, card) = platform.card(&CardRequest::default());
    let browser = platform.browser(&card);
    let tokens = rp.sign_in(&browser, "").await;
    let information = rp.userinfo(&browser, &tokens.access_token).await;
    emitted.push_str(&information.body);
    emitted.push_str(&tokens.id_token);
    emitted.push_str(&tokens.claims.to_string());
    emitted.push_str(&browser.everything_seen());

    let (revoked, card) = platform.card(&CardRequest::default());
    let now = domain::Clock::now(&conformance_tests::MachineClock);
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(&revoked, sim::crl::RevocationReason::KeyCompromise, now)
        .unwrap();
    platform.publish_list_and_wait().await;
    let other = platform.browser(&card);
    let page = other.get(&rp.request("")).await;
    let page = other.submit(&page.form("/card")).await;
    assert!(page.url.path().contains("/refused/"), "{}", page.url);
    let reference = page.url.path_segments().unwrap().next_back().unwrap().to_owned();
    let explained = platform.explain(&reference).await;
    assert!(explained.to_string().contains("it_is_not_revoked"), "{explained}");
    emitted.push_str(&explained.to_string());
    emitted.push_str(&other.everything_seen());

    for command in [
        &["audit", "export"][..],
        &["service", "list"],
        &["explain", &reference],
    ] {
        let output = platform.command(command);
        emitted.push_str(&String::from_utf8_lossy(&output.stdout));
        emitted.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    let metrics = reqwest::Client::new()
        .get(format!("{}/metrics", platform.operator))
        .bearer_auth(&platform.operator_token)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("sign_ins_total"), "{metrics}");
    emitted.push_str(&metrics);

    for id in [good, revoked] {
        let simulation = platform.simulation.lock().unwrap();
        let record = simulation.record(&id).unwrap();
        let certificate = simulation.card(&id).unwrap().certificate().to_vec();
        hidden.extend(everything_about(
            &id,
            record.serial,
            &record.common_name,
            &certificate,
        ));
    }
    // Files are searched while the system runs (with its write-ahead logs) and after it stopped.
    let mut places = files(&platform);
    assert_eq!(platform.stop(), Some(0));
    places.extend(files(&platform));
    places.push(("emitted".to_owned(), emitted.into_bytes()));
    let mut leaks = Vec::new();
    for (place, bytes) in &places {
        let found: Vec<_> = hidden
            .iter()
            .filter(|hidden| contains(bytes, &hidden.needle))
            .collect();
        for one in &found {
            // Four characters occur by chance in a megabyte of random text; a leak shows them of both cards.
            let both = found.iter().filter(|other| other.what == one.what).count() == 2;
            if one.needle.len() > 4 || both {
                leaks.push(format!("{} of {} stands in {place}", one.what, one.card));
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn the_search_would_find_what_it_looks_for() {
    let serial = [0x09, 0x96, 0x6c, 0xa1];
    let all = spellings(&serial, Some("160_853_153".to_owned()));
    for text in ["09966ca1", "09:96:6C:A1"] {
        assert!(
            all.iter().any(|(_, needle)| contains(text.as_bytes(), needle)),
            "{text}"
        );
    }
    for shift in 0..3 {
        let mut carrier = vec![7_u8; shift];
        carrier.extend_from_slice(&serial);
        carrier.extend_from_slice(&[9, 9, 9]);
        let text = STANDARD.encode(&carrier);
        assert!(
            all.iter().any(|(_, needle)| contains(text.as_bytes(), needle)),
            "alignment {shift}: {text}"
        );
    }
}
