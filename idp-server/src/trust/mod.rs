//! Anchors, profile and revocation data in force.
//!
//! **Owns** the one value that is replaced as a whole ([`Trust`]), and where every process finds the indexes ([`Shelves`]).
//!
//! **Deliberately absent**: the taking in of lists (`jobs/lists`), what a refusal looks like (`web`).
//!
//! **Neighbours**: `jpki` judges, `revocation` looks up; the door, the sign-in and the tokens ask [`Trust`].
//!
//! **One more authority**: a kind in `jpki`, its shelf in `shelves.rs`, its field in [`Trust`] and in [`Generations`].

mod covered;
mod shelves;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Credential, RevocationGeneration, RevocationReason, Service, Timestamp};
use jpki::{CaKind, Evaluation, JpkiConfig, PinnedCa, Remembered};
use login::{Refusal, RevocationData};
use pki::SerialNumber;
use revocation::{Coverage, Fault, Freshness, FreshnessPolicy, NationalIndex, freshness};
use rustls::DistinguishedName;

pub use covered::Covered;
pub use shelves::Shelves;

use crate::config::{JpkiSection, Mode};

/// Why anchors or lists cannot be used. What was in force stays in force.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrustError {
    /// A file cannot be read.
    Unreadable(PathBuf, String),
    /// A file is no certificate that may be pinned.
    Anchor(PathBuf, String),
    /// A policy is no object identifier.
    Policy(String),
    /// The index on disk.
    Index(revocation::Fault),
}

impl std::fmt::Display for TrustError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::Anchor(path, why) => write!(f, "{} cannot be pinned: {why}", path.display()),
            Self::Policy(text) => write!(f, "jpki.accepted_policies: `{text}` is no object identifier"),
            Self::Index(fault) => write!(f, "the revocation index: {fault}"),
        }
    }
}

impl std::error::Error for TrustError {}

/// The highest generation ever in use, of each authority's index: what outlives its directory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Generations {
    /// Of the 利用者証明用 CA.
    pub authentication: RevocationGeneration,
    /// Of the 署名用 CA.
    pub signing: RevocationGeneration,
}

/// What is trusted now.
#[derive(Clone)]
pub struct Trust {
    profile: Arc<JpkiConfig>,
    authentication: Data,
    signing: Data,
}

/// Revocation data of one authority.
#[derive(Clone, Default)]
struct Data {
    index: Option<NationalIndex>,
    /// The highest generation that was ever in use when this process began.
    last: RevocationGeneration,
    /// Why what other processes use cannot be used here.
    fault: Option<Fault>,
}

impl Data {
    fn from(last: RevocationGeneration) -> Self {
        Self {
            last,
            ..Self::default()
        }
    }

    fn generation(&self) -> RevocationGeneration {
        self.index
            .as_ref()
            .map_or(self.last, |index| index.generation().max(self.last))
    }

    fn mark(&mut self, fault: Option<Fault>) {
        let outdated = fault.is_some();
        self.index = self.index.as_ref().map(|index| index.marked_outdated(outdated));
        self.fault = fault;
    }
}

impl Trust {
    /// Reads the pinned authorities; no revocation data yet, so nothing is good.
    pub fn read(section: &JpkiSection, mode: Mode, last: Generations) -> Result<Self, TrustError> {
        Ok(Self::over(Arc::new(profile(section, mode)?), last))
    }

    fn over(profile: Arc<JpkiConfig>, last: Generations) -> Self {
        Self {
            profile,
            authentication: Data::from(last.authentication),
            signing: Data::from(last.signing),
        }
    }

    fn data(&self, kind: CaKind) -> &Data {
        match kind {
            CaKind::UserAuthentication => &self.authentication,
            CaKind::DigitalSignature => &self.signing,
        }
    }

    fn data_mut(&mut self, kind: CaKind) -> &mut Data {
        match kind {
            CaKind::UserAuthentication => &mut self.authentication,
            CaKind::DigitalSignature => &mut self.signing,
        }
    }

    /// The same data under freshly read anchors.
    #[must_use]
    pub fn with_anchors(&self, profile: Arc<JpkiConfig>) -> Self {
        Self {
            profile,
            ..self.clone()
        }
    }

    /// The same anchors over another index. An older one than what is in use changes nothing, nor does one from before what the
    /// Ledger remembers to have been in use: a directory that was put back would make what was revoked since good again.
    #[must_use]
    pub fn with_index(&self, kind: CaKind, index: NationalIndex) -> Self {
        let mut next = self.clone();
        let data = next.data_mut(kind);
        let held = data.index.as_ref().map(NationalIndex::generation);
        if index.generation() >= data.last && held.is_none_or(|held| held < index.generation()) {
            data.index = Some(index);
            data.mark(None);
        }
        next
    }

    /// The same data, after a look at what every process uses. With a fault, what is in use here may have been replaced: it revokes what
    /// it revokes, and calls nothing good any more. Without one, it is what `found` (a generation) says, and counts again by its dates,
    /// unless it was found to be less than what was in use here before.
    #[must_use]
    pub fn after_look(&self, kind: CaKind, found: Result<Option<RevocationGeneration>, Fault>) -> Self {
        let mut next = self.clone();
        let data = next.data_mut(kind);
        match found {
            Err(fault) => data.mark(Some(fault)),
            Ok(generation) => {
                let held = data.index.as_ref().map(NationalIndex::generation);
                if generation >= held {
                    data.mark(None);
                }
            }
        }
        next
    }

    /// Why what every process uses cannot be used here, if so: nothing is called good meanwhile.
    pub fn fault(&self, kind: CaKind) -> Option<&Fault> {
        self.data(kind).fault.as_ref()
    }

    /// What is pinned and demanded.
    pub fn profile(&self) -> &Arc<JpkiConfig> {
        &self.profile
    }

    /// The index of an authority's lists.
    pub fn index(&self, kind: CaKind) -> Option<&NationalIndex> {
        self.data(kind).index.as_ref()
    }

    /// The revocation state in force, of the 利用者証明用 CA: what sessions and grants remember.
    pub fn generation(&self) -> RevocationGeneration {
        self.generation_of(CaKind::UserAuthentication)
    }

    /// The revocation state in force of an authority: the index in use here, or the highest that ever was where there is none.
    pub fn generation_of(&self, kind: CaKind) -> RevocationGeneration {
        self.data(kind).generation()
    }

    /// How fresh the oldest list of an authority is, by the platform's own policy.
    pub fn freshness_of(&self, kind: CaKind, now: Timestamp) -> Freshness {
        freshness(self.oldest(kind), &self.profile.freshness, now)
    }

    /// How fresh the data about people who sign in is, by the platform's own policy: of the oldest list.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        self.freshness_of(CaKind::UserAuthentication, now)
    }

    /// The same of the newest list: whether anybody at all can sign in.
    pub fn newest_freshness(&self, now: Timestamp) -> Freshness {
        let newest = self
            .index(CaKind::UserAuthentication)
            .and_then(NationalIndex::newest_coverage);
        freshness(newest, &self.profile.freshness, now)
    }

    /// How fresh the data about one person's certificate is towards a service, which may accept less than the platform.
    pub fn freshness_for(&self, service: &Service, covered: &Covered, now: Timestamp) -> Freshness {
        freshness(self.coverage(covered), &self.policy_for(service), now)
    }

    /// The same by the platform's own policy.
    pub fn freshness_about(&self, covered: &Covered, now: Timestamp) -> Freshness {
        freshness(self.coverage(covered), &self.profile.freshness, now)
    }

    /// The dates of the list that decides about a certificate; of the oldest where it is not known which.
    pub fn coverage(&self, covered: &Covered) -> Option<Coverage> {
        let index = self.index(CaKind::UserAuthentication)?;
        match &covered.points {
            Some(points) => index.coverage(points, &covered.issuer_key_hash),
            None => index.oldest_coverage(),
        }
    }

    /// How old the data may be that is used towards a service.
    pub fn policy_for(&self, service: &Service) -> FreshnessPolicy {
        let declared = service.stale_tolerance_seconds.map(i64::from);
        self.profile.freshness.for_service(declared)
    }

    fn oldest(&self, kind: CaKind) -> Option<Coverage> {
        self.index(kind).and_then(NationalIndex::oldest_coverage)
    }

    /// Names for the TLS `certificate_authorities` hint, so that browsers offer the right certificate.
    pub fn subject_hints(&self) -> Vec<DistinguishedName> {
        // `DistinguishedName::in_sequence` adds the outer SEQUENCE; ours have it already.
        self.profile
            .hint_names()
            .into_iter()
            .map(|name| DistinguishedName::from(name.as_der().to_vec()))
            .collect()
    }

    /// Whether the authority's key is pinned for the certificates that people sign in with.
    pub fn is_pinned(&self, issuer_key_hash: &str) -> bool {
        self.profile
            .anchors(CaKind::UserAuthentication)
            .any(|anchor| anchor.key_hash() == issuer_key_hash)
    }

    /// Decides about a certificate whose possession was proven.
    pub fn evaluate(&self, der: &[u8], now: Timestamp) -> Evaluation {
        jpki::evaluate(der, &self.profile, self.authentication.index.as_ref(), now)
    }

    /// Whether a certificate that was good before still is. `serial` is that of the credential.
    pub fn status(
        &self,
        credential: &Credential,
        serial: &[u8],
        covered: &Covered,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let serial = SerialNumber::from_bytes(serial).map_err(|_| Refusal::MalformedProfile)?;
        let certificate = Remembered {
            serial: &serial,
            issuer_key_hash: &credential.issuer_key_hash,
            not_after: credential.not_after,
            distribution_points: covered.points.as_deref(),
        };
        jpki::recheck(
            &certificate,
            &self.profile,
            self.authentication.index.as_ref(),
            &self.profile.freshness,
            now,
        )
        .map(|_| ())
        .map_err(|reason| refusal(&reason))
    }
}

/// What a judgement of age means for the dispatcher.
pub fn revocation_data(freshness: Freshness) -> RevocationData {
    match freshness {
        Freshness::Fresh | Freshness::StaleAllowed { .. } => RevocationData::Usable,
        Freshness::Refuse => RevocationData::TooOld,
        Freshness::Missing => RevocationData::Missing,
    }
}

/// A reason of the certificate's room as a refusal of the sign-in.
pub fn refusal(reason: &jpki::Reason) -> Refusal {
    match reason {
        jpki::Reason::Expired => Refusal::Expired,
        jpki::Reason::NotYetValid => Refusal::NotYetValid,
        jpki::Reason::Revoked { reason, .. } => Refusal::Revoked(revoked(*reason)),
        jpki::Reason::UnknownCa => Refusal::UnknownCa,
        jpki::Reason::TestCaInProduction => Refusal::TestCaInProduction,
        jpki::Reason::SigningCertificate => Refusal::SigningCertificate,
        jpki::Reason::UnknownPolicy => Refusal::UnknownPolicy,
        jpki::Reason::WeakKey { .. } => Refusal::WeakKey,
        jpki::Reason::CrlStale => Refusal::CrlStale,
        jpki::Reason::CrlMissing | jpki::Reason::IndexUnreadable => Refusal::CrlMissing,
        _ => Refusal::MalformedProfile,
    }
}

/// By variant and not by spelling: RFC 5280 writes `keyCompromise` where the audit writes `key_compromise`.
pub const fn revoked(reason: pki::RevocationReason) -> RevocationReason {
    match reason {
        pki::RevocationReason::Unspecified => RevocationReason::Unspecified,
        pki::RevocationReason::KeyCompromise => RevocationReason::KeyCompromise,
        pki::RevocationReason::CaCompromise => RevocationReason::CaCompromise,
        pki::RevocationReason::AffiliationChanged => RevocationReason::AffiliationChanged,
        pki::RevocationReason::Superseded => RevocationReason::Superseded,
        pki::RevocationReason::CessationOfOperation => RevocationReason::CessationOfOperation,
        pki::RevocationReason::CertificateHold => RevocationReason::CertificateHold,
        _ => RevocationReason::Other,
    }
}

/// Reads what is pinned and demanded.
pub fn profile(section: &JpkiSection, mode: Mode) -> Result<JpkiConfig, TrustError> {
    let mut pinned = Vec::new();
    for (kind, files) in [
        (CaKind::UserAuthentication, &section.user_authentication_ca),
        (CaKind::DigitalSignature, &section.signing_ca),
    ] {
        for (place, path) in files.iter().enumerate() {
            let der = read_certificate(path)?;
            let label = format!("generation {}", place + 1);
            let ca = PinnedCa::from_der(kind, &label, &der)
                .map_err(|reason| TrustError::Anchor(path.clone(), reason.to_string()))?;
            pinned.push(ca);
        }
    }
    let mode = match mode {
        Mode::Production => jpki::Mode::Production,
        Mode::Test => jpki::Mode::Test,
    };
    let mut profile = JpkiConfig::new(mode, pinned);
    if !section.accepted_policies.is_empty() {
        profile.authentication_policies = section
            .accepted_policies
            .iter()
            .map(|text| text.parse().map_err(|_| TrustError::Policy(text.clone())))
            .collect::<Result<_, _>>()?;
    }
    profile.freshness.stale_tolerance_seconds = i64::try_from(section.crl_grace_seconds).unwrap_or(i64::MAX);
    Ok(profile)
}

fn read_certificate(path: &Path) -> Result<Vec<u8>, TrustError> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let bytes =
        std::fs::read(path).map_err(|why| TrustError::Unreadable(path.to_owned(), why.to_string()))?;
    if bytes.first() == Some(&0x30) {
        return Ok(bytes);
    }
    CertificateDer::from_pem_slice(&bytes)
        .map(|der| der.to_vec())
        .map_err(|why| TrustError::Anchor(path.to_owned(), why.to_string()))
}
