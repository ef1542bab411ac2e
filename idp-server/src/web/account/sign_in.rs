//! Signing in for the platform's own pages: the same sign-in as for a service, asked for by nobody but the person.
//!
//! It always asks for the card, by TLS and with its PIN; nothing is released and nobody is told. In the records it stands under a
//! service of zeros, which no registry entry can have.

use actix_web::{HttpResponse, web};
use domain::{
    Aal, Assurance, AssuranceLevel, Fal, Ial, IdTokenAlgorithm, Localized, OidcSettings, ProtocolSettings,
    RequiredProperties, SectorId, Service, ServiceId, ServiceKind, ServiceState, Timestamp, TransactionId,
};
use login::{Ask, Expected, Freshness, Interaction, Transaction};
use serde::{Deserialize, Serialize};

use crate::pages::PostForm;
use crate::web::context::Context;
use crate::web::enrolment::back;
use crate::web::error::Problem;
use crate::web::headers;
use crate::web::login::{reply, transactions};

/// Purpose of the forms' token.
const FORM: &str = "own sign-in";

/// Where the person goes on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnPage {
    /// Their sessions.
    Account,
    /// 利用登録.
    Enrolment,
    /// Closing the account.
    Closing,
}

impl OwnPage {
    const fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::Enrolment => "/enrolment",
            Self::Closing => super::closing::PATH,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Enrolment => "enrolment",
            Self::Closing => "closing",
        }
    }
}

/// Our own part of a transaction.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Continuation {
    page: OwnPage,
    /// The sign-in at a service that waits meanwhile.
    waiting: Option<TransactionId>,
}

impl Continuation {
    /// Where the person goes on.
    pub fn destination(&self) -> String {
        back::naming(self.page.path(), self.waiting.as_ref())
    }
}

/// The form that begins it; the sign-in that waits stays named.
pub fn form(context: &Context, page: OwnPage) -> PostForm {
    let path = format!("/account/sign-in?page={}", page.word());
    context.form(FORM, back::with(&path, context))
}

/// Which page.
#[derive(Deserialize)]
pub struct SignInQuery {
    page: OwnPage,
}

/// The form.
#[derive(Deserialize)]
pub struct SignInForm {
    csrf: String,
}

/// `POST /account/sign-in?page=…`.
pub async fn post(
    context: Context,
    query: web::Query<SignInQuery>,
    form: web::Form<SignInForm>,
) -> HttpResponse {
    let result = begin(&context, query.page, &form.csrf).await;
    context.answer(result).await
}

async fn begin(context: &Context, page: OwnPage, token: &str) -> Result<HttpResponse, Problem> {
    if !context.form_token_matches(FORM, token) {
        return Err(Problem::ForeignForm);
    }
    context.may_begin()?;
    let continuation = reply::Continuation::Own(Continuation {
        page,
        waiting: back::waiting(context),
    });
    let ask = Ask {
        level: Assurance::LEAST,
        contexts: Vec::new(),
        context: String::new(),
        // Nothing leaves the platform.
        fal: Fal::Three,
        certainty: None,
        freshness: Freshness {
            force: true,
            max_age_seconds: None,
        },
        interaction: Interaction::Allowed,
        expected: Expected::Anybody,
        withheld: Vec::new(),
        always_consent: false,
    };
    let own = service()?;
    let transaction = transactions::begin(context, &own.id, ask, continuation.to_text()?).await?;
    Ok(headers::see_other(&format!("/sign-in/{}", transaction.id)))
}

/// The platform itself, as the dispatcher looks at who asks: the card with its PIN, and nothing released.
pub fn service() -> Result<Service, Problem> {
    let zeros = "0".repeat(32);
    let broken = |error: &dyn std::fmt::Display| Problem::Fault(error.to_string());
    let id: ServiceId = format!("{}{zeros}", ServiceId::PREFIX)
        .parse()
        .map_err(|error| broken(&error))?;
    let sector: SectorId = format!("{}{zeros}", SectorId::PREFIX)
        .parse()
        .map_err(|error| broken(&error))?;
    Ok(Service {
        id,
        sector,
        kind: ServiceKind::Sp,
        name: Localized {
            ja: "政府認証プラットフォーム（ご自身の情報の確認）".to_owned(),
            en: "Government Authentication Platform (your own pages)".to_owned(),
        },
        state: ServiceState::Active,
        required_level: AssuranceLevel {
            ial: Ial::Zero,
            aal: Aal::Three,
        },
        required_certainty: None,
        required_properties: RequiredProperties::default(),
        stale_tolerance_seconds: None,
        released_attributes: Vec::new(),
        protocol: ProtocolSettings::Oidc(OidcSettings {
            client_id: String::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            authentication: domain::ClientAuthentication::None,
            id_token_signed_response_alg: IdTokenAlgorithm::Es256,
            requests: domain::RequestSettings::default(),
            profile: domain::SecurityProfile::default(),
            tokens: domain::TokenSettings::default(),
            logout: domain::OidcLogout::default(),
            documents: domain::ClientDocuments::default(),
        }),
        created_at: Timestamp::from_seconds(0),
        changed_at: Timestamp::from_seconds(0),
        version: 0,
    })
}

/// Who asks in a transaction: the platform itself, or a service of the registry.
pub async fn asking(context: &Context, transaction: &Transaction) -> Result<Option<Service>, Problem> {
    let own = service()?;
    if transaction.service == own.id {
        return Ok(Some(own));
    }
    Ok(context.ledger.service(&transaction.service).await?)
}

/// Goes on to the page of ours that a transaction was for, if it was for one.
pub fn destination(transaction: &Transaction) -> Result<Option<String>, Problem> {
    Ok(match reply::Continuation::of(transaction)? {
        reply::Continuation::Own(own) => Some(own.destination()),
        _ => None,
    })
}
