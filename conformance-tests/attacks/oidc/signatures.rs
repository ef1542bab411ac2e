//! Forged signatures at every place where a JWS comes in (RFC 8725 sections 2 and 3; `McLean`, "Critical vulnerabilities in JSON Web Token
//! libraries", 2015; CVE-2015-9235 none and HMAC with a public key; CVE-2018-0114 embedded keys; CVE-2022-21449 zero signatures;
//! CVE-2022-25898; RFC 7797 for `b64`): client assertion, request object, proof of possession, hint, software statement. One table.

use aws_lc_rs::hmac;
use conformance_tests::{
    Browser, DpopKey, Page, Platform, PlatformOptions, RelyingParty, SELF_REGISTRATION, SigningClient, least,
};
use domain::Clock as _;
use serde_json::{Value, json};

type Sign<'a> = &'a dyn Fn(&str, &str) -> String;

fn part(text: &str) -> String {
    jose::encode_base64url(text)
}

fn hmac_of(input: &str, key: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    format!(
        "{input}.{}",
        jose::encode_base64url(hmac::sign(&key, input.as_bytes()))
    )
}

/// n of P-256 (FIPS 186-5).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn with_signature(jws: &str, signature: &[u8]) -> String {
    let (input, _) = jws.rsplit_once('.').unwrap();
    format!("{input}.{}", jose::encode_base64url(signature))
}

fn header_with(header: &Value, changes: &[(&str, Value)]) -> String {
    let mut header = header.clone();
    for (name, value) in changes {
        header[*name] = value.clone();
    }
    header.to_string()
}

/// Everything that is made from a good header and good claims and must not count. `honest` signs with the registered key, `thief` with
/// another; `public` is the registered key.
#[allow(clippy::too_many_lines, reason = "one table")]
fn forgeries(
    header: &Value,
    claims: &dyn Fn() -> String,
    honest: Sign<'_>,
    thief: Sign<'_>,
    public: &Value,
    thieves: &Value,
) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, jws: String| all.push((what.to_owned(), jws));
    let of = |name: &str, value: Value| header_with(header, &[(name, value)]);
    // Algorithms in name.
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "none\0"] {
        let input = format!("{}.{}", part(&of("alg", json!(alg))), part(&claims()));
        add(&format!("alg {alg:?} without signature"), format!("{input}."));
        add(
            &format!("alg {alg:?} with one"),
            honest(&of("alg", json!(alg)), &claims()),
        );
    }
    for alg in [
        "HS256",
        "HS384",
        "RS256",
        "RS512",
        "PS256",
        "PS384",
        "ES384",
        "ES512",
        "ES256K",
        "EdDSA",
        "Ed25519",
        "es256",
        "ES256 ",
        "RSA1_5",
        "dir",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    ] {
        add(
            &format!("alg {alg} over ES256"),
            honest(&of("alg", json!(alg)), &claims()),
        );
    }
    for alg in [
        json!(null),
        json!(["ES256"]),
        json!({"alg": "ES256"}),
        json!(256),
        json!(true),
    ] {
        add(&format!("alg {alg}"), honest(&of("alg", alg), &claims()));
    }
    // The public key as a secret, in every form in which a library has taken it.
    let point = [
        vec![4],
        jose::decode_base64url(public["x"].as_str().unwrap()).unwrap(),
        jose::decode_base64url(public["y"].as_str().unwrap()).unwrap(),
    ]
    .concat();
    let input = format!("{}.{}", part(&of("alg", json!("HS256"))), part(&claims()));
    let words = public.to_string();
    let x = public["x"].as_str().unwrap().as_bytes().to_vec();
    for (what, key) in [
        ("JWK", words.as_bytes().to_vec()),
        ("point", point),
        ("x", x),
        ("nothing", b"\0".to_vec()),
    ] {
        add(&format!("HMAC with the public {what}"), hmac_of(&input, &key));
    }
    // Keys that the message brings, points to or names.
    for (what, name, value) in [
        ("a key that it brings", "jwk", thieves.clone()),
        ("an address of keys", "jku", json!("https://evil.localhost/jwks")),
        (
            "an address of a certificate",
            "x5u",
            json!("https://evil.localhost/cert"),
        ),
        ("a certificate", "x5c", json!(["MIIB"])),
        (
            "a certificate's digest",
            "x5t",
            json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ),
        ("a certificate's longer digest", "x5t#S256", json!("AAAA")),
        ("a key by path", "kid", json!("../../../../dev/null")),
        (
            "a key by file",
            "kid",
            json!("/proc/sys/kernel/randomize_va_space"),
        ),
        ("a key by query", "kid", json!("k1' UNION SELECT 'x' --")),
        ("a key by address", "kid", json!("https://evil.localhost/key")),
        ("a key by command", "kid", json!("|/usr/bin/id")),
        ("no name", "kid", json!("")),
        ("a name without end", "kid", json!("k".repeat(9000))),
        ("another kind of name", "kid", json!(["k1"])),
        ("a number", "kid", json!(1)),
        ("the right name", "kid", json!("k1")),
    ] {
        add(
            &format!("{what}, by the thief's key"),
            thief(&of(name, value), &claims()),
        );
    }
    // Extensions that nobody understands.
    for (what, changes) in [
        ("b64", vec![("crit", json!(["b64"])), ("b64", json!(false))]),
        ("an unknown one", vec![("crit", json!(["x"])), ("x", json!(1))]),
        ("none in an empty list", vec![("crit", json!([]))]),
        ("one that is not there", vec![("crit", json!(["exp"]))]),
        ("no list", vec![("crit", json!("b64"))]),
        ("alg itself", vec![("crit", json!(["alg"]))]),
    ] {
        add(
            &format!("crit: {what}"),
            honest(&header_with(header, &changes), &claims()),
        );
    }
    // Signatures.
    let good = honest(&header.to_string(), &claims());
    let signature = jose::decode_base64url(good.rsplit('.').next().unwrap()).unwrap();
    let mut flipped = signature.clone();
    flipped[40] ^= 1;
    let order_twice = [ORDER, ORDER].concat();
    let mut order_first = ORDER.to_vec();
    order_first.extend(&signature[32..]);
    let der = {
        let integer = |bytes: &[u8]| {
            let mut integer = vec![2, 33, 0];
            integer.extend(bytes);
            integer
        };
        let body = [integer(&signature[..32]), integer(&signature[32..])].concat();
        [vec![0x30, 70], body].concat()
    };
    let longer = [signature.as_slice(), &[0]].concat();
    let twice_over = [signature.as_slice(), signature.as_slice()].concat();
    let spoilt: [(&str, &[u8]); 10] = [
        ("empty", &[]),
        ("zeros", &[0; 64]),
        ("the order twice", &order_twice),
        ("the order and s", &order_first),
        ("one bit", &flipped),
        ("DER", &der),
        ("cut", &signature[..63]),
        ("longer", &longer),
        ("twice", &twice_over),
        ("r alone", &signature[..32]),
    ];
    for (what, bytes) in spoilt {
        add(&format!("signature: {what}"), with_signature(&good, bytes));
    }
    // Writings of a good one that are none.
    let (input, tail) = good.rsplit_once('.').unwrap();
    let (head, body) = input.split_once('.').unwrap();
    let last = tail.chars().last().unwrap();
    let other_end = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        .chars()
        .find(|c| *c != last && !"AQgw".contains(*c))
        .unwrap();
    add(
        "bits past the end",
        format!("{input}.{}{other_end}", &tail[..tail.len() - 1]),
    );
    add("padding", format!("{good}=="));
    add("padding within", format!("{head}=.{body}.{tail}"));
    add("a fourth part", format!("{good}."));
    add("five parts", format!("{good}.{body}.{tail}"));
    add("two parts", input.to_owned());
    add("one part", head.to_owned());
    add("a header that is empty", format!(".{body}.{tail}"));
    add("claims that are elsewhere", format!("{head}..{tail}"));
    add("a line end", format!("{good}\n"));
    add("a space before", format!(" {good}"));
    add("a line end within", format!("{head}.\n{body}.{tail}"));
    let json = json!({"payload": body, "signatures": [{"protected": head, "signature": tail}]});
    add("JSON serialisation", json.to_string());
    let flat = json!({"payload": body, "protected": head, "signature": tail});
    add("flattened JSON", flat.to_string());
    add(
        "an encrypted one",
        format!("{}.a.b.c.d", part(r#"{"alg":"dir","enc":"A128GCM"}"#)),
    );
    add("nothing", ".".to_owned());
    // Members twice, and texts that are no object.
    let text = header.to_string();
    let twice = |text: &str, first: &str| format!("{{{first},{}", &text[1..]);
    add(
        "alg twice, the first none",
        honest(&twice(&text, r#""alg":"none""#), &claims()),
    );
    add(
        "alg twice, the same",
        honest(&twice(&text, r#""alg":"ES256""#), &claims()),
    );
    add(
        "an escaped alg beside",
        honest(&twice(&text, r#""\u0061lg":"none""#), &claims()),
    );
    add(
        "claims twice",
        honest(&text, &twice(&claims(), r#""jti":"a","jti":"b""#)),
    );
    add(
        "an issuer twice",
        honest(&text, &twice(&claims(), r#""iat":1,"iat":2"#)),
    );
    add("a header that is a list", honest(&format!("[{text}]"), &claims()));
    add(
        "a header with more behind it",
        honest(&format!("{text}{{}}"), &claims()),
    );
    add("a header that is text", honest("\"ES256\"", &claims()));
    add(
        "claims that are a list",
        honest(&text, &format!("[{}]", claims())),
    );
    add(
        "claims that are a JWS",
        honest(&header_with(header, &[("cty", json!("JWT"))]), &good),
    );
    add(
        "claims with more behind them",
        honest(&text, &format!("{}x", claims())),
    );
    add("claims without end", honest(&text, &"[".repeat(5000)));
    let others = thief(&text, &claims());
    add("the thief's signature", others.clone());
    let (_, of_thief) = others.rsplit_once('.').unwrap();
    add("the thief's signature on it", format!("{input}.{of_thief}"));
    all
}

fn told(page: &Page) -> String {
    let json: Value =
        serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("{} {}", page.status, page.body));
    json["error"].as_str().unwrap_or_default().to_owned()
}

async fn authenticate(platform: &Platform, browser: &Browser, endpoint: &str, assertion: &str) -> Page {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", "unknown")
        .append_pair("token", "unknown")
        .append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", assertion)
        .finish();
    browser
        .post_raw(&format!("{}/oidc/{endpoint}", platform.origin), &[], &body)
        .await
}

#[tokio::test]
async fn no_forged_assertion_authenticates_a_client() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-asserted", "");
    let thief = SigningClient::register(&platform, "rp-forger", "");
    let browser = platform.bare_browser();
    let claims = || {
        let now = conformance_tests::MachineClock.now().seconds();
        json!({
            "iss": "rp-asserted", "sub": "rp-asserted", "aud": platform.origin,
            "iat": now, "exp": now + 60, "jti": conformance_tests::random_name(),
        })
        .to_string()
    };
    let honest = |header: &str, claims: &str| client.jws_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.jws_text(header, claims);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let forged = forgeries(&header, &claims, &honest, &by_thief, &client.jwk(), &thief.jwk());
    assert!(forged.len() > 90, "{}", forged.len());
    for (at, (what, assertion)) in forged.iter().enumerate() {
        // All of them at the token endpoint, and each at one of the others.
        let other = ["par", "introspection", "revocation", "device_authorization"][at % 4];
        for endpoint in ["token", other] {
            let answer = authenticate(&platform, &browser, endpoint, assertion).await;
            assert!(
                answer.status.is_client_error(),
                "{what} at {endpoint}: {}",
                answer.body
            );
            assert_eq!(
                told(&answer),
                "invalid_client",
                "{what} at {endpoint}: {}",
                answer.body
            );
        }
    }
    // The control, and its twin: (r, n − s) verifies as well, and counts as the same assertion used twice.
    let good = honest(&header.to_string(), &claims());
    assert_eq!(
        told(&authenticate(&platform, &browser, "token", &good).await),
        "invalid_grant"
    );
    let answer = authenticate(&platform, &browser, "token", &mirrored(&good)).await;
    assert_eq!(told(&answer), "invalid_client");
}

/// The same signature with n − s.
fn mirrored(jws: &str) -> String {
    let mut signature = jose::decode_base64url(jws.rsplit('.').next().unwrap()).unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    with_signature(jws, &signature)
}

#[tokio::test]
async fn no_forged_object_is_a_request() {
    let platform = Platform::start().await;
    let client = SigningClient::register(&platform, "rp-object", "");
    let thief = SigningClient::register(&platform, "rp-object-thief", "");
    let browser = platform.bare_browser();
    let claims = || client.object_claims().to_string();
    let honest = |header: &str, claims: &str| client.jws_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.jws_text(header, claims);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"});
    let to: String = url::form_urlencoded::byte_serialize(client.rp.redirect_uri.as_bytes()).collect();
    for (what, object) in forgeries(&header, &claims, &honest, &by_thief, &client.jwk(), &thief.jwk()) {
        let encoded: String = url::form_urlencoded::byte_serialize(object.as_bytes()).collect();
        let url = format!(
            "{}/oidc/authorize?client_id=rp-object&request={encoded}&redirect_uri={to}",
            platform.origin
        );
        let answer = browser.get_one(&url).await;
        let location = answer.header("location").unwrap_or_default();
        let is_told =
            location.starts_with(&client.rp.redirect_uri) && location.contains("error=invalid_request");
        assert!(
            is_told || answer.status == 400,
            "{what}: {} {location}",
            answer.status
        );
        let answer = client.push(&browser, &[("request".to_owned(), object)]).await;
        assert!(answer.status.is_client_error(), "{what}: {}", answer.body);
        assert!(
            told(&answer).starts_with("invalid_request"),
            "{what}: {}",
            answer.body
        );
    }
    let good = client.object(&client.object_claims());
    assert_eq!(
        client
            .push(&browser, &[("request".to_owned(), good)])
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn no_forged_proof_binds_or_opens_anything() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register_for(&platform, "rp-proven", "dpop_bound_access_tokens = true");
    let browser = platform.browser_with_new_card();
    let (key, thief) = (DpopKey::default(), DpopKey::default());
    let token_url = format!("{}/oidc/token", platform.origin);
    let userinfo = format!("{}/oidc/userinfo", platform.origin);
    let code = rp.code(&browser, "").await;
    let answer = key.post(&browser, &token_url, &rp.token_request(&code)).await;
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    let access = json["access_token"].as_str().unwrap().to_owned();
    let answer = browser.get_raw(&userinfo, &[]).await;
    let nonce = answer.header("dpop-nonce").unwrap().to_owned();
    let honest = |header: &str, claims: &str| key.sign_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.sign_text(header, claims);
    let claims = || DpopKey::claims("GET", &userinfo, &nonce, Some(&access)).to_string();
    let for_tokens = || DpopKey::claims("POST", &token_url, &nonce, None).to_string();
    let authorization = format!("DPoP {access}");
    let unused = rp.code(&browser, "").await;
    let forged = |claims: &dyn Fn() -> String| {
        forgeries(
            &key.header(),
            claims,
            &honest,
            &by_thief,
            &key.jwk(),
            &thief.jwk(),
        )
    };
    for ((what, proof), (_, at_tokens)) in forged(&claims).into_iter().zip(forged(&for_tokens)) {
        if proof.contains(['\n', '\0']) || proof.len() > 20_000 {
            continue; // No header can hold it.
        }
        let headers = [("authorization", authorization.as_str()), ("dpop", proof.trim())];
        let is_trimmed = proof.trim() != proof;
        let answer = browser.get_raw(&userinfo, &headers).await;
        assert!(
            is_trimmed || answer.status.is_client_error(),
            "{what}: {}",
            answer.status
        );
        // Whoever has code and verifier may bring a key of their own.
        if is_trimmed || what.starts_with("a key that it brings") {
            continue;
        }
        let answer = browser
            .post_raw(&token_url, &[("dpop", &at_tokens)], &rp.token_request(&unused))
            .await;
        assert_eq!(
            (answer.status.as_u16(), told(&answer).as_str()),
            (400, "invalid_dpop_proof"),
            "{what}: {}",
            answer.body
        );
    }
    // The code was not spent by any of it: the key that comes with such a proof gets tokens, at once.
    let good = honest(&key.header().to_string(), &for_tokens());
    let answer = browser
        .post_raw(&token_url, &[("dpop", &good)], &rp.token_request(&unused))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let twin = key.proof("GET", &userinfo, &nonce, Some(&access));
    let headers = |proof: &str| {
        [
            ("authorization".to_owned(), authorization.clone()),
            ("dpop".to_owned(), proof.to_owned()),
        ]
    };
    for (proof, expected) in [(twin.clone(), 200), (mirrored(&twin), 401)] {
        let held = headers(&proof);
        let held: Vec<(&str, &str)> = held
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            browser.get_raw(&userinfo, &held).await.status,
            expected,
            "the twin of a used proof is used"
        );
    }
}

#[tokio::test]
async fn no_forged_hint_names_anybody() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-hinted");
    let browser = platform.browser_with_new_card();
    let real = rp.sign_in(&browser, "").await.id_token;
    let jwks = browser.get(&format!("{}/oidc/jwks", platform.origin)).await;
    let jwks: Value = serde_json::from_str(&jwks.body).unwrap();
    let thief = DpopKey::default();
    let text = |at: usize| {
        let part = jose::decode_base64url(real.split('.').nth(at).unwrap()).unwrap();
        String::from_utf8(part).unwrap()
    };
    let header: Value = serde_json::from_str(&text(0)).unwrap();
    let claims = || text(1);
    // Nobody here has our key: what "honest" signs is the thief's.
    let sign = |header: &str, claims: &str| thief.sign_text(header, claims);
    let ours = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kty"] == "EC")
        .cloned();
    let public = ours.unwrap_or_else(|| thief.jwk());
    let mut forged = forgeries(&header, &claims, &sign, &sign, &public, &thief.jwk());
    let (input, signature) = real.rsplit_once('.').unwrap();
    let (head, body) = input.split_once('.').unwrap();
    let other = part(&text(1).replace("\"sub\":\"", "\"sub\":\"x"));
    forged.push((
        "other claims under our signature".to_owned(),
        format!("{head}.{other}.{signature}"),
    ));
    forged.push((
        "our claims under no signature".to_owned(),
        format!("{head}.{body}."),
    ));
    let kept = browser
        .get_until(
            &rp.request(&format!("&prompt=none&id_token_hint={real}")),
            &rp.redirect_uri,
        )
        .await;
    assert!(kept.query("code").is_some(), "the control: {}", kept.url);
    for (what, hint) in forged {
        let encoded: String = url::form_urlencoded::byte_serialize(hint.as_bytes()).collect();
        let asked = rp.request(&format!("&prompt=none&id_token_hint={encoded}"));
        let reply = browser.get_until(&asked, &rp.redirect_uri).await;
        assert!(reply.query("code").is_none(), "{what}: {}", reply.url);
        let logout = format!("{}/oidc/logout?id_token_hint={encoded}", platform.origin);
        let page = browser.get_one(&logout).await;
        assert_eq!(
            (page.status.as_u16(), page.header("location")),
            (400, None),
            "{what}"
        );
    }
    let kept = browser
        .get_until(&rp.request("&prompt=none"), &rp.redirect_uri)
        .await;
    assert!(
        kept.query("code").is_some(),
        "nobody was signed out: {}",
        kept.url
    );
}

#[tokio::test]
async fn no_forged_statement_vouches_for_software() {
    let mut platform = Platform::prepare(PlatformOptions {
        more_config: format!(
            "{SELF_REGISTRATION}[registration.software_statement_issuers]\n\"https://vendors.example\" = \"vendors.jwks\"\n"
        ),
        ..Default::default()
    })
    .await;
    let vendor = SigningClient::unregistered("https://vendors.example");
    let thief = SigningClient::unregistered("https://vendors.example");
    std::fs::write(
        platform.path().join("vendors.jwks"),
        json!({ "keys": [vendor.jwk()] }).to_string(),
    )
    .unwrap();
    platform.run().await;
    let browser = platform.bare_browser();
    let token = platform.initial_token("vendors", &["rp.localhost"], 9, "standard");
    let claims = || {
        let now = conformance_tests::MachineClock.now().seconds();
        json!({"iss": "https://vendors.example", "software_id": "s", "iat": now, "jti": conformance_tests::random_name()}).to_string()
    };
    let honest = |header: &str, claims: &str| vendor.jws_text(header, claims);
    let by_thief = |header: &str, claims: &str| thief.jws_text(header, claims);
    let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"});
    let with = |statement: &str| {
        let mut asked = least("https://rp.localhost/cb");
        asked["software_statement"] = json!(statement);
        asked
    };
    for (what, statement) in forgeries(&header, &claims, &honest, &by_thief, &vendor.jwk(), &thief.jwk()) {
        let answer = platform.self_register(&browser, &token, &with(&statement)).await;
        assert!(answer.status.is_client_error(), "{what}: {}", answer.body);
        assert!(
            told(&answer).contains("software_statement"),
            "{what}: {}",
            answer.body
        );
    }
    let good = honest(&header.to_string(), &claims());
    let made = platform.self_register(&browser, &token, &with(&good)).await;
    assert_eq!(made.status, 201, "{}", made.body);
}
