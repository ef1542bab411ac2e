//! The file by which a verifier is registered (TOML).

use domain::{Localized, RegisteredCertificate, Timestamp};
use serde::Deserialize;

use super::record::{Capability, Purpose, Push, Verifier, VerifierState};
use crate::RegistryRefusal;

const MAX_PURPOSES: usize = 32;
const MAX_ID: usize = 64;
const MAX_NAME: usize = 200;

/// The file form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifierFile {
    /// `client_id`: lower-case letters, digits and hyphens.
    pub id: String,
    /// What people read.
    pub name: Localized,
    /// Number or name of the accreditation.
    pub accreditation: String,
    /// RFC 3339; at once where absent.
    #[serde(default)]
    pub accredited_from: Option<String>,
    /// RFC 3339.
    pub accredited_until: String,
    /// What it may ask.
    pub capabilities: Vec<Capability>,
    /// For what.
    pub purposes: Vec<Purpose>,
    /// JWK Set, as text. This, `certificate`, or both.
    #[serde(default)]
    pub jwks: String,
    /// Its certificate for mutual TLS: `{ sha256 = ["…"] }`, `{ subject_dn = "…" }`, `{ san_dns = "…" }` or `{ san_uri = "…" }`.
    #[serde(default)]
    pub certificate: Option<RegisteredCertificate>,
    /// Requests per minute.
    #[serde(default = "requests_per_minute")]
    pub requests_per_minute: u32,
    /// Questions to the authority's responder per day.
    #[serde(default = "responder_questions_per_day")]
    pub responder_questions_per_day: u32,
    /// Where notices are pushed to.
    #[serde(default)]
    pub push: Option<Push>,
    /// Days for which evidence can be fetched again; the duties under 犯罪収益移転防止法 last seven years.
    #[serde(default = "evidence_days")]
    pub evidence_days: u32,
}

const fn requests_per_minute() -> u32 {
    600
}

const fn responder_questions_per_day() -> u32 {
    100_000
}

const fn evidence_days() -> u32 {
    7 * 366
}

impl VerifierFile {
    /// Reads a file's text; the refusal names the line.
    ///
    /// # Errors
    /// [`RegistryRefusal::Malformed`].
    pub fn parse(text: &str) -> Result<Self, RegistryRefusal> {
        toml::from_str(text).map_err(|error| RegistryRefusal::Malformed(error.to_string()))
    }

    /// The record of a new registration.
    ///
    /// # Errors
    /// The first setting that cannot work.
    pub fn verifier(&self, now: Timestamp) -> Result<Verifier, RegistryRefusal> {
        self.check_words()?;
        self.check_methods()?;
        if let Some(push) = &self.push {
            check_push(push)?;
        }
        for (key, number) in [
            ("requests_per_minute", self.requests_per_minute),
            ("evidence_days", self.evidence_days),
        ] {
            if number == 0 {
                return Err(setting(key, "must be at least 1"));
            }
        }
        let from = self
            .accredited_from
            .as_deref()
            .map_or(Ok(now), |text| date("accredited_from", text))?;
        let until = date("accredited_until", &self.accredited_until)?;
        if until <= from || until <= now {
            return Err(setting(
                "accredited_until",
                "has passed, or lies before the beginning",
            ));
        }
        Ok(Verifier {
            id: self.id.clone(),
            name: self.name.clone(),
            accreditation: self.accreditation.clone(),
            accredited_from: from,
            accredited_until: until,
            capabilities: self.capabilities.clone(),
            purposes: self.purposes.clone(),
            jwks: self.jwks.clone(),
            certificate: self.certificate.clone(),
            requests_per_minute: self.requests_per_minute,
            responder_questions_per_day: self.responder_questions_per_day,
            push: self.push.clone(),
            evidence_days: self.evidence_days,
            state: VerifierState::Active,
            created_at: now,
            changed_at: now,
        })
    }

    fn check_methods(&self) -> Result<(), RegistryRefusal> {
        if !self.jwks.is_empty() || self.certificate.is_none() {
            jose::JwkSet::parse(&self.jwks).map_err(|why| setting("jwks", &why.to_string()))?;
        }
        match self.certificate.as_ref().and_then(RegisteredCertificate::fault) {
            Some(fault) => Err(setting("certificate", fault)),
            None => Ok(()),
        }
    }

    fn check_words(&self) -> Result<(), RegistryRefusal> {
        if !is_word(&self.id) {
            return Err(setting(
                "id",
                "lower-case letters, digits and hyphens, at most 64",
            ));
        }
        let names = [&self.name.ja, &self.name.en, &self.accreditation];
        if !names.into_iter().all(|text| is_line(text)) {
            return Err(setting(
                "name",
                "names and accreditation are one line each, not empty, at most 200 characters",
            ));
        }
        if self.capabilities.is_empty() {
            return Err(setting("capabilities", "name at least one"));
        }
        if self.purposes.is_empty() || self.purposes.len() > MAX_PURPOSES {
            return Err(setting("purposes", "name 1 to 32"));
        }
        for (place, purpose) in self.purposes.iter().enumerate() {
            let twice = self
                .purposes
                .iter()
                .take(place)
                .any(|earlier| earlier.code == purpose.code);
            if !is_word(&purpose.code) || twice || !is_line(&purpose.name.ja) || !is_line(&purpose.name.en) {
                return Err(setting(
                    "purposes",
                    "each with another code (lower-case letters, digits, hyphens) and names of one line",
                ));
            }
        }
        Ok(())
    }
}

fn is_word(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// What stands in a consent text on a line of its own must not be able to begin another.
fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_NAME && !text.chars().any(char::is_control)
}

fn check_push(push: &Push) -> Result<(), RegistryRefusal> {
    let url = url::Url::parse(&push.url).map_err(|why| setting("push.url", &why.to_string()))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if url.scheme() == "https" && url.host().is_some() && plain {
        Ok(())
    } else {
        Err(setting(
            "push.url",
            "must be https, without user name and fragment",
        ))
    }
}

fn date(key: &'static str, text: &str) -> Result<Timestamp, RegistryRefusal> {
    Timestamp::parse_rfc3339(text).map_err(|why| setting(key, &why.to_string()))
}

fn setting(key: &'static str, why: &str) -> RegistryRefusal {
    RegistryRefusal::Setting {
        key,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "bank-a"
name = { ja = "甲銀行", en = "Bank A" }
accreditation = "認定第1号"
accredited_until = "2027-03-31T15:00:00Z"
capabilities = ["verify_signatures", "watch_status"]
jwks = '{"keys":[{"kty":"EC","crv":"P-256","kid":"1","use":"sig","alg":"ES256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}'
push = { url = "https://bank.example/notices" }
[[purposes]]
code = "account-opening"
name = { ja = "口座開設", en = "Opening an account" }
four_items = true
"#;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-21T00:00:00Z").unwrap()
    }

    #[test]
    fn a_good_file_is_taken_and_each_mistake_is_told() {
        let good = VerifierFile::parse(GOOD).unwrap().verifier(now()).unwrap();
        assert!(good.purpose("account-opening").unwrap().four_items);
        assert!(good.may(Capability::VerifySignatures) && !good.may(Capability::LatestItems));
        for (from, to, key) in [
            ("\"bank-a\"", "\"Bank A\"", "id"),
            ("\"bank-a\"", "\"12345\"", "id"),
            ("2027-03-31", "2025-03-31", "accredited_until"),
            ("\"甲銀行\"", "\"甲\\n銀行\"", "name"),
            ("https://bank", "http://bank", "push.url"),
            ("https://bank", "https://user@bank", "push.url"),
            ("\"EC\"", "\"oct\"", "jwks"),
            ("\"account-opening\"", "\"Account Opening\"", "purposes"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            let refusal = VerifierFile::parse(&text).unwrap().verifier(now()).unwrap_err();
            assert!(
                matches!(&refusal, RegistryRefusal::Setting { key: told, .. } if *told == key),
                "{to}: {refusal}"
            );
        }
    }

    #[test]
    fn a_verifier_has_keys_a_certificate_or_both() {
        let (before, rest) = GOOD.split_once("jwks = ").unwrap();
        let (jwks, after) = rest.split_once('\n').unwrap();
        let with = |methods: &str| {
            VerifierFile::parse(&format!("{before}{methods}\n{after}"))
                .unwrap()
                .verifier(now())
        };
        let hash = "0123456789abcdef".repeat(4);
        let certificate = format!("certificate = {{ sha256 = [\"{hash}\"] }}");
        assert_eq!(
            with(&certificate).unwrap().certificate,
            Some(RegisteredCertificate::Sha256(vec![hash]))
        );
        assert!(with(&format!("jwks = {jwks}\n{certificate}")).is_ok());
        for (methods, key) in [
            ("", "jwks"),
            ("certificate = { sha256 = [] }", "certificate"),
            ("certificate = { san_dns = \"*.example\" }", "certificate"),
            ("jwks = \"x\"\ncertificate = { san_dns = \"a.example\" }", "jwks"),
        ] {
            let refusal = with(methods).unwrap_err();
            assert!(
                matches!(&refusal, RegistryRefusal::Setting { key: told, .. } if *told == key),
                "{methods}: {refusal}"
            );
        }
    }

    #[test]
    fn standing_follows_dates_and_state() {
        use super::super::Standing;
        let mut verifier = VerifierFile::parse(GOOD).unwrap().verifier(now()).unwrap();
        let end = verifier.accredited_until;
        assert_eq!(verifier.standing(now()), Standing::Good);
        assert_eq!(verifier.standing(end.plus_millis(-1)), Standing::Good);
        assert_eq!(verifier.standing(end), Standing::NotAccredited);
        assert_eq!(verifier.standing(now().plus_seconds(-1)), Standing::NotAccredited);
        verifier.state = VerifierState::Suspended {
            since: now(),
            reason: "x".to_owned(),
        };
        assert_eq!(verifier.standing(now()), Standing::Suspended);
    }
}
