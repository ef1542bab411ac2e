//! Rounds: every subject in turn, the floor after them, so that whatever else the machine does meets all alike.

use serde::Serialize;

use crate::Failure;
use crate::floor::{Floor, Work};
use crate::load;
use crate::operation::Operation;
use crate::process::{self, Usage};

/// Of the rate that was measured: what a machine is loaded with that is not at its limit.
const LOAD: f64 = 0.7;

/// How much is driven.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Amount {
    /// How many do it at the same time.
    #[arg(long, default_value_t = 4)]
    pub(crate) concurrency: usize,
    /// How often each is done in a round.
    #[arg(long, default_value_t = 800)]
    pub(crate) count: u32,
    /// Rounds; the table shows the median of each figure, with the least and the most.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// How often each is done before anything is counted.
    #[arg(long, default_value_t = 200)]
    pub(crate) warm_up: u32,
    /// How often each is done at 70 % of its rate, for the latency there; none leaves it out.
    #[arg(long, default_value_t = 800)]
    pub(crate) at_70: u32,
    /// Only operations whose name holds this.
    #[arg(long)]
    pub(crate) only: Option<String>,
}

/// What is measured: an operation of a server.
pub(crate) struct Subject<'a> {
    pub(crate) operation: &'a dyn Operation,
    /// What distinguishes it from the same operation of another server.
    pub(crate) variant: &'a str,
    /// The server.
    pub(crate) process: u32,
}

/// One subject in one round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p99_millis: f64,
    /// Server processor time per operation.
    pub(crate) cpu_millis: f64,
    pub(crate) cpu_system_millis: f64,
    pub(crate) floor_millis: f64,
    /// Server processor time over the floor, both of this round.
    pub(crate) ratio: f64,
    /// Milliseconds per operation by kind of thread.
    pub(crate) threads: Vec<(String, f64)>,
}

/// One subject in all rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) variant: String,
    pub(crate) work: Work,
    pub(crate) rounds: Vec<Round>,
    /// At 70 % of the rate: the rate, the median and the 99th percentile in milliseconds.
    pub(crate) at_70: Option<(f64, f64, f64)>,
}

impl Row {
    /// Median of a figure over the rounds, with the least and the most.
    pub(crate) fn median(&self, figure: fn(&Round) -> f64) -> (f64, f64, f64) {
        let mut values: Vec<f64> = self.rounds.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
    }
}

/// Measures.
pub(crate) fn measure(subjects: &[Subject<'_>], amount: &Amount) -> Result<Vec<Row>, Failure> {
    let wanted = |subject: &&Subject<'_>| {
        let only = amount.only.as_deref().unwrap_or_default();
        subject.operation.name().contains(only)
    };
    let subjects: Vec<&Subject<'_>> = subjects.iter().filter(wanted).collect();
    let mut rows: Vec<Row> = subjects
        .iter()
        .map(|subject| Row {
            name: subject.operation.name().to_owned(),
            variant: subject.variant.to_owned(),
            work: subject.operation.work(),
            rounds: Vec::new(),
            at_70: None,
        })
        .collect();
    eprintln!("warming up ...");
    for subject in &subjects {
        subject.operation.prepare(amount.warm_up)?;
        load::closed(subject.operation, amount.concurrency, amount.warm_up)?;
    }
    for number in 1..=amount.rounds {
        eprintln!("round {number} of {} ...", amount.rounds);
        let mut driven = Vec::new();
        for subject in &subjects {
            driven.push(drive(subject, amount)?);
        }
        let floor = Floor::measure()?;
        for (row, (outcome, used)) in rows.iter_mut().zip(driven) {
            let round = round(&outcome, &used, floor.millis(&row.work));
            row.rounds.push(round);
        }
    }
    if amount.at_70 > 0 {
        eprintln!("at 70 % of each rate ...");
        for (row, subject) in rows.iter_mut().zip(&subjects) {
            let rate = LOAD * row.median(|round| round.per_second).0;
            subject.operation.prepare(amount.at_70)?;
            let outcome = load::open(subject.operation, rate, amount.at_70)?;
            let millis = |per_mille| outcome.percentile(per_mille).as_secs_f64() * 1000.0;
            row.at_70 = Some((rate, millis(500), millis(990)));
        }
    }
    Ok(rows)
}

fn drive(subject: &Subject<'_>, amount: &Amount) -> Result<(load::Outcome, Usage), Failure> {
    // What has to be there first is not counted.
    let Subject {
        operation, process, ..
    } = subject;
    operation.prepare(amount.count)?;
    let before = process::usage(*process)?;
    let outcome = load::closed(*operation, amount.concurrency, amount.count)?;
    // What an operation leaves to be done behind the answer is its cost too.
    operation.check(amount.count)?;
    let used = process::usage(*process)?.since(&before);
    Ok((outcome, used))
}

fn round(outcome: &load::Outcome, used: &Usage, floor_millis: f64) -> Round {
    let each = |time: std::time::Duration| time.as_secs_f64() * 1000.0 / f64::from(outcome.count.max(1));
    Round {
        per_second: outcome.rate(),
        p50_millis: outcome.percentile(500).as_secs_f64() * 1000.0,
        p99_millis: outcome.percentile(990).as_secs_f64() * 1000.0,
        cpu_millis: each(used.total()),
        cpu_system_millis: each(used.system),
        floor_millis,
        ratio: each(used.total()) / floor_millis,
        threads: used
            .threads
            .iter()
            .map(|(name, time)| (name.clone(), each(*time)))
            .collect(),
    }
}
