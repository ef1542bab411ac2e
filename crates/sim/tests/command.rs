//! `gap-sim` as people use it.

#![allow(clippy::unwrap_used, reason = "a test's own helpers")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gap-sim"));
    command.arg("--dir").arg(folder.join("world"));
    command
}

fn output(folder: &Path, arguments: &[&str]) -> Output {
    command(folder)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = output(folder, arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = output(folder, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_card_is_made_used_locked_renewed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert!(
        refused(at, &["card", "list"]).contains("simulation.json"),
        "nothing there yet"
    );
    said(at, &["init", "--seed", "command test"]);
    said(at, &["init", "--seed", "command test"]);
    assert!(refused(at, &["init", "--seed", "another"]).contains("another seed"));
    assert_eq!(
        said(
            at,
            &["card", "make", "--alg", "p384", "--days", "30", "--pin", "4321"]
        ),
        "card-1\n"
    );
    assert_eq!(
        said(at, &["card", "renew", "card-1", "--alg", "p384"]),
        "card-2\n"
    );

    std::fs::write(at.join("message"), "a message").unwrap();
    let sign = |pin| ["card", "sign", "card-1", "--pin", pin, "message"];
    assert!(
        said(at, &sign("4321")).starts_with("30"),
        "an ECDSA signature in DER"
    );
    assert!(refused(at, &sign("0000")).contains("2 tries left"));
    assert!(
        refused(at, &sign("0000")).contains("1 tries left"),
        "the counter outlives the process"
    );
    said(at, &sign("4321"));
    for _ in 0..3 {
        refused(at, &sign("0000"));
    }
    assert!(refused(at, &sign("4321")).contains("locked"));

    let listed = said(at, &["card", "list"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.first().unwrap().contains("0 tries left"));
    assert!(lines.last().unwrap().contains("replaces card-1"));

    said(at, &["card", "revoke", "card-2", "--reason", "key-compromise"]);
    said(at, &["crl", "publish"]);
    let list = at.join("world/crl/user-authentication.crl");
    let text = Command::new("openssl")
        .args(["crl", "-inform", "DER", "-noout", "-text", "-in"])
        .arg(list)
        .output();
    let text = String::from_utf8(text.unwrap().stdout).unwrap();
    assert!(
        text.contains("Superseded") && text.contains("Key Compromise"),
        "{text}"
    );

    assert!(refused(at, &["card", "export", "card-1"]).contains("--p12"));
    said(
        at,
        &[
            "card",
            "export",
            "card-1",
            "--p12",
            "card.p12",
            "--password",
            "demo",
            "--pem",
            "card.pem",
        ],
    );
    let opened = Command::new("openssl")
        .args(["pkcs12", "-in", "card.p12", "-passin", "pass:demo", "-nokeys"])
        .current_dir(at)
        .output()
        .unwrap();
    assert!(opened.status.success());
    said(at, &["server-certificate", "--out", "server"]);
    assert!(at.join("server/server.key").exists());
}

#[test]
fn the_simulated_jlis_says_where_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    said(folder.path(), &["init"]);
    let mut child = command(folder.path())
        .args(["jlis", "serve"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    assert!(std::net::TcpStream::connect(address).is_ok());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_person_signs_moves_loses_and_dies() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    said(at, &["init", "--seed", "persons by command"]);
    assert_eq!(
        said(
            at,
            &[
                "person",
                "new",
                "--name",
                "渡辺　花子",
                "--name-substitution",
                "01000"
            ]
        ),
        "person-1\n"
    );
    let p384 = ["--alg", "p384"];
    let issue = |medium| [&["person", "issue", "person-1", "--medium", medium][..], &p384].concat();
    assert_eq!(said(at, &issue("card")), "card-1\nsign-2\n");
    assert_eq!(said(at, &issue("phone")), "phone-3\nphone-sign-4\n");
    assert!(refused(at, &issue("card")).contains("valid certificate"));

    std::fs::write(at.join("document"), "consent").unwrap();
    let files = ["--in", "document", "--out", "out"];
    let sign = |who, password| {
        [
            &["card", "sign-document", "--card", who, "--password", password][..],
            &files,
        ]
        .concat()
    };
    for who in ["person-1", "card-1", "sign-2"] {
        said(at, &sign(who, "PASSWORD1"));
        let shown = Command::new("openssl")
            .args([
                "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", "out",
            ])
            .current_dir(at)
            .output()
            .unwrap();
        assert!(String::from_utf8(shown.stdout).unwrap().contains("signedAttrs"));
    }
    assert!(refused(at, &sign("sign-2", "PASSWORD2")).contains("4 tries left"));
    assert!(refused(at, &sign("person-9", "PASSWORD1")).contains("no valid"));
    said(
        at,
        &[&["card", "sign-challenge", "--card", "card-1"][..], &files].concat(),
    );
    assert!(std::fs::read(at.join("out")).unwrap().starts_with(&[0x30]));
    let without = [
        "card",
        "answer-without-pin",
        "--card",
        "card-1",
        "--birth-date",
        "19900217",
    ];
    said(at, &[&without[..], &files].concat());
    assert_eq!(std::fs::read(at.join("out")).unwrap().len(), 32);

    let moved = [
        "person",
        "move",
        "person-1",
        "--address",
        "どこか",
        "--alg",
        "p384",
    ];
    assert_eq!(said(at, &moved), "sign-5\n");
    assert!(said(at, &["person", "links", "sign-5"]).contains("Predecessor sign-2"));
    said(at, &["person", "lose", "person-1", "--medium", "phone"]);
    assert!(
        refused(at, &["person", "renew", "person-1", "--medium", "phone"]).contains("nothing to replace")
    );
    said(at, &["person", "die", "person-1"]);
    assert!(said(at, &["person", "list"]).contains("dead"));
    assert!(refused(at, &issue("card")).contains("dead"));
}
