//! Two nodes and what stands behind them.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use conformance_tests::{Browser, Platform, PlatformOptions, RelyingParty, Tokens, free_port, program};
use serde_json::Value;
use store::conformance::servers::{PostgresServer, RedisServer};
use tokio::task::JoinHandle;

use crate::balancer::{BOTH, Balancer};

/// The PostgreSQL of all tests that do not break it.
pub(crate) fn postgres() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(PostgresServer::start)
}

/// The Redis of all tests that do not break it.
pub(crate) fn redis() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(|| RedisServer::on(free_port(), &["--databases", "64"]))
}

/// One node.
pub(crate) struct Node {
    number: usize,
    config: PathBuf,
    log: PathBuf,
    front: u16,
    operator: u16,
    child: Option<Child>,
}

/// The platform, twice.
pub(crate) struct Nodes {
    pub(crate) platform: Platform,
    pub(crate) pair: [Node; 2],
    pub(crate) front: Arc<Balancer>,
    pub(crate) door: Arc<Balancer>,
    /// The number of this platform's Redis database.
    pub(crate) database: u32,
    /// The name of its PostgreSQL database.
    pub(crate) ledger: String,
}

/// Lines of `[storage]` for a PostgreSQL.
pub(crate) fn on_postgres(server: &PostgresServer, database: &str) -> String {
    server.make_database(database);
    format!(
        "[storage.postgresql]\nservers = [\"127.0.0.1:{}\"]\ndatabase = \"{database}\"\nuser = \"postgres\"\n",
        server.port()
    )
}

impl Nodes {
    /// Two nodes on the servers of all.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// Two nodes on the servers of all, with further tables in their configuration.
    pub(crate) async fn start_with(tables: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let ledger = format!("nodes_{number}");
        let lines = format!(
            "{}[storage.redis]\nservers = [\"127.0.0.1:{}\"]\ndatabase = {number}\n{tables}",
            on_postgres(postgres(), &ledger),
            redis().port()
        );
        let mut nodes = Self::on(&lines).await;
        nodes.database = number;
        nodes.ledger = ledger;
        nodes
    }

    /// Two nodes on servers by lines of the configuration.
    pub(crate) async fn on(lines: &str) -> Self {
        let options = PlatformOptions {
            storage: format!("ledger = \"postgresql\"\nephemera = \"redis\"\n{lines}"),
            // Nodes that decide by the same lists share their index (idp-server/docs/operations.md).
            jpki: "revocation_directory = \"data/revocation\"\n".to_owned(),
            ..PlatformOptions::default()
        };
        let mut platform = Platform::prepare(options).await;
        let nodes = [0, 1].map(|number| Node::prepare(&platform, number));
        let front: u16 = platform.origin.rsplit(':').next().unwrap().parse().unwrap();
        let door_ports = [0, 1].map(|number: usize| port_of(&nodes[number].config, 1));
        platform.operator = format!("http://127.0.0.1:{}", nodes[0].operator);
        let mut whole = Self {
            front: Balancer::start(front, [nodes[0].front, nodes[1].front]).await,
            door: Balancer::start(platform.door_port, door_ports).await,
            platform,
            pair: nodes,
            database: 0,
            ledger: String::new(),
        };
        // Both at once: one makes the tables, the other finds them.
        for node in &mut whole.pair {
            node.spawn();
        }
        for node in &mut whole.pair {
            node.wait_until_ready().await;
        }
        whole
    }

    /// Both balancers to one node, or to both.
    pub(crate) fn aim(&self, node: usize) {
        self.front.aim(node);
        self.door.aim(node);
    }

    /// New connections to one node, or to both; those that are there go on.
    pub(crate) fn drain_to(&self, node: usize) {
        self.front.drain(node);
        self.door.drain(node);
    }

    /// The client, past the balancer.
    pub(crate) fn at(&self, node: usize, of: &RelyingParty) -> RelyingParty {
        RelyingParty {
            origin: format!("https://idp.localhost:{}", self.pair[node].front),
            ..of.clone()
        }
    }

    /// An address of ours, past the balancer.
    pub(crate) fn url_at(&self, node: usize, url: &str) -> String {
        let own = format!("https://idp.localhost:{}", self.pair[node].front);
        url.replacen(&self.platform.origin, &own, 1)
    }

    /// The audit log, which must hold together.
    pub(crate) fn audit(&self, action: &str) -> Vec<Value> {
        let verified = self.platform.command(&["audit", "verify"]);
        assert!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stderr)
        );
        let exported = self.platform.command(&["audit", "export"]);
        String::from_utf8(exported.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| serde_json::from_str(line["text"].as_str().unwrap()).unwrap())
            .filter(|event: &Value| event["action"] == action)
            .collect()
    }

    /// What both nodes logged.
    pub(crate) fn logs(&self) -> String {
        self.pair.iter().map(Node::log).collect::<Vec<_>>().join("\n")
    }
}

/// The port on the `listen` line of this number.
fn port_of(config: &PathBuf, number: usize) -> u16 {
    let text = fs::read_to_string(config).unwrap();
    let line = text
        .lines()
        .filter(|line| line.starts_with("listen = "))
        .nth(number)
        .unwrap();
    line.rsplit(':')
        .next()
        .unwrap()
        .trim_matches('"')
        .parse()
        .unwrap()
}

impl Node {
    /// Its configuration: the platform's, with listeners and a folder of its own, as on a machine of its own.
    fn prepare(platform: &Platform, number: usize) -> Self {
        let text = fs::read_to_string(platform.path().join("idp-server.toml")).unwrap();
        let ports = [(); 3].map(|()| free_port());
        let mut listeners = ports.into_iter();
        let text: String = text
            .lines()
            .map(|line| {
                let line = if line.starts_with("listen = ") {
                    format!("listen = \"127.0.0.1:{}\"", listeners.next().unwrap())
                } else if line == "directory = \"data\"" {
                    format!("directory = \"data-{number}\"")
                } else {
                    line.to_owned()
                };
                line + "\n"
            })
            .collect();
        let config = platform.path().join(format!("node-{number}.toml"));
        fs::write(&config, text).unwrap();
        fs::create_dir(platform.path().join(format!("data-{number}"))).unwrap();
        Self {
            number,
            log: platform.path().join(format!("log-{number}")),
            config,
            front: ports[0],
            operator: ports[2],
            child: None,
        }
    }

    pub(crate) fn spawn(&mut self) {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let child = Command::new(program("idp-server"))
            .arg("--config")
            .arg(&self.config)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    pub(crate) async fn wait_until_ready(&mut self) {
        let client = reqwest::Client::new();
        let url = format!("http://127.0.0.1:{}/ready", self.operator);
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let said = client.get(&url).send().await;
            if said.is_ok_and(|said| said.status() == 200) {
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none(),
                "node {} ended ({ended:?}):\n{}",
                self.number,
                self.log()
            );
            assert!(
                Instant::now() < until,
                "node {} is not ready:\n{}",
                self.number,
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it without warning.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end and waits.
    pub(crate) async fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let _ = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        assert!(ended.success(), "{ended:?}\n{}", self.log());
    }

    /// Starts it, and it must refuse: what it says.
    pub(crate) fn refuses_to_start(&self) -> String {
        let output = Command::new(program("idp-server"))
            .arg("--config")
            .arg(&self.config)
            .arg("serve")
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A sign-in that was answered.
pub(crate) struct Done {
    pub(crate) begun: Instant,
    pub(crate) code: String,
    pub(crate) tokens: Tokens,
}

/// A sign-in that was not, and what stopped it, as the person would have seen it.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) begun: Instant,
    pub(crate) said: String,
}

/// People who sign in over and over, each time as somebody who comes anew.
pub(crate) struct Crowd {
    going: Arc<AtomicUsize>,
    pub(crate) done: Arc<Mutex<Vec<Done>>>,
    pub(crate) failed: Arc<Mutex<Vec<Failed>>>,
    people: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// So many at once.
    pub(crate) fn start(nodes: &Nodes, rp: &RelyingParty, people: usize) -> Self {
        let mut crowd = Self {
            going: Arc::new(AtomicUsize::new(1)),
            done: Arc::default(),
            failed: Arc::default(),
            people: Vec::new(),
        };
        for _ in 0..people {
            let (_, card) = nodes.platform.card(&sim::CardRequest::default());
            let ca_pem = nodes.platform.ca_pem.clone();
            let (going, done) = (Arc::clone(&crowd.going), Arc::clone(&crowd.done));
            let (failed, rp) = (Arc::clone(&crowd.failed), rp.clone());
            crowd.people.push(tokio::spawn(async move {
                while going.load(Ordering::SeqCst) == 1 {
                    let resolver = sim::tls::CardResolver::new(
                        Arc::clone(&card),
                        "1234",
                        &conformance_tests::MachineEntropy,
                    );
                    let browser = Browser::new(&ca_pem, Some(resolver));
                    let rp = rp.clone();
                    let begun = Instant::now();
                    // Whatever is no page of a sign-in makes the walk panic: then this person starts over.
                    let walk = tokio::spawn(async move {
                        let code = rp.code(&browser, "").await;
                        let tokens = rp.redeem(&browser, &code).await;
                        (code, tokens)
                    });
                    match walk.await {
                        Ok((code, tokens)) => done.lock().unwrap().push(Done { begun, code, tokens }),
                        Err(panic) => {
                            let said = panic.into_panic();
                            let said = said
                                .downcast_ref::<String>()
                                .cloned()
                                .or_else(|| said.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                            let said = said.unwrap_or_default();
                            failed.lock().unwrap().push(Failed { begun, said });
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                    }
                }
            }));
        }
        crowd
    }

    /// Waits until one that began after a moment was answered, and says how long after that moment.
    pub(crate) async fn recovered(&self, since: Instant, nodes: &Nodes) -> Duration {
        let until = since + Duration::from_secs(30);
        loop {
            let found = self.done.lock().unwrap().iter().any(|done| done.begun >= since);
            if found {
                return since.elapsed();
            }
            assert!(
                Instant::now() < until,
                "nobody gets in any more: {:?}\n{}",
                self.failed.lock().unwrap().last(),
                nodes.logs()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for so many more answers; of whoever begins from now on nobody may have to start over.
    pub(crate) async fn goes_on(&self, more: usize, nodes: &Nodes) {
        let since = Instant::now();
        let goal = self.done.lock().unwrap().len() + more;
        let until = since + Duration::from_secs(30);
        while self.done.lock().unwrap().len() < goal {
            self.none_failed(since, nodes);
            assert!(Instant::now() < until, "nobody gets in\n{}", nodes.logs());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.none_failed(since, nodes);
    }

    /// Nobody who began from a moment on had to start over.
    pub(crate) fn none_failed(&self, since: Instant, nodes: &Nodes) {
        let failed = self.failed.lock().unwrap();
        let late: Vec<&str> = failed
            .iter()
            .filter(|one| one.begun >= since)
            .map(|one| one.said.as_str())
            .collect();
        assert!(late.is_empty(), "{late:?}\n{}", nodes.logs());
    }

    /// From a moment on everything is as before: each of these nodes alone answers everybody, and so do all together.
    pub(crate) async fn is_as_before(&self, from: Instant, alive: &[usize], nodes: &Nodes) {
        tokio::time::sleep_until(from.into()).await;
        self.goes_on(3, nodes).await;
        for node in alive {
            nodes.drain_to(*node);
            // Who was under way ends there, and the others begin here.
            self.goes_on(self.people.len() + 3, nodes).await;
        }
        nodes.drain_to(BOTH);
        self.goes_on(3, nodes).await;
        self.none_failed(from, nodes);
    }

    /// Sends everybody home after the sign-in that they are at.
    pub(crate) async fn end(&mut self) {
        self.going.store(0, Ordering::SeqCst);
        for person in self.people.drain(..) {
            person.await.unwrap();
        }
    }

    /// Nothing that was answered is lost, and nothing that was used comes back: every token works, every answer is on record, and
    /// every code is refused, at either node.
    pub(crate) async fn kept_its_word(&mut self, nodes: &Nodes, rp: &RelyingParty) {
        self.end().await;
        nodes.aim(BOTH);
        let browser = nodes.platform.bare_browser();
        let done = std::mem::take(&mut *self.done.lock().unwrap());
        let issued = nodes.audit("code_issued").len();
        assert!(issued >= done.len(), "{} answers, {issued} on record", done.len());
        for (number, done) in done.iter().enumerate() {
            let there = nodes.at(number % 2, rp);
            let info = there.userinfo(&browser, &done.tokens.access_token).await;
            assert_eq!(info.status, 200, "{}\n{}", info.body, nodes.logs());
        }
        for (number, done) in done.iter().enumerate() {
            let again = nodes.at(number % 2, rp).redeem_raw(&browser, &done.code).await;
            assert_eq!(again.status, 400, "{}", again.body);
            assert!(again.body.contains("invalid_grant"), "{}", again.body);
        }
    }
}

/// A person with a card and a browser whose connections are made anew whenever the balancer aims elsewhere: a browser that
/// keeps one would meet its end in the middle of a request, which is another test.
pub(crate) struct Person {
    card: sim::tls::SharedCard,
    pub(crate) browser: Browser,
}

impl Person {
    pub(crate) fn new(nodes: &Nodes) -> Self {
        let (_, card) = nodes.platform.card(&sim::CardRequest::default());
        let browser = nodes.platform.browser(&card);
        Self { card, browser }
    }

    /// Goes on with the same cookies where the balancer aims from now on.
    pub(crate) fn moves_to(&mut self, nodes: &Nodes, node: usize) {
        nodes.aim(node);
        self.reconnects();
    }

    /// New connections, the same cookies.
    pub(crate) fn reconnects(&mut self) {
        let card = Arc::clone(&self.card);
        let resolver = sim::tls::CardResolver::new(card, "1234", &conformance_tests::MachineEntropy);
        self.browser = self.browser.with_other_card(Some(resolver));
    }
}
