//! Sizes of files, and the docs at their head.

use std::path::Path;

use super::{Finding, House};

const MOST_LINES: usize = 600;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// Rust files have at most 600 lines.
pub(super) fn check_sizes(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in house.rust_files() {
        let excused = LONGER.iter().any(|(longer, _)| Path::new(longer) == file.path);
        findings.extend(too_long(&file.path, file.text.lines().count(), excused));
    }
    for (longer, _) in LONGER {
        if !house.files.iter().any(|file| file.path == Path::new(longer)) {
            findings.push(Finding(format!(
                "{longer} is excused for its length, but does not exist"
            )));
        }
    }
    findings
}

/// Rooms say what they own.
pub(super) fn check_module_docs(house: &House) -> Vec<Finding> {
    house
        .rust_files()
        .filter_map(|file| undocumented(&file.path, &file.text))
        .collect()
}

fn too_long(path: &Path, lines: usize, excused: bool) -> Option<Finding> {
    match (lines > MOST_LINES, excused) {
        (true, false) => Some(Finding(format!(
            "{} has {lines} lines, more than {MOST_LINES}; split it by what it owns",
            path.display()
        ))),
        (false, true) => Some(Finding(format!(
            "{} is excused for its length, but has only {lines} lines; take it out of the list",
            path.display()
        ))),
        _ => None,
    }
}

fn undocumented(path: &Path, text: &str) -> Option<Finding> {
    let name = path.file_name()?.to_str()?;
    let is_door = matches!(name, "lib.rs" | "mod.rs" | "main.rs");
    let opens = text.lines().next().is_some_and(|line| line.starts_with("//! "));
    (is_door && !opens).then(|| {
        Finding(format!(
            "{} does not open with docs (`//! …`): what it owns, what is absent",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_and_excuses_must_be_needed() {
        let path = Path::new("a.rs");
        assert!(too_long(path, 600, false).is_none());
        assert!(too_long(path, 601, false).is_some());
        assert!(too_long(path, 601, true).is_none());
        assert!(too_long(path, 600, true).is_some());
    }

    #[test]
    fn rooms_open_with_docs() {
        assert!(undocumented(Path::new("x/lib.rs"), "//! Words.\n").is_none());
        assert!(undocumented(Path::new("x/mod.rs"), "\n//! Words.\n").is_some());
        assert!(undocumented(Path::new("x/main.rs"), "fn main() {}\n").is_some());
        assert!(undocumented(Path::new("x/card.rs"), "fn f() {}\n").is_none());
    }
}
