//! A person of the simulation: 基本4情報 and the certificates that J-LIS knows to be theirs.
//!
//! A person may hold four certificates at once: 利用者証明用 and 署名用 on the card, and both again on the phone, each
//! with an issue number of its own (公的個人認証法 articles 3, 16-2, 22, 35-2; the link between card and phone: article
//! 18(4)).

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::authority::CaKind;
use crate::items::FourItems;
use crate::profile::Municipality;
use crate::record::CardRecord;

/// What a certificate lives in.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// 個人番号カード.
    #[default]
    Card,
    /// 移動端末設備.
    Phone,
}

impl Medium {
    /// Card and phone.
    pub const ALL: [Self; 2] = [Self::Card, Self::Phone];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Card => Self::Phone,
            Self::Phone => Self::Card,
        }
    }

    /// With what the ids of its certificates begin.
    pub(crate) const fn prefix(self, kind: CaKind) -> &'static str {
        match (self, kind) {
            (Self::Card, CaKind::UserAuthentication) => "card",
            (Self::Card, CaKind::DigitalSignature) => "sign",
            (Self::Phone, CaKind::UserAuthentication) => "phone",
            (Self::Phone, CaKind::DigitalSignature) => "phone-sign",
        }
    }
}

/// `persons/<id>.json`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Person {
    /// `person-1`, `person-2`, …
    pub id: String,
    /// What the resident register says today.
    pub items: FourItems,
    /// Since when.
    pub items_since: Timestamp,
    /// What it said before the last change.
    #[serde(default)]
    pub items_before: Option<FourItems>,
    /// Where the register is kept.
    pub municipality: Municipality,
    /// False after death.
    pub alive: bool,
    /// The person took back, at J-LIS, the consent to tell anybody the latest items.
    #[serde(default)]
    pub consent_withdrawn: bool,
}

/// What a new person shall be; by default the sample of the next number.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersonRequest {
    /// 基本4情報.
    pub items: Option<FourItems>,
    /// Where the person lives.
    pub municipality: Option<Municipality>,
}

/// The certificates made by one act: at most one per kind.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Issued {
    /// 利用者証明用.
    pub authentication: Option<CardRecord>,
    /// 署名用.
    pub signing: Option<CardRecord>,
}

impl Issued {
    /// Both, in that order.
    pub fn all(&self) -> impl Iterator<Item = &CardRecord> {
        self.authentication.iter().chain(&self.signing)
    }
}
