//! Why a command could not do its work, as opposed to: did it, and the answer is no.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a command could not do its work. Each says what to do where something can be done.
#[derive(Debug)]
pub(crate) enum XtaskError {
    /// A program could not be started.
    Start {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program that answers a question ended with an error.
    Question {
        /// The command line.
        command: String,
        /// What it wrote about it.
        stderr: String,
    },
    /// A program's answer has another form than expected.
    Answer {
        /// The command line.
        command: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A file could not be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Debian packages are missing and only root may install them.
    NotRoot {
        /// Which.
        packages: Vec<String>,
    },
    /// What a suite needs could not be installed.
    Install {
        /// What was tried.
        command: String,
    },
    /// A suite has no tests: running it would prove nothing.
    NoTests {
        /// Which suite.
        suite: &'static str,
        /// How its test files are named.
        prefix: String,
    },
}

impl XtaskError {
    /// A file could not be read or written.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

impl fmt::Display for XtaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, source } => write!(f, "{program} cannot be started: {source}"),
            Self::Question { command, stderr } => write!(f, "`{command}` failed:\n{}", stderr.trim_end()),
            Self::Answer { command, source } => {
                write!(f, "the answer of `{command}` is not understood: {source}")
            }
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::NotRoot { packages } => write!(
                f,
                "Debian packages are missing and only root can install them. As root, run:\n  apt-get install \
                 --no-install-recommends {}",
                packages.join(" ")
            ),
            Self::Install { command } => write!(f, "`{command}` failed (its own words are above)"),
            Self::NoTests { suite, prefix } => write!(
                f,
                "suite {suite} has no test file: none in conformance-tests/tests/ is named {prefix}"
            ),
        }
    }
}

impl std::error::Error for XtaskError {}
