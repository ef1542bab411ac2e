//! Runs one command, shows what it says as it says it, and reads the runners' closing lines.

use std::io::{BufRead, BufReader, Read};
use std::ops::Add;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::selection::FEATURES;
use crate::error::XtaskError;
use crate::repository::{Repository, line};

/// No single command takes longer; what hangs is ended and has failed.
const LONGEST: Duration = Duration::from_mins(40);

/// What a run said of itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Count {
    /// Tests that passed.
    pub(super) passed: u64,
    /// Tests that failed.
    pub(super) failed: u64,
}

impl Count {
    /// A check that is one yes or no.
    pub(super) fn one(good: bool) -> Self {
        Self {
            passed: u64::from(good),
            failed: u64::from(!good),
        }
    }

    /// What could not be run.
    pub(super) fn refused() -> Self {
        Self::one(false)
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

/// What a suite's tests find in their environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Tools {
    /// Variables with paths of what was installed for them.
    pub(super) variables: Vec<(&'static str, PathBuf)>,
}

/// Builds every program, the demo and its sample services too.
pub(super) fn build(repository: &Repository) -> Result<Count, XtaskError> {
    let mut arguments = vec!["build", "--workspace", "--bins", "--features", FEATURES];
    let examples = [
        "account_linking",
        "bank",
        "oidc_service",
        "resource_server",
        "saml_service",
        "set_top_box",
    ];
    arguments.extend(examples.iter().flat_map(|name| ["--example", name]));
    plain(repository, &arguments)
}

/// A cargo command that is one yes or no.
pub(super) fn plain(repository: &Repository, arguments: &[&str]) -> Result<Count, XtaskError> {
    let mut cargo = repository.cargo();
    cargo.args(arguments);
    let (good, _) = run(cargo)?;
    Ok(Count::one(good))
}

/// The demo by itself, away from the ports of one that runs for somebody to look at.
pub(super) fn demo(repository: &Repository) -> Result<Count, XtaskError> {
    let target = repository.workspace()?.target_directory;
    let mut demo = repository.command(&target.join("debug/xtask-demo").to_string_lossy());
    demo.arg("--target")
        .arg(&target)
        .args(["--once", "--port-base", "28443"]);
    let (good, _) = run(demo)?;
    Ok(Count::one(good))
}

/// Tests: by nextest where it is installed, otherwise by cargo itself.
pub(super) fn tests(
    repository: &Repository,
    selection: &[String],
    tools: &Tools,
) -> Result<Count, XtaskError> {
    let mut cargo = repository.cargo();
    if has_nextest(repository) {
        cargo.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        cargo.args(["test", "--no-fail-fast"]);
    }
    cargo
        .args(["--workspace", "--features", FEATURES])
        .args(selection);
    for (name, value) in &tools.variables {
        cargo.env(name, value);
    }
    let (good, count) = run(cargo)?;
    Ok(honest(good, count))
}

/// Examples in docs, which nextest does not run.
pub(super) fn doc_tests(repository: &Repository) -> Result<Count, XtaskError> {
    let mut cargo = repository.cargo();
    cargo.args([
        "test",
        "--doc",
        "--no-fail-fast",
        "--workspace",
        "--features",
        FEATURES,
    ]);
    let (good, count) = run(cargo)?;
    Ok(honest(good, count))
}

/// A run that ended badly without a failed test (it did not compile, it hung) has one failure.
fn honest(good: bool, count: Count) -> Count {
    if good || count.failed > 0 {
        count
    } else {
        count + Count::refused()
    }
}

fn has_nextest(repository: &Repository) -> bool {
    repository
        .cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command to its end; whether it succeeded, and the sum of the closing lines.
pub(super) fn run(mut command: Command) -> Result<(bool, Count), XtaskError> {
    println!("$ {}", line(&command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| XtaskError::Start {
            program: line(&command),
            source,
        })?;
    let lines = lines_of(&mut child);
    let until = Instant::now() + LONGEST;
    let mut count = Count::default();
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                println!("{text}");
                count = count + closing_line(&text);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                println!("xtask: ended after {} minutes", LONGEST.as_secs() / 60);
                // It may have ended by itself just now.
                let _ = child.kill();
                break;
            }
        }
    }
    let status = child.wait().map_err(|source| XtaskError::Start {
        program: line(&command),
        source,
    })?;
    Ok((status.success(), count))
}

/// Both streams, line by line as they come.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stream) = child.stdout.take() {
        forward(stream, sender.clone());
    }
    if let Some(stream) = child.stderr.take() {
        forward(stream, sender);
    }
    receiver
}

fn forward(stream: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { break };
            if to.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
}

/// The numbers of a closing line: `test result: ok. 3 passed; 1 failed; …` of cargo's own runner, or
/// `Summary [ 1.2s] 4 tests run: 3 passed, 1 failed, …` of nextest, which counts what ran out of time apart.
fn closing_line(text: &str) -> Count {
    let text = without_colours(text);
    // nextest repeats what a failed test printed, its own runner's closing line included, and indents it.
    let is_closing = text.starts_with("test result: ") || text.trim_start().starts_with("Summary [");
    if !is_closing {
        return Count::default();
    }
    let words: Vec<&str> = text
        .split([' ', ',', ';', '(', ')'])
        .filter(|word| !word.is_empty())
        .collect();
    let before = |name: &str| -> u64 {
        words
            .windows(2)
            .filter_map(|pair| match pair {
                [number, word] if *word == name => number.parse::<u64>().ok(),
                _ => None,
            })
            .sum()
    };
    Count {
        passed: before("passed"),
        failed: before("failed") + before("timed"),
    }
}

/// A line without the terminal's colour codes.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        match (inside, c) {
            (false, '\u{1b}') => inside = true,
            (true, 'm') => inside = false,
            (false, c) => out.push(c),
            (true, _) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_both_runners_are_read() {
        for (text, passed, failed) in [
            (
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                12,
                0,
            ),
            (
                "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
                3,
                2,
            ),
            (
                "     Summary [   0.300s] 40 tests run: 40 passed, 2 skipped",
                40,
                0,
            ),
            (
                "     Summary [   9.1s] 40 tests run: 37 passed (1 slow), 2 failed, 1 timed out, 0 skipped",
                37,
                3,
            ),
            (
                "\u{1b}[1m     Summary\u{1b}[0m [   0.3s] \u{1b}[1m4\u{1b}[0m tests run: \u{1b}[1m4\u{1b}[0m passed, 0 skipped",
                4,
                0,
            ),
            (
                "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 97 filtered out",
                0,
                0,
            ),
            ("test the_log_says_7_passed_and_2_failed ... ok", 0, 0),
            ("the Summary of 7 passed", 0, 0),
        ] {
            assert_eq!(closing_line(text), Count { passed, failed }, "{text}");
        }
    }

    #[test]
    fn a_run_is_shown_counted_and_judged_by_its_exit() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test result: ok. 2 passed; 0 failed'; echo 'test result: ok. 3 passed; 0 failed' >&2; exit 3"]);
        let (good, count) = run(command).unwrap();
        assert!(!good);
        assert_eq!(count, Count { passed: 5, failed: 0 });
        assert_eq!(honest(good, count), Count { passed: 5, failed: 1 });
        assert_eq!(honest(true, count), count);
        assert_eq!(honest(false, Count { passed: 0, failed: 2 }).failed, 2);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(Command::new("gap-no-such-program")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("gap-no-such-program cannot be started"),
            "{error}"
        );
    }
}
