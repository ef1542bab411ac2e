//! The graph alone, against hand-made certificates.

use super::*;
use crate::extension::Policy;

const A: Oid = Oid::new_unwrap("1.2.3.1");
const B: Oid = Oid::new_unwrap("1.2.3.2");
const C: Oid = Oid::new_unwrap("1.2.3.3");

fn policies(oids: &[Oid]) -> Vec<Policy> {
    oids.iter()
        .map(|oid| Policy {
            oid: *oid,
            qualifiers: Vec::new(),
        })
        .collect()
}

fn pairs(pairs: &[(Oid, Oid)]) -> Vec<PolicyMapping> {
    pairs
        .iter()
        .map(|(issuer, subject)| PolicyMapping {
            issuer: *issuer,
            subject: *subject,
        })
        .collect()
}

/// Policies (none: no extension) and mappings of one certificate.
type Level<'a> = (Option<&'a [Oid]>, &'a [(Oid, Oid)]);

/// A path: policies of each certificate (none: no extension), and its mappings.
fn walk(path: &[Level<'_>], mapping_counts: bool) -> PolicyGraph {
    let mut graph = PolicyGraph::new();
    for (oids, mappings) in path {
        graph.advance(oids.map(policies).as_deref(), true);
        if !mappings.is_empty() {
            graph.map(&pairs(mappings), mapping_counts);
        }
    }
    graph
}

#[test]
fn what_all_certificates_share_is_left() {
    let graph = walk(&[(Some(&[A, B]), &[]), (Some(&[B, C]), &[])], true);
    assert_eq!(graph.authority_constrained(), [B]);
    let graph = walk(&[(Some(&[A]), &[]), (Some(&[B]), &[])], true);
    assert!(graph.is_null() && graph.authority_constrained().is_empty());
    let graph = walk(&[(Some(&[A]), &[]), (None, &[])], true);
    assert!(graph.is_null());
    // What is lost is lost: no later certificate brings it back.
    let graph = walk(
        &[(None, &[]), (Some(&[A]), &[]), (Some(&[ANY_POLICY]), &[])],
        true,
    );
    assert!(graph.is_null());
}

#[test]
fn any_policy_stands_for_all() {
    let graph = walk(&[(Some(&[ANY_POLICY]), &[]), (Some(&[A]), &[])], true);
    assert_eq!(graph.authority_constrained(), [A]);
    let graph = walk(&[(Some(&[A]), &[]), (Some(&[ANY_POLICY]), &[])], true);
    assert_eq!(graph.authority_constrained(), [A]);
    let graph = walk(&[(Some(&[ANY_POLICY]), &[]), (Some(&[ANY_POLICY]), &[])], true);
    assert_eq!(graph.authority_constrained(), [ANY_POLICY]);
    let mut graph = walk(&[(Some(&[A]), &[])], true);
    graph.advance(Some(&policies(&[ANY_POLICY])), false);
    assert!(graph.is_null(), "inhibited");
}

#[test]
fn mapped_policies_keep_the_trusted_authoritys_name() {
    let graph = walk(
        &[
            (Some(&[A]), &[(A, B)]),
            (Some(&[B]), &[(B, C)]),
            (Some(&[C]), &[]),
        ],
        true,
    );
    assert_eq!(graph.authority_constrained(), [A]);
    let graph = walk(&[(Some(&[A]), &[(A, B)]), (Some(&[A]), &[])], true);
    assert!(
        graph.is_null(),
        "a mapped policy is not expected under its old name"
    );
    let graph = walk(&[(Some(&[ANY_POLICY]), &[(A, B)]), (Some(&[B]), &[])], true);
    // From anyPolicy both the mapped A and B itself are valid in the issuer's domain; RFC 5280 makes it A.
    assert_eq!(graph.authority_constrained(), [A]);
    let graph = walk(&[(Some(&[A]), &[(A, B)]), (Some(&[B]), &[])], false);
    assert!(graph.is_null(), "inhibited");
}

#[test]
fn the_size_is_bounded_by_the_certificates() {
    // The bomb of RFC 9618 section 3: every policy mapped to every policy, level upon level. As a tree: 40^12 nodes.
    let all: Vec<Oid> = (0..40).map(|n| format!("1.2.3.4.{n}").parse().unwrap()).collect();
    let crossed: Vec<(Oid, Oid)> = all
        .iter()
        .flat_map(|a| all.iter().map(move |b| (*a, *b)))
        .collect();
    let level: Level<'_> = (Some(&all), &crossed);
    let graph = walk(&[level; 12], true);
    assert!(graph.levels.iter().all(|level| level.len() <= all.len()));
    assert_eq!(graph.authority_constrained().len(), all.len());
}
