//! The latest 基本4情報, with the person's signed consent.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use hyper::Method;
use jlis::{
    Asker, CertificateName, Counted, FourItemsAnswer, FourItemsRefusal, FourItemsSource, LatestItems,
    QuestionCounter, QuestionKind, QuestionOutcome, Unavailable,
};
use rustls::ClientConfig;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::line::{ClientReason, Limits, Line, Question};
use crate::name::WireName;

/// No consent longer than this is sent, in bytes.
const MAX_CONSENT: usize = 64 * 1024;
/// No item is longer, in bytes. (The longest address of the register has some hundred characters.)
const MAX_ITEM: usize = 2048;

/// Asks for items over HTTP.
#[derive(Clone)]
pub struct HttpFourItemsSource {
    line: Line,
    limits: Limits,
    counter: Arc<dyn QuestionCounter>,
}

impl HttpFourItemsSource {
    /// `address` and `tls` as for [`crate::HttpLinkSource::new`].
    pub fn new(
        address: &str,
        tls: Option<Arc<ClientConfig>>,
        limits: Limits,
        counter: Arc<dyn QuestionCounter>,
    ) -> Result<Self, ClientReason> {
        Ok(Self {
            line: Line::without_path(address, tls)?,
            limits,
            counter,
        })
    }

    async fn ask(&self, of: &CertificateName, consent: &[u8]) -> Result<FourItemsAnswer, Unavailable> {
        let body = serde_json::to_vec(&Body {
            certificate: WireName::of(of),
            consent: STANDARD.encode(consent),
        })
        .map_err(|_| Unavailable::Unintelligible)?;
        let question = Question {
            method: Method::POST,
            path: "/v1/four-items",
            content_type: Some("application/json"),
            accept: "application/json",
            body,
        };
        read(&self.line.ask(question, self.limits).await?)
    }
}

#[async_trait]
impl FourItemsSource for HttpFourItemsSource {
    async fn latest(
        &self,
        certificate: &CertificateName,
        consent: &[u8],
        asker: &Asker,
    ) -> Result<FourItemsAnswer, Unavailable> {
        if consent.len() > MAX_CONSENT {
            return Ok(FourItemsAnswer::Refused(FourItemsRefusal::ConsentInvalid));
        }
        let begun = Instant::now();
        let answer = self.ask(certificate, consent).await;
        self.counter.count(&Counted {
            asker,
            kind: QuestionKind::FourItems,
            responder: "four-items",
            outcome: if answer.is_ok() {
                QuestionOutcome::Answered
            } else {
                QuestionOutcome::Failed
            },
            millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        answer
    }
}

impl fmt::Debug for HttpFourItemsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFourItemsSource")
            .field("line", &self.line)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Body {
    certificate: WireName,
    consent: String,
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase", deny_unknown_fields)]
enum Answer {
    Current { items: Items, as_of: i64 },
    Refused { reason: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Items {
    name: String,
    name_substitution: String,
    address: String,
    address_substitution: String,
    birth_date: String,
    sex: String,
}

/// Reads the answer to `POST /v1/four-items`. Half-read items are no items: one that cannot be is a refusal of them all
/// ([`Unavailable::Unintelligible`]).
pub fn read(body: &[u8]) -> Result<FourItemsAnswer, Unavailable> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| Unavailable::Unintelligible)?;
    let (items, as_of) = match answer {
        Answer::Refused { reason } => {
            return Ok(FourItemsAnswer::Refused(FourItemsRefusal::from_text(&reason)));
        }
        Answer::Current { items, as_of } => (items, as_of),
    };
    // In wiping memory before anything is judged.
    let items = LatestItems {
        name: Zeroizing::new(items.name),
        name_substitution: Zeroizing::new(items.name_substitution),
        address: Zeroizing::new(items.address),
        address_substitution: Zeroizing::new(items.address_substitution),
        birth_date: Zeroizing::new(items.birth_date),
        sex: Zeroizing::new(items.sex),
    };
    let fits = |text: &str| !text.is_empty() && text.len() <= MAX_ITEM && !text.chars().any(char::is_control);
    let flags = |flags: &str, text: &str| {
        flags.bytes().all(|flag| matches!(flag, b'0' | b'1')) && flags.len() == text.chars().count()
    };
    let whole = fits(&items.name)
        && fits(&items.address)
        && flags(&items.name_substitution, &items.name)
        && flags(&items.address_substitution, &items.address)
        && items.birth_date.len() == 9
        && items.birth_date.bytes().all(|digit| digit.is_ascii_digit())
        && matches!(items.sex.as_str(), "1" | "2" | "9");
    if whole {
        Ok(FourItemsAnswer::Current {
            items: Box::new(items),
            as_of: Timestamp::from_seconds(as_of),
        })
    } else {
        Err(Unavailable::Unintelligible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &str, flags: &str, birth_date: &str, sex: &str) -> String {
        format!(
            r#"{{"status":"current","as_of":1795000000,"items":{{"name":"{name}","name_substitution":"{flags}",
            "address":"東京都千代田区一丁目","address_substitution":"0000000000","birth_date":"{birth_date}","sex":"{sex}"}}}}"#
        )
    }

    #[test]
    fn items_are_read_whole_or_not_at_all() {
        let FourItemsAnswer::Current { items, as_of } =
            read(body("番号花子", "0010", "320000101", "2").as_bytes()).unwrap()
        else {
            panic!("no items")
        };
        assert_eq!(items.name.as_str(), "番号花子");
        assert_eq!(as_of, Timestamp::from_seconds(1_795_000_000));
        assert_eq!(format!("{items:?}"), "LatestItems(***)");
        // A date that is known in part only is a date.
        assert!(read(body("番号花子", "0010", "400000000", "9").as_bytes()).is_ok());
        let fine = body("番号花子", "0010", "320000101", "2");
        for bad in [
            String::new(),
            "{}".into(),
            r#"{"status":"current"}"#.into(),
            r#"{"status":"gone","reason":"x"}"#.into(),
            r#"{"status":"refused"}"#.into(),
            body("", "", "320000101", "2"),
            body("番号花子", "001", "320000101", "2"),
            body("番号花子", "0020", "320000101", "2"),
            body("番号花子", "0010", "32000010", "2"),
            body("番号花子", "0010", "3２0000101", "2"),
            body("番号花子", "0010", "320000101", "3"),
            body("番号\\u0000子", "0000", "320000101", "2"),
            body(&"番".repeat(1000), &"0".repeat(1000), "320000101", "2"),
            fine.replace("\"sex\"", "\"sexx\""),
            fine.replace("1795000000", "\"now\""),
        ] {
            assert_eq!(read(bad.as_bytes()), Err(Unavailable::Unintelligible), "{bad}");
        }
    }

    #[test]
    fn refusals_are_words_and_unknown_words_are_refusals() {
        for (word, refusal) in [
            ("consent-invalid", FourItemsRefusal::ConsentInvalid),
            ("consent-expired", FourItemsRefusal::ConsentExpired),
            ("consent-withdrawn", FourItemsRefusal::ConsentWithdrawn),
            ("unknown-certificate", FourItemsRefusal::UnknownCertificate),
            ("not-registered", FourItemsRefusal::NotRegistered),
            ("holiday", FourItemsRefusal::Other),
        ] {
            let body = format!(r#"{{"status":"refused","reason":"{word}"}}"#);
            assert_eq!(read(body.as_bytes()), Ok(FourItemsAnswer::Refused(refusal)));
        }
    }
}
