//! The house's rules that the compiler does not know (`cargo xtask tidy`).
//!
//! **Owns** the table of who may depend on whom ([`table`]), and the checks. **Deliberately absent**: what clippy or rustc can
//! hold (function length, missing docs, ambient clock); those are settings, not code.
//!
//! **Neighbours**: `repository` says what there is; `suites` runs this as one of its suites.
//!
//! **One more check**: a function that returns [`Finding`]s and its row in [`CHECKS`]; a test that breaks it once.

mod documents;
mod edges;
mod files;
mod floors;
mod places;
mod protocol_rules;
mod table;

use std::fmt;
use std::path::PathBuf;

use crate::error::XtaskError;
use crate::repository::{Repository, Workspace};

/// Something that is not as the house has it, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding(String);

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the checks look at.
pub(crate) struct House {
    workspace: Workspace,
    /// Packages that the server is built from.
    production: Vec<String>,
    files: Vec<File>,
}

/// A file that is, or would be, committed.
pub(crate) struct File {
    /// Relative to the top.
    path: PathBuf,
    /// Empty when it is not text.
    text: String,
}

impl House {
    fn look_at(repository: &Repository) -> Result<Self, XtaskError> {
        let read = |path: PathBuf| {
            let text = repository.read(&path)?.unwrap_or_default();
            Ok(File { path, text })
        };
        Ok(Self {
            workspace: repository.workspace()?,
            production: repository.production_tree("gap-idp-server")?,
            files: repository
                .files()?
                .into_iter()
                .map(read)
                .collect::<Result<_, XtaskError>>()?,
        })
    }

    fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files
            .iter()
            .filter(|file| file.path.extension().is_some_and(|extension| extension == "rs"))
    }
}

type Check = fn(&House) -> Vec<Finding>;

/// The checks, each with the sentence that must hold.
const CHECKS: &[(&str, Check)] = &[
    (
        "every direct dependency is a row of the table, and every row a dependency",
        edges::check,
    ),
    ("dependencies point down the floors", floors::check_table),
    ("what is fenced stays behind its fence", floors::check_fences),
    (
        "the production tree holds nothing of the judges",
        floors::check_production,
    ),
    ("files are small", files::check_sizes),
    (
        "every lib.rs, mod.rs and main.rs says what its room owns",
        files::check_module_docs,
    ),
    (
        "every protocol rule has its row, its citation and its tests",
        protocol_rules::check,
    ),
    (
        "the top level is as the mission fixes it",
        places::check_top_level,
    ),
    ("no machine and no registry is named", places::check_names),
    ("every document that is named exists", documents::check),
];

/// Runs every check and prints what was found; whether nothing was.
pub(crate) fn run(repository: &Repository) -> Result<bool, XtaskError> {
    let house = House::look_at(repository)?;
    let mut failed = 0_usize;
    for (sentence, check) in CHECKS {
        let findings = check(&house);
        println!("{} {sentence}", if findings.is_empty() { "ok  " } else { "FAIL" });
        for finding in &findings {
            println!("       {finding}");
        }
        failed += usize::from(!findings.is_empty());
    }
    println!("tidy: {} passed, {failed} failed", CHECKS.len() - failed);
    Ok(failed == 0)
}
