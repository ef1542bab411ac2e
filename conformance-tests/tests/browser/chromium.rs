//! Chromium with a home folder of its own, walked by `browser/walk.mjs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conformance_tests::{MachineEntropy, Platform};
use serde::Deserialize;
use serde_json::Value;
use sim::CardRequest;
use tempfile::TempDir;
use tokio::sync::Mutex;

const WALK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");
const POLICY: &str = "/etc/chromium/policies/managed/gap.json";

/// The button that leads to the card.
pub(crate) const CARD: &str = "button[value=card].button--primary";
/// The button that agrees.
pub(crate) const AGREE: &str = "button[value=agree]";

/// One Chromium at a time: it is heavy, and the policy is one for the machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A browser.
pub(crate) struct Chromium {
    home: TempDir,
    language: &'static str,
    script: bool,
}

/// What the browser's console said against a page.
#[derive(Debug, Deserialize)]
pub(crate) struct Complaint {
    /// In its own words.
    pub(crate) text: String,
    /// About which address.
    pub(crate) url: String,
}

/// What a walk saw.
#[derive(Debug)]
pub(crate) struct Walk {
    steps: Vec<Value>,
    /// Complaints of the console.
    pub(crate) complaints: Vec<Complaint>,
    /// Navigations to the certificate door.
    pub(crate) door_visits: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    complaints: Vec<Complaint>,
    door_visits: u64,
}

impl Chromium {
    /// Trusts the platform's servers; no card.
    pub(crate) fn new(platform: &Platform) -> Self {
        require("chromium", "apt-get install --no-install-recommends chromium");
        require(
            "certutil",
            "apt-get install --no-install-recommends libnss3-tools",
        );
        require("node", "apt-get install --no-install-recommends nodejs npm");
        for module in ["playwright-core", "axe-core"] {
            assert!(
                Path::new(WALK).join("node_modules").join(module).is_dir(),
                "{module} is missing; run: cd conformance-tests/browser && npm ci"
            );
        }
        install_policy();
        let home = tempfile::Builder::new()
            .prefix("gap-home-")
            .tempdir()
            .expect("a folder");
        let database = home.path().join(".pki/nssdb");
        let authority = platform.servers.certificate();
        sim::export::trust_in_nss(authority, "test-ca", &database).expect("trust");
        Self {
            home,
            language: "ja-JP",
            script: true,
        }
    }

    /// The same browser in English.
    pub(crate) fn in_english(mut self) -> Self {
        self.language = "en-US";
        self
    }

    /// The same browser without script.
    pub(crate) fn without_script(mut self) -> Self {
        self.script = false;
        self
    }

    /// A step that puts a new card into the reader and takes out any other.
    pub(crate) fn card(&self, platform: &Platform) -> String {
        self.card_of(platform, &CardRequest::default())
    }

    /// The same with a card of one's own choice.
    pub(crate) fn card_of(&self, platform: &Platform, request: &CardRequest) -> String {
        let (name, card) = platform.card(request);
        let card = card.lock().expect("card");
        let file = self.home.path().join(format!("{name}.p12"));
        let content = sim::pkcs12::pkcs12(card.certificate(), card.key(), "card", &name, &MachineEntropy);
        fs::write(&file, content.expect("PKCS#12")).expect("PKCS#12");
        format!("card={},{name}", file.display())
    }

    /// What a walk gives (`give=`, `here=`), waited for.
    pub(crate) async fn given(&self, name: &str) -> String {
        let file = self.home.path().join("given").join(name);
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            if let Ok(text) = fs::read_to_string(&file) {
                return text;
            }
            assert!(Instant::now() < until, "the walk gave no {name}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Gives a walk what it waits for (`@NAME@`).
    pub(crate) fn give(&self, name: &str, text: &str) {
        let folder = self.home.path().join("given");
        fs::create_dir_all(&folder).expect("a folder");
        let draft = folder.join(format!("{name}.draft"));
        fs::write(&draft, text).expect("a file");
        fs::rename(draft, folder.join(name)).expect("a file");
    }

    /// Where screenshots go: a folder that outlives the test when `GAP_SCREENSHOTS` names one.
    fn pictures(&self) -> PathBuf {
        std::env::var_os("GAP_SCREENSHOTS").map_or_else(|| self.home.path().join("out"), PathBuf::from)
    }

    /// Walks; every step must succeed.
    pub(crate) async fn walk(&self, steps: &[&str]) -> Walk {
        let _alone = ONE_AT_A_TIME.lock().await;
        let mut command = Command::new("node");
        command.current_dir(WALK).arg("walk.mjs");
        if !self.script {
            command.arg("--no-script");
        }
        command.args(["--language", self.language, "--home"]);
        command.arg(self.home.path()).arg("--out").arg(self.pictures());
        command.args(steps).stdin(Stdio::null());
        // Other tasks of this test go on: the simulated J-LIS lives in this process.
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("walk")
            .expect("node");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "the walk failed:\n{said}{errors}");
        let mut lines: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        let summary = lines.pop().expect("a summary");
        let summary: Summary = serde_json::from_value(summary).expect("a summary");
        assert_eq!(lines.len(), steps.len(), "{said}");
        Walk {
            steps: lines,
            complaints: summary.complaints,
            door_visits: summary.door_visits,
        }
    }
}

impl Walk {
    /// What the `text=` steps read, in order.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.steps
            .iter()
            .filter_map(|step| step.get("text").and_then(Value::as_str))
            .map(str::trim)
            .collect()
    }

    /// The console complained about nothing of ours: no blocked load, no blocked form, no exception. That a page of ours has
    /// the status of a refusal is what the console says of each, and no complaint.
    pub(crate) fn console_is_quiet_about(&self, platform: &Platform) {
        let of_ours: Vec<_> = self
            .complaints
            .iter()
            .filter(|complaint| complaint.url.is_empty() || complaint.url.contains("idp.localhost"))
            .filter(|complaint| {
                !(complaint
                    .text
                    .starts_with("Failed to load resource: the server responded with a status of 4")
                    && complaint.url.starts_with(&platform.origin))
            })
            .collect();
        assert!(of_ours.is_empty(), "{of_ours:#?}");
    }
}

fn require(program: &str, install: &str) {
    let found = Path::new("/usr/bin").join(program).is_file();
    assert!(found, "{program} is missing; run: {install}");
}

/// Headless, nobody can answer the certificate dialog; the machine's policy does.
fn install_policy() {
    let wanted = include_str!("../../browser/policy.json");
    if fs::read_to_string(POLICY).is_ok_and(|present| present == wanted) {
        return;
    }
    let folder = Path::new(POLICY).parent().expect("a folder");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(POLICY, wanted));
    assert!(
        written.is_ok(),
        "Chromium's policy is missing and only root can install it ({written:?}); run as root: \
         install -D -m 644 conformance-tests/browser/policy.json {POLICY}"
    );
}
