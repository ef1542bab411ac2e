//! What a client's request to an endpoint must be before anybody asks who it is: a form, with one credential (RFC 6749 sections 2.3 and 3.2).

use conformance_tests::{Platform, RelyingParty};
use serde_json::Value;

#[tokio::test]
async fn every_endpoint_of_clients_takes_forms_and_one_credential() {
    let platform = Platform::start().await;
    RelyingParty::register_for(&platform, "rp-forms", "device_authorization = true");
    let browser = platform.bare_browser();
    let form = "application/x-www-form-urlencoded";
    let body = "client_id=rp-forms&grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=x&token=x&scope=openid";
    let (one, other) = (
        ("authorization", "Basic cnAtZm9ybXM6YQ=="),
        ("authorization", "Basic cnAtZm9ybXM6Yg=="),
    );
    for endpoint in [
        "token",
        "par",
        "introspection",
        "revocation",
        "device_authorization",
    ] {
        let url = format!("{}/oidc/{endpoint}", platform.origin);
        let ask = async |headers: &[(&str, &str)], body: &str| {
            let page = browser.send_raw("POST", &url, headers, body).await;
            let json: Value = serde_json::from_str(&page.body).unwrap_or_default();
            let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
            (page.status.as_u16(), text("error"), text("error_description"))
        };
        for kind in [
            Some("application/json"),
            Some("text/plain"),
            Some("multipart/form-data"),
            None,
        ] {
            let headers: Vec<_> = kind.map(|kind| ("content-type", kind)).into_iter().collect();
            let (status, error, description) = ask(&headers, body).await;
            assert_eq!(
                (status, error.as_str()),
                (400, "invalid_request"),
                "{endpoint} {kind:?}"
            );
            assert!(
                description.contains("content-type"),
                "{endpoint} {kind:?}: {description}"
            );
        }
        let (status, error, _) = ask(&[("content-type", form), one, other], body).await;
        assert_eq!((status, error.as_str()), (400, "invalid_request"), "{endpoint}");
        // A charset is no other kind, and one header is what is looked at.
        let charset = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        let (status, error, _) = ask(&[charset, one], body).await;
        assert_eq!((status, error.as_str()), (401, "invalid_client"), "{endpoint}");
    }
}
