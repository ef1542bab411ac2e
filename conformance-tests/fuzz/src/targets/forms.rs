//! What people and devices hand in: the form that brings a signed file, and the structure that a card signs outside TLS.

use login::challenge::{Challenge, MAX_OCTETS, PREFIX};

/// The very file of the product: the parser is private to its page, and linking the whole server would slow every search.
#[path = "../../../../idp-server/src/web/enrolment/upload.rs"]
#[allow(dead_code, unreachable_pub, reason = "the product's file, seen from here")]
mod form;

/// The first line is the content type, the rest is the body. What was read lies in the body, and reads the same from a form that is
/// written around it anew.
pub(crate) fn upload(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let Some(kind) = parts.next().and_then(|line| std::str::from_utf8(line).ok()) else {
        return;
    };
    let body = parts.next().unwrap_or_default();
    let Some(read) = form::read(kind, body) else {
        return;
    };
    assert!(read.csrf.len() + read.file.len() < body.len());
    let within = body.as_ptr_range();
    assert!(within.contains(&read.csrf.as_ptr()) || read.csrf.is_empty());
    assert!(within.contains(&read.file.as_ptr()) || read.file.is_empty());
    let boundary = "a boundary that occurs in neither: 6f1c9b1f7a";
    let holds = |content: &[u8]| {
        content
            .windows(boundary.len())
            .any(|window| window == boundary.as_bytes())
    };
    if holds(read.file) || holds(read.csrf.as_bytes()) {
        return;
    }
    let again = written(boundary, &[("file", read.file), ("csrf", read.csrf.as_bytes())]);
    let kind = format!("multipart/form-data; boundary=\"{boundary}\"");
    assert_eq!(form::read(&kind, &again), Some(read));
}

fn written(boundary: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = Vec::new();
    for (name, content) in parts {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.p7s\"\r\n\r\n"
        );
        all.extend_from_slice(head.as_bytes());
        all.extend_from_slice(content);
        all.extend_from_slice(b"\r\n");
    }
    all.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    all
}

pub(crate) fn uploads() -> Vec<Vec<u8>> {
    let form = written(
        "XyZ",
        &[("csrf", b"token"), ("file", b"\x30\x03\x02\x01\x05\r\n--XyQ")],
    );
    let with = |kind: &str, body: &[u8]| [kind.as_bytes(), b"\n", body].concat();
    vec![
        with("multipart/form-data; boundary=XyZ", &form),
        with("Multipart/Form-Data; charset=utf-8; boundary=\"XyZ\"", &form),
        with("multipart/form-data; boundary=-", b"---\r\n\r\n\r\n-----"),
        with("multipart/form-data; boundary=Other", &form),
    ]
}

/// Whatever is read as a challenge is what would be written, octet by octet, and could be no other signature's input.
pub(crate) fn challenge(bytes: &[u8]) {
    if let Ok(challenge) = Challenge::parse(bytes) {
        assert_eq!(challenge.octets().as_deref(), Ok(bytes));
        assert!(bytes.starts_with(PREFIX.as_bytes()) && bytes.len() <= MAX_OCTETS);
        let shown = [&challenge.service_name.ja, &challenge.service_name.en];
        assert!(
            shown
                .iter()
                .all(|name| !name.is_empty() && !name.chars().any(char::is_control))
        );
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        assert_eq!(lines.count(), 9);
    }
}

pub(crate) fn challenges() -> Vec<Vec<u8>> {
    let good = format!(
        "{PREFIX}origin: https://idp.example.go.jp\nservice-id: svc_07070707070707070707070707070707\n\
         service-ja: 国税電子申告・納税システム\nservice-en: National Tax Online Filing\nchannel: set-top-box\n\
         session-at: this-device\nnonce: {}\nexpires: 2026-11-21T00:02:00Z\n",
        "A".repeat(43)
    );
    vec![
        good.clone().into_bytes(),
        good.replace("set-top-box", "phone")
            .replace("this-device", "other-screen")
            .into_bytes(),
        good.replace(":00Z", ":00.5Z").into_bytes(),
        good.replace(":00Z", ":00+00:00").into_bytes(),
    ]
}
