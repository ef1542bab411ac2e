//! `sp-sdk` as a ministry uses it: its samples as they are, against the running platform, with people and cards.
//!
//! `services` are the two samples of the demo (guards, logout both ways, encryption, roll-over of keys); `step_up` is the resource server
//! (RFC 9470); `linking` is the service that has customers already.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its work must fail at once and loudly"
)]

mod linking;
mod services;
mod step_up;

use std::future::Future;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use conformance_tests::{Platform, free_port, program};

/// A sample that runs.
struct Sample {
    origin: String,
    log: PathBuf,
    _process: tokio::process::Child,
}

/// Where a sample will listen.
struct Place {
    origin: String,
    /// The first lines of its configuration.
    settings: String,
    /// Lines about the platform, for whatever table they belong to.
    platform: String,
}

impl Place {
    fn new(platform: &Platform, name: &str, host: &str) -> Self {
        let port = free_port();
        let (certificate, key) = platform.write_server_certificate(name, &[host]);
        let front = platform.origin.rsplit(':').next().unwrap();
        Self {
            origin: format!("https://{host}:{port}"),
            settings: format!(
                "listen = \"127.0.0.1:{port}\"\ncertificate = \"{}\"\nprivate_key = \"{}\"\n",
                certificate.display(),
                key.display()
            ),
            platform: format!(
                "addresses = [[\"idp.localhost\", \"127.0.0.1:{front}\"]]\ntrusted_ca_pem = '''\n{}'''\n",
                platform.ca_pem
            ),
        }
    }
}

impl Sample {
    /// Starts it and waits until it listens.
    async fn start(platform: &Platform, example: &str, place: Place, settings: &str) -> Self {
        let file = platform.path().join(format!("{example}.toml"));
        std::fs::write(&file, format!("{}{settings}", place.settings)).unwrap();
        let log = platform.path().join(format!("{example}.log"));
        let out = std::fs::File::create(&log).unwrap();
        let process = tokio::process::Command::new(program(&format!("examples/{example}")))
            .arg(&file)
            .stdout(Stdio::from(out.try_clone().unwrap()))
            .stderr(Stdio::from(out))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let sample = Self {
            origin: place.origin,
            log,
            _process: process,
        };
        eventually("the sample listens", || async {
            sample.log().contains("listening on")
        })
        .await;
        sample
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// Runs a sample for what it prints.
fn printed(example: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program(&format!("examples/{example}")))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A P-256 key of a service, and its registration.
fn client_key(platform: &Platform, name: &str) -> (PathBuf, String) {
    let (_, key) = platform.write_server_certificate(&format!("{name}-client"), &["client.localhost"]);
    let jwks = printed("oidc_service", &["--jwks", key.to_str().unwrap()]);
    (key, jwks.trim().to_owned())
}

/// Asks again until it is so.
async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < until, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
