//! The order of the rules, as one table.
//!
//! The order is chosen so that the most helpful reason wins. What the certificate only claims comes first where it says
//! what the person did wrong (picked the 署名用 certificate, used a test card): such rules only ever refuse, so
//! believing a claim does no harm. Then the proof by signature; all that follows may trust the contents. A revocation is
//! final, so it is told even where the list has become too old for calling anything good.

use domain::{RevocationGeneration, Timestamp};
use pki::{Certificate, SerialNumber, VerifiedPath};
use revocation::{Coverage, FreshnessPolicy, NationalIndex};

use crate::authority::{CaKind, PinnedCa};
use crate::config::JpkiConfig;
use crate::evaluation::{Evaluation, Step, Verdict};
use crate::holder::Holder;
use crate::reason::{ProfileDefect, Reason};
use crate::rules;

/// What a rule saw, when it held.
pub(crate) type Seen = Result<Option<String>, Reason>;

/// What rules before the proof may look at.
pub(crate) struct Claimed<'a> {
    pub(crate) certificate: &'a Certificate,
    pub(crate) config: &'a JpkiConfig,
    /// Which authority's certificate is asked for.
    pub(crate) kind: CaKind,
}

/// What rules after the proof may look at.
pub(crate) struct Proven<'a> {
    pub(crate) path: VerifiedPath<'a>,
    pub(crate) ca: &'a PinnedCa,
    pub(crate) config: &'a JpkiConfig,
    pub(crate) index: Option<&'a NationalIndex>,
    pub(crate) now: Timestamp,
}

impl Proven<'_> {
    pub(crate) fn certificate(&self) -> &Certificate {
        self.path.certificate()
    }
}

pub(crate) enum Rule {
    OnClaims(fn(&Claimed<'_>) -> Seen),
    Proof,
    OnProven(fn(&Proven<'_>) -> Seen),
}

/// Reading comes before everything else; it has no function here because it makes what the others look at.
pub(crate) const READING: &str = "certificate_is_readable";

const RULES: [(&str, Rule); 14] = [
    (
        "certificate_is_not_for_signing",
        Rule::OnClaims(rules::certificate_is_not_for_signing::check),
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
        "key_usage_has_digital_signature",
        Rule::OnProven(rules::key_usage_has_digital_signature::check),
    ),
    (
        "purpose_has_client_auth",
        Rule::OnProven(rules::purpose_has_client_auth::check),
    ),
    ("policy_is_known", Rule::OnProven(rules::policy_is_known::check)),
    ("key_is_strong", Rule::OnProven(rules::key_is_strong::check)),
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
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(READING).chain(RULES.iter().map(|(name, _)| *name))
}

/// Decides about a user-authentication certificate whose key the client has proven to hold.
///
/// `index` is what is loaded of the 利用者証明用 authority's lists, if anything.
pub fn evaluate(
    der: &[u8],
    config: &JpkiConfig,
    index: Option<&NationalIndex>,
    now: Timestamp,
) -> Evaluation {
    let mut trace = Trace::default();
    let read =
        Certificate::parse(der).map_err(|reason| Reason::MalformedProfile(ProfileDefect::Unreadable(reason)));
    let verdict = match &read {
        Err(reason) => {
            trace.note(READING, &Err(reason.clone()));
            Err(reason.clone())
        }
        Ok(certificate) => {
            trace.note(READING, &Ok(None));
            decide(certificate, config, index, now, &mut trace)
        }
    };
    Evaluation {
        trace: trace.complete(rule_names()),
        verdict,
    }
}

fn decide<'a>(
    certificate: &'a Certificate,
    config: &'a JpkiConfig,
    index: Option<&'a NationalIndex>,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<Holder, Reason> {
    let claimed = Claimed {
        certificate,
        config,
        kind: CaKind::UserAuthentication,
    };
    let proven = run(&RULES, &claimed, index, now, trace)?;
    let index = index.ok_or(Reason::CrlMissing)?;
    Ok(Holder::new(&proven.path, proven.ca.kind(), index.generation()))
}

/// Runs the rules of a table in order until one refuses.
pub(crate) fn run<'a>(
    table: &[(&'static str, Rule)],
    claimed: &Claimed<'a>,
    index: Option<&'a NationalIndex>,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<Proven<'a>, Reason> {
    let config = claimed.config;
    let mut proven: Option<Proven<'a>> = None;
    for (name, rule) in table {
        let seen = match (rule, &proven) {
            (Rule::OnClaims(check), _) => check(claimed),
            (Rule::Proof, _) => rules::a_pinned_ca_signed_it::check(claimed).map(|(path, ca)| {
                proven = Some(Proven {
                    path,
                    ca,
                    config,
                    index,
                    now,
                });
                Some(format!("{}, key {}", ca.label(), path.anchor().key_hash()))
            }),
            (Rule::OnProven(check), Some(proven)) => check(proven),
            // A rule on proven contents above the proof in the table refuses everything.
            (Rule::OnProven(_), None) => Err(Reason::UnknownCa),
        };
        trace.note(name, &seen);
        seen?;
    }
    proven.ok_or(Reason::UnknownCa)
}

/// Asks again about a certificate that passed [`evaluate`] before: a session outlives the moment of its sign-in.
/// Returns the state of the revocation data at which the certificate is still good.
///
/// The list that covers it decides about freshness, and nothing is good that no list covers. Where its distribution points were not kept,
/// the oldest list decides.
pub fn recheck(
    certificate: &Remembered<'_>,
    config: &JpkiConfig,
    index: Option<&NationalIndex>,
    freshness: &FreshnessPolicy,
    now: Timestamp,
) -> Result<RevocationGeneration, Reason> {
    let pinned = config
        .anchors(CaKind::UserAuthentication)
        .any(|anchor| anchor.key_hash() == certificate.issuer_key_hash);
    if !pinned {
        return Err(Reason::UnknownCa);
    }
    if rules::validity_has_not_ended::ended(certificate.not_after, now) {
        return Err(Reason::Expired);
    }
    let index = index.ok_or(Reason::CrlMissing)?;
    rules::it_is_not_revoked::not_revoked(index, certificate.serial)?;
    rules::the_revocation_list_is_fresh::fresh(certificate.coverage(index), freshness, now)?;
    Ok(index.generation())
}

/// What is kept of a certificate that passed [`evaluate`].
#[derive(Clone, Copy)]
pub struct Remembered<'a> {
    /// Its serial number.
    pub serial: &'a SerialNumber,
    /// Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo of the authority's key that signed it. An authority that is no
    /// longer pinned vouches for nobody.
    pub issuer_key_hash: &'a str,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// Its distribution points, where they were kept.
    pub distribution_points: Option<&'a [Vec<u8>]>,
}

impl Remembered<'_> {
    fn coverage(&self, index: &NationalIndex) -> Option<Coverage> {
        match self.distribution_points {
            Some(points) => index.coverage(points, self.issuer_key_hash),
            None => index.oldest_coverage(),
        }
    }
}

#[derive(Default)]
pub(crate) struct Trace(Vec<Step>);

impl Trace {
    pub(crate) fn note(&mut self, rule: &'static str, seen: &Seen) {
        let (verdict, detail) = match seen {
            Ok(detail) => (Verdict::Passed, detail.clone()),
            Err(reason) => (Verdict::Failed, Some(reason.to_string())),
        };
        self.0.push(Step {
            rule,
            verdict,
            detail,
        });
    }

    /// Adds the rules that were not run.
    pub(crate) fn complete(mut self, names: impl Iterator<Item = &'static str>) -> Vec<Step> {
        let done = self.0.len();
        let rest = names.skip(done).map(|rule| Step {
            rule,
            verdict: Verdict::NotRun,
            detail: None,
        });
        self.0.extend(rest);
        self.0
    }
}
