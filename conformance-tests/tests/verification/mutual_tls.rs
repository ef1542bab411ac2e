//! Verifiers that prove themselves by the certificate of their connection (RFC 8705): whose certificate lets in whom, and that a token is
//! worth nothing without the certificate that it was issued to.

use std::time::Duration;

use conformance_tests::{ClientCertificates, MutualTls, Platform, Wanted};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::support::{Answer, Bank, DOCUMENT, Person, base64, client, eventually, read};

/// A platform with the listener, and OpenSSL's certificates of some clients.
pub(crate) struct House {
    pub(crate) platform: Platform,
    pub(crate) mutual: String,
    pub(crate) certificates: ClientCertificates,
}

impl House {
    async fn build(front: &str) -> Self {
        Self::build_with(front, "").await
    }

    /// The same with further lines of the configuration file, from a new table on.
    pub(crate) async fn build_with(front: &str, more: &str) -> Self {
        let MutualTls {
            mut platform,
            origin,
            certificates,
        } = MutualTls::prepare(front, more).await;
        let at = platform.path();
        std::fs::write(at.join("push-ca.pem"), &platform.ca_pem).unwrap();
        crate::support::publish(&platform);
        platform.run().await;
        Self {
            platform,
            mutual: origin,
            certificates,
        }
    }

    pub(crate) fn certify(
        &self,
        name: &str,
        subject: &str,
        san: &str,
        issuer: Option<&str>,
        days: (i64, i64),
    ) {
        let wanted = Wanted {
            subject,
            san,
            issuer,
            days,
            ..Wanted::default()
        };
        self.certificates.certify(name, &wanted);
    }

    /// A client that shows a certificate, or none.
    pub(crate) fn showing(&self, name: Option<&str>) -> Client {
        self.certificates.showing(name)
    }

    async fn token(&self, client: &Client, origin: &str, verifier: &str) -> Answer {
        read(
            client
                .post(format!("{origin}/v1/token"))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("grant_type=client_credentials&client_id={verifier}")),
        )
        .await
    }

    pub(crate) async fn good_token(&self, client: &Client, verifier: &str) -> String {
        let answer = self.token(client, &self.mutual, verifier).await.good();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn usage(&self, client: &Client, origin: &str, token: &str) -> Answer {
        read(client.get(format!("{origin}/v1/usage")).bearer_auth(token)).await
    }
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.status.as_u16(), 401, "{}", answer.text);
    let error: Value = answer.json();
    assert_eq!(error["error"], "invalid_client", "{}", answer.text);
    let told = error["error_description"].as_str().unwrap();
    assert!(told.ends_with(code), "{told} is not {code}");
}

#[tokio::test]
async fn a_registered_certificate_lets_its_verifier_in_and_binds_its_tokens() {
    let house = House::build("").await;
    house.certify("own", "/CN=bank", "", None, (-1, 2));
    house.certify("next", "/CN=bank", "", None, (-1, 2));
    house.certify("strange", "/CN=bank", "", None, (-1, 2));
    house.certify("late", "/CN=bank", "", None, (-5, -1));
    house.certify("early", "/CN=bank", "", None, (1, 5));
    let at = house.platform.path();
    let hashes: Vec<String> = ["own", "next", "late", "early"]
        .iter()
        .map(|name| format!("\"{}\"", house.certificates.sha256(name)))
        .collect();
    let registered = format!("certificate = {{ sha256 = [{}] }}", hashes.join(", "));
    let bank = Bank::with(&house.platform, "bank-a", &registered);
    let keys_only = Bank::new(&house.platform, "bank-b");

    let own = house.showing(Some("own"));
    let token = house.good_token(&own, "bank-a").await;
    let person = Person::new(&house.platform);
    let verify = json!({"purpose": "mailing", "cms": {"message": base64(&person.sign(DOCUMENT))}});
    let answer = read(
        own.post(format!("{}/v1/signatures/verify", house.mutual))
            .bearer_auth(&token)
            .body(verify.to_string()),
    )
    .await;
    assert_eq!(answer.good()["verdict"], "valid");

    // Stolen, the token is worth nothing: on the front, without a certificate, with another one, even another one of the same bank.
    let (none, next) = (house.showing(None), house.showing(Some("next")));
    for (client, origin) in [
        (&client(&house.platform), &bank.origin),
        (&none, &house.mutual),
        (&next, &house.mutual),
        (&house.showing(Some("strange")), &house.mutual),
    ] {
        house
            .usage(client, origin, &token)
            .await
            .problem(401, "token_bound_to_certificate");
    }
    house.usage(&own, &house.mutual, &token).await.good();
    // The other registered certificate gets tokens of its own.
    let other = house.good_token(&next, "bank-a").await;
    house.usage(&next, &house.mutual, &other).await.good();

    for (name, code) in [
        (None, "certificate_absent"),
        (Some("strange"), "certificate_not_registered"),
        (Some("late"), "certificate_expired"),
        (Some("early"), "certificate_not_yet_valid"),
    ] {
        let answer = house.token(&house.showing(name), &house.mutual, "bank-a").await;
        refused(&answer, code);
    }
    // The front asks nobody for a certificate, and a header is none.
    let on_front = read(
        own.post(format!("{}/v1/token", bank.origin))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("client-cert", ":AAAA:")
            .header("x-ssl-client-cert", "AAAA")
            .body("grant_type=client_credentials&client_id=bank-a"),
    )
    .await;
    refused(&on_front, "certificate_absent");
    // A certificate helps nobody who is registered with keys; keys go on working, on both listeners, and bind nothing.
    let answer = house.token(&own, &house.mutual, "bank-b").await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    keys_only.get("/v1/usage").await.good();
    bank.get("/v1/usage").await.good();

    // The registration is read at every request: without the certificate in it, its tokens end at once.
    let path = at.join("bank-a.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    let without = format!("certificate = {{ sha256 = [{}] }}", hashes[1]);
    std::fs::write(&path, file.replace(&registered, &without)).unwrap();
    let changed = house
        .platform
        .command(&["verifier", "change", path.to_str().unwrap()]);
    assert!(
        changed.status.success(),
        "{}",
        String::from_utf8_lossy(&changed.stderr)
    );
    house
        .usage(&own, &house.mutual, &token)
        .await
        .problem(401, "token_bound_to_certificate");
    house.usage(&next, &house.mutual, &other).await.good();

    // The description says where, for software that looks.
    let description = read(none.get(format!("{}/v1/openapi.json", house.mutual)))
        .await
        .good();
    assert_eq!(
        description["x-mtls-endpoint-aliases"]["token_endpoint"],
        format!("{}/v1/token", house.mutual)
    );
}

#[tokio::test]
async fn a_name_counts_below_a_pinned_authority_only() {
    let house = House::build("").await;
    let subject = "/C=JP/O=Bank, Ltd./CN=client";
    for (name, subject, san, issuer, days) in [
        (
            "good",
            subject,
            "DNS:Client.Bank.example,URI:urn:bank:a",
            Some("pinned"),
            (-1, 2),
        ),
        (
            "self",
            subject,
            "DNS:client.bank.example,URI:urn:bank:a",
            None,
            (-1, 2),
        ),
        // The same name as the pinned authority's, another key.
        (
            "look-alike",
            subject,
            "DNS:client.bank.example",
            Some("other-ca"),
            (-1, 2),
        ),
        (
            "other",
            "/C=JP/O=Bank, Ltd./CN=other",
            "DNS:other.bank.example",
            Some("pinned"),
            (-1, 2),
        ),
        (
            "late",
            subject,
            "DNS:client.bank.example",
            Some("pinned"),
            (-5, -1),
        ),
        // The name in another place than registered.
        (
            "crossed",
            "/CN=client.bank.example",
            "URI:client.bank.example",
            Some("pinned"),
            (-1, 2),
        ),
    ] {
        house.certify(name, subject, san, issuer, days);
    }
    let server = Wanted {
        subject,
        san: "DNS:client.bank.example",
        kind: "server",
        issuer: Some("pinned"),
        ..Wanted::default()
    };
    house.certificates.certify("server", &server);
    for (id, registered) in [
        (
            "by-subject",
            "{ subject_dn = \"CN=client,O=Bank\\\\, Ltd.,C=JP\" }",
        ),
        ("by-dns", "{ san_dns = \"client.bank.example\" }"),
        ("by-uri", "{ san_uri = \"urn:bank:a\" }"),
    ] {
        Bank::with(&house.platform, id, &format!("certificate = {registered}"));
        let good = house.showing(Some("good"));
        let token = house.good_token(&good, id).await;
        house.usage(&good, &house.mutual, &token).await.good();
        for (name, code) in [
            ("self", "certificate_without_path"),
            ("look-alike", "certificate_without_path"),
            ("server", "certificate_without_path"),
            ("other", "certificate_of_other_subject"),
            ("crossed", "certificate_of_other_subject"),
            ("late", "certificate_expired"),
        ] {
            let shown = house.showing(Some(name));
            refused(&house.token(&shown, &house.mutual, id).await, code);
            house
                .usage(&shown, &house.mutual, &token)
                .await
                .problem(401, "token_bound_to_certificate");
        }
    }
}

#[tokio::test]
async fn one_address_holds_its_share_of_places_and_no_more_and_gives_them_back() {
    let house = House::build_with("", "connections_per_address = 3").await;
    let port = url::Url::parse(&house.mutual).unwrap().port().unwrap();
    let dial = || tokio::net::TcpStream::connect(("127.0.0.1", port));
    // Before a single octet of TLS.
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(dial().await.unwrap());
    }
    let mut fourth = dial().await.unwrap();
    let mut buffer = [0; 1];
    let end = tokio::time::timeout(Duration::from_secs(5), fourth.read(&mut buffer)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "it is closed at once: {end:?}");
    let turned = "mutual_tls_turned_away_total{limit=\"address\"}";
    assert!(
        house
            .platform
            .metric(turned)
            .await
            .is_some_and(|count| count >= 1.0)
    );
    // The front has places of its own.
    let front = format!("{}/v1/openapi.json", house.platform.origin);
    read(client(&house.platform).get(front)).await.good();
    drop(held);
    let there = format!("{}/v1/openapi.json", house.mutual);
    eventually(&house.platform, "a place given back", || async {
        house
            .showing(None)
            .get(&there)
            .send()
            .await
            .is_ok_and(|said| said.status() == 200)
    })
    .await;
}

#[tokio::test]
async fn an_authority_counts_from_the_signal_that_pins_it_to_the_one_that_does_not() {
    let house = House::build("").await;
    let san = "DNS:client.bank.example";
    for (name, issuer) in [("before", "pinned"), ("after", "other-ca")] {
        house.certify(name, "/CN=client", san, Some(issuer), (-1, 2));
    }
    let registered = "certificate = { san_dns = \"client.bank.example\" }";
    Bank::with(&house.platform, "bank-a", registered);
    let (before, after) = (house.showing(Some("before")), house.showing(Some("after")));
    let token = house.good_token(&before, "bank-a").await;
    house.usage(&before, &house.mutual, &token).await.good();
    let answer = house.token(&after, &house.mutual, "bank-a").await;
    refused(&answer, "certificate_without_path");

    let folder = house.platform.path().join("clients");
    std::fs::copy(folder.join("other-ca.pem"), folder.join("pinned.pem")).unwrap();
    house.platform.signal("HUP");
    eventually(&house.platform, "the new authority", || async {
        house.token(&after, &house.mutual, "bank-a").await.status == 200
    })
    .await;
    let answer = house.token(&before, &house.mutual, "bank-a").await;
    refused(&answer, "certificate_without_path");
    // Nor is a token worth anything that was given before.
    house
        .usage(&before, &house.mutual, &token)
        .await
        .problem(401, "token_bound_to_certificate");
    // A file that cannot be read changes nothing.
    std::fs::write(folder.join("pinned.pem"), "nothing").unwrap();
    house.platform.signal("HUP");
    eventually(&house.platform, "the refusal in the log", || async {
        house.platform.log().contains("stays as it was")
    })
    .await;
    house.good_token(&after, "bank-a").await;
}
