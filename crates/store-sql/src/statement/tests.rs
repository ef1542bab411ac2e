//! What must hold for every statement, so that PostgreSQL understands it too.

use std::collections::BTreeSet;

use rusqlite::Connection;

fn every() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    crate::ledger::ALL.iter().chain(crate::ephemera::ALL)
}

/// The tables of the Ledger.
fn ledger_schema() -> String {
    let steps = crate::ledger::migrations::ALL.iter();
    steps.map(|step| step.sqlite).collect::<Vec<_>>().concat()
}

/// Placeholders in order of occurrence.
fn placeholders(text: &str) -> Vec<usize> {
    text.split('$')
        .skip(1)
        .map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("a number follows every dollar sign")
        })
        .collect()
}

/// What is wrong with a statement's placeholders: `SQLite` numbers `$n` by first occurrence, PostgreSQL by `n`.
fn wrong_order(text: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    for number in placeholders(text) {
        let due = seen.len() + 1;
        if number != due && !seen.contains(&number) {
            return Some(format!("${number} occurs where ${due} is due"));
        }
        seen.insert(number);
    }
    None
}

#[test]
fn placeholders_first_occur_in_ascending_order() {
    for (name, text) in every() {
        assert_eq!(wrong_order(text), None, "{name}: {text}");
    }
}

#[test]
fn the_order_test_notices() {
    assert_eq!(wrong_order("a = $1 AND b = $2 AND c = $1"), None);
    assert!(wrong_order("a = $2 AND b = $1").is_some());
    assert!(wrong_order("a = $1 AND b = $3").is_some());
}

#[test]
fn nothing_is_said_in_one_dialect_only() {
    let foreign = [
        "?",
        "now()",
        "current_timestamp",
        "true",
        "false",
        "ifnull",
        "insert or",
        "replace into",
        "rowid",
        "datetime",
        "strftime",
        "glob",
        "||",
        "\"",
        "`",
        "last_insert",
        "is distinct",
        "limit -1",
        "json_",
    ];
    for (name, text) in every() {
        let text = text.to_lowercase();
        for word in foreign {
            assert!(!text.contains(word), "{name} says {word}");
        }
        assert!(!text.contains("  "), "{name} is one line with single spaces");
        let cut = text.contains(" limit ");
        assert!(
            !cut || text.contains(" order by "),
            "{name}: a part of what order?"
        );
    }
}

#[test]
fn names_are_given_once() {
    let mut names = BTreeSet::new();
    for (name, _) in every() {
        assert!(names.insert(*name), "{name} is given twice");
    }
    assert!(names.len() > 60, "the list is whole");
}

/// Each statement is understood by the schema that the migrations make, and takes as many values as it names.
#[test]
fn every_statement_fits_the_schema() {
    let schemas = [
        (crate::ledger::ALL, ledger_schema()),
        (
            crate::ephemera::ALL,
            include_str!("../../migrations/sqlite/ephemera/0001_first.sql").to_owned(),
        ),
    ];
    for (statements, schema) in schemas {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&schema).unwrap();
        for (name, text) in statements {
            let statement = connection
                .prepare(text)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let distinct: BTreeSet<usize> = placeholders(text).into_iter().collect();
            assert_eq!(statement.parameter_count(), distinct.len(), "{name}");
        }
    }
}

/// A look-up that walks a whole table is a sign-in that grows slower by the year.
#[test]
fn look_ups_and_purges_use_an_index() {
    let whole = ["NO_ROW", "SERVICES", "COUNTS", "HELD", "AUDIT_FROM", "AUDIT_HEAD"];
    let schemas = [
        (crate::ledger::ALL, ledger_schema()),
        (
            crate::ephemera::ALL,
            include_str!("../../migrations/sqlite/ephemera/0001_first.sql").to_owned(),
        ),
    ];
    for (statements, schema) in schemas {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&schema).unwrap();
        for (name, text) in statements.iter().filter(|(name, _)| !whole.contains(name)) {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
            let nulls = vec![rusqlite::types::Null; plan.parameter_count()];
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(nulls), |row| row.get(3))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            for step in steps {
                assert!(!step.starts_with("SCAN "), "{name}: {step}");
                assert!(
                    !step.contains("TEMP B-TREE") || name.ends_with("_OF"),
                    "{name}: {step}"
                );
            }
        }
    }
}
