use super::*;

const MESSAGE: &str = r#"<p:M xmlns:p="urn:p" ID="_1"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://sp.example/</saml:Issuer></p:M>"#;

fn envelope(inside: &str) -> String {
    format!(r#"<S:Envelope xmlns:S="{NAMESPACE}">{inside}</S:Envelope>"#)
}

fn refused(envelope: &str) -> Reason {
    SoapRequest::decode(envelope.as_bytes()).unwrap_err()
}

#[test]
fn one_message_in_one_body() {
    for header in [
        "",
        "<S:Header/>",
        r#"<S:Header><w:Any xmlns:w="urn:w" S:mustUnderstand="0"/><w:Other xmlns:w="urn:w"/></S:Header>"#,
    ] {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            envelope(&format!("{header}\n<S:Body>\n{MESSAGE}\n</S:Body>"))
        );
        let request = SoapRequest::decode(text.as_bytes()).unwrap();
        assert_eq!(request.name().unwrap(), ("urn:p".to_owned(), "M".to_owned()));
        assert_eq!(request.issuer().unwrap(), "https://sp.example/");
        assert_eq!(request.verify(&[]).unwrap_err(), Reason::SignatureDemanded);
    }
}

#[test]
fn refused_envelopes() {
    let body = format!("<S:Body>{MESSAGE}</S:Body>");
    let header = r#"<S:Header><w:A xmlns:w="urn:w" S:mustUnderstand="1"/></S:Header>"#;
    for inside in [
        String::new(),
        "<S:Body/>".to_owned(),
        format!("<S:Body>{MESSAGE}{MESSAGE}</S:Body>"),
        format!("{body}{body}"),
        format!("{body}<S:Header/>"),
        format!("<S:Header/><S:Header/>{body}"),
        format!("<S:Header/>{body}{body}"),
        format!("<Body>{MESSAGE}</Body>"),
        format!("<w:Any xmlns:w='urn:w'/>{body}"),
    ] {
        assert_eq!(refused(&envelope(&inside)), Reason::SoapBody, "{inside}");
    }
    assert_eq!(
        refused(&envelope(&format!("{header}{body}"))),
        Reason::SoapMustUnderstand {
            found: "A".to_owned()
        }
    );
    let twelve = "http://www.w3.org/2003/05/soap-envelope";
    let reason = refused(&envelope(&body).replace(NAMESPACE, twelve));
    assert_eq!(
        reason,
        Reason::NotSoapEnvelope {
            found: twelve.to_owned()
        }
    );
    assert_eq!(FaultCode::of(&reason), FaultCode::VersionMismatch);
    // Texts beside the message, a document type, a comment, a processing instruction, and size.
    for text in [
        envelope(&format!("<S:Body>x{MESSAGE}</S:Body>")),
        format!("<!DOCTYPE S:Envelope>{}", envelope(&body)),
        envelope(&format!("<S:Body><!-- -->{MESSAGE}</S:Body>")),
        envelope(&format!("<S:Body><?p?>{MESSAGE}</S:Body>")),
    ] {
        assert!(matches!(refused(&text), Reason::Xml(_)), "{text}");
    }
    let long = envelope(&format!("{}{body}", " ".repeat(BODY_LIMIT)));
    assert_eq!(
        refused(&long),
        Reason::ParameterTooLong {
            name: "Envelope",
            limit: BODY_LIMIT
        }
    );
}

#[test]
fn what_is_written_is_read() {
    let envelope = encode(MESSAGE.as_bytes());
    assert_eq!(decode_response(&envelope).unwrap(), MESSAGE.as_bytes());
    for code in [
        FaultCode::VersionMismatch,
        FaultCode::MustUnderstand,
        FaultCode::Client,
        FaultCode::Server,
    ] {
        let name = SoapRequest::decode(&fault(code)).unwrap().name().unwrap();
        assert_eq!(name, (NAMESPACE.to_owned(), "Fault".to_owned()));
    }
}
