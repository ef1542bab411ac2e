//! SAML bindings, requests and metadata.

use domain::Timestamp;
use federation::{Demands, Publication, PublicationReason};
use saml::binding::artifact::Artifact;
use saml::binding::soap::{self, SoapRequest};
use saml::binding::{IncomingLogout, post, redirect};
use saml::elements::{ArtifactResolve, AttributeQuery, AuthnRequest, LogoutRequest, LogoutResponse};
use sim::keys::Seed;
use sim::server_certificate::ServerAuthority;
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
    publication(bytes);
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

/// As a source of metadata takes it in: nothing counts that has ended, and every entity has a name.
fn publication(bytes: &[u8]) {
    let now = Timestamp::from_seconds(1_795_219_200);
    let demands = Demands {
        keys: None,
        valid_until_required: false,
        max_validity_seconds: 400 * 86_400,
        max_octets: 1 << 20,
        max_entities: 64,
        before: None,
        now,
    };
    let Ok(accepted) = Publication::accept(&mut || Ok(bytes), &demands) else {
        return;
    };
    assert!(accepted.mark().valid_until.is_none_or(|end| end > now));
    let walked = accepted.entities::<_, PublicationReason>(&mut || Ok(bytes), now, &mut |entity| {
        assert!(!entity.entity_id.is_empty());
        Ok(())
    });
    assert_eq!(walked, Ok(()));
    let keys = Demands {
        keys: Some(&[]),
        ..demands
    };
    assert!(Publication::accept(&mut || Ok(bytes), &keys).is_err());
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
    let query = |document: &Vec<u8>| {
        // One stored block (RFC 1951 section 3.2.4).
        let length = u16::try_from(document.len()).unwrap();
        let mut deflated = vec![1];
        deflated.extend(length.to_le_bytes());
        deflated.extend((!length).to_le_bytes());
        deflated.extend(document);
        let text = xml::encode_base64(&deflated)
            .replace('+', "%2B")
            .replace('=', "%3D");
        format!("SAMLRequest={text}&RelayState=r")
    };
    let signed = "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=AA%3D%3D";
    let mut seeds: Vec<Vec<u8>> = markup::documents()
        .iter()
        .flat_map(|document| [query(document), query(document) + signed])
        .map(String::into_bytes)
        .collect();
    // `<a/>` deflated by a compressor.
    seeds.push(b"SAMLRequest=s0nUtwMA&RelayState=r".to_vec());
    seeds
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

/// A certificate as metadata show one.
fn shown_certificate() -> String {
    let now = Timestamp::from_seconds(1_795_219_200);
    let issued = ServerAuthority::generate(&Seed::from_text("metadata"), now)
        .unwrap()
        .issue(&["sp.example"])
        .unwrap();
    let chain = issued.chain_pem();
    chain
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("-----"))
        .collect()
}

pub(crate) fn metadata_documents() -> Vec<Vec<u8>> {
    let small = concat!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/">"#,
        r#"<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">"#,
        r#"<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" "#,
        r#"Location="https://sp.example/acs" index="0" isDefault="true"/>"#,
        r#"<md:AttributeConsumingService index="1"><md:RequestedAttribute Name="urn:a" isRequired="1"/>"#,
        "</md:AttributeConsumingService></md:SPSSODescriptor></md:EntityDescriptor>"
    );
    let certificate = shown_certificate();
    let whole = format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport"
        xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" entityID="https://sp2.example/"
        validUntil="2030-01-01T00:00:00Z" cacheDuration="PT6H"><md:Extensions>
        <alg:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <alg:SigningMethod MinKeySize="2048" Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/></md:Extensions>
        <md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" errorURL="https://sp2.example/e"
        protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:Extensions><mdui:UIInfo>
        <mdui:DisplayName xml:lang="ja">申請</mdui:DisplayName></mdui:UIInfo></md:Extensions>
        <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>
        </ds:KeyInfo></md:KeyDescriptor><md:KeyDescriptor><ds:KeyInfo><ds:KeyName>k</ds:KeyName><ds:X509Data><ds:X509Certificate>
        {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
        <md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>
        <md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep">
        <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></md:EncryptionMethod></md:KeyDescriptor>
        <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://sp2.example/slo"/>
        <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sp2.example/out"
        ResponseLocation="https://sp2.example/outed"/>
        <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://sp2.example/art" index="1"/>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp2.example/acs" index="0"/>
        </md:SPSSODescriptor></md:EntityDescriptor>"#
    );
    vec![small.as_bytes().to_vec(), whole.into_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds are read, or the search would stay in front of what they hold.
    #[test]
    fn good_seeds_are_good() {
        for seed in metadata_documents() {
            let read = saml::metadata::read_service_provider(&seed);
            assert!(read.is_ok(), "{read:?}");
        }
        for seed in redirects().iter().take(2) {
            let query = std::str::from_utf8(seed).unwrap();
            assert!(redirect::decode(query).is_ok());
        }
    }
}
