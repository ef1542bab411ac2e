//! PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::certificates::Certificates;
use super::keeper::{Kept, folder, free_port, wait_for};

/// A private instance. Everybody on the loopback interface is trusted, except the role `guarded`, who needs the password `open sesame`,
/// and the role `sealed`, who must speak TLS.
#[derive(Debug)]
pub struct PostgresServer {
    port: u16,
    folder: PathBuf,
    certificates: Certificates,
    /// Whether a commit waits for the disk.
    durable: bool,
    kept: Option<Kept>,
}

impl PostgresServer {
    /// The role that may do everything.
    pub const USER: &'static str = "postgres";

    /// Makes and starts one; some seconds. A test survives the end of a process, not of the machine: nothing waits for the disk.
    pub fn start() -> Self {
        Self::make(false)
    }

    /// One whose commits wait for the disk, as in operation.
    pub fn start_durable() -> Self {
        Self::make(true)
    }

    fn make(durable: bool) -> Self {
        let folder = folder("postgres");
        // The server refuses to run as root, so the folder is its own user's.
        let owned = std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700));
        owned.expect("a folder of ours");
        let certificates = Certificates::make(&folder);
        if is_root() {
            let status = Command::new("chown")
                .args(["-R", "postgres"])
                .arg(&folder)
                .status();
            assert!(status.expect("chown").success(), "chown postgres");
        }
        let data = folder.join("data");
        let mut init = as_postgres(&program("initdb"));
        init.extend(["-D", text(&data), "-U", Self::USER, "-A", "trust", "-E", "UTF8"].map(str::to_owned));
        init.extend(["--locale=C.UTF-8", "--no-sync"].map(str::to_owned));
        let output = Command::new(&init[0])
            .args(&init[1..])
            .current_dir("/")
            .output()
            .expect("initdb");
        assert!(
            output.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let rules = "hostnossl all sealed 127.0.0.1/32 reject\nhost all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        std::fs::write(data.join("pg_hba.conf"), rules).expect("its rules");
        let mut server = Self {
            port: free_port(),
            folder,
            certificates,
            durable,
            kept: None,
        };
        server.start_again();
        server.sql(
            "postgres",
            "CREATE ROLE guarded LOGIN PASSWORD 'open sesame'; CREATE ROLE sealed LOGIN",
        );
        server
    }

    /// Starts it again after [`Self::stop`].
    pub fn start_again(&mut self) {
        let mut command = as_postgres(&program("postgres"));
        command.extend(
            [
                "-D",
                text(&self.folder.join("data")),
                "-p",
                &self.port.to_string(),
            ]
            .map(str::to_owned),
        );
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=64MB",
            if self.durable { "fsync=on" } else { "fsync=off" },
        ] {
            command.extend(["-c", setting].map(str::to_owned));
        }
        let Certificates { chain, key, .. } = &self.certificates;
        for setting in [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", text(chain)),
            format!("ssl_key_file={}", text(key)),
        ] {
            command.extend(["-c".to_owned(), setting]);
        }
        let log = self.folder.join("log");
        // QUIT: at once, without a word to clients.
        self.kept = Some(Kept::start("QUIT", &log, &self.folder, &command));
        wait_for(self.port, &log);
        let began = Instant::now();
        while self.psql("postgres", "SELECT 1").is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the server never got ready"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once, as a crash would; its data stay.
    pub fn stop(&mut self) {
        if let Some(kept) = self.kept.take() {
            kept.end_and_keep();
        }
    }

    /// Sends a signal to the server (`INT` shuts down after breaking off sessions, `HUP` reads its configuration again).
    pub fn signal(&self, signal: &str) {
        if let Some(kept) = &self.kept {
            kept.signal(signal);
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that certified it (PEM), for those who speak TLS with it.
    pub fn ca(&self) -> &Path {
        &self.certificates.ca
    }

    /// Its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Makes a database.
    pub fn make_database(&self, name: &str) {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
    }

    /// Runs statements and answers what they answer, columns separated by `|`.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.psql(database, statements)
            .unwrap_or_else(|why| panic!("{statements}: {why}"))
    }

    /// The same, with the server's refusal.
    pub fn psql(&self, database: &str, statements: &str) -> Result<String, String> {
        let output = Command::new(program("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"])
            .args(["-U", Self::USER, "-p", &self.port.to_string(), "-d", database])
            .args(["-c", statements])
            .current_dir("/")
            .output()
            .expect("psql");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

/// The newest installed version's program.
fn program(name: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("the Debian package postgresql");
    let mut found: Vec<PathBuf> = versions
        .map(|entry| entry.expect("a folder").path().join("bin").join(name))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    let newest = found.pop().expect("the Debian package postgresql");
    text(&newest).to_owned()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// The program as somebody who is not root.
fn as_postgres(program: &str) -> Vec<String> {
    let mut command = Vec::new();
    if is_root() {
        command
            .extend(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"].map(str::to_owned));
    }
    command.push(program.to_owned());
    command
}
