//! `[registration]`: clients that register themselves (RFC 7591), on the word of an operator's token.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

/// Whether and on whose word clients register themselves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationConfig {
    /// Whether there is a registration endpoint at all.
    pub enabled: bool,
    /// Requests to it that one address (IPv6: /64) may make per minute.
    pub requests_per_minute: NonZeroU32,
    /// Who may vouch for software (RFC 7591 section 2.3): issuers, and the files of their keys (JWK Set).
    pub software_statement_issuers: BTreeMap<String, PathBuf>,
    /// No registration without a software statement.
    pub software_statement_required: bool,
}

impl Default for RegistrationConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            requests_per_minute: NonZeroU32::MIN.saturating_add(29),
            software_statement_issuers: BTreeMap::new(),
            software_statement_required: false,
        }
    }
}

impl RegistrationConfig {
    /// What cannot work, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        if self.software_statement_required && self.software_statement_issuers.is_empty() {
            let problem =
                "registration.software_statement_required: name an issuer in software_statement_issuers";
            vec![problem.to_owned()]
        } else {
            Vec::new()
        }
    }
}
