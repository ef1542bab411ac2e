//! What the platform emits, judged by the OASIS schemas with `xmllint` (apt: libxml2-utils, opensaml-schemas, xmltooling-schemas).

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const XMLTOOLING: &str = "/usr/share/xml/xmltooling";
const OPENSAML: &str = "/usr/share/xml/opensaml";

/// The namespaces that are known, and where their schemas are. What is of another one is judged by nothing.
const SCHEMAS: [(&str, &str, &str); 9] = [
    ("http://www.w3.org/XML/1998/namespace", XMLTOOLING, "xml.xsd"),
    (
        "http://www.w3.org/2000/09/xmldsig#",
        XMLTOOLING,
        "xmldsig-core-schema.xsd",
    ),
    ("http://www.w3.org/2001/04/xmlenc#", XMLTOOLING, "xenc-schema.xsd"),
    (
        "http://schemas.xmlsoap.org/soap/envelope/",
        XMLTOOLING,
        "soap-envelope.xsd",
    ),
    (
        "urn:oasis:names:tc:SAML:2.0:assertion",
        OPENSAML,
        "saml-schema-assertion-2.0.xsd",
    ),
    (
        "urn:oasis:names:tc:SAML:2.0:protocol",
        OPENSAML,
        "saml-schema-protocol-2.0.xsd",
    ),
    (
        "urn:oasis:names:tc:SAML:2.0:metadata",
        OPENSAML,
        "saml-schema-metadata-2.0.xsd",
    ),
    (
        "urn:oasis:names:tc:SAML:metadata:ui",
        OPENSAML,
        "sstc-saml-metadata-ui-v1.0.xsd",
    ),
    (
        "urn:oasis:names:tc:SAML:metadata:algsupport",
        OPENSAML,
        "sstc-saml-metadata-algsupport-v1.0.xsd",
    ),
];

/// Whether a document is valid, an envelope with what it carries.
///
/// # Errors
/// What `xmllint` says against it.
pub fn judged_by_schema(document: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut schema = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">".to_owned();
    for (namespace, place, file) in SCHEMAS {
        let path = format!("{place}/{file}");
        assert!(Path::new(&path).exists(), "{path} is needed by these tests");
        write!(
            schema,
            "<xs:import namespace=\"{namespace}\" schemaLocation=\"{path}\"/>"
        )
        .expect("text");
    }
    schema.push_str("</xs:schema>");
    for (name, text) in [("all.xsd", schema.as_str()), ("document.xml", document)] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema", "all.xsd", "document.xml"])
        .current_dir(folder.path())
        .output()
        .expect("xmllint is needed by these tests (apt: libxml2-utils)");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::judged_by_schema;
    use crate::soap_envelope;

    #[test]
    fn what_stands_in_an_envelope_is_judged_too() {
        let response = |status: &str| {
            format!(
                r#"<p:LogoutResponse xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-11-21T00:00:00Z"><p:Status>{status}</p:Status></p:LogoutResponse>"#
            )
        };
        let good = response("<p:StatusCode Value=\"urn:x\"/>");
        let bad = response("<p:StatusCode/>");
        for (document, holds) in [
            (good.clone(), true),
            (bad.clone(), false),
            (soap_envelope(&good), true),
            (soap_envelope(&bad), false),
            (good.replace("LogoutResponse", "LogoutAnswer"), false),
        ] {
            assert_eq!(judged_by_schema(&document).is_ok(), holds, "{document}");
        }
    }
}
