//! `[verification]`: signatures verified for others.

use std::path::PathBuf;

use serde::Deserialize;

/// The interface for approved verifiers (docs/verifier-api.md).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationConfig {
    /// Octets of a document.
    pub max_document_bytes: usize,
    /// Policies of which a 署名用 certificate must carry one; the registered ones where empty.
    pub signing_policies: Vec<String>,
    /// Seconds that a verifier's access token lives.
    pub token_seconds: u32,
    /// Seconds between two looks at watches.
    pub watch_seconds: u64,
    /// Seconds that a change waits for equally fresh lists of both authorities before it is told as undetermined.
    pub reading_patience_seconds: u32,
    /// Seconds within which a change is told, from the taking in of the lists that say so: promised to verifiers in the description.
    pub notice_seconds: u64,
    /// Roots (PEM) for the TLS of verifiers that notices are pushed to; without it nothing is pushed.
    pub push_ca: Option<PathBuf>,
    /// Push to addresses of internal networks too.
    pub push_to_internal_networks: bool,
}

impl Default for VerificationConfig {
    fn default() -> Self {
        Self {
            max_document_bytes: 8 * 1024 * 1024,
            signing_policies: Vec::new(),
            token_seconds: 300,
            watch_seconds: 2,
            reading_patience_seconds: 3600,
            notice_seconds: 60,
            push_ca: None,
            push_to_internal_networks: false,
        }
    }
}

impl VerificationConfig {
    /// What cannot work, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1024..=12 * 1024 * 1024).contains(&self.max_document_bytes) {
            problems.push("verification.max_document_bytes: between 1024 and 12582912".to_owned());
        }
        if !(30..=3600).contains(&self.token_seconds) {
            problems.push("verification.token_seconds: between 30 and 3600".to_owned());
        }
        if self.reading_patience_seconds > 72_000 {
            problems.push(
                "verification.reading_patience_seconds: at most 72000; changes are promised within 24 hours"
                    .to_owned(),
            );
        }
        // A look at the watches, a round of deliveries before it, and ours.
        let soonest = self.watch_seconds.max(1).saturating_add(12);
        if !(soonest..=86_400).contains(&self.notice_seconds) {
            problems.push(format!(
                "verification.notice_seconds: between {soonest} (watch_seconds and a round of deliveries) and 86400"
            ));
        }
        if let Err(why) = self.policies() {
            problems.push(why);
        }
        problems
    }

    /// The demanded policies.
    ///
    /// # Errors
    /// A sentence about the one that is none.
    pub fn policies(&self) -> Result<Vec<pki::Oid>, String> {
        self.signing_policies
            .iter()
            .map(|text| {
                text.parse()
                    .map_err(|_| format!("verification.signing_policies: `{text}` is no object identifier"))
            })
            .collect()
    }
}
