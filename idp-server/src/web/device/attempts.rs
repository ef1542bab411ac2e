//! Tries in Ephemera, and what decides "first" among those who ask at once.

use domain::{AttemptId, Localized, Timestamp, TransactionId};
use login::challenge::{Challenge, Channel, SessionAt};
use login::device::{DeviceAttempt, Stage};
use login::{Refusal, Transaction};
use store::{Consumed, EphemeraKey, EphemeraKind};
use subtle::ConstantTimeEq;

use super::{DeviceProblem, wire};
use crate::app::App;
use crate::secret::Secret;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::login::{Rows, attempt, transactions};

/// Letters of a code: no vowels, nothing that is read as something else (RFC 8628 section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters in a code: 34 bits, for some minutes, behind a limit per address.
const CODE_LETTERS: usize = 8;

fn key(id: &AttemptId) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::DeviceAttempt, id.as_str())
}

fn counter(what: &str, id: &AttemptId) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Rate, format!("device-{what}:{id}"))
}

/// Keeps a try while its transaction may still be answered.
pub(super) async fn save(app: &App, attempt: &DeviceAttempt) -> Result<(), Problem> {
    let bytes = serde_json::to_vec(attempt).map_err(|error| Problem::Fault(error.to_string()))?;
    let lifetime =
        i64::from(app.config.session.transaction_seconds) + i64::from(app.config.device.code_seconds);
    let until = attempt.begun_at.plus_seconds(lifetime);
    app.ephemera
        .put(&key(&attempt.id), bytes, app.clock.now(), until)
        .await?;
    Ok(())
}

/// A try by its name; whoever asks has to show more than that.
pub(super) async fn load(app: &App, id: &AttemptId) -> Result<Option<DeviceAttempt>, Problem> {
    match app.ephemera.get(&key(id), app.clock.now()).await? {
        None => Ok(None),
        Some(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Problem::Fault(error.to_string())),
    }
}

/// A try for its reader.
pub(super) async fn of_reader(
    context: &Context,
    id: &str,
    secret: &Secret,
) -> Result<DeviceAttempt, DeviceProblem> {
    let found = match id.parse() {
        Ok(id) => load(context, &id).await?,
        Err(_) => None,
    };
    let brought = secret.hash();
    let own = found.filter(|attempt| {
        attempt
            .reader
            .as_ref()
            .is_some_and(|reader| reader.0.as_bytes().ct_eq(brought.0.as_bytes()).into())
    });
    if own.is_none() {
        // Guessing is counted as beginning is.
        context.may_begin()?;
    }
    own.ok_or(DeviceProblem::UNKNOWN)
}

/// Begins a try within a transaction of this browser: the sign-in must allow one more, and a device must be able to reach
/// what is asked for.
pub(super) async fn begin(
    context: &mut Context,
    transaction: &TransactionId,
    session_at: SessionAt,
) -> Result<(DeviceAttempt, Transaction, Rows), Problem> {
    let mut transaction = transactions::load(context, transaction).await?;
    if !context.config.device.enabled {
        return Err(Problem::NotFound);
    }
    let rows = Rows::load(context, &transaction).await?;
    let refusal = attempt::no_further_try(context, &transaction)
        .or_else(|| (!is_enough(context, &transaction, &rows)).then_some(Refusal::DeviceNotEnough));
    if let Some(refusal) = refusal {
        return match crate::web::login::refused::within(context, &transaction, refusal).await {
            Err(problem) => Err(problem),
            Ok(_) => Err(refusal.into()),
        };
    }
    transaction.attempts += 1;
    transactions::save(context, &transaction).await?;
    let Some(browser) = context.browser_hash() else {
        return Err(Refusal::TransactionUnknown.into());
    };
    let now = context.now();
    let attempt = DeviceAttempt {
        id: AttemptId::generate(&*context.entropy),
        transaction: transaction.id.clone(),
        browser,
        session_at,
        code: String::new(),
        reader: None,
        begun_at: now,
        expires_at: now.plus_seconds(i64::from(context.config.device.code_seconds)),
        stage: Stage::Offered,
    };
    metrics::counter!("attempts_total", "family" => "device").increment(1);
    Ok((attempt, transaction, rows))
}

/// Whether a card in a device can reach what this sign-in demands.
pub fn is_enough(context: &Context, transaction: &Transaction, rows: &Rows) -> bool {
    let by_device: Vec<_> = context
        .ways()
        .into_iter()
        .filter(|way| way.method == domain::AuthenticationMethod::CardChallenge)
        .collect();
    rows.can_be_met_by(transaction, &by_device)
}

/// Gives a reader its secret and its challenge; keeps the try.
pub(super) async fn issue(
    context: &Context,
    attempt: &mut DeviceAttempt,
    channel: Channel,
    service: (domain::ServiceId, Localized),
) -> Result<Issued, DeviceProblem> {
    let now = context.now();
    let secret = Secret::generate(&*context.entropy);
    let lifetime = i64::from(context.config.device.challenge_seconds);
    let (service, service_name) = service;
    let challenge = Challenge {
        origin: context.config.front.origin.as_str().to_owned(),
        service,
        service_name,
        channel,
        session_at: attempt.session_at,
        nonce: wire::base64url(&context.entropy.array::<32>()),
        // Whole seconds, as they are written in the challenge.
        expires_at: Timestamp::from_seconds(now.plus_seconds(lifetime).seconds()),
    };
    let octets = challenge
        .octets()
        .map_err(|reason| Problem::Fault(format!("a challenge that cannot be shown: {reason}")))?;
    attempt.challenge(secret.hash(), challenge, now)?;
    save(context, attempt).await?;
    Ok(Issued { secret, octets })
}

/// What a reader is given.
pub(super) struct Issued {
    /// Its secret.
    pub(super) secret: Secret,
    /// What the card is to sign.
    pub(super) octets: Vec<u8>,
}

/// A code for a screen, kept so that it finds the try once.
pub(super) async fn offer(context: &Context, attempt: &mut DeviceAttempt) -> Result<(), Problem> {
    attempt.code = code(context);
    let key = EphemeraKey::new(EphemeraKind::DeviceCode, attempt.code.as_str());
    context
        .ephemera
        .put(
            &key,
            attempt.id.as_str().as_bytes().to_vec(),
            context.now(),
            attempt.expires_at,
        )
        .await?;
    save(context, attempt).await
}

/// The try behind a code, for the first who claims it.
pub(super) async fn claim(context: &Context, typed: &str) -> Result<DeviceAttempt, DeviceProblem> {
    let code = normalized(typed).ok_or(Refusal::DeviceCodeUnknown)?;
    let key = EphemeraKey::new(EphemeraKind::DeviceCode, code);
    let tombstone = context
        .now()
        .plus_seconds(i64::from(context.config.device.code_seconds));
    let Consumed::First(bytes) = context.ephemera.consume(&key, context.now(), tombstone).await? else {
        return Err(Refusal::DeviceCodeUnknown.into());
    };
    let id = String::from_utf8(bytes).ok().and_then(|id| id.parse().ok());
    match id {
        Some(id) => Ok(load(context, &id).await?.ok_or(Refusal::DeviceCodeUnknown)?),
        None => Err(Refusal::DeviceCodeUnknown.into()),
    }
}

fn code(context: &Context) -> String {
    let mut letters = String::with_capacity(CODE_LETTERS + 1);
    while letters.len() <= CODE_LETTERS {
        for byte in context.entropy.array::<32>() {
            // 240 is the largest multiple of 20 in an octet: every letter is as likely as any other.
            if byte >= 240 || letters.len() > CODE_LETTERS {
                continue;
            }
            if letters.len() == CODE_LETTERS / 2 {
                letters.push('-');
            }
            let letter = LETTERS.get(usize::from(byte % 20)).copied().unwrap_or(b'X');
            letters.push(char::from(letter));
        }
    }
    letters
}

/// A code as people type it: in either case, with or without the hyphen.
fn normalized(typed: &str) -> Option<String> {
    if typed.len() > 4 * CODE_LETTERS {
        return None;
    }
    let mut letters: String = typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let known = letters.len() == CODE_LETTERS && letters.bytes().all(|b| LETTERS.contains(&b));
    known.then(|| {
        letters.insert(CODE_LETTERS / 2, '-');
        letters
    })
}

/// Two digits, 10 to 99, each as likely as any other.
pub(super) fn number(context: &Context) -> String {
    loop {
        for byte in context.entropy.array::<16>() {
            if byte < 180 {
                return (10 + byte % 90).to_string();
            }
        }
    }
}

/// How many signatures came for a try, this one included.
pub(super) async fn count_proof(context: &Context, id: &AttemptId) -> Result<u64, Problem> {
    Ok(context
        .ephemera
        .count(
            &counter("proof", id),
            context.now(),
            context.config.session.transaction_seconds,
        )
        .await?)
}

/// Whether this is the first number that is typed for a try.
pub(super) async fn is_first_number(context: &Context, id: &AttemptId) -> Result<bool, Problem> {
    let window = context.config.session.transaction_seconds;
    let typed = context
        .ephemera
        .count(&counter("number", id), context.now(), window)
        .await?;
    Ok(typed == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk", "b-c-d-f-g-h-j-k"] {
            assert_eq!(normalized(typed).as_deref(), Some("BCDF-GHJK"), "{typed}");
        }
        for typed in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "ACDF-GHJK",
            "ＢＣＤＦ-GHJK",
            &"B".repeat(5000),
        ] {
            assert_eq!(normalized(typed), None, "{typed}");
        }
    }
}
