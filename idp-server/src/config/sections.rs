//! The sections of the file. Field docs are the meaning; `deploy/idp-server.toml` shows each with its default.

use oidc::authorization_details::DetailTypes;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use domain::Aal;
use serde::Deserialize;

use super::Origin;

/// `[front]`: the pages and protocol endpoints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The public origin; the OIDC issuer and the base of the SAML entity ID.
    pub origin: Origin,
    /// Server certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PKCS#8 PEM, mode 0600.
    pub private_key: PathBuf,
    /// Threads that serve pages; 0 means one per core.
    #[serde(default)]
    pub workers: usize,
    /// Sign-ins that one address (IPv6: /64) may begin per minute.
    #[serde(default = "begin_per_minute")]
    pub begin_per_minute: NonZeroU32,
    /// Seconds that sign-ins in flight are given at shutdown.
    #[serde(default = "shutdown_seconds")]
    pub shutdown_seconds: u64,
}

/// `[door]`: the certificate door.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The origin below which attempts get their names: `https://idp.example.go.jp` gives
    /// `https://<label>.card.idp.example.go.jp` and `https://<label>.card12.idp.example.go.jp`.
    pub origin: Origin,
    /// Server certificate chain with both wildcard names, PEM; another one than the front's.
    pub certificate: PathBuf,
    /// Its key, PKCS#8 PEM, mode 0600.
    pub private_key: PathBuf,
    /// Seconds for a handshake: the person types the PIN inside it.
    #[serde(default = "handshake_seconds")]
    pub handshake_seconds: u64,
    /// Handshakes in progress over all clients.
    #[serde(default = "handshakes")]
    pub handshakes: usize,
    /// Handshakes in progress per address.
    #[serde(default = "handshakes_per_address")]
    pub handshakes_per_address: usize,
    /// Handshakes in progress per prefix (IPv4 /24, IPv6 /56).
    #[serde(default = "handshakes_per_prefix")]
    pub handshakes_per_prefix: usize,
    /// Seconds to send the one request after the handshake.
    #[serde(default = "request_seconds")]
    pub request_seconds: u64,
}

/// `[operator]`: health, metrics and the operator's pages. Never public.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// Where to listen (plain HTTP: loopback or a protected network).
    pub listen: SocketAddr,
    /// File with one `name:token` per line, mode 0600; a token has at least 32 characters.
    pub token_file: PathBuf,
}

/// `[keys]`: signing and sealing keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Directory made by `idp-server keys init`, files of mode 0600.
    pub directory: PathBuf,
}

/// `[session]`: transactions and sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionConfig {
    /// Seconds that a sign-in may take from the service's request to the reply.
    pub transaction_seconds: u32,
    /// Seconds that a session lives.
    pub lifetime_seconds: u32,
    /// Seconds that a door ticket lives.
    pub ticket_seconds: u32,
    /// Tries at the certificate door within one transaction.
    pub attempts: u32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            transaction_seconds: 1800,
            lifetime_seconds: 8 * 3600,
            ticket_seconds: 60,
            attempts: 20,
        }
    }
}

impl SessionConfig {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.ticket_seconds == 0 || self.ticket_seconds > 300 {
            problems.push("session.ticket_seconds: between 1 and 300".to_owned());
        }
        if self.transaction_seconds < 10 {
            problems.push("session.transaction_seconds: at least 10; a person types a PIN in it".to_owned());
        }
        if self.attempts == 0 {
            problems.push("session.attempts: at least 1".to_owned());
        }
        problems
    }
}

/// `[device]`: cards in devices whose browsers hold no certificates (set-top box, phone, kiosk), by challenge and response.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// Whether there is this way to sign in at all.
    pub enabled: bool,
    /// The most that such a sign-in reaches, `aal1` or `aal2`: whoever relays the challenge gets the signature.
    #[serde(deserialize_with = "level")]
    pub aal_ceiling: Aal,
    /// Seconds to sign a challenge, and then to type the number that the screen shows.
    pub challenge_seconds: u32,
    /// Seconds that a screen's code can be claimed.
    pub code_seconds: u32,
    /// Seconds between two questions of a device about its try.
    pub interval_seconds: NonZeroU32,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            aal_ceiling: Aal::Two,
            challenge_seconds: 120,
            code_seconds: 600,
            interval_seconds: interval_seconds(),
        }
    }
}

impl DeviceConfig {
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !matches!(self.aal_ceiling, Aal::One | Aal::Two) {
            problems.push("device.aal_ceiling: aal1 or aal2; no device is proof against a relay".to_owned());
        }
        if !(10..=600).contains(&self.challenge_seconds) {
            problems.push("device.challenge_seconds: between 10 and 600".to_owned());
        }
        if !(30..=1800).contains(&self.code_seconds) {
            problems.push("device.code_seconds: between 30 and 1800".to_owned());
        }
        problems
    }
}

/// `[terminal]`: PIN-less use (かざし利用) at approved terminals.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TerminalConfig {
    /// Whether there is PIN-less use. Only with `mode = "test"`: how a real card proves itself is not public.
    pub enabled: bool,
    /// Seconds in which the card has to answer.
    pub challenge_seconds: u32,
    /// Seconds that the terminal's transaction has for its reply and the redemption of its code.
    pub session_seconds: u32,
    /// A date of birth for everybody, `YYYYMMDD`, only with `mode = "test"`; empty means that the enrolment's is used.
    pub test_birth_date: String,
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            challenge_seconds: 30,
            session_seconds: 120,
            test_birth_date: String::new(),
        }
    }
}

impl TerminalConfig {
    pub(super) fn problems(&self, mode: super::Mode) -> Vec<String> {
        let mut problems = Vec::new();
        if mode != super::Mode::Test && (self.enabled || !self.test_birth_date.is_empty()) {
            problems.push(
                "terminal: only with mode = \"test\"; the mechanism by which a real card proves itself without a PIN is not public"
                    .to_owned(),
            );
        }
        if !(5..=300).contains(&self.challenge_seconds) {
            problems.push("terminal.challenge_seconds: between 5 and 300".to_owned());
        }
        if !(30..=600).contains(&self.session_seconds) {
            problems.push("terminal.session_seconds: between 30 and 600".to_owned());
        }
        let date = &self.test_birth_date;
        if !date.is_empty() && crate::web::terminal::birth_date::BirthDate::parse(date).is_none() {
            problems.push("terminal.test_birth_date: eight digits, YYYYMMDD".to_owned());
        }
        problems
    }
}

fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Aal, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// `[oidc]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcConfig {
    /// Seconds that an authorization code lives; at most 600, and 60 for clients of FAPI 2.0.
    pub code_seconds: u32,
    /// Seconds that an access token lives; at most 86400.
    pub access_token_seconds: u32,
    /// Seconds that an ID token may be accepted; at most 86400.
    pub id_token_seconds: u32,
    /// Accept the token endpoint's URL as audience of client assertions too (RFC 7523), for clients that know nothing newer.
    pub accept_token_endpoint_audience: bool,
    /// Ask for a nonce of ours in proofs of possession (RFC 9449 section 8).
    pub dpop_nonce: bool,
    /// Seconds that refresh tokens which outlive the session are good for, however often they are used; at most 366 days.
    pub offline_seconds: u32,
    /// Seconds that a pushed authorization request may be used; below 600.
    pub pushed_request_seconds: u32,
    /// Seconds that the codes of a device may be used (RFC 8628 section 3.2); 60 to 1800.
    pub device_code_seconds: u32,
    /// Seconds between two questions of a device (RFC 8628 section 3.5); 1 to 60.
    pub device_interval_seconds: u32,
    /// Codes of devices that one address (IPv6: /64) may try in ten minutes, over all processes.
    pub user_codes_per_address: NonZeroU32,
    /// Codes of devices that all addresses together may try in a minute, over all processes.
    pub user_codes_per_minute: NonZeroU32,
    /// Roots (PEM) for the TLS of clients' addresses that request objects are fetched from; without it nothing is fetched.
    pub fetch_ca: Option<PathBuf>,
    /// Fetch from addresses of internal networks too.
    pub fetch_from_internal_networks: bool,
    /// Seconds between two looks at the keys of clients that publish them (`jwks_uri`).
    pub jwks_refresh_seconds: u32,
    /// Types of `authorization_details` (RFC 9396) by their names.
    pub authorization_details_types: DetailTypes,
}

impl OidcConfig {
    /// What is wrong with it.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> =
            oidc::authorization_details::problems_of_types(&self.authorization_details_types)
                .into_iter()
                .map(|problem| format!("oidc.authorization_details_types.{problem}"))
                .collect();
        // RFC 6749 section 4.1.2: ten minutes at most. What is signed cannot be called back from whoever holds it.
        for (name, seconds, most) in [
            ("code_seconds", self.code_seconds, 600),
            ("access_token_seconds", self.access_token_seconds, 86_400),
            ("id_token_seconds", self.id_token_seconds, 86_400),
            ("offline_seconds", self.offline_seconds, 366 * 86_400),
        ] {
            if !(1..=most).contains(&seconds) {
                problems.push(format!("oidc.{name}: 1 to {most}"));
            }
        }
        if !(5..600).contains(&self.pushed_request_seconds) {
            problems.push("oidc.pushed_request_seconds: at least 5, below 600".to_owned());
        }
        if !(60..=1800).contains(&self.device_code_seconds) {
            problems.push("oidc.device_code_seconds: 60 to 1800".to_owned());
        }
        if !(1..=60).contains(&self.device_interval_seconds) {
            problems.push("oidc.device_interval_seconds: 1 to 60".to_owned());
        }
        if !(1..=86_400).contains(&self.jwks_refresh_seconds) {
            problems.push("oidc.jwks_refresh_seconds: between 1 and 86400".to_owned());
        }
        problems
    }
}

impl Default for OidcConfig {
    fn default() -> Self {
        Self {
            code_seconds: 60,
            access_token_seconds: 600,
            id_token_seconds: 600,
            accept_token_endpoint_audience: true,
            dpop_nonce: true,
            offline_seconds: 30 * 86_400,
            pushed_request_seconds: 60,
            device_code_seconds: 600,
            device_interval_seconds: 5,
            user_codes_per_address: const { NonZeroU32::new(20).unwrap() },
            user_codes_per_minute: const { NonZeroU32::new(300).unwrap() },
            fetch_ca: None,
            fetch_from_internal_networks: false,
            jwks_refresh_seconds: 300,
            authorization_details_types: DetailTypes::new(),
        }
    }
}

/// `[saml]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamlConfig {
    /// Entity ID; the default is the front's origin followed by `/saml/metadata`.
    pub entity_id: Option<String>,
    /// What stands behind the `@` of subject identifiers; the default is the front's host name. Never change it: services
    /// know people by it.
    pub scope: Option<String>,
    /// Seconds by which a service's clock may differ.
    pub clock_skew_seconds: u32,
    /// Seconds that an assertion may be accepted.
    pub assertion_seconds: u32,
    /// Messages by SOAP (artifacts, attribute queries, logout) that one service, and one address, may send per minute.
    pub soap_per_minute: NonZeroU32,
}

impl Default for SamlConfig {
    fn default() -> Self {
        Self {
            entity_id: None,
            scope: None,
            clock_skew_seconds: 180,
            assertion_seconds: 300,
            soap_per_minute: soap_per_minute(),
        }
    }
}

/// `[registry]`: services to import at start.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistryConfig {
    /// Service files (TOML); a service that the registry holds already is left as it is.
    pub import: Vec<PathBuf>,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Form of lines on standard error.
    pub format: LogFormat,
    /// Filter, as `tracing_subscriber::EnvFilter` reads it.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Json,
            filter: "info".to_owned(),
        }
    }
}

const fn soap_per_minute() -> NonZeroU32 {
    const DEFAULT: NonZeroU32 = NonZeroU32::new(6000).unwrap();
    DEFAULT
}
const fn begin_per_minute() -> NonZeroU32 {
    const DEFAULT: NonZeroU32 = NonZeroU32::new(600).unwrap();
    DEFAULT
}
const fn interval_seconds() -> NonZeroU32 {
    const DEFAULT: NonZeroU32 = NonZeroU32::new(2).unwrap();
    DEFAULT
}
const fn shutdown_seconds() -> u64 {
    30
}
const fn handshake_seconds() -> u64 {
    180
}
const fn handshakes() -> usize {
    20_000
}
const fn handshakes_per_address() -> usize {
    64
}
const fn handshakes_per_prefix() -> usize {
    1024
}
const fn request_seconds() -> u64 {
    15
}
