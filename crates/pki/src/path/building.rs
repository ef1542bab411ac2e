//! Path building: from the target up, depth first, with backtracking (RFC 4158 section 2.4.2).
//!
//! What can be known of a candidate alone (authority or not, its dates, its own path length, its signature under the key
//! above) is asked before climbing on, so that most wrong ways end at once. What needs the whole path is asked by
//! `validate.rs` when a trusted authority is reached; where it says no, the search goes on.

use crate::path::inputs::PathInputs;
use crate::path::pool::Member;
use crate::path::reason::{Bound, PathReason};
use crate::path::search::{Engine, Found};
use crate::path::trace::{Attempt, Rule, Step};
use crate::path::validate::{self, Record};

/// The refusals of one search, the one that says most first.
#[derive(Default)]
struct Refusals {
    complete: Option<PathReason>,
    by_rule: Option<PathReason>,
    by_signature: Option<PathReason>,
}

impl Refusals {
    fn best(self) -> PathReason {
        self.complete
            .or(self.by_rule)
            .or(self.by_signature)
            .unwrap_or(PathReason::NoPath)
    }
}

/// What stays the same during one search.
struct Ask<'i> {
    /// The name of the only trusted authority that counts, where one is prescribed: the index of an anchor.
    only: Option<usize>,
    inputs: &'i PathInputs,
    depth: usize,
}

impl<'a> Engine<'a> {
    /// Seeks a valid path for a member. `only` prescribes the name of the trusted authority.
    pub(super) fn search(
        &mut self,
        start: usize,
        only: Option<usize>,
        inputs: &PathInputs,
    ) -> Result<Found<'a>, PathReason> {
        let ask = Ask {
            only,
            inputs,
            depth: self.budget.depth,
        };
        let mut refusals = Refusals::default();
        let mut chain = vec![start];
        match self.climb(&mut chain, &ask, &mut refusals) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(refusals.best()),
            Err(bound) => Err(PathReason::BudgetSpent(bound)),
        }
    }

    fn climb(
        &mut self,
        chain: &mut Vec<usize>,
        ask: &Ask<'_>,
        refusals: &mut Refusals,
    ) -> Result<Option<Found<'a>>, Bound> {
        let Some((child_id, child)) = chain
            .last()
            .and_then(|id| self.member(*id).map(|member| (*id, member)))
        else {
            return Ok(None);
        };
        let mut tried = 0;
        for place in self.anchors_above(&child, ask) {
            tried += 1;
            if let Some(found) = self.arrive(place, chain, child_id, ask, refusals)? {
                return Ok(Some(found));
            }
        }
        for id in self.issuers_above(&child, chain) {
            tried += 1;
            self.spend_candidate()?;
            if let Some(candidate) = self.member(id) {
                if !self.is_reachable(id) {
                    continue;
                }
                if let Err((rule, reason)) = self.may_stand_above(&candidate, chain, child_id, ask)? {
                    self.refuse_candidate(chain, &child, &candidate, rule, reason, refusals);
                    continue;
                }
                chain.push(id);
                let found = self.climb(chain, ask, refusals)?;
                if found.is_some() {
                    return Ok(found);
                }
                chain.pop();
            }
        }
        if tried == 0 {
            let step = Step {
                certificate: child.names.mark,
                rule: Rule::Issuer,
                verdict: Err(PathReason::NoPath),
            };
            self.tell_beginning(chain, None, vec![step]);
        }
        Ok(None)
    }

    /// Whether a candidate may be the issuer of the last certificate of the chain.
    fn may_stand_above(
        &mut self,
        candidate: &Member<'a>,
        chain: &[usize],
        child_id: usize,
        ask: &Ask<'_>,
    ) -> Result<Result<(), (Rule, PathReason)>, Bound> {
        if chain.len() >= ask.depth {
            return Ok(Err((Rule::PathLength, PathReason::PathTooLong)));
        }
        let below = chain
            .iter()
            .skip(1)
            .filter_map(|id| self.member(*id))
            .filter(|member| !member.self_issued())
            .count();
        if let Err(refused) = validate::as_issuer(candidate, below, ask.inputs) {
            return Ok(Err(refused));
        }
        let signed = self.signed_by(child_id, candidate.certificate.public_key())?;
        Ok(signed.map_err(|reason| (Rule::Signature, PathReason::Signature(reason))))
    }

    /// A trusted authority has the name that is wanted: checks the last signature and then the whole path.
    fn arrive(
        &mut self,
        place: usize,
        chain: &[usize],
        child_id: usize,
        ask: &Ask<'_>,
        refusals: &mut Refusals,
    ) -> Result<Option<Found<'a>>, Bound> {
        let (Some(anchor), Some(child)) = (self.anchors.get(place).copied(), self.member(child_id)) else {
            return Ok(None);
        };
        self.spend_candidate()?;
        if let Err(reason) = self.signed_by(child_id, anchor.certificate.public_key())? {
            let reason = PathReason::Signature(reason);
            self.refuse_candidate(chain, &child, &anchor, Rule::Signature, reason, refusals);
            return Ok(None);
        }
        self.spend_path()?;
        let path: Vec<Member<'a>> = chain.iter().rev().filter_map(|id| self.member(*id)).collect();
        let mut steps = Vec::with_capacity(path.len() * 10);
        let mut record = Record { steps: &mut steps };
        let mut verdict = validate::validate(
            &anchor,
            &path,
            ask.inputs,
            &mut self.name_comparisons_left,
            &mut record,
        );
        if verdict.is_ok()
            && self.lists.is_some()
            && let Err(reason) = self.status_of_path(place, chain, ask.inputs, &mut record)?
        {
            verdict = Err(reason);
        }
        if self.quiet == 0 {
            let mut marks: Vec<_> = path.iter().rev().map(|member| member.names.mark).collect();
            marks.push(anchor.names.mark);
            self.tell(Attempt {
                path: marks,
                complete: true,
                steps,
            });
        }
        match verdict {
            Ok(policies) => Ok(Some(Found {
                chain: chain.to_vec(),
                anchor,
                policies: policies.user,
            })),
            Err(PathReason::BudgetSpent(bound)) => Err(bound),
            Err(reason) => {
                refusals.complete.get_or_insert(reason);
                Ok(None)
            }
        }
    }

    /// Trusted authorities of the issuer's name, the one whose key identifier is asked for first.
    fn anchors_above(&self, child: &Member<'a>, ask: &Ask<'_>) -> Vec<usize> {
        let prescribed = ask.only.and_then(|place| self.anchors.get(place));
        let mut places: Vec<(bool, usize)> = self
            .anchors
            .iter()
            .enumerate()
            .filter(|(_, anchor)| anchor.names.subject == child.names.issuer)
            .filter(|(_, anchor)| {
                // Generations of one authority are one authority.
                prescribed.is_none_or(|one| one.names.subject == anchor.names.subject)
            })
            .map(|(place, anchor)| (anchor.is_asked_for_by(child) == Some(false), place))
            .collect();
        places.sort_unstable();
        places.into_iter().map(|(_, place)| place).collect()
    }

    /// Members of the issuer's name that are not in the chain yet, likely ones first: the right key identifier, not
    /// self-issued, valid for longest.
    fn issuers_above(&self, child: &Member<'a>, chain: &[usize]) -> Vec<usize> {
        let mut ids = self.named(&child.names.issuer);
        ids.retain(|id| {
            let Some(candidate) = self.member(*id) else {
                return false;
            };
            // The same authority with the same key twice leads nowhere new (RFC 4158 section 2.4.2).
            !chain.iter().filter_map(|id| self.member(*id)).any(|member| {
                member.names.subject == candidate.names.subject
                    && member.certificate.public_key() == candidate.certificate.public_key()
            })
        });
        if ids.len() > 1 {
            ids.sort_by_cached_key(|id| {
                let candidate = self.member(*id);
                let unlikely = candidate.is_some_and(|one| one.is_asked_for_by(child) == Some(false));
                let unsaid = candidate.is_some_and(|one| one.is_asked_for_by(child).is_none());
                let self_issued = candidate.is_some_and(|one| one.self_issued());
                let until = candidate.map_or(0, |one| one.certificate.not_after().seconds());
                (unlikely, unsaid, self_issued, std::cmp::Reverse(until))
            });
        }
        ids
    }

    fn refuse_candidate(
        &mut self,
        chain: &[usize],
        child: &Member<'a>,
        candidate: &Member<'a>,
        rule: Rule,
        reason: PathReason,
        refusals: &mut Refusals,
    ) {
        // It is the lower certificate's signature that fails, and the upper certificate that breaks every other rule.
        let (blamed, kept) = if rule == Rule::Signature {
            (child, &mut refusals.by_signature)
        } else {
            (candidate, &mut refusals.by_rule)
        };
        kept.get_or_insert_with(|| reason.clone());
        let step = Step {
            certificate: blamed.names.mark,
            rule,
            verdict: Err(reason),
        };
        self.tell_beginning(chain, Some(candidate), vec![step]);
    }

    fn tell_beginning(&mut self, chain: &[usize], candidate: Option<&Member<'a>>, steps: Vec<Step>) {
        if self.quiet > 0 {
            return;
        }
        let members = chain.iter().filter_map(|id| self.member(*id));
        let mut path: Vec<_> = members.map(|member| member.names.mark).collect();
        path.extend(candidate.map(|candidate| candidate.names.mark));
        self.tell(Attempt {
            path,
            complete: false,
            steps,
        });
    }
}
