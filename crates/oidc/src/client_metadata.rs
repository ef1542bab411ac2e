//! What a client says of itself when it registers (RFC 7591 section 2; OpenID Connect Dynamic Client Registration 1.0 section 2), and what
//! becomes of it: the settings that a service file gives, judged by the same rules ([`crate::ClientFacts::from_settings`]).
//!
//! **Owns** the wire form, the rules that only hold for clients that nobody looked at (`rules/client_metadata`), and the answer.
//!
//! **Deliberately absent**: whether anybody may register at all, the fetching of what addresses lead to (`jwks_uri`,
//! `sector_identifier_uri`), what is kept. Members that are not known are passed over (RFC 7591 section 2); `logo_uri` and its like are kept
//! as text and never fetched.

use std::fmt;

use domain::{
    ClientAlgorithm, ClientAuthentication, ClientDocuments, IdTokenAlgorithm, OidcLogout, OidcSettings,
    RefreshPermission, RequestSettings, SecurityProfile, TokenSettings,
};
use jose::json::{JsonFault, Limits};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::RegistrationFault;
use crate::rules::client_metadata as rules;

/// Octets of a registration.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;

/// What a client that registers itself may be: from the operator's initial access token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationTerms {
    /// The hosts that its addresses may name, all of them: redirects, logout, keys, objects.
    pub hosts: Vec<String>,
    /// By which rules it is held. A client cannot choose a laxer one.
    pub profile: SecurityProfile,
}

/// Why a registration is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetadataFault {
    /// No JSON object, or too much of it.
    Unreadable(JsonFault),
    /// A member of another type or value than there is.
    Malformed(String),
    /// A member that cannot be.
    Member {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        because: &'static str,
    },
    /// A redirect URI that a client which registers itself may not have.
    RedirectUri(&'static str),
    /// What a service file would be refused for too.
    Settings(RegistrationFault),
    /// What an address leads to could not be had.
    Unfetched {
        /// The member that names the address.
        name: &'static str,
        /// The word of the fault.
        why: &'static str,
    },
    /// The software statement is none, or not by whom it says.
    StatementInvalid(&'static str),
    /// Nobody believes who made the software statement.
    StatementUnapproved,
}

impl MetadataFault {
    /// The code of RFC 7591 section 3.2.2.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RedirectUri(_)
            | Self::Settings(RegistrationFault::RedirectUri { .. } | RegistrationFault::RedirectUriCount) => {
                "invalid_redirect_uri"
            }
            Self::StatementInvalid(_) => "invalid_software_statement",
            Self::StatementUnapproved => "unapproved_software_statement",
            _ => "invalid_client_metadata",
        }
    }
}

impl fmt::Display for MetadataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(fault) => fault.fmt(f),
            Self::Malformed(why) => f.write_str(why),
            Self::Member { name, because } => write!(f, "{name}: {because}"),
            Self::RedirectUri(because) => write!(f, "redirect_uris: {because}"),
            Self::Settings(fault) => fault.fmt(f),
            Self::Unfetched { name, why } => write!(f, "{name}: could not be fetched ({why})"),
            Self::StatementInvalid(why) => write!(f, "software_statement: {why}"),
            Self::StatementUnapproved => f.write_str("software_statement: its issuer is not approved here"),
        }
    }
}

impl std::error::Error for MetadataFault {}

/// How a client says that it proves who it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisteredMethod {
    /// Public client.
    None,
    /// The default of RFC 7591 section 2.
    #[default]
    ClientSecretBasic,
    /// RFC 7523.
    PrivateKeyJwt,
}

/// A registration as it was said, types checked, nothing believed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "members are named and described by the registries of RFC 7591 and OpenID Connect"
)]
pub struct ClientMetadata {
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub token_endpoint_auth_method: RegisteredMethod,
    pub token_endpoint_auth_signing_alg: Option<ClientAlgorithm>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    pub application_type: Option<String>,
    pub client_name: Option<String>,
    #[serde(rename = "client_name#ja")]
    pub client_name_ja: Option<String>,
    #[serde(rename = "client_name#en")]
    pub client_name_en: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub contacts: Vec<String>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
    pub software_statement: Option<String>,
    pub scope: Option<String>,
    pub jwks: Option<Map<String, Value>>,
    pub jwks_uri: Option<String>,
    pub subject_type: Option<String>,
    pub sector_identifier_uri: Option<String>,
    pub id_token_signed_response_alg: Option<IdTokenAlgorithm>,
    pub userinfo_signed_response_alg: Option<IdTokenAlgorithm>,
    pub request_object_signing_alg: Option<ClientAlgorithm>,
    pub request_uris: Vec<String>,
    pub default_max_age: Option<u32>,
    pub require_signed_request_object: bool,
    pub require_pushed_authorization_requests: bool,
    pub dpop_bound_access_tokens: bool,
    pub tls_client_certificate_bound_access_tokens: bool,
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: bool,
    pub frontchannel_logout_uri: Option<String>,
    pub frontchannel_logout_session_required: bool,
    /// Names of all members, known or not.
    #[serde(skip)]
    pub names: Vec<String>,
}

/// What a rule sees.
#[derive(Clone, Copy)]
pub struct MetadataAsk<'a> {
    /// What was said.
    pub metadata: &'a ClientMetadata,
    /// What the operator allows.
    pub terms: &'a RegistrationTerms,
}

type Check = fn(&MetadataAsk<'_>) -> Result<(), MetadataFault>;

macro_rules! table {
    ($($rule:ident),+ $(,)?) => {
        &[$((stringify!($rule), rules::$rule::CITES, rules::$rule::check)),+]
    };
}

/// The rules, in order. Behind them stand those of every client, and the two about what is fetched:
/// `sector_document_lists_every_redirect_uri` and `statement_is_by_an_approved_issuer`, and `replacement_names_itself` before all at changes.
pub const METADATA_RULES: &[(&str, &str, Check)] = table![
    texts_are_bounded,
    redirect_uris_are_of_a_web_client,
    only_codes_are_asked_for,
    subjects_are_pairwise,
    scope_is_the_least,
    nothing_is_encrypted,
    keys_come_one_way,
    addresses_are_on_granted_hosts,
    several_hosts_name_a_sector,
];

impl ClientMetadata {
    /// Reads the members of a JSON object; those that are null are as good as absent (RFC 7592 section 2.2).
    pub fn read(body: &[u8]) -> Result<Map<String, Value>, MetadataFault> {
        let limits = Limits {
            bytes: MAX_METADATA_BYTES,
            ..Limits::DEFAULT
        };
        let mut members = jose::json::read_object(body, limits).map_err(MetadataFault::Unreadable)?;
        members.retain(|_, value| !value.is_null());
        Ok(members)
    }

    /// The same as typed values; members that are not known are passed over.
    pub fn of(members: &Map<String, Value>) -> Result<Self, MetadataFault> {
        let read = serde_json::from_value::<Self>(Value::Object(members.clone()));
        let mut metadata = read.map_err(|error| MetadataFault::Malformed(error.to_string()))?;
        metadata.names = members.keys().cloned().collect();
        Ok(metadata)
    }

    /// Holds it against the rules.
    pub fn check(&self, terms: &RegistrationTerms) -> Result<(), MetadataFault> {
        let ask = MetadataAsk {
            metadata: self,
            terms,
        };
        METADATA_RULES.iter().try_for_each(|(_, _, check)| check(&ask))
    }

    /// The settings that a service file with the same words would give. `keys` is what `jwks_uri` led to; `secret_sha256` belongs to the
    /// secret that the client has, or is about to get, where it wants one. Without word about algorithms, ID tokens are signed with RS256
    /// (OpenID Connect Dynamic Client Registration 1.0 section 2), which FAPI 2.0 does not have.
    pub fn settings(
        &self,
        client_id: &str,
        terms: &RegistrationTerms,
        keys: Option<String>,
        secret_sha256: &str,
    ) -> OidcSettings {
        let keys = keys.or_else(|| self.jwks.clone().map(|jwks| Value::Object(jwks).to_string()));
        let (authentication, request_keys) = match self.token_endpoint_auth_method {
            RegisteredMethod::None => (ClientAuthentication::None, keys),
            RegisteredMethod::ClientSecretBasic => (
                ClientAuthentication::ClientSecretBasic {
                    secret_sha256: secret_sha256.to_owned(),
                },
                keys,
            ),
            RegisteredMethod::PrivateKeyJwt => (
                ClientAuthentication::PrivateKeyJwt {
                    jwks: keys.unwrap_or_default(),
                },
                None,
            ),
        };
        let usual = match terms.profile {
            SecurityProfile::Standard => IdTokenAlgorithm::Rs256,
            SecurityProfile::Fapi2 => IdTokenAlgorithm::Es256,
        };
        let may_refresh = self.asks_for_grant("refresh_token");
        OidcSettings {
            client_id: client_id.to_owned(),
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            authentication,
            id_token_signed_response_alg: self.id_token_signed_response_alg.unwrap_or(usual),
            logout: OidcLogout {
                backchannel_uri: self.backchannel_logout_uri.clone(),
                backchannel_session_required: self.backchannel_logout_session_required,
                frontchannel_uri: self.frontchannel_logout_uri.clone(),
                frontchannel_session_required: self.frontchannel_logout_session_required,
            },
            requests: RequestSettings {
                require_pushed_authorization_requests: self.require_pushed_authorization_requests,
                require_signed_request_object: self.require_signed_request_object,
                request_object_signing_algs: self.request_object_signing_alg.into_iter().collect(),
                jwks: request_keys,
                request_uris: self.request_uris.clone(),
                authorization_details_types: Vec::new(),
                default_max_age: self.default_max_age,
            },
            profile: terms.profile,
            tokens: TokenSettings {
                refresh: if may_refresh {
                    RefreshPermission::Session
                } else {
                    RefreshPermission::Never
                },
                dpop_bound_access_tokens: self.dpop_bound_access_tokens,
                tls_client_certificate_bound_access_tokens: self.tls_client_certificate_bound_access_tokens,
                userinfo_signed_response_alg: self.userinfo_signed_response_alg,
                token_endpoint_auth_signing_alg: self.token_endpoint_auth_signing_alg,
                ..TokenSettings::default()
            },
            documents: ClientDocuments {
                sector_identifier_uri: self.sector_identifier_uri.clone(),
                jwks_uri: self.jwks_uri.clone(),
            },
        }
    }

    /// Whether a grant is among those that it asks for (RFC 7591 section 2: by default only the code).
    pub fn asks_for_grant(&self, name: &str) -> bool {
        match &self.grant_types {
            None => name == "authorization_code",
            Some(types) => types.iter().any(|known| known == name),
        }
    }

    /// Whether it wants a secret.
    pub fn wants_secret(&self) -> bool {
        self.token_endpoint_auth_method == RegisteredMethod::ClientSecretBasic
    }

    /// What is kept as it was said, beside the settings: for the answer and for operators. Never fetched, never shown to people.
    pub fn informative(&self) -> Map<String, Value> {
        let texts = [
            ("client_name", &self.client_name),
            ("client_name#ja", &self.client_name_ja),
            ("client_name#en", &self.client_name_en),
            ("client_uri", &self.client_uri),
            ("logo_uri", &self.logo_uri),
            ("policy_uri", &self.policy_uri),
            ("tos_uri", &self.tos_uri),
            ("software_id", &self.software_id),
            ("software_version", &self.software_version),
            ("software_statement", &self.software_statement),
        ];
        let mut kept: Map<String, Value> = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))))
            .collect();
        if !self.contacts.is_empty() {
            kept.insert("contacts".to_owned(), json!(self.contacts));
        }
        if let Some(seconds) = self.default_max_age {
            kept.insert("default_max_age".to_owned(), json!(seconds));
        }
        kept
    }
}

/// What is registered, as the client is told (RFC 7591 section 3.2.1): all of it, from the settings in force. `method` is the name
/// of [`crate::ClientMethod`].
pub fn registered(
    settings: &OidcSettings,
    method: &'static str,
    informative: &Map<String, Value>,
) -> Map<String, Value> {
    let refresh = settings.tokens.refresh != RefreshPermission::Never;
    let grants: &[&str] = if refresh {
        &["authorization_code", "refresh_token"]
    } else {
        &["authorization_code"]
    };
    let jwks = match &settings.authentication {
        ClientAuthentication::PrivateKeyJwt { jwks } => Some(jwks.as_str()),
        _ => settings.requests.jwks.as_deref(),
    };
    let mut answer = informative.clone();
    let mut say = |name: &str, value: Value| {
        let silent = match &value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Bool(is_so) => !is_so,
            _ => false,
        };
        if !silent {
            answer.insert(name.to_owned(), value);
        }
    };
    say("client_id", json!(settings.client_id));
    say("redirect_uris", json!(settings.redirect_uris));
    say(
        "post_logout_redirect_uris",
        json!(settings.post_logout_redirect_uris),
    );
    say("token_endpoint_auth_method", json!(method));
    say("grant_types", json!(grants));
    say("response_types", json!(["code"]));
    say("application_type", json!("web"));
    say("subject_type", json!("pairwise"));
    say("scope", json!("openid"));
    say(
        "sector_identifier_uri",
        json!(settings.documents.sector_identifier_uri),
    );
    match &settings.documents.jwks_uri {
        Some(uri) => say("jwks_uri", json!(uri)),
        None => say(
            "jwks",
            jwks.and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or(Value::Null),
        ),
    }
    say(
        "id_token_signed_response_alg",
        json!(settings.id_token_signed_response_alg),
    );
    let tokens = &settings.tokens;
    say(
        "userinfo_signed_response_alg",
        json!(tokens.userinfo_signed_response_alg),
    );
    say(
        "token_endpoint_auth_signing_alg",
        json!(tokens.token_endpoint_auth_signing_alg),
    );
    say("dpop_bound_access_tokens", json!(tokens.dpop_bound_access_tokens));
    say(
        "tls_client_certificate_bound_access_tokens",
        json!(tokens.tls_client_certificate_bound_access_tokens),
    );
    let requests = &settings.requests;
    say("request_uris", json!(requests.request_uris));
    say(
        "request_object_signing_alg",
        json!(requests.request_object_signing_algs.first()),
    );
    say(
        "require_signed_request_object",
        json!(requests.require_signed_request_object),
    );
    let fapi = settings.profile == SecurityProfile::Fapi2;
    say(
        "require_pushed_authorization_requests",
        json!(requests.require_pushed_authorization_requests || fapi),
    );
    let logout = &settings.logout;
    say("backchannel_logout_uri", json!(logout.backchannel_uri));
    say(
        "backchannel_logout_session_required",
        json!(logout.backchannel_session_required),
    );
    say("frontchannel_logout_uri", json!(logout.frontchannel_uri));
    say(
        "frontchannel_logout_session_required",
        json!(logout.frontchannel_session_required),
    );
    answer
}

#[cfg(test)]
mod tests;
