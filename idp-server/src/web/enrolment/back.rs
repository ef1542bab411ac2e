//! The way back to the service that asked for a registration: the sign-in that waits for it is named in the address
//! (`for=txn_…`), and belongs to this browser.

use domain::{Localized, TransactionId};

use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::login::transactions;

/// The sign-in that waits, as this request's address names it.
pub fn waiting(context: &Context) -> Option<TransactionId> {
    context.query("for").and_then(|id| id.parse().ok())
}

/// An address of ours that keeps naming it.
pub fn with(path: &str, context: &Context) -> String {
    naming(path, waiting(context).as_ref())
}

/// An address of ours that names a sign-in that waits.
pub fn naming(path: &str, waiting: Option<&TransactionId>) -> String {
    match waiting {
        None => path.to_owned(),
        Some(id) => format!("{path}{}for={id}", if path.contains('?') { '&' } else { '?' }),
    }
}

/// The service's name and the address at which the sign-in goes on; nothing where it is another browser's, answered or too late.
pub async fn way(context: &Context) -> Result<Option<(Localized, String)>, Problem> {
    let Some(id) = waiting(context) else {
        return Ok(None);
    };
    let Ok(transaction) = transactions::stored(context, &id).await else {
        return Ok(None);
    };
    let ours = transaction.browser.is_some() && transaction.browser == context.browser_hash();
    if !ours || transaction.answered || context.now() >= transaction.expires_at {
        return Ok(None);
    }
    let service = context.ledger.service(&transaction.service).await?;
    Ok(service.map(|service| (service.name, format!("/sign-in/{id}"))))
}
