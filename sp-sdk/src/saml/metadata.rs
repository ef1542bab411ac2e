//! Our own metadata, for the registration at the platform.

use xml::{Name, NewElement};

use super::{BINDING_POST, METADATA, PERSISTENT, PROTOCOL, SamlReason, ServiceProvider};

const fn md(local: &'static str) -> NewElement {
    NewElement::new(Name::new("md", METADATA, local))
}

impl ServiceProvider {
    /// The document to register: no keys, because requests are not signed and assertions not encrypted; an unsigned request
    /// can only ask that an answer go to the registered address.
    pub fn metadata(entity_id: &str, assertion_consumer_service: &str) -> Result<String, SamlReason> {
        let role = md("SPSSODescriptor")
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .attribute("AuthnRequestsSigned", "false")
            .attribute("WantAssertionsSigned", "true")
            .child(md("NameIDFormat").text(PERSISTENT))
            .child(
                md("AssertionConsumerService")
                    .attribute("Binding", BINDING_POST)
                    .attribute("Location", assertion_consumer_service.to_owned())
                    .attribute("index", "0")
                    .attribute("isDefault", "true"),
            );
        let whole = md("EntityDescriptor")
            .attribute("entityID", entity_id.to_owned())
            .child(role)
            .to_canonical()?;
        String::from_utf8(whole).map_err(|_| SamlReason::Malformed { what: "metadata" })
    }
}
