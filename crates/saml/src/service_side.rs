//! Logout messages of the identity provider as the service's side hears them: verified by the same reader, judged by `sp-sdk`.

use xml::dsig::VerificationKey;

use crate::Reason;
use crate::binding::IncomingLogout;
use crate::elements::{LogoutRequest, LogoutResponse};
use crate::rules::authn_request::signature_verifies::{self, SecondSignature};

/// What was heard. It was read from the octets that were signed, where it was signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeardLogout {
    /// A request of the identity provider's.
    Request(LogoutRequest),
    /// Its response to one of ours.
    Response(LogoutResponse),
}

/// Verifies a message with the keys of the identity provider's metadata, and says whether it was signed. Who speaks, to whom and
/// when is not judged here.
///
/// # Errors
/// What is there does not verify, or is no logout message.
pub fn hear_logout(
    incoming: &IncomingLogout,
    keys: &[VerificationKey],
) -> Result<(HeardLogout, bool), Reason> {
    let source = signature_verifies::verify_by(&incoming.incoming, keys, SecondSignature::Refused)?;
    let document = source.document()?;
    let heard = if incoming.is_response() {
        HeardLogout::Response(LogoutResponse::read(document.root())?)
    } else {
        HeardLogout::Request(LogoutRequest::read(document.root())?)
    };
    Ok((heard, source.is_signed()))
}
