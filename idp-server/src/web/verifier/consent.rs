//! The texts that people sign: a consent towards one verifier, for one purpose, until a day; and its withdrawal.
//!
//! A text is composed by rule from what is registered and read back by composing it again: one octet more or less and it is no consent. So
//! what the person saw, what was signed and what is acted upon are one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use domain::Timestamp;
use jpki::signing::{Examined, Moment, Opinion, examine};
use pki::cms::SignedData;
use serde::{Deserialize, Serialize};
use serde_json::json;
use trust_framework::verifiers::{Capability, MAX_CONSENT_YEARS, Purpose, Verifier};

use super::status::{self, Subject};
use super::{Asked, VerifierProblem, fresh_id, signatures, wire};
use crate::app::App;
use crate::web::headers;

const CONSENT_TITLE: &str =
    "政府認証プラットフォーム 同意書 第1版 / Government Authentication Platform, consent, version 1";
const WITHDRAWAL_TITLE: &str =
    "政府認証プラットフォーム 同意撤回書 第1版 / Government Authentication Platform, withdrawal, version 1";
const DAY_SECONDS: i64 = 86_400;
const JAPAN_SECONDS: i64 = 9 * 3600;
/// A text that is older was signed for something else.
pub(super) const MAX_AGE_DAYS: i64 = 90;
const MAX_TEXT: usize = 8 * 1024;

/// To what.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// 失効情報の確認: watch over the signing certificate, and 現況確認.
    StatusWatch,
    /// 最新の利用者情報の提供.
    LatestItems,
}

impl ConsentKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::StatusWatch => "status_watch",
            Self::LatestItems => "latest_items",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::StatusWatch => "sw_",
            Self::LatestItems => "li_",
        }
    }

    /// Which capability it needs.
    pub const fn capability(self) -> Capability {
        match self {
            Self::StatusWatch => Capability::WatchStatus,
            Self::LatestItems => Capability::LatestItems,
        }
    }

    const fn sentence(self) -> Sentence {
        match self {
            Self::StatusWatch => Sentence {
                ja: "私は、上記の検証者が、上記の目的のために、上記の期限まで、私の電子証明書の失効の有無とその事由の区分を本プラットフォームを通じて確認し、変更の通知を受けることに同意します。",
                en: "I agree that the verifier named above, for the purpose named above and until the day named above, is told through this \
                     platform whether my certificates are revoked and in which class of reasons, and is notified of changes.",
            },
            Self::LatestItems => Sentence {
                ja: "私は、上記の検証者が、上記の目的のために、上記の期限まで、私の最新の氏名、住所、生年月日及び性別の提供を本プラットフォームを通じて受けることに同意します。",
                en: "I agree that the verifier named above, for the purpose named above and until the day named above, is given my latest \
                     name, address, date of birth and sex through this platform.",
            },
        }
    }
}

/// In both languages.
struct Sentence {
    ja: &'static str,
    en: &'static str,
}

/// What a text says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Its identifier.
    pub id: String,
    /// To what.
    pub kind: ConsentKind,
    /// `YYYY-MM-DD`, of Japan's calendar.
    pub made: String,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
}

/// Composes a consent.
pub fn compose(origin: &str, verifier: &Verifier, purpose: &Purpose, terms: &Terms) -> String {
    let sentence = terms.kind.sentence();
    format!(
        "{CONSENT_TITLE}\nplatform: {origin}\nconsent: {}\nkind: {}\nverifier: {}\nverifier-name: {} / {}\npurpose: {}\n\
         purpose-name: {} / {}\nmade: {}\nuntil: {}\n\n{}\n\n{}\n",
        terms.id,
        terms.kind.as_str(),
        verifier.id,
        verifier.name.ja,
        verifier.name.en,
        purpose.code,
        purpose.name.ja,
        purpose.name.en,
        terms.made,
        terms.until,
        sentence.ja,
        sentence.en
    )
}

/// Composes a withdrawal.
pub fn withdrawal(origin: &str, id: &str) -> String {
    format!(
        "{WITHDRAWAL_TITLE}\nplatform: {origin}\nconsent: {id}\n\n私は、上記の同意を撤回します。\n\nI withdraw the consent named above.\n"
    )
}

/// The identifier that a withdrawal names, if the text is one.
pub fn read_withdrawal(origin: &str, text: &[u8]) -> Result<String, VerifierProblem> {
    let refused = VerifierProblem::Consent("consent_text_unknown");
    let text = std::str::from_utf8(text).map_err(|_| refused.clone())?;
    let id = field(text, "consent").ok_or_else(|| refused.clone())?;
    if withdrawal(origin, id) == text {
        Ok(id.to_owned())
    } else {
        Err(refused)
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    if text.len() > MAX_TEXT {
        return None;
    }
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Reads a consent towards a verifier: its terms, its purpose, and when it ends.
pub fn read<'v>(
    origin: &str,
    verifier: &'v Verifier,
    kind: ConsentKind,
    text: &[u8],
    now: Timestamp,
) -> Result<(Terms, &'v Purpose, Timestamp), VerifierProblem> {
    let unknown = || VerifierProblem::Consent("consent_text_unknown");
    let text = std::str::from_utf8(text).map_err(|_| unknown())?;
    let named = |name: &str| field(text, name).map(str::to_owned).ok_or_else(unknown);
    let terms = Terms {
        id: named("consent")?,
        kind,
        made: named("made")?,
        until: named("until")?,
    };
    let purpose = verifier.purpose(&named("purpose")?).ok_or_else(unknown)?;
    let digits = terms.id.strip_prefix(kind.prefix()).ok_or_else(unknown)?;
    let shape = digits.len() == 32
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !shape || compose(origin, verifier, purpose, &terms) != text {
        return Err(unknown());
    }
    let end = term(&terms, now)?;
    Ok((terms, purpose, end))
}

/// The end of a consent: midnight in Japan after its last day.
fn term(terms: &Terms, now: Timestamp) -> Result<Timestamp, VerifierProblem> {
    let made = midnight(&terms.made)?;
    let end = midnight(&terms.until)?.plus_seconds(DAY_SECONDS);
    // Ten years of 365 days and at most three leap days.
    let longest = made.plus_seconds((MAX_CONSENT_YEARS * 365 + 3) * DAY_SECONDS);
    if made > now {
        Err(VerifierProblem::Consent("consent_from_the_future"))
    } else if made.plus_seconds(MAX_AGE_DAYS * DAY_SECONDS) <= now {
        Err(VerifierProblem::Consent("consent_too_old"))
    } else if end <= now {
        Err(VerifierProblem::Consent("consent_expired"))
    } else if end > longest {
        Err(VerifierProblem::Consent("consent_too_long"))
    } else {
        Ok(end)
    }
}

fn midnight(day: &str) -> Result<Timestamp, VerifierProblem> {
    let form = day.len() == 10;
    Timestamp::parse_rfc3339(&format!("{day}T00:00:00+09:00"))
        .ok()
        .filter(|_| form)
        .ok_or(VerifierProblem::Consent("consent_text_unknown"))
}

/// Today in Japan.
fn today(now: Timestamp) -> String {
    let text = now.plus_seconds(JAPAN_SECONDS).to_rfc3339().unwrap_or_default();
    text.chars().take(10).collect()
}

/// `POST /v1/consent-texts`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRequest {
    kind: ConsentKind,
    purpose: String,
    until: String,
}

/// Composes a text for the person to sign. Nothing is kept: the text says it all.
pub async fn post(
    asked: Asked,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    let request: TextRequest = wire::read(body)?;
    asked.may(request.kind.capability())?;
    let purpose = asked.purpose(&request.purpose)?;
    if request.kind == ConsentKind::LatestItems && !purpose.four_items {
        return Err(VerifierProblem::PurposeWithoutItems);
    }
    let terms = Terms {
        id: fresh_id(&*asked.entropy, request.kind.prefix()),
        kind: request.kind,
        made: today(asked.now),
        until: request.until,
    };
    term(&terms, asked.now)?;
    asked.count("consent_text");
    let text = compose(
        asked.config.front.origin.as_str(),
        &asked.verifier,
        purpose,
        &terms,
    );
    let answer = json!({"consent": terms.id, "text": text, "withdrawal_text": withdrawal(asked.config.front.origin.as_str(), &terms.id)});
    Ok(headers::json(StatusCode::OK, answer.to_string()))
}

/// A text signed by somebody whose certificate is good now.
pub struct SignedConsent {
    /// The signer's certificate.
    pub signer: Examined,
    /// The text.
    pub text: Vec<u8>,
}

/// Verifies who signed a text: one signer, the text attached, the certificate good by the lists.
pub fn signed_by(app: &App, message: &[u8], now: Timestamp) -> Result<SignedConsent, VerifierProblem> {
    let wrong = |_| VerifierProblem::Consent("consent_signature_wrong");
    let read = SignedData::parse(message).map_err(wrong)?;
    let verified = read.verify(None, &[]).map_err(wrong)?;
    let [signer] = verified.signers.as_slice() else {
        return Err(VerifierProblem::Consent("consent_signature_wrong"));
    };
    let trust = app.trust.load_full();
    let examination = examine(signer.certificate().der(), trust.profile(), &app.signing_profile);
    let examined = examination
        .verdict
        .map_err(|_| VerifierProblem::Consent("consent_certificate_not_accepted"))?;
    let subject = Subject {
        name: signatures::name_of(&examined),
        points: Some(&examined.certificate().extensions().distribution_points),
    };
    let known = status::by_lists(app, &subject, now)?;
    let moment = Moment::now(now).claiming(signer.claimed_signing_time());
    match examined.judge(&moment, &known.status).opinion {
        Opinion::Valid => {}
        Opinion::Indeterminate => return Err(VerifierProblem::Unavailable),
        Opinion::Invalid => return Err(VerifierProblem::Consent("consent_certificate_not_accepted")),
    }
    Ok(SignedConsent {
        signer: examined,
        text: verified.document.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://idp.example";

    fn verifier() -> Verifier {
        serde_json::from_value(json!({
            "id": "bank-a", "name": {"ja": "甲銀行", "en": "Bank A"}, "accreditation": "1",
            "accredited_from": 0, "accredited_until": 4_000_000_000_000_i64,
            "capabilities": ["watch_status"], "jwks": "{}", "requests_per_minute": 1,
            "responder_questions_per_day": 1, "evidence_days": 1, "state": "active", "created_at": 0, "changed_at": 0,
            "purposes": [{"code": "loan", "name": {"ja": "融資", "en": "Loan"}},
                         {"code": "mail", "name": {"ja": "郵便", "en": "Mail"}}],
        }))
        .unwrap()
    }

    fn terms() -> Terms {
        Terms {
            id: format!("sw_{}", "0123456789abcdef".repeat(2)),
            kind: ConsentKind::StatusWatch,
            made: "2026-11-21".into(),
            until: "2036-11-20".into(),
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-21T12:00:00+09:00").unwrap()
    }

    fn judged(text: &str, now: Timestamp) -> Result<Terms, VerifierProblem> {
        let verifier = verifier();
        read(ORIGIN, &verifier, ConsentKind::StatusWatch, text.as_bytes(), now).map(|(terms, _, _)| terms)
    }

    #[test]
    fn only_the_exact_text_is_a_consent() {
        let verifier = verifier();
        let text = compose(ORIGIN, &verifier, &verifier.purposes[0], &terms());
        assert_eq!(judged(&text, now()), Ok(terms()));
        let unknown = Err(VerifierProblem::Consent("consent_text_unknown"));
        for (from, to) in [
            ("甲銀行", "乙銀行"),
            ("bank-a", "bank-b"),
            ("idp.example", "idp.other"),
            ("purpose: loan", "purpose: mail"),
            ("purpose: loan", "purpose: other"),
            ("status_watch", "latest_items"),
            ("同意します", "同意しません"),
            ("\nmade", "\n\nmade"),
            ("sw_", "li_"),
            ("0123456789abcdef0123456789abcdef", "0123"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert_eq!(judged(&changed, now()), unknown, "{to}");
        }
        assert_eq!(judged(&format!("{text} "), now()), unknown);
        assert_eq!(
            read(
                ORIGIN,
                &verifier,
                ConsentKind::LatestItems,
                text.as_bytes(),
                now()
            )
            .map(|_| ()),
            unknown.map(|_: Terms| ())
        );
    }

    #[test]
    fn terms_are_bounded() {
        let verifier = verifier();
        let with = |made: &str, until: &str| {
            let terms = Terms {
                made: made.into(),
                until: until.into(),
                ..terms()
            };
            judged(&compose(ORIGIN, &verifier, &verifier.purposes[0], &terms), now()).map(|_| ())
        };
        let refused = |code| Err(VerifierProblem::Consent(code));
        assert_eq!(with("2026-11-21", "2026-11-21"), Ok(()));
        assert_eq!(with("2026-11-21", "2036-11-21"), refused("consent_too_long"));
        assert_eq!(
            with("2026-11-22", "2027-11-21"),
            refused("consent_from_the_future")
        );
        assert_eq!(with("2026-08-01", "2027-11-21"), refused("consent_too_old"));
        assert_eq!(with("2026-11-01", "2026-11-20"), refused("consent_expired"));
        assert_eq!(with("2026-13-01", "2027-11-20"), refused("consent_text_unknown"));
        assert_eq!(with("2026-11-21", "2027-11-20T"), refused("consent_text_unknown"));
    }

    #[test]
    fn a_withdrawal_names_one_consent() {
        let text = withdrawal(ORIGIN, "sw_1");
        assert_eq!(read_withdrawal(ORIGIN, text.as_bytes()), Ok("sw_1".to_owned()));
        assert!(read_withdrawal("https://other", text.as_bytes()).is_err());
        assert!(read_withdrawal(ORIGIN, text.replace("撤回します", "撤回しません").as_bytes()).is_err());
    }
}
