//! What a card signs outside TLS: a displayed structure of ours, never a digest that somebody hands in.
//!
//! The octets are UTF-8 text of nine lines, each ended by one line feed, in this order and no other:
//!
//! ```text
//! GAP-IDP-CARD-SIGN-IN-CHALLENGE-V1
//! origin: https://idp.example.go.jp
//! service-id: svc_0123456789abcdef0123456789abcdef
//! service-ja: 国税電子申告・納税システム
//! service-en: National Tax Online Filing
//! channel: set-top-box
//! session-at: this-device
//! nonce: 43 characters of base64url, 256 bits
//! expires: 2026-11-21T00:02:00Z
//! ```
//!
//! The first line is what keeps such a signature apart from every other that the same key may make: a TLS 1.3
//! `CertificateVerify` signs 64 spaces first (RFC 8446 section 4.4.3), a TLS 1.2 one signs the handshake from the
//! `ClientHello` on, whose first octet is 1 (RFC 5246 section 7.4.8), CMS `signedAttrs` begin with 0x31 and everything to be
//! signed in X.509 with 0x30, a JWS signing input holds neither a line feed nor a space (RFC 7515). So none of them is a
//! challenge, and no challenge is one of them.
//!
//! Whoever verifies writes the octets again from what it stored; whoever signs reads them with [`Challenge::parse`], shows
//! what they say, and hashes them itself.

use std::fmt;

use domain::{Localized, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};

/// The first line with its line feed.
pub const PREFIX: &str = "GAP-IDP-CARD-SIGN-IN-CHALLENGE-V1\n";
/// No challenge is longer, in octets.
pub const MAX_OCTETS: usize = 2048;
/// Characters of an origin.
const MAX_ORIGIN: usize = 255;
/// Characters of a service's name in one language, as the registry has it.
const MAX_NAME: usize = 200;
/// Characters of a nonce: 256 bits in base64url without padding.
const NONCE: usize = 43;

/// What kind of device holds the card.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A television's set-top box (ケーブルテレビ).
    SetTopBox,
    /// A smartphone that reads the card.
    Phone,
    /// A terminal in a public place.
    Kiosk,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::SetTopBox, Self::Phone, Self::Kiosk];

    /// The spelling on the wire, in what is signed and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SetTopBox => "set-top-box",
            Self::Phone => "phone",
            Self::Kiosk => "kiosk",
        }
    }
}

/// Where the session will be when the card has signed: what a person must know before they sign.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionAt {
    /// In the device that holds the card: it began the sign-in.
    ThisDevice,
    /// On another screen, which began the sign-in and showed a code.
    OtherScreen,
}

impl SessionAt {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ThisDevice, Self::OtherScreen];

    /// The spelling in what is signed and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ThisDevice => "this-device",
            Self::OtherScreen => "other-screen",
        }
    }
}

/// Why something is no challenge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ChallengeReason {
    /// The first line is not ours.
    Prefix,
    /// Longer than [`MAX_OCTETS`].
    TooLong,
    /// Not UTF-8.
    NotText,
    /// A line is missing, in another place, twice or of another name, or something follows the last one.
    Line(&'static str),
    /// A value that is empty, too long, of another alphabet, or could be shown as something else (control characters,
    /// separators, invisible and direction-changing characters).
    Value(&'static str),
}

impl fmt::Display for ChallengeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => f.write_str("the first line is not that of a challenge"),
            Self::TooLong => f.write_str("longer than a challenge may be"),
            Self::NotText => f.write_str("not UTF-8"),
            Self::Line(name) => write!(f, "the line `{name}` is not where it belongs"),
            Self::Value(name) => write!(f, "the value of `{name}` cannot be shown"),
        }
    }
}

impl std::error::Error for ChallengeReason {}

/// One challenge: what the person is shown, and the nonce.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The platform's origin, `https://idp.example.go.jp`.
    pub origin: String,
    /// Which service asks for the sign-in.
    pub service: ServiceId,
    /// What that service is called.
    pub service_name: Localized,
    /// What kind of device holds the card.
    pub channel: Channel,
    /// Where the session will be.
    pub session_at: SessionAt,
    /// 256 unpredictable bits in base64url without padding.
    pub nonce: String,
    /// When it dies; whole seconds.
    pub expires_at: Timestamp,
}

impl Challenge {
    /// The octets that are signed.
    pub fn octets(&self) -> Result<Vec<u8>, ChallengeReason> {
        let expires = self
            .expires_at
            .to_rfc3339()
            .map_err(|_| ChallengeReason::Value("expires"))?;
        let is_origin =
            self.origin.starts_with("https://") && self.origin.bytes().all(|b| b.is_ascii_graphic());
        if !is_origin || self.origin.len() > MAX_ORIGIN {
            return Err(ChallengeReason::Value("origin"));
        }
        check_name(&self.service_name.ja, "service-ja")?;
        check_name(&self.service_name.en, "service-en")?;
        if !is_nonce(&self.nonce) {
            return Err(ChallengeReason::Value("nonce"));
        }
        let text = format!(
            "{PREFIX}origin: {}\nservice-id: {}\nservice-ja: {}\nservice-en: {}\nchannel: {}\nsession-at: {}\n\
             nonce: {}\nexpires: {expires}\n",
            self.origin,
            self.service,
            self.service_name.ja,
            self.service_name.en,
            self.channel.as_str(),
            self.session_at.as_str(),
            self.nonce,
        );
        if text.len() > MAX_OCTETS {
            return Err(ChallengeReason::TooLong);
        }
        Ok(text.into_bytes())
    }

    /// Reads octets: for the device, which shows what they say before the card signs them. Only octets that
    /// [`Self::octets`] would write are read.
    pub fn parse(octets: &[u8]) -> Result<Self, ChallengeReason> {
        if octets.len() > MAX_OCTETS {
            return Err(ChallengeReason::TooLong);
        }
        let rest = octets
            .strip_prefix(PREFIX.as_bytes())
            .ok_or(ChallengeReason::Prefix)?;
        let rest = std::str::from_utf8(rest).map_err(|_| ChallengeReason::NotText)?;
        let mut lines = rest.split('\n');
        let mut line = |name: &'static str| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .ok_or(ChallengeReason::Line(name))
        };
        let origin = line("origin")?;
        let service = line("service-id")?;
        let ja = line("service-ja")?;
        let en = line("service-en")?;
        let channel = line("channel")?;
        let session_at = line("session-at")?;
        let nonce = line("nonce")?;
        let expires = line("expires")?;
        let challenge = Self {
            origin: origin.to_owned(),
            service: service
                .parse()
                .map_err(|_| ChallengeReason::Value("service-id"))?,
            service_name: Localized {
                ja: ja.to_owned(),
                en: en.to_owned(),
            },
            channel: Channel::ALL
                .into_iter()
                .find(|known| known.as_str() == channel)
                .ok_or(ChallengeReason::Value("channel"))?,
            session_at: SessionAt::ALL
                .into_iter()
                .find(|known| known.as_str() == session_at)
                .ok_or(ChallengeReason::Value("session-at"))?,
            nonce: nonce.to_owned(),
            expires_at: Timestamp::parse_rfc3339(expires).map_err(|_| ChallengeReason::Value("expires"))?,
        };
        // Whatever else could be read in the same way (another form of the date, a further line) is not ours.
        if challenge.octets()? == octets {
            Ok(challenge)
        } else {
            Err(ChallengeReason::Line("expires"))
        }
    }
}

fn check_name(name: &str, line: &'static str) -> Result<(), ChallengeReason> {
    let length = name.chars().count();
    let shown = name.trim() == name && name.chars().all(is_shown);
    if length == 0 || length > MAX_NAME || !shown {
        return Err(ChallengeReason::Value(line));
    }
    Ok(())
}

/// Whether a character is seen where it stands: no control, no separator of lines, nothing invisible, nothing that changes
/// the direction of what follows (Unicode Technical Report 36, section 3).
fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn is_nonce(text: &str) -> bool {
    text.len() == NONCE
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests;
