//! `fuzz`: builds the fuzz targets with coverage instrumentation, on the stable toolchain, and lets libFuzzer drive each.
//!
//! The instrumentation is LLVM's own (`SanitizerCoverage`, clang documentation), asked for by code-generation options that the
//! stable compiler has; sanitizers would need a nightly one, and the product has next to no `unsafe` for them to watch. Corpora
//! stay in the target folder between runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::error::XtaskError;
use crate::repository::{Repository, line};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
                     -Cllvm-args=-simplifycfg-branch-fold-threshold=0 -Cdebug-assertions=on -Coverflow-checks=on \
                     --cfg fuzzing";

/// Where runs are put down, below the last line.
const RECORD: &str = "idp-server/docs/measured/fuzz.md";
/// On a machine that does other things, a search is taken up again until it had its processor time; not for ever.
const MOST_ROUNDS: u32 = 200;
/// Exit status of a search that took one input for endless (libFuzzer, `-timeout_exitcode`).
const TIMED_OUT: i32 = 70;
/// Hundredths of a processor second from which one input is a finding.
const ENDLESS: u64 = 1000;

/// What the runs of a target came to.
#[derive(Debug, Eq, PartialEq)]
struct Ran {
    target: String,
    processor_seconds: u64,
    executions: u64,
    edges: String,
    good: bool,
}

impl Ran {
    /// A row of the table.
    fn row(&self, day: &str) -> String {
        format!(
            "| {day} | {} | {} | {} | {} | {} |",
            self.target,
            self.processor_seconds,
            self.executions,
            self.edges,
            if self.good { "none" } else { "FINDING" }
        )
    }
}

/// Fuzzes these targets (all when none is named), each for this many seconds of processor time; whether none failed. `record` appends a
/// row for each to the table of the documents as soon as it ended.
pub(crate) fn run(
    repository: &Repository,
    only: &[String],
    seconds: u32,
    record: bool,
) -> Result<bool, XtaskError> {
    let folder = repository.workspace()?.target_directory.join("fuzz");
    let binary = build(repository, &folder)?;
    let Some(binary) = binary else { return Ok(false) };
    let names = if only.is_empty() {
        names(repository)?
    } else {
        only.to_vec()
    };
    let day = today(repository)?;
    let mut all = Vec::new();
    for name in names {
        let ran = drive(repository, &binary, &folder, name, seconds)?;
        if record {
            append(&repository.root().join(RECORD), &ran.row(&day))?;
        }
        all.push(ran);
    }
    println!(
        "\n| day | target | processor seconds | executions | edges covered | findings |\n|---|---|---|---|---|---|"
    );
    for ran in &all {
        println!("{}", ran.row(&day));
    }
    Ok(all.iter().all(|ran| ran.good))
}

/// The day by the machine's clock, `YYYY-MM-DD`.
fn today(repository: &Repository) -> Result<String, XtaskError> {
    let said = repository
        .command("date")
        .args(["-u", "+%F"])
        .output()
        .map_err(|source| XtaskError::Start {
            program: "date".to_owned(),
            source,
        })?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// One more line at the end of a file.
fn append(path: &Path, row: &str) -> Result<(), XtaskError> {
    let mut text = fs::read_to_string(path).map_err(XtaskError::file(path))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(row);
    text.push('\n');
    fs::write(path, text).map_err(XtaskError::file(path))
}

/// Hundredths of a second that ended children of this process had on a processor (`proc_pid_stat(5)`, fields 16 and 17; Linux counts them
/// a hundred a second for every program).
fn children_hundredths() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold anything; the fields after it are numbers.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum()
}

fn build(repository: &Repository, folder: &Path) -> Result<Option<PathBuf>, XtaskError> {
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

/// Searches until the processor time is used up or something is found.
fn drive(
    repository: &Repository,
    binary: &Path,
    folder: &Path,
    target: String,
    seconds: u32,
) -> Result<Ran, XtaskError> {
    let corpus = folder.join("corpus").join(&target);
    let findings = folder.join("findings");
    for place in [&corpus, &findings] {
        fs::create_dir_all(place).map_err(XtaskError::file(place))?;
    }
    eprintln!("fuzz {target} for {seconds} s of processor time");
    let begun = children_hundredths();
    let mut sum = Ran {
        target,
        processor_seconds: 0,
        executions: 0,
        edges: "?".to_owned(),
        good: true,
    };
    for _ in 0..MOST_ROUNDS {
        let left = u64::from(seconds).saturating_sub(sum.processor_seconds);
        if left == 0 || !sum.good {
            break;
        }
        let mut fuzzer = repository.command(&binary.to_string_lossy());
        fuzzer
            .env("GAP_FUZZ_TARGET", &sum.target)
            .env("GAP_FUZZ_SEEDS", &corpus)
            .arg(format!("-max_total_time={left}"))
            .args([
                "-max_len=32768",
                "-timeout=30",
                "-timeout_exitcode=70",
                "-rss_limit_mb=2048",
                "-print_final_stats=1",
            ])
            .arg(format!("-artifact_prefix={}/{}-", findings.display(), sum.target))
            .arg(&corpus)
            .stdout(Stdio::null());
        let ended = fuzzer.output().map_err(|source| XtaskError::Start {
            program: binary.display().to_string(),
            source,
        })?;
        let said = String::from_utf8_lossy(&ended.stderr);
        sum.good = ended.status.success()
            || (ended.status.code() == Some(TIMED_OUT)
                && only_starved(repository, binary, &findings, &sum.target)?);
        if !sum.good {
            let tail: Vec<&str> = said.lines().rev().take(30).collect();
            for line in tail.iter().rev() {
                eprintln!("{line}");
            }
        }
        let (executions, edges) = said_of(&said);
        sum.executions = sum.executions.saturating_add(executions);
        sum.edges = edges.unwrap_or(sum.edges);
        sum.processor_seconds = children_hundredths().saturating_sub(begun) / 100;
    }
    Ok(sum)
}

/// libFuzzer times an input by the clock on the wall, which also runs while other programs have the processors. Whether each input that
/// it took for endless needs little processor time when it runs alone; such files are removed.
fn only_starved(
    repository: &Repository,
    binary: &Path,
    findings: &Path,
    target: &str,
) -> Result<bool, XtaskError> {
    let prefix = format!("{target}-timeout-");
    let mut seen = false;
    for entry in fs::read_dir(findings).map_err(XtaskError::file(findings))? {
        let entry = entry.map_err(XtaskError::file(findings))?;
        if !entry.file_name().to_string_lossy().starts_with(&prefix) {
            continue;
        }
        seen = true;
        let begun = children_hundredths();
        let mut alone = repository.command(&binary.to_string_lossy());
        alone
            .env("GAP_FUZZ_TARGET", target)
            .arg("-timeout=600")
            .arg(entry.path());
        let ended = alone.output().map_err(|source| XtaskError::Start {
            program: binary.display().to_string(),
            source,
        })?;
        let used = children_hundredths().saturating_sub(begun);
        if !ended.status.success() || used >= ENDLESS {
            return Ok(false);
        }
        eprintln!("{prefix}… took {used} hundredths of a second alone: no finding");
        fs::remove_file(entry.path()).map_err(XtaskError::file(&entry.path()))?;
    }
    Ok(seen)
}

/// Executions and covered edges, as libFuzzer says them.
fn said_of(said: &str) -> (u64, Option<String>) {
    let executions = said
        .lines()
        .find_map(|line| {
            line.strip_prefix("stat::number_of_executed_units: ")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let edges = said
        .lines()
        .rev()
        .find_map(|line| line.split("cov: ").nth(1)?.split(' ').next());
    (executions, edges.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_becomes_a_row_at_the_end_of_the_table() {
        let said = "#2 INITED cov: 20 ft: 1\n#9 DONE   cov: 31 ft: 40 corp: 7\nstat::number_of_executed_units: 1200\n";
        assert_eq!(said_of(said), (1200, Some("31".to_owned())));
        assert_eq!(said_of("no fuzzer"), (0, None));
        let folder = std::env::temp_dir().join(format!("gap-fuzz-record-{}", std::process::id()));
        fs::write(&folder, "| header |").unwrap();
        let ran = Ran {
            target: "crl".to_owned(),
            processor_seconds: 300,
            executions: 1200,
            edges: "31".to_owned(),
            good: false,
        };
        append(&folder, &ran.row("2026-11-21")).unwrap();
        let text = fs::read_to_string(&folder).unwrap();
        fs::remove_file(&folder).unwrap();
        assert_eq!(
            text,
            "| header |\n| 2026-11-21 | crl | 300 | 1200 | 31 | FINDING |\n"
        );
    }

    #[test]
    fn processor_time_of_children_is_seen() {
        let before = children_hundredths();
        let until = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let ended = std::process::Command::new("sh")
            .args(["-c", until])
            .status()
            .unwrap();
        assert!(ended.success());
        assert!(children_hundredths() > before);
    }
}
