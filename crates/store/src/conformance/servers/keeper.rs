//! One server process and the shell that ends it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Starts the server, tells its process id, waits for its own input to end, then ends the server. A server in bad health may need
/// force: first the signal, then `KILL`. The folder goes unless the last word was `keep`.
const SCRIPT: &str = r#"
signal=$1 log=$2 folder=$3; shift 3
"$@" </dev/null >>"$log" 2>&1 &
server=$!
echo "$server"
word=
while read -r line; do word=$line; done
kill -CONT "$server" 2>/dev/null; kill -s "$signal" "$server" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
kill -KILL "$server" 2>/dev/null
wait "$server"
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server process.
#[derive(Debug)]
pub(super) struct Kept {
    shell: Child,
    input: Option<ChildStdin>,
    pid: u32,
}

impl Kept {
    /// Starts a command; `signal` is how the server likes to be ended.
    pub(super) fn start(signal: &str, log: &Path, folder: &Path, command: &[String]) -> Self {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "keeper", signal])
            .args([log, folder])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let output = shell.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a process id");
        Self {
            input: shell.stdin.take(),
            shell,
            pid: line.trim().parse().expect("a process id"),
        }
    }

    /// Sends a signal to the server.
    pub(super) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.pid.to_string()])
            .status()
            .expect("kill");
        assert!(sent.success(), "kill -s {signal}");
    }

    /// Ends the server; its folder stays, so that it can be started again.
    pub(super) fn end_and_keep(mut self) {
        if let Some(mut input) = self.input.take() {
            input.write_all(b"keep\n").expect("the keeper listens");
        }
        self.shell.wait().expect("the keeper ends");
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.shell.wait();
    }
}

/// A port that was free a moment ago and that no outgoing connection will take: below the range that the kernel gives those. Each
/// process counts on from a place of its own. So is the port 10000 above it, on which a node of a Redis Cluster talks to the others.
pub fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const PLACES: u16 = 10_000;
    static COUNTER: OnceLock<AtomicU16> = OnceLock::new();
    let counter = COUNTER.get_or_init(|| {
        let chance = RandomState::new().build_hasher().finish() % u64::from(PLACES);
        AtomicU16::new(u16::try_from(chance).unwrap_or_default())
    });
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let port = FIRST + counter.fetch_add(1, Ordering::Relaxed) % PLACES;
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
}

/// So many different free ports.
pub fn free_ports(count: usize) -> Vec<u16> {
    (0..count).map(|_| free_port()).collect()
}

/// Waits until somebody listens.
pub(super) fn wait_for(port: u16, log: &Path) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            began.elapsed() < PATIENCE,
            "nobody listens on {port}: {}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A new folder for a server's data, which its keeper removes.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix(&format!("gap-{name}-"))
        .tempdir()
        .expect("a folder");
    folder.keep()
}
