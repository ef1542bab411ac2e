//! Where things stand: the top level as the mission fixes it, and nothing of the machine that wrote it.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use super::{File, Finding, House};

/// What may stand at the top, besides names that begin with a dot.
const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "conformance-tests",
    "crates",
    "deploy",
    "idp-server",
    "sp-sdk",
    "trust-framework",
];

/// The only source that the lock file may name: the public registry as cargo itself writes it.
const LOCK_SOURCE: &str = concat!("registry+https://github.com/rust-lang/", "crates.io-index");

/// Folders of a machine, and hosts of registries. In two halves, so that this file does not name them itself.
const NOT_OURS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("registry.", "npmjs"),
    concat!("pypi", ".org"),
    concat!("python", "hosted"),
    concat!("static.", "crates"),
    concat!("index.", "crates"),
    concat!("deb.", "debian"),
];

/// Nothing stands at the top but what belongs there.
pub(super) fn check_top_level(house: &House) -> Vec<Finding> {
    strangers(house.files.iter().map(|file| file.path.as_path()))
}

/// No committed file names a machine's folder or a registry's host.
pub(super) fn check_names(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for File { path, text } in &house.files {
        if path == Path::new("Cargo.lock") {
            findings.extend(foreign_sources(text));
            continue;
        }
        findings.extend(names_in(path, text));
    }
    findings
}

fn names_in(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for words in NOT_OURS.iter().filter(|words| line.contains(*words)) {
            let at = format!("{}:{}", path.display(), number + 1);
            findings.push(Finding(format!("{at}: names {words}")));
        }
    }
    findings
}

fn strangers<'a>(files: impl Iterator<Item = &'a Path>) -> Vec<Finding> {
    let top: BTreeSet<&str> = files
        .filter_map(|path| match path.components().next() {
            Some(Component::Normal(name)) => name.to_str(),
            _ => None,
        })
        .collect();
    top.into_iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name))
        .map(|name| {
            Finding(format!(
                "{name} stands at the top level, where it does not belong"
            ))
        })
        .collect()
}

fn foreign_sources(lock: &str) -> Vec<Finding> {
    let sources: BTreeSet<&str> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .map(|source| source.trim_matches('"'))
        .filter(|source| *source != LOCK_SOURCE)
        .collect();
    sources
        .into_iter()
        .map(|source| Finding(format!("Cargo.lock names the source {source}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_at_the_top_are_found() {
        let files = [
            "Cargo.toml",
            ".ci/run",
            "crates/pki/Cargo.toml",
            "scripts/x.sh",
            "NOTES.md",
        ];
        let found = strangers(files.iter().map(Path::new));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn folders_of_a_machine_are_found_with_their_line() {
        let text = format!("one\nopen({}ours/x)\nthree", NOT_OURS[0]);
        let found = names_in(Path::new("a.rs"), &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("a.rs:2: names "), "{found:?}");
        assert_eq!(names_in(Path::new("a.rs"), "/homework/ and /rooted"), []);
    }

    #[test]
    fn other_sources_in_the_lock_file_are_found() {
        let lock =
            format!("source = \"{LOCK_SOURCE}\"\nsource = \"registry+https://mirror.example/index\"\n");
        assert_eq!(foreign_sources(&lock).len(), 1);
    }
}
