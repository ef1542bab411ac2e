//! 現況確認: what the states of a person's two certificates say about the person.
//!
//! The table is the one of the "公的個人認証サービス利用のための民間事業者向けガイドライン", figure 3-4 (電子証明書が失効する場合とそれぞれの
//! 場合に応じた採るべき対応, 総務省), as the use-case report No. 9 (生命保険会社での現況確認) quotes it:
//!
//! | 署名用 | 利用者証明用 | reading |
//! |---|---|---|
//! | valid | valid | the person is alive, and name, address and the rest are right |
//! | revoked | valid | one of the 基本4情報 has changed |
//! | revoked | revoked, affiliationChanged | death, or move abroad |
//! | revoked | revoked, cessationOfOperation | loss of the card, or move abroad |
//! | revoked | revoked, superseded | renewal |
//! | revoked | revoked, certificateHold | loss of the card |
//!
//! The report is explicit that death and move abroad cannot be told apart, nor which item changed; so no reading here says so. What
//! the table does not have is [`Reading::Undetermined`], with both codes told.

use pki::RevocationReason;

/// The state of one certificate, as far as known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertificateState {
    /// Not revoked, and within its validity.
    Valid,
    /// Revoked.
    Revoked(RevocationReason),
    /// Ended without being known as revoked. Lists name no certificates that have ended, so nothing more can be said.
    Expired,
    /// Not known, or the person has no such certificate that is known.
    Unknown,
}

/// What is known about the person.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Reading {
    /// 当該個人が生存しており、住所・氏名等も正しい情報であること.
    AliveAndItemsCurrent,
    /// 住所・氏名など、基本4情報のいずれかが変更されていること.
    ItemsChanged,
    /// 死亡または海外転出.
    DeathOrMoveAbroad,
    /// カード紛失または海外転出.
    LossOrMoveAbroad,
    /// 証明書更新.
    Renewed,
    /// カード紛失.
    CardLost,
    /// The table has no such row.
    Undetermined,
}

impl Reading {
    /// Every reading.
    pub const ALL: [Self; 7] = [
        Self::AliveAndItemsCurrent,
        Self::ItemsChanged,
        Self::DeathOrMoveAbroad,
        Self::LossOrMoveAbroad,
        Self::Renewed,
        Self::CardLost,
        Self::Undetermined,
    ];

    /// The stable word on outer interfaces.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AliveAndItemsCurrent => "alive_and_items_current",
            Self::ItemsChanged => "items_changed",
            Self::DeathOrMoveAbroad => "death_or_move_abroad",
            Self::LossOrMoveAbroad => "loss_or_move_abroad",
            Self::Renewed => "renewed",
            Self::CardLost => "card_lost",
            Self::Undetermined => "undetermined",
        }
    }

    /// The table's own words.
    pub const fn japanese(self) -> &'static str {
        match self {
            Self::AliveAndItemsCurrent => "当該個人が生存しており、住所・氏名等も正しい情報であること",
            Self::ItemsChanged => "住所・氏名など、基本4情報のいずれかが変更されていること",
            Self::DeathOrMoveAbroad => "死亡または海外転出",
            Self::LossOrMoveAbroad => "カード紛失または海外転出",
            Self::Renewed => "証明書更新",
            Self::CardLost => "カード紛失",
            Self::Undetermined => "判断できない",
        }
    }

    /// In English.
    pub const fn english(self) -> &'static str {
        match self {
            Self::AliveAndItemsCurrent => "the person is alive, and the four items are current",
            Self::ItemsChanged => "one of the four items has changed",
            Self::DeathOrMoveAbroad => "death or move abroad",
            Self::LossOrMoveAbroad => "loss of the card or move abroad",
            Self::Renewed => "the certificates were renewed",
            Self::CardLost => "the card was lost",
            Self::Undetermined => "cannot be determined",
        }
    }

    /// Reads the states of the 署名用 and the 利用者証明用 certificate of one card.
    ///
    /// Both revoked under different codes is no row of the table: the 署名用 certificate may have ended for one event and the other
    /// certificate for a later one.
    pub const fn of(signing: CertificateState, authentication: CertificateState) -> Self {
        use CertificateState::{Revoked, Valid};
        use RevocationReason::{AffiliationChanged, CertificateHold, CessationOfOperation, Superseded};
        match (signing, authentication) {
            (Valid, Valid) => Self::AliveAndItemsCurrent,
            (Revoked(_), Valid) => Self::ItemsChanged,
            (Revoked(AffiliationChanged), Revoked(AffiliationChanged)) => Self::DeathOrMoveAbroad,
            (Revoked(CessationOfOperation), Revoked(CessationOfOperation)) => Self::LossOrMoveAbroad,
            (Revoked(Superseded), Revoked(Superseded)) => Self::Renewed,
            (Revoked(CertificateHold), Revoked(CertificateHold)) => Self::CardLost,
            _ => Self::Undetermined,
        }
    }
}

/// What one reason code says by itself, in the words of the same report (両証明書が失効している場合のReason Codeとフラグ); none where the
/// report is silent.
pub const fn code_words(reason: RevocationReason) -> Option<(&'static str, &'static str)> {
    match reason {
        RevocationReason::AffiliationChanged => Some((
            "証明書内容に変更が生じた (住基台帳から削除された)",
            "the contents changed (removed from the resident register)",
        )),
        RevocationReason::CessationOfOperation => Some((
            "証明書の必要がなくなった (失効申請された)",
            "no longer needed (revocation was applied for)",
        )),
        RevocationReason::Superseded => Some((
            "証明書を更新した (更新申請された)",
            "renewed (renewal was applied for)",
        )),
        RevocationReason::CertificateHold => Some((
            "証明書を一時的に保留した (紛失・盗難申請された)",
            "put on hold (loss or theft was reported)",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CertificateState::{Expired, Revoked, Unknown, Valid};
    use RevocationReason as Code;

    #[test]
    fn the_documents_table_row_by_row() {
        for (signing, authentication, reading) in [
            (Valid, Valid, Reading::AliveAndItemsCurrent),
            (Revoked(Code::AffiliationChanged), Valid, Reading::ItemsChanged),
            (Revoked(Code::CessationOfOperation), Valid, Reading::ItemsChanged),
            (
                Revoked(Code::AffiliationChanged),
                Revoked(Code::AffiliationChanged),
                Reading::DeathOrMoveAbroad,
            ),
            (
                Revoked(Code::CessationOfOperation),
                Revoked(Code::CessationOfOperation),
                Reading::LossOrMoveAbroad,
            ),
            (
                Revoked(Code::Superseded),
                Revoked(Code::Superseded),
                Reading::Renewed,
            ),
            (
                Revoked(Code::CertificateHold),
                Revoked(Code::CertificateHold),
                Reading::CardLost,
            ),
            (
                Revoked(Code::AffiliationChanged),
                Revoked(Code::CertificateHold),
                Reading::Undetermined,
            ),
            (
                Revoked(Code::KeyCompromise),
                Revoked(Code::KeyCompromise),
                Reading::Undetermined,
            ),
            (Valid, Revoked(Code::Superseded), Reading::Undetermined),
            (Unknown, Valid, Reading::Undetermined),
            (Valid, Unknown, Reading::Undetermined),
            (Revoked(Code::AffiliationChanged), Unknown, Reading::Undetermined),
            (Expired, Valid, Reading::Undetermined),
        ] {
            assert_eq!(
                Reading::of(signing, authentication),
                reading,
                "{signing:?} {authentication:?}"
            );
        }
    }

    #[test]
    fn nothing_claims_to_tell_death_from_moving_abroad() {
        for reading in Reading::ALL {
            let words = reading.japanese();
            assert!(!words.contains("死亡") || words.contains("または海外転出"));
        }
    }
}
