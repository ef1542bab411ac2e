//! A SAML `LogoutRequest` by SOAP (bindings-2.0-os section 3.2), answered on the same connection.

use domain::{ProtocolSettings, Service, SloBinding};
use saml::binding::soap::{BODY_LIMIT, CONTENT_TYPE};
use saml::reply::OutgoingLogout;
use saml::{IncomingLogout, ServiceFacts};

use super::Outcome;
use crate::app::App;
use crate::outbound::{Message, Outbound};
use crate::sessions::Notice;
use crate::web::error::Problem;
use crate::web::saml::{idp_facts, slo};

/// One try.
pub(super) async fn send(
    app: &App,
    out: &Outbound,
    notice: &Notice,
    service: &Service,
) -> Result<Outcome, Problem> {
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Ok(Outcome::Impossible("no_channel"));
    };
    let facts = ServiceFacts::from_settings(settings)?;
    let Some(endpoint) = facts.logout_endpoint(SloBinding::Soap) else {
        return Ok(Outcome::Impossible("no_channel"));
    };
    let Some(draft) = slo::request_for(app, notice, &facts, endpoint, &service.id)? else {
        return Ok(Outcome::Impossible("person_unknown"));
    };
    let OutgoingLogout::Soap(envelope) = slo::sign(app, draft)? else {
        return Ok(Outcome::Impossible("no_channel"));
    };
    let message = Message {
        url: &endpoint.location,
        fields: &[
            ("content-type", CONTENT_TYPE),
            ("soapaction", saml::binding::soap::ACTION),
        ],
        body: envelope,
        answer_limit: BODY_LIMIT,
    };
    let answer = match out.post(message).await {
        Ok(answer) => answer,
        Err(error) => return Ok(error.into()),
    };
    if answer.status != 200 {
        return Ok(Outcome::Again("answered_other"));
    }
    let Ok(incoming) = IncomingLogout::soap_response(&answer.body) else {
        return Ok(Outcome::Again("answer_unreadable"));
    };
    let now = app.clock.now();
    let checked = saml::check_logout_response(&incoming, &notice.message, &facts, &idp_facts(app), now);
    Ok(match checked {
        Ok((answer, _)) if answer.ended => Outcome::Told,
        Ok(_) => Outcome::Refused("answered_failure"),
        Err(refused) => Outcome::Again(refused.reason.code()),
    })
}
