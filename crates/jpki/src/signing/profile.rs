//! What a 署名用 certificate must be, whenever it signs.

use std::fmt;

use domain::Timestamp;
use pki::{Certificate, KeyKind, Oid, SerialNumber, VerifiedPath};

use crate::authority::{CaKind, Hierarchy, recognise};
use crate::config::{JpkiConfig, Mode};
use crate::evaluation::{Step, Verdict};
use crate::{FourItems, ItemsDefect, policy};

/// What the operator demands of a 署名用 certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningProfile {
    /// Policies of which it must carry one.
    pub policies: Vec<Oid>,
    /// The shortest RSA modulus, in bits.
    pub min_rsa_bits: u32,
}

impl SigningProfile {
    /// The defaults of a mode: the registered policies (phones may carry others, which is for configuration), RSA from 2048 bits.
    pub fn new(mode: Mode) -> Self {
        Self {
            policies: match mode {
                Mode::Production => vec![policy::SIGNING],
                Mode::Test => vec![policy::SIGNING, policy::SIGNING_TEST],
            },
            min_rsa_bits: 2048,
        }
    }
}

/// Why a 署名用 certificate does not count, or not now. Carries nothing that names its holder.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SigningReason {
    /// Not readable as a certificate.
    Unreadable(pki::Reason),
    /// From the test hierarchy, in production.
    TestCaInProduction,
    /// The 利用者証明用 certificate: it signs in and signs no documents.
    AuthenticationCertificate,
    /// No pinned 署名用 authority signed it.
    UnknownCa,
    /// It says that it is an authority.
    Authority,
    /// A critical extension that nobody knows (RFC 5280 section 4.2).
    UnknownCriticalExtension(Oid),
    /// keyUsage is absent or lacks digitalSignature or nonRepudiation.
    NotForSigning,
    /// None of the demanded policies.
    UnknownPolicy,
    /// A key that is too short.
    WeakKey {
        /// How short.
        bits: u32,
    },
    /// The signature claims a time before the certificate was issued.
    SignedBeforeValidity,
    /// The signature claims a time in the future.
    SignedInFuture,
    /// The certificate had ended when the signature was presented or made.
    Expired,
    /// The certificate has not begun.
    NotYetValid,
    /// Revoked.
    Revoked {
        /// Why.
        reason: pki::RevocationReason,
        /// When.
        at: Timestamp,
    },
    /// 基本4情報 cannot be read.
    FourItems(ItemsDefect),
    /// Whether it is revoked is not known.
    StatusUnknown(super::judgement::StatusGap),
}

impl SigningReason {
    /// The stable code on outer interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "certificate_unreadable",
            Self::TestCaInProduction => "certificate_from_test_authority",
            Self::AuthenticationCertificate => "certificate_not_for_signing",
            Self::UnknownCa => "certificate_authority_unknown",
            Self::Authority => "certificate_of_an_authority",
            Self::UnknownCriticalExtension(_) => "certificate_extension_unknown",
            Self::NotForSigning => "certificate_key_usage",
            Self::UnknownPolicy => "certificate_policy_unknown",
            Self::WeakKey { .. } => "certificate_key_weak",
            Self::SignedBeforeValidity => "signed_before_validity",
            Self::SignedInFuture => "signed_in_future",
            Self::Expired => "certificate_expired",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::Revoked { .. } => "certificate_revoked",
            Self::FourItems(_) => "four_items_unreadable",
            Self::StatusUnknown(_) => "status_unknown",
        }
    }
}

impl fmt::Display for SigningReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "unreadable: {reason}"),
            Self::TestCaInProduction => f.write_str("from the test hierarchy"),
            Self::AuthenticationCertificate => f.write_str("an authentication certificate"),
            Self::UnknownCa => f.write_str("no pinned signing authority signed it"),
            Self::Authority => f.write_str("says that it is an authority"),
            Self::UnknownCriticalExtension(oid) => write!(f, "unknown critical extension {oid}"),
            Self::NotForSigning => f.write_str("key usage lacks digitalSignature or nonRepudiation"),
            Self::UnknownPolicy => f.write_str("none of the known policies"),
            Self::WeakKey { bits } => write!(f, "the key has {bits} bits"),
            Self::SignedBeforeValidity => f.write_str("signed before the certificate was valid"),
            Self::SignedInFuture => f.write_str("signed in the future"),
            Self::Expired => f.write_str("the validity has ended"),
            Self::NotYetValid => f.write_str("the validity has not begun"),
            Self::Revoked { reason, at } => write!(f, "revoked ({}) at {at}", reason.as_str()),
            Self::FourItems(defect) => defect.fmt(f),
            Self::StatusUnknown(gap) => write!(f, "status unknown: {}", gap.as_str()),
        }
    }
}

impl std::error::Error for SigningReason {}

/// Proof that a certificate is a 署名用 certificate of a pinned authority. Made only by [`examine`]. Says nothing about its status
/// nor about any signature.
///
/// `Debug` shows neither serial number, names nor dates.
#[derive(Clone)]
pub struct Examined {
    certificate: Certificate,
    issuer_key_hash: String,
    issuer_label: String,
}

impl Examined {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its serial number: for digests, look-ups, sealing and questions to J-LIS only.
    pub fn serial(&self) -> &SerialNumber {
        self.certificate.serial()
    }

    /// Lower-case hexadecimal SHA-256 of the issuing key's SubjectPublicKeyInfo: which generation.
    pub fn issuer_key_hash(&self) -> &str {
        &self.issuer_key_hash
    }

    /// The generation as operators call it.
    pub fn issuer_label(&self) -> &str {
        &self.issuer_label
    }

    /// Always [`CaKind::DigitalSignature`].
    pub const fn ca_kind(&self) -> CaKind {
        CaKind::DigitalSignature
    }

    /// 基本4情報 as the certificate has them.
    ///
    /// # Errors
    /// Where the six names are not as the profile has them.
    pub fn four_items(&self) -> Result<FourItems, ItemsDefect> {
        FourItems::of(&self.certificate)
    }
}

impl fmt::Debug for Examined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examined")
            .field("issuer", &self.issuer_label)
            .finish_non_exhaustive()
    }
}

/// What the rules of the profile said.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Every rule, in order.
    pub trace: Vec<Step>,
    /// The proof, or the first reason against.
    pub verdict: Result<Examined, SigningReason>,
}

type Seen = Result<Option<String>, SigningReason>;
type OnClaims = fn(&Certificate, &JpkiConfig) -> Seen;
type OnProven = fn(&Certificate, &SigningProfile) -> Seen;

const READING: &str = "signing_certificate_is_readable";
const PROOF: &str = "a_pinned_signing_ca_signed_it";

/// Before the proof: what the certificate only claims, and what only ever refuses.
const ON_CLAIMS: [(&str, OnClaims); 2] = [
    ("signing_ca_is_no_test_ca_in_production", no_test_ca),
    ("certificate_is_for_signing_documents", not_for_signing_in),
];

/// After the proof.
const ON_PROVEN: [(&str, OnProven); 5] = [
    ("signing_certificate_is_no_authority", no_authority),
    (
        "signing_certificate_has_no_unknown_critical_extension",
        extensions,
    ),
    ("key_usage_has_digital_signature_and_non_repudiation", key_usage),
    ("signing_policy_is_known", known_policy),
    ("signing_key_is_strong", strong_key),
];

/// The rules in order, for documents and tests.
pub fn profile_rule_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(READING)
        .chain(ON_CLAIMS.iter().map(|(name, _)| *name))
        .chain(std::iter::once(PROOF))
        .chain(ON_PROVEN.iter().map(|(name, _)| *name))
}

/// Decides whether a certificate (DER) is a 署名用 certificate that counts here.
pub fn examine(der: &[u8], config: &JpkiConfig, profile: &SigningProfile) -> Examination {
    let mut trace = Vec::new();
    let verdict = walk(der, config, profile, &mut trace);
    let done = trace.len();
    trace.extend(profile_rule_names().skip(done).map(|rule| Step {
        rule,
        verdict: Verdict::NotRun,
        detail: None,
    }));
    Examination { trace, verdict }
}

fn walk(
    der: &[u8],
    config: &JpkiConfig,
    profile: &SigningProfile,
    trace: &mut Vec<Step>,
) -> Result<Examined, SigningReason> {
    let certificate = Certificate::parse(der).map_err(SigningReason::Unreadable);
    let certificate = match certificate {
        Ok(certificate) => {
            note(trace, READING, &Ok(None));
            certificate
        }
        Err(reason) => {
            note(trace, READING, &Err(reason.clone()));
            return Err(reason);
        }
    };
    for (name, rule) in ON_CLAIMS {
        let seen = rule(&certificate, config);
        note(trace, name, &seen);
        seen?;
    }
    let proof = proof(&certificate, config);
    let seen = proof
        .as_ref()
        .map(|(hash, label)| Some(format!("{label}, key {hash}")))
        .map_err(Clone::clone);
    note(trace, PROOF, &seen);
    let (issuer_key_hash, issuer_label) = proof?;
    for (name, rule) in ON_PROVEN {
        let seen = rule(&certificate, profile);
        note(trace, name, &seen);
        seen?;
    }
    Ok(Examined {
        certificate,
        issuer_key_hash,
        issuer_label,
    })
}

pub(super) fn note(trace: &mut Vec<Step>, rule: &'static str, seen: &Seen) {
    let (verdict, detail) = match seen {
        Ok(detail) => (Verdict::Passed, detail.clone()),
        Err(reason) => (Verdict::Failed, Some(reason.to_string())),
    };
    trace.push(Step {
        rule,
        verdict,
        detail,
    });
}

fn no_test_ca(certificate: &Certificate, config: &JpkiConfig) -> Seen {
    let test = recognise(certificate.issuer()).is_some_and(|(_, hierarchy)| hierarchy == Hierarchy::Test);
    match config.mode {
        Mode::Production if test => Err(SigningReason::TestCaInProduction),
        Mode::Production => Ok(Some("production".to_owned())),
        Mode::Test => Ok(Some("test mode".to_owned())),
    }
}

/// The mirror of `certificate_is_not_for_signing`: by published name, by a pinned authority's name, or by policy.
fn not_for_signing_in(certificate: &Certificate, config: &JpkiConfig) -> Seen {
    let issuer = certificate.issuer();
    let named_so = recognise(issuer).is_some_and(|(kind, _)| kind == CaKind::UserAuthentication)
        || config
            .anchors(CaKind::UserAuthentication)
            .any(|anchor| anchor.name() == issuer);
    let authenticates = certificate.extensions().policies.as_ref().is_some_and(|carried| {
        carried
            .policies
            .iter()
            .any(|policy| config.authentication_policies.contains(&policy.oid))
    });
    if named_so || authenticates {
        Err(SigningReason::AuthenticationCertificate)
    } else {
        Ok(None)
    }
}

/// Generations share one name, so the signature chooses which.
fn proof(certificate: &Certificate, config: &JpkiConfig) -> Result<(String, String), SigningReason> {
    let path = VerifiedPath::verify(certificate, config.anchors(CaKind::DigitalSignature))
        .map_err(|_| SigningReason::UnknownCa)?;
    let ca = config
        .authorities
        .iter()
        .find(|ca| ca.anchor() == path.anchor() && ca.kind() == CaKind::DigitalSignature)
        .ok_or(SigningReason::UnknownCa)?;
    Ok((path.anchor().key_hash().to_owned(), ca.label().to_owned()))
}

fn no_authority(certificate: &Certificate, _: &SigningProfile) -> Seen {
    let extensions = certificate.extensions();
    let authority = extensions
        .basic_constraints
        .is_some_and(|constraints| constraints.is_authority)
        || extensions
            .key_usage
            .is_some_and(|usage| usage.key_cert_sign() || usage.crl_sign());
    if authority {
        Err(SigningReason::Authority)
    } else {
        Ok(None)
    }
}

fn extensions(certificate: &Certificate, _: &SigningProfile) -> Seen {
    match certificate.extensions().unknown_critical.first() {
        Some(oid) => Err(SigningReason::UnknownCriticalExtension(*oid)),
        None => Ok(None),
    }
}

/// Both bits: a key that may sign challenges only signs no documents.
fn key_usage(certificate: &Certificate, _: &SigningProfile) -> Seen {
    match certificate.extensions().key_usage {
        Some(usage) if usage.digital_signature() && usage.non_repudiation() => Ok(None),
        _ => Err(SigningReason::NotForSigning),
    }
}

fn known_policy(certificate: &Certificate, profile: &SigningProfile) -> Seen {
    certificate
        .extensions()
        .policies
        .as_ref()
        .and_then(|carried| {
            carried
                .policies
                .iter()
                .find(|policy| profile.policies.contains(&policy.oid))
        })
        .map(|policy| Some(policy.oid.to_string()))
        .ok_or(SigningReason::UnknownPolicy)
}

fn strong_key(certificate: &Certificate, profile: &SigningProfile) -> Seen {
    match certificate.public_key().kind() {
        KeyKind::Rsa { bits } if bits < profile.min_rsa_bits => Err(SigningReason::WeakKey { bits }),
        KeyKind::Rsa { bits } => Ok(Some(format!("RSA, {bits} bits"))),
        KeyKind::P384 => Ok(Some("ECDSA, P-384".to_owned())),
        KeyKind::P256 => Err(SigningReason::WeakKey { bits: 256 }),
        _ => Err(SigningReason::WeakKey { bits: 0 }),
    }
}
