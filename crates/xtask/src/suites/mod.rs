//! Everything that can be run against the code (`cargo xtask test`).
//!
//! **Owns** the list of suites with what each needs installed, and the sum at the end. **Deliberately absent**: tests. A suite is
//! a selection: black-box test files belong to the suite whose name their own name begins with.
//!
//! **Neighbours**: [`needs`] installs, [`runner`] runs one command and reads its closing lines, [`summary`] adds up.
//!
//! **One more suite**: a variant of [`SuiteName`], its needs, its steps. One more test file in an old suite needs nothing here.

mod needs;
mod runner;
mod selection;
mod summary;

use std::time::Instant;

use clap::ValueEnum;

use crate::error::XtaskError;
use crate::repository::Repository;
use crate::tidy;
use needs::Installed;
use runner::Count;
use selection::Selection;
use summary::Summary;

/// The suites, in the order in which they run: what is quick to refuse comes first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SuiteName {
    /// The code is formatted.
    Fmt,
    /// The linter has nothing to say.
    Clippy,
    /// The rules of the house hold.
    Tidy,
    /// Tests of every room.
    Unit,
    /// `cargo xtask demo --once`: a sign-in at both sample services.
    Demo,
    /// The certificate door, by clients of other TLS stacks.
    Door,
    /// Apache modules as Debian ships them, unmodified.
    RealSp,
    /// The running platform from outside: attacks, storage, operation.
    Conformance,
    /// Debian's Chromium with a card, by clicking.
    Browser,
}

impl SuiteName {
    /// Its name as it is typed.
    fn as_str(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Tidy => "tidy",
            Self::Unit => "unit",
            Self::Demo => "demo",
            Self::Door => "door",
            Self::RealSp => "real-sp",
            Self::Conformance => "conformance",
            Self::Browser => "browser",
        }
    }

    /// Whether it runs compiled programs.
    fn runs_programs(self) -> bool {
        !matches!(self, Self::Fmt | Self::Clippy | Self::Tidy)
    }
}

/// Runs one suite or all; whether everything passed. A failed suite does not stop the others.
pub(crate) fn run(repository: &Repository, only: Option<SuiteName>) -> Result<bool, XtaskError> {
    let chosen: Vec<SuiteName> = match only {
        Some(suite) => vec![suite],
        None => SuiteName::value_variants().to_vec(),
    };
    let selection = Selection::of(&repository.workspace()?);
    let installed = Installed::in_folder(repository.workspace()?.target_directory.join("test-tools"));
    let mut summary = Summary::default();
    let mut built = true;
    if chosen.iter().any(|suite| suite.runs_programs()) {
        println!("== build: every program, once for all suites");
        let began = Instant::now();
        let outcome = needs::compiler(repository).and_then(|()| runner::build(repository));
        let count = settle(outcome, "build");
        built = count.failed == 0;
        summary.add("build", count, began.elapsed());
    }
    for (place, suite) in chosen.iter().enumerate() {
        println!("== suite {} ({} of {})", suite.as_str(), place + 1, chosen.len());
        let began = Instant::now();
        let count = if suite.runs_programs() && !built {
            println!("xtask: not run, because the programs do not build");
            Count::refused()
        } else {
            settle(
                run_one(repository, *suite, &selection, &installed),
                suite.as_str(),
            )
        };
        summary.add(suite.as_str(), count, began.elapsed());
    }
    println!("{summary}");
    Ok(summary.is_good())
}

/// Builds what the demo starts; whether it builds.
pub(crate) fn build_for_demo(repository: &Repository) -> Result<bool, XtaskError> {
    needs::compiler(repository)?;
    Ok(runner::build(repository)?.failed == 0)
}

/// What could not even be run counts as one failure, with its reason said.
fn settle(outcome: Result<Count, XtaskError>, name: &str) -> Count {
    outcome.unwrap_or_else(|error| {
        println!("xtask: {name}: {error}");
        Count::refused()
    })
}

fn run_one(
    repository: &Repository,
    suite: SuiteName,
    selection: &Selection,
    installed: &Installed,
) -> Result<Count, XtaskError> {
    let tools = installed.provide(repository, suite)?;
    match suite {
        SuiteName::Fmt => runner::plain(repository, &["fmt", "--all", "--", "--check"]),
        SuiteName::Clippy => {
            let mut arguments = vec![
                "clippy",
                "--workspace",
                "--all-targets",
                "--features",
                selection::FEATURES,
            ];
            arguments.extend(["--", "-D", "warnings"]);
            runner::plain(repository, &arguments)
        }
        SuiteName::Tidy => tidy::run(repository).map(Count::one),
        SuiteName::Unit => {
            let tests = runner::tests(repository, &selection.rooms(), &tools)?;
            Ok(tests + runner::doc_tests(repository)?)
        }
        SuiteName::Demo => runner::demo(repository),
        SuiteName::Door | SuiteName::RealSp | SuiteName::Conformance | SuiteName::Browser => {
            runner::tests(repository, &selection.black_box(suite)?, &tools)
        }
    }
}
