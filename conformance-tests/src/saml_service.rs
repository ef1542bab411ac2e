//! A SAML service provider that signs nothing and reads what it gets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Clock;

use crate::{Browser, MachineClock, Page, Platform};

/// The service.
#[derive(Clone, Debug)]
pub struct SamlService {
    /// `entityID`.
    pub entity: String,
    /// Where replies go.
    pub acs: String,
    origin: String,
}

impl SamlService {
    /// Registers it; `more` are further lines of the service file, attributes and level among them.
    pub fn register(platform: &Platform, name: &str, more: &str) -> Self {
        let entity = format!("https://{name}.localhost:9/metadata");
        let acs = format!("https://{name}.localhost:9/acs");
        platform.register(&format!(
            r#"
            kind = "sp"
            name = {{ ja = "{name} 申請", en = "{name} filing" }}
            {more}
            [saml]
            metadata = '''<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"><SPSSODescriptor
            protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0"
            Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/></SPSSODescriptor></EntityDescriptor>'''
            "#
        ));
        Self::of(platform, name)
    }

    /// One that is registered already under the same names.
    pub fn of(platform: &Platform, name: &str) -> Self {
        Self {
            entity: format!("https://{name}.localhost:9/metadata"),
            acs: format!("https://{name}.localhost:9/acs"),
            origin: platform.origin.clone(),
        }
    }

    /// The address of a request by the redirect binding (SAML bindings 3.4). Ids are for one use.
    pub fn request(&self, id: &str) -> String {
        let xml = format!(
            r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{}" Destination="{}/saml/sso"><saml:Issuer>{}</saml:Issuer></samlp:AuthnRequest>"#,
            MachineClock.now().to_rfc3339().expect("a time"),
            self.origin,
            self.entity
        );
        // One stored block (RFC 1951 section 3.2.4): nothing to compress with is needed.
        let length = u16::try_from(xml.len()).expect("a short request");
        let mut octets = vec![1];
        octets.extend(length.to_le_bytes());
        octets.extend((!length).to_le_bytes());
        octets.extend(xml.as_bytes());
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("SAMLRequest", &STANDARD.encode(octets));
        format!("{}/saml/sso?{}", self.origin, query.finish())
    }

    /// Agrees where that is asked, up to the page that carries the reply; its XML.
    pub async fn reply(&self, browser: &Browser, mut page: Page) -> String {
        if page.has_form("/consent") {
            page = browser
                .submit(&page.form("/consent").with("decision", "agree"))
                .await;
        }
        let form = page.form(&self.acs);
        let octets = STANDARD
            .decode(form.field("SAMLResponse").expect("a response"))
            .expect("base64");
        String::from_utf8(octets).expect("XML")
    }

    /// The value of an attribute in a reply, by the last part of its name.
    pub fn attribute(xml: &str, name: &str) -> Option<String> {
        let at = xml
            .match_indices("Attribute ")
            .map(|(at, _)| &xml[at..])
            .find(|rest| {
                let end = rest.find('>').unwrap_or(rest.len());
                rest[..end].contains(&format!("/{name}\"")) || rest[..end].contains(&format!("\"{name}\""))
            })?;
        let value = &at[at.find("AttributeValue")?..];
        let begin = value.find('>')? + 1;
        Some(value[begin..begin + value[begin..].find('<')?].to_owned())
    }
}
