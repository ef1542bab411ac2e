//! What each fault does to links, predecessors and latest items; and the switches themselves.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::jlis_server::control;
use sim::record::CardRecord;

use super::answers::{consent, items};
use super::server::{Answer, Jlis, json_of, name_of};

/// Asks a JSON desk with little patience.
fn ask(jlis: &Jlis, path: &str, body: &Value, within: Duration) -> Option<Answer> {
    let text = body.to_string();
    jlis.ask(
        "POST",
        path,
        "application/json",
        text.as_bytes(),
        within,
        usize::MAX,
    )
}

/// The faults that every JSON desk has.
fn refuses_in_every_way(jlis: &Jlis, desk: &str, path: &str, body: &Value) {
    let patient = Duration::from_mins(1);
    let status = |fault: &str| {
        jlis.fault(&format!("{desk}-{fault}"));
        ask(jlis, path, body, patient).unwrap()
    };
    assert_eq!(status("unavailable").status, 503);
    let garbage = status("garbage");
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
    jlis.fault_with(&format!("{desk}-slow"), json!(300));
    let begun = Instant::now();
    assert_eq!(ask(jlis, path, body, patient).unwrap().status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    jlis.fault_with(&format!("{desk}-huge"), json!(3_000_000));
    assert_eq!(ask(jlis, path, body, patient).unwrap().body.len(), 3_000_000);
}

#[test]
fn predecessors_are_refused_in_every_way() {
    let jlis = Jlis::start();
    let (_, card, _) = jlis.person();
    refuses_in_every_way(&jlis, "predecessor", "/v1/predecessor", &name_of(&card));
    jlis.fault("predecessor-empty");
    assert_eq!(jlis.post("/v1/predecessor", &name_of(&card)).body, b"{}");
    jlis.fault("predecessor-hang-up");
    assert!(ask(&jlis, "/v1/predecessor", &name_of(&card), Duration::from_mins(1)).is_none());
}

#[test]
fn links_are_refused_in_every_way_and_contradict_each_other() {
    let jlis = Jlis::start();
    let (_, card, signing) = jlis.person();
    let (_, stranger, stranger_signing) = jlis.person();
    refuses_in_every_way(&jlis, "links", "/v1/links", &name_of(&card));
    jlis.fault("links-empty");
    assert_eq!(jlis.post("/v1/links", &name_of(&card)).body, b"{}");
    jlis.fault("links-silent");
    assert!(ask(&jlis, "/v1/links", &name_of(&card), Duration::from_millis(500)).is_none());
    let told = || {
        let answer = json_of(&jlis.post("/v1/links", &name_of(&card)));
        answer["links"].as_array().unwrap().clone()
    };
    let link = |kind: &str, of: &CardRecord| {
        let mut link = name_of(of);
        link["kind"] = json!(kind);
        link
    };
    jlis.fault("links-to-itself");
    assert_eq!(told(), [link("signing", &signing), link("predecessor", &card)]);
    jlis.fault("links-contradictory");
    assert_eq!(
        told(),
        [
            link("signing", &signing),
            link("signing", &stranger_signing),
            link("predecessor", &stranger)
        ]
    );
    jlis.fault_with("links-too-many", json!(500));
    assert_eq!(told().len(), 501);
    jlis.fault("links-malformed");
    assert_eq!(told()[1]["issuer_key_hash"], "no hash");
}

#[test]
fn latest_items_are_refused_stale_foreign_and_malformed() {
    let jlis = Jlis::start();
    let (person, _, signing) = jlis.person();
    jlis.person();
    let signed = consent(&signing, None);
    let question = json!({"certificate": name_of(&signing), "consent": signed});
    refuses_in_every_way(&jlis, "items", "/v1/four-items", &question);
    jlis.fault("items-silent");
    assert!(ask(&jlis, "/v1/four-items", &question, Duration::from_millis(500)).is_none());
    jlis.fault("items-refused");
    assert_eq!(
        items(&jlis, &signing, &signed),
        json!({"status": "refused", "reason": "closed"})
    );
    jlis.fault_with("items-refused", json!("consent-expired"));
    assert_eq!(items(&jlis, &signing, &signed)["reason"], "consent-expired");
    jlis.no_fault();
    let before = items(&jlis, &signing, &signed);
    jlis.control(
        "move",
        json!({"person": person, "address": "新しい住所", "later": true}),
    );
    let after = items(&jlis, &signing, &signed);
    assert_eq!(after["items"]["address"], "新しい住所");
    jlis.fault("items-stale");
    let stale = items(&jlis, &signing, &signed);
    assert_eq!(stale["items"], before["items"]);
    assert!(stale["as_of"].as_i64().unwrap() < before["as_of"].as_i64().unwrap() - 300 * 86_400);
    jlis.fault("items-other-person");
    assert_ne!(
        items(&jlis, &signing, &signed)["items"]["name"],
        after["items"]["name"]
    );
    jlis.fault("items-malformed");
    let malformed = items(&jlis, &signing, &signed);
    assert_eq!(malformed["items"]["birth_date"], "tomorrow");
}

#[test]
fn the_command_switches_a_running_server_and_each_server_has_its_own_switches() {
    let jlis = Jlis::start();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_gap-sim"))
            .arg("--dir")
            .arg(jlis.at().join("world"))
            .args(arguments)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let on = || -> Vec<Value> {
        let all = control(&jlis.url, "/control/faults", None).unwrap();
        let rows = all["faults"].as_array().unwrap().clone();
        rows.into_iter().filter(|row| row["on"] == true).collect()
    };
    assert!(run(&["jlis", "fault", "ocsp-slow", "on", "--parameter", "7"]).0);
    assert_eq!((on().len(), on()[0]["parameter"].clone()), (1, json!(7)));
    assert!(run(&["jlis", "fault", "crl-corrupted", "on", "--parameter", "transport"]).0);
    assert_eq!(on().len(), 2);
    assert!(run(&["jlis", "fault", "crl-late", "on", "--server", "second"]).0);
    assert_eq!(on().len(), 2, "another server's");
    assert!(!run(&["jlis", "fault", "no-such", "on"]).0);
    assert!(run(&["jlis", "fault", "all", "off"]).0);
    assert_eq!(on().len(), 0);
    let (done, said) = run(&["jlis", "faults"]);
    assert!(done && said.lines().count() == sim::jlis_server::faults::ServerFault::ALL.len());
    let (done, said) = run(&["jlis", "publish"]);
    assert!(done && said.contains("edition"), "{said}");
}

#[test]
fn the_clock_moves() {
    let jlis = Jlis::start();
    jlis.write_authorities();
    assert_eq!(jlis.manifest().len(), 8);
    let first = jlis.get("/v1/crl/auth-0001.crl").body;
    jlis.control("clock", json!({"offset_seconds": 2 * 86_400}));
    let later = jlis.get("/v1/crl/auth-0001.crl").body;
    assert_ne!(
        first, later,
        "the day's lists are made anew when the old ones have ended"
    );
    assert!(jlis.openssl_crl(&later, "auth.pem").0);
}

/// No fault of the catalogue is without a test: each name stands in one of these files.
#[test]
fn every_fault_of_the_catalogue_is_tested() {
    let tests = [
        include_str!("answers.rs"),
        include_str!("crl_faults.rs"),
        include_str!("ocsp_faults.rs"),
    ]
    .concat();
    // The JSON desks share one test, which puts the name together.
    let shared: Vec<String> = ["predecessor", "links", "items"]
        .iter()
        .flat_map(|desk| {
            ["unavailable", "garbage", "slow", "huge"]
                .iter()
                .map(move |fault| format!("{desk}-{fault}"))
        })
        .collect();
    let own = include_str!("other_faults.rs");
    for fault in sim::jlis_server::faults::ServerFault::ALL {
        let quoted = format!("\"{}\"", fault.as_str());
        assert!(
            tests.contains(&quoted) || own.contains(&quoted) || shared.contains(&fault.as_str().to_owned()),
            "{quoted}"
        );
    }
}
