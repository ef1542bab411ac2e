//! `[logout]`: services told, without the browser, that a person signed out.

use std::path::PathBuf;

use serde::Deserialize;

/// Back-channel logout, of both protocols.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogoutConfig {
    /// Roots (PEM) for the TLS of services; without it no service is told without the browser, and discovery says so.
    pub ca: Option<PathBuf>,
    /// Tell services at addresses of internal networks too.
    pub to_internal_networks: bool,
    /// Seconds after which a service that cannot be reached is given up.
    pub give_up_seconds: u32,
    /// Milliseconds for which a person waits for services before a page says which were not reached yet.
    pub patience_millis: u32,
}

impl Default for LogoutConfig {
    fn default() -> Self {
        Self {
            ca: None,
            to_internal_networks: false,
            give_up_seconds: 86_400,
            patience_millis: 2_500,
        }
    }
}

impl LogoutConfig {
    /// What cannot work, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(60..=7 * 86_400).contains(&self.give_up_seconds) {
            problems.push("logout.give_up_seconds: between 60 and 604800".to_owned());
        }
        if self.patience_millis > 10_000 {
            problems.push("logout.patience_millis: at most 10000; a person waits".to_owned());
        }
        problems
    }
}
