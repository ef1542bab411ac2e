//! What the operator decides about JPKI.

use pki::{Name, Oid, TrustAnchor};
use revocation::FreshnessPolicy;

use crate::authority::{CaKind, PinnedCa};
use crate::policy;

/// Whether test authorities may be trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Never.
    Production,
    /// Where pinned.
    Test,
}

/// What is pinned and what is demanded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JpkiConfig {
    /// Whether test authorities may be trusted.
    pub mode: Mode,
    /// Every pinned generation of both authorities. Those of 署名用 are refused at the certificate door and relied on for
    /// signed documents.
    pub authorities: Vec<PinnedCa>,
    /// Policies of which a user-authentication certificate must carry one.
    pub authentication_policies: Vec<Oid>,
    /// Policies that betray a signing certificate.
    pub signing_policies: Vec<Oid>,
    /// Whether extKeyUsage clientAuth is demanded (that cards carry it is LIKELY).
    pub require_client_auth: bool,
    /// The shortest RSA modulus, in bits.
    pub min_rsa_bits: u32,
    /// How old revocation data may be.
    pub freshness: FreshnessPolicy,
}

impl JpkiConfig {
    /// The defaults of a mode.
    pub fn new(mode: Mode, authorities: Vec<PinnedCa>) -> Self {
        let authentication_policies = match mode {
            Mode::Production => vec![policy::AUTHENTICATION],
            Mode::Test => vec![policy::AUTHENTICATION, policy::AUTHENTICATION_TEST],
        };
        Self {
            mode,
            authorities,
            authentication_policies,
            signing_policies: vec![policy::SIGNING, policy::SIGNING_TEST],
            require_client_auth: true,
            min_rsa_bits: 2048,
            freshness: FreshnessPolicy::default(),
        }
    }

    /// The pinned certificates of one authority: for verifying its lists.
    pub fn anchors(&self, kind: CaKind) -> impl Iterator<Item = &TrustAnchor> {
        self.authorities
            .iter()
            .filter(move |ca| ca.kind() == kind)
            .map(PinnedCa::anchor)
    }

    /// The distinct names (DER) of the 利用者証明用 authorities: what a TLS server hints at, so that browsers offer the
    /// right certificate and not the 署名用 one.
    pub fn hint_names(&self) -> Vec<&Name> {
        let mut names: Vec<&Name> = self
            .anchors(CaKind::UserAuthentication)
            .map(TrustAnchor::name)
            .collect();
        names.sort();
        names.dedup();
        names
    }
}
