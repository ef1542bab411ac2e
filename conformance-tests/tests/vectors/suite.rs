//! What the suites share: where the vectors are, and how deviations are held against the list of exceptions.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// Reads one file of vectors; none where the folder is absent and this is no CI.
pub(crate) fn read(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("GAP_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if !path.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "NO VECTORS: {} is not there, and CI must not pass without it (GAP_VECTORS names the folder)",
            path.display()
        );
        // Not by the macro, whose words a passing test swallows.
        let words = format!(
            "\n*** NO VECTORS: {} is not there; NOTHING WAS TESTED ***\n",
            path.display()
        );
        std::io::stderr().write_all(words.as_bytes()).unwrap();
        return None;
    }
    Some(unpacked(&path))
}

/// Reads a file of vectors that stands in this repository (`conformance-tests/vectors/README.md`).
pub(crate) fn own(name: &str) -> Vec<u8> {
    unpacked(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name))
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut text)
        .unwrap();
    text
}

/// The DER in a PEM.
pub(crate) fn pem(text: &str) -> Vec<u8> {
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exceptions: Vec<Exception>,
}

/// Cases that deviate for one reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    cases: Vec<String>,
    /// "accept" or "refuse".
    expected: String,
    /// "accept", or "refuse: " and the reason that is given.
    actual: String,
    why: String,
}

/// Holds what happened (case, expected, actual) against `exceptions/<suite>.json`.
pub(crate) fn judge(suite: &str, outcomes: &[(String, bool, Result<(), String>)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("exceptions/{suite}.json"));
    let list: Exceptions = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut listed = BTreeMap::new();
    for exception in &list.exceptions {
        assert!(!exception.why.is_empty(), "an exception without a reason");
        for case in &exception.cases {
            let before = listed.insert(
                case.as_str(),
                (exception.expected.as_str(), exception.actual.as_str()),
            );
            assert!(before.is_none(), "{case} is listed twice");
        }
    }
    let mut wrong = Vec::new();
    for (case, accept, actual) in outcomes {
        let expected = if *accept { "accept" } else { "refuse" };
        let actual = match actual {
            Ok(()) => "accept".to_owned(),
            Err(reason) => format!("refuse: {reason}"),
        };
        let deviates = !actual.starts_with(expected);
        match listed.remove(case.as_str()) {
            None if deviates => wrong.push(format!("{case}: expected {expected}, actual {actual}")),
            Some((as_listed, actually))
                if deviates && (as_listed, actually) != (expected, actual.as_str()) =>
            {
                wrong.push(format!(
                    "{case}: deviates otherwise than listed: {expected}, {actual}"
                ));
            }
            Some(_) if !deviates => wrong.push(format!("{case}: listed, but it does not deviate")),
            _ => {}
        }
    }
    wrong.extend(
        listed
            .keys()
            .map(|case| format!("{case}: listed, but there is no such case")),
    );
    assert!(
        wrong.is_empty(),
        "{suite}: {} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
