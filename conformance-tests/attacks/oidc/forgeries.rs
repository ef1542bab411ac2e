//! Everything that is made from a good JWS and must not count, one table for every place that takes one.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

type Sign<'a> = &'a dyn Fn(&str, &str) -> String;

pub(super) fn part(text: &str) -> String {
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
pub(super) const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub(super) fn with_signature(jws: &str, signature: &[u8]) -> String {
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
pub(super) fn forgeries(
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
