use super::*;

const FIRST: Migration = Migration {
    number: 1,
    name: "first",
    text: "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)",
};
const SECOND: Migration = Migration {
    number: 2,
    name: "second",
    text: "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
};
const BROKEN: Migration = Migration {
    number: 2,
    name: "broken",
    text: "CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1)",
};
const ID: i32 = 0x7465_7374;

fn number(connection: &Connection, text: &str) -> i64 {
    connection.query_row(text, [], |row| row.get(0)).unwrap()
}

#[test]
fn steps_run_once_and_in_order() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, &[FIRST]).unwrap();
    assert_eq!(number(&connection, "PRAGMA application_id"), i64::from(ID));
    migrate(&connection, ID, &[FIRST, SECOND]).unwrap();
    migrate(&connection, ID, &[FIRST, SECOND]).unwrap();
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM a"), 1);
    assert_eq!(number(&connection, "SELECT y FROM a"), 2);
    assert_eq!(number(&connection, "SELECT COUNT(*) FROM schema_migration"), 2);
}

#[test]
fn a_step_that_fails_leaves_the_file_as_it_was() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, &[FIRST]).unwrap();
    let failed = migrate(&connection, ID, &[FIRST, BROKEN]);
    assert!(matches!(failed, Err(MigrateError::Sql(_))));
    assert!(connection.is_autocommit());
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'b'";
    assert_eq!(number(&connection, tables), 0);
    migrate(&connection, ID, &[FIRST, SECOND]).unwrap();
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection, ID, &[FIRST, SECOND]).unwrap();
    let refused = migrate(&connection, ID, &[FIRST]);
    assert!(matches!(refused, Err(MigrateError::Newer { found: 2, known: 1 })));
    assert_eq!(number(&connection, "SELECT y FROM a"), 2);
}
