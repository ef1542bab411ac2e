//! RFC 5280 section 6.1 for one complete path, in the section's own order. Signatures have been checked while the path was
//! built (`building.rs`); the step is told here, where its place is.

use crate::Oid;
use crate::certificate::Certificate;
use crate::extension::oids;
use crate::key::KeyKind;
use crate::path::form;
use crate::path::inputs::{AnchorUse, Form, PathInputs};
use crate::path::name_constraints::NameState;
use crate::path::policy_graph::{ANY_POLICY, PolicyGraph};
use crate::path::pool::Member;
use crate::path::reason::PathReason;
use crate::path::trace::{Fact, Rule, Step};

const ANY_PURPOSE: Oid = Oid::new_unwrap("2.5.29.37.0");

/// Critical extensions that are processed, or that restrict nothing that is asked here.
const PROCESSED: [Oid; 11] = [
    oids::KEY_USAGE,
    oids::EXTENDED_KEY_USAGE,
    oids::BASIC_CONSTRAINTS,
    oids::SUBJECT_ALT_NAME,
    oids::ISSUER_ALT_NAME,
    oids::NAME_CONSTRAINTS,
    oids::CERTIFICATE_POLICIES,
    oids::POLICY_MAPPINGS,
    oids::POLICY_CONSTRAINTS,
    oids::INHIBIT_ANY_POLICY,
    oids::CRL_DISTRIBUTION_POINTS,
];

/// Collects steps; `?` on its answer ends at the first refusal.
pub(super) struct Record<'s> {
    pub(super) steps: &'s mut Vec<Step>,
}

impl Record<'_> {
    pub(super) fn step(
        &mut self,
        member: &Member<'_>,
        rule: Rule,
        verdict: Result<Fact, PathReason>,
    ) -> Result<(), PathReason> {
        self.steps.push(Step {
            certificate: member.names.mark,
            rule,
            verdict: verdict.clone(),
        });
        verdict.map(|_| ())
    }

    fn rule(
        &mut self,
        member: &Member<'_>,
        rule: Rule,
        verdict: Result<(), PathReason>,
    ) -> Result<(), PathReason> {
        self.step(member, rule, verdict.map(|()| Fact::None))
    }
}

/// The policies under which a path is valid.
pub(super) struct Policies {
    /// user_constrained_policy_set.
    pub(super) user: Vec<Oid>,
}

/// Section 6.1.2.
struct State<'a> {
    graph: PolicyGraph,
    names: NameState<'a>,
    explicit_policy: usize,
    inhibit_any_policy: usize,
    policy_mapping: usize,
    max_path_length: usize,
}

/// Validates a path from below the trusted authority (first) down to the target (last).
pub(super) fn validate<'a>(
    anchor: &Member<'a>,
    path: &[Member<'a>],
    inputs: &PathInputs,
    name_comparisons: &mut usize,
    record: &mut Record<'_>,
) -> Result<Policies, PathReason> {
    let start = |demanded: bool| if demanded { 0 } else { path.len() + 1 };
    let mut state = State {
        graph: PolicyGraph::new(),
        names: NameState::default(),
        explicit_policy: start(inputs.require_explicit_policy),
        inhibit_any_policy: start(inputs.inhibit_any_policy),
        policy_mapping: start(inputs.inhibit_policy_mapping),
        max_path_length: inputs.path_length.map_or(path.len(), wide).min(path.len()),
    };
    if inputs.anchor == AnchorUse::Certificate {
        anchor_as_certificate(anchor, inputs, &mut state, record)?;
    }
    let mut above = anchor;
    for (place, member) in path.iter().enumerate() {
        let last = place + 1 == path.len();
        state.basic(above, member, last, inputs, name_comparisons, record)?;
        if last {
            return state.wrap_up(member, inputs, record);
        }
        state.prepare_for_next(member, record)?;
        above = member;
    }
    Err(PathReason::NoPath)
}

impl<'a> State<'a> {
    /// Section 6.1.3 and what goes with it.
    fn basic(
        &mut self,
        above: &Member<'a>,
        member: &Member<'a>,
        last: bool,
        inputs: &PathInputs,
        name_comparisons: &mut usize,
        record: &mut Record<'_>,
    ) -> Result<(), PathReason> {
        record.rule(member, Rule::Signature, Ok(()))?;
        record.rule(member, Rule::Validity, validity(member.certificate, inputs))?;
        let chained = if member.names.issuer.is_empty() {
            Err(PathReason::EmptyName)
        } else if member.names.issuer == above.names.subject {
            Ok(())
        } else {
            Err(PathReason::NamesDoNotChain)
        };
        record.rule(member, Rule::NameChaining, chained)?;
        record.rule(member, Rule::KeyStrength, strength(member.certificate, inputs))?;
        if last || !member.self_issued() {
            let names = self.names.check(member, name_comparisons);
            record.rule(member, Rule::NameConstraints, names)?;
        }
        let extensions = member.certificate.extensions();
        let any_counts = self.inhibit_any_policy > 0 || (!last && member.self_issued());
        let policies = extensions.policies.as_ref().map(|all| all.policies.as_slice());
        self.graph.advance(policies, any_counts);
        if self.explicit_policy == 0 && self.graph.is_null() {
            return record.rule(member, Rule::Policies, Err(PathReason::NoAcceptablePolicy));
        }
        if !last {
            let mapped = self.map(member);
            record.rule(member, Rule::Policies, mapped)?;
            if let Some(step) = record.steps.last_mut() {
                step.verdict = Ok(Fact::Policies(self.graph.last_policies()));
            }
        }
        let known = extensions
            .critical
            .iter()
            .find(|oid| !PROCESSED.contains(oid))
            .map_or(Ok(()), |oid| {
                Err(PathReason::UnknownCriticalExtension { oid: *oid })
            });
        record.rule(member, Rule::CriticalExtensions, known)?;
        if let Some(purpose) = inputs.purpose {
            record.rule(member, Rule::Purpose, fit_for(member.certificate, purpose))?;
        }
        if inputs.form == Form::Strict {
            record.rule(member, Rule::Form, form::check(member, false))?;
        }
        Ok(())
    }

    /// Section 6.1.4 (a) and (b).
    fn map(&mut self, member: &Member<'a>) -> Result<(), PathReason> {
        let Some(mappings) = &member.certificate.extensions().policy_mappings else {
            return Ok(());
        };
        if mappings
            .iter()
            .any(|mapping| mapping.issuer == ANY_POLICY || mapping.subject == ANY_POLICY)
        {
            return Err(PathReason::AnyPolicyMapped);
        }
        self.graph.map(mappings, self.policy_mapping > 0);
        Ok(())
    }

    /// Section 6.1.4 (c) to (o).
    fn prepare_for_next(&mut self, member: &Member<'a>, record: &mut Record<'_>) -> Result<(), PathReason> {
        record.rule(member, Rule::BasicConstraints, is_authority(member))?;
        if !member.self_issued() {
            self.explicit_policy = self.explicit_policy.saturating_sub(1);
            self.policy_mapping = self.policy_mapping.saturating_sub(1);
            self.inhibit_any_policy = self.inhibit_any_policy.saturating_sub(1);
            let left = self.max_path_length.checked_sub(1).ok_or(PathReason::PathTooLong);
            record.rule(member, Rule::PathLength, left.clone().map(|_| ()))?;
            self.max_path_length = left?;
        }
        self.constrain(member.certificate)?;
        record.rule(member, Rule::KeyUsage, may_sign_certificates(member.certificate))
    }

    /// Section 6.1.4 (g), (i), (j), (m).
    fn constrain(&mut self, certificate: &'a Certificate) -> Result<(), PathReason> {
        let extensions = certificate.extensions();
        if let Some(constraints) = &extensions.name_constraints {
            self.names.constrain(constraints)?;
        }
        if let Some(constraints) = extensions.policy_constraints {
            lower(&mut self.explicit_policy, constraints.require_explicit_policy);
            lower(&mut self.policy_mapping, constraints.inhibit_policy_mapping);
        }
        lower(&mut self.inhibit_any_policy, extensions.inhibit_any_policy);
        let path_length = extensions
            .basic_constraints
            .and_then(|constraints| constraints.path_length);
        lower(&mut self.max_path_length, path_length);
        Ok(())
    }

    /// Section 6.1.5.
    fn wrap_up(
        mut self,
        member: &Member<'a>,
        inputs: &PathInputs,
        record: &mut Record<'_>,
    ) -> Result<Policies, PathReason> {
        self.explicit_policy = self.explicit_policy.saturating_sub(1);
        let constraints = member.certificate.extensions().policy_constraints;
        if constraints.is_some_and(|constraints| constraints.require_explicit_policy == Some(0)) {
            self.explicit_policy = 0;
        }
        let authority = self.graph.authority_constrained();
        let user = if inputs.policies.is_empty() || inputs.policies.contains(&ANY_POLICY) {
            authority
        } else if authority.contains(&ANY_POLICY) {
            inputs.policies.clone()
        } else {
            authority
                .into_iter()
                .filter(|policy| inputs.policies.contains(policy))
                .collect()
        };
        let outcome = if self.explicit_policy > 0 || !user.is_empty() {
            Ok(Fact::Policies(user.clone()))
        } else {
            Err(PathReason::NoAcceptablePolicy)
        };
        record.step(member, Rule::PolicyOutcome, outcome)?;
        Ok(Policies { user })
    }
}

/// RFC 5937: the trusted authority's certificate counts like any other, but for its signature.
fn anchor_as_certificate<'a>(
    anchor: &Member<'a>,
    inputs: &PathInputs,
    state: &mut State<'a>,
    record: &mut Record<'_>,
) -> Result<(), PathReason> {
    let certificate = anchor.certificate;
    record.rule(anchor, Rule::Validity, validity(certificate, inputs))?;
    record.rule(anchor, Rule::KeyStrength, strength(certificate, inputs))?;
    record.rule(anchor, Rule::BasicConstraints, is_authority(anchor))?;
    record.rule(anchor, Rule::KeyUsage, may_sign_certificates(certificate))?;
    let unknown = certificate
        .extensions()
        .critical
        .iter()
        .find(|oid| !PROCESSED.contains(oid));
    let known = unknown.map_or(Ok(()), |oid| {
        Err(PathReason::UnknownCriticalExtension { oid: *oid })
    });
    record.rule(anchor, Rule::CriticalExtensions, known)?;
    if inputs.form == Form::Strict {
        record.rule(anchor, Rule::Form, form::check(anchor, true))?;
    }
    state.constrain(certificate)
}

/// Rules that a certificate breaks or keeps wherever it stands above others; building asks them before it climbs.
pub(super) fn as_issuer(
    member: &Member<'_>,
    authorities_below: usize,
    inputs: &PathInputs,
) -> Result<(), (Rule, PathReason)> {
    let certificate = member.certificate;
    let named = |rule: Rule| move |reason: PathReason| (rule, reason);
    is_authority(member).map_err(named(Rule::BasicConstraints))?;
    may_sign_certificates(certificate).map_err(named(Rule::KeyUsage))?;
    validity(certificate, inputs).map_err(named(Rule::Validity))?;
    let allowed = certificate
        .extensions()
        .basic_constraints
        .and_then(|constraints| constraints.path_length);
    if allowed.is_some_and(|allowed| authorities_below > wide(allowed)) {
        return Err((Rule::PathLength, PathReason::PathTooLong));
    }
    Ok(())
}

fn validity(certificate: &Certificate, inputs: &PathInputs) -> Result<(), PathReason> {
    // Certificates tell whole seconds; notAfter's second counts whole.
    let now = inputs.now.seconds();
    if now < certificate.not_before().seconds() {
        Err(PathReason::NotYetValid)
    } else if now > certificate.not_after().seconds() {
        Err(PathReason::Expired)
    } else {
        Ok(())
    }
}

fn strength(certificate: &Certificate, inputs: &PathInputs) -> Result<(), PathReason> {
    match certificate.public_key().kind() {
        KeyKind::Rsa { bits } if bits < inputs.rsa_bits => Err(PathReason::WeakKey { bits }),
        _ => Ok(()),
    }
}

fn is_authority(member: &Member<'_>) -> Result<(), PathReason> {
    if member.names.subject.is_empty() {
        return Err(PathReason::EmptyName);
    }
    match member.certificate.extensions().basic_constraints {
        Some(constraints) if constraints.is_authority => Ok(()),
        _ => Err(PathReason::NotAnAuthority),
    }
}

fn may_sign_certificates(certificate: &Certificate) -> Result<(), PathReason> {
    match certificate.extensions().key_usage {
        Some(usage) if !usage.key_cert_sign() => Err(PathReason::MayNotSignCertificates),
        _ => Ok(()),
    }
}

/// Whoever restricts its purposes must name this one; authorities restrict those below them too, as every browser has it.
fn fit_for(certificate: &Certificate, purpose: Oid) -> Result<(), PathReason> {
    match &certificate.extensions().extended_key_usage {
        Some(purposes) if !purposes.contains(&purpose) && !purposes.contains(&ANY_PURPOSE) => {
            Err(PathReason::WrongPurpose { oid: purpose })
        }
        _ => Ok(()),
    }
}

fn lower(counter: &mut usize, to: Option<u32>) {
    if let Some(to) = to {
        *counter = wide(to).min(*counter);
    }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
