//! What was tried and why it was believed or not, step by step: for refusal pages, the operator's view and replay.

use std::fmt;

use crate::Oid;
use crate::certificate::Certificate;
use crate::path::reason::PathReason;

/// No more attempts than this are kept; what was left out is counted.
pub(super) const MAX_ATTEMPTS: usize = 64;

/// Which certificate, without naming anybody: the beginnings of the SHA-256 of its subject and of its key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mark {
    /// Of the DER of the subject: generations of one authority share it.
    pub subject: [u8; 6],
    /// Of the DER of the SubjectPublicKeyInfo: tells the generations apart.
    pub key: [u8; 6],
}

impl Mark {
    /// The mark of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            subject: beginning(certificate.subject().as_der()),
            key: beginning(certificate.public_key().spki()),
        }
    }
}

fn beginning(bytes: &[u8]) -> [u8; 6] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |f: &mut fmt::Formatter<'_>, bytes: &[u8]| {
            bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        };
        hex(f, &self.subject)?;
        f.write_str("/")?;
        hex(f, &self.key)
    }
}

/// A rule of RFC 5280, in the order in which they are applied to a certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Section 6.1.3 (a)(1).
    Signature,
    /// Section 6.1.3 (a)(2).
    Validity,
    /// Section 6.1.3 (a)(4).
    NameChaining,
    /// Sections 6.1.3 (b), (c).
    NameConstraints,
    /// Sections 6.1.3 (d) to (f), 6.1.4 (a) and (b).
    Policies,
    /// Section 6.1.4 (k).
    BasicConstraints,
    /// Section 6.1.4 (l), (m).
    PathLength,
    /// Section 6.1.4 (n).
    KeyUsage,
    /// Sections 6.1.4 (o), 6.1.5 (f).
    CriticalExtensions,
    /// Section 4.2.1.12.
    Purpose,
    /// Section 4, where it is asked for.
    Form,
    /// The strength of the key, which RFC 5280 leaves to the profile.
    KeyStrength,
    /// Section 6.1.5 (g).
    PolicyOutcome,
    /// Sections 6.1.3 (a)(3), 6.3.
    Status,
    /// Not a rule of validation: building found no issuer for this certificate.
    Issuer,
}

/// What a rule left behind where it passed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fact {
    /// Nothing worth telling.
    None,
    /// The policies that are valid so far, in the domain of the certificates below.
    Policies(Vec<Oid>),
    /// How many lists answered about the certificate.
    Lists(usize),
}

/// One rule applied to one certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// Which certificate.
    pub certificate: Mark,
    /// Which rule.
    pub rule: Rule,
    /// What it said.
    pub verdict: Result<Fact, PathReason>,
}

/// One path that was tried, or the beginning of one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// From the target up; the last is the trusted authority exactly if `complete`.
    pub path: Vec<Mark>,
    /// Whether the path reached a trusted authority.
    pub complete: bool,
    /// The rules applied, in order: from the trusted authority down where complete. Ends at the first refusal.
    pub steps: Vec<Step>,
}

impl Attempt {
    /// Why it was refused, if it was.
    pub fn refusal(&self) -> Option<&PathReason> {
        self.steps.iter().find_map(|step| step.verdict.as_ref().err())
    }
}

/// What a search cost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Work {
    /// Certificates considered as issuers.
    pub candidates: usize,
    /// Signatures checked.
    pub signatures: usize,
    /// Complete paths validated.
    pub paths: usize,
}

/// Everything that was tried, in order, with what it cost.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Explanation {
    /// What was tried; of an accepted search the last one is the accepted path.
    pub attempts: Vec<Attempt>,
    /// Attempts that were made but not kept.
    pub left_out: usize,
    /// The cost.
    pub work: Work,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, attempt) in self.attempts.iter().enumerate() {
            write!(f, "attempt {}:", number + 1)?;
            for (place, mark) in attempt.path.iter().enumerate() {
                write!(f, "{} {mark}", if place == 0 { "" } else { " <-" })?;
            }
            writeln!(f, "{}", if attempt.complete { " (trusted)" } else { "" })?;
            for step in &attempt.steps {
                write!(f, "  {} {:?}: ", step.certificate, step.rule)?;
                match &step.verdict {
                    Ok(Fact::None) => writeln!(f, "passed")?,
                    Ok(Fact::Policies(policies)) => {
                        f.write_str("passed, policies")?;
                        policies.iter().try_for_each(|oid| write!(f, " {oid}"))?;
                        writeln!(f)?;
                    }
                    Ok(Fact::Lists(lists)) => writeln!(f, "passed, lists {lists}")?,
                    Err(reason) => writeln!(f, "REFUSED, {reason}")?,
                }
            }
        }
        if self.left_out > 0 {
            writeln!(f, "{} more attempts", self.left_out)?;
        }
        writeln!(
            f,
            "work: {} candidates, {} signatures, {} paths",
            self.work.candidates, self.work.signatures, self.work.paths
        )
    }
}
