//! A SAML service provider that signs with openssl and xmlsec1, and can say anything.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::{Browser, MachineClock, Platform};
use domain::Clock as _;

const NAMESPACES: &str = r#"xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion""#;
const ALGORITHM: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// By what the service knows a person.
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) index: String,
}

/// One service provider. Nobody serves its addresses.
pub(crate) struct ServiceProvider {
    pub(crate) slo: String,
    pub(crate) slo_response: String,
    entity: String,
    acs: String,
    origin: String,
    key: PathBuf,
}

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{program} is needed by these tests: {why}"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The message in a parameter of the redirect binding.
pub(crate) fn inflated(parameter: &str) -> String {
    let octets = STANDARD.decode(parameter).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(octets.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn deflated(xml: &str) -> String {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(xml.as_bytes()).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

/// The message in a field of the POST binding.
pub(crate) fn decoded(field: &str) -> String {
    String::from_utf8(STANDARD.decode(field).unwrap()).unwrap()
}

/// The identifier of a message, in an envelope or not.
pub(crate) fn identifier(message: &str) -> String {
    between(message, " ID=\"", "\"").to_owned()
}

/// The last words of the status codes, from the top.
pub(crate) fn statuses(xml: &str) -> Vec<String> {
    xml.split("StatusCode Value=\"")
        .skip(1)
        .map(|rest| {
            rest.split('"')
                .next()
                .unwrap()
                .rsplit(':')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before)
        .and_then(|(_, rest)| rest.split_once(after))
        .unwrap_or_else(|| panic!("no {before} in {text}"))
        .0
}

impl ServiceProvider {
    /// Makes a key, and registers metadata with logout endpoints of these bindings.
    pub(crate) fn register(platform: &Platform, name: &str, bindings: &[&str]) -> Self {
        let base = format!("https://{name}.localhost:9");
        let at = |binding: &&str| {
            format!(
                r#"<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{base}/slo" ResponseLocation="{base}/response"/>"#
            )
        };
        let endpoints: Vec<String> = bindings.iter().map(at).collect();
        Self::register_with(platform, name, &endpoints.concat())
    }

    /// One that is told by SOAP, at this address.
    pub(crate) fn register_soap(platform: &Platform, name: &str, address: &str) -> Self {
        let endpoint = format!(
            r#"<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="{address}"/>"#
        );
        Self::register_with(platform, name, &endpoint)
    }

    fn register_with(platform: &Platform, name: &str, endpoints: &str) -> Self {
        let base = format!("https://{name}.localhost:9");
        let (key, certificate) = (
            platform.path().join(format!("{name}.key")),
            platform.path().join(format!("{name}.crt")),
        );
        let subject = format!("/CN={name}");
        run(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                &subject,
                "-keyout",
                key.to_str().unwrap(),
                "-out",
                certificate.to_str().unwrap(),
            ],
            b"",
        );
        let pem = std::fs::read_to_string(&certificate).unwrap();
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let metadata = format!(
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{base}/metadata"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>{endpoints}<AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{base}/acs"/></SPSSODescriptor></EntityDescriptor>"#
        );
        let path = platform.path().join(format!("{name}.xml"));
        std::fs::write(&path, metadata).unwrap();
        let added = platform.command(&["service", "add-saml", path.to_str().unwrap()]);
        assert!(
            added.status.success(),
            "{}",
            String::from_utf8_lossy(&added.stderr)
        );
        Self {
            slo: format!("{base}/slo"),
            slo_response: format!("{base}/response"),
            entity: format!("{base}/metadata"),
            acs: format!("{base}/acs"),
            origin: platform.origin.clone(),
            key,
        }
    }

    /// Signs a person in; by what the service knows them now.
    pub(crate) async fn sign_in(&self, browser: &Browser) -> Known {
        let xml = format!(
            r#"<samlp:AuthnRequest {NAMESPACES} ID="_{}" Version="2.0" IssueInstant="{}" Destination="{}/saml/sso"><saml:Issuer>{}</saml:Issuer></samlp:AuthnRequest>"#,
            self.key.display().to_string().len() + browser.hops().len(),
            MachineClock.now().to_rfc3339().unwrap(),
            self.origin,
            self.entity
        );
        let start = format!("{}/saml/sso?SAMLRequest={}", self.origin, encode(&deflated(&xml)));
        let mut page = browser.get(&start).await;
        for _ in 0..4 {
            page = if page.has_form("/card") {
                browser.submit(&page.form("/card")).await
            } else if page.has_form("/consent") {
                browser
                    .submit(&page.form("/consent").with("decision", "agree"))
                    .await
            } else {
                break;
            };
        }
        let form = page.form(&self.acs);
        let response = STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap();
        let response = String::from_utf8(response).unwrap();
        let name = between(&response, "<saml:NameID ", "</saml:NameID>");
        Known {
            name: name.split_once('>').unwrap().1.to_owned(),
            index: between(&response, "SessionIndex=\"", "\"").to_owned(),
        }
    }

    fn request(&self, id: &str, known: &Known, destination: &str, extensions: &str) -> String {
        format!(
            r#"<samlp:LogoutRequest {NAMESPACES} ID="{id}" Version="2.0" IssueInstant="{}" Destination="{destination}"><saml:Issuer>{}</saml:Issuer>{extensions}<saml:NameID>{}</saml:NameID><samlp:SessionIndex>{}</samlp:SessionIndex></samlp:LogoutRequest>"#,
            MachineClock.now().to_rfc3339().unwrap(),
            self.entity,
            known.name,
            known.index
        )
    }

    /// A good request by redirect.
    pub(crate) fn logout_request(&self, id: &str, known: &Known) -> String {
        self.logout_request_to(id, known, &format!("{}/saml/slo", self.origin))
    }

    /// A request that is not signed.
    pub(crate) fn message(&self, id: &str, known: &Known) -> String {
        self.request(id, known, &format!("{}/saml/slo", self.origin), "")
    }

    /// A good request by redirect that waits for no response (`aslo:Asynchronous`).
    pub(crate) fn asynchronous_request(&self, id: &str, known: &Known) -> String {
        let extensions = r#"<samlp:Extensions><aslo:Asynchronous xmlns:aslo="urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"/></samlp:Extensions>"#;
        let destination = format!("{}/saml/slo", self.origin);
        self.redirect("SAMLRequest", &self.request(id, known, &destination, extensions))
    }

    /// A request that names this destination, sent to our endpoint.
    pub(crate) fn logout_request_to(&self, id: &str, known: &Known, destination: &str) -> String {
        self.redirect("SAMLRequest", &self.request(id, known, destination, ""))
    }

    /// A request in another service's name, signed with the key of this one.
    pub(crate) fn signed_as(&self, victim: &Self, id: &str, known: &Known) -> String {
        let destination = format!("{}/saml/slo", self.origin);
        self.redirect("SAMLRequest", &victim.request(id, known, &destination, ""))
    }

    /// The answer to a request of the platform's.
    pub(crate) fn logout_response(&self, request: &str, status: &str) -> String {
        self.redirect("SAMLResponse", &self.response(request, status))
    }

    fn response(&self, request: &str, status: &str) -> String {
        format!(
            r#"<samlp:LogoutResponse {NAMESPACES} ID="_r{}" Version="2.0" IssueInstant="{}" Destination="{}/saml/slo" InResponseTo="{}"><saml:Issuer>{}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status></samlp:LogoutResponse>"#,
            request.len(),
            MachineClock.now().to_rfc3339().unwrap(),
            self.origin,
            between(request, " ID=\"", "\""),
            self.entity
        )
    }

    /// The same, signed inside: the form of the POST binding.
    pub(crate) fn posted_response(&self, request: &str, status: &str) -> String {
        form("SAMLResponse", &self.signed(&self.response(request, status)))
    }

    /// The same in a SOAP envelope, as the answer to a request that came in one.
    pub(crate) fn response_in_envelope(&self, request: &str, status: &str) -> String {
        let response = self.response(request, status);
        let at = between(&response, " Destination=", " ").to_owned();
        in_envelope(&self.signed(&response.replacen(&format!(" Destination={at}"), "", 1)))
    }

    /// A good request: the form of the POST binding.
    pub(crate) fn posted_request(&self, id: &str, known: &Known) -> String {
        let place = format!("{}/saml/slo", self.origin);
        form("SAMLRequest", &self.signed(&self.request(id, known, &place, "")))
    }

    fn redirect(&self, field: &str, xml: &str) -> String {
        let signed = format!(
            "{field}={}&RelayState=rs-1&SigAlg={}",
            encode(&deflated(xml)),
            encode(ALGORITHM)
        );
        let key = self.key.to_str().unwrap();
        let signature = run("openssl", &["dgst", "-sha256", "-sign", key], signed.as_bytes());
        let signature = encode(&STANDARD.encode(signature));
        format!("{}/saml/slo?{signed}&Signature={signature}", self.origin)
    }

    /// The same without a signature.
    pub(crate) fn posted_unsigned(&self, id: &str, known: &Known) -> String {
        let place = format!("{}/saml/slo", self.origin);
        form("SAMLRequest", &self.request(id, known, &place, ""))
    }

    /// A request in a SOAP envelope.
    pub(crate) fn envelope(&self, id: &str, known: &Known, destination: &str, signed: bool) -> String {
        let message = self.request(id, known, destination, "");
        in_envelope(&if signed { self.signed(&message) } else { message })
    }

    /// The message with a signature of this service's inside.
    fn signed(&self, message: &str) -> String {
        let id = between(message, " ID=\"", "\"");
        let element = between(message, "<samlp:", " ");
        let template = format!(
            r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="{ALGORITHM}"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##
        );
        let path = self.key.with_extension(format!("{id}.xml"));
        let with_template = message.replacen("</saml:Issuer>", &format!("</saml:Issuer>{template}"), 1);
        std::fs::write(&path, with_template).unwrap();
        let element = format!("urn:oasis:names:tc:SAML:2.0:protocol:{element}");
        let (key, path) = (self.key.to_str().unwrap(), path.to_str().unwrap());
        let arguments = ["--sign", "--privkey-pem", key, "--id-attr:ID", &element, path];
        let text = String::from_utf8(run("xmlsec1", &arguments, b"")).unwrap();
        let text = text.split_once("?>\n").map_or(text.as_str(), |(_, rest)| rest);
        text.trim().to_owned()
    }
}

fn in_envelope(message: &str) -> String {
    format!(
        r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{message}</S:Body></S:Envelope>"#
    )
}

/// The form of the POST binding.
fn form(field: &str, message: &str) -> String {
    format!("{field}={}&RelayState=rs-1", encode(&STANDARD.encode(message)))
}
