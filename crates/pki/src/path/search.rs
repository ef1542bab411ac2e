//! The search for a path that is valid: its door, its answer and its memory.

use std::collections::HashMap;
use std::fmt;

use crate::certificate::Certificate;
use crate::key::PublicKey;
use crate::name::CanonicalName;
use crate::path::inputs::{Budget, PathInputs};
use crate::path::pool::{Anchors, Issuers, Member, Target};
use crate::path::reason::{Bound, PathReason};
use crate::path::status::{ListMemory, RevocationLists, Status};
use crate::path::trace::{Attempt, Explanation, MAX_ATTEMPTS, Work};
use crate::{Oid, Reason};

/// Proof that a path from a certificate to a trusted authority is valid. Made only by [`find_path`].
#[derive(Clone)]
pub struct ValidatedPath<'a> {
    target: &'a Certificate,
    authorities: Vec<&'a Certificate>,
    anchor: &'a Certificate,
    policies: Vec<Oid>,
    status_checked: bool,
    explanation: Explanation,
}

impl<'a> ValidatedPath<'a> {
    /// The certificate that the path is for.
    pub fn target(&self) -> &'a Certificate {
        self.target
    }

    /// The intermediate authorities, from the target's issuer up; without the trusted one.
    pub fn authorities(&self) -> &[&'a Certificate] {
        &self.authorities
    }

    /// The trusted authority.
    pub fn anchor(&self) -> &'a Certificate {
        self.anchor
    }

    /// user_constrained_policy_set: the policies under which the path is valid, in the trusted authority's terms.
    pub fn policies(&self) -> &[Oid] {
        &self.policies
    }

    /// Whether the status of every certificate was asked for.
    pub fn status_checked(&self) -> bool {
        self.status_checked
    }

    /// What was tried; the last attempt is this path.
    pub fn explanation(&self) -> &Explanation {
        &self.explanation
    }
}

impl fmt::Debug for ValidatedPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValidatedPath")
            .field("authorities", &self.authorities.len())
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}

/// No path is valid, or none was found within the bounds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathRefusal {
    /// The refusal that says most: of the first complete path, or else of the first beginning of one.
    pub reason: PathReason,
    /// What was tried.
    pub explanation: Explanation,
}

impl fmt::Display for PathRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for PathRefusal {}

/// Finds a valid path from a certificate to a trusted authority (RFC 5280 section 6, RFC 4158), and says how.
///
/// The issuers may come from several places (the operator's cross-certificates, what came with a message); nothing in
/// them is trusted. With [`Status::Lists`] every certificate of the path must be known not to be revoked.
pub fn find_path<'a>(
    target: &'a Target,
    issuers: &[&'a Issuers],
    anchors: &'a Anchors,
    status: Status<'a>,
    inputs: &PathInputs,
) -> Result<ValidatedPath<'a>, PathRefusal> {
    let mut engine = Engine::new(target, issuers, anchors, status, inputs);
    let found = engine.search(TARGET, None, inputs);
    let explanation = engine.explain();
    match found {
        Ok(found) => Ok(ValidatedPath {
            target: target.certificate(),
            authorities: engine.certificates(&found.chain),
            anchor: found.anchor.certificate,
            policies: found.policies,
            status_checked: matches!(status, Status::Lists(_)),
            explanation,
        }),
        Err(reason) => Err(PathRefusal { reason, explanation }),
    }
}

/// The target's place among the members.
pub(super) const TARGET: usize = 0;

/// A path that is valid.
pub(super) struct Found<'a> {
    /// From the target up, without the anchor.
    pub(super) chain: Vec<usize>,
    pub(super) anchor: Member<'a>,
    pub(super) policies: Vec<Oid>,
}

/// One search, with what it remembers and what it may still spend.
pub(super) struct Engine<'a> {
    pub(super) members: Vec<Member<'a>>,
    pub(super) anchors: Vec<Member<'a>>,
    pub(super) lists: Option<&'a RevocationLists<'a>>,
    pub(super) list_memory: ListMemory,
    pub(super) budget: Budget,
    pub(super) work: Work,
    pub(super) name_comparisons_left: usize,
    /// Attempts at the path that was asked for; searches for the issuers of lists keep quiet.
    pub(super) attempts: Vec<Attempt>,
    pub(super) left_out: usize,
    pub(super) quiet: usize,
    by_subject: HashMap<&'a CanonicalName, Vec<usize>>,
    signatures: HashMap<(usize, &'a [u8]), Result<(), Reason>>,
    reachable: Option<Vec<bool>>,
}

/// As soon as this many candidates were considered, those that no trusted authority can lead to are found out by name.
const PRUNE_FROM: usize = 16;

impl<'a> Engine<'a> {
    fn new(
        target: &'a Target,
        issuers: &[&'a Issuers],
        anchors: &'a Anchors,
        status: Status<'a>,
        inputs: &PathInputs,
    ) -> Self {
        let target = target.member();
        let mut members = vec![target];
        // A target among the issuers is the same certificate once.
        let others = issuers.iter().flat_map(|some| some.members());
        members.extend(others.filter(|other| other.certificate.der() != target.certificate.der()));
        let mut by_subject: HashMap<_, Vec<usize>> = HashMap::new();
        for (id, member) in members.iter().enumerate() {
            by_subject.entry(&member.names.subject).or_default().push(id);
        }
        Self {
            members,
            anchors: anchors.members().collect(),
            lists: match status {
                Status::NotAsked => None,
                Status::Lists(lists) => Some(lists),
            },
            list_memory: ListMemory::default(),
            budget: inputs.budget,
            work: Work::default(),
            name_comparisons_left: inputs.budget.name_comparisons,
            attempts: Vec::new(),
            left_out: 0,
            quiet: 0,
            by_subject,
            signatures: HashMap::new(),
            reachable: None,
        }
    }

    /// Every member of this name.
    pub(super) fn named(&self, subject: &CanonicalName) -> Vec<usize> {
        self.by_subject.get(subject).cloned().unwrap_or_default()
    }

    pub(super) fn member(&self, id: usize) -> Option<Member<'a>> {
        self.members.get(id).copied()
    }

    fn certificates(&self, chain: &[usize]) -> Vec<&'a Certificate> {
        let above_the_target = chain.iter().skip(1);
        above_the_target
            .filter_map(|id| self.member(*id))
            .map(|member| member.certificate)
            .collect()
    }

    /// Whether a key made a certificate's signature; asked once per pair, however many paths share it.
    pub(super) fn signed_by(&mut self, id: usize, key: &'a PublicKey) -> Result<Result<(), Reason>, Bound> {
        if let Some(known) = self.signatures.get(&(id, key.spki())) {
            return Ok(known.clone());
        }
        self.spend_signature()?;
        let verdict = match self.member(id) {
            Some(member) => member.certificate.verify_signature(key),
            None => Err(Reason::UnknownIssuer),
        };
        self.signatures.insert((id, key.spki()), verdict.clone());
        Ok(verdict)
    }

    pub(super) fn spend_signature(&mut self) -> Result<(), Bound> {
        spend(
            &mut self.work.signatures,
            self.budget.signatures,
            Bound::Signatures,
        )
    }

    pub(super) fn spend_path(&mut self) -> Result<(), Bound> {
        spend(&mut self.work.paths, self.budget.paths, Bound::Paths)
    }

    pub(super) fn spend_candidate(&mut self) -> Result<(), Bound> {
        spend(
            &mut self.work.candidates,
            self.budget.candidates,
            Bound::Candidates,
        )
    }

    /// Whether some trusted authority's name leads down to this member at all. Known only in searches that grow large.
    pub(super) fn is_reachable(&mut self, id: usize) -> bool {
        if self.work.candidates < PRUNE_FROM {
            return true;
        }
        if self.reachable.is_none() {
            self.reachable = Some(reachable(&self.members, &self.anchors));
        }
        self.reachable
            .as_ref()
            .and_then(|reachable| reachable.get(id))
            .copied()
            .unwrap_or(false)
    }

    pub(super) fn tell(&mut self, attempt: Attempt) {
        let accepted = attempt.refusal().is_none();
        if self.quiet > 0 {
        } else if accepted || self.attempts.len() < MAX_ATTEMPTS {
            self.attempts.push(attempt);
        } else {
            self.left_out += 1;
        }
    }

    fn explain(&mut self) -> Explanation {
        Explanation {
            attempts: std::mem::take(&mut self.attempts),
            left_out: self.left_out,
            work: self.work,
        }
    }
}

fn spend(spent: &mut usize, limit: usize, bound: Bound) -> Result<(), Bound> {
    if *spent >= limit {
        return Err(bound);
    }
    *spent += 1;
    Ok(())
}

/// By name alone, from the trusted authorities down.
fn reachable(members: &[Member<'_>], anchors: &[Member<'_>]) -> Vec<bool> {
    let mut by_issuer: HashMap<&CanonicalName, Vec<usize>> = HashMap::new();
    for (id, member) in members.iter().enumerate() {
        by_issuer.entry(&member.names.issuer).or_default().push(id);
    }
    let mut reached = vec![false; members.len()];
    let mut names: Vec<&CanonicalName> = anchors.iter().map(|anchor| &anchor.names.subject).collect();
    while let Some(name) = names.pop() {
        // Taken out, so that every name is followed once.
        for id in by_issuer.remove(name).unwrap_or_default() {
            if let (Some(mark), Some(member)) = (reached.get_mut(id), members.get(id)) {
                *mark = true;
                names.push(&member.names.subject);
            }
        }
    }
    reached
}
