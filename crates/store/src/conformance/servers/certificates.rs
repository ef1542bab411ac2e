//! A certificate for a server on this machine, made by OpenSSL: its authority is nobody's but the test's.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority.
    pub ca: PathBuf,
    /// The certificate of `127.0.0.1` and `localhost`.
    pub chain: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes them in a folder.
    pub fn make(folder: &Path) -> Self {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let authority = [
            "req",
            "-x509",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "2",
            "-subj",
            "/CN=Test authority",
        ];
        openssl(folder, &[&authority[..], &key[..]].concat());
        let request = [
            "req",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
            "-subj",
            "/CN=localhost",
        ];
        let names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
        openssl(folder, &[&request[..], &key[..], &names[..]].concat());
        let issue = [
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-days",
            "2",
        ];
        openssl(
            folder,
            &[
                &issue[..],
                &["-out", "server.pem", "-copy_extensions", "copy"][..],
            ]
            .concat(),
        );
        Self {
            ca: folder.join("ca.pem"),
            chain: folder.join("server.pem"),
            key: folder.join("server.key"),
        }
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the Debian package openssl");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
