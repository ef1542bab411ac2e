//! `fuzz`: builds the fuzz targets with coverage instrumentation, on the stable toolchain, and lets libFuzzer drive each.
//!
//! The instrumentation is LLVM's own (`SanitizerCoverage`, clang documentation), asked for by code-generation options that the
//! stable compiler has; sanitizers would need a nightly one, and the product has next to no `unsafe` for them to watch. Corpora
//! stay in the target folder between runs.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::error::XtaskError;
use crate::repository::{Repository, line};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
                     -Cllvm-args=-simplifycfg-branch-fold-threshold=0 -Cdebug-assertions=on -Coverflow-checks=on \
                     --cfg fuzzing";

/// What one run of a target came to.
struct Ran {
    target: String,
    executions: String,
    edges: String,
    good: bool,
}

/// Fuzzes these targets (all when none is named), each for this many seconds; whether none failed.
pub(crate) fn run(repository: &Repository, only: &[String], seconds: u32) -> Result<bool, XtaskError> {
    let folder = repository.workspace()?.target_directory.join("fuzz");
    let binary = build(repository, &folder)?;
    let Some(binary) = binary else { return Ok(false) };
    let names = if only.is_empty() {
        names(repository)?
    } else {
        only.to_vec()
    };
    let mut all = Vec::new();
    for name in names {
        all.push(drive(repository, &binary, &folder, name, seconds)?);
    }
    println!("\n| target | seconds | executions | edges covered | outcome |\n|---|---|---|---|---|");
    for ran in &all {
        let outcome = if ran.good { "no finding" } else { "FINDING" };
        println!(
            "| {} | {seconds} | {} | {} | {outcome} |",
            ran.target, ran.executions, ran.edges
        );
    }
    Ok(all.iter().all(|ran| ran.good))
}

fn build(repository: &Repository, folder: &std::path::Path) -> Result<Option<PathBuf>, XtaskError> {
    let mut cargo = repository.cargo();
    cargo
        .env("RUSTFLAGS", FLAGS)
        // Ours too, or the search is ten times slower.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
        .args(["build", "--package", "gap-fuzz", "--features", "libfuzzer"])
        .args(["--bin", "gap-fuzz", "--target", TRIPLE, "--target-dir"])
        .arg(folder);
    eprintln!("{}", line(&cargo));
    let ended = cargo.status().map_err(|source| XtaskError::Start {
        program: "cargo".to_owned(),
        source,
    })?;
    Ok(ended
        .success()
        .then(|| folder.join(TRIPLE).join("debug/gap-fuzz")))
}

/// Names as the table of targets has them.
fn names(repository: &Repository) -> Result<Vec<String>, XtaskError> {
    let place = repository.root().join("conformance-tests/fuzz/src/lib.rs");
    let text = repository.read(&place)?.unwrap_or_default();
    Ok(text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("name: \"")?.strip_suffix("\","))
        .map(str::to_owned)
        .collect())
}

fn drive(
    repository: &Repository,
    binary: &std::path::Path,
    folder: &std::path::Path,
    target: String,
    seconds: u32,
) -> Result<Ran, XtaskError> {
    let corpus = folder.join("corpus").join(&target);
    let findings = folder.join("findings");
    for place in [&corpus, &findings] {
        fs::create_dir_all(place).map_err(|source| XtaskError::File {
            path: place.clone(),
            source,
        })?;
    }
    let mut fuzzer = repository.command(&binary.to_string_lossy());
    fuzzer
        .env("GAP_FUZZ_TARGET", &target)
        .env("GAP_FUZZ_SEEDS", &corpus)
        .arg(format!("-max_total_time={seconds}"))
        .args([
            "-max_len=32768",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ])
        .arg(format!("-artifact_prefix={}/{target}-", findings.display()))
        .arg(&corpus)
        .stdout(Stdio::null());
    eprintln!("fuzz {target} for {seconds} s");
    let ended = fuzzer.output().map_err(|source| XtaskError::Start {
        program: binary.display().to_string(),
        source,
    })?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if !ended.status.success() {
        let tail: Vec<&str> = said.lines().rev().take(30).collect();
        for line in tail.iter().rev() {
            eprintln!("{line}");
        }
    }
    let last_edges = said
        .lines()
        .rev()
        .find_map(|line| line.split("cov: ").nth(1)?.split(' ').next());
    let executions = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units: "));
    Ok(Ran {
        target,
        executions: executions.unwrap_or("?").trim().to_owned(),
        edges: last_edges.unwrap_or("?").to_owned(),
        good: ended.status.success(),
    })
}
