//! `bench`: builds the server and the load generator for release, separately, and starts the latter.
//!
//! Separately, because cargo unites the features of what it builds together, and the server that is measured must be the server that
//! is shipped. The generator finds the server beside itself.

use std::process::Command;

use crate::error::XtaskError;
use crate::repository::{Repository, line};

const GENERATOR: &str = "xtask-bench";
/// `bench path` needs no server.
const PATH: &str = "xtask-bench-path";

/// Measures what the first word says; whether it measured everything.
pub(crate) fn run(repository: &Repository, words: &[String]) -> Result<bool, XtaskError> {
    match words.split_first() {
        Some((first, rest)) if first == "path" => path(repository, rest),
        _ => sign_ins(repository, words),
    }
}

fn path(repository: &Repository, words: &[String]) -> Result<bool, XtaskError> {
    let mut cargo = repository.cargo();
    cargo.args(["build", "--release", "--package", "gap-xtask"]);
    cargo.args(["--features", "bench-path", "--bin", PATH]);
    if !status(&mut cargo)? {
        return Ok(false);
    }
    let target = repository.workspace()?.target_directory;
    let mut bench = repository.command(&target.join("release").join(PATH).to_string_lossy());
    bench.args(words);
    if !words.iter().any(|word| word.starts_with("--folder")) {
        bench.arg("--folder").arg(target.join("bench/path"));
    }
    status(&mut bench)
}

fn sign_ins(repository: &Repository, words: &[String]) -> Result<bool, XtaskError> {
    for what in [
        &["--package", "gap-idp-server"][..],
        &[
            "--package",
            "gap-xtask",
            "--features",
            "bench",
            "--bin",
            GENERATOR,
        ],
    ] {
        let mut cargo = repository.cargo();
        cargo.args(["build", "--release"]).args(what);
        if !status(&mut cargo)? {
            return Ok(false);
        }
    }
    let target = repository.workspace()?.target_directory;
    let mut generator = repository.command(&target.join("release").join(GENERATOR).to_string_lossy());
    generator.args(words);
    if !words.iter().any(|word| word.starts_with("--json")) {
        generator.arg("--json").arg(target.join("bench/sign-in.json"));
    }
    status(&mut generator)
}

fn status(command: &mut Command) -> Result<bool, XtaskError> {
    eprintln!("{}", line(command));
    let ended = command.status().map_err(|source| XtaskError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    Ok(ended.success())
}
