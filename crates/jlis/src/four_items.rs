//! The latest 基本4情報, which J-LIS gives out with the person's consent only (公的個人認証法 Articles 18 and 18-2).

use std::fmt;

use async_trait::async_trait;
use domain::Timestamp;
use zeroize::Zeroizing;

use crate::{Asker, CertificateName, Unavailable};

/// Name, address, birth date and sex as the resident register has them, in the spelling of the 署名用 certificate: dates may be
/// partial, and a substitution flag `1` says that the character in its place is not the register's.
///
/// `Debug` shows nothing; the memory is wiped.
#[derive(Clone, Eq, PartialEq)]
pub struct LatestItems {
    /// 氏名.
    pub name: Zeroizing<String>,
    /// A digit `0` or `1` per character of the name.
    pub name_substitution: Zeroizing<String>,
    /// 住所.
    pub address: Zeroizing<String>,
    /// A digit `0` or `1` per character of the address.
    pub address_substitution: Zeroizing<String>,
    /// 生年月日: era digit, then YYYYMMDD of the Gregorian calendar, zeros where unknown.
    pub birth_date: Zeroizing<String>,
    /// 性別: `1`, `2` or `9` (JIS X 0303).
    pub sex: Zeroizing<String>,
}

impl fmt::Debug for LatestItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LatestItems(***)")
    }
}

/// Why J-LIS gives no items. A word of the source that is not known here reads as [`Self::Other`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FourItemsRefusal {
    /// The consent does not verify, or is not about this.
    ConsentInvalid,
    /// The consent has expired.
    ConsentExpired,
    /// The person withdrew it.
    ConsentWithdrawn,
    /// Nobody holds such a certificate.
    UnknownCertificate,
    /// The person is dead or left the register.
    NotRegistered,
    /// Some other reason.
    Other,
}

impl FourItemsRefusal {
    /// The word on the wire and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentInvalid => "consent-invalid",
            Self::ConsentExpired => "consent-expired",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::UnknownCertificate => "unknown-certificate",
            Self::NotRegistered => "not-registered",
            Self::Other => "other",
        }
    }

    /// Reads [`Self::as_str`]; whatever else begins with `consent-` says that the consent will not do.
    pub fn from_text(text: &str) -> Self {
        [
            Self::ConsentInvalid,
            Self::ConsentExpired,
            Self::ConsentWithdrawn,
            Self::UnknownCertificate,
            Self::NotRegistered,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
        .unwrap_or(if text.starts_with("consent-") {
            Self::ConsentInvalid
        } else {
            Self::Other
        })
    }
}

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FourItemsAnswer {
    /// The items.
    Current {
        /// What the register has.
        items: Box<LatestItems>,
        /// When.
        as_of: Timestamp,
    },
    /// None.
    Refused(FourItemsRefusal),
}

/// Who knows the latest items.
#[async_trait]
pub trait FourItemsSource: Send + Sync {
    /// Asks about the person behind a 署名用 certificate. `consent` is the DER CMS `SignedData` by which the person agreed.
    ///
    /// An implementation bounds its time and the size of the answer, and counts the question.
    async fn latest(
        &self,
        certificate: &CertificateName,
        consent: &[u8],
        asker: &Asker,
    ) -> Result<FourItemsAnswer, Unavailable>;
}
