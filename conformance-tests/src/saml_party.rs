//! A SAML service provider with a key, which signs with the `openssl` and `xmlsec1` commands and can say anything: the attacker's own
//! registered service, and the service that is attacked.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Clock as _;

use crate::{Browser, MachineClock, Page, Platform};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ALGORITHM: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// The service. Nobody serves its addresses.
#[derive(Debug)]
pub struct SamlParty {
    /// `entityID`
    pub entity: String,
    /// Where answers go by POST: index 0. Index 1 takes artifacts, at `/artifact` behind it.
    pub acs: String,
    /// Another place where answers go by POST, for requests that name it: index 3.
    pub second_acs: String,
    /// Where logout requests go; answers go to `/response` beside it.
    pub slo: String,
    origin: String,
    key: PathBuf,
}

/// By what a service knows a person.
#[derive(Clone, Debug)]
pub struct KnownPerson {
    /// The name.
    pub name: String,
    /// The session's index.
    pub index: String,
}

impl SamlParty {
    /// Makes a key and registers metadata. `demands` says whether its requests are signed.
    pub fn register(platform: &Platform, name: &str, demands: bool) -> Self {
        let file = |end: &str| platform.path().join(format!("{name}.{end}"));
        let (key, certificate) = (file("key"), file("crt"));
        let (key_path, certificate_path) = (key.to_string_lossy(), certificate.to_string_lossy());
        let subject = format!("/CN={name}");
        let arguments = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            &subject,
            "-keyout",
            &key_path,
            "-out",
            &certificate_path,
        ];
        run("openssl", &arguments, b"");
        let pem = std::fs::read_to_string(&certificate).expect("a certificate");
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let base = format!("https://{name}.localhost:9");
        let (entity, acs, slo) = (
            format!("{base}/metadata"),
            format!("{base}/acs"),
            format!("{base}/slo"),
        );
        let second_acs = format!("{base}/second");
        let bindings = "urn:oasis:names:tc:SAML:2.0:bindings";
        let metadata = format!(
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"><SPSSODescriptor AuthnRequestsSigned="{demands}" protocolSupportEnumeration="{PROTOCOL}"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleLogoutService Binding="{bindings}:HTTP-Redirect" Location="{slo}" ResponseLocation="{base}/response"/><AssertionConsumerService index="0" Binding="{bindings}:HTTP-POST" Location="{acs}"/><AssertionConsumerService index="1" Binding="{bindings}:HTTP-Artifact" Location="{acs}/artifact"/><AssertionConsumerService index="3" Binding="{bindings}:HTTP-POST" Location="{second_acs}"/></SPSSODescriptor></EntityDescriptor>"#
        );
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"{name}\", en = \"{name}\" }}\nreleased_attributes = [\"assurance_level\", \"authentication_method\"]\n[saml]\nmetadata = '''{metadata}'''\n"
        ));
        Self {
            entity,
            acs,
            second_acs,
            slo,
            origin: platform.origin.clone(),
            key,
        }
    }

    /// A message of the protocol, unsigned. A request to sign in names its place, unless the attributes name one.
    pub fn message(&self, element: &str, id: &str, attributes: &str, inside: &str) -> String {
        let now = MachineClock.now().to_rfc3339().expect("a time");
        let place = if element == "AuthnRequest" && !attributes.contains(" Destination=") {
            format!(" Destination=\"{}/saml/sso\"", self.origin)
        } else {
            String::new()
        };
        format!(
            r#"<samlp:{element} xmlns:samlp="{PROTOCOL}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{now}"{place}{attributes}><saml:Issuer>{}</saml:Issuer>{inside}</samlp:{element}>"#,
            self.entity
        )
    }

    /// What a logout request says of a person.
    pub fn about(known: &KnownPerson) -> String {
        format!(
            "<saml:NameID>{}</saml:NameID><samlp:SessionIndex>{}</samlp:SessionIndex>",
            known.name, known.index
        )
    }

    /// The message with a signature of this service's inside.
    pub fn signed(&self, message: &str) -> String {
        let id = between(message, " ID=\"", "\"");
        let element = between(message, "<samlp:", " ");
        let template = format!(
            r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="{ALGORITHM}"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##
        );
        let unsigned = message.replacen("</saml:Issuer>", &format!("</saml:Issuer>{template}"), 1);
        let path = self.key.with_extension("unsigned.xml");
        std::fs::write(&path, unsigned).expect("a file");
        let (key, path) = (self.key.to_string_lossy(), path.to_string_lossy());
        let name = format!("{PROTOCOL}:{element}");
        let output = run(
            "xmlsec1",
            &["--sign", "--privkey-pem", &key, "--id-attr:ID", &name, &path],
            b"",
        );
        let text = String::from_utf8(output).expect("XML");
        let text = text.strip_prefix("<?xml version=\"1.0\"?>\n").unwrap_or(&text);
        text.trim_end().to_owned()
    }

    /// A signature of this service's over these octets, in base64.
    pub fn signature(&self, octets: &[u8]) -> String {
        let key = self.key.to_string_lossy();
        STANDARD.encode(run("openssl", &["dgst", "-sha256", "-sign", &key], octets))
    }

    /// The signed query of the redirect binding (bindings-2.0-os section 3.4.4.1).
    pub fn query(&self, field: &str, message: &str, relay_state: Option<&str>) -> String {
        let relay = relay_state
            .map(|relay| format!("&RelayState={}", encoded(relay)))
            .unwrap_or_default();
        let octets = format!(
            "{field}={}{relay}&SigAlg={}",
            encoded(&deflated(message)),
            encoded(ALGORITHM)
        );
        let signature = encoded(&self.signature(octets.as_bytes()));
        format!("{octets}&Signature={signature}")
    }

    /// Begins a sign-in with a request (`inside` and `attributes` are its own) and walks to where it leads.
    pub async fn ask(&self, browser: &Browser, id: &str, attributes: &str) -> Page {
        let message = self.message("AuthnRequest", id, attributes, "");
        let query = self.query("SAMLRequest", &message, Some("rs-1"));
        let mut page = browser
            .get_until(&format!("{}/saml/sso?{query}", self.origin), &self.acs)
            .await;
        for _ in 0..4 {
            page = if page.has_form("/card") {
                browser.submit_until(&page.form("/card"), &self.acs).await
            } else if page.has_form("/consent") {
                let form = page.form("/consent").with("decision", "agree");
                browser.submit_until(&form, &self.acs).await
            } else {
                return page;
            };
        }
        page
    }

    /// Signs a person in, and says by what the service knows them now.
    pub async fn sign_in(&self, browser: &Browser, id: &str) -> KnownPerson {
        let page = self.ask(browser, id, "").await;
        let form = page.form(&self.acs);
        let response = STANDARD
            .decode(form.field("SAMLResponse").expect("a response"))
            .expect("base64");
        let response = String::from_utf8(response).expect("XML");
        let name = between(&response, "<saml:NameID ", "</saml:NameID>");
        KnownPerson {
            name: name.split_once('>').expect("a name").1.to_owned(),
            index: between(&response, "SessionIndex=\"", "\"").to_owned(),
        }
    }

    /// Sends a message in an envelope to an endpoint below `/saml/`.
    pub async fn by_soap(&self, browser: &Browser, endpoint: &str, message: &str) -> Page {
        let address = format!("{}/saml/{endpoint}", self.origin);
        browser
            .post_bytes(&address, "text/xml", soap_envelope(message).into_bytes())
            .await
    }
}

/// A message in an envelope of SOAP 1.1.
pub fn soap_envelope(message: &str) -> String {
    format!(
        r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{message}</S:Body></S:Envelope>"#
    )
}

/// A value as it stands in a query.
pub fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// A message as the redirect binding wants it: DEFLATE in stored blocks (RFC 1951 section 3.2.4), then base64.
pub fn deflated(message: &str) -> String {
    let pieces: Vec<&[u8]> = message.as_bytes().chunks(0xffff).collect();
    let mut octets = Vec::new();
    for (place, piece) in pieces.iter().enumerate() {
        let length = u16::try_from(piece.len()).expect("a piece");
        octets.push(u8::from(place + 1 == pieces.len()));
        octets.extend(length.to_le_bytes());
        octets.extend((!length).to_le_bytes());
        octets.extend(*piece);
    }
    STANDARD.encode(octets)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before)
        .and_then(|(_, rest)| rest.split_once(after))
        .unwrap_or_else(|| panic!("no {before} in {text}"))
        .0
}

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{program} is needed by these tests (apt: openssl, xmlsec1): {why}"));
    child
        .stdin
        .take()
        .expect("standard input")
        .write_all(input)
        .expect("input");
    let output = child.wait_with_output().expect("output");
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
