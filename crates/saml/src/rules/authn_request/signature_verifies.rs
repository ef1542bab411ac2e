//! A signature that is there is a registered key's, and from here on the message is what was signed.
//!
//! Its tables need signers of other stacks and stand in `tests/sso/requests.rs` and `tests/sso/attacks.rs`.

use domain::SamlBinding;
use xml::dsig::{self, VerificationKey, Verified};
use xml::{Document, Limits};

use crate::binding::DetachedSignature;
use crate::{Incoming, Reason, ServiceFacts};

pub(crate) const NAME: &str = "signature_verifies";
pub(crate) const CITATION: &str =
    "saml-core-2.0-os 5.4; saml-bindings-2.0-os 3.4.4.1, 3.5.5.2; SimpleSign 2.4";

/// From which octets the message is read.
pub(crate) enum Source<'i> {
    /// Nobody signed it.
    Unsigned(&'i [u8]),
    /// A detached signature covers the query that carries exactly these octets.
    SignedQuery(&'i [u8]),
    /// The canonical octets that an enveloped signature covers.
    SignedElement(Verified),
}

impl Source<'_> {
    pub(crate) fn is_signed(&self) -> bool {
        !matches!(self, Self::Unsigned(_))
    }

    pub(crate) fn document(&self) -> Result<Document<'_>, Reason> {
        match self {
            Self::Unsigned(octets) | Self::SignedQuery(octets) => {
                Ok(Document::parse(octets, &Limits::message())?)
            }
            Self::SignedElement(verified) => Ok(verified.document()?),
        }
    }
}

/// Whether a second signature, inside a message that has a detached one, is heeded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SecondSignature {
    /// It is refused: bindings section 3.4.4.1 has the sender remove it.
    Refused,
    /// It is passed over, and the message is what the detached one covers. pysaml2 leaves it in the answers to our logout requests.
    PassedOver,
}

/// Verifies what is there; whether it must be there is another rule.
pub(crate) fn verify<'i>(
    incoming: &'i Incoming,
    service: &ServiceFacts,
    second: SecondSignature,
) -> Result<Source<'i>, Reason> {
    verify_by(incoming, &service.signing_keys, second)
}

/// The same with keys of any partner.
pub(crate) fn verify_by<'i>(
    incoming: &'i Incoming,
    keys: &[VerificationKey],
    second: SecondSignature,
) -> Result<Source<'i>, Reason> {
    let document = Document::parse(&incoming.xml, &Limits::message())?;
    let inside = document
        .root()
        .elements()?
        .iter()
        .any(|child| child.is(dsig::NAMESPACE, "Signature"));
    match (incoming.binding, &incoming.detached) {
        // Beside a detached signature another one would be a second opinion about another message.
        (SamlBinding::HttpRedirect, None) if inside => Err(Reason::SignatureInsideRedirect),
        (_, Some(_)) if inside && second == SecondSignature::Refused => Err(Reason::SignatureInsideRedirect),
        (_, Some(detached)) => {
            verify_detached(detached, keys)?;
            Ok(Source::SignedQuery(&incoming.xml))
        }
        (_, None) if inside => Ok(Source::SignedElement(dsig::verify(document.root(), keys)?)),
        (_, None) => Ok(Source::Unsigned(&incoming.xml)),
    }
}

fn verify_detached(detached: &DetachedSignature, keys: &[VerificationKey]) -> Result<(), Reason> {
    if keys.is_empty() {
        return Err(xml::Reason::NoKey.into());
    }
    let fits = keys.iter().any(|key| {
        key.verify_detached(detached.algorithm, &detached.octets, &detached.signature)
            .is_ok()
    });
    if fits {
        Ok(())
    } else {
        Err(xml::Reason::SignatureInvalid.into())
    }
}
