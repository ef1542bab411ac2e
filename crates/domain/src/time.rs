//! Time as an argument: integers from the application, never the database's or the machine's clock.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z (negative before).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Why a text is no point in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TimestampError {
    /// Not the RFC 3339 profile of ISO 8601.
    NotRfc3339,
    /// Outside the years 1 to 9999.
    OutOfRange,
}

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRfc3339 => "not an RFC 3339 date and time",
            Self::OutOfRange => "outside the years 1 to 9999",
        })
    }
}

impl std::error::Error for TimestampError {}

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the Unix epoch; saturates.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time moved by a number of seconds; saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// This time moved by a number of milliseconds; saturates.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this time (negative when `earlier` is later); saturates.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Seconds from `earlier` to this time, rounded down; saturates.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }

    /// Reads an RFC 3339 date and time (the form of `xsd:dateTime` with a zone).
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimestampError> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError::NotRfc3339)?;
        let millis = parsed.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(millis)
            .map(Self)
            .map_err(|_| TimestampError::OutOfRange)
    }

    /// Writes whole seconds in UTC, `2026-11-21T00:00:00Z`: the form that SAML messages and logs use.
    pub fn to_rfc3339(self) -> Result<String, TimestampError> {
        OffsetDateTime::from_unix_timestamp(self.seconds())
            .map_err(|_| TimestampError::OutOfRange)?
            .format(&Rfc3339)
            .map_err(|_| TimestampError::OutOfRange)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_rfc3339() {
            Ok(text) => f.write_str(&text),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// The only way to learn what time it is. Adapters read the machine's clock; tests move it by hand.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_read_and_written() {
        let at = Timestamp::parse_rfc3339("2026-11-21T09:00:00.250+09:00").unwrap();
        assert_eq!(at.millis(), 1_795_219_200_250);
        assert_eq!(at.to_rfc3339().unwrap(), "2026-11-21T00:00:00Z");
        assert_eq!(
            Timestamp::parse_rfc3339("2026-11-21"),
            Err(TimestampError::NotRfc3339)
        );
        assert_eq!(
            Timestamp::parse_rfc3339("2026-02-30T00:00:00Z"),
            Err(TimestampError::NotRfc3339)
        );
        assert_eq!(
            Timestamp::from_millis(i64::MAX).to_rfc3339(),
            Err(TimestampError::OutOfRange)
        );
    }

    #[test]
    fn seconds_round_down_before_the_epoch_too() {
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
        assert_eq!(Timestamp::from_millis(1_999).seconds(), 1);
        assert_eq!(
            Timestamp::from_seconds(5).seconds_since(Timestamp::from_millis(4_001)),
            0
        );
        assert_eq!(
            Timestamp::from_millis(i64::MAX).plus_seconds(1),
            Timestamp::from_millis(i64::MAX)
        );
    }
}
