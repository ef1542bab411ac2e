//! Documents that are named in comments, docs and other documents exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{File, Finding, House};

const ENDING: &str = ".md";

/// Every `….md` that a committed text names is there.
pub(super) fn check(house: &House) -> Vec<Finding> {
    let known: BTreeSet<&Path> = house.files.iter().map(|file| file.path.as_path()).collect();
    let mut findings = Vec::new();
    for File { path, text } in &house.files {
        // This folder's tests name documents that do not exist, on purpose.
        if path.starts_with("crates/xtask/src/tidy") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            for name in named(line).filter(|name| !exists(&known, path, name)) {
                findings.push(Finding(format!(
                    "{}:{}: names {name}, which does not exist",
                    path.display(),
                    number + 1
                )));
            }
        }
    }
    findings
}

/// Names of documents in a line, without web addresses and absolute paths.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    line.split(move |c: char| !part_of_name(c))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| {
            word.len() > ENDING.len()
                && word.ends_with(ENDING)
                && !word.contains(':')
                && !word.starts_with('/')
        })
}

/// A bare name may be anywhere; a path counts from the folder of the file that names it, or from one above.
fn exists(known: &BTreeSet<&Path>, from: &Path, name: &str) -> bool {
    if !name.contains('/') {
        return known
            .iter()
            .any(|path| path.file_name().is_some_and(|file| file == name));
    }
    from.ancestors()
        .skip(1)
        .any(|folder| known.contains(plain(&folder.join(name)).as_path()))
}

/// Without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_out_of_sentences() {
        let line = "see [the map](crates/README.md), `docs/a.md`. And https://example.org/x.md or file:/usr/y.md, cmd.";
        assert_eq!(named(line).collect::<Vec<_>>(), ["crates/README.md", "docs/a.md"]);
    }

    #[test]
    fn names_count_from_the_top_or_from_any_folder_above() {
        let known: BTreeSet<&Path> = ["idp-server/docs/a.md", "README.md"].map(Path::new).into();
        let from = Path::new("idp-server/src/web/mod.rs");
        for (name, there) in [
            ("docs/a.md", true),
            ("idp-server/docs/a.md", true),
            ("../../docs/a.md", true),
            ("README.md", true),
            ("docs/b.md", false),
            ("a.md", true),
            ("b.md", false),
            ("src/a.md", false),
        ] {
            assert_eq!(exists(&known, from, name), there, "{name}");
        }
    }
}
