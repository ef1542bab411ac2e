//! The pages of a sign-in, from its rows.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::{Localized, ReleasedAttribute};
use login::{AuthenticateWhy, Transaction};

use super::{Rows, consent as consent_step, reply};
use crate::pages::{
    ConsentPage, PostForm, ReauthenticationReason, RetryPage, ReturnPath, ShownPerson, SignInPage,
};
use crate::web::account::sign_in as own_page;
use crate::web::context::Context;
use crate::web::device;
use crate::web::enrolment::register;
use crate::web::error::Problem;
use crate::web::headers::{self, FormTargets};
use crate::web::oidc::device_authorization;

/// What the service is called, as far as there still is one.
pub fn service_name(rows: &Rows) -> Localized {
    rows.service.as_ref().map_or_else(
        || Localized {
            ja: "サービス".to_owned(),
            en: "the service".to_owned(),
        },
        |service| service.name.clone(),
    )
}

/// Every page of a transaction can end at its service.
pub fn targets(transaction: &Transaction) -> Result<FormTargets, Problem> {
    let own = FormTargets::own();
    Ok(match reply::Continuation::of(transaction)?.destination() {
        Some(destination) => own.and(destination),
        None => own,
    })
}

/// The forms of the sign-in pages lead to the door too: to any label of either family.
fn targets_and_door(context: &Context, transaction: &Transaction) -> Result<FormTargets, Problem> {
    Ok(context
        .door_families()
        .into_iter()
        .fold(targets(transaction)?, |targets, family| {
            targets.and_names_below(&family)
        }))
}

fn action(transaction: &Transaction, action: &str) -> String {
    format!("/sign-in/{}/{action}", transaction.id)
}

/// Back to the service without signing in.
pub fn cancel(context: &Context, transaction: &Transaction) -> ReturnPath {
    ReturnPath::Form(context.form("sign-in", action(transaction, "cancel")))
}

/// The way by a card in a device, where it is enough; the platform's own pages take the card at the door only.
fn in_a_device(
    context: &Context,
    transaction: &Transaction,
    rows: &Rows,
) -> Result<Option<PostForm>, Problem> {
    let offered =
        own_page::destination(transaction)?.is_none() && device::is_offered(context, transaction, rows);
    Ok(offered.then(|| context.form("sign-in", action(transaction, "device"))))
}

/// Asks for the card.
pub fn sign_in(
    context: &Context,
    transaction: &Transaction,
    rows: &Rows,
    why: AuthenticateWhy,
) -> Result<HttpResponse, Problem> {
    // A try was begun and brought nothing: what died in the browser meets a page with help.
    if transaction.attempts > 0 && transaction.authenticated.is_none() {
        return retry(context, transaction, rows);
    }
    let again = match why {
        AuthenticateWhy::NoSession => context
            .session
            .as_ref()
            .map(|_| ReauthenticationReason::NoSession),
        AuthenticateWhy::NotFresh => Some(ReauthenticationReason::FreshnessAsked),
        AuthenticateWhy::HigherLevel => Some(ReauthenticationReason::HigherLevelNeeded),
    };
    let page = SignInPage {
        frame: context.frame(),
        service_name: service_name(rows),
        attempt: context.form("sign-in", action(transaction, "card")),
        device: in_a_device(context, transaction, rows)?,
        cancel: Some(cancel(context, transaction)),
        again,
    };
    Ok(headers::page(
        StatusCode::OK,
        context.render(&page)?,
        &targets_and_door(context, transaction)?,
    ))
}

/// Meets a person who came back from a try that did not reach us.
fn retry(context: &Context, transaction: &Transaction, rows: &Rows) -> Result<HttpResponse, Problem> {
    let page = RetryPage {
        frame: context.frame(),
        service_name: service_name(rows),
        attempt: context.form("sign-in", action(transaction, "card")),
        device: in_a_device(context, transaction, rows)?,
        cancel: Some(cancel(context, transaction)),
    };
    Ok(headers::page(
        StatusCode::OK,
        context.render(&page)?,
        &targets_and_door(context, transaction)?,
    ))
}

/// Shows what will be released; the values are the session's own, which the permit carries on.
pub async fn consent(
    context: &Context,
    transaction: &Transaction,
    rows: &Rows,
    attributes: &[ReleasedAttribute],
) -> Result<HttpResponse, Problem> {
    let Some(session) = &rows.session else {
        return Err(Problem::Fault("consent without a session".to_owned()));
    };
    let items = register::open_items(
        context,
        &session.account,
        attributes,
        &transaction.service,
        "consent",
    )
    .await?;
    let flagged = |text: &Option<(String, String)>| {
        text.as_ref()
            .map(|(text, flags)| (text.clone(), flags.contains('1')))
    };
    let page = ConsentPage {
        frame: context.frame(),
        service_name: service_name(rows),
        attributes: attributes.to_vec(),
        level: domain::AssuranceLevel {
            ial: rows.enrolment.ial,
            aal: session.level.aal,
        },
        person: ShownPerson {
            name: flagged(&items.name),
            address: flagged(&items.address),
            birth_date: items.birth_date.clone(),
            sex: items.sex.clone(),
        },
        authenticated_at: session.authenticated_at,
        method: session.method,
        ongoing: reply::Continuation::of(transaction)?.outlives_the_session(),
        device: device_authorization::answer::shown(context, transaction).await?,
        details: reply::Continuation::of(transaction)?.details(context.app(), context.language),
        decide: context.form(
            &consent_step::purpose(transaction, &session.id, attributes),
            action(transaction, "consent"),
        ),
    };
    Ok(headers::page(
        StatusCode::OK,
        context.render(&page)?,
        &targets(transaction)?,
    ))
}
