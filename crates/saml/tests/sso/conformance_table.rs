//! The table of the profiles (idp-server/docs/saml-conformance.md) has every row once, and every test that it names exists.

use std::collections::BTreeSet;
use std::path::Path;

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
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(found.insert(cells[1].to_owned()), "{} twice", cells[1]);
        let has_test = cells[3].contains(".rs::");
        let is_reasoned = ["Divergence: ", "**Not yet**", "Left out on purpose: ", "rustls, "]
            .iter()
            .any(|word| cells[3].starts_with(word));
        assert!(
            has_test || is_reasoned,
            "{} has neither a test nor a reason",
            cells[1]
        );
        for test in cells[3].split('`').filter(|part| part.contains(".rs::")) {
            let (file, name) = test.split_once("::").unwrap();
            let text =
                std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
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
