//! `code_challenge` is there, made with S256.

use domain::CodeChallenge;

use crate::check::Ask;
use crate::reason::Reason;

/// Where it is written.
pub const CITES: &str =
    "RFC 7636 sections 4.2 and 4.3; RFC 9700 section 2.1.1 (PKCE for every client, no plain)";

/// Required of confidential clients too: it binds the code to the browser that began.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    read(ask).map(|_| ())
}

/// The challenge: base64url of a SHA-256, thus 43 characters.
pub fn read(ask: &Ask<'_>) -> Result<CodeChallenge, Reason> {
    let challenge = ask
        .request
        .get("code_challenge")
        .ok_or(Reason::ParameterMissing("code_challenge"))?;
    match ask.request.get("code_challenge_method") {
        Some("S256") => {}
        // Absent means plain (RFC 7636 section 4.3).
        None | Some(_) => return Err(Reason::ChallengeMethodNotS256),
    }
    if jose::decode_base64url(challenge).is_some_and(|digest| digest.len() == 32) {
        Ok(CodeChallenge(challenge.to_owned()))
    } else {
        Err(Reason::ParameterMalformed("code_challenge"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{CHALLENGE, read_with};

    #[test]
    fn s256_alone() {
        assert_eq!(read_with(&[], read), Ok(CodeChallenge(CHALLENGE.to_owned())));
        assert_eq!(
            read_with(&[("code_challenge", None)], read),
            Err(Reason::ParameterMissing("code_challenge"))
        );
        for method in [None, Some("plain"), Some("s256"), Some("S512"), Some("")] {
            assert_eq!(
                read_with(&[("code_challenge_method", method)], read),
                Err(Reason::ChallengeMethodNotS256),
                "{method:?}"
            );
        }
        let hex = "0".repeat(64);
        for challenge in [
            "x",
            &CHALLENGE[..42],
            &format!("{CHALLENGE}A"),
            &format!("{CHALLENGE}="),
            &CHALLENGE.replace('-', "+"),
            hex.as_str(),
        ] {
            assert_eq!(
                read_with(&[("code_challenge", Some(challenge))], read),
                Err(Reason::ParameterMalformed("code_challenge")),
                "{challenge}"
            );
        }
    }
}
