//! Our own metadata, written canonically and signed in two phases.

use domain::{Entropy, NameIdFormat, Timestamp};
use xml::dsig::{DigestAlgorithm, Draft, SignatureAlgorithm, key_info};
use xml::{Name, NewElement};

use crate::elements::MessageId;
use crate::names::{
    ALGSUPPORT, BINDING_POST, BINDING_REDIRECT, BINDING_SIMPLE_SIGN, BINDING_SOAP, MDUI, PROTOCOL, SHIBMD,
    XML, md, name_id_format_uri,
};
use crate::reply::Signing;
use crate::{IdpFacts, Reason};

/// What our metadata says.
#[derive(Clone, Copy, Debug)]
pub struct IdpMetadata<'a> {
    /// Who we are and where we answer.
    pub idp: &'a IdpFacts,
    /// Certificates (DER) of the keys that sign or will sign; more than one during a roll-over, the current first.
    pub signing_certificates: &'a [Vec<u8>],
    /// Name identifier formats that we issue, the preferred first.
    pub name_id_formats: &'a [NameIdFormat],
    /// `WantAuthnRequestsSigned`
    pub want_authn_requests_signed: bool,
    /// Name shown to people who choose an identity provider.
    pub display_name: Option<&'a domain::Localized>,
    /// `errorURL`: where a service may send a person whose sign-in failed there.
    pub error_url: Option<&'a str>,
    /// `validUntil`
    pub valid_until: Timestamp,
    /// `cacheDuration` in seconds.
    pub cache_duration_seconds: u32,
}

/// Our metadata, waiting for its signature.
#[derive(Debug)]
pub struct MetadataDraft(Draft);

impl IdpMetadata<'_> {
    /// Without a signature: for services that are given the file by hand.
    pub fn unsigned(&self, entropy: &dyn Entropy) -> Result<Vec<u8>, Reason> {
        Ok(self.compose(&MessageId::generate(entropy))?.to_canonical()?)
    }

    /// To be signed.
    pub fn to_be_signed(&self, signing: Signing<'_>, entropy: &dyn Entropy) -> Result<MetadataDraft, Reason> {
        let descriptor = self.compose(&MessageId::generate(entropy))?;
        Ok(MetadataDraft(Draft::new(
            descriptor,
            0,
            signing.algorithm,
            signing.certificate,
        )?))
    }

    /// The scope tells services which subject identifiers are ours to make (Shibboleth's metadata extension, which the
    /// service providers that check scopes read).
    fn scope(&self) -> NewElement {
        md("Extensions").child(
            NewElement::new(Name::new("shibmd", SHIBMD, "Scope"))
                .attribute("regexp", "false")
                .text(self.idp.scope.clone()),
        )
    }

    fn extensions(&self) -> NewElement {
        self.scope()
            .children(self.display_name.map(ui_info))
            .children(algorithms())
    }

    fn compose(&self, id: &MessageId) -> Result<NewElement, Reason> {
        let valid_until = self
            .valid_until
            .to_rfc3339()
            .map_err(|_| Reason::InvalidValue { what: "validUntil" })?;
        let keys = || {
            self.signing_certificates.iter().map(|der| {
                md("KeyDescriptor")
                    .attribute("use", "signing")
                    .child(key_info([der.as_slice()]))
            })
        };
        let authority = md("AttributeAuthorityDescriptor")
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .child(self.scope())
            .children(keys())
            .child(
                md("AttributeService")
                    .attribute("Binding", BINDING_SOAP)
                    .attribute("Location", self.idp.attribute_query.clone()),
            )
            .child(md("NameIDFormat").text(name_id_format_uri(NameIdFormat::Persistent)));
        let role = md("IDPSSODescriptor")
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .attribute(
                "WantAuthnRequestsSigned",
                if self.want_authn_requests_signed {
                    "true"
                } else {
                    "false"
                },
            )
            .attribute_if("errorURL", self.error_url.map(str::to_owned))
            .child(self.extensions())
            .children(keys())
            .child(
                md("ArtifactResolutionService")
                    .attribute("Binding", BINDING_SOAP)
                    .attribute("Location", self.idp.artifact_resolution.clone())
                    .attribute("index", "0")
                    .attribute("isDefault", "true"),
            )
            .child(endpoint("SingleLogoutService", BINDING_REDIRECT, &self.idp.slo))
            .child(endpoint("SingleLogoutService", BINDING_POST, &self.idp.slo))
            .child(endpoint("SingleLogoutService", BINDING_SOAP, &self.idp.slo_soap))
            .children(
                self.name_id_formats
                    .iter()
                    .map(|format| md("NameIDFormat").text(name_id_format_uri(*format))),
            )
            .child(endpoint(
                "SingleSignOnService",
                BINDING_REDIRECT,
                &self.idp.sso_redirect,
            ))
            .child(endpoint("SingleSignOnService", BINDING_POST, &self.idp.sso_post))
            .child(endpoint(
                "SingleSignOnService",
                BINDING_SIMPLE_SIGN,
                &self.idp.sso_post,
            ));
        Ok(md("EntityDescriptor")
            .attribute("ID", id.as_str().to_owned())
            .attribute("entityID", self.idp.entity_id.clone())
            .attribute("validUntil", valid_until)
            .attribute("cacheDuration", format!("PT{}S", self.cache_duration_seconds))
            .child(role)
            .child(authority))
    }
}

impl MetadataDraft {
    /// What the signer signs.
    pub fn signing_input(&self) -> &[u8] {
        self.0.signing_input()
    }

    /// How the signer signs it.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    /// The document (for ECDSA `r || s`, see [`Draft::attach`]).
    pub fn attach(self, signature: &[u8]) -> Result<Vec<u8>, Reason> {
        Ok(self.0.attach(signature)?.to_canonical()?)
    }
}

/// What we verify (saml-metadata-algsupport-v1.0 section 2.4 and 2.5); nothing of SHA-1 is among it.
fn algorithms() -> impl Iterator<Item = NewElement> {
    let named = |local: &'static str, uri: &'static str| {
        NewElement::new(Name::new("alg", ALGSUPPORT, local)).attribute("Algorithm", uri)
    };
    let digests = DigestAlgorithm::ALL
        .into_iter()
        .map(move |one| named("DigestMethod", one.uri()));
    let methods = SignatureAlgorithm::ALL
        .into_iter()
        .map(move |one| named("SigningMethod", one.uri()));
    digests.chain(methods)
}

fn endpoint(name: &'static str, binding: &'static str, location: &str) -> NewElement {
    md(name)
        .attribute("Binding", binding)
        .attribute("Location", location.to_owned())
}

/// MDUI 1.0 section 2.1.
fn ui_info(name: &domain::Localized) -> NewElement {
    let mdui = |local: &'static str| NewElement::new(Name::new("mdui", MDUI, local));
    let lang = Name::new("xml", XML, "lang");
    mdui("UIInfo").children(domain::Language::ALL.into_iter().map(|language| {
        mdui("DisplayName")
            .qualified_attribute(lang, language.tag())
            .text(name.get(language).to_owned())
    }))
}
