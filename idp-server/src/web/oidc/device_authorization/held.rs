//! What a device asked for, in Ephemera: under the hash of its device code, and found by a keyed digest of the code that people type.

use domain::TokenHash;
use oidc::device_authorization::UserCode;
use store::{EphemeraKey, EphemeraKind};

use super::Wanted;
use crate::app::App;
use crate::web::error::Problem;

/// One ask.
pub(super) type Asked = oidc::device_authorization::Asked<Wanted>;

fn of_device(code: &TokenHash) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::DeviceAuthorization, code.0.as_str())
}

/// The names of a code that people type, under every version of the key. Nobody who reads the store can tell a code from its name, and the
/// store compares names, never codes: how long it takes tells nothing about letters that were right.
fn of_user(app: &App, code: &UserCode) -> impl Iterator<Item = EphemeraKey> {
    app.vault
        .stamps("user code", code.letters().as_bytes())
        .into_iter()
        .map(|stamp| EphemeraKey::new(EphemeraKind::UserCode, stamp))
}

/// Keeps an ask, as long again as its codes live: a late device hears that it is late (RFC 8628 section 3.5).
pub(super) async fn save(app: &App, code: &TokenHash, asked: &Asked) -> Result<(), Problem> {
    let bytes = serde_json::to_vec(asked).map_err(|error| Problem::Fault(error.to_string()))?;
    let until = asked
        .expires_at
        .plus_seconds(i64::from(app.config.oidc.device_code_seconds));
    app.ephemera
        .put(&of_device(code), bytes, app.clock.now(), until)
        .await?;
    Ok(())
}

/// An ask by its device code's hash. What another release wrote in other words is unknown here: the device begins again.
pub(super) async fn load(app: &App, code: &TokenHash) -> Result<Option<Asked>, Problem> {
    let bytes = app.ephemera.get(&of_device(code), app.clock.now()).await?;
    Ok(bytes.and_then(|bytes| {
        serde_json::from_slice(&bytes)
            .inspect_err(|error| tracing::warn!(error = %error, "what a device asked cannot be read"))
            .ok()
    }))
}

/// Draws a code that no device shows now, and lets it lead to an ask.
pub(super) async fn name(app: &App, code: &TokenHash, asked: &Asked) -> Result<UserCode, Problem> {
    const DRAWS: u32 = 8;
    let now = app.clock.now();
    for _ in 0..DRAWS {
        let drawn = UserCode::generate(&*app.entropy);
        if find(app, &drawn).await?.is_some() {
            continue;
        }
        let Some(key) = of_user(app, &drawn).next() else {
            break;
        };
        app.ephemera
            .put(&key, code.0.clone().into_bytes(), now, asked.expires_at)
            .await?;
        return Ok(drawn);
    }
    Err(Problem::Fault("no code for a device could be drawn".to_owned()))
}

/// The device code's hash behind a code that somebody typed.
pub(super) async fn find(app: &App, typed: &UserCode) -> Result<Option<TokenHash>, Problem> {
    for key in of_user(app, typed) {
        if let Some(bytes) = app.ephemera.get(&key, app.clock.now()).await? {
            return Ok(String::from_utf8(bytes).ok().map(TokenHash));
        }
    }
    Ok(None)
}
