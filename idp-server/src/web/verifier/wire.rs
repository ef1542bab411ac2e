//! Requests as JSON, read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::VerifierProblem;

/// How certain the status shall be.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// By the day's lists.
    #[default]
    Crl,
    /// By the authority's responder, held against the lists.
    Ocsp,
}

/// What may be released beside the verdict.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Released {
    /// 基本4情報.
    FourItems,
}

/// `POST /v1/signatures/verify`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// A registered purpose.
    pub purpose: String,
    /// How certain the status shall be.
    #[serde(default)]
    pub certainty: Certainty,
    /// What may be released beside the verdict.
    #[serde(default)]
    pub release: Vec<Released>,
    /// A CMS message. This or `raw`.
    #[serde(default)]
    pub cms: Option<CmsPart>,
    /// A bare signature. This or `cms`.
    #[serde(default)]
    pub raw: Option<RawPart>,
}

/// A CMS message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CmsPart {
    /// DER `ContentInfo`.
    pub message: Base64,
    /// The document, where the message does not carry it.
    #[serde(default)]
    pub document: Option<Base64>,
    /// The signer's certificate, where the message does not carry it.
    #[serde(default)]
    pub certificate: Option<Base64>,
}

/// A bare signature.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPart {
    /// The signature.
    pub signature: Base64,
    /// The signer's certificate.
    pub certificate: Base64,
    /// A name of RFC 7518 section 3.1.
    pub algorithm: String,
    /// The document.
    pub document: Base64,
}

/// A signed consent or withdrawal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedText {
    /// DER `ContentInfo` with the text attached.
    pub message: Base64,
}

/// Bytes in base64 (RFC 4648 section 4, with padding).
pub struct Base64(pub Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        STANDARD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64 with padding"))
    }
}

/// Reads a body. The refusal tells the place and never what stood there.
pub fn read<T: DeserializeOwned>(
    body: Result<actix_web::web::Bytes, actix_web::Error>,
) -> Result<T, VerifierProblem> {
    let body = body.map_err(|error| {
        if error.as_response_error().status_code() == actix_web::http::StatusCode::PAYLOAD_TOO_LARGE {
            VerifierProblem::TooLarge
        } else {
            VerifierProblem::Malformed("the body broke off".to_owned())
        }
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "not JSON",
            _ => "a member is missing, unknown, repeated or of another form",
        };
        VerifierProblem::Malformed(format!(
            "line {}, column {}: {what}",
            error.line(),
            error.column()
        ))
    })
}
