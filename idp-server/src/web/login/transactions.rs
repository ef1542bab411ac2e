//! Transactions in Ephemera, bound to the browser that began.

use domain::{ServiceId, TransactionId};
use login::{Ask, Refusal, Transaction};
use store::{EphemeraKey, EphemeraKind};

use crate::web::context::Context;
use crate::web::error::Problem;

/// Begins a transaction for a checked request. `continuation` is the protocol's own part.
pub async fn begin(
    context: &Context,
    service: &ServiceId,
    ask: Ask,
    continuation: String,
) -> Result<Transaction, Problem> {
    let now = context.now();
    let transaction = Transaction {
        id: TransactionId::generate(&*context.entropy),
        service: service.clone(),
        browser: context.browser_hash(),
        created_at: now,
        expires_at: now.plus_seconds(i64::from(context.config.session.transaction_seconds)),
        ask,
        authenticated: None,
        presence: None,
        agreed: None,
        status: None,
        left: None,
        anew: None,
        attempts: 0,
        answered: false,
        continuation,
    };
    save(context, &transaction).await?;
    metrics::counter!("transactions_begun_total").increment(1);
    Ok(transaction)
}

/// Loads a transaction for the browser that began it. The first GET binds one that began by a cross-site POST.
pub async fn load(context: &mut Context, id: &TransactionId) -> Result<Transaction, Problem> {
    let Some(bytes) = context.ephemera.get(&key(id), context.now()).await? else {
        return Err(Refusal::TransactionUnknown.into());
    };
    let mut transaction = read(&bytes)?;
    match &transaction.browser {
        Some(browser) if context.browser_hash().as_ref() == Some(browser) => Ok(transaction),
        Some(_) => Err(Refusal::TransactionUnknown.into()),
        None => {
            let _ = context.name_browser();
            transaction.browser = context.browser_hash();
            save(context, &transaction).await?;
            Ok(transaction)
        }
    }
}

/// A transaction for whoever has another right to know of it than being the browser that began: a device that holds the
/// secret of a try within it. Nothing of the sign-in may go on from here.
pub async fn stored(context: &Context, id: &TransactionId) -> Result<Transaction, Problem> {
    match context.ephemera.get(&key(id), context.now()).await? {
        None => Err(Refusal::TransactionUnknown.into()),
        Some(bytes) => read(&bytes),
    }
}

/// What another release wrote in other words is unknown here: the person begins again (rolling upgrade).
fn read(bytes: &[u8]) -> Result<Transaction, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::warn!(error = %error, "a sign-in that cannot be read; it begins again");
        Refusal::TransactionUnknown.into()
    })
}

/// Keeps a transaction. It outlives its expiry a little, so that a late person reads "too late" and can return to the
/// service.
pub async fn save(context: &Context, transaction: &Transaction) -> Result<(), Problem> {
    let bytes = serde_json::to_vec(transaction).map_err(|error| Problem::Fault(error.to_string()))?;
    let late = i64::from(context.config.session.transaction_seconds / 3);
    let until = transaction.expires_at.plus_seconds(late);
    context
        .ephemera
        .put(&key(&transaction.id), bytes, context.now(), until)
        .await?;
    Ok(())
}

fn key(id: &TransactionId) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Transaction, id.as_str())
}
