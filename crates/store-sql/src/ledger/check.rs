//! Preconditions, one look-up each.

use store::{Conflict, Precondition};

use super::plan::Plan;
use super::statements as sql;
use crate::columns::{integer, values};
use crate::trouble::Trouble;

/// Adds the look-up that must find a row, or none.
pub(super) fn plan<'b>(plan: &mut Plan<'b>, precondition: &'b Precondition) -> Result<(), Trouble> {
    let (text, values) = match precondition {
        Precondition::AccountActive(id) => (sql::ACCOUNT_IS_ACTIVE, values![id.as_str()]),
        Precondition::CredentialActive(id) => (sql::CREDENTIAL_IS_ACTIVE, values![id.as_str()]),
        Precondition::SessionAt { id, version } => {
            (sql::SESSION_IS_AT, values![id.as_str(), integer(*version)?])
        }
        Precondition::ServiceAt { id, version } => {
            (sql::SERVICE_IS_AT, values![id.as_str(), integer(*version)?])
        }
        Precondition::RecordAt { kind, key, version } => {
            (sql::RECORD_IS_AT, values![kind.as_str(), key, integer(*version)?])
        }
        Precondition::RecordAbsent { kind, key } => {
            plan.must_not_find(
                sql::RECORD_IS_THERE,
                values![kind.as_str(), key],
                Conflict::Precondition(precondition.clone()),
            );
            return Ok(());
        }
        Precondition::GrantLive(id) => (sql::GRANT_IS_LIVE, values![id.as_str()]),
    };
    plan.must_find(text, values, Conflict::Precondition(precondition.clone()));
    match precondition {
        Precondition::AccountActive(id) => plan.finds(sql::ACCOUNT_EXISTS, id.as_str()),
        Precondition::CredentialActive(id) => plan.finds(sql::CREDENTIAL_EXISTS, id.as_str()),
        Precondition::SessionAt { id, .. } => plan.finds(sql::SESSION_EXISTS, id.as_str()),
        Precondition::ServiceAt { id, .. } => plan.finds(sql::SERVICE_EXISTS, id.as_str()),
        Precondition::GrantLive(id) => plan.finds(sql::GRANT_EXISTS, id.as_str()),
        Precondition::RecordAt { .. } | Precondition::RecordAbsent { .. } => {}
    }
    Ok(())
}
