//! Configuration: one documented TOML file, a section per concern.
//!
//! **Owns** the shape of the file, its reading and its checking without starting anything. An unknown key stops the
//! start with its line; paths are relative to the file; secrets are given by file.
//!
//! **Deliberately absent**: defaults hidden in code paths: every default is in this room, and
//! `deploy/idp-server.toml` documents each key.
//!
//! **One more key**: a field with a default that keeps yesterday's file working, its line in `deploy/idp-server.toml`
//! (a test holds the two against each other), a check in [`Config::problems`] if it can be wrong.

mod jpki;
mod logout;
mod metadata;
mod mutual_tls;
mod origin;
mod registration;
mod sections;
mod storage;
mod verification;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use jpki::{JlisConfig, JpkiSection, ListSourceConfig, OcspHash, OcspResponderConfig};
pub use logout::LogoutConfig;
pub use metadata::{MetadataConfig, MetadataSourceConfig};
pub use mutual_tls::MutualTlsConfig;
pub use origin::{Origin, OriginError};
pub use registration::RegistrationConfig;
pub use sections::{
    DeviceConfig, DoorConfig, FrontConfig, KeysConfig, LogConfig, LogFormat, OidcConfig, OperatorConfig,
    RegistryConfig, SamlConfig, SessionConfig, TerminalConfig,
};
pub use storage::{
    EphemeraKind, LedgerKind, PostgresConfig, RedisConfig, RedisMode, Server, ServerError, StorageConfig,
    Synchronous, millis,
};
pub use verification::VerificationConfig;

/// Whether test hierarchies are refused.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Real cards only: a certificate below `O=JPKI-TEST` is refused with its own page.
    Production,
    /// Test hierarchies are accepted if pinned.
    Test,
}

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether test hierarchies are refused.
    pub mode: Mode,
    /// The pages and protocol endpoints.
    pub front: FrontConfig,
    /// The certificate door.
    pub door: DoorConfig,
    /// The listener for client certificates of machines.
    #[serde(default)]
    pub mutual_tls: MutualTlsConfig,
    /// The operator's listener.
    pub operator: OperatorConfig,
    /// Databases.
    pub storage: StorageConfig,
    /// Signing and sealing keys.
    pub keys: KeysConfig,
    /// Certification authorities, profile, revocation lists.
    pub jpki: JpkiSection,
    /// The source of links.
    pub jlis: JlisConfig,
    /// Transactions and sessions.
    #[serde(default)]
    pub session: SessionConfig,
    /// Cards in devices whose browsers hold no certificates.
    #[serde(default)]
    pub device: DeviceConfig,
    /// PIN-less use at approved terminals.
    #[serde(default)]
    pub terminal: TerminalConfig,
    /// OpenID Connect.
    #[serde(default)]
    pub oidc: OidcConfig,
    /// SAML.
    #[serde(default)]
    pub saml: SamlConfig,
    /// Services to import at start.
    #[serde(default)]
    pub registry: RegistryConfig,
    /// Clients that register themselves.
    #[serde(default)]
    pub registration: RegistrationConfig,
    /// Signatures verified for others.
    #[serde(default)]
    pub verification: VerificationConfig,
    /// Services told of a logout without the browser.
    #[serde(default)]
    pub logout: LogoutConfig,
    /// Where SAML services' metadata is taken from again and again.
    #[serde(default)]
    pub metadata: MetadataConfig,
    /// Logging.
    #[serde(default)]
    pub log: LogConfig,
}

/// Why a configuration is not usable. The text says which file, which line and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is no TOML, or a key is unknown, missing or of the wrong type.
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Line, key and reason, as the parser shows them.
        why: String,
    },
    /// The values do not fit together or do not fit the machine.
    Problems {
        /// Which file.
        path: PathBuf,
        /// One sentence each.
        problems: Vec<String>,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, why } => {
                write!(f, "cannot read the configuration {}: {why}", path.display())
            }
            Self::Malformed { path, why } => write!(f, "the configuration {}: {why}", path.display()),
            Self::Problems { path, problems } => {
                write!(f, "the configuration {} cannot be used:", path.display())?;
                problems
                    .iter()
                    .try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a file and resolves its relative paths.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|why| ConfigError::Unreadable {
            path: path.to_owned(),
            why,
        })?;
        let mut config = Self::parse(&text).map_err(|why| ConfigError::Malformed {
            path: path.to_owned(),
            why,
        })?;
        let base = path.parent().unwrap_or(Path::new("."));
        config.resolve(base);
        Ok(config)
    }

    /// Reads a text; the error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    fn resolve(&mut self, base: &Path) {
        let mut paths: Vec<&mut PathBuf> = vec![
            &mut self.front.certificate,
            &mut self.front.private_key,
            &mut self.door.certificate,
            &mut self.door.private_key,
            &mut self.operator.token_file,
            &mut self.keys.directory,
            &mut self.jpki.crl_directory,
        ];
        paths.extend(self.storage.paths());
        paths.extend(self.metadata.paths());
        paths.extend(self.jpki.user_authentication_ca.iter_mut());
        paths.extend(self.jpki.signing_ca.iter_mut());
        paths.extend(self.registry.import.iter_mut());
        paths.extend(self.jlis.ca.iter_mut());
        paths.extend(self.jlis.client_certificate.iter_mut());
        paths.extend(self.jlis.client_key.iter_mut());
        paths.extend(self.mutual_tls.certificate.iter_mut());
        paths.extend(self.mutual_tls.private_key.iter_mut());
        paths.extend(self.mutual_tls.client_ca.iter_mut());
        paths.extend(self.verification.push_ca.iter_mut());
        paths.extend(self.logout.ca.iter_mut());
        paths.extend(self.oidc.fetch_ca.iter_mut());
        paths.extend(self.registration.software_statement_issuers.values_mut());
        paths.extend(self.jpki.revocation_directory.iter_mut());
        for path in paths {
            if path.is_relative() {
                *path = base.join(&*path);
            }
        }
    }

    /// Where the index of revocation lists is kept.
    pub fn index_directory(&self) -> PathBuf {
        self.jpki.index_directory(&self.storage.directory)
    }

    /// Everything about the file that cannot work, without starting anything: each a sentence that says what to do.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let files = [
            ("front.certificate", &self.front.certificate),
            ("front.private_key", &self.front.private_key),
            ("door.certificate", &self.door.certificate),
            ("door.private_key", &self.door.private_key),
            ("operator.token_file", &self.operator.token_file),
        ];
        let authorities = self
            .jpki
            .user_authentication_ca
            .iter()
            .map(|path| ("jpki.user_authentication_ca", path))
            .chain(self.jpki.signing_ca.iter().map(|path| ("jpki.signing_ca", path)));
        let stores = self.storage.files();
        let of_stores = stores.iter().map(|(key, path, _)| (*key, *path));
        for (key, path) in files.into_iter().chain(authorities).chain(of_stores) {
            if let Err(why) = std::fs::File::open(path) {
                problems.push(format!("{key}: cannot open {}: {why}", path.display()));
            }
        }
        let secrets = [
            ("front.private_key", &self.front.private_key),
            ("door.private_key", &self.door.private_key),
            ("operator.token_file", &self.operator.token_file),
        ];
        let ours = self.jlis.client_key.iter().map(|key| ("jlis.client_key", key));
        let of_stores = stores.iter().filter(|(.., secret)| *secret);
        let of_stores = of_stores.map(|(key, path, _)| (*key, *path));
        let mutual = self
            .mutual_tls
            .private_key
            .iter()
            .map(|key| ("mutual_tls.private_key", key));
        for (key, path) in secrets.into_iter().chain(ours).chain(mutual).chain(of_stores) {
            if let Some(problem) = readable_by_others(path) {
                problems.push(format!("{key}: {problem}"));
            }
        }
        if self.jpki.user_authentication_ca.is_empty() {
            problems.push(
                "jpki.user_authentication_ca: name at least one pinned certificate of the 利用者証明用 CA"
                    .to_owned(),
            );
        }
        if self.front.certificate == self.door.certificate {
            problems.push(
                "door.certificate: use another certificate than the front's, or browsers reuse a connection without \
                 the card"
                    .to_owned(),
            );
        }
        if self.front.listen == self.door.listen && self.front.listen.port() != 0 {
            problems.push("door.listen: the door needs another address or port than the front".to_owned());
        }
        problems.extend(self.storage.problems());
        problems.extend(self.mutual_tls.problems(self.front.listen));
        problems.extend(self.session.problems());
        problems.extend(self.device.problems());
        problems.extend(self.oidc.problems());
        problems.extend(self.verification.problems());
        problems.extend(self.logout.problems());
        problems.extend(self.registration.problems());
        problems.extend(self.metadata.problems());
        problems.extend(self.terminal.problems(self.mode));
        problems
    }

    /// Reads a file and refuses it with every problem at once.
    pub fn read_and_check(path: &Path) -> Result<Self, ConfigError> {
        let config = Self::read(path)?;
        let problems = config.problems();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Problems {
                path: path.to_owned(),
                problems,
            })
        }
    }
}

/// A sentence when a secret file can be read by group or others.
pub fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        format!(
            "{} is open to others (mode {mode:03o}); run: chmod 600 {}",
            path.display(),
            path.display()
        )
    })
}

#[cfg(test)]
mod tests;
