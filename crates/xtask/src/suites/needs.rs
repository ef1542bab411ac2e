//! What suites need beside Rust, and how it gets there: Debian packages by their names, a Python package into a folder of ours,
//! packages of npm by their lock files. Nothing is installed that is there already.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::SuiteName;
use super::runner::{self, Tools};
use crate::error::XtaskError;
use crate::repository::{Repository, line};

/// To compile anything at all.
const COMPILER: &[&str] = &["gcc", "g++", "libc6-dev", "make"];

/// The TLS stack that can do RFC 9963 on the client's side, besides ours; with digests.
const TLSLITE: &str = "conformance-tests/tests/door/requirements.txt";

/// A client library that is not ours, in Python.
const AUTHLIB: &str = "conformance-tests/relying_parties/requirements.txt";

/// Debian packages of a suite.
fn debian(suite: SuiteName) -> &'static [&'static str] {
    match suite {
        SuiteName::Fmt | SuiteName::Clippy | SuiteName::Tidy | SuiteName::Demo => &[],
        // Differential tests: signatures against xmlsec1, schemas, cards against openssl; the stores on real servers.
        SuiteName::Unit => &[
            "libxml2-utils",
            "opensaml-schemas",
            "openssl",
            "postgresql",
            "python3-lxml",
            "redis-server",
            "redis-tools",
            "xmlsec1",
            "xmltooling-schemas",
        ],
        SuiteName::Door => &["curl", "openssl", "python3", "python3-venv"],
        SuiteName::RealSp => &[
            "apache2",
            "curl",
            "libapache2-mod-auth-mellon",
            "libapache2-mod-auth-openidc",
            "libapache2-mod-shib",
            "nodejs",
            "npm",
            "openssl",
            "python3",
            "python3-onelogin-saml2",
            "python3-pysaml2",
            "python3-venv",
            "shibboleth-sp-utils",
            "xmlsec1",
        ],
        // strace sees the order of writes; sqlite3 looks into the file from outside. The servers of two nodes are private instances
        // on free ports: those that Debian starts by itself on the usual ports are neither used nor in the way.
        SuiteName::Conformance => &[
            "curl",
            "openssl",
            "postgresql",
            "procps",
            "redis-server",
            "redis-tools",
            "sqlite3",
            "strace",
        ],
        SuiteName::Browser => &["chromium", "fonts-noto-cjk", "libnss3-tools", "nodejs", "npm"],
    }
}

/// Where things for tests are installed that do not come from Debian.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    folder: PathBuf,
}

/// What the workspace needs to be compiled.
pub(super) fn compiler(repository: &Repository) -> Result<(), XtaskError> {
    debian_packages(repository, COMPILER)
}

impl Installed {
    /// Under a folder that survives between runs.
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Installs what a suite needs and is missing.
    pub(super) fn provide(&self, repository: &Repository, suite: SuiteName) -> Result<Tools, XtaskError> {
        debian_packages(repository, debian(suite))?;
        let mut tools = Tools::default();
        match suite {
            SuiteName::Door => tools.variables.push((
                "GAP_TLSLITE_PYTHON",
                self.python(repository, "python", "tlslite", TLSLITE)?,
            )),
            SuiteName::Browser => {
                npm_packages(
                    repository,
                    "conformance-tests/browser",
                    &["playwright-core", "axe-core"],
                )?;
            }
            SuiteName::RealSp => {
                npm_packages(
                    repository,
                    "conformance-tests/relying_parties",
                    &["openid-client", "oauth4webapi"],
                )?;
                let python = self.python(repository, "authlib-python", "authlib", AUTHLIB)?;
                tools.variables.push(("GAP_AUTHLIB_PYTHON", python));
            }
            _ => {}
        }
        Ok(tools)
    }

    /// A Python of its own folder with what a file of requirements names.
    fn python(
        &self,
        repository: &Repository,
        name: &str,
        module: &str,
        requirements: &str,
    ) -> Result<PathBuf, XtaskError> {
        let folder = self.folder.join(name);
        let python = folder.join("bin/python3");
        if imports(&python, module) {
            return Ok(python);
        }
        let mut venv = repository.command("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        install(venv)?;
        let mut pip = repository.command(&python.to_string_lossy());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--require-hashes", "--requirement", requirements]);
        install(pip)?;
        Ok(python)
    }
}

fn imports(python: &Path, module: &str) -> bool {
    Command::new(python)
        .args(["-c", &format!("import {module}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Packages of npm in a folder of ours, by its lock file.
fn npm_packages(repository: &Repository, folder: &str, names: &[&str]) -> Result<(), XtaskError> {
    let folder = repository.root().join(folder);
    let there = names.iter().all(|name| {
        folder
            .join("node_modules")
            .join(name)
            .join("package.json")
            .is_file()
    });
    if there {
        return Ok(());
    }
    let mut npm = repository.command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder);
    install(npm)
}

fn debian_packages(repository: &Repository, wanted: &[&str]) -> Result<(), XtaskError> {
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|name| !is_installed(name) && !is_provided(name))
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() {
        return Err(XtaskError::NotRoot {
            packages: missing.into_iter().map(str::to_owned).collect(),
        });
    }
    let mut update = repository.command("apt-get");
    update.args(["-q", "update"]);
    install(update)?;
    let mut apt = repository.command("apt-get");
    apt.args(["-q", "install", "--yes", "--no-install-recommends"])
        .args(missing);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    install(apt)
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

/// Whether the program for which a package is wanted is there from elsewhere (another build of Node.js conflicts with Debian's npm).
fn is_provided(package: &str) -> bool {
    let program = match package {
        "nodejs" => "node",
        "npm" => "npm",
        _ => return false,
    };
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn install(command: Command) -> Result<(), XtaskError> {
    let typed = line(&command);
    match runner::run(command)? {
        (true, _) => Ok(()),
        (false, _) => Err(XtaskError::Install { command: typed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_debian_has_not_installed_is_known_as_missing() {
        assert!(!is_installed("gap-no-such-package"));
        assert!(is_installed("dpkg"));
    }

    /// Every package that a reader is told to install by hand is one that is installed for him.
    #[test]
    fn the_documents_name_what_is_installed() {
        let root = Repository::find().unwrap().root().to_owned();
        for (file, suite) in [
            ("conformance-tests/real_sp/README.md", SuiteName::RealSp),
            ("conformance-tests/browser/README.md", SuiteName::Browser),
        ] {
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            for package in debian(suite) {
                assert!(text.contains(package), "{file} does not name {package}");
            }
        }
    }
}
