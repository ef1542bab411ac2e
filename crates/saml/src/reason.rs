//! Why a message is refused, and how each refusal is answered.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::elements::{SecondStatus, Status, TopStatus};

/// Why a message is refused. Texts from outside are cut to [`Reason::TEXT_LIMIT`] characters.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    // --- binding ---
    /// A parameter is missing.
    ParameterMissing {
        /// Its name.
        name: &'static str,
    },
    /// A parameter comes more than once.
    ParameterRepeated {
        /// Its name.
        name: &'static str,
    },
    /// A parameter's name is percent-encoded, so that two readers may disagree about what it is.
    ParameterDisguised {
        /// The name that it decodes to.
        name: &'static str,
    },
    /// A parameter is not percent-encoded UTF-8.
    ParameterEncoding {
        /// Its name.
        name: &'static str,
    },
    /// A parameter is longer than allowed.
    ParameterTooLong {
        /// Its name.
        name: &'static str,
        /// Octets allowed.
        limit: usize,
    },
    /// `SAMLEncoding` names something other than DEFLATE.
    UnknownEncoding,
    /// The message is not base64.
    NotBase64,
    /// The message is not one whole DEFLATE stream (RFC 1951).
    NotDeflate,
    /// The message would inflate to more octets than allowed.
    InflatesTooLarge {
        /// Octets allowed.
        limit: usize,
    },
    /// `SigAlg` without `Signature`, or the other way round.
    SignatureHalf,
    /// Not an envelope of SOAP 1.1.
    NotSoapEnvelope {
        /// The root's namespace.
        found: String,
    },
    /// Not one `Body` with one message, behind at most one `Header`.
    SoapBody,
    /// A header block that must be understood.
    SoapMustUnderstand {
        /// Its local name.
        found: String,
    },
    // --- XML and signature ---
    /// Refused by the reader, or by the verification of a signature.
    Xml(xml::Reason),
    /// A message by HTTP-Redirect, or by HTTP-POST-SimpleSign, has a `ds:Signature` inside (bindings section 3.4.4.1
    /// wants it removed).
    SignatureInsideRedirect,
    /// The service's requests must be signed, and this one is not.
    SignatureDemanded,
    /// A key in the registry record cannot be read.
    RegisteredKeyUnusable,
    /// The service's metadata lists how it decrypts, and nothing of that can be done here (metadata-2.0-os section 2.4.1.1).
    NoCommonEncryption,
    // --- elements ---
    /// The root is another element.
    NotAuthnRequest {
        /// Its local name.
        found: String,
    },
    /// The root is neither `LogoutRequest` nor `LogoutResponse`, or not the one that was expected.
    NotLogoutMessage {
        /// Its local name.
        found: String,
    },
    /// `NotOnOrAfter` has passed.
    NoLongerValid {
        /// Seconds since.
        seconds: i64,
    },
    /// The person is named by an encrypted or unknown kind of identifier.
    PrincipalUnreadable,
    /// A name identifier that another one issued, or for another service.
    PrincipalOfAnother,
    /// The response answers another request, or none.
    AnswersAnother,
    /// The message is another one than this endpoint answers.
    NotTheMessage {
        /// The local name that is answered.
        wanted: &'static str,
        /// The root's local name.
        found: String,
    },
    /// The artifact is of another type, endpoint or issuer.
    ArtifactOfAnother,
    /// An element where the schema has none, or again, or out of order.
    UnexpectedElement {
        /// Its local name.
        element: String,
    },
    /// An attribute that the schema does not have.
    UnexpectedAttribute {
        /// Its local name.
        attribute: String,
    },
    /// A required element or attribute is missing.
    Missing {
        /// Its name.
        what: &'static str,
    },
    /// A value is not of its type.
    InvalidValue {
        /// Of which element or attribute.
        what: &'static str,
    },
    // --- rules ---
    /// `Issuer` is not the service whose facts were given.
    IssuerIsAnother {
        /// What it is.
        found: String,
    },
    /// A signed message names no destination.
    DestinationMissing,
    /// The message is addressed to somebody else.
    DestinationElsewhere {
        /// The address.
        found: String,
    },
    /// `IssueInstant` lies in the future beyond the clock skew.
    IssuedInFuture {
        /// Seconds ahead of our clock.
        seconds: i64,
    },
    /// The request is too old.
    RequestExpired {
        /// Seconds since `IssueInstant`.
        seconds: i64,
    },
    /// Both an index and a location of an assertion consumer service.
    AcsAmbiguous,
    /// The location is not one of the registered ones.
    AcsNotRegistered {
        /// The location.
        found: String,
    },
    /// The index is not one of the registered ones.
    AcsIndexNotRegistered {
        /// The index.
        index: u16,
    },
    /// The set of attributes is not one of the registered ones.
    AttributeSetNotRegistered {
        /// Its index.
        index: u16,
    },
    /// The service may not be sent people who did not come from it.
    UnsolicitedNotPermitted,
    /// A version other than 2.0.
    VersionUnsupported {
        /// Whether it is higher than ours.
        higher: bool,
    },
    /// The reply is wanted by a binding that we do not answer with.
    BindingUnsupported {
        /// Its identifier.
        found: String,
    },
    /// The request names a person.
    SubjectPresent,
    /// A name identifier format that we do not issue.
    NameIdFormatUnsupported {
        /// Its identifier.
        found: String,
    },
    /// A name identifier in the namespace of another service.
    NameQualifierOfAnother {
        /// The namespace.
        found: String,
    },
    /// None of the requested authentication contexts is known here.
    AuthnContextUnknown,
}

/// How a refusal is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// Only by a page here: who asks, or where the answer should go, is not established.
    LocalPage,
    /// By a Response with this status to the assertion consumer service, which is registered.
    Respond(Status),
}

impl From<xml::Reason> for Reason {
    fn from(reason: xml::Reason) -> Self {
        Self::Xml(reason)
    }
}

impl Reason {
    /// Characters of outside text that a reason carries at most.
    pub const TEXT_LIMIT: usize = 120;

    pub(crate) fn bounded(text: &str) -> String {
        text.chars().take(Self::TEXT_LIMIT).collect()
    }

    /// How the refusal is answered.
    pub const fn answer(&self) -> Answer {
        use SecondStatus::{InvalidNameIdPolicy, NoAuthnContext, RequestUnsupported, RequestVersionTooHigh};
        use SecondStatus::{RequestVersionTooLow, UnknownPrincipal, UnsupportedBinding};
        use TopStatus::{Requester, Responder, VersionMismatch};
        let (top, second) = match self {
            Self::VersionUnsupported { higher: true } => (VersionMismatch, RequestVersionTooHigh),
            Self::VersionUnsupported { higher: false } => (VersionMismatch, RequestVersionTooLow),
            Self::BindingUnsupported { .. } => (Requester, UnsupportedBinding),
            Self::PrincipalUnreadable => (Responder, RequestUnsupported),
            Self::PrincipalOfAnother => (Requester, UnknownPrincipal),
            Self::SubjectPresent | Self::AttributeSetNotRegistered { .. } => (Requester, RequestUnsupported),
            Self::NameIdFormatUnsupported { .. } | Self::NameQualifierOfAnother { .. } => {
                (Requester, InvalidNameIdPolicy)
            }
            Self::AuthnContextUnknown => (Responder, NoAuthnContext),
            _ => return Answer::LocalPage,
        };
        Answer::Respond(Status {
            top,
            second: Some(second),
        })
    }

    /// A stable word for logs, metrics and the operator's view.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ParameterMissing { .. } => "parameter_missing",
            Self::ParameterRepeated { .. } => "parameter_repeated",
            Self::ParameterDisguised { .. } => "parameter_disguised",
            Self::ParameterEncoding { .. } => "parameter_encoding",
            Self::ParameterTooLong { .. } => "parameter_too_long",
            Self::UnknownEncoding => "unknown_encoding",
            Self::NotBase64 => "not_base64",
            Self::NotDeflate => "not_deflate",
            Self::InflatesTooLarge { .. } => "inflates_too_large",
            Self::SignatureHalf => "signature_half",
            Self::NotSoapEnvelope { .. } => "not_soap_envelope",
            Self::SoapBody => "soap_body",
            Self::SoapMustUnderstand { .. } => "soap_must_understand",
            Self::Xml(_) => "xml",
            Self::SignatureInsideRedirect => "signature_inside_redirect",
            Self::SignatureDemanded => "signature_demanded",
            Self::RegisteredKeyUnusable => "registered_key_unusable",
            Self::NoCommonEncryption => "no_common_encryption",
            Self::NotAuthnRequest { .. } => "not_authn_request",
            Self::NotLogoutMessage { .. } => "not_logout_message",
            Self::NoLongerValid { .. } => "no_longer_valid",
            Self::PrincipalUnreadable => "principal_unreadable",
            Self::PrincipalOfAnother => "principal_of_another",
            Self::AnswersAnother => "answers_another",
            Self::NotTheMessage { .. } => "not_the_message",
            Self::ArtifactOfAnother => "artifact_of_another",
            Self::UnexpectedElement { .. } => "unexpected_element",
            Self::UnexpectedAttribute { .. } => "unexpected_attribute",
            Self::Missing { .. } => "missing",
            Self::InvalidValue { .. } => "invalid_value",
            Self::IssuerIsAnother { .. } => "issuer_is_another",
            Self::DestinationMissing => "destination_missing",
            Self::DestinationElsewhere { .. } => "destination_elsewhere",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::RequestExpired { .. } => "request_expired",
            Self::AcsAmbiguous => "acs_ambiguous",
            Self::AcsNotRegistered { .. } => "acs_not_registered",
            Self::AcsIndexNotRegistered { .. } => "acs_index_not_registered",
            Self::AttributeSetNotRegistered { .. } => "attribute_set_not_registered",
            Self::UnsolicitedNotPermitted => "unsolicited_not_permitted",
            Self::VersionUnsupported { .. } => "version_unsupported",
            Self::BindingUnsupported { .. } => "binding_unsupported",
            Self::SubjectPresent => "subject_present",
            Self::NameIdFormatUnsupported { .. } => "name_id_format_unsupported",
            Self::NameQualifierOfAnother { .. } => "name_qualifier_of_another",
            Self::AuthnContextUnknown => "authn_context_unknown",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ParameterMissing { name } => write!(f, "the parameter {name} is missing"),
            Self::ParameterRepeated { name } => write!(f, "the parameter {name} comes more than once"),
            Self::ParameterDisguised { name } => {
                write!(f, "the name of the parameter {name} is percent-encoded")
            }
            Self::ParameterEncoding { name } => {
                write!(f, "the parameter {name} is not percent-encoded UTF-8")
            }
            Self::ParameterTooLong { name, limit } => {
                write!(f, "the parameter {name} is longer than {limit} octets")
            }
            Self::UnknownEncoding => f.write_str("SAMLEncoding is not DEFLATE"),
            Self::NotBase64 => f.write_str("the message is not base64"),
            Self::NotDeflate => f.write_str("the message is not one whole DEFLATE stream"),
            Self::InflatesTooLarge { limit } => write!(f, "the message inflates to more than {limit} octets"),
            Self::SignatureHalf => f.write_str("SigAlg and Signature must come together"),
            Self::NotSoapEnvelope { found } => write!(f, "not an envelope of SOAP 1.1 but of {found}"),
            Self::SoapBody => f.write_str("the envelope does not hold one body with one message"),
            Self::SoapMustUnderstand { found } => write!(f, "a header that must be understood: {found}"),
            Self::Xml(reason) => write!(f, "{reason}"),
            Self::SignatureInsideRedirect => {
                f.write_str("a message with a detached signature, or redirected, has another one inside")
            }
            Self::SignatureDemanded => f.write_str("the service's requests must be signed"),
            Self::RegisteredKeyUnusable => f.write_str("a registered key cannot be read"),
            Self::NoCommonEncryption => {
                f.write_str("nothing that the service's EncryptionMethods list can be done here")
            }
            Self::NotAuthnRequest { found } => write!(f, "not an AuthnRequest but {found}"),
            Self::NotLogoutMessage { found } => {
                write!(f, "not the logout message that was expected but {found}")
            }
            Self::NoLongerValid { seconds } => write!(f, "not valid any more since {seconds} s"),
            Self::PrincipalUnreadable => f.write_str("the person is named by no readable name identifier"),
            Self::PrincipalOfAnother => f.write_str("the name identifier is qualified by another party"),
            Self::AnswersAnother => f.write_str("the response answers another request, or none"),
            Self::NotTheMessage { wanted, found } => write!(f, "not a {wanted} but {found}"),
            Self::ArtifactOfAnother => f.write_str("no artifact of type 4 of ours"),
            Self::UnexpectedElement { element } => write!(f, "unexpected element {element}"),
            Self::UnexpectedAttribute { attribute } => write!(f, "unexpected attribute {attribute}"),
            Self::Missing { what } => write!(f, "{what} is missing"),
            Self::InvalidValue { what } => write!(f, "the value of {what} is not of its type"),
            Self::IssuerIsAnother { found } => write!(f, "the issuer is another service: {found}"),
            Self::DestinationMissing => f.write_str("a signed message must name its destination"),
            Self::DestinationElsewhere { found } => {
                write!(f, "the message is addressed to {}", address(found))
            }
            Self::IssuedInFuture { seconds } => write!(f, "issued {seconds} s ahead of our clock"),
            Self::RequestExpired { seconds } => write!(f, "issued {seconds} s ago"),
            Self::AcsAmbiguous => {
                f.write_str("both an index and a location of an assertion consumer service")
            }
            Self::AcsNotRegistered { found } => {
                write!(f, "assertion consumer service not registered: {}", address(found))
            }
            Self::AcsIndexNotRegistered { index } => {
                write!(f, "assertion consumer service not registered: index {index}")
            }
            Self::AttributeSetNotRegistered { index } => {
                write!(f, "set of attributes not registered: index {index}")
            }
            Self::UnsolicitedNotPermitted => {
                f.write_str("the service may not be sent people who did not come from it")
            }
            Self::VersionUnsupported { higher } => f.write_str(if *higher {
                "version above 2.0"
            } else {
                "version below 2.0"
            }),
            Self::BindingUnsupported { found } => write!(f, "no reply by the binding {found}"),
            Self::SubjectPresent => f.write_str("the request names a person"),
            Self::NameIdFormatUnsupported { found } => {
                write!(f, "name identifier format not issued here: {found}")
            }
            Self::NameQualifierOfAnother { found } => {
                write!(f, "name identifier of another service: {found}")
            }
            Self::AuthnContextUnknown => {
                f.write_str("none of the requested authentication contexts is known")
            }
        }
    }
}

impl std::error::Error for Reason {}

impl Serialize for Reason {
    /// As its stable code and the sentence.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Reason", 2)?;
        fields.serialize_field("code", self.code())?;
        fields.serialize_field("detail", &self.to_string())?;
        fields.end()
    }
}

/// An address without what may be secret or somebody's: query, fragment and user information.
fn address(found: &str) -> String {
    let place = found.split(['?', '#']).next().unwrap_or_default();
    match place.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => place.to_owned(),
    }
}
