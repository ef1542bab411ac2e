//! The description of the interface, held against the interface: every operation and every status in it happens, and nothing else does.

use std::collections::BTreeSet;

use conformance_tests::MachineClock;
use domain::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};
use sim::jlis_server::faults::ServerFault;

use crate::support::{
    Answer, Bank, DOCUMENT, Person, base64, client, eventually, platform_changed, platform_with, publish,
    read,
};

/// What was seen: method, path of the description, status.
#[derive(Default)]
struct Seen(BTreeSet<(String, String, u16)>);

impl Seen {
    fn note(&mut self, method: &Method, path: &str, answer: &Answer) {
        self.0.insert((
            method.as_str().to_ascii_lowercase(),
            path.to_owned(),
            answer.status.as_u16(),
        ));
    }
}

fn described(description: &Value) -> BTreeSet<(String, String, u16)> {
    let mut all = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for status in operation["responses"].as_object().unwrap().keys() {
                all.insert((method.clone(), path.clone(), status.parse().unwrap()));
            }
        }
    }
    all
}

/// Every operation that asks for a token, with its path in the description and one that could be real.
fn with_token(description: &Value) -> Vec<(Method, String, String)> {
    let mut all = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation.get("security").is_none() {
                let method: Method = method.to_uppercase().parse().unwrap();
                all.push((method, path.clone(), path.replace("{id}", "ev_0")));
            }
        }
    }
    all
}

/// Every `$ref` leads somewhere.
fn references(value: &Value, whole: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(whole.pointer(pointer).is_some(), "{target} leads nowhere");
            }
            members.values().for_each(|member| references(member, whole));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, whole)),
        _ => {}
    }
}

/// Checks an answer's members against a schema of the description: those that are required are there, and no others.
fn fits(value: &Value, schema: &Value, whole: &Value, at: &str) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return fits(
            value,
            whole.pointer(target.strip_prefix('#').unwrap()).unwrap(),
            whole,
            at,
        );
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.contains(&kind), "{at}: {kind} is none of {types:?}");
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        assert!(words.contains(value), "{at}: {value} is none of {words:?}");
    }
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| fits(item, &schema["items"], whole, at)),
        Value::Object(members) => {
            let properties = schema["properties"].as_object().unwrap();
            for (name, member) in members {
                let schema = properties
                    .get(name)
                    .unwrap_or_else(|| panic!("{at}.{name} is not described"));
                fits(member, schema, whole, &format!("{at}.{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(
                    members.contains_key(name.as_str().unwrap()),
                    "{at}.{name} is missing"
                );
            }
        }
        _ => {}
    }
}

struct Walk<'a> {
    seen: Seen,
    description: Value,
    bank: &'a Bank,
}

impl Walk<'_> {
    fn take(&mut self, method: &Method, path: &str, answer: Answer) -> Answer {
        self.seen.note(method, path, &answer);
        let operation = &self.description["paths"][path][method.as_str().to_ascii_lowercase()];
        let response = &operation["responses"][answer.status.as_str()];
        let response = match response.get("$ref").and_then(Value::as_str) {
            Some(target) => self
                .description
                .pointer(target.strip_prefix('#').unwrap())
                .unwrap(),
            None => response,
        };
        assert!(
            !response.is_null(),
            "{method} {path} {} is not described",
            answer.status
        );
        if let Some(content) = response["content"].as_object() {
            let (kind, content) = content.iter().next().unwrap();
            assert_eq!(&answer.kind, kind, "{method} {path}");
            fits(&answer.json(), &content["schema"], &self.description, path);
        }
        answer
    }

    async fn ask(&mut self, method: Method, path: &str, real: &str, body: Option<Value>) -> Answer {
        let answer = self.bank.send(method.clone(), real, body).await;
        self.take(&method, path, answer)
    }
}

#[tokio::test]
#[allow(
    clippy::too_many_lines,
    reason = "one walk through every operation, so that nothing is left out"
)]
async fn every_described_status_happens_and_no_other() {
    let platform = platform_with("max_document_bytes = 4096").await;
    let bank = Bank::with(&platform, "bank-a", "responder_questions_per_day = 4");
    let person = Person::new(&platform);
    let stranger = client(&platform);
    let description = read(stranger.get(format!("{}/v1/openapi.json", bank.origin))).await;
    let first = description.clone();
    let description = description.good();
    assert_eq!(description["openapi"], "3.1.0");
    references(&description, &description);
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let mut walk = Walk {
        seen: Seen::default(),
        description: description.clone(),
        bank: &bank,
    };
    walk.take(&get, "/v1/openapi.json", first);
    let token = bank.token_with(&bank.assertion(|_| {})).await;
    walk.take(&post, "/v1/token", token);
    let token = bank
        .token_with(&bank.assertion(|claims| claims["exp"] = 1.into()))
        .await;
    walk.take(&post, "/v1/token", token);
    let token = bank.token_with("no assertion").await;
    walk.take(&post, "/v1/token", token);
    let nobody = stranger
        .post(format!("{}/v1/token", bank.origin))
        .body("grant_type=client_credentials");
    let nobody = read(nobody).await;
    walk.take(&post, "/v1/token", nobody);
    let large = stranger
        .post(format!("{}/v1/token", bank.origin))
        .body("x".repeat(200_000));
    let large = read(large).await;
    walk.take(&post, "/v1/token", large);

    // Without a token, everywhere.
    for (method, path, real) in with_token(&description) {
        let answer = read(stranger.request(method.clone(), format!("{}{real}", bank.origin))).await;
        answer.problem(401, "unauthenticated");
        walk.take(&method, &path, answer);
    }

    // Signatures and evidence.
    let verify = "/v1/signatures/verify";
    let message = person.sign(DOCUMENT);
    let body = |more: Value| {
        let mut body = json!({"purpose": "account-opening", "cms": {"message": base64(&message)}});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        Some(body)
    };
    let items = json!({"release": ["four_items"], "certainty": "ocsp"});
    let good = walk.ask(post.clone(), verify, verify, body(items)).await;
    assert_eq!(good.good()["verdict"], "valid", "{}", good.text);
    let broken = json!({"cms": {"message": base64(b"x")}});
    walk.ask(post.clone(), verify, verify, body(broken)).await.good();
    walk.ask(post.clone(), verify, verify, Some(json!({})))
        .await
        .problem(400, "malformed");
    let other = json!({"purpose": "other"});
    walk.ask(post.clone(), verify, verify, body(other))
        .await
        .problem(403, "purpose_unknown");
    let over = json!({"cms": {"message": base64(&person.sign(&[0; 5000]))}});
    walk.ask(post.clone(), verify, verify, body(over))
        .await
        .problem(413, "too_large");
    let evidence = "/v1/evidence/{id}";
    let id = good.json()["evidence"].as_str().unwrap().to_owned();
    walk.ask(get.clone(), evidence, &format!("/v1/evidence/{id}"), None)
        .await
        .good();
    walk.ask(get.clone(), evidence, "/v1/evidence/ev_0", None)
        .await
        .problem(404, "unknown");

    // Consents.
    let texts = "/v1/consent-texts";
    let ask = |kind: &str, purpose: &str, until: &str| {
        Some(json!({"kind": kind, "purpose": purpose, "until": until}))
    };
    walk.ask(post.clone(), texts, texts, Some(json!({})))
        .await
        .problem(400, "malformed");
    walk.ask(
        post.clone(),
        texts,
        texts,
        ask("latest_items", "mailing", "2027-01-01"),
    )
    .await;
    walk.ask(
        post.clone(),
        texts,
        texts,
        ask("status_watch", "mailing", "2020-01-01"),
    )
    .await;
    let text = walk
        .ask(
            post.clone(),
            texts,
            texts,
            ask("status_watch", "mailing", "2027-06-01"),
        )
        .await;
    let too_much = Some(json!({"kind": "x".repeat(300_000)}));
    walk.ask(post.clone(), texts, texts, too_much.clone())
        .await
        .problem(413, "too_large");
    let mut latest_id = String::new();
    for (path, kind, purpose) in [
        ("/v1/watches", "status_watch", "mailing"),
        ("/v1/four-items-consents", "latest_items", "account-opening"),
    ] {
        let text = bank
            .post(texts, ask(kind, purpose, "2027-06-01").unwrap())
            .await
            .good();
        let signed = person.sign(text["text"].as_str().unwrap().as_bytes());
        let signed = Some(json!({"message": base64(&signed)}));
        let made = walk.ask(post.clone(), path, path, signed.clone()).await;
        assert_eq!(made.status, 201);
        walk.ask(post.clone(), path, path, signed.clone())
            .await
            .problem(409, "already_registered");
        walk.ask(post.clone(), path, path, Some(json!({})))
            .await
            .problem(400, "malformed");
        walk.ask(
            post.clone(),
            path,
            path,
            Some(json!({"message": base64(&message)})),
        )
        .await
        .problem(422, "consent_text_unknown");
        walk.ask(post.clone(), path, path, too_much.clone())
            .await
            .problem(413, "too_large");
        let one = format!("{path}/{{id}}");
        latest_id = made.json()["consent"].as_str().unwrap().to_owned();
        walk.ask(get.clone(), &one, &format!("{path}/{latest_id}"), None)
            .await
            .good();
        walk.ask(get.clone(), &one, &format!("{path}/none"), None)
            .await
            .problem(404, "unknown");
        walk.ask(delete.clone(), &one, &format!("{path}/none"), None)
            .await
            .problem(404, "unknown");
    }

    // J-LIS does not answer.
    platform.jlis.switch(ServerFault::ItemsUnavailable, true, None);
    let latest = "/v1/four-items-consents/{id}/latest";
    let silent = walk
        .ask(
            post.clone(),
            latest,
            &format!("/v1/four-items-consents/{latest_id}/latest"),
            None,
        )
        .await;
    silent.problem(503, "unavailable");
    platform.jlis.switch(ServerFault::ItemsUnavailable, false, None);

    // The state and the latest items, while open and after.
    let (watch, _) = bank.watch(&person).await;
    let state = "/v1/watches/{id}/state";
    let real = format!("/v1/watches/{watch}/state");
    walk.ask(get.clone(), state, &real, None).await.good();
    walk.ask(get.clone(), state, "/v1/watches/none/state", None)
        .await
        .problem(404, "unknown");
    let (dead, gone) = (Person::new(&platform), Person::new(&platform));
    bank.watch(&dead).await;
    let at = |id: &str| format!("/v1/four-items-consents/{id}/latest");
    walk.ask(post.clone(), latest, &at(&latest_id), None).await.good();
    walk.ask(post.clone(), latest, &at("none"), None)
        .await
        .problem(404, "unknown");
    let mut consent_of = Vec::new();
    for one in [&dead, &gone] {
        let (text, _) = bank.text("latest_items", "account-opening", 30).await;
        let signed = json!({"message": base64(&one.sign(text.as_bytes()))});
        let made = bank.post("/v1/four-items-consents", signed).await.good();
        consent_of.push(made["consent"].as_str().unwrap().to_owned());
    }
    dead.world().die(&dead.id, MachineClock.now()).unwrap();
    walk.ask(post.clone(), latest, &at(&consent_of[0]), None)
        .await
        .problem(409, "items_refused");
    // The fourth question of the day was the last.
    walk.ask(post.clone(), latest, &at(&latest_id), None)
        .await
        .problem(429, "questions_exhausted");
    let ocsp = json!({"certainty": "ocsp"});
    walk.ask(post.clone(), verify, verify, body(ocsp))
        .await
        .problem(429, "questions_exhausted");
    let real_one = format!("/v1/four-items-consents/{latest_id}");
    walk.ask(delete.clone(), "/v1/four-items-consents/{id}", &real_one, None)
        .await;
    walk.ask(post.clone(), latest, &at(&latest_id), None)
        .await
        .problem(410, "consent_ended");
    walk.ask(
        delete.clone(),
        "/v1/watches/{id}",
        &format!("/v1/watches/{watch}"),
        None,
    )
    .await;
    walk.ask(get.clone(), state, &real, None)
        .await
        .problem(410, "consent_ended");

    // Notices.
    publish(&platform);
    bank.notices_behind(&platform, 0).await;
    walk.ask(get.clone(), "/v1/notices", "/v1/notices", None)
        .await
        .good();
    walk.ask(get.clone(), "/v1/notices", "/v1/notices?after=x", None)
        .await
        .problem(400, "malformed");

    // Withdrawals.
    let withdrawals = "/v1/withdrawals";
    let withdraw = |message: Vec<u8>| {
        let body = json!({"message": base64(&message)}).to_string();
        read(stranger.post(format!("{}{withdrawals}", bank.origin)).body(body))
    };
    let (_, withdrawal) = bank.watch(&gone).await;
    let answer = withdraw(person.sign(withdrawal.as_bytes())).await;
    assert_eq!(walk.take(&post, withdrawals, answer).good()["state"], "barred");
    let answer = withdraw(gone.sign(withdrawal.as_bytes())).await;
    walk.take(&post, withdrawals, answer).good();
    let answer = withdraw(gone.sign(b"other")).await;
    walk.take(&post, withdrawals, answer)
        .problem(422, "consent_text_unknown");
    let answer = read(stranger.post(format!("{}{withdrawals}", bank.origin)).body("{")).await;
    walk.take(&post, withdrawals, answer).problem(400, "malformed");
    let answer = read(
        stranger
            .post(format!("{}{withdrawals}", bank.origin))
            .body("x".repeat(200_000)),
    )
    .await;
    walk.take(&post, withdrawals, answer).problem(413, "too_large");
    let _ = text;

    // Usage, and what J-LIS does not answer.
    eventually(&platform, "the account", || async {
        !bank.get("/v1/usage").await.good()["lines"]
            .as_array()
            .unwrap()
            .is_empty()
    })
    .await;
    walk.ask(get.clone(), "/v1/usage", "/v1/usage", None).await.good();
    walk.ask(get.clone(), "/v1/usage", "/v1/usage?month=x", None)
        .await
        .problem(400, "malformed");

    // Not permitted, and more requests than agreed: a bank that may nothing of what it asks.
    let poor = Bank::with(
        &platform,
        "bank-b",
        "capabilities = [\"verify_signatures\"]\nrequests_per_minute = 5",
    );
    walk.bank = &poor;
    for path in ["/v1/watches", "/v1/four-items-consents"] {
        walk.ask(post.clone(), path, path, Some(json!({})))
            .await
            .problem(403, "not_permitted");
    }
    walk.ask(get.clone(), "/v1/notices", "/v1/notices", None)
        .await
        .problem(403, "not_permitted");
    let suspended = platform.command(&["verifier", "suspend", "bank-b", "--reason", "test"]);
    assert!(suspended.status.success());
    for (method, path, real) in with_token(&description) {
        walk.ask(method, &path, &real, None)
            .await
            .problem(403, "verifier_suspended");
    }
    let resumed = platform.command(&["verifier", "resume", "bank-b"]);
    assert!(resumed.status.success());
    while poor.get("/v1/usage").await.status != 429 {}
    for (method, path, real) in with_token(&description) {
        walk.ask(method, &path, &real, None)
            .await
            .problem(429, "too_many_requests");
    }
    let mut seen = std::mem::take(&mut walk.seen);
    drop(walk);
    seen.0.extend(where_nothing_is_known(&description).await.0);
    seen.0.extend(of_strangers(&description).await.0);
    let described = described(&description);
    let missing: Vec<_> = described.iter().filter(|one| !seen.0.contains(*one)).collect();
    assert!(missing.is_empty(), "described and never seen: {missing:?}");
    let extra: Vec<_> = seen.0.difference(&described).collect();
    assert!(extra.is_empty(), "seen and not described: {extra:?}");
}

/// Without any list of the 署名用 authority no signature by a person can be relied on: 503 for everything that a person signs.
async fn where_nothing_is_known(description: &Value) -> Seen {
    let platform = platform_changed(|text| text, false).await;
    let bank = Bank::new(&platform, "bank-a");
    let person = Person::new(&platform);
    let mut walk = Walk {
        seen: Seen::default(),
        description: description.clone(),
        bank: &bank,
    };
    for (path, kind, purpose) in [
        ("/v1/watches", "status_watch", "mailing"),
        ("/v1/four-items-consents", "latest_items", "account-opening"),
    ] {
        let (text, withdrawal) = bank.text(kind, purpose, 30).await;
        for (path, text) in [(path, text), ("/v1/withdrawals", withdrawal)] {
            let signed = Some(json!({"message": base64(&person.sign(text.as_bytes()))}));
            walk.ask(Method::POST, path, path, signed)
                .await
                .problem(503, "unavailable");
        }
    }
    walk.seen
}

/// What everybody is answered who asks too often without credentials.
async fn of_strangers(description: &Value) -> Seen {
    let slower = |text: String| text.replace("begin_per_minute = 1000000", "begin_per_minute = 5");
    let platform = platform_changed(slower, true).await;
    let bank = Bank::new(&platform, "bank-a");
    let stranger = client(&platform);
    let mut walk = Walk {
        seen: Seen::default(),
        description: description.clone(),
        bank: &bank,
    };
    let openapi = format!("{}/v1/openapi.json", platform.origin);
    for _ in 0..5 {
        read(stranger.get(&openapi)).await.good();
    }
    for (method, path) in [
        (Method::GET, "/v1/openapi.json"),
        (Method::POST, "/v1/token"),
        (Method::POST, "/v1/withdrawals"),
    ] {
        let answer = read(stranger.request(method.clone(), format!("{}{path}", platform.origin))).await;
        walk.take(&method, path, answer).problem(429, "too_many_requests");
    }
    walk.seen
}
