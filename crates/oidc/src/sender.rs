//! Which keys the sender of a request proved beside its client authentication: what tokens can be bound to.

/// Proven by a DPoP proof, by the TLS handshake, by both or by nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sender<'a> {
    /// Thumbprint of the DPoP key (RFC 9449 section 6.1).
    pub jkt: Option<&'a str>,
    /// Thumbprint of the TLS client certificate (RFC 8705 section 3.1).
    pub certificate: Option<&'a str>,
}
