//! A device without a browser (RFC 8628), and the person who helps it.

use serde_json::Value;

use crate::{Browser, Form, Page, RelyingParty};

/// `grant_type` of a device.
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a device was given: it shows the user code and the number.
#[derive(Clone, Debug)]
pub struct AskedDevice {
    /// `device_code`.
    pub device_code: String,
    /// `user_code`.
    pub user_code: String,
    /// `verification_uri`.
    pub page: String,
    /// `verification_uri_complete`.
    pub complete: String,
    /// `match_number`.
    pub number: String,
    /// `interval`.
    pub interval: u64,
}

impl AskedDevice {
    /// From the answer of the device authorization endpoint.
    pub fn of(answer: &Page) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json: Value = serde_json::from_str(&answer.body).expect("JSON");
        let member = |name: &str| json.get(name).cloned().unwrap_or_default();
        let text = |name: &str| member(name).as_str().expect(name).to_owned();
        Self {
            device_code: text("device_code"),
            user_code: text("user_code"),
            page: text("verification_uri"),
            complete: text("verification_uri_complete"),
            number: text("match_number"),
            interval: member("interval").as_u64().expect("interval"),
        }
    }

    /// The numbers of a page of agreement that are not this device's.
    pub fn wrong_numbers(&self, page: &Page) -> Vec<String> {
        let document = page.form("/consent");
        let numbers: Vec<String> = document
            .fields
            .iter()
            .filter(|(name, value)| name == "number" && value.len() == 2)
            .map(|(_, value)| value.clone())
            .collect();
        assert!(numbers.contains(&self.number), "{numbers:?}");
        numbers
            .into_iter()
            .filter(|number| *number != self.number)
            .collect()
    }
}

/// A page of agreement answered with yes and a number.
pub fn agreeing(page: &Page, number: &str) -> Form {
    page.form("/consent")
        .with("decision", "agree")
        .with("number", number)
}

/// A page of agreement answered with no, as a browser does: no number is chosen.
pub fn declining(page: &Page) -> Form {
    let mut form = page.form("/consent").with("decision", "decline");
    form.fields.retain(|(name, _)| name != "number");
    form
}

impl RelyingParty {
    /// Asks for a device; the answer as it comes.
    pub async fn ask_for_device(&self, browser: &Browser, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![("scope", "openid")];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        self.post(browser, "device_authorization", &[], &fields).await
    }

    /// Asks for a device that must be let ask.
    pub async fn device(&self, browser: &Browser) -> AskedDevice {
        AskedDevice::of(&self.ask_for_device(browser, &[]).await)
    }

    /// A device asks for its tokens; the answer as it comes.
    pub async fn poll(&self, browser: &Browser, device_code: &str) -> Page {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", device_code)];
        self.post(browser, "token", &[], &fields).await
    }
}

impl Browser {
    /// Enters a code and uses the card: the page of agreement.
    pub async fn to_agreement(&self, device: &AskedDevice) -> Page {
        let page = self.get(&device.complete).await;
        let mut page = self.submit(&page.form("/activate")).await;
        if page.has_form("/card") {
            page = self.submit(&page.form("/card")).await;
        }
        assert!(page.has_form("/consent"), "{} {}", page.url, page.body);
        page
    }

    /// Enters a code, uses the card, and lets the device in.
    pub async fn let_in(&self, device: &AskedDevice) -> Page {
        let page = self.to_agreement(device).await;
        let done = self.submit(&agreeing(&page, &device.number)).await;
        assert!(
            done.url.path().starts_with("/activate/done/"),
            "{} {}",
            done.url,
            done.body
        );
        done
    }
}
