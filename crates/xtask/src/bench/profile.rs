//! Where the processor time goes, by `perf` (Debian: linux-perf) with call stacks: each sample counts for whoever asked for the work,
//! so that a page read for SQLite is SQLite's and not the kernel's.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::Failure;
use crate::load;
use crate::measure::{Amount, Subject};

/// A group and what the names of its functions contain. From the innermost frame outwards, the first that fits counts; within a frame,
/// the first row that fits.
const GROUPS: &[(&str, &[&str])] = &[
    ("SQLite: reads, commits, syncs", &["sqlite3", "rusqlite"]),
    (
        "PostgreSQL: statements and answers",
        &["tokio_postgres", "postgres_protocol", "postgres_types"],
    ),
    ("Redis: steps and answers", &["redis::"]),
    (
        "cryptography (aws-lc)",
        &["aws_lc", "ecp_nistz", "curve25519", "rsaz", "mlk_"],
    ),
    ("TLS around it (rustls)", &["rustls"]),
    ("logs and metrics", &["tracing", "metrics", "log::Log"]),
    ("JSON (serde)", &["serde_json", "serde_core", "_serde"]),
    (
        "XML, SAML",
        &["xml::", "saml::", "quick_xml", "roxmltree", "flate2"],
    ),
    (
        "certificates",
        &["jpki::", "pki::", "revocation::", " der::", "<der::", "x509_cert"],
    ),
    ("pages", &["askama", "idp_server::pages"]),
    ("routing by regular expression", &["regex_lite", "actix_router"]),
    (
        "hand-over to and from the store's threads",
        &["store_sql", "oneshot", "mpmc"],
    ),
    (
        "our other rooms",
        &[
            "idp_server",
            "login::",
            "oidc::",
            "policy::",
            "domain::",
            "audit::",
            "keys::",
            "jose::",
        ],
    ),
    (
        "HTTP (actix, hyper)",
        &["actix_http", "actix_web", "hyper", "http::", "httparse"],
    ),
    (
        "sockets: reading, writing, accepting, closing",
        &[
            "tokio::net",
            "mio::net",
            "TcpStream",
            "TcpListener",
            "PollEvented",
        ],
    ),
    (
        "waiting and waking (epoll, futex, task queues)",
        &["tokio", "actix", "mio::"],
    ),
];

/// Runs a subject under `perf` and prints who asked for the processor's time.
pub(crate) fn run(subject: &Subject<'_>, amount: &Amount) -> Result<(), Failure> {
    let folder = std::env::temp_dir();
    subject.operation.prepare(amount.count)?;
    let data = folder.join(format!("bench-{}.perf", std::process::id()));
    let mut perf = Command::new("perf")
        .args(["record", "--quiet", "--event", "cpu-clock", "--freq", "499"])
        .args([
            "--call-graph",
            "dwarf,16384",
            "--pid",
            &subject.process.to_string(),
        ])
        .arg("--output")
        .arg(&data)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("perf: {error}; install linux-perf"))?;
    let driven = load::closed(subject.operation, amount.concurrency, amount.count);
    // perf finishes its file on an interrupt.
    Command::new("kill")
        .args(["-INT", &perf.id().to_string()])
        .status()?;
    perf.wait()?;
    driven?;
    eprintln!("unwinding ...");
    let script = Command::new("perf")
        .args(["script", "--fields", "comm,ip,sym", "--input"])
        .arg(&data)
        .stderr(Stdio::null())
        .output()?;
    std::fs::remove_file(&data)?;
    let name = format!("{} {}", subject.operation.name(), subject.variant);
    print(&name, &String::from_utf8_lossy(&script.stdout))
}

/// Samples of a group: in our process's own code, and in the kernel on its behalf.
#[derive(Clone, Copy, Debug, Default)]
struct Samples {
    user: u32,
    kernel: u32,
}

impl Samples {
    const fn all(self) -> u32 {
        self.user + self.kernel
    }
}

fn print(name: &str, script: &str) -> Result<(), Failure> {
    let mut groups: BTreeMap<&str, Samples> = BTreeMap::new();
    for sample in script.split("\n\n").filter(|sample| sample.contains('\n')) {
        let (group, kernel) = asked_by(sample);
        let samples = groups.entry(group).or_default();
        if kernel {
            samples.kernel += 1;
        } else {
            samples.user += 1;
        }
    }
    let all: u32 = groups.values().map(|samples| samples.all()).sum();
    if all == 0 {
        return Err("perf took no sample".into());
    }
    let mut rows: Vec<(&str, Samples)> = groups.into_iter().collect();
    rows.sort_by_key(|(_, samples)| std::cmp::Reverse(samples.all()));
    let share = |samples: u32| 100.0 * f64::from(samples) / f64::from(all);
    println!("\nwhere the server's processor time goes, {name} ({all} samples)\n");
    println!("| {:<46} | share | of it in the kernel |", "asked for by");
    println!("|{:-<48}|------:|--------------------:|", "");
    for (group, samples) in rows {
        println!(
            "| {group:<46} | {:>3.1} % | {:>3.1} % |",
            share(samples.all()),
            share(samples.kernel)
        );
    }
    Ok(())
}

/// The group of a sample, and whether it was taken in the kernel. The first line names the thread; then come the frames, innermost
/// first, each an address and a name.
fn asked_by(sample: &str) -> (&'static str, bool) {
    let frames = || sample.lines().skip(1).map(str::trim);
    let in_kernel = |frame: &str| frame.starts_with("ffff");
    let kernel = frames().next().is_some_and(in_kernel);
    let group = frames().filter(|frame| !in_kernel(frame)).find_map(|frame| {
        GROUPS
            .iter()
            .find(|(_, marks)| marks.iter().any(|mark| frame.contains(mark)))
            .map(|(name, _)| *name)
    });
    (group.unwrap_or("not attributed"), kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_known_frame_asked() {
        let write = "ledger \n\tffffffff81 vfs_write\n\t7f01 pwrite64\n\t5501 unixWrite\n\t5502 sqlite3WalFrames\n\
                     \t5503 store_sql::group::work";
        assert_eq!(asked_by(write), ("SQLite: reads, commits, syncs", true));
        let sign =
            "actix \n\t5501 ecp_nistz256_ord_sqr_montx\n\t5502 rustls::crypto::sign\n\t5503 tokio::run";
        assert_eq!(asked_by(sign), ("cryptography (aws-lc)", false));
        let sleep = "tokio \n\tffffffff81 schedule\n\t7f01 epoll_wait\n\t5501 mio::poll::Poll::poll\n\t5502 tokio::park";
        assert_eq!(
            asked_by(sleep),
            ("waiting and waking (epoll, futex, task queues)", true)
        );
        assert_eq!(asked_by("x \n\t55 main"), ("not attributed", false));
    }
}
