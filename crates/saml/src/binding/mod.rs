//! The bindings (bindings-2.0-os): from HTTP to octets, and back.
//!
//! **Owns** [`redirect`] (section 3.4) and [`post`] (section 3.5): parameters, bounded inflation, `RelayState`, and the
//! detached signature's octets exactly as they were sent; [`soap`] (section 3.2): envelopes;
//! [`artifact`] (section 3.6).
//!
//! **Deliberately absent**: HTTP itself, HTML (a form's fields are handed out as values).
//!
//! **One more binding**: a module with a `decode` that returns [`Incoming`], and a variant of
//! [`domain::SamlBinding`].

pub mod artifact;
mod form;
mod logout;
pub mod post;
pub mod redirect;
pub mod soap;

pub use logout::IncomingLogout;

use domain::SamlBinding;
use xml::dsig::SignatureAlgorithm;
use xml::{Document, Limits};

use crate::Reason;
use crate::elements::AuthnRequest;

/// Octets of `RelayState` that are carried. Section 3.4.3 says 80; real service providers put whole addresses in it.
pub const RELAY_STATE_LIMIT: usize = 2_048;

/// A message as it came in: nothing about it is true yet.
pub struct Incoming {
    pub(crate) binding: SamlBinding,
    pub(crate) xml: Vec<u8>,
    pub(crate) relay_state: Option<String>,
    pub(crate) detached: Option<DetachedSignature>,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Incoming({:?}, {} octets)", self.binding, self.xml.len())
    }
}

/// The signature of the redirect binding, with the octets that it covers as they were sent.
pub(crate) struct DetachedSignature {
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) signature: Vec<u8>,
    pub(crate) octets: Vec<u8>,
}

impl Incoming {
    /// By which binding it came.
    pub fn binding(&self) -> SamlBinding {
        self.binding
    }

    /// `RelayState`, opaque.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// Who claims to ask: good for looking up [`crate::ServiceFacts`] and for nothing else, because no signature was
    /// verified yet.
    pub fn issuer(&self) -> Result<String, Reason> {
        let document = Document::parse(&self.xml, &Limits::message())?;
        Ok(AuthnRequest::read(document.root())?.issuer)
    }
}
