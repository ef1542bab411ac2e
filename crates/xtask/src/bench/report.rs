//! The table, and the same as JSON.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::Failure;
use crate::floor::{Floor, Part};
use crate::measure::{Amount, Round, Row};
use crate::process::{Machine, Memory};

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) title: &'static str,
    pub(crate) machine: Machine,
    /// Of each server, at the end.
    pub(crate) memory: Vec<(String, Memory)>,
    pub(crate) rows: Vec<Row>,
    /// Measured last, with the servers at rest.
    pub(crate) floor: Floor,
    /// What client and server agreed on.
    pub(crate) spoken: String,
    pub(crate) concurrency: usize,
    pub(crate) count: u32,
    /// What the figures rest on, in sentences.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(title: &'static str, machine: Machine, amount: &Amount) -> Result<Self, Failure> {
        Ok(Self {
            title,
            machine,
            memory: Vec::new(),
            rows: Vec::new(),
            floor: Floor::measure()?,
            spoken: String::new(),
            concurrency: amount.concurrency,
            count: amount.count,
            notes: Vec::new(),
        })
    }

    /// Prints it, and writes the JSON beside the other reports.
    pub(crate) fn publish(&self, path: &Path) -> Result<(), Failure> {
        println!("{self}");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(path, serde_json::to_vec_pretty(self)?)?)
    }

    /// Processor time of each variant over that of the first one of the same operation.
    fn growth<'r>(&'r self, row: &Row) -> Option<(&'r str, f64)> {
        let first = self.rows.iter().find(|first| first.name == row.name)?;
        let cpu = |row: &Row| row.median(|round| round.cpu_millis).0;
        (first.variant != row.variant).then(|| (first.variant.as_str(), cpu(row) / cpu(first)))
    }
}

type Figure = (&'static str, fn(&Round) -> f64);

const FIGURES: [Figure; 6] = [
    ("per second", |round| round.per_second),
    ("server CPU, ms", |round| round.cpu_millis),
    ("of it kernel, ms", |round| round.cpu_system_millis),
    ("floor, ms", |round| round.floor_millis),
    ("CPU / floor", |round| round.ratio),
    ("p99, ms", |round| round.p99_millis),
];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        writeln!(f, "# {}\n", self.title)?;
        writeln!(
            f,
            "{} cores of {}, Linux {}; 4 KiB + fdatasync: {:.0} µs; load average {} before, {} after; client and server on this \
             machine; {} at once, {} each per round; {}",
            machine.cores,
            machine.processor,
            machine.kernel,
            machine.sync_micros,
            machine.load_average,
            crate::process::load_average().unwrap_or_default(),
            self.concurrency,
            self.count,
            self.spoken
        )?;
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        let rounds = self.rows.first().map_or(0, |row| row.rounds.len());
        writeln!(f, "\nMedian of {rounds} rounds (least to most).\n")?;
        write!(f, "| operation |")?;
        for (name, _) in FIGURES {
            write!(f, " {name} |")?;
        }
        writeln!(f, " p50, p99 at 70 %, ms |")?;
        writeln!(f, "|---|{}---:|", "---:|".repeat(FIGURES.len()))?;
        for row in &self.rows {
            write!(f, "| {}", row.name)?;
            if !row.variant.is_empty() {
                write!(f, ", {}", row.variant)?;
            }
            write!(f, " |")?;
            for (_, figure) in FIGURES {
                let (median, least, most) = row.median(figure);
                write!(f, " {median:.2} ({least:.2}–{most:.2}) |")?;
            }
            match row.at_70 {
                Some((rate, p50, p99)) => writeln!(f, " {p50:.1}, {p99:.1} at {rate:.0}/s |")?,
                None => writeln!(f, " – |")?,
            }
        }
        for row in &self.rows {
            if let Some((first, ratio)) = self.growth(row) {
                writeln!(f, "\n{}, {} over {first}: {ratio:.2}", row.name, row.variant)?;
            }
        }
        writeln!(f)?;
        for (name, memory) in &self.memory {
            writeln!(
                f,
                "resident memory {name}: {} MiB now, {} MiB at most",
                memory.now_kib / 1024,
                memory.most_kib / 1024
            )?;
        }
        self.floors(f)?;
        for row in &self.rows {
            let threads = row.rounds.last().map(|round| round.threads.as_slice());
            let shown = threads
                .unwrap_or_default()
                .iter()
                .filter(|(_, millis)| *millis >= 0.005);
            let texts: Vec<String> = shown
                .map(|(name, millis)| format!("{name} {millis:.2}"))
                .collect();
            writeln!(
                f,
                "CPU by thread, {} {}: {}",
                row.name,
                row.variant,
                texts.join(", ")
            )?;
        }
        Ok(())
    }
}

impl Report {
    /// How often each part is done in each operation.
    fn floors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<&Row> = Vec::new();
        for row in &self.rows {
            if !rows.iter().any(|known| known.name == row.name) {
                rows.push(row);
            }
        }
        write!(f, "\nThe floor, one by one with aws-lc-rs:\n\n| part | µs |")?;
        for row in &rows {
            write!(f, " {} |", row.name)?;
        }
        writeln!(f, "\n|---|---:|{}", "---:|".repeat(rows.len()))?;
        for part in Part::ALL {
            let times = |row: &Row| {
                let found = row.work.iter().find(|(known, _)| *known == part);
                found.map_or_else(String::new, |(_, times)| times.to_string())
            };
            write!(f, "| {} | {:.1} |", part.name(), self.floor.micros(part))?;
            for row in &rows {
                write!(f, " {} |", times(row))?;
            }
            writeln!(f)?;
        }
        write!(f, "| **sum, ms** | |")?;
        for row in &rows {
            write!(f, " **{:.3}** |", self.floor.millis(&row.work))?;
        }
        writeln!(f, "\n")
    }
}
