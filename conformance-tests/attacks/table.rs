//! The table beside this file is true: every test that it names is there, and every attack of the folders that are listed stands in it.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose every test must stand in the table.
const WHOLE: [&str; 3] = ["saml", "oidc", "web"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn table() -> String {
    fs::read_to_string(root().join("conformance-tests/attacks/README.md")).unwrap()
}

/// Whether a text holds a test of this name: the attribute stands right above it.
fn holds(text: &str, name: &str) -> bool {
    let Some((above, _)) = ["fn ", "async fn "]
        .iter()
        .find_map(|word| text.split_once(&format!("\n{word}{name}(")))
        // In a macro of proptest it is indented, and has its arguments in the head.
        .or_else(|| text.split_once(&format!("\n    fn {name}(")))
    else {
        return false;
    };
    let last = above.lines().last().unwrap_or_default().trim_start();
    last.starts_with("#[test]") || last.starts_with("#[tokio::test")
}

/// `path/to/file.rs::name`, wherever it stands between back-ticks.
fn named(table: &str) -> Vec<(&str, &str)> {
    table
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once(".rs::"))
        .collect()
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let table = table();
    let named = named(&table);
    assert!(named.len() > 40, "{}", named.len());
    let mut wrong = Vec::new();
    for (file, name) in named {
        let path = root().join(format!("{file}.rs"));
        if !fs::read_to_string(&path).is_ok_and(|text| holds(&text, name)) {
            wrong.push(format!("{file}.rs::{name}"));
        }
    }
    assert!(wrong.is_empty(), "not there: {wrong:#?}");
}

#[test]
fn every_attack_stands_in_the_table() {
    let table = table();
    let mut missing = Vec::new();
    for folder in WHOLE {
        let folder = format!("conformance-tests/attacks/{folder}");
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let file = path.file_name().unwrap().to_str().unwrap();
            for line in text
                .lines()
                .filter(|line| line.starts_with("fn ") || line.starts_with("async fn "))
            {
                let name = line.split("fn ").nth(1).unwrap().split('(').next().unwrap();
                let row = format!("{folder}/{file}::{name}");
                if holds(&text, name) && !table.contains(&row) {
                    missing.push(row);
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in README.md: {missing:#?}");
}
