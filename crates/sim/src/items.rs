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
const UNKNOWN: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.9");

/// What can be wrong with 基本4情報 in a certificate that is otherwise properly issued.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ItemsFault {
    /// No subjectAltName at all.
    None,
    /// The name twice, the second time another.
    DuplicateName,
    /// No address.
    NoAddress,
    /// One flag more than the name has characters.
    NameFlagsTooLong,
    /// A flag that is neither 0 nor 1.
    FlagsNotBinary,
    /// The date is that of another calendar's writing: eight digits.
    DateWithoutEra,
    /// 31 February.
    ImpossibleDate,
    /// Sex 3.
    UnknownSex,
    /// The name as BMPString.
    NameNotUtf8,
    /// The octets of the name are no UTF-8.
    BrokenUtf8,
    /// A seventh otherName that nobody knows.
    UnknownItem,
    /// A rfc822Name among the otherNames.
    MailAddress,
    /// The name has a hundred thousand characters.
    HugeName,
    /// The first otherName claims to be longer than the whole.
    LengthLie,
}

impl ItemsFault {
    /// Every way.
    pub const ALL: [Self; 14] = [
        Self::None,
        Self::DuplicateName,
        Self::NoAddress,
        Self::NameFlagsTooLong,
        Self::FlagsNotBinary,
        Self::DateWithoutEra,
        Self::ImpossibleDate,
        Self::UnknownSex,
        Self::NameNotUtf8,
        Self::BrokenUtf8,
        Self::UnknownItem,
        Self::MailAddress,
        Self::HugeName,
        Self::LengthLie,
    ];
}

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

    /// subjectAltName of the 署名用 certificate: six otherName values in the order seen on a card, or something else.
    pub(crate) fn subject_alt_name(&self, fault: Option<ItemsFault>) -> Option<Vec<u8>> {
        use ItemsFault as F;
        let mut said = self.clone();
        match fault {
            Some(F::None) => return None,
            Some(F::NameFlagsTooLong) => said.name_substitution.push('0'),
            Some(F::FlagsNotBinary) => said.name_substitution = said.name_substitution.replace('0', "2"),
            Some(F::DateWithoutEra) => {
                said.birth_date.remove(0);
            }
            Some(F::ImpossibleDate) => "419900231".clone_into(&mut said.birth_date),
            Some(F::UnknownSex) => "3".clone_into(&mut said.sex),
            Some(F::HugeName) => {
                said.name = "長".repeat(100_000);
                said.name_substitution = no_substitution(&said.name);
            }
            _ => {}
        }
        let name = match fault {
            Some(F::NameNotUtf8) => asn1::bmp(&said.name),
            Some(F::BrokenUtf8) => asn1::tlv(0x0c, &[0xe5, 0x85]),
            _ => asn1::utf8(&said.name),
        };
        let mut names = vec![
            other_name(NAME, &name),
            other_name(BIRTH_DATE, &asn1::utf8(&said.birth_date)),
            other_name(SEX, &asn1::utf8(&said.sex)),
            other_name(ADDRESS, &asn1::utf8(&said.address)),
            other_name(NAME_SUBSTITUTION, &asn1::utf8(&said.name_substitution)),
            other_name(ADDRESS_SUBSTITUTION, &asn1::utf8(&said.address_substitution)),
        ];
        match fault {
            Some(F::DuplicateName) => names.push(other_name(NAME, &asn1::utf8("別人"))),
            Some(F::NoAddress) => {
                names.remove(3);
            }
            Some(F::UnknownItem) => names.push(other_name(UNKNOWN, &asn1::utf8("?"))),
            Some(F::MailAddress) => names.push(asn1::context_primitive(1, b"hanako@example.jp")),
            Some(F::LengthLie) => {
                if let Some(length) = names.first_mut().and_then(|first| first.get_mut(1)) {
                    *length = 0x7f;
                }
                names.truncate(1);
            }
            _ => {}
        }
        Some(extension(oids::SUBJECT_ALT_NAME, false, &asn1::sequence(&names)))
    }
}

/// `otherName [0] { type-id, value [0] EXPLICIT }`
fn other_name(kind: Oid, value: &[u8]) -> Vec<u8> {
    asn1::context(0, &[asn1::oid(kind), asn1::context(0, value)].concat())
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
    fn every_fault_changes_what_the_certificate_says() {
        let items = FourItems::sample(0);
        let good = items.subject_alt_name(None);
        let mut seen = vec![good.clone()];
        for fault in ItemsFault::ALL {
            let bad = items.subject_alt_name(Some(fault));
            assert!(!seen.contains(&bad), "{fault:?}");
            seen.push(bad);
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
