//! What the kernel says: processor time and memory of the server, and what machine this is (proc(5)).

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Failure;

/// `USER_HZ`: the unit of times in `/proc/PID/stat`, 100 on every Linux that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

/// Processor time so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    /// By name of thread.
    pub(crate) threads: BTreeMap<String, Duration>,
}

impl Usage {
    /// What was used since then.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let threads = self.threads.iter().map(|(name, now)| {
            let then = before.threads.get(name).copied().unwrap_or_default();
            (name.clone(), now.saturating_sub(then))
        });
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            threads: threads.collect(),
        }
    }

    /// Both.
    pub(crate) fn total(&self) -> Duration {
        self.user + self.system
    }
}

/// Of a process, with all its threads.
pub(crate) fn usage(process: u32) -> Result<Usage, Failure> {
    let (_, user, system) = times(&format!("/proc/{process}/stat"))?;
    let mut threads: BTreeMap<String, Duration> = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{process}/task"))? {
        let path = entry?.path().join("stat");
        if let Ok((name, user, system)) = times(&path.to_string_lossy()) {
            *threads.entry(name).or_default() += user + system;
        }
    }
    Ok(Usage {
        user,
        system,
        threads,
    })
}

fn times(path: &str) -> Result<(String, Duration, Duration), Failure> {
    read_times(&fs::read_to_string(path)?).ok_or_else(|| format!("{path} is not understood").into())
}

/// The name may hold spaces and parentheses: what follows the last one is regular; user and system time are the 12th and 13th.
fn read_times(stat: &str) -> Option<(String, Duration, Duration)> {
    let (before, after) = stat.rsplit_once(") ")?;
    let name = before.split_once('(')?.1;
    // Workers are numbered; together they are one kind.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == ':');
    let mut fields = after.split(' ').skip(11).map(|field| field.parse::<u32>().ok());
    let (user, system) = (fields.next()??, fields.next()??);
    Some((name.to_owned(), TICK * user, TICK * system))
}

/// Processor time of the calling thread; the kernel brings it up to date at every tick.
pub(crate) fn own_thread() -> Result<Duration, Failure> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) now_kib: u64,
    pub(crate) most_kib: u64,
}

/// Of a process.
pub(crate) fn memory(process: u32) -> Result<Memory, Failure> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let find = |name: &str| -> Result<u64, Failure> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .ok_or("no memory in status")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(Memory {
        now_kib: find("VmRSS:")?,
        most_kib: find("VmHWM:")?,
    })
}

/// What it was measured on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    /// Median of appending 4 KiB and `fdatasync`, where the databases are.
    pub(crate) sync_micros: f64,
    /// Before it began: what else ran here.
    pub(crate) load_average: String,
}

/// This one; `folder` is on the file system of the databases.
pub(crate) fn machine(folder: &Path) -> Result<Machine, Failure> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find(|line| line.starts_with("model name"));
    Ok(Machine {
        processor: model
            .and_then(|line| line.split_once(": "))
            .map_or("unknown", |(_, name)| name)
            .to_owned(),
        cores: std::thread::available_parallelism()?.get(),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
            .trim()
            .to_owned(),
        sync_micros: sync_micros(folder)?,
        load_average: load_average()?,
    })
}

/// Of the last minute: what else runs here.
pub(crate) fn load_average() -> Result<String, Failure> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}

fn sync_micros(folder: &Path) -> Result<f64, Failure> {
    let path = folder.join("sync-probe");
    let mut file = fs::File::create(&path)?;
    let mut took = Vec::new();
    for _ in 0..101 {
        let begun = Instant::now();
        file.write_all(&[0x55; 4096])?;
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    fs::remove_file(&path)?;
    took.sort();
    Ok(took.get(50).copied().unwrap_or_default().as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_a_name_of_any_kind() {
        let stat = "77 (actix-rt) x:2) S 1 77 77 0 -1 4194304 900 0 0 0 123 45 0 0 20 0 9 0 100 1 1 1";
        let (name, user, system) = read_times(stat).unwrap();
        assert_eq!(name, "actix-rt) x");
        assert_eq!(
            (user, system),
            (Duration::from_millis(1230), Duration::from_millis(450))
        );
    }
}
