//! The 署名用 certificate: the rules in order, and the proof that they held.
//!
//! The same machine as for signing in (`check.rs`), with another table. That the certificate's key signed something is for
//! whoever verifies the signature to say.

use std::fmt;

use domain::{RevocationGeneration, Timestamp};
use pki::{Certificate, SerialNumber};
use revocation::NationalIndex;

use crate::authority::CaKind;
use crate::check::{Claimed, READING, Rule, Trace, run};
use crate::config::JpkiConfig;
use crate::evaluation::Step;
use crate::four_items::FourItems;
use crate::reason::{ProfileDefect, Reason};
use crate::rules;

const RULES: [(&str, Rule); 14] = [
    (
        "certificate_is_for_signing",
        Rule::OnClaims(rules::certificate_is_for_signing::check),
    ),
    (
        "issuer_is_no_test_ca_in_production",
        Rule::OnClaims(rules::issuer_is_no_test_ca_in_production::check),
    ),
    ("a_pinned_ca_signed_it", Rule::Proof),
    (
        "validity_has_begun",
        Rule::OnProven(rules::validity_has_begun::check),
    ),
    (
        "validity_has_not_ended",
        Rule::OnProven(rules::validity_has_not_ended::check),
    ),
    (
        "it_is_no_authority",
        Rule::OnProven(rules::it_is_no_authority::check),
    ),
    (
        "critical_extensions_are_known",
        Rule::OnProven(rules::critical_extensions_are_known::check),
    ),
    (
        "key_usage_has_non_repudiation",
        Rule::OnProven(rules::key_usage_has_non_repudiation::check),
    ),
    (
        "policy_is_for_signing",
        Rule::OnProven(rules::policy_is_for_signing::check),
    ),
    ("key_is_strong", Rule::OnProven(rules::key_is_strong::check)),
    (
        "the_four_items_are_readable",
        Rule::OnProven(rules::the_four_items_are_readable::check),
    ),
    (
        "a_revocation_list_covers_it",
        Rule::OnProven(rules::a_revocation_list_covers_it::check),
    ),
    (
        "it_is_not_revoked",
        Rule::OnProven(rules::it_is_not_revoked::check),
    ),
    (
        "the_revocation_list_is_fresh",
        Rule::OnProven(rules::the_revocation_list_is_fresh::check),
    ),
];

/// The rules in order, for documents and tests.
pub fn signing_rule_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(READING).chain(RULES.iter().map(|(name, _)| *name))
}

/// The decision about one 署名用 certificate.
#[derive(Clone, Debug)]
pub struct SigningEvaluation {
    /// Every rule of the table, in order.
    pub trace: Vec<Step>,
    /// Whose certificate it is, or why it is not relied on.
    pub verdict: Result<Signatory, Reason>,
}

/// Whoever holds a 署名用 certificate that passed every rule. Made only by [`evaluate_signing`]. `Debug` shows nothing that names
/// the holder.
#[derive(Clone, Eq, PartialEq)]
pub struct Signatory {
    issuer_key_hash: String,
    serial: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    checked_generation: RevocationGeneration,
    items: FourItems,
}

impl Signatory {
    /// Lower-case hexadecimal SHA-256 of the issuing key's SubjectPublicKeyInfo: which generation.
    pub fn issuer_key_hash(&self) -> &str {
        &self.issuer_key_hash
    }

    /// The serial number: for digests, the vault and questions to J-LIS only.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// First second of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// At which state of the revocation data the certificate was good.
    pub fn checked_generation(&self) -> RevocationGeneration {
        self.checked_generation
    }

    /// 基本4情報.
    pub fn items(&self) -> &FourItems {
        &self.items
    }
}

impl fmt::Debug for Signatory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signatory")
            .field("issuer_key_hash", &self.issuer_key_hash)
            .field("checked_generation", &self.checked_generation)
            .finish_non_exhaustive()
    }
}

/// Decides about a 署名用 certificate. `index` is what is loaded of the 署名用 authority's lists, if anything.
pub fn evaluate_signing(
    der: &[u8],
    config: &JpkiConfig,
    index: Option<&NationalIndex>,
    now: Timestamp,
) -> SigningEvaluation {
    let mut trace = Trace::default();
    let verdict = Certificate::parse(der)
        .map_err(|reason| Reason::MalformedProfile(ProfileDefect::Unreadable(reason)))
        .inspect_err(|reason| trace.note(READING, &Err(reason.clone())))
        .and_then(|certificate| {
            trace.note(READING, &Ok(None));
            decide(&certificate, config, index, now, &mut trace)
        });
    SigningEvaluation {
        trace: trace.complete(signing_rule_names()),
        verdict,
    }
}

fn decide(
    certificate: &Certificate,
    config: &JpkiConfig,
    index: Option<&NationalIndex>,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<Signatory, Reason> {
    let claimed = Claimed {
        certificate,
        config,
        kind: CaKind::DigitalSignature,
    };
    let proven = run(&RULES, &claimed, index, now, trace)?;
    let index = index.ok_or(Reason::CrlMissing)?;
    let items = FourItems::of(certificate)
        .map_err(|defect| Reason::MalformedProfile(ProfileDefect::FourItems(defect)))?;
    Ok(Signatory {
        issuer_key_hash: proven.path.anchor().key_hash().to_owned(),
        serial: certificate.serial().clone(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        checked_generation: index.generation(),
        items,
    })
}
