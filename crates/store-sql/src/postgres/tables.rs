//! Bringing a database to this version's shape, as `migrate` says; one node at a time.

use std::path::PathBuf;

use tokio_postgres::Client;

use super::PostgresOptions;
use super::live::{Failed, plain};
use crate::ledger::migrations;
use crate::migrate::{Migration, Stand, missing};
use crate::open::OpenError;

/// Held to the end of the transaction by the node that looks and migrates.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 4737))";

const FOREIGN: &str = "SELECT current_schema() IS NULL, to_regclass('schema_migration') IS NULL AND EXISTS \
    (SELECT 1 FROM pg_tables WHERE schemaname = current_schema())";

const HOUSEKEEPING: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    number BIGINT NOT NULL PRIMARY KEY,
    name   TEXT   NOT NULL,
    kind   TEXT   NOT NULL DEFAULT 'expand',
    oldest BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS batch_marker (
    connection TEXT        NOT NULL PRIMARY KEY,
    tally      BIGINT      NOT NULL,
    written_at TIMESTAMPTZ NOT NULL DEFAULT now()
)";

const STAND: &str = "SELECT COALESCE(MAX(number), 0), COALESCE(MAX(oldest), 0) FROM schema_migration";

const DONE: &str = "INSERT INTO schema_migration (number, name, kind, oldest) VALUES ($1, $2, $3, $4)";

/// Applies what is missing. Several nodes may start at once: the others find everything done.
pub(super) async fn migrate(options: &PostgresOptions) -> Result<(), OpenError> {
    migrate_with(options, migrations::ALL).await
}

/// The same with other steps; for tests.
pub(super) async fn migrate_with(
    options: &PostgresOptions,
    steps: &'static [Migration],
) -> Result<(), OpenError> {
    let told = |failed: Failed| {
        let (Failed::Lost(why) | Failed::Again(why) | Failed::Row(why)) = failed;
        OpenError::Server {
            place: options.place(),
            why,
        }
    };
    let (client, driver) = plain(options).await.map_err(told)?;
    let done = apply_missing(&client, options, steps).await;
    // Without COMMIT the end of the connection undoes everything.
    drop(client);
    driver.abort();
    match done {
        Ok(answer) => answer,
        Err(error) => Err(told(Failed::from(error))),
    }
}

async fn apply_missing(
    client: &Client,
    options: &PostgresOptions,
    steps: &'static [Migration],
) -> Result<Result<(), OpenError>, tokio_postgres::Error> {
    // Another node's migration is waited for, and one's own takes as long as it takes.
    client
        .batch_execute("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .await?;
    client.execute(LOCK, &[]).await?;
    // But whoever waits for a table that is in use holds up everybody who comes after.
    client.batch_execute("SET LOCAL lock_timeout = '5s'").await?;
    let row = client.query_one(FOREIGN, &[]).await?;
    let server = |why: &str| OpenError::Server {
        place: options.place(),
        why: why.to_owned(),
    };
    if row.try_get::<_, bool>(0)? {
        return Ok(Err(server(
            "the schema does not exist, or the role may not use it",
        )));
    }
    if row.try_get::<_, bool>(1)? {
        return Ok(Err(server("holds tables that are not of this platform")));
    }
    client.batch_execute(HOUSEKEEPING).await?;
    let row = client.query_one(STAND, &[]).await?;
    let stand = Stand {
        found: row.try_get(0)?,
        needs: row.try_get(1)?,
    };
    let missing = match missing(stand, steps) {
        Ok(missing) => missing,
        Err(unfit) => return Ok(Err(OpenError::unfit(&PathBuf::from(options.place()), unfit))),
    };
    for step in missing {
        let Some(text) = step.postgresql else {
            return Ok(Err(server("a migration has no text for PostgreSQL")));
        };
        client.batch_execute(text).await?;
        client
            .execute(
                DONE,
                &[&step.number, &step.name, &step.kind.as_str(), &step.kind.oldest()],
            )
            .await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(Ok(()))
}
