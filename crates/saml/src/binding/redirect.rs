//! HTTP-Redirect with DEFLATE encoding (bindings-2.0-os section 3.4.4.1).

use domain::SamlBinding;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use xml::dsig::SignatureAlgorithm;

use super::form::{decode as decode_value, raw_values, relay_state};
use super::{DetachedSignature, Incoming};
use crate::Reason;

/// Octets of the query string that are looked at.
pub const QUERY_LIMIT: usize = 64 * 1024;
/// Octets of the inflated message.
pub const MESSAGE_LIMIT: usize = 256 * 1024;

const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Decodes the raw query string (what stands behind `?`, not decoded by any framework).
///
/// The signature is not verified here: its key is not known yet. It covers the octets of `SAMLRequest`, `RelayState`
/// and `SigAlg` as they were sent, in this order, whatever their order in the query.
pub fn decode(raw_query: &str) -> Result<Incoming, Reason> {
    decode_field(raw_query, "SAMLRequest")
}

/// The same for a message under this name, `SAMLRequest` or `SAMLResponse`.
pub(crate) fn decode_field(raw_query: &str, field: &'static str) -> Result<Incoming, Reason> {
    if raw_query.len() > QUERY_LIMIT {
        return Err(Reason::ParameterTooLong {
            name: field,
            limit: QUERY_LIMIT,
        });
    }
    let names = [field, "RelayState", "SigAlg", "Signature", "SAMLEncoding"];
    let [request, relay, algorithm, signature, encoding] = raw_values(raw_query, names)?;
    let raw_request = request.ok_or(Reason::ParameterMissing { name: field })?;
    if let Some(encoding) = encoding
        && decode_value("SAMLEncoding", encoding)? != DEFLATE
    {
        return Err(Reason::UnknownEncoding);
    }
    let deflated = xml::decode_base64(&decode_value(field, raw_request)?).map_err(|_| Reason::NotBase64)?;
    let detached = match (algorithm, signature) {
        (None, None) => None,
        (Some(algorithm), Some(signature)) => {
            Some(read_signature(field, raw_request, relay, algorithm, signature)?)
        }
        _ => return Err(Reason::SignatureHalf),
    };
    Ok(Incoming {
        binding: SamlBinding::HttpRedirect,
        xml: inflate(&deflated)?,
        relay_state: relay_state(relay)?,
        detached,
    })
}

fn read_signature(
    field: &str,
    raw_request: &str,
    raw_relay: Option<&str>,
    raw_algorithm: &str,
    raw_signature: &str,
) -> Result<DetachedSignature, Reason> {
    let algorithm = SignatureAlgorithm::from_uri(&decode_value("SigAlg", raw_algorithm)?)?;
    let signature =
        xml::decode_base64(&decode_value("Signature", raw_signature)?).map_err(|_| Reason::NotBase64)?;
    Ok(DetachedSignature {
        algorithm,
        signature,
        octets: signed_octets(field, raw_request, raw_relay, raw_algorithm).into_bytes(),
    })
}

fn signed_octets(name: &str, raw_message: &str, raw_relay: Option<&str>, raw_algorithm: &str) -> String {
    let relay = raw_relay
        .map(|relay| format!("&RelayState={relay}"))
        .unwrap_or_default();
    format!("{name}={raw_message}{relay}&SigAlg={raw_algorithm}")
}

/// Inflates one whole raw DEFLATE stream (RFC 1951), never to more than [`MESSAGE_LIMIT`] octets.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut stream = Decompress::new(false);
    let mut inflated = Vec::with_capacity(deflated.len().saturating_mul(4).clamp(512, MESSAGE_LIMIT));
    loop {
        let consumed = usize::try_from(stream.total_in()).map_err(|_| Reason::NotDeflate)?;
        let rest = deflated.get(consumed..).ok_or(Reason::NotDeflate)?;
        let before = inflated.len();
        let status = stream
            .decompress_vec(rest, &mut inflated, FlushDecompress::None)
            .map_err(|_| Reason::NotDeflate)?;
        if inflated.len() > MESSAGE_LIMIT {
            return Err(Reason::InflatesTooLarge { limit: MESSAGE_LIMIT });
        }
        let now_consumed = usize::try_from(stream.total_in()).map_err(|_| Reason::NotDeflate)?;
        if status == Status::StreamEnd {
            // Octets behind the stream would be a second message that only some readers see.
            return if now_consumed == deflated.len() {
                Ok(inflated)
            } else {
                Err(Reason::NotDeflate)
            };
        }
        if inflated.len() < inflated.capacity() && now_consumed == consumed && inflated.len() == before {
            return Err(Reason::NotDeflate);
        }
        if inflated.len() == inflated.capacity() {
            // Doubles up to one octet above the limit, where the check above ends it.
            let more = inflated.capacity().min(MESSAGE_LIMIT + 1 - inflated.len());
            inflated.reserve_exact(more);
        }
    }
}

/// A message on its way out by redirect, waiting for its signature. Service providers (`sp-sdk`, tests) send requests
/// so, and both sides send logout messages so; sign-ins are answered by POST.
#[derive(Debug)]
pub struct RedirectDraft {
    location: String,
    octets: String,
    algorithm: SignatureAlgorithm,
}

/// Everything but unreserved characters (RFC 3986 section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl RedirectDraft {
    /// Prepares a request to a location, to be signed.
    pub fn request(
        location: &str,
        message: &[u8],
        relay_state: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Result<Self, Reason> {
        Self::message("SAMLRequest", location, message, relay_state, algorithm)
    }

    /// Prepares a response to a location, to be signed.
    pub fn response(
        location: &str,
        message: &[u8],
        relay_state: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Result<Self, Reason> {
        Self::message("SAMLResponse", location, message, relay_state, algorithm)
    }

    /// Prepares a message under this name, `SAMLRequest` or `SAMLResponse`, to be signed.
    pub(crate) fn message(
        field: &'static str,
        location: &str,
        message: &[u8],
        relay_state: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Result<Self, Reason> {
        let (encoded, relay) = (encode_message(message)?, relay_state.map(encode_value));
        Ok(Self {
            location: location.to_owned(),
            octets: signed_octets(field, &encoded, relay.as_deref(), &encode_value(algorithm.uri())),
            algorithm,
        })
    }

    /// What the signer signs.
    pub fn signing_input(&self) -> &[u8] {
        self.octets.as_bytes()
    }

    /// How the signer signs it.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The address to redirect to.
    pub fn attach(self, signature: &[u8]) -> String {
        let signature = encode_value(&xml::encode_base64(signature));
        with_query(&self.location, &format!("{}&Signature={signature}", self.octets))
    }
}

/// The address to redirect to with an unsigned request.
pub fn encode_unsigned_request(
    location: &str,
    message: &[u8],
    relay_state: Option<&str>,
) -> Result<String, Reason> {
    let relay = relay_state
        .map(|relay| format!("&RelayState={}", encode_value(relay)))
        .unwrap_or_default();
    Ok(with_query(
        location,
        &format!("SAMLRequest={}{relay}", encode_message(message)?),
    ))
}

/// An address with a message and `RelayState` in its query, nothing deflated.
pub(crate) fn with_parameters(
    location: &str,
    name: &'static str,
    value: &str,
    relay_state: Option<&str>,
) -> String {
    let relay = relay_state
        .map(|relay| format!("&RelayState={}", encode_value(relay)))
        .unwrap_or_default();
    with_query(location, &format!("{name}={}{relay}", encode_value(value)))
}

fn with_query(location: &str, query: &str) -> String {
    let separator = if location.contains('?') { '&' } else { '?' };
    format!("{location}{separator}{query}")
}

fn encode_value(value: &str) -> String {
    utf8_percent_encode(value, ENCODED).to_string()
}

fn encode_message(message: &[u8]) -> Result<String, Reason> {
    let mut stream = Compress::new(Compression::default(), false);
    // DEFLATE grows incompressible input by a few octets per block; twice the size is ample.
    let mut deflated = Vec::with_capacity(message.len().saturating_mul(2).saturating_add(64));
    match stream.compress_vec(message, &mut deflated, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => Ok(encode_value(&xml::encode_base64(&deflated))),
        _ => Err(Reason::NotDeflate),
    }
}

#[cfg(test)]
mod tests;
