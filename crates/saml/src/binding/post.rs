//! HTTP-POST (bindings-2.0-os section 3.5), and HTTP-POST-SimpleSign (sstc-saml-binding-simplesign-cs-02), which is the
//! same form with a signature beside the message.

use domain::SamlBinding;

use xml::dsig::SignatureAlgorithm;

use super::form::{decode as decode_value, raw_values, relay_state};
use super::{DetachedSignature, Incoming};
use crate::Reason;

/// Octets of the form body that are looked at: base64, then percent-encoding, of [`MESSAGE_LIMIT`] octets.
pub const BODY_LIMIT: usize = 768 * 1024;
/// Octets of the decoded message.
pub const MESSAGE_LIMIT: usize = 256 * 1024;

/// Decodes the raw body of a form (`application/x-www-form-urlencoded`).
///
/// The signature, if any, is inside the message (section 3.5.4) or, by `SimpleSign`, in the form's `SigAlg` and
/// `Signature`. It is not verified here: its key is not known yet.
pub fn decode(body: &[u8]) -> Result<Incoming, Reason> {
    decode_field(body, "SAMLRequest")
}

/// The same for a message under this name, `SAMLRequest` or `SAMLResponse`.
pub(crate) fn decode_field(body: &[u8], field: &'static str) -> Result<Incoming, Reason> {
    if body.len() > BODY_LIMIT {
        return Err(Reason::ParameterTooLong {
            name: field,
            limit: BODY_LIMIT,
        });
    }
    let body = std::str::from_utf8(body).map_err(|_| Reason::ParameterEncoding { name: field })?;
    let names = [field, "RelayState", "SigAlg", "Signature"];
    let [request, relay, algorithm, signature] = raw_values(body, names)?;
    let request = request.ok_or(Reason::ParameterMissing { name: field })?;
    let message = xml::decode_base64(&decode_value(field, request)?).map_err(|_| Reason::NotBase64)?;
    if message.len() > MESSAGE_LIMIT {
        return Err(Reason::ParameterTooLong {
            name: field,
            limit: MESSAGE_LIMIT,
        });
    }
    let relay_state = relay_state(relay)?;
    let detached = match (algorithm, signature) {
        (None, None) => None,
        (Some(algorithm), Some(signature)) => Some(simple_signature(
            field,
            &message,
            relay_state.as_deref(),
            &decode_value("SigAlg", algorithm)?,
            &decode_value("Signature", signature)?,
        )?),
        _ => return Err(Reason::SignatureHalf),
    };
    Ok(Incoming {
        binding: SamlBinding::HttpPost,
        xml: message,
        relay_state,
        detached,
    })
}

/// `SimpleSign` section 2.4.1: the values of the form controls, the message before base64 and nothing percent-encoded.
/// `RelayState` is left out where there is none.
fn simple_signature(
    field: &str,
    message: &[u8],
    relay_state: Option<&str>,
    algorithm: &str,
    signature: &str,
) -> Result<DetachedSignature, Reason> {
    let mut octets = format!("{field}=").into_bytes();
    octets.extend_from_slice(message);
    if let Some(relay_state) = relay_state {
        octets.extend_from_slice(b"&RelayState=");
        octets.extend_from_slice(relay_state.as_bytes());
    }
    octets.extend_from_slice(b"&SigAlg=");
    octets.extend_from_slice(algorithm.as_bytes());
    Ok(DetachedSignature {
        algorithm: SignatureAlgorithm::from_uri(algorithm)?,
        signature: xml::decode_base64(signature).map_err(|_| Reason::NotBase64)?,
        octets,
    })
}

/// The fields of the form that carries a message (section 3.5.4). The page escapes them; nothing here is HTML.
#[derive(Clone, Eq, PartialEq)]
pub struct PostForm {
    /// `action`: a registered location.
    pub action: String,
    /// `SAMLResponse` or `SAMLRequest`.
    pub field: &'static str,
    /// The message in base64.
    pub message: String,
    /// `RelayState`, as it came.
    pub relay_state: Option<String>,
}

impl std::fmt::Debug for PostForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostForm({} to {})", self.field, self.action)
    }
}

#[cfg(test)]
mod tests;
