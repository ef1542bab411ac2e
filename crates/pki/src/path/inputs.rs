//! What a validation is asked: the inputs of RFC 5280 section 6.1.1, and the bounds on its work.

use domain::Timestamp;

use crate::Oid;

/// What counts of a trusted authority's own certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnchorUse {
    /// Its name and key only (section 6.1.1 (d)): pinning is an act of the operator.
    NameAndKey,
    /// Also its dates, basicConstraints, keyUsage, critical extensions, path length, name and policy constraints
    /// (RFC 5937).
    Certificate,
}

/// Whether the demands of section 4 on those who issue certificates (which extension is critical, which must be there) are
/// held against the path too. Section 6 does not ask for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Section 6 only.
    Lenient,
    /// Section 4 too.
    Strict,
}

/// Bounds on the work of one search. Whoever meets one gets [`PathReason::BudgetSpent`](crate::PathReason::BudgetSpent).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    /// Certificates in a path, without the trusted authority's own.
    pub depth: usize,
    /// Certificates considered as issuers.
    pub candidates: usize,
    /// Signatures checked, those of lists among them. The same signature under the same key is checked once.
    pub signatures: usize,
    /// Complete paths validated.
    pub paths: usize,
    /// Names held against name constraints.
    pub name_comparisons: usize,
    /// Entries of lists read.
    pub list_entries: usize,
}

impl Default for Budget {
    /// Far above what a real bridge needs (a path of 7, some 20 candidates), and done within a tenth of a second.
    fn default() -> Self {
        Self {
            depth: 12,
            candidates: 1024,
            signatures: 256,
            paths: 64,
            name_comparisons: 250_000,
            list_entries: 1_000_000,
        }
    }
}

/// The inputs of section 6.1.1, besides the path and the trusted authorities.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathInputs {
    /// The time that the path must be valid at, (b).
    pub now: Timestamp,
    /// user-initial-policy-set, (c). Empty means any-policy.
    pub policies: Vec<Oid>,
    /// initial-policy-mapping-inhibit, (e).
    pub inhibit_policy_mapping: bool,
    /// initial-explicit-policy, (f).
    pub require_explicit_policy: bool,
    /// initial-any-policy-inhibit, (g).
    pub inhibit_any_policy: bool,
    /// What counts of the trusted authority's certificate, (d).
    pub anchor: AnchorUse,
    /// The purpose that the target must be fit for (section 4.2.1.12), where it and its authorities restrict theirs at all.
    pub purpose: Option<Oid>,
    /// Intermediate authorities that are not self-issued, at most.
    pub path_length: Option<u32>,
    /// Whether section 4 is held against the path.
    pub form: Form,
    /// The shortest RSA modulus in bits, of the target's key too.
    pub rsa_bits: u32,
    /// Bounds on work.
    pub budget: Budget,
}

impl PathInputs {
    /// Any policy, no purpose, a trusted authority by name and key, RSA from 2048 bits.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            policies: Vec::new(),
            inhibit_policy_mapping: false,
            require_explicit_policy: false,
            inhibit_any_policy: false,
            anchor: AnchorUse::NameAndKey,
            purpose: None,
            path_length: None,
            form: Form::Lenient,
            rsa_bits: 2048,
            budget: Budget::default(),
        }
    }
}
