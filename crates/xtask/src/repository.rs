//! The repository as its own tools describe it: files known to git, members known to cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::XtaskError;

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

/// What `cargo metadata` says of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The members.
    pub(crate) packages: Vec<Member>,
    /// Where cargo puts what it builds.
    pub(crate) target_directory: PathBuf,
}

/// A member of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Member {
    /// Package name, `gap-…`.
    pub(crate) name: String,
    /// Direct dependencies.
    pub(crate) dependencies: Vec<Dependency>,
    /// What is built from it.
    pub(crate) targets: Vec<Target>,
}

/// A direct dependency.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    /// Package name.
    pub(crate) name: String,
    /// `dev`, `build`, or nothing for a normal one.
    pub(crate) kind: Option<String>,
}

/// A target of a member.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// `lib`, `bin`, `test`, `example`.
    pub(crate) kind: Vec<String>,
}

impl Repository {
    /// The repository that this program was built from, or the one above the current folder if it was moved.
    pub(crate) fn find() -> Result<Self, XtaskError> {
        let mut root = std::env::current_dir().map_err(XtaskError::file(Path::new(".")))?;
        let shape = |at: &Path| at.join("Cargo.lock").is_file() && at.join("crates/xtask").is_dir();
        while !shape(&root) {
            if !root.pop() {
                let missing = std::io::Error::new(
                    std::io::ErrorKind::NotFound,
                    "no repository above the current folder; run this inside a clone",
                );
                return Err(XtaskError::file(Path::new("Cargo.lock"))(missing));
            }
        }
        Ok(Self { root })
    }

    /// Its top folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A command that runs at the top.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
    }

    /// Files known to git, and new ones that it would not ignore, relative to the top.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, XtaskError> {
        let mut git = self.command("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = answer(git)?;
        let mut files: Vec<PathBuf> = listed
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .filter(|path| self.root.join(path).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text of a file; `None` when it is not text.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<String>, XtaskError> {
        let bytes = std::fs::read(self.root.join(path)).map_err(XtaskError::file(path))?;
        Ok(String::from_utf8(bytes).ok())
    }

    /// What cargo says of the workspace.
    pub(crate) fn workspace(&self) -> Result<Workspace, XtaskError> {
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        let command = line(&cargo);
        serde_json::from_str(&answer(cargo)?).map_err(|source| XtaskError::Answer { command, source })
    }

    /// Every package that one package needs to be built, directly or not, without what only its tests need.
    pub(crate) fn production_tree(&self, package: &str) -> Result<Vec<String>, XtaskError> {
        let mut cargo = self.cargo();
        cargo.args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ]);
        cargo.args(["--format", "{p}"]);
        let mut names: Vec<String> = answer(cargo)?
            .lines()
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// A command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// What a command that answers a question writes.
fn answer(mut command: Command) -> Result<String, XtaskError> {
    let output = command.output().map_err(|source| XtaskError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if !output.status.success() {
        return Err(XtaskError::Question {
            command: line(&command),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
