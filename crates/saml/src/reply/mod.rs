//! Composition of replies: assertion, encryption, Response, and the form that carries it.
//!
//! **Owns** what a Response of profiles-2.0-os section 4.1.4.2 and 4.1.4.3 says, in canonical form by construction.
//! Signing is two-phase: a draft gives the octets to sign and takes the signature, so that no signer is imported.
//!
//! ```text
//! AssertionDraft ── attach ──▶ SignedAssertion ── encrypt? ──▶ ResponseDraft ── attach | unsigned ──▶ Response
//! failure status ───────────────────────────────────────────▶ ResponseDraft ── attach | unsigned ──▶ Response
//! ```
//!
//! **Deliberately absent**: which attributes go out (policy), pseudonyms (login), keys.
//!
//! **One more statement**: a function in `assertion.rs` and its line in the whole-reply test.

mod assertion;
mod back_channel;
mod logout;
mod response;

use domain::{AcsBinding, AcsEndpoint, Timestamp};
use serde::{Deserialize, Serialize};
use xml::dsig::SignatureAlgorithm;

pub use assertion::{
    AssertionContent, AssertionDraft, Attribute, EncryptedAssertion, NameId, SignedAssertion,
};
pub use back_channel::{
    AnswerDraft, Answered, Answering, artifact_response, attribute_assertion, query_response,
};
pub use logout::{LogoutDraft, LogoutSigning, OutgoingLogout, SignedOutPerson};
pub use response::{Response, ResponseDraft, ResponseSigning};

use crate::{IdpFacts, ServiceFacts};

/// Where a reply goes and what it answers. Only a check makes it; it survives storage between request and reply.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyTo {
    service: String,
    location: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_response_to: Option<String>,
    relay_state: Option<String>,
    #[serde(default)]
    binding: AcsBinding,
}

impl ReplyTo {
    pub(crate) fn new(
        service: &ServiceFacts,
        acs: &AcsEndpoint,
        request: Option<&str>,
        relay_state: Option<&str>,
    ) -> Self {
        Self {
            service: service.entity_id.clone(),
            location: acs.location.clone(),
            in_response_to: request.map(str::to_owned),
            relay_state: relay_state.map(str::to_owned),
            binding: acs.binding,
        }
    }

    /// The service's `entityID`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The registered assertion consumer service.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The request's `ID`; none where nobody asked (profiles-2.0-os section 4.1.5).
    pub fn in_response_to(&self) -> Option<&str> {
        self.in_response_to.as_deref()
    }

    /// By which binding it goes.
    pub fn binding(&self) -> AcsBinding {
        self.binding
    }

    /// `RelayState`, as it came.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }
}

/// How a reply is signed. The certificate (DER) is carried in `ds:KeyInfo` as a hint.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The algorithm of the key that will sign.
    pub algorithm: SignatureAlgorithm,
    /// Certificate of the same key, if it is to be shown.
    pub certificate: Option<&'a [u8]>,
}

/// What every reply is made with.
#[derive(Clone, Copy, Debug)]
pub struct Issuance<'a> {
    /// Who replies.
    pub idp: &'a IdpFacts,
    /// To whom.
    pub reply_to: &'a ReplyTo,
    /// When.
    pub now: Timestamp,
}

fn wire_time(at: Timestamp) -> Result<String, crate::Reason> {
    at.to_rfc3339()
        .map_err(|_| crate::Reason::InvalidValue { what: "a time" })
}
