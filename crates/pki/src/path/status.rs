//! The status of the certificates of a path by RFC 5280 section 6.3: partitions, lists for some reasons, indirect lists,
//! deltas, and issuers of lists with paths of their own.
//!
//! The lists of authorities (ARL) and of bridged domains are meant. The nation's own list, which has millions of entries, is
//! answered by the crate `revocation`. "Not known" never counts as good.

use std::collections::HashMap;

use domain::Timestamp;

use crate::extension::{DistributionPoint, GeneralName, PointName, ReasonSet};
use crate::name::CanonicalName;
use crate::path::inputs::{Form, PathInputs};
use crate::path::pool::Member;
use crate::path::reason::{Bound, PathReason, StatusGap};
use crate::path::search::Engine;
use crate::path::trace::{Fact, Rule};
use crate::path::validate::Record;
use crate::{PublicKey, Reason};

mod list;
pub use list::RevocationList;
use list::{Entry, directory};

/// Issuers of lists may have lists of their own, this many deep.
const MAX_NESTING: usize = 3;

/// Whether and by what the status of a path's certificates is found out.
#[derive(Clone, Copy)]
pub enum Status<'a> {
    /// It is not asked here: the caller asks elsewhere, or the path is for a purpose that needs no status.
    NotAsked,
    /// By these lists, every certificate of the path but the trusted authority's.
    Lists(&'a RevocationLists<'a>),
}

/// Lists at hand. Nothing in them is believed before its signature and its issuer's path are.
#[derive(Default)]
pub struct RevocationLists<'a> {
    lists: Vec<RevocationList<'a>>,
    unreadable: usize,
}

impl<'a> RevocationLists<'a> {
    /// Takes DER lists. What cannot be read, or has unknown critical parts, is left out and counted. Of two lists that speak about
    /// the same, the newer one is asked first, and then the older one is not asked any more.
    pub fn from_der(lists: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut all = Self::default();
        for der in lists {
            match RevocationList::parse(der) {
                Ok(list) => all.lists.push(list),
                Err(_) => all.unreadable += 1,
            }
        }
        all.lists.sort_by_key(|list| std::cmp::Reverse(list.this_update));
        all
    }

    /// How many could not be used.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}

/// What was found out about lists during one search.
#[derive(Default)]
pub(super) struct ListMemory {
    /// List, member: whether the member's key signed the list.
    signed: HashMap<(usize, Signer), bool>,
    /// Members whose paths were validated, so that they may sign lists; the name of the authority goes with them.
    valid_signers: HashMap<(usize, usize), bool>,
    /// Members whose paths are being validated right now, because they signed a list. Where a certificate names one of them in
    /// cRLIssuer it speaks about that certificate all the same, its own among them: its authority wanted it so. Otherwise
    /// nobody vouches for himself.
    in_question: Vec<usize>,
    entries_read: usize,
}

/// Who signed a list: a trusted authority or a member.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Signer {
    Anchor(usize),
    Member(usize),
}

/// A certificate whose status is asked for, with its surroundings.
struct Question<'a, 'q> {
    member: Member<'a>,
    anchor: usize,
    /// The members above it in its path, nearest first. They have been found good.
    above: &'q [usize],
    inputs: &'q PathInputs,
}

/// What happened while asking.
#[derive(Default)]
struct Tally {
    covered: Option<ReasonSet>,
    /// Lists whose scope holds the certificate.
    spoke: usize,
    /// Those that could be relied upon.
    answered: usize,
}

impl Tally {
    fn reasons(&self) -> ReasonSet {
        self.covered.unwrap_or(ReasonSet::NONE)
    }

    fn is_whole(&self) -> bool {
        self.reasons().holds(ReasonSet::ALL)
    }
}

/// How asking ends early: by a bound, or by a refusal.
enum End {
    Bound(Bound),
    Refused(PathReason),
}

impl From<Bound> for End {
    fn from(bound: Bound) -> Self {
        Self::Bound(bound)
    }
}

impl<'a> Engine<'a> {
    /// Section 6.1.3 (a)(3) for a whole path, from the trusted authority down.
    pub(super) fn status_of_path(
        &mut self,
        anchor: usize,
        chain: &[usize],
        inputs: &PathInputs,
        record: &mut Record<'_>,
    ) -> Result<Result<(), PathReason>, Bound> {
        for (place, id) in chain.iter().enumerate().rev() {
            let Some(member) = self.member(*id) else { continue };
            let question = Question {
                member,
                anchor,
                above: chain.get(place + 1..).unwrap_or(&[]),
                inputs,
            };
            let verdict = match self.status(&question) {
                Ok(lists) => Ok(Fact::Lists(lists)),
                Err(End::Refused(reason)) => Err(reason),
                Err(End::Bound(bound)) => return Err(bound),
            };
            if let Err(reason) = record.step(&member, Rule::Status, verdict) {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(()))
    }

    /// Section 6.3.3: how many lists answered, all reasons being covered.
    fn status(&mut self, question: &Question<'a, '_>) -> Result<usize, End> {
        let Some(lists) = self.lists else { return Ok(0) };
        let mut tally = Tally::default();
        let points = question.member.certificate.extensions().crl_points.as_deref();
        for point in points.unwrap_or(&[]) {
            self.ask_point(lists, question, point, &mut tally)?;
        }
        if !tally.is_whole() {
            // "... process any available CRLs not specified in a distribution point but issued by the certificate issuer."
            let issuer = question.member.certificate.issuer().clone();
            let point = DistributionPoint {
                name: Some(PointName::Full(vec![GeneralName::Directory(issuer)])),
                reasons: None,
                crl_issuer: None,
            };
            self.ask_point(lists, question, &point, &mut tally)?;
        }
        if tally.is_whole() {
            return Ok(tally.answered);
        }
        Err(End::Refused(PathReason::StatusUnknown(if tally.spoke == 0 {
            StatusGap::NoList
        } else if tally.answered == 0 {
            StatusGap::NoUsableList
        } else {
            StatusGap::SomeReasonsOnly
        })))
    }

    fn ask_point(
        &mut self,
        lists: &'a RevocationLists<'a>,
        question: &Question<'a, '_>,
        point: &DistributionPoint,
        tally: &mut Tally,
    ) -> Result<(), End> {
        for (place, list) in lists.lists.iter().enumerate() {
            if list.delta_base.is_some() || !covers(list, question, point).map_err(unreadable)? {
                continue;
            }
            // (d)
            let reasons = list
                .scope
                .reasons
                .unwrap_or(ReasonSet::ALL)
                .and(point.reasons.unwrap_or(ReasonSet::ALL));
            // (e)
            if tally.reasons().holds(reasons) {
                continue;
            }
            tally.spoke += 1;
            if !usable(list, question.inputs) {
                continue;
            }
            // (f), (g)
            let named = point.crl_issuer.is_some();
            let Some(key) = self.signer_of(place, list, question, named)? else {
                continue;
            };
            tally.answered += 1;
            let status = match self.delta_entry(lists, list, key, question)? {
                Some(entry) => Some(entry),
                None => self.entry(list, question)?,
            };
            // (i) to (k)
            if let Some(Entry::Revoked { reason, at }) = status {
                return Err(End::Refused(PathReason::Revoked { reason, at }));
            }
            // (l)
            tally.covered = Some(tally.reasons().or(reasons));
        }
        Ok(())
    }

    /// What a delta of the same scope and key says, if there is one (section 6.3.3 (c), (h), (i)).
    fn delta_entry(
        &mut self,
        lists: &'a RevocationLists<'a>,
        base: &RevocationList<'a>,
        key: &'a PublicKey,
        question: &Question<'a, '_>,
    ) -> Result<Option<Entry>, End> {
        let mut newest: Option<&RevocationList<'a>> = None;
        for delta in &lists.lists {
            let Some(from) = delta.delta_base else { continue };
            let fits = delta.issuer == base.issuer
                && delta.same_scope(base)
                && delta.key_id == base.key_id
                && base.number.is_some_and(|number| number >= from)
                && delta.number.is_some_and(|number| Some(number) >= base.number)
                && usable(delta, question.inputs);
            if !fits {
                continue;
            }
            self.spend_signature()?;
            if delta.verify(key).is_ok() && newest.is_none_or(|other| other.number < delta.number) {
                newest = Some(delta);
            }
        }
        newest.map_or(Ok(None), |delta| self.entry(delta, question))
    }

    fn entry(
        &mut self,
        list: &RevocationList<'a>,
        question: &Question<'a, '_>,
    ) -> Result<Option<Entry>, End> {
        let serial = question.member.certificate.serial().expose_bytes();
        let (entry, read) = list
            .find(&question.member.names.issuer, serial)
            .map_err(unreadable)?;
        self.list_memory.entries_read += read;
        if self.list_memory.entries_read > self.budget.list_entries {
            return Err(End::Bound(Bound::ListEntries));
        }
        Ok(entry)
    }

    /// The key that signed a list, if whoever holds it may sign lists and has a path to the same trusted authority.
    fn signer_of(
        &mut self,
        place: usize,
        list: &RevocationList<'a>,
        question: &Question<'a, '_>,
        named: bool,
    ) -> Result<Option<&'a PublicKey>, End> {
        for signer in self.signers(list, question) {
            let member = match signer {
                Signer::Anchor(anchor) => self.anchors.get(anchor).copied(),
                Signer::Member(id) => self.member(id),
            };
            let Some(member) = member else { continue };
            let usage = member.certificate.extensions().key_usage;
            if usage.is_some_and(|usage| !usage.crl_sign()) {
                continue;
            }
            let key = member.certificate.public_key();
            let signed = if let Some(known) = self.list_memory.signed.get(&(place, signer)) {
                *known
            } else {
                self.spend_signature()?;
                let verdict = list.verify(key).is_ok();
                self.list_memory.signed.insert((place, signer), verdict);
                verdict
            };
            if signed && self.is_valid_signer(signer, question, named)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Whoever has the list's issuer's name: the trusted authority and its generations, those above in the path, others.
    fn signers(&self, list: &RevocationList<'a>, question: &Question<'a, '_>) -> Vec<Signer> {
        let trusted = self.anchors.get(question.anchor);
        let anchors = self.anchors.iter().enumerate().filter(|(_, anchor)| {
            anchor.names.subject == list.issuer
                && trusted.is_some_and(|trusted| trusted.names.subject == anchor.names.subject)
        });
        let mut all: Vec<(bool, bool, Signer)> = anchors
            .map(|(place, anchor)| (misses(list, anchor), false, Signer::Anchor(place)))
            .collect();
        for id in self.named(&list.issuer) {
            if let Some(member) = self.member(id) {
                let elsewhere = !question.above.contains(&id);
                all.push((misses(list, &member), elsewhere, Signer::Member(id)));
            }
        }
        all.sort_by_key(|(misses, elsewhere, _)| (*misses, *elsewhere));
        all.into_iter().map(|(_, _, signer)| signer).collect()
    }

    /// Section 6.3.3 (f): "The trust anchor for the certification path MUST be the same as the trust anchor used to
    /// validate the target certificate."
    fn is_valid_signer(
        &mut self,
        signer: Signer,
        question: &Question<'a, '_>,
        named: bool,
    ) -> Result<bool, End> {
        let id = match signer {
            Signer::Anchor(_) => return Ok(true),
            Signer::Member(id) if question.above.contains(&id) => return Ok(true),
            Signer::Member(id) if self.list_memory.in_question.contains(&id) => return Ok(named),
            Signer::Member(id) => id,
        };
        if let Some(known) = self.list_memory.valid_signers.get(&(id, question.anchor)) {
            return Ok(*known);
        }
        if self.list_memory.in_question.len() >= MAX_NESTING {
            return Ok(false);
        }
        let inputs = PathInputs {
            anchor: question.inputs.anchor,
            form: question.inputs.form,
            rsa_bits: question.inputs.rsa_bits,
            budget: question.inputs.budget,
            ..PathInputs::at(question.inputs.now)
        };
        self.list_memory.in_question.push(id);
        self.quiet += 1;
        let found = self.search(id, Some(question.anchor), &inputs);
        self.quiet -= 1;
        self.list_memory.in_question.pop();
        let valid = match found {
            Ok(_) => true,
            Err(PathReason::BudgetSpent(bound)) => return Err(End::Bound(bound)),
            Err(_) => false,
        };
        // What was found while another signer was in question rests on that one.
        if self.list_memory.in_question.is_empty() {
            self.list_memory
                .valid_signers
                .insert((id, question.anchor), valid);
        }
        Ok(valid)
    }
}

fn misses(list: &RevocationList<'_>, signer: &Member<'_>) -> bool {
    let offered = signer.certificate.extensions().subject_key_id.as_ref();
    matches!((&list.key_id, offered), (Some(wanted), Some(offered)) if wanted != offered)
}

fn unreadable(reason: Reason) -> End {
    End::Refused(PathReason::Certificate(reason))
}

/// Whether a list is of today, and numbered as section 5.2.3 has it where form counts.
fn usable(list: &RevocationList<'_>, inputs: &PathInputs) -> bool {
    let current = |now: Timestamp| {
        list.this_update.seconds() <= now.seconds()
            && list
                .next_update
                .is_some_and(|until| now.seconds() < until.seconds())
    };
    current(inputs.now) && (inputs.form == Form::Lenient || list.well_numbered)
}

/// Section 6.3.3 (b): whether a list speaks about a certificate through a distribution point.
fn covers(
    list: &RevocationList<'_>,
    question: &Question<'_, '_>,
    point: &DistributionPoint,
) -> Result<bool, Reason> {
    // (b)(1)
    let listed_by = match &point.crl_issuer {
        Some(names) => directory(names)?,
        None => None,
    };
    let issuer_fits = match &point.crl_issuer {
        Some(_) => listed_by.as_ref() == Some(&list.issuer) && list.scope.indirect,
        None => list.issuer == question.member.names.issuer,
    };
    if !issuer_fits {
        return Ok(false);
    }
    // (b)(2)(ii) to (iv)
    let constraints = question.member.certificate.extensions().basic_constraints;
    let is_authority = constraints.is_some_and(|constraints| constraints.is_authority);
    let scope = &list.scope;
    if scope.only_attributes
        || (scope.only_users && is_authority)
        || (scope.only_authorities && !is_authority)
    {
        return Ok(false);
    }
    // (b)(2)(i)
    let Some(list_point) = &scope.name else {
        return Ok(true);
    };
    let list_names = resolved(list_point, &list.issuer)?;
    let point_names = match (&point.name, &point.crl_issuer) {
        (Some(name), _) => {
            let base = listed_by.as_ref().unwrap_or(&question.member.names.issuer);
            resolved(name, base)?
        }
        (None, Some(names)) => resolved(&PointName::Full(names.clone()), &list.issuer)?,
        (None, None) => return Ok(false),
    };
    Ok(point_names.iter().any(|name| list_names.contains(name)))
}

/// A name of a distribution point in comparable form.
#[derive(PartialEq)]
enum Point {
    Directory(CanonicalName),
    Other(GeneralName),
}

fn resolved(name: &PointName, issuer: &CanonicalName) -> Result<Vec<Point>, Reason> {
    match name {
        PointName::Full(names) => names
            .iter()
            .map(|name| {
                Ok(match name {
                    GeneralName::Directory(name) => Point::Directory(CanonicalName::of(name)?),
                    other => Point::Other(other.clone()),
                })
            })
            .collect(),
        PointName::Relative(rdn) => Ok(vec![Point::Directory(issuer.with_rdn(rdn)?)]),
    }
}
