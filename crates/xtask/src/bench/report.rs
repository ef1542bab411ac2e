//! The table, and the same as JSON.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::Failure;
use crate::floor::Floor;
use crate::load::Outcome;
use crate::process::{Machine, Memory, Usage};
use crate::walk::{Handshakes, Protocol};

/// One protocol in one round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Round {
    protocol: Protocol,
    sign_ins_per_second: f64,
    p50_millis: f64,
    p99_millis: f64,
    /// Server processor time per sign-in.
    cpu_millis: f64,
    cpu_user_millis: f64,
    cpu_system_millis: f64,
    floor_millis: f64,
    /// Server processor time over the floor, both of this round.
    ratio: f64,
    handshakes: Handshakes,
    /// Milliseconds per sign-in by kind of thread.
    threads: Vec<(String, f64)>,
}

impl Round {
    pub(crate) fn new(protocol: Protocol, outcome: &Outcome, used: &Usage, floor: &Floor) -> Self {
        let each = |time: std::time::Duration| time.as_secs_f64() * 1000.0 / f64::from(outcome.count.max(1));
        let floor_millis = floor.millis(protocol, outcome.handshakes);
        Self {
            protocol,
            sign_ins_per_second: f64::from(outcome.count) / outcome.wall.as_secs_f64(),
            p50_millis: outcome.percentile(500).as_secs_f64() * 1000.0,
            p99_millis: outcome.percentile(990).as_secs_f64() * 1000.0,
            cpu_millis: each(used.total()),
            cpu_user_millis: each(used.user),
            cpu_system_millis: each(used.system),
            floor_millis,
            ratio: each(used.total()) / floor_millis,
            handshakes: outcome.handshakes,
            threads: used
                .threads
                .iter()
                .map(|(name, time)| (name.clone(), each(*time)))
                .collect(),
        }
    }
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) memory: Memory,
    pub(crate) rounds: Vec<Round>,
    /// Measured last, with the server at rest.
    pub(crate) floor: Floor,
    /// What client and server agreed on.
    pub(crate) spoken: String,
    pub(crate) concurrency: usize,
    pub(crate) count: u32,
}

type Figure = (&'static str, fn(&Round) -> f64);

const FIGURES: [Figure; 9] = [
    ("sign-ins per second", |round| round.sign_ins_per_second),
    ("latency p50, ms", |round| round.p50_millis),
    ("latency p99, ms", |round| round.p99_millis),
    ("server CPU per sign-in, ms", |round| round.cpu_millis),
    ("  in user mode", |round| round.cpu_user_millis),
    ("  in the kernel", |round| round.cpu_system_millis),
    ("cryptographic floor, ms", |round| round.floor_millis),
    ("CPU / floor", |round| round.ratio),
    ("TLS handshakes per sign-in", |round| {
        f64::from(round.handshakes.front + round.handshakes.door + round.handshakes.service)
    }),
];

impl Report {
    /// Writes the JSON.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(path, serde_json::to_vec_pretty(self)?)?)
    }

    /// Median of a figure over the rounds, with the least and the most.
    fn median(&self, protocol: Protocol, figure: fn(&Round) -> f64) -> (f64, f64, f64) {
        let mut values: Vec<f64> = self.of(protocol).map(figure).collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
    }

    fn of(&self, protocol: Protocol) -> impl Iterator<Item = &Round> {
        self.rounds.iter().filter(move |round| round.protocol == protocol)
    }

    fn threads(&self, protocol: Protocol) -> String {
        let last = self.of(protocol).last();
        let threads = last.map(|round| round.threads.as_slice()).unwrap_or_default();
        let shown = threads.iter().filter(|(_, millis)| *millis >= 0.005);
        let texts: Vec<String> = shown
            .map(|(name, millis)| format!("{name} {millis:.2}"))
            .collect();
        texts.join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        writeln!(
            f,
            "{} cores of {}, Linux {}; 4 KiB + fdatasync: {:.0} µs; load average {}",
            machine.cores, machine.processor, machine.kernel, machine.sync_micros, machine.load_average
        )?;
        writeln!(
            f,
            "{} citizens at once, {} sign-ins per protocol and round, client and server on this machine; {}",
            self.concurrency, self.count, self.spoken
        )?;
        writeln!(
            f,
            "each sign-in is a new browser: one connection to the front (kept alive), one to the door, with OpenID Connect one \
             of the service to the token endpoint; no resumption; SQLite synchronous=FULL"
        )?;
        writeln!(
            f,
            "\nmedian of {} rounds (least to most)\n",
            self.of(Protocol::Oidc).count()
        )?;
        writeln!(
            f,
            "| {:<28} | {:<26} | {:<26} |",
            "",
            Protocol::Oidc.name(),
            Protocol::Saml.name()
        )?;
        writeln!(f, "|{:-<30}|{:-<28}|{:-<28}|", "", "", "")?;
        for (name, figure) in FIGURES {
            write!(f, "| {name:<28} |")?;
            for protocol in Protocol::BOTH {
                let (median, least, most) = self.median(protocol, figure);
                let text = format!("{median:.2} ({least:.2} to {most:.2})");
                write!(f, " {text:<26} |")?;
            }
            writeln!(f)?;
        }
        for protocol in Protocol::BOTH {
            writeln!(
                f,
                "\nCPU by thread, {} (last round, ms per sign-in): {}",
                protocol.name(),
                self.threads(protocol)
            )?;
        }
        writeln!(
            f,
            "\nresident memory: {} MiB now, {} MiB at most",
            self.memory.now_kib / 1024,
            self.memory.most_kib / 1024
        )?;
        for protocol in Protocol::BOTH {
            let made = self
                .of(protocol)
                .last()
                .map(|round| round.handshakes)
                .unwrap_or_default();
            writeln!(f, "\nfloor of {}, one by one with aws-lc-rs:", protocol.name())?;
            for (what, times, micros) in self.floor.of(protocol, made) {
                writeln!(f, "  {times} × {micros:>6.1} µs  {what}")?;
            }
            writeln!(f, "  = {:.3} ms", self.floor.millis(protocol, made))?;
        }
        writeln!(
            f,
            "\nA shared machine is noisy: compare ratios of one run, not milliseconds of two."
        )
    }
}
