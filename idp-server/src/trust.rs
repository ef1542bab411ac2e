//! Anchors, profile and revocation data in force, as one value that is replaced as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{RevocationGeneration, RevocationReason, Timestamp};
use jpki::{CaKind, Evaluation, JpkiConfig, PinnedCa};
use login::Refusal;
use pki::SerialNumber;
use revocation::RevocationIndex;
use rustls::DistinguishedName;

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
    /// The lists were refused.
    Lists(jpki::ListReason),
    /// The reading thread broke.
    Interrupted(String),
    /// The generation could not be stored.
    Store(store::StoreFault),
}

impl std::fmt::Display for TrustError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, why) => write!(f, "cannot read {}: {why}", path.display()),
            Self::Anchor(path, why) => write!(f, "{} cannot be pinned: {why}", path.display()),
            Self::Policy(text) => write!(f, "jpki.accepted_policies: `{text}` is no object identifier"),
            Self::Lists(reason) => write!(f, "the revocation lists were refused: {reason}"),
            Self::Interrupted(why) => write!(f, "the lists could not be read: {why}"),
            Self::Store(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for TrustError {}

/// What is trusted now.
pub struct Trust {
    profile: Arc<JpkiConfig>,
    index: Option<Arc<RevocationIndex>>,
    generation: RevocationGeneration,
}

impl Trust {
    /// Reads the pinned authorities; no revocation data yet, so nothing is good.
    pub fn read(section: &JpkiSection, mode: Mode, last: RevocationGeneration) -> Result<Self, TrustError> {
        Ok(Self {
            profile: Arc::new(profile(section, mode)?),
            index: None,
            generation: last,
        })
    }

    /// The same data under freshly read anchors.
    pub fn with_anchors(&self, section: &JpkiSection, mode: Mode) -> Result<Self, TrustError> {
        Ok(Self {
            profile: Arc::new(profile(section, mode)?),
            index: self.index.clone(),
            generation: self.generation,
        })
    }

    /// The next state, from every current list of the 利用者証明用 CA.
    pub fn with_lists(&self, lists: &[Vec<u8>]) -> Result<Self, TrustError> {
        // A delivery may hold the lists of the 署名用 CA beside ours: they are somebody else's business, not a reason to refuse.
        let of_signing_ca =
            |der: &[u8]| pki::Crl::verify(der, self.profile.anchors(CaKind::DigitalSignature)).is_ok();
        let lists: Vec<&[u8]> = lists
            .iter()
            .map(Vec::as_slice)
            .filter(|der| !of_signing_ca(der))
            .collect();
        let index = jpki::index_of_lists(
            &self.profile,
            CaKind::UserAuthentication,
            &lists,
            self.generation,
            self.index.as_deref(),
        )
        .map_err(TrustError::Lists)?;
        Ok(Self {
            profile: Arc::clone(&self.profile),
            generation: index.generation(),
            index: Some(Arc::new(index)),
        })
    }

    /// The revocation state in force.
    pub fn generation(&self) -> RevocationGeneration {
        self.generation
    }

    /// Revoked certificates known; `None` without lists.
    pub fn revoked(&self) -> Option<usize> {
        self.index.as_ref().map(|index| index.len())
    }

    /// How fresh the oldest list is.
    pub fn freshness(&self, now: Timestamp) -> revocation::Freshness {
        let coverage = self.index.as_ref().and_then(|index| index.oldest_coverage());
        revocation::freshness(coverage, &self.profile.freshness, now)
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

    /// Decides about a certificate whose possession was proven.
    pub fn evaluate(&self, der: &[u8], now: Timestamp) -> Evaluation {
        jpki::evaluate(der, &self.profile, self.index.as_deref(), now)
    }

    /// Whether a certificate that was good before still is.
    pub fn status(&self, serial: &[u8], not_after: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        let serial = SerialNumber::from_bytes(serial).map_err(|_| Refusal::MalformedProfile)?;
        jpki::recheck(&serial, not_after, &self.profile, self.index.as_deref(), now)
            .map(|_| ())
            .map_err(|reason| refusal(&reason))
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
        jpki::Reason::CrlMissing => Refusal::CrlMissing,
        _ => Refusal::MalformedProfile,
    }
}

/// By variant and not by spelling: RFC 5280 writes `keyCompromise` where the audit writes `key_compromise`.
const fn revoked(reason: pki::RevocationReason) -> RevocationReason {
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

fn profile(section: &JpkiSection, mode: Mode) -> Result<JpkiConfig, TrustError> {
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

/// Every list of a directory, in the order of names. A directory without lists is no delivery.
pub fn read_lists(directory: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, TrustError> {
    let unreadable =
        |path: &Path, why: std::io::Error| TrustError::Unreadable(path.to_owned(), why.to_string());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .map_err(|why| unreadable(directory, why))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "crl"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            std::fs::read(&path)
                .map_err(|why| unreadable(&path, why))
                .map(|bytes| (path, bytes))
        })
        .collect()
}
