//! The simulated J-LIS as a process of its own, with faults and persons at hand.

#![allow(clippy::indexing_slicing, reason = "JSON of our own simulation")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use sim::jlis_server::control;

use crate::platform::program;

/// `gap-sim jlis serve` on a simulation's folder. Dropped, it ends.
///
/// Every act returns when the simulation has done it; it blocks the thread meanwhile.
#[derive(Debug)]
pub struct Jlis {
    folder: PathBuf,
    name: String,
    listen: String,
    url: String,
    child: Option<Child>,
}

/// Somebody with certificates: their ids in the simulation's folder (`Simulation::card`, `record`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// `person-1`.
    pub person: String,
    /// 利用者証明用, `card-1`.
    pub authentication: Option<String>,
    /// 署名用, `sign-2`.
    pub signing: Option<String>,
}

impl Jlis {
    /// Starts it on a free port. Servers of one folder need names of their own: each has its own faults and its own lists.
    pub fn start(folder: &Path, name: &str) -> Self {
        let mut jlis = Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            url: String::new(),
            child: None,
        };
        jlis.run();
        jlis
    }

    /// Starts it (again, at the address where it was).
    pub fn run(&mut self) {
        let mut child = Command::new(program("gap-sim"))
            .arg("--dir")
            .arg(&self.folder)
            .args(["jlis", "serve", "--name", &self.name, "--listen", &self.listen])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gap-sim");
        let mut url = String::new();
        let said = child.stdout.take().expect("its output");
        BufReader::new(said).read_line(&mut url).expect("its address");
        url.trim().clone_into(&mut self.url);
        let listen = self.url.strip_prefix("http://");
        listen
            .expect("the J-LIS says where it listens")
            .clone_into(&mut self.listen);
        self.child = Some(child);
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `http://127.0.0.1:port/ocsp`
    pub fn ocsp_url(&self) -> String {
        format!("{}/ocsp", self.url)
    }

    /// Any control endpoint, `control("move", json!({…}))`; the forms stand in `sim::jlis_server`'s module `control`.
    pub fn control(&self, act: &str, body: &Value) -> Value {
        control(&self.url, &format!("/control/{act}"), Some(body)).expect("control of the simulated J-LIS")
    }

    /// Switches a fault of the catalogue on.
    pub fn fault(&self, name: &str) {
        self.control("faults", &json!({"fault": name, "on": true}));
    }

    /// Switches a fault on with its parameter.
    pub fn fault_with(&self, name: &str, parameter: impl Into<Value>) {
        let parameter: Value = parameter.into();
        self.control(
            "faults",
            &json!({"fault": name, "on": true, "parameter": parameter}),
        );
    }

    /// Switches a fault off.
    pub fn no_fault(&self, name: &str) {
        self.control("faults", &json!({"fault": name, "on": false}));
    }

    /// Switches every fault off.
    pub fn behave(&self) {
        self.control("faults", &json!({"fault": "all", "on": false}));
    }

    /// How many questions came in at a desk: `predecessor`, `links`, `ocsp`, `items`, `manifest`, `lists`.
    pub fn count(&self, desk: &str) -> u64 {
        let counts = control(&self.url, "/control/counts", None).expect("counts");
        counts[desk].as_u64().expect("a desk of the simulated J-LIS")
    }

    /// Makes the day's lists anew, with everything that was revoked so far.
    pub fn publish(&self) {
        self.control("publish", &json!({}));
    }

    /// Somebody new with both certificates on a P-384 card.
    pub fn somebody(&self) -> Held {
        held(&self.control("issue", &json!({"certificate": {"algorithm": "p384"}})))
    }

    /// An act that issues certificates (`issue`, `renew`, `reissue`, `move`) for a person, P-384.
    pub fn issue(&self, act: &str, person: &str, mut more: Value) -> Held {
        more["person"] = json!(person);
        if more.get("certificate").is_none() {
            more["certificate"] = json!({"algorithm": "p384"});
        }
        held(&self.control(act, &more))
    }

    /// Phone certificates for a person who has a card.
    pub fn phone(&self, person: &str) -> Held {
        self.issue("issue", person, json!({"medium": "phone"}))
    }

    /// The person reports the card as lost: both its certificates are held.
    pub fn lose_card(&self, person: &str) {
        self.control("lose", &json!({ "person": person }));
    }

    /// The person dies.
    pub fn die(&self, person: &str) {
        self.control("die", &json!({ "person": person }));
    }

    /// Revokes one certificate for a reason (`key-compromise`, `superseded`, …).
    pub fn revoke(&self, certificate: &str, reason: &str) {
        self.control("revoke", &json!({"certificate": certificate, "reason": reason}));
    }
}

impl Drop for Jlis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn held(said: &Value) -> Held {
    let id = |kind: &str| {
        let all = said["certificates"].as_array().expect("certificates");
        let found = all.iter().find(|one| one["ca_kind"] == kind)?;
        found["id"].as_str().map(str::to_owned)
    };
    Held {
        person: said["person"].as_str().expect("a person").to_owned(),
        authentication: id("user-authentication"),
        signing: id("digital-signature"),
    }
}
