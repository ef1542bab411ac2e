//! An identity provider, a service provider with keys, and the judges.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair, RsaKeyPair};
use domain::{AcsEndpoint, Entropy, Timestamp};
use saml::binding::redirect::RedirectDraft;
use saml::{IdpFacts, Incoming, ServiceFacts};
use tempfile::TempDir;
use xml::dsig::{SignatureAlgorithm, VerificationKey};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);
pub(crate) const IDP: &str = "https://idp.example/saml/metadata";
pub(crate) const SSO: &str = "https://idp.example/saml/sso";
pub(crate) const SSO_POST: &str = "https://idp.example/saml/sso/post";
pub(crate) const SP: &str = "https://sp.example/metadata";
pub(crate) const ACS: &str = "https://sp.example/acs";
pub(crate) const EVIL: &str = "https://evil.example/acs";
pub(crate) const CARD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI";

pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

pub(crate) fn rsa() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

pub(crate) fn attacker() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

pub(crate) fn p256() -> &'static EcdsaKeyPair {
    static KEY: OnceLock<EcdsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
}

pub(crate) fn spki(pair: &impl KeyPair<PublicKey: AsDer<PublicKeyX509Der<'static>>>) -> Vec<u8> {
    pair.public_key().as_der().unwrap().as_ref().to_vec()
}

pub(crate) fn sign_rsa(pair: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    let mut out = vec![0; pair.public_modulus_len()];
    pair.sign(
        &signature::RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message,
        &mut out,
    )
    .unwrap();
    out
}

pub(crate) fn sign_p256(message: &[u8]) -> Vec<u8> {
    p256()
        .sign(&SystemRandom::new(), message)
        .unwrap()
        .as_ref()
        .to_vec()
}

pub(crate) fn idp() -> IdpFacts {
    IdpFacts {
        entity_id: IDP.to_owned(),
        sso_redirect: SSO.to_owned(),
        sso_post: SSO_POST.to_owned(),
        slo: "https://idp.example/saml/slo".to_owned(),
        slo_soap: "https://idp.example/saml/slo/soap".to_owned(),
        artifact_resolution: "https://idp.example/saml/artifact".to_owned(),
        attribute_query: "https://idp.example/saml/attributes".to_owned(),
        scope: "idp.example".to_owned(),
        clock_skew_seconds: IdpFacts::DEFAULT_CLOCK_SKEW_SECONDS,
        request_max_age_seconds: IdpFacts::DEFAULT_REQUEST_MAX_AGE_SECONDS,
        authn_contexts: vec![CARD.to_owned()],
    }
}

pub(crate) fn service() -> ServiceFacts {
    ServiceFacts {
        entity_id: SP.to_owned(),
        assertion_consumer_services: vec![AcsEndpoint {
            binding: domain::AcsBinding::HttpPost,
            index: 0,
            location: ACS.to_owned(),
            is_default: None,
        }],
        single_logout_services: Vec::new(),
        signing_keys: [spki(rsa()), spki(p256())]
            .iter()
            .map(|key| VerificationKey::from_spki(key).unwrap())
            .collect(),
        encryption_keys: vec![spki(rsa())],
        encryption_methods: Vec::new(),
        authn_requests_signed: true,
        sign_response: false,
        name_id_formats: Vec::new(),
        subject_id_requirement: None,
        attribute_services: Vec::new(),
        subject_id: false,
        unsolicited: false,
    }
}

/// A request as a service provider writes it; `inside` stands behind the issuer.
pub(crate) fn request(destination: &str, inside: &str) -> String {
    format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_request" Version="2.0" IssueInstant="{NOW}" Destination="{destination}" AssertionConsumerServiceURL="{ACS}" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"><saml:Issuer>{SP}</saml:Issuer>{inside}<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/></samlp:AuthnRequest>"#
    )
}

/// The query of a redirect signed by the service's RSA key.
pub(crate) fn signed_query(message: &str, relay_state: Option<&str>) -> String {
    let draft = RedirectDraft::request(
        SSO,
        message.as_bytes(),
        relay_state,
        SignatureAlgorithm::RsaSha256,
    )
    .unwrap();
    let signature = sign_rsa(rsa(), draft.signing_input());
    query_of(&draft.attach(&signature))
}

pub(crate) fn query_of(address: &str) -> String {
    address.split_once('?').unwrap().1.to_owned()
}

/// A request signed inside by xmlsec1 with a key of ours.
pub(crate) fn signed_by_xmlsec1(unsigned: &str, pair: &RsaKeyPair) -> String {
    signed_as("AuthnRequest", unsigned, pair)
}

/// A message of the protocol signed inside by xmlsec1.
pub(crate) fn signed_as(element: &str, unsigned: &str, pair: &RsaKeyPair) -> String {
    let template = unsigned.replacen(
        "</saml:Issuer>",
        &format!("</saml:Issuer>{}", template("_request")),
        1,
    );
    let folder = folder_with(template.as_bytes(), pair);
    let output = run(
        folder.path(),
        "xmlsec1",
        &[
            "--sign",
            "--privkey-pem",
            "key.pem",
            "--id-attr:ID",
            &format!("urn:oasis:names:tc:SAML:2.0:protocol:{element}"),
            "input.xml",
        ],
    )
    .unwrap();
    let text = String::from_utf8(output).unwrap();
    text.strip_prefix("<?xml version=\"1.0\"?>\n")
        .unwrap_or(&text)
        .trim_end()
        .to_owned()
}

pub(crate) fn template(id: &str) -> String {
    format!(
        r##"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"##
    )
}

/// The body of a form with one message.
pub(crate) fn form(message: &str) -> Vec<u8> {
    let encoded = xml::encode_base64(message.as_bytes())
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("SAMLRequest={encoded}&RelayState=relay").into_bytes()
}

pub(crate) fn posted(message: &str) -> Incoming {
    saml::binding::post::decode(&form(message)).unwrap()
}

pub(crate) fn redirected(query: &str) -> Incoming {
    saml::binding::redirect::decode(query).unwrap()
}

/// A folder with `input.xml`, `key.pem` and `public.pem`.
pub(crate) fn folder_with(input: &[u8], pair: &RsaKeyPair) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    write("input.xml", input);
    write("key.pem", pem("PRIVATE KEY", private.as_ref()).as_bytes());
    write("public.pem", pem("PUBLIC KEY", &spki(pair)).as_bytes());
    folder
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = xml::encode_base64(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Standard output, or standard error of a command that refused. A missing command is a failure of the test.
pub(crate) fn run(folder: &Path, command: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("{command} is needed by these tests (see the head of main.rs): {error}")
        });
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Asks xmlsec1 whether the signature of the named element holds under the key.
pub(crate) fn judged_by_xmlsec1(
    document: &[u8],
    pair: &RsaKeyPair,
    element: &str,
    xpath: &str,
) -> Result<(), String> {
    let folder = folder_with(document, pair);
    run(
        folder.path(),
        "xmlsec1",
        &[
            "--verify",
            "--pubkey-pem",
            "public.pem",
            "--id-attr:ID",
            element,
            "--node-xpath",
            xpath,
            "input.xml",
        ],
    )
    .map(drop)
}

/// Asks xmllint whether the document is valid by the OASIS schemas.
pub(crate) fn judged_by_schema(document: &[u8]) -> Result<(), String> {
    let folder = folder_with(document, rsa());
    let tooling = "/usr/share/xml/xmltooling";
    let opensaml = "/usr/share/xml/opensaml";
    let import = |namespace: &str, file: String| {
        assert!(
            Path::new(&file).exists(),
            "{file} is needed by these tests (see the head of main.rs)"
        );
        format!("<xs:import namespace=\"{namespace}\" schemaLocation=\"{file}\"/>")
    };
    let schema = [
        import(
            "http://www.w3.org/XML/1998/namespace",
            format!("{tooling}/xml.xsd"),
        ),
        import(
            "http://www.w3.org/2000/09/xmldsig#",
            format!("{tooling}/xmldsig-core-schema.xsd"),
        ),
        import(
            "http://www.w3.org/2001/04/xmlenc#",
            format!("{tooling}/xenc-schema.xsd"),
        ),
        import(
            "urn:oasis:names:tc:SAML:2.0:assertion",
            format!("{opensaml}/saml-schema-assertion-2.0.xsd"),
        ),
        import(
            "urn:oasis:names:tc:SAML:2.0:protocol",
            format!("{opensaml}/saml-schema-protocol-2.0.xsd"),
        ),
        import(
            "urn:oasis:names:tc:SAML:2.0:metadata",
            format!("{opensaml}/saml-schema-metadata-2.0.xsd"),
        ),
        import(
            "urn:oasis:names:tc:SAML:metadata:ui",
            format!("{opensaml}/sstc-saml-metadata-ui-v1.0.xsd"),
        ),
    ];
    let whole = format!(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{}</xs:schema>",
        schema.concat()
    );
    std::fs::write(folder.path().join("all.xsd"), whole).unwrap();
    run(
        folder.path(),
        "xmllint",
        &["--nonet", "--noout", "--schema", "all.xsd", "input.xml"],
    )
    .map(drop)
}
