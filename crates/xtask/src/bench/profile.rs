//! Where the processor time goes, by `perf` (Debian: linux-perf): own time of each function, put into groups.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;
use crate::walk::Protocol;

/// A group and what the names of its functions contain; the first that fits counts.
const GROUPS: &[(&str, &[&str])] = &[
    ("cryptography (aws-lc)", &["aws_lc", "aws-lc"]),
    ("SQLite", &["sqlite3", "rusqlite", "libsqlite"]),
    ("TLS (rustls)", &["rustls", "webpki"]),
    ("JSON (serde)", &["serde_json", "serde"]),
    ("pages (askama)", &["askama", "idp_server::pages"]),
    (
        "XML and SAML",
        &["quick_xml", "roxmltree", "xml::", "saml::", "flate2", "miniz"],
    ),
    (
        "certificates (pki, jpki)",
        &["jpki::", "pki::", "revocation::", "der::", "x509_cert"],
    ),
    (
        "HTTP and tasks (actix, hyper, tokio)",
        &[
            "actix", "hyper", "tokio", "http::", "httparse", "h2::", "mio::", "futures",
        ],
    ),
    ("metrics and logs", &["metrics", "tracing"]),
    (
        "our other rooms",
        &[
            "idp_server",
            "store::",
            "store_sql",
            "login::",
            "oidc::",
            "policy::",
            "domain::",
            "audit::",
            "keys::",
            "jose::",
        ],
    ),
];

/// Runs a load under `perf` and prints the groups and the functions that cost most.
pub(crate) fn run(
    process: u32,
    folder: &Path,
    protocol: Protocol,
    load: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let data = folder.join("perf.data");
    let mut perf = Command::new("perf")
        .args([
            "record",
            "--quiet",
            "--event",
            "cpu-clock",
            "--freq",
            "2000",
            "--pid",
            &process.to_string(),
        ])
        .arg("--output")
        .arg(&data)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("perf: {error}; install linux-perf"))?;
    let driven = load();
    // perf finishes its file on an interrupt.
    let _ = Command::new("kill")
        .args(["-INT", &perf.id().to_string()])
        .status()?;
    perf.wait()?;
    driven?;
    let report = Command::new("perf")
        .args([
            "report",
            "--stdio",
            "--no-children",
            "--sort",
            "dso,symbol",
            "--field-separator",
            "\t",
            "--input",
        ])
        .arg(&data)
        .stderr(Stdio::null())
        .output()?;
    print(protocol, &String::from_utf8_lossy(&report.stdout));
    Ok(())
}

fn print(protocol: Protocol, report: &str) {
    let rows: Vec<(f64, &str, &str)> = report.lines().filter_map(row).collect();
    let mut groups: BTreeMap<&str, f64> = BTreeMap::new();
    for (share, object, symbol) in &rows {
        *groups.entry(group(object, symbol)).or_default() += share;
    }
    let mut groups: Vec<(&str, f64)> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.total_cmp(&a.1));
    println!(
        "\nwhere the server's processor time goes, {} (own time, perf)\n",
        protocol.name()
    );
    for (name, share) in groups {
        println!("| {share:>5.1} % | {name:<40} |");
    }
    println!();
    for (share, object, symbol) in rows.iter().take(40) {
        println!("{share:>6.2} %  {object}  {symbol}");
    }
}

fn row(line: &str) -> Option<(f64, &str, &str)> {
    let mut fields = line.split('\t').map(str::trim);
    let share = fields.next()?.trim_end_matches('%').parse().ok()?;
    Some((share, fields.next()?, fields.next()?))
}

fn group(object: &str, symbol: &str) -> &'static str {
    if object.starts_with("[kernel") || symbol.starts_with("[k]") {
        return "kernel (sockets, files, scheduling)";
    }
    let known = GROUPS
        .iter()
        .find(|(_, marks)| marks.iter().any(|mark| symbol.contains(mark)));
    match known {
        Some((name, _)) => name,
        None if object.starts_with("libc") || symbol.contains("alloc") => "memory and libc",
        None => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_perf_find_their_group() {
        let (share, object, symbol) = row("    12.50%\tidp-server\t[.] sqlite3VdbeExec").unwrap();
        assert!((share - 12.5).abs() < 1e-9);
        assert_eq!(group(object, symbol), "SQLite");
        assert_eq!(
            group("[kernel.kallsyms]", "[k] tcp_sendmsg"),
            "kernel (sockets, files, scheduling)"
        );
        assert_eq!(group("libc.so.6", "[.] __memcpy_avx"), "memory and libc");
        assert!(row("# Samples: 3K").is_none());
    }
}
