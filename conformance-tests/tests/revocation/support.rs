//! A second process beside a platform, what the audit says, and services of every kind.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conformance_tests::{Platform, RelyingParty};
use domain::{Clock as _, Timestamp};
use serde_json::Value;
use sim::crl::RevocationReason;

/// The time.
pub(crate) fn now() -> Timestamp {
    conformance_tests::MachineClock.now()
}

/// Waits for something, and says what it waited for when it does not come.
pub(crate) async fn until<F, Fut>(what: &str, platform: &Platform, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(
            Instant::now() < deadline,
            "not in time: {what}\n{}",
            platform.log()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Revokes a card at J-LIS; the lists do not say so yet.
pub(crate) fn revoke(platform: &Platform, card: &str) {
    platform
        .simulation
        .lock()
        .unwrap()
        .revoke(card, RevocationReason::KeyCompromise, now())
        .unwrap();
}

/// Takes in what lies in the directory of lists, by a process of its own; afterwards it is in use for everybody.
pub(crate) fn ingest(platform: &Platform) {
    let done = platform.command(&["revocation", "ingest"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Every event of the audit, of one action.
pub(crate) fn audit(platform: &Platform, action: &str) -> Vec<Value> {
    let exported = platform.command(&["audit", "export"]);
    String::from_utf8(exported.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter_map(|line| {
            let event: Value = serde_json::from_str(line["text"].as_str().unwrap()).unwrap();
            (event["action"] == action).then_some(event)
        })
        .collect()
}

/// What the operator sees of revocation lists.
pub(crate) async fn lists(operator: &str, token: &str) -> Value {
    let said = reqwest::Client::new()
        .get(format!("{operator}/revocation"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(said.status(), 200);
    let mut said: Value = said.json().await.unwrap();
    said["authorities"][0].take()
}

/// A public client, with further lines of its file's head.
pub(crate) fn register_with(platform: &Platform, client_id: &str, lines: &str) -> RelyingParty {
    let redirect_uri = format!("https://{client_id}.localhost:9/cb");
    platform.register(&format!(
        "kind = \"sp\"\nname = {{ ja = \"{client_id}\", en = \"{client_id}\" }}\n{lines}\n\
         released_attributes = [\"assurance_level\"]\n[oidc]\nclient_id = \"{client_id}\"\n\
         redirect_uris = [\"{redirect_uri}\"]\nauthentication = {{ method = \"none\" }}\n"
    ));
    RelyingParty {
        client_id: client_id.to_owned(),
        redirect_uri,
        origin: platform.origin.clone(),
    }
}

/// A second process of the same platform: the same databases, keys and index, listeners of its own. It looks for lists by itself
/// once an hour only, so whatever it learns in time it learns from others.
pub(crate) struct Second {
    /// Where its front listens, under the platform's name.
    pub(crate) origin: String,
    /// Its operator's listener.
    pub(crate) operator: String,
    child: Option<Child>,
}

impl Second {
    /// Starts it and waits until it answers.
    pub(crate) async fn beside(platform: &Platform) -> Self {
        let text = fs::read_to_string(platform.path().join("idp-server.toml")).unwrap();
        let [front, door, operator] = [(); 3].map(|()| conformance_tests::free_port());
        let mut listeners = [front, door, operator].into_iter();
        let text: String = text
            .lines()
            .map(|line| {
                let line = if line.starts_with("listen = ") {
                    format!("listen = \"127.0.0.1:{}\"", listeners.next().unwrap())
                } else if line.starts_with("crl_poll_seconds") {
                    "crl_poll_seconds = 3600".to_owned()
                } else {
                    line.to_owned()
                };
                line + "\n"
            })
            .collect();
        let path: PathBuf = platform.path().join("second.toml");
        fs::write(&path, text).unwrap();
        let log = fs::File::create(platform.path().join("second.log")).unwrap();
        let child = Command::new(conformance_tests::program("idp-server"))
            .arg("--config")
            .arg(path)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let second = Self {
            origin: format!("https://idp.localhost:{front}"),
            operator: format!("http://127.0.0.1:{operator}"),
            child: Some(child),
        };
        let url = format!("{}/ready", second.operator);
        let client = reqwest::Client::new();
        until("the second process", platform, || async {
            client
                .get(&url)
                .send()
                .await
                .is_ok_and(|said| said.status() == 200)
        })
        .await;
        second
    }

    /// The same client, at this process.
    pub(crate) fn client(&self, of: &RelyingParty) -> RelyingParty {
        RelyingParty {
            origin: self.origin.clone(),
            ..of.clone()
        }
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
