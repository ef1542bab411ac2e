//! One canonical sample of everything, which the rules' tables bend.

use domain::{AcsEndpoint, SamlBinding, Timestamp};

use crate::elements::AuthnRequest;
use crate::rules::authn_request::Asked;
use crate::{IdpFacts, Reason, ServiceFacts};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);
pub(crate) const IDP: &str = "https://idp.example/saml/metadata";
pub(crate) const SSO_REDIRECT: &str = "https://idp.example/saml/sso";
pub(crate) const SSO_POST: &str = "https://idp.example/saml/sso/post";
pub(crate) const SP: &str = "https://sp.example/metadata";
pub(crate) const ACS: &str = "https://sp.example/acs";
pub(crate) const ACS_SECOND: &str = "https://sp.example/acs/second";
pub(crate) const CONTEXT_TLS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient";
pub(crate) const CONTEXT_CARD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";

pub(crate) struct Sample {
    pub(crate) request: AuthnRequest,
    pub(crate) binding: SamlBinding,
    pub(crate) signed: bool,
    pub(crate) service: ServiceFacts,
    pub(crate) idp: IdpFacts,
}

pub(crate) fn service() -> ServiceFacts {
    let acs = |index, location: &str| AcsEndpoint {
        binding: domain::AcsBinding::HttpPost,
        index,
        location: location.to_owned(),
        is_default: None,
    };
    ServiceFacts {
        entity_id: SP.to_owned(),
        assertion_consumer_services: vec![acs(0, ACS), acs(7, ACS_SECOND)],
        single_logout_services: Vec::new(),
        signing_keys: Vec::new(),
        encryption_keys: Vec::new(),
        encryption_methods: Vec::new(),
        authn_requests_signed: false,
        sign_response: false,
        name_id_formats: Vec::new(),
        subject_id_requirement: None,
        attribute_services: Vec::new(),
        subject_id: false,
        unsolicited: false,
    }
}

pub(crate) fn idp() -> IdpFacts {
    IdpFacts {
        entity_id: IDP.to_owned(),
        sso_redirect: SSO_REDIRECT.to_owned(),
        sso_post: SSO_POST.to_owned(),
        slo: "https://idp.example/saml/slo".to_owned(),
        slo_soap: "https://idp.example/saml/slo/soap".to_owned(),
        artifact_resolution: "https://idp.example/saml/artifact".to_owned(),
        attribute_query: "https://idp.example/saml/attributes".to_owned(),
        scope: "idp.example".to_owned(),
        clock_skew_seconds: IdpFacts::DEFAULT_CLOCK_SKEW_SECONDS,
        request_max_age_seconds: IdpFacts::DEFAULT_REQUEST_MAX_AGE_SECONDS,
        authn_contexts: vec![CONTEXT_TLS.to_owned(), CONTEXT_CARD.to_owned()],
    }
}

impl Sample {
    pub(crate) fn new() -> Self {
        Self {
            request: AuthnRequest {
                id: "_request".to_owned(),
                version: "2.0".to_owned(),
                issue_instant: NOW,
                destination: Some(SSO_REDIRECT.to_owned()),
                issuer: SP.to_owned(),
                force_authn: false,
                is_passive: false,
                protocol_binding: None,
                acs_url: Some(ACS.to_owned()),
                acs_index: None,
                name_id_policy: None,
                requested_authn_context: None,
                has_subject: false,
                attribute_service_index: None,
            },
            binding: SamlBinding::HttpRedirect,
            signed: false,
            service: service(),
            idp: idp(),
        }
    }

    fn verdict(&self, check: fn(&Asked<'_>) -> Result<(), Reason>) -> Result<(), Reason> {
        check(&Asked {
            request: &self.request,
            binding: self.binding,
            signed: self.signed,
            service: &self.service,
            idp: &self.idp,
            now: NOW,
        })
    }
}

pub(crate) fn accepts(check: fn(&Asked<'_>) -> Result<(), Reason>, change: impl Fn(&mut Sample)) {
    let mut sample = Sample::new();
    change(&mut sample);
    assert_eq!(sample.verdict(check), Ok(()));
}

pub(crate) fn refuses(
    check: fn(&Asked<'_>) -> Result<(), Reason>,
    change: impl Fn(&mut Sample),
    expected: &Reason,
) {
    let mut sample = Sample::new();
    change(&mut sample);
    assert_eq!(sample.verdict(check).as_ref(), Err(expected));
}
