//! The form, octet by octet.

use super::*;

fn decoded(body: &str) -> Result<Incoming, Reason> {
    decode(body.as_bytes())
}

#[test]
fn accepted() {
    for body in [
        "SAMLRequest=PHgvPg%3D%3D",
        "SAMLRequest=PHgvPg==",
        "SAMLRequest=PHgv%0D%0APg%3D%3D%0D%0A&other=1",
        "a=b&SAMLRequest=PHgvPg%3d%3d&RelayState=",
    ] {
        let incoming = decoded(body).unwrap();
        assert_eq!(incoming.xml, b"<x/>", "{body}");
        assert_eq!(incoming.binding, SamlBinding::HttpPost);
        assert!(incoming.detached.is_none());
    }
    let incoming = decoded("SAMLRequest=PHgvPg%3D%3D&RelayState=a+%2B%E3%81%82").unwrap();
    assert_eq!(incoming.relay_state.as_deref(), Some("a +あ"));
}

#[test]
fn refused() {
    let name = "SAMLRequest";
    for (body, expected) in [
        ("", Reason::ParameterMissing { name }),
        ("SAMLResponse=PHgvPg%3D%3D", Reason::ParameterMissing { name }),
        (
            "SAMLRequest=PHgvPg%3D%3D&SAMLRequest=PHgvPg%3D%3D",
            Reason::ParameterRepeated { name },
        ),
        (
            "SAMLRequest=PHgvPg%3D%3D&SAMLReques%74=PHgvPg%3D%3D",
            Reason::ParameterDisguised { name },
        ),
        ("SAMLRequest=PHgvPg", Reason::NotBase64),
        ("SAMLRequest=PHg-Pg%3D%3D", Reason::NotBase64),
        ("SAMLRequest=%E3%81", Reason::ParameterEncoding { name }),
        (
            "SAMLRequest=PHgvPg%3D%3D&RelayState=%ff",
            Reason::ParameterEncoding { name: "RelayState" },
        ),
    ] {
        assert_eq!(decoded(body).unwrap_err(), expected, "{body}");
    }
    assert_eq!(decode(&[0xff]).unwrap_err(), Reason::ParameterEncoding { name });
    assert_eq!(
        decode(&vec![b'a'; BODY_LIMIT + 1]).unwrap_err(),
        Reason::ParameterTooLong {
            name,
            limit: BODY_LIMIT
        }
    );
    let large = format!("SAMLRequest={}", "AAAA".repeat(MESSAGE_LIMIT / 3 + 1));
    assert_eq!(
        decoded(&large).unwrap_err(),
        Reason::ParameterTooLong {
            name,
            limit: MESSAGE_LIMIT
        }
    );
}
