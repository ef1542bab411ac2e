//! Redis: single, watched by Sentinels, and as a cluster.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::keeper::{Kept, folder, free_port, free_ports, wait_for};

/// A private instance.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    folder: PathBuf,
    more: Vec<String>,
    kept: Option<Kept>,
}

impl RedisServer {
    /// One alone.
    pub fn start() -> Self {
        Self::on(free_port(), &[])
    }

    /// On a port, with more arguments (`--requirepass`, `x`).
    pub fn on(port: u16, more: &[&str]) -> Self {
        let mut server = Self {
            port,
            folder: folder("redis"),
            more: more.iter().map(|word| (*word).to_owned()).collect(),
            kept: None,
        };
        server.start_again();
        server
    }

    /// Starts it again after [`Self::stop`], empty: nothing is kept on the disk.
    pub fn start_again(&mut self) {
        let port = self.port.to_string();
        let folder = self.folder.to_str().expect("a path of letters");
        let mut command: Vec<String> = [
            "redis-server",
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
        ]
        .map(str::to_owned)
        .into();
        command.extend(["--save", "", "--appendonly", "no"].map(str::to_owned));
        command.extend(self.more.iter().cloned());
        let log = self.folder.with_extension("log");
        self.kept = Some(Kept::start("KILL", &log, &self.folder, &command));
        wait_for(self.port, &log);
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(kept) = self.kept.take() {
            kept.end_and_keep();
        }
    }

    /// Sends a signal (`STOP`, `CONT`).
    pub fn signal(&self, signal: &str) {
        if let Some(kept) = &self.kept {
            kept.signal(signal);
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it answers to a command.
    pub fn ask(&self, words: &[&str]) -> String {
        ask(self.port, words)
    }

    /// What whoever listens on a port answers to a command.
    pub fn ask_on(port: u16, words: &[&str]) -> String {
        ask(port, words)
    }
}

fn ask(port: u16, words: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(words)
        .output()
        .expect("the Debian package redis-tools");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{what}: not within 30 s"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A master, a replica, and three Sentinels that watch them.
#[derive(Debug)]
pub struct RedisSentinels {
    /// Master and replica, as they began.
    pub servers: [RedisServer; 2],
    sentinels: Vec<(u16, Kept)>,
}

impl RedisSentinels {
    /// Under which name the Sentinels know the master.
    pub const NAME: &'static str = "platform";

    /// Starts all five and waits until the Sentinels know one another and the replica follows.
    pub fn start() -> Self {
        let master = RedisServer::start();
        let master_port = master.port().to_string();
        // Faster than the defaults, so that a failover takes two seconds and not half a minute.
        let fast = [
            "--repl-diskless-sync-delay",
            "0",
            "--repl-ping-replica-period",
            "1",
        ];
        let replica = [&["--replicaof", "127.0.0.1", &master_port][..], &fast[..]].concat();
        let replica = RedisServer::on(free_port(), &replica);
        until("the replica follows", || {
            replica
                .ask(&["info", "replication"])
                .contains("master_link_status:up")
        });
        let sentinels: Vec<(u16, Kept)> = free_ports(3)
            .into_iter()
            .map(|port| (port, sentinel(port, master.port())))
            .collect();
        for (port, _) in &sentinels {
            until("the Sentinels know one another", || {
                let seen = ask(*port, &["sentinel", "ckquorum", Self::NAME]);
                let replicas = ask(*port, &["sentinel", "replicas", Self::NAME]);
                seen.starts_with("OK 3 usable") && replicas.contains(&replica.port().to_string())
            });
        }
        Self {
            servers: [master, replica],
            sentinels,
        }
    }

    /// Where the Sentinels listen, on 127.0.0.1.
    pub fn ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(|(port, _)| *port).collect()
    }

    /// Which port the Sentinels believe to be the master's.
    pub fn master(&self) -> u16 {
        let answer = ask(
            self.ports()[0],
            &["sentinel", "get-master-addr-by-name", Self::NAME],
        );
        let port = answer.lines().last().unwrap_or_default();
        port.parse().unwrap_or_default()
    }

    /// Waits until another than this one is the master and takes writes.
    pub fn wait_for_another_master(&self, than: u16) {
        until("a failover", || {
            let now = self.master();
            now != 0 && now != than && ask(now, &["role"]).starts_with("master")
        });
    }
}

fn sentinel(port: u16, master: u16) -> Kept {
    let folder = folder("sentinel");
    let file = folder.join("sentinel.conf");
    let name = RedisSentinels::NAME;
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {name} 127.0.0.1 {master} 2\n\
         sentinel down-after-milliseconds {name} 700\nsentinel failover-timeout {name} 3000\n",
        folder.display()
    );
    std::fs::write(&file, text).expect("its configuration");
    let log = folder.with_extension("log");
    let file = file.to_str().expect("a path of letters").to_owned();
    let command = ["redis-server".to_owned(), file, "--sentinel".to_owned()];
    let kept = Kept::start("KILL", &log, &folder, &command);
    wait_for(port, Path::new(&log));
    kept
}

/// Three masters that share the key space.
#[derive(Debug)]
pub struct RedisCluster {
    servers: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts them and waits until all slots are served.
    pub fn start() -> Self {
        let servers: Vec<RedisServer> = free_ports(3)
            .into_iter()
            .map(|port| {
                let more = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
                RedisServer::on(port, &more)
            })
            .collect();
        let output = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(
                servers
                    .iter()
                    .map(|server| format!("127.0.0.1:{}", server.port())),
            )
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .expect("the Debian package redis-tools");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        for server in &servers {
            until("the cluster is whole", || {
                server.ask(&["cluster", "info"]).contains("cluster_state:ok")
            });
        }
        Self { servers }
    }

    /// Where they listen, on 127.0.0.1.
    pub fn ports(&self) -> Vec<u16> {
        self.servers.iter().map(RedisServer::port).collect()
    }
}
