//! Attacks on messages that a service signed, most of them on an `AuthnRequest`. Where the attacker cannot sign, something is moved
//! around what was signed; where the attacker is the service itself, its own key signs outside the profile.

mod constructs;
mod encodings;
mod generated;
mod naive;
mod profile;
mod transforms;
mod wrapping;

use saml::{Reason, check_authn_request};
use xml::{Document, Limits};

use crate::party::{NOW, SSO_POST, idp, posted, request, rsa, service, signed_by_xmlsec1};

pub(crate) fn original() -> String {
    signed_by_xmlsec1(&request(SSO_POST, ""), rsa())
}

pub(crate) fn verdict(message: &str) -> Reason {
    match check_authn_request(&posted(message), &service(), &idp(), NOW) {
        Err(refused) => {
            assert_eq!(refused.reply_to, None, "{message}");
            refused.reason
        }
        Ok((checked, _)) => panic!("accepted with {}: {message}", checked.reply_to.location()),
    }
}

/// Whatever a message looks like, the only octets that verification ever hands out are those that were signed.
pub(crate) fn nothing_else_verifies(message: &str, signed: &[u8]) {
    let Ok(document) = Document::parse(message.as_bytes(), &Limits::metadata()) else {
        return;
    };
    let mut open = vec![document.root()];
    while let Some(element) = open.pop() {
        if let Ok(verified) = xml::dsig::verify(element, &service().signing_keys) {
            assert_eq!(verified.canonical(), signed, "{message}");
        }
        open.extend(element.elements().unwrap_or_default());
    }
}

pub(crate) fn signed_octets() -> Vec<u8> {
    let text = request(SSO_POST, "");
    let document = Document::parse(text.as_bytes(), &Limits::message()).unwrap();
    xml::canonicalise(document.root(), &[]).unwrap()
}
