//! What was answered is kept: `kill -9` in a loop under load, and the order of system calls between write, sync and reply.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at once and loudly"
)]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use conformance_tests::{Browser, Platform, PlatformOptions, RelyingParty};

/// What one citizen was answered before the platform died.
#[derive(Default)]
struct Answered {
    access_tokens: Vec<String>,
    sign_ins: usize,
}

/// Signs in over and over until the connection breaks; counts only what arrived whole.
async fn sign_in_until_broken(
    browser: Browser,
    rp: RelyingParty,
    stop: Arc<AtomicBool>,
) -> (Browser, Answered) {
    let mut answered = Answered::default();
    while !stop.load(Ordering::Relaxed) {
        let (task_browser, task_rp) = (browser.clone(), rp.clone());
        // A broken connection panics in the harness; here that is the expected end of a round.
        let round = tokio::spawn(async move { task_rp.sign_in(&task_browser, "").await });
        match round.await {
            Ok(tokens) => {
                answered.access_tokens.push(tokens.access_token);
                answered.sign_ins += 1;
            }
            Err(_) => break,
        }
    }
    (browser, answered)
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the counts are the result")]
async fn nothing_that_was_answered_is_lost_by_kill_9() {
    const ROUNDS: u32 = 8;
    let mut platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-durable");
    let (mut tokens_checked, mut sessions_checked) = (0, 0);
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..4)
            .map(|_| platform.browser_with_new_card())
            .map(|browser| tokio::spawn(sign_in_until_broken(browser, rp.clone(), Arc::clone(&stop))))
            .collect();
        // Another moment in each round, in the middle of the load.
        tokio::time::sleep(Duration::from_millis(700 + u64::from(round) * 137)).await;
        platform.kill();
        stop.store(true, Ordering::Relaxed);
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        platform.run().await;
        for (browser, answered) in answers {
            assert!(answered.sign_ins > 0, "round {round} was killed under load");
            for token in &answered.access_tokens {
                let information = rp.userinfo(&browser, token).await;
                assert_eq!(
                    information.status, 200,
                    "an answered token is known: {}",
                    information.body
                );
                tokens_checked += 1;
            }
            let reply = rp.authorize(&browser, "&prompt=none").await;
            assert!(
                reply.iter().any(|(name, _)| name == "code"),
                "an answered session stands: {reply:?}"
            );
            sessions_checked += 1;
        }
        let verified = platform.command(&["audit", "verify"]);
        assert!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stderr)
        );
    }
    println!(
        "{ROUNDS} kills under load: {tokens_checked} tokens and {sessions_checked} sessions answered, none lost"
    );
    let log = String::from_utf8(platform.command(&["audit", "export"]).stdout).unwrap();
    let issued = log
        .lines()
        .filter(|line| line.contains("\\\"token_issued\\\""))
        .count();
    assert!(
        issued >= tokens_checked,
        "{issued} on record, {tokens_checked} answered"
    );
}

/// One system call that matters, in the order of the trace.
#[derive(Debug, PartialEq)]
enum Call {
    WalWrite,
    WalSync,
    Reply,
}

/// Reads `strace -f -yy` output from the last request on: writes to and syncs of the Ledger's log, and what is sent on the front's
/// connections.
fn calls(trace: &str, front_port: &str) -> Vec<Call> {
    let socket = format!("127.0.0.1:{front_port}->");
    trace
        .lines()
        .filter_map(|line| {
            let wal = line.contains("ledger.sqlite-wal>");
            if wal && line.contains("pwrite64(") {
                Some(Call::WalWrite)
            } else if wal && line.contains("fdatasync(") && !line.contains("unfinished") {
                Some(Call::WalSync)
            } else if line.contains(&socket)
                && (line.contains("writev(") || line.contains("write(") || line.contains("sendto("))
            {
                Some(Call::Reply)
            } else {
                None
            }
        })
        .collect()
}

/// Whether every run of writes to the log is synced before the next byte goes out.
fn synced_before_replies(calls: &[Call]) -> bool {
    let mut unsynced = false;
    for call in calls {
        match call {
            Call::WalWrite => unsynced = true,
            Call::WalSync => unsynced = false,
            Call::Reply if unsynced => return false,
            Call::Reply => {}
        }
    }
    true
}

async fn traced_sign_in(storage: &str) -> Vec<Call> {
    let scratch = tempfile::tempdir().unwrap();
    let output = scratch.path().join("trace");
    let words = [
        "strace",
        "-f",
        "-yy",
        "-s",
        "0",
        "-e",
        "trace=pwrite64,fdatasync,write,writev,sendto",
        "-o",
    ];
    let mut wrapper: Vec<String> = words.map(str::to_owned).to_vec();
    wrapper.push(output.display().to_string());
    let options = PlatformOptions {
        storage: storage.to_owned(),
        wrapper,
        ..Default::default()
    };
    let mut platform = Platform::start_with(options).await;
    let rp = RelyingParty::register(&platform, "rp-traced");
    let browser = platform.browser_with_new_card();
    rp.sign_in(&browser, "").await;
    // The platform writes on its own account too: lists taken in at the start, and the questions that a first sign-in put to J-LIS. From
    // where that is on record on, there is nobody but us.
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let said = platform.command(&["revocation", "questions"]);
        if String::from_utf8_lossy(&said.stdout).contains("links") {
            break;
        }
        assert!(Instant::now() < until, "the questions never reach the account");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let begun = std::fs::read_to_string(&output).unwrap().lines().count();
    // One client, one request at a time: what is between two replies belongs to the second.
    for _ in 0..3 {
        rp.sign_in(&browser, "").await;
    }
    // strace is not the server: ask the server itself to end, then strace ends.
    let server = String::from_utf8(
        Command::new("pgrep")
            .args(["-P", &platform.process_id().unwrap().to_string()])
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    assert!(
        Command::new("kill")
            .args(["-TERM", server.trim()])
            .status()
            .unwrap()
            .success()
    );
    let until = Instant::now() + Duration::from_secs(30);
    while !std::fs::read_to_string(&output).is_ok_and(|text| text.contains("+++ exited with 0 +++")) {
        assert!(Instant::now() < until, "the traced platform does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let front_port = platform.origin.rsplit(':').next().unwrap().to_owned();
    platform.kill();
    let trace = std::fs::read_to_string(&output).unwrap();
    let trace: Vec<&str> = trace.lines().skip(begun).collect();
    let calls = calls(&trace.join("\n"), &front_port);
    assert!(
        calls.iter().filter(|call| **call == Call::WalWrite).count() >= 8,
        "commits are in the trace: {calls:?}"
    );
    assert!(calls.contains(&Call::Reply), "replies are in the trace");
    calls
}

#[tokio::test]
async fn no_reply_byte_leaves_before_the_log_is_synced() {
    let calls = traced_sign_in("").await;
    assert!(calls.contains(&Call::WalSync));
    assert!(synced_before_replies(&calls), "{calls:?}");
}

/// The same look at a platform that does not wait for the disk: it must notice.
#[tokio::test]
async fn the_look_notices_when_nobody_waits_for_the_disk() {
    let calls = traced_sign_in("synchronous = \"off\"").await;
    assert!(!synced_before_replies(&calls), "{calls:?}");
}
