//! How often codes may be tried, and how often a device may ask: counted in Ephemera, so that all processes agree.

use domain::TokenHash;
use store::{EphemeraKey, EphemeraKind};

use crate::app::App;
use crate::web::context::Context;
use crate::web::error::Problem;

/// Seconds in which the tries of one address are counted.
const ADDRESS_WINDOW: u32 = 600;
/// Seconds in which the tries of all are counted.
const GLOBAL_WINDOW: u32 = 60;
/// Seconds by which a device is slowed down each time (RFC 8628 section 3.5).
const SLOWER: u32 = 5;
/// How often it is; an interval is never longer than about a minute.
const MOST: u32 = 11;

fn rate(name: &str) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Rate, name)
}

/// How many addresses' shares a network has (IPv4 /24, IPv6 /48): who has one has many addresses.
const ADDRESSES_OF_A_NETWORK: u64 = 10;

/// Whether one more code may be tried from here (RFC 8628 section 5.1). Every try counts at its address and network, right or wrong: nobody
/// learns by being let on. What closes the page for everybody is [`missed`]: codes that there were not.
pub(super) async fn may_try(context: &Context) -> Result<(), Problem> {
    let (now, config) = (context.now(), &context.config.oidc);
    context.may_begin()?;
    if let Some(place) = context.place() {
        let key = rate(&format!("user-codes:{place}"));
        let tried = context.ephemera.count(&key, now, ADDRESS_WINDOW).await?;
        if tried > u64::from(config.user_codes_per_address.get()) {
            metrics::counter!("user_codes_turned_away_total", "limit" => "address").increment(1);
            return Err(Problem::TooMany);
        }
    }
    if let Some(network) = context.network() {
        let key = rate(&format!("user-codes-of-network:{network}"));
        let tried = context.ephemera.count(&key, now, ADDRESS_WINDOW).await?;
        if tried > u64::from(config.user_codes_per_address.get()) * ADDRESSES_OF_A_NETWORK {
            metrics::counter!("user_codes_turned_away_total", "limit" => "network").increment(1);
            return Err(Problem::TooMany);
        }
    }
    if context.ephemera.get(&rate(CLOSED), now).await?.is_some() {
        metrics::counter!("user_codes_turned_away_total", "limit" => "global").increment(1);
        return Err(Problem::TooMany);
    }
    Ok(())
}

/// Where it stands that too many codes were made up.
const CLOSED: &str = "user-codes-closed";

/// Counts a code that there was not. So many of them in a minute close the page until the next one.
pub(super) async fn missed(context: &Context) -> Result<(), Problem> {
    let (now, most) = (context.now(), context.config.oidc.user_codes_per_minute.get());
    let missed = context
        .ephemera
        .count(&rate("user-codes-missed"), now, GLOBAL_WINDOW)
        .await?;
    if missed >= u64::from(most) {
        let until = now.plus_seconds(i64::from(GLOBAL_WINDOW));
        context
            .ephemera
            .put(&rate(CLOSED), Vec::new(), now, until)
            .await?;
    }
    Ok(())
}

/// Whether this browser is the first that enters a code.
pub(super) async fn is_first_entry(context: &Context, code: &TokenHash) -> Result<bool, Problem> {
    let window = 2 * context.config.oidc.device_code_seconds;
    let key = rate(&format!("device-entered:{}", code.0));
    Ok(context.ephemera.count(&key, context.now(), window).await? == 1)
}

/// Whether a device asks in its time. One that does not has to wait five seconds longer from now on, wherever it asks.
pub(super) async fn in_its_time(app: &App, code: &TokenHash) -> Result<bool, Problem> {
    let now = app.clock.now();
    let key = EphemeraKey::new(EphemeraKind::DevicePace, code.0.as_str());
    let slowed: u32 = app
        .ephemera
        .get(&key, now)
        .await?
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
        .unwrap_or(0);
    if question(app, code, slowed).await? == 1 {
        return Ok(true);
    }
    let next = (slowed + 1).min(MOST);
    let until = now.plus_seconds(2 * i64::from(app.config.oidc.device_code_seconds));
    app.ephemera
        .put(&key, next.to_string().into_bytes(), now, until)
        .await?;
    // The longer interval begins with this question.
    question(app, code, next).await?;
    Ok(false)
}

/// Counts a question within the interval that holds after so many admonitions. A second less than the device was told: its clock and the
/// network are not exact.
async fn question(app: &App, code: &TokenHash, slowed: u32) -> Result<u64, Problem> {
    let interval = app.config.oidc.device_interval_seconds + SLOWER * slowed;
    let key = rate(&format!("device-asks:{slowed}:{}", code.0));
    let window = interval.saturating_sub(1).max(1);
    Ok(app.ephemera.count(&key, app.clock.now(), window).await?)
}
