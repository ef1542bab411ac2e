//! People who leave: nothing durable is written for them, and what they took comes back.

use std::time::{Duration, Instant};

use conformance_tests::{Platform, PlatformOptions, RelyingParty};

/// A metric that counts.
async fn count(platform: &Platform, name: &str) -> String {
    platform.metric(name).await.unwrap().to_string()
}

/// Resident memory of the platform in KiB.
fn resident(platform: &Platform) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", platform.process_id().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn abandon(rp: &RelyingParty, browsers: &[conformance_tests::Browser], count: usize) {
    let url = rp.request("");
    let each = count / browsers.len();
    let tasks: Vec<_> = browsers
        .iter()
        .cloned()
        .map(|browser| {
            let url = url.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    assert_eq!(browser.get_one(&url).await.status, 303);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn wait_until_empty(platform: &Platform) {
    let until = Instant::now() + Duration::from_secs(90);
    while platform.metric("ephemera_entries").await.unwrap() > 0.0 {
        assert!(
            Instant::now() < until,
            "{:?} entries stay",
            platform.metric("ephemera_entries").await
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_abandoned_sign_ins_leave_nothing() {
    let options = PlatformOptions {
        more_config: "[session]\ntransaction_seconds = 12\n".to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(options).await;
    let rp = RelyingParty::register(&platform, "rp-left");
    let browsers: Vec<_> = (0..8).map(|_| platform.bare_browser()).collect();
    // Buffers and caches fill once; what counts is whether ten thousand more take anything for good.
    abandon(&rp, &browsers, 10_000).await;
    wait_until_empty(&platform).await;
    let counted = ["ledger_audit_records", "ledger_accounts", "ledger_sessions"];
    let mut rows_before = Vec::new();
    for name in counted {
        rows_before.push(count(&platform, name).await);
    }
    let before = resident(&platform);
    abandon(&rp, &browsers, 10_000).await;
    assert!(
        platform.metric("ephemera_entries").await.unwrap() > 0.0,
        "they are held for a while"
    );
    wait_until_empty(&platform).await;
    let after = resident(&platform);
    assert!(
        after * 100 <= before * 105,
        "resident memory: {before} KiB before, {after} KiB after"
    );
    for (name, before) in counted.into_iter().zip(rows_before) {
        assert_eq!(count(&platform, name).await, before, "no Ledger row: {name}");
    }
}
