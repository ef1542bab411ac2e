//! Preconditions, one look-up each.

use rusqlite::{Connection, params};
use store::Precondition;

use super::statements as sql;
use crate::columns::integer;
use crate::statement::exists;
use crate::trouble::Trouble;

pub(super) fn holds(connection: &Connection, precondition: &Precondition) -> Result<bool, Trouble> {
    match precondition {
        Precondition::AccountActive(id) => exists(connection, sql::ACCOUNT_IS_ACTIVE, [id.as_str()]),
        Precondition::CredentialActive(id) => exists(connection, sql::CREDENTIAL_IS_ACTIVE, [id.as_str()]),
        Precondition::SessionAt { id, version } => exists(
            connection,
            sql::SESSION_IS_AT,
            params![id.as_str(), integer(*version)?],
        ),
        Precondition::ServiceAt { id, version } => exists(
            connection,
            sql::SERVICE_IS_AT,
            params![id.as_str(), integer(*version)?],
        ),
        Precondition::RecordAt { kind, key, version } => exists(
            connection,
            sql::RECORD_IS_AT,
            params![kind.as_str(), key, integer(*version)?],
        ),
        Precondition::GrantLive(id) => exists(connection, sql::GRANT_IS_LIVE, [id.as_str()]),
    }
}
