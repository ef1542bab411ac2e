//! The same list to OpenSSL and to `x509-cert`, of a size that they can hold.

use std::convert::Infallible;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::process::Command;

use pki::{CrlLimits, EntrySink, RevocationReason, StreamedCrl};
use sim::national_crl::{Nation, Order};
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;

use crate::lists::World;
use crate::time::{float, median, millis, timed};
use crate::{Failure, Options};

/// Collects as the libraries do.
struct Collect(Vec<(u32, i64, RevocationReason)>);

impl EntrySink for Collect {
    type Refusal = Infallible;

    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), Infallible> {
        self.0.push((serial, seconds, reason));
        Ok(())
    }

    fn long(&mut self, _: &[u8], _: i64, _: RevocationReason) -> Result<(), Infallible> {
        Ok(())
    }
}

pub(crate) fn measure(world: &World, options: &Options) -> Result<(), Failure> {
    let limits = CrlLimits {
        max_bytes: u64::MAX,
        max_entries: u64::MAX,
        digest_on_own_thread: false,
    };
    let bytes = fs::read(&world.held)?;
    let anchors = world.anchors()?;
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..options.rounds {
        let mut all = Collect(Vec::new());
        let (took, _) = timed(|| {
            StreamedCrl::read(&mut bytes.as_slice(), &anchors, &limits, &mut all)
                .map_err(|refusal| format!("{refusal:?}").into())
        })?;
        black_box(all.0.len());
        ours.push(millis(took));
        let (took, list) = timed(|| Ok(<CertificateList>::from_der(&bytes)?))?;
        theirs.push(millis(took));
        black_box(list);
    }
    let [ours, theirs] = [ours, theirs].map(median);
    println!("## A list of {} to the libraries, one thread\n", options.held);
    println!("| reader | ms | ns per entry | ratio to ours |\n|---|---|---|---|");
    let per_entry = |millis: f64| millis * 1e6 / float(options.held);
    println!(
        "| ours, signature verified | {ours:.1} | {:.1} | 1 |",
        per_entry(ours)
    );
    println!(
        "| x509-cert, parse only | {theirs:.1} | {:.1} | {:.1} |",
        per_entry(theirs),
        theirs / ours
    );
    let Some(openssl) = openssl(world, options)? else {
        println!("\nOpenSSL was not measured: no compiler, or no headers.");
        return Ok(());
    };
    let figure = |name: &str| -> Result<f64, Failure> {
        let line = openssl
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .ok_or("no figure")?;
        Ok(line.trim().parse()?)
    };
    let read = figure("parse_ms ")? + figure("verify_ms ")?;
    println!(
        "| OpenSSL X509_CRL, signature verified | {read:.1} | {:.1} | {:.1} |",
        per_entry(read),
        read / ours
    );
    println!(
        "\nOpenSSL X509_CRL with {} entries: look-up {:.0} ns (half of them revoked), sorted before the first in {:.0} ms, {:.0} MiB resident.",
        options.held,
        figure("lookup_ns ")?,
        figure("sort_ms ")?,
        figure("resident_kib ")? / 1024.0
    );
    Ok(())
}

fn openssl(world: &World, options: &Options) -> Result<Option<String>, Failure> {
    let place = |name: &str| world.folder.join(name);
    fs::write(place("openssl.c"), include_str!("openssl.c"))?;
    let compiled = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(place("openssl-crl"))
        .arg(place("openssl.c"))
        .arg("-lcrypto")
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    fs::write(place("issuer.der"), &world.authority.certificate)?;
    let until = domain::Timestamp::from_seconds(0);
    let nation = Nation::new(options.held, options.held * 10, Order::Scattered, until);
    let mut asked = BufWriter::new(File::create(place("serials.txt"))?);
    for (entry, miss) in nation.take(500_000).zip(options.held * 11..) {
        writeln!(asked, "{}\n{miss}", entry.serial)?;
    }
    asked.flush()?;
    let ran = Command::new(place("openssl-crl"))
        .arg(&world.held)
        .arg(place("issuer.der"))
        .arg(place("serials.txt"))
        .output()?;
    if !ran.status.success() {
        return Err(format!("OpenSSL ended with {}", ran.status).into());
    }
    Ok(Some(String::from_utf8(ran.stdout)?))
}
