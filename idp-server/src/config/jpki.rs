//! The sections about certificates and their authority.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// `[jpki]`: certification authorities, profile, revocation lists. Whatever the facts do not confirm is set here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JpkiSection {
    /// Pinned certificates of the 利用者証明用 CA, one file per key generation, PEM or DER.
    pub user_authentication_ca: Vec<PathBuf>,
    /// Pinned certificates of the 署名用 CA, only so that its certificates are refused by name.
    #[serde(default)]
    pub signing_ca: Vec<PathBuf>,
    /// Directory of revocation lists (`*.crl`, DER), watched for changes, unless they come from J-LIS.
    pub crl_directory: PathBuf,
    /// Where lists come from.
    #[serde(default)]
    pub list_source: ListSourceConfig,
    /// Directory of the index made of them, shared by every process of this machine; the default is `revocation` in the directory
    /// of the databases.
    #[serde(default)]
    pub revocation_directory: Option<PathBuf>,
    /// Seconds between two looks into that directory.
    #[serde(default = "crl_poll_seconds")]
    pub crl_poll_seconds: u64,
    /// Seconds past `nextUpdate` for which a list is still trusted. A service may declare less, never more.
    #[serde(default)]
    pub crl_grace_seconds: u64,
    /// Seconds before a list's `thisUpdate` at which it may have been put together: a revocation of that time which it does not name
    /// contradicts nothing.
    #[serde(default = "list_lag_seconds")]
    pub list_lag_seconds: u64,
    /// Certificate policies that may sign in; empty means the built-in list of the mode.
    #[serde(default)]
    pub accepted_policies: Vec<String>,
}

/// Where revocation lists come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ListSourceConfig {
    /// Somebody puts them into `jpki.crl_directory`.
    #[default]
    Directory,
    /// They are fetched from `jlis.url`.
    Jlis,
}

/// How a question to a responder names the issuer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum OcspHash {
    /// RFC 6960, RFC 9654.
    #[default]
    Sha256,
    /// RFC 5019.
    Sha1,
}

/// One responder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcspResponderConfig {
    /// How metrics and the audit call it.
    pub label: String,
    /// `http://host:port/path` or `https://host:port/path`; the latter needs `jlis.ca`.
    pub url: String,
}

/// `[jlis]`: what J-LIS is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JlisConfig {
    /// Base URL of the source of links; `https` needs `ca`.
    pub url: String,
    /// The authority that certifies the source of links, PEM: the only one that is trusted for it.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Our certificate chain for that line (PEM), where it is mutual TLS; goes with `client_key`.
    #[serde(default)]
    pub client_certificate: Option<PathBuf>,
    /// Its private key (PEM).
    #[serde(default)]
    pub client_key: Option<PathBuf>,
    /// Milliseconds that an answer may take; later is "unavailable", never "no".
    #[serde(default = "jlis_timeout")]
    pub timeout_millis: u64,
    /// Hours after a certificate's issue during which "no links" is not yet relied on: J-LIS may learn of a renewal later.
    #[serde(default = "settling_hours")]
    pub settling_hours: u32,
    /// Responders of the authority (OCSP), the preferred one first; without any, whoever asks for `ocsp` is refused.
    #[serde(default)]
    pub ocsp_responders: Vec<OcspResponderConfig>,
    /// Milliseconds that one responder's answer may take.
    #[serde(default = "ocsp_each")]
    pub ocsp_each_millis: u64,
    /// Milliseconds that the question to all of them may take.
    #[serde(default = "ocsp_whole")]
    pub ocsp_whole_millis: u64,
    /// Milliseconds of silence after which the next responder is asked too.
    #[serde(default = "ocsp_hedge")]
    pub ocsp_hedge_after_millis: u64,
    /// Seconds for which a good answer is used again, never beyond its own dates; 0 asks every time.
    #[serde(default = "ocsp_good_for")]
    pub ocsp_good_for_seconds: u32,
    /// Whether an answer must repeat our nonce. Responders that sign ahead cannot.
    #[serde(default = "yes")]
    pub ocsp_nonce_required: bool,
    /// How a question names the issuer: older responders know `sha1` only. A name, no protection.
    #[serde(default)]
    pub ocsp_hash: OcspHash,
    /// Under which object identifier answers carry links to other certificates. Empty, as by default, reads none: the real one is
    /// disclosed under a pledge only, and nothing that we made up may mean anything in production.
    #[serde(default)]
    pub ocsp_link_extension: String,
    /// Whether any pinned key of the authority's name may answer or certify who answers, not only the issuing one.
    #[serde(default)]
    pub ocsp_any_generation: bool,
    /// Seconds of whole validity up to which a responder's certificate may lack id-pkix-ocsp-nocheck; 0: never.
    #[serde(default)]
    pub ocsp_short_lived_seconds: u32,
    /// Seconds since thisUpdate after which an answer is too old, whatever its nextUpdate says.
    #[serde(default = "ocsp_max_age")]
    pub ocsp_max_age_seconds: u32,
    /// Responder keys that are no longer believed: lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo.
    #[serde(default)]
    pub ocsp_distrusted_keys: Vec<String>,
    /// Seconds between two questions for new lists, where `jpki.list_source` is `jlis`.
    #[serde(default = "list_poll_seconds")]
    pub list_poll_seconds: u64,
}

impl JpkiSection {
    /// Where the index of lists is kept.
    pub fn index_directory(&self, storage: &Path) -> PathBuf {
        self.revocation_directory
            .clone()
            .unwrap_or_else(|| storage.join("revocation"))
    }
}

const fn settling_hours() -> u32 {
    24
}
const fn crl_poll_seconds() -> u64 {
    10
}
const fn list_lag_seconds() -> u64 {
    3600
}
const fn jlis_timeout() -> u64 {
    2000
}
const fn ocsp_each() -> u64 {
    2000
}
const fn ocsp_whole() -> u64 {
    3000
}
const fn ocsp_hedge() -> u64 {
    300
}
const fn ocsp_good_for() -> u32 {
    60
}
const fn ocsp_max_age() -> u32 {
    86_400
}
const fn yes() -> bool {
    true
}
const fn list_poll_seconds() -> u64 {
    600
}
