//! Links: which other certificates belong to the same person.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use hyper::Method;
use jlis::{
    Asker, CertificateName, Counted, Link, LinkKind, LinkSource, Links, QuestionCounter, QuestionKind,
    QuestionOutcome, Unavailable,
};
use rustls::ClientConfig;
use serde::Deserialize;

use crate::line::{ClientReason, Limits, Line, Question};
use crate::name::WireName;

const JSON: &str = "application/json";

/// Asks for links over HTTP.
#[derive(Clone)]
pub struct HttpLinkSource {
    line: Line,
    limits: Limits,
    counter: Option<Arc<dyn QuestionCounter>>,
}

impl HttpLinkSource {
    /// `address` is `http://host:port` or `https://host:port`; `tls` is used for the latter and should trust only who answers for
    /// J-LIS.
    pub fn new(address: &str, tls: Option<Arc<ClientConfig>>, limits: Limits) -> Result<Self, ClientReason> {
        Ok(Self {
            line: Line::without_path(address, tls)?,
            limits,
            counter: None,
        })
    }

    /// Takes note of every question: they are the platform's own.
    #[must_use]
    pub fn counted_by(self, counter: Arc<dyn QuestionCounter>) -> Self {
        Self {
            counter: Some(counter),
            ..self
        }
    }

    async fn ask<T>(
        &self,
        path: &str,
        of: &CertificateName,
        read: impl FnOnce(&CertificateName, &[u8]) -> Result<T, Unavailable>,
    ) -> Result<T, Unavailable> {
        let body = serde_json::to_vec(&WireName::of(of)).map_err(|_| Unavailable::Unintelligible)?;
        let question = Question {
            method: Method::POST,
            path,
            content_type: Some(JSON),
            accept: JSON,
            body,
        };
        let begun = Instant::now();
        let answer = self
            .line
            .ask(question, self.limits)
            .await
            .and_then(|body| read(of, &body));
        if let Some(counter) = &self.counter {
            counter.count(&Counted {
                asker: &Asker::Platform,
                kind: QuestionKind::Links,
                responder: "links",
                outcome: if answer.is_ok() {
                    QuestionOutcome::Answered
                } else {
                    QuestionOutcome::Failed
                },
                millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            });
        }
        answer
    }
}

#[async_trait]
impl LinkSource for HttpLinkSource {
    async fn predecessor(&self, of: &CertificateName) -> Result<Option<CertificateName>, Unavailable> {
        self.ask("/v1/predecessor", of, read_predecessor).await
    }

    async fn links(&self, of: &CertificateName) -> Result<Links, Unavailable> {
        self.ask("/v1/links", of, read_links).await
    }
}

impl fmt::Debug for HttpLinkSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLinkSource")
            .field("line", &self.line)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// `predecessor` must be there: an empty object is no answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PredecessorAnswer {
    #[serde(deserialize_with = "present")]
    predecessor: Option<WireName>,
}

/// Unlike a plain `Option`, refuses a missing member.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<WireName>, D::Error> {
    Option::deserialize(deserializer)
}

/// Reads the answer to `POST /v1/predecessor`; [`Unavailable::Unintelligible`] for anything else than the documented form.
pub fn read_predecessor(of: &CertificateName, body: &[u8]) -> Result<Option<CertificateName>, Unavailable> {
    let answer: PredecessorAnswer = serde_json::from_slice(body).map_err(|_| Unavailable::Unintelligible)?;
    let Some(wire) = answer.predecessor else {
        return Ok(None);
    };
    let link = Link {
        kind: LinkKind::Predecessor,
        name: wire.read().ok_or(Unavailable::Unintelligible)?,
    };
    let links = Links::about(of, vec![link])?;
    Ok(links.of_kind(LinkKind::Predecessor).next().cloned())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinksAnswer {
    links: Vec<WireLink>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireLink {
    kind: String,
    ca_kind: String,
    issuer_key_hash: String,
    serial: String,
}

/// Reads the answer to `POST /v1/links`; [`Unavailable::Unintelligible`] for anything else than the documented form.
pub fn read_links(of: &CertificateName, body: &[u8]) -> Result<Links, Unavailable> {
    let answer: LinksAnswer = serde_json::from_slice(body).map_err(|_| Unavailable::Unintelligible)?;
    let links = answer
        .links
        .into_iter()
        .map(|wire| {
            let kind = LinkKind::from_text(&wire.kind)?;
            let name = WireName {
                ca_kind: wire.ca_kind,
                issuer_key_hash: wire.issuer_key_hash,
                serial: wire.serial,
            };
            Some(Link {
                kind,
                name: name.read()?,
            })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or(Unavailable::Unintelligible)?;
    Links::about(of, links)
}

#[cfg(test)]
mod tests {
    use jpki::CaKind;
    use pki::SerialNumber;

    use super::*;

    fn of() -> CertificateName {
        CertificateName {
            ca_kind: CaKind::UserAuthentication,
            issuer_key_hash: "ab".repeat(32),
            serial: SerialNumber::from_bytes(&[9, 0x96]).unwrap(),
        }
    }

    #[test]
    fn the_question_is_as_documented() {
        let hash = "ab".repeat(32);
        let expected =
            format!(r#"{{"ca_kind":"user-authentication","issuer_key_hash":"{hash}","serial":"0996"}}"#);
        assert_eq!(serde_json::to_string(&WireName::of(&of())).unwrap(), expected);
    }

    #[test]
    fn only_the_two_documented_answers_are_read() {
        let hash = "cd".repeat(32);
        let some = |kind: &str, hash: &str, serial: &str| {
            format!(
                r#"{{"predecessor":{{"ca_kind":"{kind}","issuer_key_hash":"{hash}","serial":"{serial}"}}}}"#
            )
        };
        assert_eq!(read_predecessor(&of(), br#"{"predecessor":null}"#), Ok(None));
        let read = read_predecessor(&of(), some("user-authentication", &hash, "0995").as_bytes())
            .unwrap()
            .unwrap();
        assert_eq!(read.serial.expose_bytes(), [9, 0x95]);
        assert_eq!(read.issuer_key_hash, hash);
        for body in [
            String::new(),
            "null".into(),
            "{}".into(),
            "[]".into(),
            r#"{"predecessor":false}"#.into(),
            r#"{"predecessor":{}}"#.into(),
            r#"{"predecessor":null,"more":1}"#.into(),
            r#"{"predecessor":null}{"predecessor":null}"#.into(),
            r#"{"predecessor":null,"predecessor":null}"#.into(),
            some("digital-signature", &hash, "0995"),
            some("somebody", &hash, "0995"),
            some("user-authentication", &hash[2..], "0995"),
            some("user-authentication", &hash.to_uppercase(), "0995"),
            some("user-authentication", &hash, ""),
            some("user-authentication", &hash, "00"),
            some("user-authentication", &hash, "995"),
            some("user-authentication", &hash, "+995"),
            some("user-authentication", &hash, &"11".repeat(21)),
            some("user-authentication", &"ab".repeat(32), "0996"),
        ] {
            assert_eq!(
                read_predecessor(&of(), body.as_bytes()),
                Err(Unavailable::Unintelligible),
                "{body}"
            );
        }
    }

    #[test]
    fn links_are_read_whole_or_not_at_all() {
        let hash = "cd".repeat(32);
        let link = |kind: &str, ca: &str, serial: &str| {
            format!(r#"{{"kind":"{kind}","ca_kind":"{ca}","issuer_key_hash":"{hash}","serial":"{serial}"}}"#)
        };
        let body = |links: &[String]| format!(r#"{{"links":[{}]}}"#, links.join(","));
        let (auth, sign) = ("user-authentication", "digital-signature");
        let read = |body: &str| read_links(&of(), body.as_bytes());
        assert_eq!(read(r#"{"links":[]}"#), Ok(Links::default()));
        let all = [
            link("predecessor", auth, "01"),
            link("successor", auth, "02"),
            link("signing", sign, "03"),
            link("authentication", auth, "04"),
            link("phone", auth, "05"),
            link("card", auth, "06"),
        ];
        let links = read(&body(&all)).unwrap();
        assert_eq!(links.all().len(), 6);
        for (place, kind) in LinkKind::ALL.into_iter().enumerate() {
            let name = links.only(kind).unwrap().unwrap();
            assert_eq!(usize::from(name.serial.expose_bytes()[0]), place + 1);
        }
        for bad in [
            String::new(),
            "{}".into(),
            r#"{"links":null}"#.into(),
            r#"{"links":[],"more":1}"#.into(),
            r#"{"links":[],"links":[]}"#.into(),
            r#"{"links":[null]}"#.into(),
            body(&[link("cousin", auth, "01")]),
            body(&[link("signing", auth, "01")]),
            body(&[link("predecessor", sign, "01")]),
            body(&[link("card", auth, "")]),
            body(&[link("card", auth, "01"), link("card", auth, "01")]),
            // One good link does not carry a bad one.
            body(&[link("card", auth, "01"), link("cousin", auth, "02")]),
            body(&vec![link("card", auth, "01"); 17]),
        ] {
            assert_eq!(read(&bad), Err(Unavailable::Unintelligible), "{bad}");
        }
    }
}
