//! The line of stages of an endpoint that judges without a table: what a request passed before it was refused, read off the reason.

use crate::dpop::{DpopFault, RULES};
use crate::trace::{Trace, Verdict};
use crate::{ErrorCode, Reason};

/// An endpoint that clients call without a browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Endpoint {
    /// RFC 6749 section 3.2.
    Token,
    /// RFC 9126.
    PushedRequest,
    /// RFC 7662.
    Introspection,
    /// RFC 7009.
    Revocation,
    /// RFC 8628 section 3.1.
    DeviceAuthorization,
    /// OpenID Connect Core 1.0 section 5.3.
    UserInfo,
    /// OpenID Connect RP-Initiated Logout 1.0.
    Logout,
}

type Stage = (&'static str, &'static str);

const READ: Stage = ("request_can_be_read", "RFC 6749 section 3.2");
const KNOWN: Stage = ("client_is_registered_and_active", "RFC 6749 section 2.2");
const PROVEN: Stage = (
    "client_proves_who_it_is",
    "RFC 6749 section 2.3; RFC 7523 section 3; OpenID Connect Core 1.0 section 9",
);
const SENDER: Stage = ("sender_proves_its_key", "RFC 9449 section 4.3");
const GRANT: Stage = (
    "grant_can_be_used",
    "RFC 6749 sections 4.1.3 and 6; RFC 7636 section 4.6",
);
const TOKEN: Stage = (
    "token_may_be_asked_about",
    "RFC 7662 section 2.1; RFC 7009 section 2.1",
);
const PUSHED: Stage = ("authorization_request_is_accepted", "RFC 9126 section 2.1");
const DEVICE: Stage = ("device_may_be_authorized", "RFC 8628 section 3.1");
const BEARER: Stage = ("access_token_counts", "RFC 6750 section 3; RFC 9449 section 7");
const RETURN: Stage = (
    "logout_request_is_valid",
    "OpenID Connect RP-Initiated Logout 1.0 sections 2 and 3",
);

impl Endpoint {
    /// The word for it in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::PushedRequest => "pushed_authorization_request",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::DeviceAuthorization => "device_authorization",
            Self::UserInfo => "userinfo",
            Self::Logout => "logout",
        }
    }

    const fn stages(self) -> &'static [Stage] {
        match self {
            Self::Token => &[READ, KNOWN, PROVEN, SENDER, GRANT],
            Self::PushedRequest => &[READ, KNOWN, PROVEN, PUSHED],
            Self::Introspection | Self::Revocation => &[READ, KNOWN, PROVEN, TOKEN],
            Self::DeviceAuthorization => &[READ, KNOWN, PROVEN, DEVICE],
            Self::UserInfo => &[READ, SENDER, BEARER],
            Self::Logout => &[READ, RETURN],
        }
    }

    fn stage(self, reason: &Reason) -> Stage {
        let last = self.stages().last().copied().unwrap_or(READ);
        match reason {
            Reason::UnknownClient | Reason::ClientNotActive => KNOWN,
            Reason::ClientIdMissing
            | Reason::ClientIdMalformed
            | Reason::ClientIdsDiffer
            | Reason::SeveralClientAuthentications
            | Reason::BasicMalformed
            | Reason::SecretInBody
            | Reason::BearerMalformed
            | Reason::TokenInQuery
            | Reason::TokenMissing
            | Reason::RequestTooLong { .. }
            | Reason::ParameterMalformed("content-type") => READ,
            Reason::Dpop(DpopFault::KeyDiffers)
            | Reason::Token(_)
            | Reason::ParameterMissing(_)
            | Reason::ParameterMalformed("code_verifier") => last,
            _ => match reason.error_code() {
                ErrorCode::InvalidClient => PROVEN,
                ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce => SENDER,
                ErrorCode::InvalidRequest if self != Self::PushedRequest && self != Self::Logout => READ,
                _ => last,
            },
        }
    }
}

/// Every stage of the endpoint in order, with the one that the reason is of refused. Where the key of the sender was judged, its rules
/// stand in the place of the stage.
pub fn stages(endpoint: Endpoint, reason: &Reason) -> Trace {
    let refused = endpoint.stage(reason);
    let mut trace = Trace::default();
    let mut over = false;
    for stage in endpoint.stages() {
        if *stage != refused {
            let verdict = if over {
                Verdict::NotReached
            } else {
                Verdict::Passed
            };
            trace.note(stage.0, stage.1, verdict);
            continue;
        }
        over = true;
        match reason {
            Reason::Dpop(fault) if *stage == SENDER => sender(&mut trace, fault, reason),
            _ => trace.note(stage.0, stage.1, Verdict::of(&Err(reason.clone()))),
        }
    }
    trace
}

/// The rules of a proof (`dpop::RULES`), in their order: they ran up to the one that this fault is of.
fn sender(trace: &mut Trace, fault: &DpopFault, reason: &Reason) {
    let rule = match fault {
        DpopFault::Method | DpopFault::Claim("htm") => "method_is_that_of_the_request",
        DpopFault::Address | DpopFault::Claim("htu") => "address_is_that_of_the_request",
        DpopFault::Time | DpopFault::Claim("iat") => "proof_is_of_now",
        DpopFault::AccessToken | DpopFault::Claim("ath") => "access_token_is_the_one_shown",
        DpopFault::Nonce => "nonce_is_one_of_ours",
        DpopFault::Claim("jti") => "identifier_is_bounded_text",
        _ => "proof_is_signed_by_its_own_key",
    };
    let refused = Verdict::of(&Err(reason.clone()));
    if *fault == DpopFault::Replayed {
        for known in RULES {
            trace.note(known.name, known.cites, Verdict::Passed);
        }
        trace.note("proof_was_not_used_before", "RFC 9449 section 11.1", refused);
        return;
    }
    let cites = crate::rules::dpop_proof::proof_is_signed_by_its_own_key::CITES;
    let name = "proof_is_signed_by_its_own_key";
    let mut over = rule == name;
    trace.note(name, cites, if over { refused.clone() } else { Verdict::Passed });
    for known in RULES {
        let verdict = if over {
            Verdict::NotReached
        } else if known.name == rule {
            over = true;
            refused.clone()
        } else {
            Verdict::Passed
        };
        trace.note(known.name, known.cites, verdict);
    }
}
