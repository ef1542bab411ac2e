//! Apache modules of Debian as service providers: each in an Apache of its own, filled from `real_sp/`, ended with the test.
//!
//! **Owns** folders, processes and logs ([`Apache`]), and what each module needs to know about a [`Platform`] (`openidc.rs`,
//! `mellon.rs`, `shibboleth.rs`). **Deliberately absent**: expectations; they are in `tests/real_sp/`.
//!
//! **One more module**: a folder in `real_sp/`, a file here that names its packages and fills its template.

mod mellon;
mod openidc;
mod shibboleth;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use mellon::Mellon;
pub use openidc::OpenIdc;
pub use shibboleth::Shibboleth;

use crate::{Platform, free_port};

/// How long an Apache or a shibd may take to begin or to end.
const PATIENCE: Duration = Duration::from_secs(30);
const MODULES: &str = "/usr/lib/apache2/modules";

/// An Apache with one module, and shibd where the module has one.
pub struct Apache {
    folder: TempDir,
    /// Its port on loopback.
    pub port: u16,
    processes: Vec<Child>,
}

/// A program of Debian's; the test fails and says what to install when it is missing.
fn required(program: &str, package: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is missing; run: apt-get install --no-install-recommends {package}")
        })
}

fn require_module(name: &str, package: &str) {
    let path = Path::new(MODULES).join(name);
    assert!(
        path.is_file(),
        "{} is missing; run: apt-get install --no-install-recommends {package}",
        path.display()
    );
}

/// Runs a command that must succeed; what it printed.
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

impl Apache {
    /// An empty folder with the server certificate and our test authority in it.
    fn prepare(platform: &Platform, name: &str, hosts: &[&str]) -> Self {
        let _ = (required("apache2", "apache2"), required("openssl", "openssl"));
        let folder = tempfile::Builder::new()
            .prefix("gap-sp-")
            .tempdir()
            .expect("a folder");
        let (chain, key) = platform.write_server_certificate(name, hosts);
        fs::copy(chain, folder.path().join("server.pem")).expect("certificate");
        fs::copy(key, folder.path().join("server.key")).expect("key");
        fs::write(folder.path().join("ca.pem"), &platform.ca_pem).expect("CA");
        Self {
            folder,
            port: free_port(),
            processes: Vec::new(),
        }
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text, for templates.
    fn at(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// An address at one of its hosts.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    /// An RSA key and a certificate over it, `NAME.key` and `NAME.crt`.
    fn make_key(&self, name: &str) {
        run(Command::new(required("openssl", "openssl"))
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
            .args(["-subj", &format!("/CN={name}")])
            .args(["-keyout", &self.at(&format!("{name}.key"))])
            .args(["-out", &self.at(&format!("{name}.crt"))]));
    }

    /// The DER of a certificate in its folder as one line of base64.
    fn certificate_base64(&self, name: &str) -> String {
        fs::read_to_string(self.path(name))
            .expect("certificate")
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect()
    }

    /// Fills the template; everything that the module reads must be in the folder by now.
    fn fill(&self, module: &str, host: &str, values: &[(&str, &str)]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/real_sp/fill.sh");
        let mut command = Command::new("sh");
        command.args([script, module]).arg(self.folder.path());
        let common = [
            ("PORT", self.port.to_string()),
            ("SP_HOST", host.to_owned()),
            ("SERVER_CERT", self.at("server.pem")),
            ("SERVER_KEY", self.at("server.key")),
        ];
        for (name, value) in &common {
            command.arg(format!("{name}={value}"));
        }
        for (name, value) in values {
            command.arg(format!("{name}={value}"));
        }
        run(&mut command);
    }

    /// Starts Apache and waits until it answers.
    async fn serve(&mut self, platform: &Platform, ready: &str) {
        let mut apache = setpriv();
        apache.arg(required("apache2", "apache2"));
        apache.args(["-f", &self.at("httpd.conf"), "-DFOREGROUND"]);
        self.spawn(apache);
        self.wait_until_ready(platform, ready).await;
    }

    fn spawn(&mut self, mut command: Command) {
        let output = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("logs/output.log"))
            .expect("log");
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("log"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.processes.push(child);
    }

    async fn wait_until_ready(&mut self, platform: &Platform, url: &str) {
        let browser = platform.bare_browser();
        let until = Instant::now() + PATIENCE;
        loop {
            if browser.try_get(url).await.is_ok_and(|page| page.status == 200) {
                return;
            }
            for process in &mut self.processes {
                let ended = process.try_wait().expect("process");
                assert!(ended.is_none(), "a service provider ended: {ended:?}");
            }
            assert!(Instant::now() < until, "{url} is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last lines of every log: the modules say nowhere else why they refuse.
    pub fn logs(&self) -> String {
        let mut tails = Vec::new();
        for name in ["output.log", "native.log", "shibd.log", "error.log"] {
            let bytes = fs::read(self.path("logs").join(name)).unwrap_or_default();
            let log = String::from_utf8_lossy(&bytes);
            let last: Vec<&str> = log.lines().rev().take(25).collect();
            for line in last.iter().rev() {
                let line: String = line.chars().take(600).collect();
                tails.push(format!("{name}: {line}\n"));
            }
        }
        tails.concat()
    }
}

/// A command that ends with this process, however that ends.
fn setpriv() -> Command {
    let mut command = Command::new(required("setpriv", "util-linux"));
    command.args(["--pdeathsig", "TERM"]);
    command
}

impl Drop for Apache {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = std::io::stderr().write_all(self.logs().as_bytes());
        }
        // Apache first, shibd after it. TERM, because KILL would leave Apache's workers behind.
        for process in self.processes.iter_mut().rev() {
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let until = Instant::now() + PATIENCE;
            while matches!(process.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "apt-get install --no-install-recommends some-package")]
    fn a_missing_program_fails_and_names_its_package() {
        required("no-such-program", "some-package");
    }

    #[test]
    #[should_panic(expected = "apt-get install --no-install-recommends some-module")]
    fn a_missing_module_fails_and_names_its_package() {
        require_module("mod_no_such.so", "some-module");
    }
}
