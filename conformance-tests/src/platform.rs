//! A whole platform in a folder of its own: simulated JPKI, keys, configuration, processes.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{Clock, Entropy, Timestamp};
use sim::authority::{CaKind, Hierarchy};
use sim::jlis_server::{JlisServer, Source};
use sim::keys::{KeyCache, Seed};
use sim::server_certificate::ServerAuthority;
use sim::tls::{CardResolver, SharedCard};
use sim::{CardRequest, Simulation};
use tempfile::TempDir;

use crate::{Browser, Jlis};

/// The machine's clock.
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock after 1970");
        Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a clock before the year 292 million"))
    }
}

/// The machine's randomness.
pub struct MachineEntropy;

impl Entropy for MachineEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut source = fs::File::open("/dev/urandom").expect("/dev/urandom");
        std::io::Read::read_exact(&mut source, buffer).expect("random bytes");
    }
}

/// A port that was free a moment ago and that no outgoing connection will take: below the range that the kernel gives those
/// (32768 and up), which a test with thousands of clients would fill. Each process counts on from a place of its own.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const PLACES: u16 = 12_000;
    static COUNTER: OnceLock<AtomicU16> = OnceLock::new();
    let counter = COUNTER.get_or_init(|| {
        let entropy: &dyn Entropy = &MachineEntropy;
        AtomicU16::new(u16::from_le_bytes(entropy.array()) % PLACES)
    });
    loop {
        let port = FIRST + counter.fetch_add(1, Ordering::Relaxed) % PLACES;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// What may differ from the usual.
#[derive(Clone, Debug)]
pub struct PlatformOptions {
    /// `production` or `test`.
    pub mode: &'static str,
    /// Further lines of the configuration, whole tables.
    pub more_config: String,
    /// Further lines of `[storage]`.
    pub storage: String,
    /// Further lines of `[door]`.
    pub door: String,
    /// Further lines of `[front]`.
    pub front: String,
    /// Further lines of `[jpki]`.
    pub jpki: String,
    /// Further lines of `[jlis]`; `{jlis}` stands for the address of the simulated J-LIS.
    pub jlis: String,
    /// The lines of `[logout]`.
    pub logout: String,
    /// The simulated J-LIS is a process of its own ([`Platform::jlis`]).
    pub jlis_process: bool,
    /// Hours during which a young certificate without links is not yet believed to be a new person's.
    pub settling_hours: u32,
    /// Whether a fresh list is published before the start.
    pub publish_list: bool,
    /// Words before the command (`strace …`).
    pub wrapper: Vec<String>,
}

impl Default for PlatformOptions {
    fn default() -> Self {
        Self {
            mode: "test",
            more_config: String::new(),
            storage: String::new(),
            door: String::new(),
            front: String::new(),
            jpki: String::new(),
            jlis: String::new(),
            logout: "ca = \"servers-ca.pem\"\nto_internal_networks = true".to_owned(),
            jlis_process: false,
            settling_hours: 0,
            publish_list: true,
            wrapper: Vec::new(),
        }
    }
}

/// A running platform.
pub struct Platform {
    /// Its folder; everything in it goes with it.
    pub folder: TempDir,
    /// The simulated JPKI.
    pub simulation: Arc<Mutex<Simulation>>,
    /// The simulated J-LIS of this process, for the platforms that need no more.
    pub jlis: JlisServer,
    jlis_process: Option<Jlis>,
    /// PEM of the authority that certified its TLS servers.
    pub ca_pem: String,
    /// The authority itself, for further servers.
    pub servers: ServerAuthority,
    /// `https://idp.localhost:port`.
    pub origin: String,
    /// Port of the door.
    pub door_port: u16,
    /// `http://127.0.0.1:port` of the operator's listener.
    pub operator: String,
    /// The operator's token.
    pub operator_token: String,
    /// What may differ from the usual.
    pub options: PlatformOptions,
    process: Option<Child>,
}

/// The compiled program beside this test.
pub fn program(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("this program");
    while path.pop() {
        let candidate = path.join(name);
        if candidate.is_file() {
            return candidate;
        }
    }
    panic!("{name} is not built; run: cargo build --workspace --bins")
}

impl Platform {
    /// The usual platform.
    pub async fn start() -> Self {
        Self::start_with(PlatformOptions::default()).await
    }

    /// A platform with differences.
    pub async fn start_with(options: PlatformOptions) -> Self {
        let mut platform = Self::prepare(options).await;
        platform.run().await;
        platform
    }

    /// Everything but the process.
    pub async fn prepare(options: PlatformOptions) -> Self {
        // Whoever was first has set the same one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::Builder::new()
            .prefix("gap-")
            .tempdir()
            .expect("a folder");
        let at = folder.path();
        let simulation =
            Simulation::create(&at.join("jpki"), "conformance", KeyCache::shared()).expect("simulation");
        let simulation = Arc::new(Mutex::new(simulation));
        let jlis = JlisServer::start(
            "127.0.0.1:0".parse().expect("address"),
            Source::World(Arc::clone(&simulation)),
        )
        .await
        .expect("J-LIS");
        let servers = ServerAuthority::generate(&Seed::from_text("conformance servers"), MachineClock.now())
            .expect("CA");
        let jlis_process = options
            .jlis_process
            .then(|| Jlis::start(&at.join("jpki"), "jlis"));
        let (front, door, operator) = (free_port(), free_port(), free_port());
        let operator_token = "operator-token-of-the-tests-0123456789".to_owned();
        let platform = Self {
            ca_pem: servers.certificate_pem(),
            servers,
            origin: format!("https://idp.localhost:{front}"),
            door_port: door,
            operator: format!("http://127.0.0.1:{operator}"),
            operator_token,
            folder,
            simulation,
            jlis,
            jlis_process,
            options,
            process: None,
        };
        platform.write_files();
        platform
    }

    /// The simulated J-LIS process: faults, persons, lists.
    pub fn jlis(&self) -> &Jlis {
        self.jlis_process
            .as_ref()
            .expect("a platform with PlatformOptions::jlis_process")
    }

    /// The same, to end it or to start it again.
    pub fn jlis_mut(&mut self) -> &mut Jlis {
        self.jlis_process
            .as_mut()
            .expect("a platform with PlatformOptions::jlis_process")
    }

    /// A second simulated J-LIS on the same persons and certificates, with faults of its own.
    pub fn another_jlis(&self, name: &str) -> Jlis {
        Jlis::start(&self.path().join("jpki"), name)
    }

    /// The card of a certificate that the J-LIS process made, ready for a reader.
    pub fn card_of(&self, certificate: &str) -> SharedCard {
        let mut simulation = self.simulation.lock().expect("simulation");
        simulation.refresh().expect("the simulation's folder");
        let card = simulation.card(certificate).expect("card");
        Arc::new(Mutex::new(card))
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write_files(&self) {
        let at = self.path();
        for name in ["data", "crl"] {
            fs::create_dir(at.join(name)).expect("folder");
        }
        self.write_server_certificate("front", &["idp.localhost"]);
        self.write_server_certificate("door", &["*.card.idp.localhost", "*.card12.idp.localhost"]);
        write_secret(&at.join("operators"), &crate::operators(&self.operator_token));
        let simulation = self.simulation.lock().expect("simulation");
        let mut pinned = Vec::new();
        for generation in 1..=3 {
            let kinds = [
                (CaKind::UserAuthentication, "ca"),
                (CaKind::DigitalSignature, "signing-ca"),
            ];
            for (kind, name) in kinds {
                let authority = simulation
                    .authority(Hierarchy::Test, kind, generation)
                    .expect("authority");
                let path = at.join(format!("{name}-{generation}.der"));
                fs::write(&path, &authority.certificate).expect("authority");
            }
            pinned.push(format!("\"ca-{generation}.der\""));
        }
        drop(simulation);
        if self.options.publish_list {
            self.publish_list();
        }
        fs::write(at.join("servers-ca.pem"), &self.ca_pem).expect("authority");
        fs::write(at.join("idp-server.toml"), self.config(&pinned.join(", "))).expect("configuration");
        let made = self.command(&["keys", "init"]);
        assert!(
            made.status.success(),
            "keys init: {}",
            String::from_utf8_lossy(&made.stderr)
        );
    }

    /// Writes a server certificate and its key as `NAME.pem` and `NAME.key`.
    pub fn write_server_certificate(&self, name: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let issued = self.servers.issue(names).expect("server certificate");
        let (chain, key) = (
            self.path().join(format!("{name}.pem")),
            self.path().join(format!("{name}.key")),
        );
        fs::write(&chain, issued.chain_pem()).expect("certificate");
        write_secret(&key, &issued.key_pem().expect("key"));
        (chain, key)
    }

    fn config(&self, pinned: &str) -> String {
        let PlatformOptions {
            mode,
            more_config,
            storage,
            door,
            front,
            jpki,
            jlis: more_jlis,
            settling_hours,
            logout,
            ..
        } = &self.options;
        let front_port = self.origin.rsplit(':').next().expect("port");
        let door_port = self.door_port;
        let jlis = match &self.jlis_process {
            Some(process) => process.url().to_owned(),
            None => self.jlis.url(),
        };
        let more_jlis = more_jlis.replace("{jlis}", &jlis);
        let more_config = more_config.replace("{jlis}", &jlis);
        let operator = self.operator.trim_start_matches("http://");
        let unlimited = front
            .find("begin_per")
            .map_or("begin_per_minute = 1000000", |_| "");
        let links = sim::ocsp::DEFAULT_LINK_OID;
        let jpki = if jpki.contains("crl_poll_seconds") {
            jpki.clone()
        } else {
            format!("crl_poll_seconds = 1\n{jpki}")
        };
        format!(
            r#"mode = "{mode}"

[front]
listen = "127.0.0.1:{front_port}"
origin = "{}"
certificate = "front.pem"
private_key = "front.key"
{unlimited}
{front}

[door]
listen = "127.0.0.1:{door_port}"
origin = "https://idp.localhost:{door_port}"
certificate = "door.pem"
private_key = "door.key"
{door}

[operator]
listen = "{operator}"
token_file = "operators"

[storage]
directory = "data"
{storage}
[keys]
directory = "keys"

[jpki]
user_authentication_ca = [{pinned}]
signing_ca = ["signing-ca-3.der"]
crl_directory = "crl"
{jpki}

[jlis]
url = "{jlis}"
settling_hours = {settling_hours}
ocsp_link_extension = "{links}"
{more_jlis}
[logout]
{logout}
{more_config}
"#,
            self.origin
        )
    }

    /// Publishes a fresh list with everything that was revoked so far; the running platform finds it by itself.
    pub fn publish_list(&self) {
        let now = MachineClock.now();
        self.publish_list_of(now, now.plus_seconds(24 * 3600));
    }

    /// Publishes a list with chosen dates.
    pub fn publish_list_of(&self, this_update: Timestamp, next_update: Timestamp) {
        let list = self
            .simulation
            .lock()
            .expect("simulation")
            .publish_crl(
                Hierarchy::Test,
                CaKind::UserAuthentication,
                this_update,
                next_update,
            )
            .expect("list");
        let draft = self.path().join("draft");
        fs::write(&draft, list).expect("list");
        fs::rename(&draft, self.path().join("crl/auth.crl")).expect("list");
    }

    /// Runs the command line on this platform's configuration.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(program("idp-server"))
            .arg("--config")
            .arg(self.path().join("idp-server.toml"))
            .args(arguments)
            .output()
            .expect("idp-server")
    }

    /// Starts the process and waits until it is ready.
    pub async fn run(&mut self) {
        self.spawn();
        self.wait_until_ready().await;
    }

    /// Starts the process.
    pub fn spawn(&mut self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path().join("log"))
            .expect("log");
        let server = program("idp-server");
        let mut words = self.options.wrapper.iter().cloned();
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(server);
                command
            }
            None => Command::new(server),
        };
        let child = command
            .arg("--config")
            .arg(self.path().join("idp-server.toml"))
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("log"))
            .stderr(log)
            .spawn()
            .expect("idp-server");
        self.process = Some(child);
    }

    /// Waits until the operator's listener answers.
    pub async fn wait_until_ready(&mut self) {
        let client = reqwest::Client::new();
        let until = Instant::now() + Duration::from_mins(1);
        let url = format!("{}/health", self.operator);
        loop {
            if client.get(&url).send().await.is_ok() {
                return;
            }
            let ended = self
                .process
                .as_mut()
                .and_then(|process| process.try_wait().expect("process"));
            assert!(ended.is_none(), "the platform ended ({ended:?}):\n{}", self.log());
            assert!(
                Instant::now() < until,
                "the platform is not ready:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// The process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.process_id().expect("a running platform").to_string();
        assert!(
            Command::new("kill")
                .args([&format!("-{name}"), &id])
                .status()
                .expect("kill")
                .success()
        );
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Asks it to end and waits; the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let mut process = self.process.take()?;
        let id = process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        process.wait().expect("process").code()
    }

    /// A new card in a reader.
    pub fn card(&self, request: &CardRequest) -> (String, SharedCard) {
        let mut simulation = self.simulation.lock().expect("simulation");
        let record = simulation.make_card(request, MachineClock.now()).expect("card");
        let card = simulation.card(&record.id).expect("card");
        (record.id, Arc::new(Mutex::new(card)))
    }

    /// A browser with a card in its reader and the right PIN.
    pub fn browser(&self, card: &SharedCard) -> Browser {
        Browser::new(
            &self.ca_pem,
            Some(CardResolver::new(Arc::clone(card), "1234", &MachineEntropy)),
        )
    }

    /// A browser without card.
    pub fn bare_browser(&self) -> Browser {
        Browser::new(&self.ca_pem, None)
    }

    /// A browser with a fresh ordinary card.
    pub fn browser_with_new_card(&self) -> Browser {
        let (_, card) = self.card(&CardRequest::default());
        self.browser(&card)
    }

    /// Registers a service from its file's text.
    pub fn register(&self, file: &str) {
        let path = self.path().join("service.toml");
        fs::write(&path, file).expect("service file");
        let added = self.command(&["service", "add", path.to_str().expect("path")]);
        assert!(
            added.status.success(),
            "service add: {}",
            String::from_utf8_lossy(&added.stderr)
        );
    }

    /// Publishes a fresh list and waits until it is in force.
    pub async fn publish_list_and_wait(&self) {
        let before = self.metric("revocation_generation").await.unwrap_or_default();
        self.publish_list();
        let until = Instant::now() + Duration::from_secs(30);
        while self.metric("revocation_generation").await.unwrap_or_default() <= before {
            assert!(
                Instant::now() < until,
                "the list is not taken in:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Opens a reference as the operator.
    pub async fn explain(&self, reference: &str) -> serde_json::Value {
        let response = reqwest::Client::new()
            .get(format!("{}/references/{reference}", self.operator))
            .bearer_auth(&self.operator_token)
            .send()
            .await
            .expect("operator");
        response.json().await.expect("JSON")
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln_tail(&tail);
        }
    }
}

#[allow(clippy::print_stderr, reason = "a failing test shows what the platform said")]
fn eprintln_tail(tail: &[&str]) {
    for line in tail.iter().rev() {
        eprintln!("platform: {line}");
    }
}

/// Writes a file that only its owner can read.
fn write_secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).expect("secret");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("mode");
}
