//! OpenID Connect Back-Channel Logout 1.0 (errata set 1): one logout token by `POST` to the client's registered address.

use domain::{ProtocolSettings, Service};
use keys::{KeyUse, SigningAlgorithm};
use oidc::{LogoutToken, LogoutVerdict};

use super::Outcome;
use crate::app::App;
use crate::outbound::{Message, Outbound};
use crate::sessions::Notice;
use crate::signing::ActiveKey;
use crate::web::error::Problem;
use crate::web::oidc::{provider_facts, sid};

/// Section 4 recommends two minutes at most.
const TOKEN_SECONDS: i64 = 120;

/// One try.
pub(super) async fn send(
    app: &App,
    out: &Outbound,
    notice: &Notice,
    service: &Service,
) -> Result<Outcome, Problem> {
    let ProtocolSettings::Oidc(settings) = &service.protocol else {
        return Ok(Outcome::Impossible("no_channel"));
    };
    let Some(url) = &settings.logout.backchannel_uri else {
        return Ok(Outcome::Impossible("no_channel"));
    };
    let Some(pseudonym) = app.ledger.pseudonym(&notice.account, &service.sector).await? else {
        return Ok(Outcome::Impossible("person_unknown"));
    };
    let token = LogoutToken {
        client_id: &settings.client_id,
        subject: &pseudonym.value,
        session: &sid(&notice.known_as, &service.id),
        id: &notice.message,
        lifetime_seconds: TOKEN_SECONDS,
    };
    let algorithm = settings.id_token_signed_response_alg;
    let key = ActiveKey::of(
        &app.signing,
        KeyUse::OpenIdConnect,
        SigningAlgorithm::from(algorithm),
    )?;
    let input = token.signing_input(
        algorithm,
        key.key().id.as_str(),
        &provider_facts(app),
        app.clock.now(),
    );
    let signature = key.sign(input.bytes())?;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("logout_token", &input.attach(&signature))
        .finish();
    let message = Message {
        url,
        fields: &[("content-type", "application/x-www-form-urlencoded")],
        body: body.into_bytes(),
        // What a client says beside its status is for its own developers.
        answer_limit: 0,
    };
    let answer = match out.post(message).await {
        Ok(answer) => answer,
        Err(error) => return Ok(error.into()),
    };
    Ok(match oidc::verdict_of_status(answer.status) {
        LogoutVerdict::Told => Outcome::Told,
        LogoutVerdict::Refused => Outcome::Refused("answered_400"),
        LogoutVerdict::Again => Outcome::Again("answered_other"),
    })
}
