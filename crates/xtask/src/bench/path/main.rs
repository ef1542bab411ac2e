//! Path validation beside OpenSSL's: the same chains, the same checks, one run.
//!
//! **Owns** `cargo xtask bench path`: the chains (`chains.rs`), our side, OpenSSL's side (`openssl.c`, compiled against the
//! machine's libcrypto by its C compiler), and the table of ratios. DER lies in memory; each side parses everything but the trusted
//! certificates once per validation. Rounds alternate between the sides, and the median of each chain's rounds counts.
//!
//! **Deliberately absent**: any chain that only one side accepts.
//!
//! **One more chain**: a value in `chains.rs`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the person who typed it"
)]

mod chains;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use pki::{Anchors, Certificate, Issuers, PathInputs, RevocationLists, Status, Target, find_path};

use crate::chains::Chain;

/// What stopped the measurement; a number that was not measured is worth nothing.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench path")]
struct Options {
    /// Rounds; each measures both sides.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each chain is validated per round and side, in seconds.
    #[arg(long, default_value_t = 0.2)]
    seconds: f64,
    /// Where the public vectors are, from which the chains of real servers come.
    #[arg(long, default_value = "../shared/vectors")]
    vectors: PathBuf,
    /// Where the program of the other side and the description of the chains go.
    #[arg(long, default_value = "target/bench/path")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), Failure> {
    let chains = chains::all(&options.vectors)?;
    std::fs::create_dir_all(&options.folder)?;
    let program = compile(&options.folder)?;
    let description = options.folder.join("chains.txt");
    std::fs::write(&description, describe(&chains)?)?;
    let mut ours: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut theirs: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {} ...", options.rounds);
        for chain in &chains {
            let nanos = validate_for(chain, Duration::from_secs_f64(options.seconds))?;
            ours.entry(&chain.name).or_default().push(nanos);
        }
        for (name, nanos) in other_side(&program, &description, options.seconds)? {
            theirs.entry(name).or_default().push(nanos);
        }
    }
    println!("| chain | certificates | ours, µs | OpenSSL, µs | ratio |\n|---|---|---|---|---|");
    let mut ratios = Vec::new();
    for chain in &chains {
        let ours = median(ours.get_mut(chain.name.as_str()))?;
        let theirs = median(theirs.get_mut(&chain.name))?;
        ratios.push(ours / theirs);
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.2} |",
            chain.name,
            chain.between.len() + 2,
            ours / 1000.0,
            theirs / 1000.0,
            ours / theirs
        );
    }
    println!(
        "\n{} chains, median ratio {:.2}",
        ratios.len(),
        median(Some(&mut ratios))?
    );
    Ok(())
}

/// Nanoseconds per validation.
fn validate_for(chain: &Chain, time: Duration) -> Result<f64, Failure> {
    let parsed: Result<Vec<Certificate>, _> =
        chain.anchors.iter().map(|der| Certificate::parse(der)).collect();
    let anchors = Anchors::new(parsed?)?;
    let inputs = PathInputs {
        policies: chain.policies.clone(),
        require_explicit_policy: chain.explicit_policy,
        purpose: chain.server.then_some(chains::SERVER_AUTH),
        ..PathInputs::at(chain.at)
    };
    for _ in 0..20 {
        validate(chain, &anchors, &inputs)?;
    }
    let began = Instant::now();
    let mut done: u32 = 0;
    loop {
        for _ in 0..20 {
            validate(chain, &anchors, &inputs)?;
        }
        done += 20;
        let passed = began.elapsed();
        if passed >= time {
            return Ok(passed.as_secs_f64() * 1e9 / f64::from(done));
        }
    }
}

fn validate(chain: &Chain, anchors: &Anchors, inputs: &PathInputs) -> Result<(), Failure> {
    let target = Target::new(Certificate::parse(&chain.target)?)?;
    let issuers = Issuers::from_der(chain.between.iter().map(Vec::as_slice))?;
    let lists = RevocationLists::from_der(chain.lists.iter().map(Vec::as_slice));
    let status = if chain.lists.is_empty() {
        Status::NotAsked
    } else {
        Status::Lists(&lists)
    };
    match find_path(&target, &[&issuers], anchors, status, inputs) {
        Ok(_) => Ok(()),
        Err(refusal) => Err(format!("{}: {refusal}\n{}", chain.name, refusal.explanation).into()),
    }
}

/// Compiles the other side.
fn compile(folder: &Path) -> Result<PathBuf, Failure> {
    let source = folder.join("openssl.c");
    std::fs::write(&source, include_str!("openssl.c"))?;
    let program = folder.join("openssl");
    let compiled = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(&program)
        .arg(&source)
        .arg("-lcrypto")
        .status()?;
    if compiled.success() {
        Ok(program)
    } else {
        Err("the other side does not compile: Debian's libssl-dev and gcc are needed".into())
    }
}

/// The chains as `openssl.c` reads them.
fn describe(chains: &[Chain]) -> Result<String, Failure> {
    let mut text = String::new();
    for chain in chains {
        writeln!(
            text,
            "N {} {} {} {} {}",
            chain.name,
            chain.at.seconds(),
            u8::from(chain.server),
            u8::from(!chain.lists.is_empty()),
            u8::from(chain.explicit_policy)
        )?;
        for (letter, all) in [('A', &chain.anchors), ('I', &chain.between), ('L', &chain.lists)] {
            for der in all {
                writeln!(text, "{letter} {}", hex(der)?)?;
            }
        }
        for policy in &chain.policies {
            writeln!(text, "P {policy}")?;
        }
        writeln!(text, "T {}\nE ", hex(&chain.target)?)?;
    }
    Ok(text)
}

fn hex(bytes: &[u8]) -> Result<String, Failure> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

fn other_side(program: &Path, description: &Path, seconds: f64) -> Result<Vec<(String, f64)>, Failure> {
    let output = Command::new(program)
        .arg(description)
        .arg(seconds.to_string())
        .output()?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    said.lines()
        .map(|line| {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some(name), Some("0"), Some(nanos)) => Ok((name.to_owned(), nanos.parse()?)),
                _ => Err(format!("OpenSSL refused: {line}").into()),
            }
        })
        .collect()
}

fn median(figures: Option<&mut Vec<f64>>) -> Result<f64, Failure> {
    let figures = figures.ok_or("a chain was not measured")?;
    figures.sort_by(f64::total_cmp);
    figures
        .get(figures.len() / 2)
        .copied()
        .ok_or_else(|| "no rounds".into())
}
