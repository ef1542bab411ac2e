//! Redis in its three forms before the kit that judges every backend, and what is its own: its clock, its passwords, a master that is lost.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use store::conformance::sample::NOW;
use store::conformance::servers::{Certificates, RedisCluster, RedisSentinels, RedisServer, free_ports};
use store::conformance::{EphemeraFactory, judge_ephemera};
use store::{Consumed, Ephemera, EphemeraKey, EphemeraKind, StoreFault};
use store_redis::{RedisEphemera, RedisOptions, RedisTopology};

fn local(port: u16) -> (String, u16) {
    ("127.0.0.1".to_owned(), port)
}

/// The kit's cases follow one another and each has its own name: a new name gets an empty Redis.
struct Emptied {
    options: RedisOptions,
    masters: Vec<u16>,
    seen: Mutex<HashSet<String>>,
}

impl Emptied {
    fn new(topology: RedisTopology, masters: Vec<u16>) -> Arc<Self> {
        let mut options = RedisOptions::new(topology);
        options.sweeps = true;
        Arc::new(Self {
            options,
            masters,
            seen: Mutex::default(),
        })
    }
}

#[async_trait]
impl EphemeraFactory for Emptied {
    async fn open(&self, name: &str) -> Arc<dyn Ephemera> {
        if self.seen.lock().unwrap().insert(name.to_owned()) {
            for port in &self.masters {
                let mut direct = RedisServer::ask_on(*port, &["flushall"]);
                direct.truncate(2);
                assert_eq!(direct, "OK");
            }
        }
        Arc::new(RedisEphemera::connect(self.options.clone()).await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_redis_is_ephemera() {
    let server = RedisServer::start();
    let topology = RedisTopology::Single {
        server: local(server.port()),
    };
    judge_ephemera(Emptied::new(topology, vec![server.port()])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_is_ephemera() {
    let cluster = RedisCluster::start();
    let topology = RedisTopology::Cluster {
        nodes: cluster.ports().into_iter().take(2).map(local).collect(),
    };
    judge_ephemera(Emptied::new(topology, cluster.ports())).await;
}

fn by_sentinels(sentinels: &RedisSentinels) -> RedisTopology {
    RedisTopology::Sentinel {
        sentinels: sentinels.ports().into_iter().map(local).collect(),
        master: RedisSentinels::NAME.to_owned(),
    }
}

/// The kit, and then the master is lost: the next one is found within the patience of one call, and takes everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_master_watched_by_sentinels_is_ephemera_and_can_be_lost() {
    let mut sentinels = RedisSentinels::start();
    let topology = by_sentinels(&sentinels);
    let first = sentinels.master();
    judge_ephemera(Emptied::new(topology.clone(), vec![first])).await;

    let ephemera = RedisEphemera::connect(RedisOptions::new(topology)).await.unwrap();
    let end = NOW.plus_seconds(600);
    let key = |name: &str| EphemeraKey::new(EphemeraKind::Ticket, name);
    ephemera.put(&key("kept"), b"x".to_vec(), NOW, end).await.unwrap();
    ephemera.put(&key("used"), b"x".to_vec(), NOW, end).await.unwrap();
    let used = ephemera.consume(&key("used"), NOW, end).await;
    assert_eq!(used, Ok(Consumed::First(b"x".to_vec())));
    // What is asserted below was replicated: what was not may be lost, and nobody can say what.
    let replicated = RedisServer::ask_on(first, &["wait", "1", "5000"]);
    assert_eq!(replicated, "1");
    let lost = sentinels
        .servers
        .iter()
        .position(|server| server.port() == first)
        .unwrap();
    sentinels.servers[lost].stop();
    let began = Instant::now();
    ephemera.put(&key("new"), b"y".to_vec(), NOW, end).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_ne!(sentinels.master(), first);
    assert_eq!(
        ephemera.consume(&key("used"), NOW, end).await,
        Ok(Consumed::Again)
    );
    assert_eq!(ephemera.get(&key("kept"), NOW).await, Ok(Some(b"x".to_vec())));
    assert_eq!(ephemera.get(&key("new"), NOW).await, Ok(Some(b"y".to_vec())));
}

/// Without anybody's purge, by Redis's own clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_removes_what_is_over_by_itself() {
    let server = RedisServer::start();
    let topology = RedisTopology::Single {
        server: local(server.port()),
    };
    let ephemera = RedisEphemera::connect(RedisOptions::new(topology)).await.unwrap();
    let key = |name: &str| EphemeraKey::new(EphemeraKind::Ticket, name);
    let soon = NOW.plus_millis(300);
    ephemera
        .put(&key("value"), b"x".to_vec(), NOW, soon)
        .await
        .unwrap();
    ephemera
        .put(&key("used"), b"x".to_vec(), NOW, NOW.plus_seconds(600))
        .await
        .unwrap();
    ephemera.consume(&key("used"), NOW, soon).await.unwrap();
    ephemera
        .count(&EphemeraKey::new(EphemeraKind::Rate, "r"), NOW, 1)
        .await
        .unwrap();
    assert_eq!(
        ephemera.purge(NOW.plus_seconds(9_999)).await,
        Ok(0),
        "nobody walks the keys"
    );
    assert_eq!(ephemera.held().await, Ok(3));
    let began = Instant::now();
    while ephemera.held().await.unwrap() > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "keys stay for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_password_is_read_from_its_file() {
    let server = RedisServer::on(
        store::conformance::servers::free_port(),
        &["--requirepass", "open sesame"],
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "not this one\n").unwrap();
    let mut options = RedisOptions::new(RedisTopology::Single {
        server: local(server.port()),
    });
    options.password_file = Some(file.clone());
    options.patience = Duration::from_millis(200);
    let refused = RedisEphemera::connect(options.clone())
        .await
        .map(drop)
        .unwrap_err();
    let said = refused.to_string();
    assert!(
        !said.contains("not this one") && said.contains("redis://127.0.0.1"),
        "{said}"
    );
    std::fs::write(&file, "open sesame\n").unwrap();
    let ephemera = RedisEphemera::connect(options).await.unwrap();
    assert_eq!(ephemera.held().await, Ok(0));
}

/// A server that hangs is not waited for without end, and is taken up again when it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_hangs_is_unavailable_and_comes_back() {
    let server = RedisServer::start();
    let mut options = RedisOptions::new(RedisTopology::Single {
        server: local(server.port()),
    });
    options.patience = Duration::from_millis(600);
    options.response_timeout = Duration::from_millis(200);
    options.connect_timeout = Duration::from_millis(200);
    let ephemera = Arc::new(RedisEphemera::connect(options).await.unwrap());
    server.signal("STOP");
    let began = Instant::now();
    let hung = ephemera.held().await;
    assert!(matches!(hung, Err(StoreFault::Unavailable(_))), "{hung:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
    // Many who wait for the same connection wait together, not one after the other.
    let began = Instant::now();
    let mut many = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let ephemera = Arc::clone(&ephemera);
        many.spawn(async move { ephemera.held().await });
    }
    for hung in many.join_all().await {
        assert!(matches!(hung, Err(StoreFault::Unavailable(_))), "{hung:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    server.signal("CONT");
    assert_eq!(ephemera.held().await, Ok(0));
    ephemera.close();
    let closed = StoreFault::Unavailable("the store is closed".to_owned());
    assert_eq!(ephemera.held().await, Err(closed));
}

/// TLS with the server's name verified, and nobody else's certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_goes_over_the_wire_is_sealed_for_the_server_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    for folder in [&ours, &theirs] {
        std::fs::create_dir(folder).unwrap();
    }
    let (ours, theirs) = (Certificates::make(&ours), Certificates::make(&theirs));
    let ports = free_ports(2);
    let tls = ports[1].to_string();
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (chain, key, ca) = (path(&ours.chain), path(&ours.key), path(&ours.ca));
    let more = [
        "--tls-port",
        &tls,
        "--tls-cert-file",
        &chain,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ];
    let _server = RedisServer::on(ports[0], &more);
    let mut options = RedisOptions::new(RedisTopology::Single {
        server: local(ports[1]),
    });
    options.patience = Duration::from_millis(200);
    let clear = RedisEphemera::connect(options.clone()).await.map(drop);
    assert!(matches!(clear, Err(StoreFault::Unavailable(_))), "{clear:?}");
    options.tls_ca = Some(theirs.ca);
    let stranger = RedisEphemera::connect(options.clone())
        .await
        .map(drop)
        .unwrap_err();
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
    options.tls_ca = Some(ours.ca);
    let ephemera = RedisEphemera::connect(options).await.unwrap();
    assert_eq!(ephemera.held().await, Ok(0));
}

/// Answers of what a thread with a runtime of its own asks, as a worker of the front is one; then that runtime is gone.
fn by_a_worker<T: Send>(ask: impl AsyncFnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(ask())
        });
        worker.join().unwrap()
    })
}

/// A connection lives on the runtime of whoever made it; who comes after that one's end, or beside it, is answered all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_come_and_go() {
    let server = RedisServer::start();
    let mut options = RedisOptions::new(RedisTopology::Single {
        server: local(server.port()),
    });
    for connections in [1, 8] {
        options.connections = connections;
        let ephemera = RedisEphemera::connect(options.clone()).await.unwrap();
        let rate = EphemeraKey::new(EphemeraKind::Rate, connections.to_string());
        for worker in 0..4_u64 {
            let counted = by_a_worker(async || ephemera.count(&rate, NOW, 60).await);
            assert_eq!(counted, Ok(worker * 2 + 1));
            assert_eq!(ephemera.count(&rate, NOW, 60).await, Ok(worker * 2 + 2));
        }
        ephemera.close();
        let closed = by_a_worker(async || ephemera.held().await);
        assert!(matches!(closed, Err(StoreFault::Unavailable(_))), "{closed:?}");
    }
}
