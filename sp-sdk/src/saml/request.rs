//! The question (core-2.0-os section 3.4.1), sent by redirect.

use domain::{Entropy, Timestamp};
use saml::binding::redirect::encode_unsigned_request;
use saml::elements::MessageId;
use serde::{Deserialize, Serialize};
use xml::{Name, NewElement};

use super::{ASSERTION, BINDING_POST, PERSISTENT, PROTOCOL, SamlReason, ServiceProvider};

/// What is asked beyond "who is this".
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestOptions {
    /// A session at the platform must not answer: the person signs in again.
    pub force_authn: bool,
    /// Classes of which one must be met (`urn:…`); none means any.
    pub levels: Vec<String>,
    /// How certain it must be that the card is not revoked: asked for beside a class (`urn:…:ocsp`). The answer says it in
    /// `revocation-certainty`, which the service must be registered for (`assurance_level`); without it nothing is proven, and the
    /// answer is refused.
    pub certainty: Option<String>,
}

/// What is kept for the browser until the answer comes. It is used for one answer.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SentRequest {
    pub(super) id: String,
    pub(super) sent_at: Timestamp,
    pub(super) force_authn: bool,
    pub(super) levels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) certainty: Option<String>,
}

impl ServiceProvider {
    /// The address to send the browser to, and what to keep for that browser.
    pub fn begin(
        &self,
        options: &RequestOptions,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<(String, SentRequest), SamlReason> {
        let sent = SentRequest {
            id: MessageId::generate(entropy).to_string(),
            sent_at: now,
            force_authn: options.force_authn,
            levels: options.levels.clone(),
            certainty: options.certainty.clone(),
        };
        let message = self.compose(&sent)?.to_canonical()?;
        let address = encode_unsigned_request(self.identity_provider.single_sign_on(), &message, None)
            .map_err(SamlReason::Request)?;
        Ok((address, sent))
    }

    fn compose(&self, sent: &SentRequest) -> Result<NewElement, SamlReason> {
        let samlp = |local| NewElement::new(Name::new("samlp", PROTOCOL, local));
        let saml = |local| NewElement::new(Name::new("saml", ASSERTION, local));
        let issue_instant = sent
            .sent_at
            .to_rfc3339()
            .map_err(|_| SamlReason::Malformed { what: "the time" })?;
        let names: Vec<&String> = sent.levels.iter().chain(&sent.certainty).collect();
        let levels = (!names.is_empty()).then(|| {
            samlp("RequestedAuthnContext")
                .attribute("Comparison", "exact")
                .children(
                    names
                        .into_iter()
                        .map(|name| saml("AuthnContextClassRef").text(name.clone())),
                )
        });
        Ok(samlp("AuthnRequest")
            .attribute("ID", sent.id.clone())
            .attribute("Version", "2.0")
            .attribute("IssueInstant", issue_instant)
            .attribute("Destination", self.identity_provider.single_sign_on().to_owned())
            .attribute(
                "AssertionConsumerServiceURL",
                self.assertion_consumer_service.clone(),
            )
            .attribute("ProtocolBinding", BINDING_POST)
            .attribute_if("ForceAuthn", sent.force_authn.then_some("true"))
            .child(saml("Issuer").text(self.entity_id.clone()))
            .child(
                samlp("NameIDPolicy")
                    .attribute("Format", PERSISTENT)
                    .attribute("AllowCreate", "true"),
            )
            .children(levels))
    }
}
