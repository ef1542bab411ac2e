//! SAML bindings, requests and metadata.

use saml::binding::artifact::Artifact;
use saml::binding::soap::{self, SoapRequest};
use saml::binding::{IncomingLogout, post, redirect};
use saml::elements::{ArtifactResolve, AttributeQuery, AuthnRequest, LogoutRequest, LogoutResponse};
use xml::stream::{Piece, SignedStream};
use xml::{Document, Limits};

use super::markup;

pub(crate) fn redirect(bytes: &[u8]) {
    if let Ok(query) = std::str::from_utf8(bytes)
        && let Ok(incoming) = redirect::decode(query)
    {
        let _ = incoming.issuer();
    }
}

pub(crate) fn post(bytes: &[u8]) {
    if let Ok(incoming) = post::decode(bytes) {
        let _ = incoming.issuer();
    }
}

pub(crate) fn authn_request(bytes: &[u8]) {
    if let Ok(document) = Document::parse(bytes, &Limits::message()) {
        let _ = AuthnRequest::read(document.root());
    }
}

/// An envelope's message is read, written and read again as the same octets; nothing unsigned verifies.
pub(crate) fn envelope(bytes: &[u8]) {
    let Ok(incoming) = SoapRequest::decode(bytes) else {
        return;
    };
    let _ = (incoming.name(), incoming.issuer());
    assert!(incoming.verify(&[]).is_err());
    let Ok(message) = soap::decode_response(bytes) else {
        return;
    };
    if let Ok(again) = soap::decode_response(&soap::encode(&message)) {
        assert_eq!(again, message);
    }
    if let Ok(document) = Document::parse(&message, &Limits::message()) {
        let _ = ArtifactResolve::read(document.root());
        let _ = AttributeQuery::read(document.root());
    }
}

pub(crate) fn envelopes() -> Vec<Vec<u8>> {
    let head = concat!(
        r#"xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" "#,
        r#"ID="_1" Version="2.0" IssueInstant="2026-11-21T00:00:00Z"><saml:Issuer>https://sp.example/</saml:Issuer>"#
    );
    let resolve = format!(
        "<samlp:ArtifactResolve {head}<samlp:Artifact>AAQAAA==</samlp:Artifact></samlp:ArtifactResolve>"
    );
    let query = format!(
        "<samlp:AttributeQuery {head}<saml:Subject><saml:NameID>p_1</saml:NameID></saml:Subject>\
         <saml:Attribute Name=\"urn:a\"/></samlp:AttributeQuery>"
    );
    [resolve, query]
        .iter()
        .map(|message| soap::encode(message.as_bytes()))
        .chain(markup::documents().iter().map(|document| soap::encode(document)))
        .collect()
}

/// By every binding, and the elements by themselves.
pub(crate) fn logout(bytes: &[u8]) {
    if let Ok(query) = std::str::from_utf8(bytes) {
        let _ = IncomingLogout::redirect(query).map(|incoming| incoming.is_response());
    }
    let _ = IncomingLogout::post(bytes).map(|incoming| incoming.is_response());
    assert!(
        IncomingLogout::soap_request(bytes).is_ok_and(|incoming| !incoming.is_response())
            || IncomingLogout::soap_request(bytes).is_err()
    );
    if let Ok(document) = Document::parse(bytes, &Limits::message()) {
        let _ = LogoutRequest::read(document.root());
        let _ = LogoutResponse::read(document.root());
    }
}

pub(crate) fn logouts() -> Vec<Vec<u8>> {
    let head = concat!(
        r#"xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" "#,
        r#"ID="_1" Version="2.0" IssueInstant="2026-11-21T00:00:00Z" Destination="https://idp.example/saml/slo""#,
    );
    let issuer = "<saml:Issuer>https://sp.example/</saml:Issuer>";
    let request = format!(
        "<samlp:LogoutRequest {head} NotOnOrAfter=\"2026-11-21T00:05:00Z\">{issuer}<saml:NameID Format=\"urn:f\" \
         SPNameQualifier=\"s\">p_1</saml:NameID><samlp:SessionIndex>_s</samlp:SessionIndex></samlp:LogoutRequest>"
    );
    let response = format!(
        "<samlp:LogoutResponse {head} InResponseTo=\"_0\">{issuer}<samlp:Status><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"><samlp:StatusCode Value=\"urn:p\"/></samlp:StatusCode>\
         </samlp:Status></samlp:LogoutResponse>"
    );
    let form = |name: &str, message: &str| {
        let text = xml::encode_base64(message.as_bytes())
            .replace('+', "%2B")
            .replace('=', "%3D");
        format!("{name}={text}&RelayState=r").into_bytes()
    };
    vec![
        form("SAMLRequest", &request),
        form("SAMLResponse", &response),
        soap::encode(request.as_bytes()),
        soap::encode(response.as_bytes()),
        request.into_bytes(),
        response.into_bytes(),
        b"SAMLResponse=s0nUtwMA&RelayState=r".to_vec(),
    ]
}

const ENTITY: &str = "https://idp.example/";

/// What is read is written the same.
pub(crate) fn artifact(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(artifact) = Artifact::parse(text, ENTITY)
    {
        let again = Artifact::parse(&artifact.to_text(), ENTITY);
        assert_eq!(again.map(|again| *again.handle()), Ok(*artifact.handle()));
    }
}

pub(crate) fn artifacts() -> Vec<Vec<u8>> {
    struct Zeros;
    impl domain::Entropy for Zeros {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(0);
        }
    }
    let good = Artifact::generate(ENTITY, &Zeros).to_text();
    vec![good.clone().into_bytes(), good.to_lowercase().into_bytes()]
}

pub(crate) fn metadata(bytes: &[u8]) {
    let _ = saml::metadata::read_service_provider(bytes);
}

const AGGREGATE: xml::stream::Shape = xml::stream::Shape {
    namespace: "urn:oasis:names:tc:SAML:2.0:metadata",
    group: "EntitiesDescriptor",
    item: "EntityDescriptor",
    name: "entityID",
    beside: "Extensions",
};

/// A document that is read in pieces has the canonical form that the tree gives it, can be walked a second time, and verifies with no key.
pub(crate) fn aggregate(bytes: &[u8]) {
    let limits = xml::stream::StreamLimits {
        size: 1 << 20,
        piece: Limits::aggregated(),
        depth: 4,
        pieces: 64,
        ids: 64,
    };
    assert!(SignedStream::verify(bytes, AGGREGATE, limits, &[]).is_err());
    let Ok(stream) = SignedStream::unsigned(bytes, AGGREGATE, limits) else {
        return;
    };
    let walked = stream.read::<xml::Reason>(bytes, &mut |piece| {
        if let Piece::Item { element, .. } = piece {
            let _ = saml::metadata::read_entity(element);
        }
        Ok(())
    });
    assert_eq!(walked, Ok(()));
    if let Ok(document) = Document::parse(bytes, &Limits::aggregated())
        && let Ok(canonical) = xml::canonicalise(document.root(), &[])
    {
        assert_eq!(stream.digest(), xml::sha256(&canonical));
    }
}

pub(crate) fn aggregates() -> Vec<Vec<u8>> {
    let entity = |metadata: Vec<u8>| String::from_utf8(metadata).unwrap_or_default();
    let entities: String = metadata_documents().into_iter().map(entity).collect();
    let text = format!(
        "<?xml version=\"1.0\"?><!-- a --><md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"a\" \
         validUntil=\"2030-01-01T00:00:00Z\"> <md:Extensions/>{entities}<md:EntitiesDescriptor>\n{entities}\
         </md:EntitiesDescriptor></md:EntitiesDescriptor>\n"
    );
    vec![
        text.into_bytes(),
        b"<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>".to_vec(),
    ]
}

pub(crate) fn redirects() -> Vec<Vec<u8>> {
    // `<a/>` deflated, as a registered request would be.
    vec![
        b"SAMLRequest=s0nUtwMA&RelayState=r".to_vec(),
        b"SAMLRequest=s0nUtwMA&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=AA%3D%3D"
            .to_vec(),
    ]
}

pub(crate) fn posts() -> Vec<Vec<u8>> {
    markup::documents()
        .iter()
        .map(|document| {
            let text = xml::encode_base64(document)
                .replace('+', "%2B")
                .replace('=', "%3D");
            format!("SAMLRequest={text}&RelayState=r").into_bytes()
        })
        .collect()
}

pub(crate) fn metadata_documents() -> Vec<Vec<u8>> {
    let text = concat!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/">"#,
        r#"<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">"#,
        r#"<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" "#,
        r#"Location="https://sp.example/acs" index="0" isDefault="true"/>"#,
        r#"<md:AttributeConsumingService index="1"><md:RequestedAttribute Name="urn:a" isRequired="1"/>"#,
        "</md:AttributeConsumingService></md:SPSSODescriptor></md:EntityDescriptor>"
    );
    vec![text.as_bytes().to_vec()]
}
