//! SAML over HTTP: steps 1, 3 and 9 of a sign-in.
//!
//! **Owns** the single sign-on endpoints (`sso.rs`), sign-ins that no request asked for (`unsolicited.rs`), the single logout endpoints
//! (`slo.rs`), what services ask by SOAP (`back_channel.rs`: `artifact.rs`, `query.rs`), the metadata document (`metadata.rs`), the composition of replies from
//! permits (`reply.rs`), whether a service's metadata still stands (`sources.rs`), and the facts that the `saml` room asks for (here).
//!
//! **Deliberately absent**: rules (they are in `saml`), decisions about people (`web/login`), OAuth.

pub mod artifact;
pub mod attributes;
pub mod back_channel;
pub mod metadata;
pub mod query;
pub mod reply;
pub mod service_error;
pub mod slo;
pub mod sources;
pub mod sso;
pub mod unsolicited;

use domain::NameIdFormat;
use saml::{IdpFacts, ReplyTo};
use serde::{Deserialize, Serialize};
use xml::dsig::SignatureAlgorithm;

use crate::app::App;

/// What a reply needs of the request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Continuation {
    /// Where the reply goes.
    pub reply_to: ReplyTo,
    /// The same location, for form targets.
    pub acs_url: String,
    /// The format of the name identifier to issue.
    pub name_id_format: NameIdFormat,
    /// Whether a person who is new to the service may get a name there.
    #[serde(default = "allowed")]
    pub allow_create: bool,
    /// When the request's identifier may be forgotten.
    pub replay_until: domain::Timestamp,
}

const fn allowed() -> bool {
    true
}

/// Ourselves, as SAML sees us.
pub fn idp_facts(app: &App) -> IdpFacts {
    let origin = &app.config.front.origin;
    IdpFacts {
        entity_id: app.entity_id(),
        sso_redirect: origin.url(sso::PATH),
        sso_post: origin.url(sso::PATH),
        slo: origin.url(slo::PATH),
        slo_soap: origin.url(slo::SOAP_PATH),
        artifact_resolution: origin.url(artifact::PATH),
        attribute_query: origin.url(query::PATH),
        scope: app
            .config
            .saml
            .scope
            .clone()
            .unwrap_or_else(|| origin.host().to_owned()),
        clock_skew_seconds: i64::from(app.config.saml.clock_skew_seconds),
        request_max_age_seconds: IdpFacts::DEFAULT_REQUEST_MAX_AGE_SECONDS,
        authn_contexts: policy::known_contexts()
            .iter()
            .map(|context| context.name)
            .chain(policy::known_certainties().iter().map(|certainty| certainty.name))
            .filter(|name| policy::is_uri(name))
            .map(str::to_owned)
            .collect(),
    }
}

/// How the platform signs SAML: RSA-SHA256, what every service provider verifies.
const ALGORITHM: SignatureAlgorithm = saml::metadata::SIGNED_WITH;
