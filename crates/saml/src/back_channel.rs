//! The order of the rules for messages by SOAP, as one readable table per message.
//!
//! A message walks `SoapRequest::decode` → [`crate::binding::soap::SoapRequest::issuer`] (unchecked, good for a look-up) →
//! the caller finds [`ServiceFacts`] → [`check_artifact_resolve`] or [`check_attribute_query`] → [`Checked`].

use domain::Timestamp;

use crate::binding::artifact::Artifact;
use crate::binding::soap::SoapRequest;
use crate::check::Checked;
use crate::elements::{ArtifactResolve, AttributeQuery, RequestHead, Status};
use crate::rules::back_channel::{
    Asked, Rule, attributes_are_asked_by_their_own_name, destination_is_this_endpoint,
    issue_instant_is_within_clock_skew, issuer_is_the_registered_service, version_is_2_0,
};
use crate::{Answer, IdpFacts, Reason, ServiceFacts, Trace};

const SIGNED: (&str, &str) = (
    "message_is_signed_by_the_service",
    "saml-core-2.0-os 5.4; saml-bindings-2.0-os 3.2.2.3",
);
const READABLE: (&str, &str) = ("message_is_well_formed", "saml-core-2.0-os 3.3.2.3, 3.5.1");
const ARTIFACT: (&str, &str) = ("artifact_was_made_here", "saml-bindings-2.0-os 3.6.4");

/// What holds for every message.
const ANY_MESSAGE: [Rule; 4] = [
    issuer_is_the_registered_service::RULE,
    destination_is_this_endpoint::RULE,
    issue_instant_is_within_clock_skew::RULE,
    version_is_2_0::RULE,
];

/// A message that was not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackChannelRefused {
    /// Why.
    pub reason: Reason,
    /// Which rules ran.
    pub trace: Trace,
    /// The `ID` to answer, where who asks is known: from there on a refusal is a status, before it a SOAP fault.
    pub in_response_to: Option<String>,
}

impl BackChannelRefused {
    /// The status that tells it.
    pub fn status(&self) -> Status {
        match self.reason.answer() {
            Answer::Respond(status) => status,
            Answer::LocalPage => Status::REQUESTER,
        }
    }
}

/// A service asks for the message behind an artifact.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolve {
    /// `ID`
    pub id: String,
    /// The artifact, one that only we can have made; whether we did is for the store to say.
    pub artifact: Artifact,
}

/// What stands beside the name in a query: the subject of every answer is identical to the query's (core-2.0-os section 3.3.4).
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Qualifiers {
    /// `NameQualifier`, where it is there.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`, where it is there.
    pub sp_name_qualifier: Option<String>,
    /// `SPProvidedID`, where it is there. Not printed.
    pub sp_provided_id: Option<String>,
}

/// A service asks about a person.
#[derive(Clone, Eq, PartialEq)]
pub struct Query {
    /// `ID`. The same one again before [`Query::replay_until`] is a replay.
    pub id: String,
    /// The persistent name.
    pub name: String,
    /// What stands beside it.
    pub qualifiers: Qualifiers,
    /// Names of attributes; none means all that may be had.
    pub attributes: Option<Vec<String>>,
    /// When the query is too old anyway.
    pub replay_until: Timestamp,
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Query({}, {:?})", self.id, self.attributes)
    }
}

/// Checks an `ArtifactResolve` against the facts of the service that it names.
pub fn check_artifact_resolve(
    incoming: &SoapRequest,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Result<(Checked<Resolve>, Trace), Box<BackChannelRefused>> {
    let walk = Walk {
        incoming,
        service,
        idp,
        now,
    };
    let (message, mut trace) = walk.read(
        ArtifactResolve::read,
        |message: &ArtifactResolve| &message.head,
        &idp.artifact_resolution,
    )?;
    let id = message.head.id;
    match Artifact::parse(&message.artifact, &idp.entity_id) {
        Ok(artifact) => {
            trace.passed(ARTIFACT.0, ARTIFACT.1);
            Ok((Checked::passed(Resolve { id, artifact }), trace))
        }
        Err(reason) => Err(refuse(ARTIFACT, reason, trace, Some(id))),
    }
}

/// Checks an `AttributeQuery` against the facts of the service that it names.
pub fn check_attribute_query(
    incoming: &SoapRequest,
    service: &ServiceFacts,
    idp: &IdpFacts,
    now: Timestamp,
) -> Result<(Checked<Query>, Trace), Box<BackChannelRefused>> {
    use attributes_are_asked_by_their_own_name as own_name;
    let walk = Walk {
        incoming,
        service,
        idp,
        now,
    };
    let (message, mut trace) = walk.read(
        AttributeQuery::read,
        |message: &AttributeQuery| &message.head,
        &idp.attribute_query,
    )?;
    if let Err(reason) = own_name::check(&message, service, idp) {
        let row = (own_name::NAME, own_name::CITATION);
        return Err(refuse(row, reason, trace, Some(message.head.id)));
    }
    trace.passed(own_name::NAME, own_name::CITATION);
    let query = Query {
        id: message.head.id,
        name: message.name,
        qualifiers: Qualifiers {
            name_qualifier: message.name_qualifier,
            sp_name_qualifier: message.sp_name_qualifier,
            sp_provided_id: message.sp_provided_id,
        },
        attributes: Some(message.attributes).filter(|names| !names.is_empty()),
        replay_until: message
            .head
            .issue_instant
            .plus_seconds(idp.request_max_age_seconds)
            .plus_seconds(idp.clock_skew_seconds),
    };
    Ok((Checked::passed(query), trace))
}

struct Walk<'a> {
    incoming: &'a SoapRequest,
    service: &'a ServiceFacts,
    idp: &'a IdpFacts,
    now: Timestamp,
}

impl Walk<'_> {
    /// Verifies, reads from what was verified, and holds against it what holds for every message.
    fn read<T>(
        &self,
        read: impl Fn(xml::Element<'_>) -> Result<T, Reason>,
        head: impl Fn(&T) -> &RequestHead,
        endpoint: &str,
    ) -> Result<(T, Trace), Box<BackChannelRefused>> {
        let mut trace = Trace::default();
        let verified = match self.incoming.verify(&self.service.signing_keys) {
            Ok(verified) => verified,
            Err(reason) => return Err(refuse(SIGNED, reason, trace, None)),
        };
        trace.passed(SIGNED.0, SIGNED.1);
        let message = verified
            .document()
            .map_err(Reason::from)
            .and_then(|document| read(document.root()));
        let message = match message {
            Ok(message) => message,
            Err(reason) => return Err(refuse(READABLE, reason, trace, None)),
        };
        trace.passed(READABLE.0, READABLE.1);
        let asked = Asked {
            head: head(&message),
            endpoint,
            service: self.service,
            idp: self.idp,
            now: self.now,
        };
        for rule in &ANY_MESSAGE {
            if let Err(reason) = (rule.check)(&asked) {
                let known = asked.head.issuer == self.service.entity_id;
                let id = known.then(|| asked.head.id.clone());
                return Err(refuse((rule.name, rule.citation), reason, trace, id));
            }
            trace.passed(rule.name, rule.citation);
        }
        Ok((message, trace))
    }
}

#[allow(clippy::unnecessary_box_returns, reason = "every caller returns it in a box")]
fn refuse(
    row: (&'static str, &'static str),
    reason: Reason,
    mut trace: Trace,
    in_response_to: Option<String>,
) -> Box<BackChannelRefused> {
    trace.failed(row.0, row.1, reason.clone());
    Box::new(BackChannelRefused {
        reason,
        trace,
        in_response_to,
    })
}
