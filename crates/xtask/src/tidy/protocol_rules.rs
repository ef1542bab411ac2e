//! Every file in a `rules/` folder: a row in one of the crate's tables (`check.rs` for the message that the crate is about, the message's own
//! module for others), a citation, tests.

use std::path::{Path, PathBuf};

use super::{Finding, House};

/// What a citation looks like: a constant of its own, or the document's section in the docs.
const CITATIONS: &[&str] = &["CITES", "citation", "CITATION", "RFC ", "section ", "§", "facts "];

/// What may be known about a rule.
struct RuleFile<'a> {
    path: &'a Path,
    name: &'a str,
    text: &'a str,
    /// What its crate says outside its rules and its tests, joined: there the tables are.
    tables: &'a str,
    /// Tests of its crate that live elsewhere: `tests/` and `check/tests.rs`, joined.
    tests_elsewhere: &'a str,
}

/// Every rule is complete.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.rust_files() {
        let (Some(krate), Some(name)) = (crate_of_rule(&file.path), rule_name(&file.path)) else {
            continue;
        };
        let own = file.path.with_extension("");
        let own_tests = own.join("tests.rs");
        let is_face = house
            .rust_files()
            .any(|other| other.path != own_tests && other.path.parent() == Some(own.as_path()));
        if is_face {
            continue;
        }
        let is_test = |path: &Path| {
            path.starts_with(krate.join("tests"))
                || path == krate.join("src/check/tests.rs")
                || path == own_tests
        };
        let tests_elsewhere: String = house
            .rust_files()
            .filter(|other| is_test(&other.path))
            .map(|other| other.text.as_str())
            .collect();
        let tables: String = house
            .rust_files()
            .filter(|other| other.path.starts_with(krate.join("src")))
            .filter(|other| !other.path.starts_with(krate.join("src/rules")))
            .filter(|other| other.path.file_stem().is_none_or(|stem| stem != "tests"))
            .map(|other| other.text.as_str())
            .collect();
        findings.extend(incomplete(&RuleFile {
            path: &file.path,
            name,
            text: &file.text,
            tables: &tables,
            tests_elsewhere: &tests_elsewhere,
        }));
    }
    findings
}

/// `crates/saml` of `crates/saml/src/rules/…`.
fn crate_of_rule(path: &Path) -> Option<PathBuf> {
    let rules = path.ancestors().find(|folder| folder.ends_with("src/rules"))?;
    Some(rules.parent()?.parent()?.to_owned())
}

/// The name of a file that is a rule: no `mod.rs`, no tests. Files that stand for a folder of rules are passed over by the caller.
fn rule_name(path: &Path) -> Option<&str> {
    let name = path.file_stem()?.to_str()?;
    (!matches!(name, "mod" | "tests")).then_some(name)
}

fn incomplete(rule: &RuleFile<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut missing = |what: &str| {
        findings.push(Finding(format!("{}: {what}", rule.path.display())));
    };
    if !rule.tables.contains(rule.name) {
        missing("no row in a table of the crate");
    }
    if !CITATIONS.iter().any(|words| rule.text.contains(words)) {
        missing("no citation of where it is written");
    }
    let tested = rule.text.contains("mod tests") || rule.tests_elsewhere.contains(rule.name);
    if !tested {
        missing("no tests: neither `mod tests` here nor its name in the crate's tests");
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_their_place() {
        let path = Path::new("crates/saml/src/rules/authn_request/subject_is_absent.rs");
        assert_eq!(crate_of_rule(path), Some(PathBuf::from("crates/saml")));
        assert_eq!(rule_name(path), Some("subject_is_absent"));
        assert_eq!(rule_name(Path::new("crates/oidc/src/rules/sky/tests.rs")), None);
        assert_eq!(crate_of_rule(Path::new("crates/saml/src/check.rs")), None);
    }

    #[test]
    fn a_rule_without_row_citation_or_tests_is_refused() {
        let whole = RuleFile {
            path: Path::new("crates/x/src/rules/sky_is_blue.rs"),
            name: "sky_is_blue",
            text: "//! RFC 1.\n#[cfg(test)] mod tests {}",
            tables: "sky_is_blue::RULE",
            tests_elsewhere: "",
        };
        assert_eq!(incomplete(&whole), []);
        assert_eq!(incomplete(&RuleFile { tables: "", ..whole }).len(), 1);
        assert_eq!(
            incomplete(&RuleFile {
                text: "mod tests",
                ..whole
            })
            .len(),
            1
        );
        assert_eq!(
            incomplete(&RuleFile {
                text: "RFC 1",
                ..whole
            })
            .len(),
            1
        );
        let elsewhere = RuleFile {
            text: "RFC 1",
            tests_elsewhere: "sky_is_blue",
            ..whole
        };
        assert_eq!(incomplete(&elsewhere), []);
        assert_eq!(
            incomplete(&RuleFile {
                text: "",
                tables: "",
                ..whole
            })
            .len(),
            3
        );
    }
}
