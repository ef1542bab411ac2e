//! Our own metadata, for the registration at the platform.

use xml::dsig::NAMESPACE as SIGNATURE;
use xml::enc::{ContentCipher, KeyTransport};
use xml::{Name, NewElement};

use super::{
    BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, METADATA, OwnKeys, PERSISTENT, PROTOCOL, SamlReason,
};

const fn md(local: &'static str) -> NewElement {
    NewElement::new(Name::new("md", METADATA, local))
}

const fn ds(local: &'static str) -> NewElement {
    NewElement::new(Name::new("ds", SIGNATURE, local))
}

/// What our metadata says.
#[derive(Clone, Copy, Debug)]
pub struct OwnMetadata<'a> {
    /// Our `entityID`.
    pub entity_id: &'a str,
    /// Where the browser posts the Response.
    pub assertion_consumer_service: &'a str,
    /// Where logout messages are taken by HTTP-Redirect and HTTP-POST.
    pub single_logout: Option<&'a str>,
    /// Where logout messages are taken by SOAP.
    pub single_logout_soap: Option<&'a str>,
    /// Our keys.
    pub own_keys: &'a OwnKeys,
}

impl OwnMetadata<'_> {
    /// The document to register. Requests are not signed: an unsigned request can only ask that an answer go to the registered address.
    pub fn document(&self) -> Result<String, SamlReason> {
        let keys = self.own_keys;
        let signing = keys
            .signing_certificate()
            .map(|certificate| descriptor("signing", certificate));
        let encryption = keys.encryption_certificate().map(|certificate| {
            let method = |algorithm| md("EncryptionMethod").attribute("Algorithm", algorithm);
            let transport = KeyTransport::RsaOaepSha256;
            descriptor("encryption", certificate)
                .child(method(ContentCipher::Aes256Gcm.uri()))
                .child(method(transport.uri()).children(transport.parameters()))
        });
        let role = md("SPSSODescriptor")
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .attribute("AuthnRequestsSigned", "false")
            .attribute("WantAssertionsSigned", "true")
            .children(signing)
            .children(encryption)
            .children(self.single_logout_soap.map(|at| logout(BINDING_SOAP, at)))
            .children(self.single_logout.map(|at| logout(BINDING_REDIRECT, at)))
            .children(self.single_logout.map(|at| logout(BINDING_POST, at)))
            .child(md("NameIDFormat").text(PERSISTENT))
            .child(
                md("AssertionConsumerService")
                    .attribute("Binding", BINDING_POST)
                    .attribute("Location", self.assertion_consumer_service.to_owned())
                    .attribute("index", "0")
                    .attribute("isDefault", "true"),
            );
        let whole = md("EntityDescriptor")
            .attribute("entityID", self.entity_id.to_owned())
            .child(role)
            .to_canonical()?;
        String::from_utf8(whole).map_err(|_| SamlReason::Malformed { what: "metadata" })
    }
}

fn logout(binding: &'static str, location: &str) -> NewElement {
    md("SingleLogoutService")
        .attribute("Binding", binding)
        .attribute("Location", location.to_owned())
}

fn descriptor(purpose: &'static str, certificate: &[u8]) -> NewElement {
    let certificate = ds("X509Certificate").text(xml::encode_base64(certificate));
    md("KeyDescriptor")
        .attribute("use", purpose)
        .child(ds("KeyInfo").child(ds("X509Data").child(certificate)))
}
