//! The process, and a client that sees everything that comes over the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::Simulation;
use sim::authority::{CaKind, Hierarchy};
use sim::jlis_server::control;
use sim::keys::KeyCache;
use sim::record::CardRecord;
use tempfile::TempDir;

/// A simulation in a folder and its J-LIS.
pub(crate) struct Jlis {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    child: Child,
}

/// An answer, as far as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// What content-length promised.
    pub(crate) promised: Option<usize>,
}

impl Jlis {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Simulation::create(&folder.path().join("world"), "jlis tests", KeyCache::shared()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gap-sim"))
            .arg("--dir")
            .arg(folder.path().join("world"))
            .args(["jlis", "serve"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            folder,
            url: url.trim().to_owned(),
            child,
        }
    }

    pub(crate) fn at(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn world(&self) -> Simulation {
        Simulation::open(&self.at().join("world"), KeyCache::shared()).unwrap()
    }

    pub(crate) fn control(&self, path: &str, body: Value) -> Value {
        control(&self.url, &format!("/control/{path}"), Some(&body)).unwrap()
    }

    pub(crate) fn fault(&self, name: &str) {
        self.control("faults", json!({"fault": "all", "on": false}));
        self.control("faults", json!({"fault": name, "on": true}));
    }

    pub(crate) fn fault_with(&self, name: &str, parameter: Value) {
        self.control("faults", json!({"fault": "all", "on": false}));
        self.control(
            "faults",
            json!({"fault": name, "on": true, "parameter": parameter}),
        );
    }

    pub(crate) fn no_fault(&self) {
        self.control("faults", json!({"fault": "all", "on": false}));
    }

    /// A new person with both certificates on a P-384 card: authentication, signing.
    pub(crate) fn person(&self) -> (String, CardRecord, CardRecord) {
        let said = self.control("issue", json!({"certificate": {"algorithm": "p384"}}));
        let world = self.world();
        let id = |place: usize| said["certificates"][place]["id"].as_str().unwrap();
        (
            said["person"].as_str().unwrap().to_owned(),
            world.record(id(0)).unwrap().clone(),
            world.record(id(1)).unwrap().clone(),
        )
    }

    /// Sends a request and takes whatever comes until the connection ends, `within` passes or `most` bytes came.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
        within: Duration,
        most: usize,
    ) -> Option<Answer> {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: jlis\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let until = Instant::now() + within;
        let mut all = Vec::new();
        let mut part = vec![0; 1 << 16];
        while all.len() < most {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            stream.set_read_timeout(Some(left)).unwrap();
            match stream.read(&mut part) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(count) => all.extend_from_slice(&part[..count]),
            }
        }
        let place = all.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(all[..place].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let promised = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map(|length| length.parse().unwrap());
        Some(Answer {
            status,
            head,
            body: all[place + 4..].to_vec(),
            promised,
        })
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", &[], Duration::from_mins(1), usize::MAX)
            .unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let text = body.to_string();
        self.ask(
            "POST",
            path,
            "application/json",
            text.as_bytes(),
            Duration::from_mins(1),
            usize::MAX,
        )
        .unwrap()
    }

    /// Rows of the manifest: name, kind, bytes, digest.
    pub(crate) fn manifest(&self) -> Vec<(String, String, usize, String)> {
        let answer = self.get("/v1/crl");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        json_of(&answer)["lists"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (
                    text(row, "name"),
                    text(row, "ca_kind"),
                    usize::try_from(row["bytes"].as_u64().unwrap()).unwrap(),
                    text(row, "sha256"),
                )
            })
            .collect()
    }

    /// `auth.pem`, `sign.pem` (current generation) and `anchors.pem` (all) for OpenSSL.
    pub(crate) fn write_authorities(&self) {
        let world = self.world();
        let mut all = String::new();
        for authority in world.authorities(Hierarchy::Test).unwrap() {
            let pem = sim::pem("CERTIFICATE", &authority.certificate);
            if authority.generation == 3 {
                let name = match authority.kind {
                    CaKind::UserAuthentication => "auth.pem",
                    CaKind::DigitalSignature => "sign.pem",
                };
                self.write(name, &pem);
            }
            all += &pem;
        }
        self.write("anchors.pem", all);
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at().join(name), content).unwrap();
    }

    /// OpenSSL's verdict and everything that it said.
    pub(crate) fn openssl(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.at())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (
            output.status.success(),
            said + &String::from_utf8_lossy(&output.stderr),
        )
    }

    /// Verifies a list with an authority's certificate and prints it.
    pub(crate) fn openssl_crl(&self, list: &[u8], authority: &str) -> (bool, String) {
        self.write("list.crl", list);
        let (done, said) = self.openssl(&[
            "crl", "-inform", "DER", "-in", "list.crl", "-CAfile", authority, "-verify", "-noout", "-text",
        ]);
        (done && said.contains("verify OK"), said)
    }
}

impl Drop for Jlis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// A certificate's name as the wire has it.
pub(crate) fn name_of(record: &CardRecord) -> Value {
    serde_json::to_value(record.name()).unwrap()
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
