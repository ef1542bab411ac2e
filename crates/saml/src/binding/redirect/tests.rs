//! The query, octet by octet.

use super::*;

const RSA: &str = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";

fn query(message: &[u8]) -> String {
    let address = encode_unsigned_request("https://idp.example/sso", message, None).unwrap();
    address.split_once('?').unwrap().1.to_owned()
}

fn deflated(message: &[u8]) -> Vec<u8> {
    let value = query(message);
    let value = decode_value("SAMLRequest", value.split_once('=').unwrap().1).unwrap();
    xml::decode_base64(&value).unwrap()
}

fn with_octets(octets: &[u8]) -> String {
    format!("SAMLRequest={}", encode_value(&xml::encode_base64(octets)))
}

#[test]
fn what_is_encoded_is_decoded() {
    for message in [&b"<x/>"[..], "同じ".as_bytes(), &vec![b'a'; 100_000]] {
        let incoming = decode(&query(message)).unwrap();
        assert_eq!(incoming.xml, message);
        assert!(incoming.relay_state.is_none() && incoming.detached.is_none());
    }
    let address = encode_unsigned_request("https://idp.example/sso?a=1", b"<x/>", Some("r & s/+%")).unwrap();
    assert!(address.starts_with("https://idp.example/sso?a=1&SAMLRequest="));
    let incoming = decode(address.split_once('?').unwrap().1).unwrap();
    assert_eq!(incoming.relay_state.as_deref(), Some("r & s/+%"));
}

#[test]
fn the_signed_octets_are_those_that_were_sent() {
    let request = query(b"<x/>");
    let incoming = decode(&format!(
        "Signature=AAAA&lang=ja&SigAlg={RSA}&RelayState=a%2fb+c&{request}"
    ))
    .unwrap();
    let detached = incoming.detached.unwrap();
    assert_eq!(
        String::from_utf8(detached.octets).unwrap(),
        format!("{request}&RelayState=a%2fb+c&SigAlg={RSA}")
    );
    assert_eq!(detached.signature, [0, 0, 0]);
    assert_eq!(detached.algorithm, SignatureAlgorithm::RsaSha256);
    assert_eq!(incoming.relay_state.as_deref(), Some("a/b c"));
    // An empty RelayState is signed as such.
    let incoming = decode(&format!("{request}&RelayState=&SigAlg={RSA}&Signature=AAAA")).unwrap();
    let octets = String::from_utf8(incoming.detached.unwrap().octets).unwrap();
    assert_eq!(octets, format!("{request}&RelayState=&SigAlg={RSA}"));
}

#[test]
fn refused() {
    let request = query(b"<x/>");
    let repeated = |name| Reason::ParameterRepeated { name };
    let disguised = |name| Reason::ParameterDisguised { name };
    for (query, expected) in [
        (String::new(), Reason::ParameterMissing { name: "SAMLRequest" }),
        (
            "RelayState=x".to_owned(),
            Reason::ParameterMissing { name: "SAMLRequest" },
        ),
        (
            "samlrequest=x".to_owned(),
            Reason::ParameterMissing { name: "SAMLRequest" },
        ),
        (format!("{request}&{request}"), repeated("SAMLRequest")),
        (
            format!("{request}&RelayState=a&RelayState=a"),
            repeated("RelayState"),
        ),
        (
            format!("{request}&SigAlg={RSA}&SigAlg={RSA}&Signature=AAAA"),
            repeated("SigAlg"),
        ),
        (
            format!("{request}&SigAlg={RSA}&Signature=AAAA&Signature=AAAA"),
            repeated("Signature"),
        ),
        (format!("{request}&SAML%52equest=x"), disguised("SAMLRequest")),
        (format!("{request}&%52elayState=x"), disguised("RelayState")),
        (format!("{request}&SigAlg={RSA}"), Reason::SignatureHalf),
        (format!("{request}&Signature=AAAA"), Reason::SignatureHalf),
        (
            format!("{request}&SAMLEncoding=urn%3Aother"),
            Reason::UnknownEncoding,
        ),
        (format!("{request}&SigAlg={RSA}&Signature=%21"), Reason::NotBase64),
        (
            "SAMLRequest=%".to_owned(),
            Reason::ParameterEncoding { name: "SAMLRequest" },
        ),
        (
            "SAMLRequest=%4".to_owned(),
            Reason::ParameterEncoding { name: "SAMLRequest" },
        ),
        (
            "SAMLRequest=%zz".to_owned(),
            Reason::ParameterEncoding { name: "SAMLRequest" },
        ),
        (
            "SAMLRequest=%ff".to_owned(),
            Reason::ParameterEncoding { name: "SAMLRequest" },
        ),
        ("SAMLRequest=***".to_owned(), Reason::NotBase64),
        ("SAMLRequest".to_owned(), Reason::NotDeflate),
        (with_octets(b"<x/>"), Reason::NotDeflate),
        (with_octets(&deflated(b"<x/>")[..3]), Reason::NotDeflate),
        (
            with_octets(&[deflated(b"<x/>"), b"y".to_vec()].concat()),
            Reason::NotDeflate,
        ),
        (
            with_octets(&[deflated(b"<x/>"), deflated(b"<y/>")].concat()),
            Reason::NotDeflate,
        ),
        (
            format!("{request}&RelayState={}", "x".repeat(2_049)),
            Reason::ParameterTooLong {
                name: "RelayState",
                limit: 2_048,
            },
        ),
        (
            format!("{request}&x={}", "x".repeat(QUERY_LIMIT)),
            Reason::ParameterTooLong {
                name: "SAMLRequest",
                limit: QUERY_LIMIT,
            },
        ),
    ] {
        assert_eq!(
            decode(&query).unwrap_err(),
            expected,
            "{}",
            &query[..query.len().min(200)]
        );
    }
    assert!(decode(&format!("{request}&RelayState={}", "x".repeat(2_048))).is_ok());
}

#[test]
fn only_listed_algorithms() {
    let request = query(b"<x/>");
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "",
    ] {
        let refused = decode(&format!("{request}&SigAlg={}&Signature=AAAA", encode_value(uri))).unwrap_err();
        let expected = xml::Reason::AlgorithmNotAllowed {
            role: "signature",
            uri: uri.to_owned(),
        };
        assert_eq!(refused, Reason::Xml(expected));
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let at_limit = vec![b' '; MESSAGE_LIMIT];
    assert_eq!(decode(&query(&at_limit)).unwrap().xml.len(), MESSAGE_LIMIT);
    for size in [MESSAGE_LIMIT + 1, 40 * 1024 * 1024] {
        let bomb = query(&vec![b' '; size]);
        assert!(bomb.len() < QUERY_LIMIT, "{}", bomb.len());
        assert_eq!(
            decode(&bomb).unwrap_err(),
            Reason::InflatesTooLarge { limit: MESSAGE_LIMIT }
        );
    }
}
