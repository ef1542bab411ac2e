//! What several modules look at: refusal pages, metrics, door addresses, traces of a certificate.

use std::time::{Duration, Instant};

use conformance_tests::{Browser, Page, Platform, RelyingParty};
use serde_json::Value;
use sim::record::CardRecord;

/// A refusal as the person sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// HTTP status.
    pub(crate) status: u16,
    /// The stable code.
    pub(crate) code: String,
    /// The heading.
    pub(crate) title: String,
    /// The reference, if one is shown.
    pub(crate) reference: Option<String>,
    /// The page's language.
    pub(crate) language: String,
}

/// Reads a refusal page.
pub(crate) fn refusal_on(page: &Page) -> Seen {
    let read = |selector: &str| page.text(selector);
    let code = read("main .box code")
        .unwrap_or_else(|| panic!("no refusal at {} ({}):\n{}", page.url, page.status, page.body));
    let language = page
        .body
        .split_once("<html lang=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(tag, _)| tag.to_owned());
    Seen {
        status: page.status.as_u16(),
        code,
        title: read("h1").expect("a heading"),
        reference: read("span.reference"),
        language: language.expect("a language"),
    }
}

/// From a service's request to the page that asks for the card.
pub(crate) async fn sign_in_page(browser: &Browser, service: &RelyingParty) -> Page {
    let page = browser.get(&service.request("")).await;
    assert!(page.has_form("/card"), "{} {}", page.status, page.body);
    page
}

/// From a service's request through the door to whatever page comes then.
pub(crate) async fn use_card(browser: &Browser, service: &RelyingParty) -> Page {
    let page = sign_in_page(browser, service).await;
    browser.submit(&page.form("/card")).await
}

/// The address at the door that a click on the card's button leads to, in a family.
pub(crate) async fn door_url(browser: &Browser, page: &Page, family: &str) -> String {
    let form = page.form("/card").with("family", family);
    let answer = browser.submit_one(&form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let url = answer
        .header("location")
        .expect("an address at the door")
        .to_owned();
    assert!(url.contains(&format!(".{family}.")), "{url}");
    url
}

/// The host of an address at the door.
pub(crate) fn host_of(url: &str) -> String {
    url::Url::parse(url)
        .expect("URL")
        .host_str()
        .expect("host")
        .to_owned()
}

/// The rules that failed, by what the operator's look into a reference shows: `room.rule`.
pub(crate) fn failed_rules(explained: &Value) -> Vec<String> {
    explained["event"]["trace"]
        .as_array()
        .unwrap_or_else(|| panic!("no trace in {explained}"))
        .iter()
        .filter(|step| step["verdict"] == "failed")
        .map(|step| {
            format!(
                "{}.{}",
                step["room"].as_str().unwrap(),
                step["rule"].as_str().unwrap()
            )
        })
        .collect()
}

/// The value of a metric, by its name with labels as Prometheus writes them; 0 while it was never counted.
pub(crate) async fn metric(platform: &Platform, name: &str) -> u64 {
    let answer = reqwest::Client::new()
        .get(format!("{}/metrics", platform.operator))
        .bearer_auth(&platform.operator_token)
        .send()
        .await
        .expect("operator");
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.expect("metrics");
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .map_or(0, |value| value.trim().parse().expect("a number"))
}

/// Handshakes at the door that ended in a way.
pub(crate) async fn handshakes(platform: &Platform, ended: &str) -> u64 {
    metric(platform, &format!("door_handshakes_total{{ended=\"{ended}\"}}")).await
}

/// Waits until a question is answered with yes.
pub(crate) async fn until<F, Fut>(what: &str, mut question: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = Instant::now() + Duration::from_secs(20);
    while !question().await {
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Waits until the platform took in a list later than the one of this generation.
pub(crate) async fn until_generation_after(platform: &Platform, generation: u64) {
    until("a new revocation generation", || async {
        metric(platform, "revocation_generation").await > generation
    })
    .await;
}

/// Publishes a list and waits until it is in force.
pub(crate) async fn publish(platform: &Platform) {
    let before = metric(platform, "revocation_generation").await;
    platform.publish_list();
    until_generation_after(platform, before).await;
}

/// The texts by which a certificate could be recognised.
pub(crate) fn traces_of(record: &CardRecord) -> Vec<String> {
    let serial = record.serial;
    let hex = format!("{serial:x}");
    let even = if hex.len() % 2 == 0 {
        hex
    } else {
        format!("0{hex}")
    };
    let pairs: Vec<&str> = even
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap())
        .collect();
    vec![
        serial.to_string(),
        even.clone(),
        even.to_uppercase(),
        pairs.join(":"),
        pairs.join(":").to_uppercase(),
        record.common_name.clone(),
    ]
}

/// Nothing of the certificate stands in a text.
pub(crate) fn assert_no_trace(record: &CardRecord, where_it_is: &str, text: &str) {
    for trace in traces_of(record) {
        assert!(
            !text.contains(&trace),
            "{where_it_is} holds `{trace}` of {}",
            record.id
        );
    }
}
