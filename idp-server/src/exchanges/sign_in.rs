//! What is noted of sign-ins that ended without a person: for the service, that they ended and what it had asked for. Why, is the
//! person's and the operator's: everything about a card is "authentication failed", here as in the answer.

use domain::{Fact, Reference};
use login::{Refusal, ServiceAnswer, Transaction};

use super::{Exchange, Judged, JudgedRule};
use crate::app::App;
use crate::sessions::{Channel, Notice, State};
use crate::web::context::Context;
use crate::web::login::reply::Continuation;

/// The word for a sign-in that ended without a person.
pub(super) const SIGN_IN: &str = "sign_in";
/// The word for a logout that a service was not told of.
pub(super) const DELIVERY: &str = "logout_delivery";

/// A sign-in of a service that was refused, under the reference that the person reads. What a service may not hear of at all is left out.
pub fn refused(context: &Context, transaction: &Transaction, refusal: Refusal, reference: &Reference) {
    answered(context, transaction, refusal.service_answer(), reference);
}

/// A sign-in of a service that was answered without a person.
pub fn answered(context: &Context, transaction: &Transaction, answer: ServiceAnswer, reference: &Reference) {
    let (code, detail) = match answer {
        ServiceAnswer::AuthenticationFailed => (
            "authentication_failed",
            "nobody was signed in; why is told to the person and to the operator",
        ),
        ServiceAnswer::LoginRequired => (
            "login_required",
            "pages were forbidden, and the card would be used",
        ),
        ServiceAnswer::ConsentRequired => (
            "consent_required",
            "pages were forbidden, and the person would be asked to agree",
        ),
        ServiceAnswer::Denied => ("denied", "the person declined or cancelled"),
        ServiceAnswer::LevelUnmet => ("level_unmet", "no way here reaches the level that was asked for"),
        ServiceAnswer::InteractionRequired => (
            "interaction_required",
            "pages were forbidden, and the person would have to register first",
        ),
        ServiceAnswer::Unavailable => (
            "temporarily_unavailable",
            "the platform's revocation data are too old for anybody; try again later",
        ),
        ServiceAnswer::Silence => return,
    };
    let protocol = match Continuation::of(transaction) {
        Ok(Continuation::Oidc(_) | Continuation::Device(_)) => "oidc",
        Ok(Continuation::Saml(_)) => "saml",
        Ok(Continuation::Own(_)) | Err(_) => return,
    };
    let ask = &transaction.ask;
    let mut facts = vec![
        Fact::list("contexts_asked", ask.contexts.iter().map(String::as_str)),
        Fact::text("context_usual", &ask.context),
        Fact::flag("pages_allowed", ask.interaction == login::Interaction::Allowed),
        Fact::flag("fresh_use_demanded", ask.freshness.force),
    ];
    let max_age = ask.freshness.max_age_seconds.map(i64::from);
    facts.extend(max_age.map(|seconds| Fact::number("max_age_seconds", seconds)));
    let exchange = Exchange {
        reference: reference.clone(),
        at: context.now(),
        service: Some(transaction.service.clone()),
        protocol: protocol.to_owned(),
        exchange: SIGN_IN.to_owned(),
        proven: false,
        reason: code.to_owned(),
        detail: detail.to_owned(),
        answered: Some(code.to_owned()),
        rules: vec![
            JudgedRule::new("request_is_accepted", "the rules of the protocol", Judged::Passed),
            JudgedRule::new("a_person_signs_in_as_asked", "the sign-in", Judged::Refused),
        ],
    };
    context.note(exchange.with_facts(facts), context.peer());
}

/// A service that could not be told of a logout.
///
/// The first try that failed is noted, and the last: what lies between says nothing new.
pub fn not_told(app: &App, notice: &Notice) {
    let waits = notice.state == State::Pending;
    let Some(problem) = notice.problem.as_deref().filter(|_| notice.tries <= 1 || !waits) else {
        return;
    };
    let protocol = match notice.channel {
        Channel::BackChannel | Channel::FrontChannel => "oidc",
        _ => "saml",
    };
    let facts = vec![
        Fact::text("channel", channel(notice.channel)),
        Fact::number("tries", i64::from(notice.tries)),
        Fact::text("message", &notice.message),
        Fact::flag("is_tried_again", waits),
    ];
    let exchange = Exchange {
        reference: Reference::generate(&*app.entropy),
        at: app.clock.now(),
        service: Some(notice.service.clone()),
        protocol: protocol.to_owned(),
        exchange: DELIVERY.to_owned(),
        // Nobody but us sends it.
        proven: true,
        reason: problem.to_owned(),
        detail: "the service was not told that a session ended".to_owned(),
        answered: None,
        rules: vec![JudgedRule::new(
            "service_answers_that_it_was_told",
            "OpenID Connect Back-Channel Logout 1.0 section 2.8; saml-profiles-2.0-os section 4.4",
            Judged::Refused,
        )],
    };
    app.note(exchange.with_facts(facts), None);
}

const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::BackChannel => "back_channel",
        Channel::FrontChannel => "front_channel",
        Channel::Soap => "soap",
        Channel::Redirect => "redirect",
        Channel::Post => "post",
        Channel::None => "none",
    }
}
