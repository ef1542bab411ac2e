//! The valid policy graph of RFC 9618, which takes the place of RFC 5280's valid policy tree: one node per policy and
//! certificate, so that its size is bounded by what the certificates say and no mapping can make it explode.

use crate::Oid;
use crate::extension::{Policy, PolicyMapping};

/// anyPolicy (section 4.2.1.4).
pub(super) const ANY_POLICY: Oid = Oid::new_unwrap("2.5.29.32.0");

struct Node {
    policy: Oid,
    /// expected_policy_set.
    expected: Vec<Oid>,
    /// Places in the level above.
    parents: Vec<usize>,
}

/// The graph, a level per certificate. A level without nodes means that the graph is NULL.
pub(super) struct PolicyGraph {
    levels: Vec<Vec<Node>>,
}

impl PolicyGraph {
    /// Section 6.1.2 (a).
    pub(super) fn new() -> Self {
        Self {
            levels: vec![vec![Node {
                policy: ANY_POLICY,
                expected: vec![ANY_POLICY],
                parents: Vec::new(),
            }]],
        }
    }

    /// NULL: no policy is valid for the whole path any more.
    pub(super) fn is_null(&self) -> bool {
        self.levels.last().is_none_or(Vec::is_empty)
    }

    /// Section 6.1.3 (d) and (e).
    pub(super) fn advance(&mut self, policies: Option<&[Policy]>, any_policy_counts: bool) {
        let Some(above) = self.levels.last() else { return };
        let mut level: Vec<Node> = Vec::new();
        let policies = policies.unwrap_or(&[]);
        for policy in policies.iter().filter(|policy| policy.oid != ANY_POLICY) {
            let mut parents = expecting(above, policy.oid);
            if parents.is_empty() {
                parents.extend(place_of(above, ANY_POLICY));
            }
            if !parents.is_empty() {
                level.push(Node {
                    policy: policy.oid,
                    expected: vec![policy.oid],
                    parents,
                });
            }
        }
        if any_policy_counts && policies.iter().any(|policy| policy.oid == ANY_POLICY) {
            for policy in above.iter().flat_map(|node| &node.expected) {
                if place_of(&level, *policy).is_none() {
                    level.push(Node {
                        policy: *policy,
                        expected: vec![*policy],
                        parents: expecting(above, *policy),
                    });
                }
            }
        }
        self.levels.push(level);
    }

    /// Section 6.1.4 (b). The mappings hold no anyPolicy.
    pub(super) fn map(&mut self, mappings: &[PolicyMapping], mapping_counts: bool) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        if !mapping_counts {
            level.retain(|node| mappings.iter().all(|mapping| mapping.issuer != node.policy));
            return;
        }
        for (place, mapping) in mappings.iter().enumerate() {
            let first_of_its_kind = mappings
                .iter()
                .take(place)
                .all(|earlier| earlier.issuer != mapping.issuer);
            if !first_of_its_kind {
                continue;
            }
            let expected: Vec<Oid> = mappings
                .iter()
                .filter(|other| other.issuer == mapping.issuer)
                .map(|other| other.subject)
                .collect();
            if let Some(node) = level.iter_mut().find(|node| node.policy == mapping.issuer) {
                node.expected = expected;
            } else if let Some(any) = level.iter().find(|node| node.policy == ANY_POLICY) {
                let parents = any.parents.clone();
                level.push(Node {
                    policy: mapping.issuer,
                    expected,
                    parents,
                });
            }
        }
    }

    /// The policies of the last certificate, for the explanation.
    pub(super) fn last_policies(&self) -> Vec<Oid> {
        self.levels
            .last()
            .map_or_else(Vec::new, |level| level.iter().map(|node| node.policy).collect())
    }

    /// Section 6.1.5 (g): the authority-constrained policy set, in the trusted authority's own policies.
    pub(super) fn authority_constrained(&self) -> Vec<Oid> {
        let mut set = Vec::new();
        let Some(last) = self.levels.last() else {
            return set;
        };
        // Nodes that have a descendant in the last level.
        let mut alive = vec![true; last.len()];
        for (depth, level) in self.levels.iter().enumerate().skip(1).rev() {
            let above = self.levels.get(depth - 1).map_or(&[][..], Vec::as_slice);
            let mut alive_above = vec![false; above.len()];
            for (node, lives) in level.iter().zip(&alive) {
                if !lives {
                    continue;
                }
                for parent in &node.parents {
                    if let Some(mark) = alive_above.get_mut(*parent) {
                        *mark = true;
                    }
                }
                let under_any = node
                    .parents
                    .iter()
                    .filter_map(|parent| above.get(*parent))
                    .any(|parent| parent.policy == ANY_POLICY);
                if under_any && node.policy != ANY_POLICY && !set.contains(&node.policy) {
                    set.push(node.policy);
                }
            }
            alive = alive_above;
        }
        if last.iter().any(|node| node.policy == ANY_POLICY) {
            set.push(ANY_POLICY);
        }
        set.sort();
        set
    }
}

fn expecting(level: &[Node], policy: Oid) -> Vec<usize> {
    level
        .iter()
        .enumerate()
        .filter(|(_, node)| node.expected.contains(&policy))
        .map(|(place, _)| place)
        .collect()
}

fn place_of(level: &[Node], policy: Oid) -> Option<usize> {
    level.iter().position(|node| node.policy == policy)
}

#[cfg(test)]
mod tests;
