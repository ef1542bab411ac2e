//! The table held against what the manifests say.

use std::collections::BTreeSet;

use super::table::{Row, TABLE};
use super::{Finding, House};
use crate::repository::Member;

/// The prefix of our packages.
pub(super) const PREFIX: &str = "gap-";

/// Every edge is a row, every row an edge.
pub(super) fn check(house: &House) -> Vec<Finding> {
    compare(TABLE, &house.workspace.packages)
}

fn compare(table: &[Row], members: &[Member]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        let name = short(&member.name);
        match table.iter().find(|row| row.member == name) {
            None => findings.push(Finding(format!(
                "{name} is no row of crates/xtask/src/tidy/table.rs; add it with its floor"
            ))),
            Some(row) => findings.extend(compare_row(row, member)),
        }
        if !member.name.starts_with(PREFIX) {
            findings.push(Finding(format!(
                "package {} lacks the prefix {PREFIX}",
                member.name
            )));
        }
    }
    let known: BTreeSet<&str> = members.iter().map(|member| short(&member.name)).collect();
    for row in table.iter().filter(|row| !known.contains(row.member)) {
        findings.push(Finding(format!(
            "the table has a row {}, but there is no such member",
            row.member
        )));
    }
    findings
}

fn compare_row(row: &Row, member: &Member) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (kind, allowed) in [("normal", row.normal), ("dev", row.dev), ("build", &[][..])] {
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let found: BTreeSet<&str> = member
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref().unwrap_or("normal") == kind)
            .map(|dependency| short(&dependency.name))
            .collect();
        for edge in found.difference(&allowed) {
            findings.push(Finding(format!(
                "{} → {edge} ({kind}) is not in the table (crates/xtask/src/tidy/table.rs)",
                row.member
            )));
        }
        for edge in allowed.difference(&found) {
            findings.push(Finding(format!(
                "the table has {} → {edge} ({kind}), but the manifest does not; take it out",
                row.member
            )));
        }
    }
    findings
}

/// A package's name without our prefix.
pub(super) fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Repository;

    fn members() -> Vec<Member> {
        Repository::find().unwrap().workspace().unwrap().packages
    }

    #[test]
    fn the_table_is_the_workspace() {
        assert_eq!(compare(TABLE, &members()), []);
    }

    /// The table is broken once on purpose: an edge is struck out, one invented, a member forgotten and one made up.
    #[test]
    fn a_broken_table_is_refused_with_the_edge_in_words() {
        const BROKEN: Row = Row {
            member: "domain",
            floor: 0,
            normal: &["serde", "tokio"],
            dev: &["serde_json"],
        };
        const INVENTED: Row = Row {
            member: "cellar",
            floor: 0,
            normal: &[],
            dev: &[],
        };
        let mut table: Vec<Row> = TABLE.to_vec();
        table.retain(|row| row.member != "domain" && row.member != "pki");
        table.extend([BROKEN, INVENTED]);
        let found: Vec<String> = compare(&table, &members())
            .iter()
            .map(Finding::to_string)
            .collect();
        assert_eq!(found.len(), 4, "{found:#?}");
        let has = |words: &str| {
            assert!(
                found.iter().any(|finding| finding.contains(words)),
                "{words}: {found:#?}"
            );
        };
        has("domain → time (normal) is not in the table");
        has("the table has domain → tokio (normal), but the manifest does not");
        has("pki is no row");
        has("a row cellar, but there is no such member");
    }

    #[test]
    fn an_edge_of_tests_is_no_edge_of_the_product() {
        let mut table: Vec<Row> = TABLE.to_vec();
        for row in &mut table {
            if row.member == "pki" {
                row.normal = &["aws-lc-rs", "der", "domain", "sim", "time", "zeroize"];
                row.dev = &["insta", "proptest"];
            }
        }
        let found = compare(&table, &members());
        assert_eq!(found.len(), 2, "{found:#?}");
    }
}
