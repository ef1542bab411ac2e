//! Floors: dependencies point down, heavy and risky ones stay fenced, judges stay outside the product.

use super::table::{Row, TABLE};
use super::{Finding, House};

/// The floor of the ports: async runtimes begin here.
const PORTS: u8 = 4;
const ADAPTERS: u8 = 5;
const ROOT: u8 = 7;
const JUDGES: u8 = 8;

/// Edges within one floor, each decided by itself.
const SAME_FLOOR: &[(&str, &str)] = &[
    // What others publish is read by the room of its protocol (`docs/decisions/0031`).
    ("federation", "saml"),
    // The profile reads the national index.
    ("jpki", "revocation"),
    // The dispatcher asks the lattice.
    ("login", "policy"),
];

/// Judges lean on one another.
const fn within_judges(from: u8, to: u8) -> bool {
    from == JUDGES && to == JUDGES
}

/// Foreign packages and the only members that may be built from them.
const FENCES: &[(&str, &[&str])] = &[
    ("actix-web", &["idp-server", "sp-sdk", "trust-framework"]),
    ("actix-tls", &["idp-server", "sp-sdk", "trust-framework"]),
    ("rusqlite", &["store-sql"]),
    ("tokio-postgres", &["store-sql"]),
    ("redis", &["store-redis"]),
    // No private key of ours may come near it (RUSTSEC-2023-0071).
    ("rsa", &["sim"]),
    ("p384", &["sim"]),
    // The only unsafe code of ours stands around it.
    ("memmap2", &["mapped"]),
    ("openidconnect", &["sp-sdk"]),
    ("reqwest", &["conformance-tests", "sp-sdk", "xtask"]),
];

/// What brings sockets, tasks or a driver, and so stays out of the floors below the ports.
const ABOVE_PORTS_ONLY: &[&str] = &[
    "actix-web",
    "async-trait",
    "hyper",
    "hyper-util",
    "reqwest",
    "rusqlite",
    "rustls",
    "tokio",
    "tokio-rustls",
];

/// Dependencies point down.
pub(super) fn check_table(_: &House) -> Vec<Finding> {
    directions(TABLE)
}

/// What is fenced stays behind its fence.
pub(super) fn check_fences(_: &House) -> Vec<Finding> {
    fences(TABLE)
}

/// The production tree holds no judge.
pub(super) fn check_production(house: &House) -> Vec<Finding> {
    judges_in(&house.production)
}

fn directions(table: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for from in table {
        for to in from
            .normal
            .iter()
            .filter_map(|name| table.iter().find(|row| row.member == *name))
        {
            if let Some(why) = refusal(from, to) {
                findings.push(Finding(format!(
                    "{} (floor {}) → {} (floor {}): {why}",
                    from.member, from.floor, to.member, to.floor
                )));
            }
        }
    }
    findings
}

/// Why one member may not be built from another.
fn refusal(from: &Row, to: &Row) -> Option<&'static str> {
    if SAME_FLOOR.contains(&(from.member, to.member)) || within_judges(from.floor, to.floor) {
        return None;
    }
    match (from.floor, to.floor) {
        (_, JUDGES) => Some("nobody imports the judges"),
        (3, 1 | 2) => Some("decisions know words only; protocol facts reach them as words of domain"),
        (6, ADAPTERS) => Some("products use ports; adapters are chosen by the root"),
        (from, to) if from == to => Some("neighbours on one floor do not see one another"),
        (from, to) if from < to => Some("dependencies point down"),
        _ => None,
    }
}

fn fences(table: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in table {
        for (package, members) in FENCES {
            if row.normal.contains(package) && !members.contains(&row.member) {
                findings.push(Finding(format!(
                    "{} → {package}: only {} may",
                    row.member,
                    members.join(", ")
                )));
            }
        }
        if row.floor < PORTS {
            for package in ABOVE_PORTS_ONLY
                .iter()
                .filter(|package| row.normal.contains(package))
            {
                findings.push(Finding(format!(
                    "{} → {package}: below the ports there is no network, no task and no driver",
                    row.member
                )));
            }
        }
    }
    findings
}

fn judges_in(tree: &[String]) -> Vec<Finding> {
    TABLE
        .iter()
        .filter(|row| row.floor > ROOT && tree.iter().any(|name| super::edges::short(name) == row.member))
        .map(|row| Finding(format!("the tree of gap-idp-server holds {}", row.member)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(member: &str, normal: &'static [&'static str]) -> Vec<Row> {
        let mut table = TABLE.to_vec();
        for row in table.iter_mut().filter(|row| row.member == member) {
            row.normal = normal;
        }
        table
    }

    #[test]
    fn the_table_stands() {
        assert_eq!(directions(TABLE), []);
        assert_eq!(fences(TABLE), []);
    }

    #[test]
    fn edges_upwards_and_sideways_are_refused() {
        let cases: &[(&str, &'static [&'static str], &str)] = &[
            ("saml", &["oidc"], "neighbours"),
            ("oidc", &["saml"], "neighbours"),
            ("pki", &["jpki"], "point down"),
            ("login", &["saml"], "words only"),
            ("store-sql", &["jlis-http"], "neighbours"),
            ("trust-framework", &["store-sql"], "ports"),
            ("trust-framework", &["idp-server"], "point down"),
            ("idp-server", &["sim"], "judges"),
            ("store-sql", &["xtask"], "judges"),
        ];
        for (member, normal, why) in cases {
            let found = directions(&with(member, normal));
            assert_eq!(found.len(), 1, "{member} → {normal:?}: {found:?}");
            assert!(
                found[0].to_string().contains(why),
                "{member} → {normal:?}: {found:?}"
            );
        }
    }

    #[test]
    fn fenced_packages_are_refused_elsewhere() {
        let cases: &[(&str, &'static [&'static str])] = &[
            ("saml", &["tokio"]),
            ("login", &["async-trait"]),
            ("store", &["rusqlite"]),
            ("keys", &["rsa"]),
            ("jlis-http", &["actix-web"]),
        ];
        for (member, normal) in cases {
            assert_eq!(fences(&with(member, normal)).len(), 1, "{member} → {normal:?}");
        }
    }

    #[test]
    fn a_judge_in_the_production_tree_is_found() {
        let tree = ["gap-idp-server", "gap-store", "gap-sim", "serde"].map(str::to_owned);
        assert_eq!(judges_in(&tree).len(), 1);
    }
}
