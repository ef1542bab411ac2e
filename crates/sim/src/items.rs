//! 基本4情報 as the 署名用 certificate carries them: values, substitution flags, partial dates.
//!
//! OIDs, order, date form and flags: read off a test card by public projects (`myna-card`, `ZeroKeyMate`); none of it is in
//! a public document of J-LIS.

use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::certificate::{extension, oids};

const NAME: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.1");
const NAME_SUBSTITUTION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.2");
const SEX: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.3");
const BIRTH_DATE: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.4");
const ADDRESS: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.5");
const ADDRESS_SUBSTITUTION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.6");

/// 氏名, 住所, 生年月日, 性別, with what goes with them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FourItems {
    /// 氏名.
    pub name: String,
    /// A digit per character of the name: `1` where the character stands for one outside the character set.
    pub name_substitution: String,
    /// 住所.
    pub address: String,
    /// A digit per character of the address.
    pub address_substitution: String,
    /// `EYYYYMMDD`: era 1 明治, 2 大正, 3 昭和, 4 平成, 5 令和, 0 unknown; then the Gregorian date, zeroes where unknown
    /// (`400000000`: some day of 平成).
    pub birth_date: String,
    /// 1 男, 2 女, 9 not applicable or unknown.
    pub sex: String,
}

impl FourItems {
    /// Values without any substitution.
    pub fn plain(name: &str, address: &str, birth_date: &str, sex: &str) -> Self {
        Self {
            name: name.into(),
            name_substitution: no_substitution(name),
            address: address.into(),
            address_substitution: no_substitution(address),
            birth_date: birth_date.into(),
            sex: sex.into(),
        }
    }

    /// The person of a number, living in the municipality that [`crate::profile::Municipality::sample`] gives for it.
    pub fn sample(number: u64) -> Self {
        const FAMILIES: [&str; 6] = ["公的", "佐藤", "鈴木", "渡辺", "高橋", "斎藤"];
        const GIVEN: [(&str, &str); 5] = [
            ("花子", "2"),
            ("太郎", "1"),
            ("さくら", "2"),
            ("健一", "1"),
            ("ジョン", "9"),
        ];
        const ADDRESSES: [&str; 4] = [
            "東京都清瀬市中里五丁目８４２番地",
            "愛媛県松山市二番町四丁目７番地２",
            "茨城県水戸市中央一丁目４番１号",
            "兵庫県神戸市中央区加納町六丁目５番１号",
        ];
        let among = |length: u64| usize::try_from(number % length).unwrap_or(0);
        let family = FAMILIES.get(among(6)).copied().unwrap_or("公的");
        let (given, sex) = GIVEN.get(among(5)).copied().unwrap_or(("花子", "2"));
        let address = ADDRESSES.get(among(4)).copied().unwrap_or_default();
        let year = 1990 + number % 15;
        Self::plain(
            &format!("{family}　{given}"),
            address,
            &format!("4{year}0217"),
            sex,
        )
    }

    /// Refuses what no authority would put into a certificate: flags that do not fit, a date or sex of another form.
    pub fn check(&self) -> Result<(), SimError> {
        let wrong = |what: &str| Err(SimError::Request(format!("基本4情報: {what}")));
        let fits = |flags: &str, text: &str| {
            flags.chars().count() == text.chars().count() && flags.chars().all(|c| c == '0' || c == '1')
        };
        if self.name.is_empty() || !fits(&self.name_substitution, &self.name) {
            return wrong("one flag, 0 or 1, per character of the name");
        }
        if self.address.is_empty() || !fits(&self.address_substitution, &self.address) {
            return wrong("one flag, 0 or 1, per character of the address");
        }
        let digits = self.birth_date.len() == 9 && self.birth_date.bytes().all(|b| b.is_ascii_digit());
        if !digits || !self.birth_date.starts_with(['0', '1', '2', '3', '4', '5']) {
            return wrong("a date of birth is EYYYYMMDD");
        }
        if !["1", "2", "9"].contains(&self.sex.as_str()) {
            return wrong("sex is 1, 2 or 9");
        }
        Ok(())
    }

    /// Month and day of the birthday, when both are known.
    pub fn birthday(&self) -> Option<(u8, u8)> {
        let part = |from: usize| self.birth_date.get(from..from + 2)?.parse::<u8>().ok();
        match (part(5)?, part(7)?) {
            (0, _) | (_, 0) => None,
            known => Some(known),
        }
    }

    /// subjectAltName of the 署名用 certificate: six otherName values in the order seen on a card.
    pub(crate) fn subject_alt_name(&self) -> Vec<u8> {
        let values = [
            (NAME, &self.name),
            (BIRTH_DATE, &self.birth_date),
            (SEX, &self.sex),
            (ADDRESS, &self.address),
            (NAME_SUBSTITUTION, &self.name_substitution),
            (ADDRESS_SUBSTITUTION, &self.address_substitution),
        ];
        let names: Vec<Vec<u8>> = values
            .into_iter()
            .map(|(kind, value)| {
                asn1::context(
                    0,
                    &[asn1::oid(kind), asn1::context(0, &asn1::utf8(value))].concat(),
                )
            })
            .collect();
        extension(oids::SUBJECT_ALT_NAME, false, &asn1::sequence(&names))
    }
}

/// A `0` per character.
pub fn no_substitution(text: &str) -> String {
    text.chars().map(|_| '0').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_well_formed_and_knows_its_birthday() {
        for number in 0..120 {
            let items = FourItems::sample(number);
            items.check().unwrap();
            assert_eq!(items.birthday(), Some((2, 17)));
        }
    }

    #[test]
    fn flags_dates_and_sex_must_fit() {
        let good = FourItems::sample(0);
        let partial = FourItems {
            birth_date: "400000000".into(),
            ..good.clone()
        };
        partial.check().unwrap();
        assert_eq!(partial.birthday(), None);
        for bad in [
            FourItems {
                name_substitution: "0".into(),
                ..good.clone()
            },
            FourItems {
                name_substitution: "00002".into(),
                ..good.clone()
            },
            FourItems {
                address_substitution: String::new(),
                ..good.clone()
            },
            FourItems {
                birth_date: "19900217".into(),
                ..good.clone()
            },
            FourItems {
                birth_date: "619900217".into(),
                ..good.clone()
            },
            FourItems {
                sex: "女".into(),
                ..good.clone()
            },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
