//! Telling clients that a person signed out: logout tokens (OpenID Connect Back-Channel Logout 1.0 with errata set 1, section 2.4) and
//! the address that a browser loads (OpenID Connect Front-Channel Logout 1.0, section 3).

use domain::{IdTokenAlgorithm, PseudonymValue, Timestamp};
use jose::{Header, SigningInput};
use serde_json::json;

use crate::ProviderFacts;
use crate::id_token::algorithm;
use crate::response::with_query;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token says. It never has a `nonce`, so that it cannot be taken for an ID token (section 2.4).
#[derive(Clone, Copy, Debug)]
pub struct LogoutToken<'a> {
    /// `aud`: the client's `client_id`.
    pub client_id: &'a str,
    /// `sub`: the pairwise pseudonym that the client knows.
    pub subject: &'a PseudonymValue,
    /// `sid`: the session as this client knows it.
    pub session: &'a str,
    /// `jti`: the same at every try, so that a client that was told already may know it.
    pub id: &'a str,
    /// `exp` is so many seconds after `iat`; section 4 recommends two minutes at most.
    pub lifetime_seconds: i64,
}

impl LogoutToken<'_> {
    /// What is to be signed by the active key with this `kid`: with the algorithm of the client's ID tokens (section 2.6).
    pub fn signing_input(
        &self,
        setting: IdTokenAlgorithm,
        kid: &str,
        provider: &ProviderFacts,
        now: Timestamp,
    ) -> SigningInput {
        let header = Header {
            algorithm: algorithm(setting),
            kid: kid.to_owned(),
            typ: Some("logout+jwt"),
        };
        let claims = json!({
            "iss": provider.issuer,
            "aud": self.client_id,
            "sub": self.subject.as_str(),
            "sid": self.session,
            "jti": self.id,
            "iat": now.seconds(),
            "exp": now.plus_seconds(self.lifetime_seconds).seconds(),
            "events": { EVENT: {} },
        });
        SigningInput::new(&header, claims.to_string().as_bytes())
    }
}

/// What a client's answer means (section 2.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogoutVerdict {
    /// The client ended its session, or had none.
    Told,
    /// The client says that the request was wrong, or that its logout failed: asking again changes nothing.
    Refused,
    /// No answer of the standard's: tried again.
    Again,
}

/// Reads a status: 200 is success, 204 what some frameworks make of an empty 200; 400 a refusal.
pub const fn verdict_of_status(status: u16) -> LogoutVerdict {
    match status {
        200 | 204 => LogoutVerdict::Told,
        400 => LogoutVerdict::Refused,
        _ => LogoutVerdict::Again,
    }
}

/// The address that a browser loads: the registered one, with `iss` and `sid`, which section 3 lets us send to everybody.
pub fn frontchannel_address(registered: &str, session: &str, provider: &ProviderFacts) -> String {
    with_query(
        registered,
        &[("iss", provider.issuer.clone()), ("sid", session.to_owned())],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sample;

    #[test]
    fn a_logout_token_has_what_the_standard_demands_and_no_nonce() {
        let subject: PseudonymValue = format!("p_{}", "a".repeat(32)).parse().unwrap();
        let token = LogoutToken {
            client_id: "rp",
            subject: &subject,
            session: "s_1",
            id: "jti-1",
            lifetime_seconds: 120,
        };
        let now = Timestamp::from_seconds(1_795_219_200);
        let input = token.signing_input(IdTokenAlgorithm::Es256, "k1", &sample::provider(), now);
        let text = String::from_utf8(input.bytes().to_vec()).unwrap();
        let part = |place: usize| -> Value {
            let octets = jose::decode_base64url(text.split('.').nth(place).unwrap()).unwrap();
            serde_json::from_slice(&octets).unwrap()
        };
        assert_eq!(part(0)["typ"], "logout+jwt");
        let claims = part(1);
        let mut names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"]);
        assert_eq!(claims["events"], json!({ EVENT: {} }));
        assert_eq!(claims["exp"].as_i64(), Some(now.seconds() + 120));
        assert_eq!((&claims["sid"], &claims["jti"]), (&json!("s_1"), &json!("jti-1")));
    }

    #[test]
    fn only_200_and_204_tell_and_only_400_refuses() {
        for status in [100, 201, 301, 302, 307, 401, 403, 404, 408, 429, 500, 503] {
            assert_eq!(verdict_of_status(status), LogoutVerdict::Again, "{status}");
        }
        assert_eq!(verdict_of_status(200), LogoutVerdict::Told);
        assert_eq!(verdict_of_status(204), LogoutVerdict::Told);
        assert_eq!(verdict_of_status(400), LogoutVerdict::Refused);
    }

    #[test]
    fn the_address_keeps_its_own_query() {
        let provider = sample::provider();
        let plain = "https://rp.example/bye?x=1";
        let with = frontchannel_address(plain, "s_1", &provider);
        let url = url::Url::parse(&with).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(
            pairs,
            [
                ("x".to_owned(), "1".to_owned()),
                ("iss".to_owned(), provider.issuer.clone()),
                ("sid".to_owned(), "s_1".to_owned())
            ]
        );
    }
}
