//! The table of the profiles (idp-server/docs/saml-conformance.md) has every row once, and every test that it names exists.

use std::collections::BTreeSet;
use std::path::Path;

/// With what a cell begins that says why a row is not followed, or not yet.
const REASONED: [&str; 4] = ["Divergence: ", "**Not yet**", "Left out on purpose: ", "rustls, "];

/// The row's name, and how many tests it names.
fn judge(row: &str) -> (String, usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let mut named = 0;
    let tests: Vec<&str> = cells[3]
        .split('`')
        .filter(|part| part.contains(".rs::"))
        .collect();
    assert_eq!(
        cells[3].matches(".rs::").count(),
        tests.len(),
        "{} names a test outside of backticks",
        cells[1]
    );
    let is_reasoned = REASONED.iter().any(|word| {
        let reason = cells[3].strip_prefix(word);
        // More than a word, whatever tests are named behind it.
        reason.is_some_and(|reason| reason.split('`').next().is_some_and(|said| said.len() > 16))
    });
    assert!(
        !tests.is_empty() || is_reasoned,
        "{} has neither a test nor a reason",
        cells[1]
    );
    for test in tests {
        let (file, name) = test.split_once("::").unwrap();
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let at = text
            .find(&format!("fn {name}("))
            .unwrap_or_else(|| panic!("{test} does not exist"));
        let before = text[..at].lines().rev().take(4);
        let is_test = before
            .map(str::trim)
            .any(|line| line == "#[test]" || line.starts_with("#[tokio::test"));
        assert!(is_test, "{test} is no test");
        named += 1;
    }
    (cells[1].to_owned(), named)
}

#[test]
fn every_row_is_there_once_and_every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let table = std::fs::read_to_string(root.join("idp-server/docs/saml-conformance.md")).unwrap();
    let mut found = BTreeSet::new();
    let mut named = 0;
    for row in table
        .lines()
        .filter(|line| line.starts_with("| IIP-") || line.starts_with("| SDP-"))
    {
        let (name, tests) = judge(row);
        assert!(found.insert(name.clone()), "{name} twice");
        named += tests;
    }
    let expected: BTreeSet<String> = [
        ("IIP-MD", 12),
        ("IIP-SSO", 7),
        ("IIP-ALG", 8),
        ("IIP-IDP", 21),
        ("SDP-IDP", 33),
    ]
    .into_iter()
    .flat_map(|(family, last)| (1..=last).map(move |number| format!("{family}{number:02}")))
    .collect();
    assert_eq!(found, expected);
    assert!(named > 40, "{named}");
}

/// What the table's judge refuses.
#[test]
fn a_row_that_follows_nothing_is_noticed() {
    for cell in [
        "",
        "Divergence: ",
        "By registration.",
        "crates/saml/src/facts.rs::no_test",
        "`crates/saml/src/facts.rs::no_such_test`",
        "`crates/saml/src/no_such_file.rs::parameters_are_the_services_own`",
        // A function that is no test.
        "`crates/saml/src/encryption.rs::common_encryption`",
    ] {
        let row = format!("| SDP-IDP99 | x | {cell} |");
        assert!(std::panic::catch_unwind(|| judge(&row)).is_err(), "{cell}");
    }
    judge("| SDP-IDP99 | x | `crates/saml/src/encryption.rs::parameters_are_the_services_own` |");
    judge("| SDP-IDP99 | x | Divergence: the card needs the browser. |");
}
