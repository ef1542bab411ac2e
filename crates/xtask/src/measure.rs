//! `bench`: builds what is measured for release and starts the measurement.
//!
//! Sign-ins and what follows them are measured from outside: the server and the load generator are built separately, because cargo unites the features of
//! what it builds together, and the server that is measured must be the server that is shipped. The generator finds the server
//! beside itself. Rooms that are measured by themselves have a program of their own.

use std::process::Command;

use crate::error::XtaskError;
use crate::repository::{Repository, line};

const GENERATOR: &str = "xtask-bench";

/// What measures a room by itself, without a server: the word on the command line, its feature, its program.
const ROOMS: [(&str, &str, &str); 2] = [
    ("path", "bench-path", "xtask-bench-path"),
    ("revocation", "bench-revocation", "xtask-bench-revocation"),
];

/// Measures what the first word says; whether it measured everything.
pub(crate) fn run(repository: &Repository, words: &[String]) -> Result<bool, XtaskError> {
    let room = words
        .split_first()
        .and_then(|(first, rest)| Some((ROOMS.iter().find(|(word, ..)| word == first)?, rest)));
    match room {
        Some((room, rest)) => measure_room(repository, *room, rest),
        None => from_outside(repository, words),
    }
}

fn measure_room(
    repository: &Repository,
    (word, feature, program): (&str, &str, &str),
    words: &[String],
) -> Result<bool, XtaskError> {
    if !build(
        repository,
        &["--package", "gap-xtask", "--features", feature, "--bin", program],
    )? {
        return Ok(false);
    }
    let target = repository.workspace()?.target_directory;
    let mut bench = repository.command(&target.join("release").join(program).to_string_lossy());
    bench.args(words);
    if !words.iter().any(|word| word.starts_with("--folder")) {
        bench.arg("--folder").arg(target.join("bench").join(word));
    }
    status(&mut bench)
}

fn build(repository: &Repository, what: &[&str]) -> Result<bool, XtaskError> {
    let mut cargo = repository.cargo();
    cargo.args(["build", "--release"]).args(what);
    status(&mut cargo)
}

fn from_outside(repository: &Repository, words: &[String]) -> Result<bool, XtaskError> {
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
        if !build(repository, what)? {
            return Ok(false);
        }
    }
    let target = repository.workspace()?.target_directory;
    let mut generator = repository.command(&target.join("release").join(GENERATOR).to_string_lossy());
    generator.args(words);
    let named = words.iter().any(|word| word.starts_with("--json"));
    if let Some(word) = words.first().filter(|word| !named && !word.starts_with('-')) {
        let json = target.join("bench").join(word).with_extension("json");
        generator.arg("--json").arg(json);
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
