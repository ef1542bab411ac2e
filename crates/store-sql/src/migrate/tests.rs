use super::*;

const FIRST: Migration = step(1, "first", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)");
const SECOND: Migration = step(
    2,
    "second",
    "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
);
const BROKEN: Migration = step(
    2,
    "broken",
    "CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1)",
);
/// Takes away what only binaries before the second step use.
const THIRD: Migration = Migration {
    kind: Kind::Contract { oldest: 2 },
    ..step(3, "third", "ALTER TABLE a DROP COLUMN x")
};
const ID: i32 = 0x7465_7374;

static ONE: &[Migration] = &[FIRST];
static TWO: &[Migration] = &[FIRST, SECOND];
static THREE: &[Migration] = &[FIRST, SECOND, THIRD];

const fn step(number: i64, name: &'static str, sqlite: &'static str) -> Migration {
    Migration {
        number,
        name,
        kind: Kind::Expand,
        sqlite,
        postgresql: None,
    }
}

fn number(connection: &Connection, text: &str) -> i64 {
    connection.query_row(text, [], |row| row.get(0)).unwrap()
}

#[test]
fn steps_run_once_and_in_order() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, ONE).unwrap();
    assert_eq!(number(&connection, "PRAGMA application_id"), i64::from(ID));
    migrate(&connection, ID, TWO).unwrap();
    migrate(&connection, ID, TWO).unwrap();
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM a"), 1);
    assert_eq!(number(&connection, "SELECT y FROM a"), 2);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM schema_migration"), 2);
}

#[test]
fn a_step_that_fails_leaves_the_file_as_it_was() {
    static FAILS: &[Migration] = &[FIRST, BROKEN];
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, ONE).unwrap();
    let failed = migrate(&connection, ID, FAILS);
    assert!(matches!(failed, Err(MigrateError::Sql(_))));
    assert!(connection.is_autocommit());
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'b'";
    assert_eq!(number(&connection, tables), 0);
    migrate(&connection, ID, TWO).unwrap();
}

#[test]
fn yesterdays_binary_runs_on_a_file_that_only_grew() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, TWO).unwrap();
    migrate(&connection, ID, ONE).unwrap();
    assert_eq!(number(&connection, "SELECT y FROM a"), 2);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM schema_migration"), 2);
}

#[test]
fn a_binary_whose_columns_were_taken_away_is_refused_and_the_one_between_is_not() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, TWO).unwrap();
    migrate(&connection, ID, THREE).unwrap();
    let refused = migrate(&connection, ID, ONE);
    let newer = Unfit::Newer { found: 3, known: 1 };
    assert!(matches!(refused, Err(MigrateError::Unfit(unfit)) if unfit == newer));
    migrate(&connection, ID, TWO).unwrap();
    assert_eq!(number(&connection, "SELECT y FROM a"), 2);
}

#[test]
fn a_release_is_not_left_out() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, ONE).unwrap();
    let refused = migrate(&connection, ID, THREE);
    let skipped = Unfit::Skipped { found: 1, oldest: 2 };
    assert!(matches!(refused, Err(MigrateError::Unfit(unfit)) if unfit == skipped));
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM schema_migration"), 1);
    // Nobody uses a new file yet.
    let new = Connection::open_in_memory().unwrap();
    migrate(&new, ID, THREE).unwrap();
    assert_eq!(
        number(&new, "SELECT oldest FROM schema_migration WHERE number = 3"),
        2
    );
}

#[test]
fn a_file_from_before_steps_had_kinds_learns_them() {
    let connection = Connection::open_in_memory().unwrap();
    let before =
        "CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT;
                  INSERT INTO schema_migration VALUES (1, 'first')";
    connection.execute_batch(before).unwrap();
    connection.execute_batch(FIRST.sqlite).unwrap();
    migrate(&connection, ID, TWO).unwrap();
    let expands = "SELECT COUNT(*) FROM schema_migration WHERE kind = 'expand' AND oldest = 0";
    assert_eq!(number(&connection, expands), 2);
}

/// A migration for one dialect only would be found at a ministry's first start with the other.
#[test]
fn every_step_of_the_ledger_has_a_text_in_each_dialect_and_every_text_a_step() {
    let steps = crate::ledger::migrations::ALL;
    let named: Vec<String> = steps
        .iter()
        .map(|step| format!("{:04}_{}.sql", step.number, step.name))
        .collect();
    for dialect in ["sqlite", "postgresql"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(dialect)
            .join("ledger");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, named, "{dialect}");
    }
    for (step, number) in steps.iter().zip(1..) {
        assert_eq!(step.number, number, "numbers follow one another");
        assert!(step.postgresql.is_some_and(|text| !text.trim().is_empty()));
        assert!(!step.sqlite.trim().is_empty());
        assert!(step.kind.oldest() < step.number, "a step does not ask for itself");
    }
}
