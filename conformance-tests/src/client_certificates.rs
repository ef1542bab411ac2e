//! Certificates of machines, made by OpenSSL, and a platform with the listener that takes them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::Clock as _;
use reqwest::{Certificate, Client, Identity};

use crate::{MachineClock, Platform, PlatformOptions, free_port};

const EXTENSIONS: &str = "
[ca]
default_ca = d
[d]
database = DIR/index.txt
new_certs_dir = DIR
rand_serial = yes
default_md = sha256
policy = p
unique_subject = no
copy_extensions = copy
[p]
countryName = optional
organizationName = optional
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[client]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
[server]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
";

/// Certificates of machines in a folder, each `NAME.pem` with its key in `NAME.key` and both in `NAME.both`.
#[derive(Clone, Debug)]
pub struct ClientCertificates {
    folder: PathBuf,
    ca_pem: String,
}

/// What a certificate is to be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `/C=JP/CN=client`.
    pub subject: &'a str,
    /// `DNS:a.example,URI:urn:a`, or nothing.
    pub san: &'a str,
    /// A section of the extensions: `authority`, `client`, `server`.
    pub kind: &'a str,
    /// By whom; by itself where nobody is named.
    pub issuer: Option<&'a str>,
    /// Over whose key; over a fresh one where nobody is named.
    pub key_of: Option<&'a str>,
    /// From when until when, in days counted from today.
    pub days: (i64, i64),
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            subject: "/CN=client",
            san: "",
            kind: "client",
            issuer: None,
            key_of: None,
            days: (-1, 2),
        }
    }
}

impl ClientCertificates {
    /// Beside a platform's files.
    pub fn beside(platform: &Platform) -> Self {
        let folder = platform.path().join("clients");
        std::fs::create_dir_all(&folder).expect("folder");
        let text = EXTENSIONS.replace("DIR", folder.to_str().expect("UTF-8"));
        std::fs::write(folder.join("ca.cnf"), text).expect("configuration");
        Self {
            folder,
            ca_pem: platform.ca_pem.clone(),
        }
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn openssl(&self, arguments: &[&str]) -> Vec<u8> {
        let done = Command::new("openssl")
            .current_dir(&self.folder)
            .args(arguments)
            .output()
            .expect("openssl");
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        done.stdout
    }

    /// Makes one, of a P-256 key.
    pub fn certify(&self, name: &str, wanted: &Wanted<'_>) {
        std::fs::write(self.folder.join("index.txt"), "").expect("index");
        let file = |kind: &str| format!("{name}.{kind}");
        let (key, request, pem) = (file("key"), file("csr"), file("pem"));
        let mut ask = vec![
            "req",
            "-new",
            "-nodes",
            "-utf8",
            "-subj",
            wanted.subject,
            "-out",
            &request,
        ];
        match wanted.key_of {
            Some(other) => {
                let other = self.folder.join(format!("{other}.key"));
                std::fs::copy(other, self.folder.join(&key)).expect("a key");
                ask.extend(["-key", &key]);
            }
            None => ask.extend([
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-keyout",
                &key,
            ]),
        }
        let san = format!("subjectAltName={}", wanted.san);
        if !wanted.san.is_empty() {
            ask.extend(["-addext", &san]);
        }
        self.openssl(&ask);
        let (from, to) = (day(wanted.days.0), day(wanted.days.1));
        let issuer_files = wanted
            .issuer
            .map(|issuer| (format!("{issuer}.pem"), format!("{issuer}.key")));
        let mut sign = vec!["ca", "-batch", "-notext", "-config", "ca.cnf"];
        sign.extend([
            "-in",
            &request,
            "-out",
            &pem,
            "-startdate",
            &from,
            "-enddate",
            &to,
        ]);
        sign.extend(["-extensions", wanted.kind]);
        match &issuer_files {
            Some((certificate, key)) => sign.extend(["-cert", certificate, "-keyfile", key]),
            None => sign.extend(["-selfsign", "-keyfile", &key]),
        }
        self.openssl(&sign);
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).expect("PEM");
        std::fs::write(self.folder.join(file("both")), read(&pem) + &read(&key)).expect("PEM");
    }

    fn digest(&self, name: &str) -> Vec<u8> {
        let pem = format!("{name}.pem");
        let der = self.openssl(&["x509", "-in", &pem, "-outform", "DER"]);
        jose::digest::sha256(&der).to_vec()
    }

    /// Lower-case hexadecimal SHA-256 of the DER.
    pub fn sha256(&self, name: &str) -> String {
        use std::fmt::Write as _;
        self.digest(name).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// `x5t#S256` (RFC 8705 section 3.1).
    pub fn confirmation(&self, name: &str) -> String {
        jose::encode_base64url(self.digest(name))
    }

    /// Its key as a JWK Set.
    pub fn key_set(&self, name: &str) -> String {
        let key = format!("{name}.key");
        let spki = self.openssl(&["pkey", "-in", &key, "-pubout", "-outform", "DER"]);
        // The coordinates of an uncompressed P-256 point end the structure (RFC 5480 section 2.2).
        let (_, point) = spki.split_at(spki.len() - 64);
        let (x, y) = point.split_at(32);
        let (x, y) = (jose::encode_base64url(x), jose::encode_base64url(y));
        format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#)
    }

    /// A client that shows a certificate, or none.
    pub fn showing(&self, name: Option<&str>) -> Client {
        let ca = Certificate::from_pem(self.ca_pem.as_bytes()).expect("authority");
        let mut builder = Client::builder()
            .use_rustls_tls()
            .add_root_certificate(ca)
            .resolve("idp.localhost", SocketAddr::from(([127, 0, 0, 1], 0)));
        if let Some(name) = name {
            let both = std::fs::read(self.folder.join(format!("{name}.both"))).expect("PEM");
            builder = builder.identity(Identity::from_pem(&both).expect("a certificate and its key"));
        }
        builder.build().expect("client")
    }
}

fn day(count: i64) -> String {
    let at = MachineClock
        .now()
        .plus_seconds(count * 86_400)
        .to_rfc3339()
        .expect("a date");
    let digits: String = at.chars().filter(char::is_ascii_digit).take(14).collect();
    format!("{digits}Z")
}

/// A platform with the listener for client certificates, one pinned authority (`pinned`), and another of the same name (`other-ca`).
pub struct MutualTls {
    /// The platform; [`Platform::run`] starts it.
    pub platform: Platform,
    /// `https://idp.localhost:port` of the listener.
    pub origin: String,
    /// Its clients' certificates.
    pub certificates: ClientCertificates,
}

impl MutualTls {
    /// Everything but the process; `more` are further lines of the configuration, from `[mutual_tls]` on.
    pub async fn prepare(front: &str, more: &str) -> Self {
        let port = free_port();
        let origin = format!("https://idp.localhost:{port}");
        let platform = Platform::prepare(PlatformOptions {
            more_config: format!(
                "[mutual_tls]\nlisten = \"127.0.0.1:{port}\"\norigin = \"{origin}\"\nclient_ca = [\"clients/pinned.pem\"]\n{more}"
            ),
            front: front.to_owned(),
            ..PlatformOptions::default()
        })
        .await;
        let certificates = ClientCertificates::beside(&platform);
        for name in ["pinned", "other-ca"] {
            certificates.certify(
                name,
                &Wanted {
                    subject: "/C=JP/O=試験/CN=Pinned CA",
                    kind: "authority",
                    days: (-1, 9),
                    ..Wanted::default()
                },
            );
        }
        Self {
            platform,
            origin,
            certificates,
        }
    }

    /// The same, running.
    pub async fn start() -> Self {
        let mut house = Self::prepare("", "").await;
        house.platform.run().await;
        house
    }
}
