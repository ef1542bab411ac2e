//! The holder's date of birth: the card answers without a PIN only to those who know it, so it must be known beforehand.

use async_trait::async_trait;
use domain::{AccountId, ReleasedAttribute, ServiceId};
use store::StoreFault;
use zeroize::Zeroizing;

use crate::app::App;
use crate::web::enrolment::register;
use crate::web::error::Problem;

/// Eight digits, `YYYYMMDD`, cleared when dropped. `Debug` shows nothing.
#[derive(Clone)]
pub struct BirthDate(Zeroizing<String>);

impl BirthDate {
    /// Reads eight digits; a date that is not known whole is none.
    pub fn parse(text: &str) -> Option<Self> {
        let whole = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
        let part = |from: usize| text.get(from..from + 2)?.parse::<u8>().ok();
        let known = whole && (1..=12).contains(&part(4)?) && (1..=31).contains(&part(6)?);
        known.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The digits: for the card's mechanism and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(***)")
    }
}

/// The date that a person registered with the signing certificate (利用登録), opened for one answer of a card; `None` where there
/// is none, it is not whole, or the registered items no longer hold.
pub async fn of_enrolment(
    app: &App,
    account: &AccountId,
    service: &ServiceId,
) -> Result<Option<BirthDate>, Problem> {
    let wanted = [ReleasedAttribute::BirthDate];
    let items = register::open_items(app, account, &wanted, service, "pinless").await?;
    // `EYYYYMMDD`: the era's digit, then the date by the Gregorian calendar.
    Ok(items
        .birth_date
        .as_deref()
        .and_then(|date| date.get(1..))
        .and_then(BirthDate::parse))
}

/// Another source of dates than the enrolments.
#[async_trait]
pub trait BirthDates: Send + Sync {
    /// The date of an account's person; `None` where it is not known, or not whole.
    async fn of(&self, account: &AccountId) -> Result<Option<BirthDate>, StoreFault>;
}

/// The same date for everybody, by configuration: for tests, refused in production.
pub struct SameForAll(pub BirthDate);

#[async_trait]
impl BirthDates for SameForAll {
    async fn of(&self, _account: &AccountId) -> Result<Option<BirthDate>, StoreFault> {
        Ok(Some(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_dates_are_dates() {
        assert_eq!(BirthDate::parse("19900217").unwrap().expose(), "19900217");
        for text in [
            "",
            "1990021",
            "199002170",
            "19900017",
            "19900200",
            "19901301",
            "19900232",
            "1990021x",
            "１９９０",
        ] {
            assert!(BirthDate::parse(text).is_none(), "{text}");
        }
        assert_eq!(
            format!("{:?}", BirthDate::parse("19900217")),
            "Some(BirthDate(***))"
        );
    }
}
