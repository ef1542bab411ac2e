//! `RequestedAuthnContext` over the wire (core-2.0-os section 3.3.2.2.1): every comparison, with classes for which each of the others would be
//! answered otherwise. The whole space is judged in `crates/policy`.

use super::*;

const UNSPECIFIED: &str = "unspecified";
const PASSWORD: &str = "PasswordProtectedTransport";
const CERTIFICATE: &str = "X509";
const TLS: &str = "TLSClient";
const CARD: &str = "SmartcardPKI";
const UNKNOWN: &str = "Telephony";
const NOTHING: Result<&str, &str> = Err("NoAuthnContext");

#[tokio::test]
async fn every_comparison_is_answered_as_it_is_asked() {
    let platform = platform().await;
    let browser = platform.browser_with_new_card();
    let class = |name: &str| format!("urn:oasis:names:tc:SAML:2.0:ac:classes:{name}");
    let rows: [(&str, &[&str], Result<&str, &str>); 19] = [
        ("exact", &[CARD], Ok(CARD)),
        ("exact", &[CERTIFICATE, TLS], Ok(CERTIFICATE)),
        ("exact", &[UNKNOWN, TLS], Ok(TLS)),
        ("exact", &[PASSWORD], NOTHING),
        ("exact", &[UNKNOWN], NOTHING),
        ("", &[PASSWORD], NOTHING),
        ("", &[CERTIFICATE, TLS], Ok(CERTIFICATE)),
        ("minimum", &[PASSWORD], Ok(CARD)),
        ("minimum", &[CERTIFICATE], Ok(CERTIFICATE)),
        ("minimum", &[UNSPECIFIED], Ok(UNSPECIFIED)),
        ("minimum", &[UNKNOWN], NOTHING),
        ("maximum", &[CERTIFICATE, TLS], Ok(CARD)),
        ("maximum", &[PASSWORD, CERTIFICATE], Ok(CARD)),
        ("maximum", &[PASSWORD], Ok(UNSPECIFIED)),
        ("maximum", &[UNKNOWN], NOTHING),
        ("better", &[PASSWORD], Ok(CARD)),
        ("better", &[PASSWORD, UNSPECIFIED], Ok(CARD)),
        ("better", &[CERTIFICATE], NOTHING),
        ("better", &[PASSWORD, CARD], NOTHING),
    ];
    for (number, (comparison, names, expected)) in rows.into_iter().enumerate() {
        let what = format!("{comparison} {names:?}");
        let names: String = names
            .iter()
            .map(|name| {
                format!(
                    "<saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef>",
                    class(name)
                )
            })
            .collect::<Vec<_>>()
            .concat();
        let comparison = if comparison.is_empty() {
            String::new()
        } else {
            format!(" Comparison=\"{comparison}\"")
        };
        let request = Request {
            inside: format!("<samlp:RequestedAuthnContext{comparison}>{names}</samlp:RequestedAuthnContext>"),
            ..Request::to(&platform, &format!("_row{number}"))
        };
        let address = redirect(&platform, &deflated(request.xml().as_bytes()));
        let mut page = send(&browser, &address).await;
        if page.has_form("/card") {
            page = browser.submit(&page.form("/card")).await;
        }
        if page.has_form("/consent") {
            let form = page.form("/consent").with("decision", "agree");
            page = browser.submit(&form).await;
        }
        let status = second_status(&page);
        let form = page.form(ACS);
        let xml = String::from_utf8(STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap()).unwrap();
        match expected {
            Ok(name) => {
                assert_eq!(status, "Success", "{what}");
                let told = format!("AuthnContextClassRef>{}<", class(name));
                assert!(xml.contains(&told), "{what}: {xml}");
            }
            Err(expected) => {
                assert_eq!(status, expected, "{what}");
                assert!(!xml.contains("<saml:Assertion"), "{what}: {xml}");
            }
        }
    }
}
