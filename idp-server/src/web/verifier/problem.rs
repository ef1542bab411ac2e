//! What a verifier is told when it does not get what it asks for: problem details (RFC 9457) with stable codes, in both languages.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use store::StoreFault;

use crate::web::headers;

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VerifierProblem {
    /// No access token, or one that is unknown or has ended.
    Unauthenticated,
    /// An access token that is bound to a certificate, and this connection does not show it (RFC 8705 section 3).
    BoundToken,
    /// The verifier is suspended.
    Suspended,
    /// Its accreditation has ended or not begun.
    NotAccredited,
    /// Not registered for this.
    NotPermitted,
    /// No such purpose is registered.
    UnknownPurpose,
    /// The purpose does not allow 基本4情報.
    PurposeWithoutItems,
    /// More requests than agreed.
    TooMany {
        /// Seconds to wait.
        seconds: u32,
    },
    /// More questions to the authority's responder than agreed for today.
    QuestionsExhausted,
    /// Not the JSON of this operation; names the member or the place.
    Malformed(String),
    /// More bytes than a document may have.
    TooLarge,
    /// Nothing under this identifier, or not this verifier's.
    Unknown,
    /// A consent that does not hold; the code says why.
    Consent(&'static str),
    /// The consent was registered before.
    AlreadyRegistered,
    /// The consent ended: withdrawn, or its term is over.
    ConsentEnded,
    /// The authority gives no items; its reason.
    ItemsRefused(&'static str),
    /// The authority, or our data, could not be asked.
    Unavailable,
    /// The method is not one of this address.
    WrongMethod,
    /// The page is not there.
    Fault(String),
}

impl From<StoreFault> for VerifierProblem {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.to_string())
    }
}

impl From<actix_web::error::PayloadError> for VerifierProblem {
    fn from(error: actix_web::error::PayloadError) -> Self {
        match error {
            actix_web::error::PayloadError::Overflow => Self::TooLarge,
            _ => Self::Malformed("the body broke off".to_owned()),
        }
    }
}

impl VerifierProblem {
    /// Status, stable code, English, Japanese.
    fn facts(&self) -> (StatusCode, &'static str, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Unauthenticated => (
                S::UNAUTHORIZED,
                "unauthenticated",
                "no valid access token",
                "有効なアクセストークンがありません",
            ),
            Self::BoundToken => (
                S::UNAUTHORIZED,
                "token_bound_to_certificate",
                "the access token counts only with the certificate that it was issued to",
                "このアクセストークンは、発行時の証明書による接続でのみ使えます",
            ),
            Self::Suspended => (
                S::FORBIDDEN,
                "verifier_suspended",
                "this verifier is suspended",
                "この検証者は停止されています",
            ),
            Self::NotAccredited => (
                S::FORBIDDEN,
                "accreditation_ended",
                "the accreditation has ended or not begun",
                "認定の期間外です",
            ),
            Self::NotPermitted => (
                S::FORBIDDEN,
                "not_permitted",
                "this verifier is not registered for this operation",
                "この操作は登録されていません",
            ),
            Self::UnknownPurpose => (
                S::FORBIDDEN,
                "purpose_unknown",
                "no such purpose is registered for this verifier",
                "登録されていない利用目的です",
            ),
            Self::PurposeWithoutItems => (
                S::FORBIDDEN,
                "purpose_without_four_items",
                "the registered purpose does not include the four items",
                "この利用目的では基本4情報を提供できません",
            ),
            Self::TooMany { .. } => (
                S::TOO_MANY_REQUESTS,
                "too_many_requests",
                "more requests than agreed",
                "要求の数が取り決めを超えています",
            ),
            Self::QuestionsExhausted => (
                S::TOO_MANY_REQUESTS,
                "questions_exhausted",
                "more questions to the authority's responder than agreed for today",
                "本日のOCSP照会数の上限に達しました",
            ),
            _ => self.request_facts(),
        }
    }

    /// The same where the verifier is in order and the request, or we, are not.
    fn request_facts(&self) -> (StatusCode, &'static str, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed(_) => (
                S::BAD_REQUEST,
                "malformed",
                "the request is not what this operation takes",
                "要求の形式が正しくありません",
            ),
            Self::TooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "too_large",
                "more bytes than allowed",
                "データが大きすぎます",
            ),
            Self::Unknown => (
                S::NOT_FOUND,
                "unknown",
                "nothing under this identifier",
                "該当するものがありません",
            ),
            Self::Consent(code) => (
                S::UNPROCESSABLE_ENTITY,
                code,
                "the consent does not hold",
                "同意書が有効ではありません",
            ),
            Self::AlreadyRegistered => (
                S::CONFLICT,
                "already_registered",
                "this consent was registered before",
                "この同意書は登録済みです",
            ),
            Self::ConsentEnded => (
                S::GONE,
                "consent_ended",
                "the consent was withdrawn, or its term is over",
                "同意は撤回されたか、期限が過ぎています",
            ),
            Self::ItemsRefused(_) => (
                S::CONFLICT,
                "items_refused",
                "the authority gives no items",
                "機構は利用者情報を提供しませんでした",
            ),
            Self::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "the authority cannot be asked now; no answer is no good answer",
                "現在、機構に照会できません",
            ),
            Self::WrongMethod => (
                S::METHOD_NOT_ALLOWED,
                "wrong_method",
                "the method is not one of this address",
                "このメソッドは使えません",
            ),
            _ => (
                S::INTERNAL_SERVER_ERROR,
                "fault",
                "we broke; try again later",
                "障害が発生しました",
            ),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.facts().1
    }
}

impl fmt::Display for VerifierProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for VerifierProblem {}

impl ResponseError for VerifierProblem {
    fn status_code(&self) -> StatusCode {
        self.facts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, english, japanese) = self.facts();
        metrics::counter!("verifier_problems_total", "code" => code).increment(1);
        if let Self::Fault(why) = self {
            tracing::error!(error = %why, "a verifier's request failed");
        }
        let mut body = json!({
            "type": format!("urn:gap:verifier-problem:{code}"),
            "title": english,
            "title_ja": japanese,
            "status": status.as_u16(),
            "code": code,
        });
        let detail = match self {
            Self::Malformed(place) => Some(place.as_str()),
            Self::ItemsRefused(why) => Some(*why),
            _ => None,
        };
        if let (Some(detail), Some(members)) = (detail, body.as_object_mut()) {
            members.insert("detail".to_owned(), detail.into());
        }
        let mut builder = headers::common(HttpResponse::build(status));
        builder.insert_header((CONTENT_TYPE, "application/problem+json"));
        match self {
            Self::Unauthenticated => {
                builder.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Self::BoundToken => {
                builder.insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
            }
            Self::TooMany { seconds } => {
                builder.insert_header((RETRY_AFTER, seconds.to_string()));
            }
            _ => {}
        }
        builder.body(body.to_string())
    }
}

/// Every other method.
pub async fn wrong_method() -> HttpResponse {
    VerifierProblem::WrongMethod.error_response()
}

/// Every other address.
pub async fn not_found() -> HttpResponse {
    VerifierProblem::Unknown.error_response()
}
