//! 基本4情報 (氏名, 住所, 生年月日, 性別) inside a 署名用 certificate: six otherNames in any order.
//!
//! Identifiers, forms and the order 1, 4, 3, 5, 2, 6 were read off a test card by public projects (`myna-card`,
//! `ZeroKeyMate`); no public document of J-LIS has them.

use std::fmt;

use pki::{Certificate, Oid, OtherName};

const ARC: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5");
const NAME: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.1");
const NAME_SUBSTITUTION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.2");
const SEX: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.3");
const BIRTH_DATE: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.4");
const ADDRESS: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.5");
const ADDRESS_SUBSTITUTION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.6");

const MAX_CHARACTERS: usize = 512;

/// In what the six names depart from the profile. Names an item, never its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FourItemsDefect {
    /// subjectAltName cannot be read.
    Unreadable,
    /// An item is not there.
    Missing(&'static str),
    /// An item is there twice.
    Duplicate(&'static str),
    /// An identifier of the arc that nobody knows.
    UnknownItem,
    /// An item is empty, too long or has control characters.
    Text(&'static str),
    /// Not one digit, 0 or 1, per character.
    Substitution(&'static str),
    /// Not EYYYYMMDD, or no date of the calendar.
    BirthDate,
    /// Not 1, 2 or 9.
    Sex,
}

impl fmt::Display for FourItemsDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("subjectAltName cannot be read"),
            Self::Missing(item) => write!(f, "{item} is missing"),
            Self::Duplicate(item) => write!(f, "{item} is there twice"),
            Self::UnknownItem => f.write_str("an unknown item"),
            Self::Text(item) => write!(f, "{item} is empty, too long or has control characters"),
            Self::Substitution(item) => write!(f, "the substitution flags of {item} do not fit"),
            Self::BirthDate => f.write_str("the birth date is no EYYYYMMDD"),
            Self::Sex => f.write_str("sex is neither 1, 2 nor 9"),
        }
    }
}

impl std::error::Error for FourItemsDefect {}

/// A text whose characters may stand in for others that the certificate's character set lacks. `Debug` shows nothing.
#[derive(Clone, Eq, PartialEq)]
pub struct Substituted {
    text: String,
    flags: String,
}

impl Substituted {
    /// Checks that there is one flag per character (not per byte).
    fn new(item: &'static str, text: &str, flags: &str) -> Result<Self, FourItemsDefect> {
        let characters = text.chars().count();
        if characters == 0 || characters > MAX_CHARACTERS || text.chars().any(char::is_control) {
            return Err(FourItemsDefect::Text(item));
        }
        if flags.len() != characters || !flags.bytes().all(|flag| matches!(flag, b'0' | b'1')) {
            return Err(FourItemsDefect::Substitution(item));
        }
        Ok(Self {
            text: text.to_owned(),
            flags: flags.to_owned(),
        })
    }

    /// The text as the certificate has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A digit `0` or `1` per character.
    pub fn flags(&self) -> &str {
        &self.flags
    }

    /// Whether any character differs from the resident register's.
    pub fn has_substitution(&self) -> bool {
        self.flags.contains('1')
    }
}

impl fmt::Debug for Substituted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Substituted(***)")
    }
}

/// The era of a birth date.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Era {
    /// 0.
    Unknown,
    /// 1, 明治.
    Meiji,
    /// 2, 大正.
    Taisho,
    /// 3, 昭和.
    Showa,
    /// 4, 平成.
    Heisei,
    /// 5, 令和.
    Reiwa,
}

/// A birth date, parts of which may be unknown. `Debug` shows nothing.
#[derive(Clone, Eq, PartialEq)]
pub struct BirthDate {
    text: String,
    era: Era,
    year: Option<u16>,
    month: Option<u8>,
    day: Option<u8>,
}

impl BirthDate {
    /// Reads `EYYYYMMDD`: era digit, then the Gregorian date, zeros where unknown.
    ///
    /// # Errors
    /// [`FourItemsDefect::BirthDate`].
    pub fn parse(text: &str) -> Result<Self, FourItemsDefect> {
        let defect = FourItemsDefect::BirthDate;
        if text.len() != 9 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(defect);
        }
        let part = |from: usize, to: usize| {
            text.get(from..to)
                .and_then(|digits| digits.parse::<u16>().ok())
                .ok_or(defect)
        };
        let era = match part(0, 1)? {
            0 => Era::Unknown,
            1 => Era::Meiji,
            2 => Era::Taisho,
            3 => Era::Showa,
            4 => Era::Heisei,
            5 => Era::Reiwa,
            _ => return Err(defect),
        };
        let known = |number: u16| (number != 0).then_some(number);
        let small = |number: u16| u8::try_from(number).map_err(|_| defect);
        let year = known(part(1, 5)?);
        let month = known(part(5, 7)?).map(small).transpose()?;
        let day = known(part(7, 9)?).map(small).transpose()?;
        let longest = match month {
            None | Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
            Some(4 | 6 | 9 | 11) => 30,
            Some(2) => year.map_or(29, |year| if leap(year) { 29 } else { 28 }),
            Some(_) => return Err(defect),
        };
        if day.is_some_and(|day| day > longest) {
            return Err(defect);
        }
        Ok(Self {
            text: text.to_owned(),
            era,
            year,
            month,
            day,
        })
    }

    /// As the certificate has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The era.
    pub fn era(&self) -> Era {
        self.era
    }

    /// Gregorian year, where known.
    pub fn year(&self) -> Option<u16> {
        self.year
    }

    /// 1 to 12, where known.
    pub fn month(&self) -> Option<u8> {
        self.month
    }

    /// 1 to 31, where known.
    pub fn day(&self) -> Option<u8> {
        self.day
    }

    /// `YYYY-MM-DD` where the whole date is known (the form of OpenID Connect Core section 5.1).
    pub fn iso(&self) -> Option<String> {
        Some(format!("{:04}-{:02}-{:02}", self.year?, self.month?, self.day?))
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(***)")
    }
}

const fn leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// JIS X 0303.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Sex {
    /// 1, 男.
    Male,
    /// 2, 女.
    Female,
    /// 9, 適用不能 or unknown.
    NotApplicable,
}

impl Sex {
    /// The digit.
    pub const fn digit(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
            Self::NotApplicable => "9",
        }
    }

    /// Reads the digit.
    pub fn from_digit(text: &str) -> Option<Self> {
        [Self::Male, Self::Female, Self::NotApplicable]
            .into_iter()
            .find(|sex| sex.digit() == text)
    }
}

impl fmt::Debug for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sex(***)")
    }
}

/// The six values of a 署名用 certificate, or of an answer about the latest ones. `Debug` shows nothing.
#[derive(Clone, Eq, PartialEq)]
pub struct FourItems {
    /// 氏名.
    pub name: Substituted,
    /// 住所.
    pub address: Substituted,
    /// 生年月日.
    pub birth_date: BirthDate,
    /// 性別.
    pub sex: Sex,
}

impl fmt::Debug for FourItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FourItems(***)")
    }
}

impl FourItems {
    /// Reads the six otherNames, each exactly once, in whatever order.
    ///
    /// # Errors
    /// The first defect.
    pub fn of(certificate: &Certificate) -> Result<Self, FourItemsDefect> {
        let names = OtherName::of(certificate, &ARC).map_err(|_| FourItemsDefect::Unreadable)?;
        Self::of_names(&names)
    }

    fn of_names(names: &[OtherName]) -> Result<Self, FourItemsDefect> {
        const KNOWN: [(Oid, &str); 6] = [
            (NAME, "name"),
            (NAME_SUBSTITUTION, "name substitution"),
            (SEX, "sex"),
            (BIRTH_DATE, "birth date"),
            (ADDRESS, "address"),
            (ADDRESS_SUBSTITUTION, "address substitution"),
        ];
        let mut values = [""; 6];
        for ((oid, item), place) in KNOWN.iter().zip(&mut values) {
            let mut found = names.iter().filter(|name| name.kind == *oid);
            *place = found.next().ok_or(FourItemsDefect::Missing(item))?.text.as_str();
            if found.next().is_some() {
                return Err(FourItemsDefect::Duplicate(item));
            }
        }
        if names.len() != KNOWN.len() {
            return Err(FourItemsDefect::UnknownItem);
        }
        let [name, name_flags, sex, birth_date, address, address_flags] = values;
        Self::from_parts(name, name_flags, address, address_flags, birth_date, sex)
    }

    /// From the values as texts: of an answer about the latest items, or of a sealed copy.
    ///
    /// # Errors
    /// The first defect.
    pub fn from_parts(
        name: &str,
        name_flags: &str,
        address: &str,
        address_flags: &str,
        birth_date: &str,
        sex: &str,
    ) -> Result<Self, FourItemsDefect> {
        Ok(Self {
            name: Substituted::new("name", name, name_flags)?,
            address: Substituted::new("address", address, address_flags)?,
            birth_date: BirthDate::parse(birth_date)?,
            sex: Sex::from_digit(sex).ok_or(FourItemsDefect::Sex)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<OtherName> {
        [
            (NAME, "公的　花子"),
            (BIRTH_DATE, "419900217"),
            (SEX, "2"),
            (ADDRESS, "東京都"),
            (NAME_SUBSTITUTION, "00010"),
            (ADDRESS_SUBSTITUTION, "000"),
        ]
        .into_iter()
        .map(|(kind, text)| OtherName {
            kind,
            text: text.to_owned(),
        })
        .collect()
    }

    #[test]
    fn any_order_is_read_and_nothing_is_printed() {
        let mut given = names();
        for turn in 0..given.len() {
            given.rotate_left(1);
            if turn % 2 == 0 {
                given.swap(0, 3);
            }
            let items = FourItems::of_names(&given).unwrap();
            assert_eq!(items.name.text(), "公的　花子");
            assert_eq!(items.name.flags(), "00010");
            assert!(items.name.has_substitution() && !items.address.has_substitution());
            assert_eq!(items.birth_date.iso().unwrap(), "1990-02-17");
            assert_eq!(items.birth_date.era(), Era::Heisei);
            assert_eq!(items.sex, Sex::Female);
            let printed = format!(
                "{items:?} {:?} {:?} {:?}",
                items.name, items.birth_date, items.sex
            );
            assert_eq!(printed, "FourItems(***) Substituted(***) BirthDate(***) Sex(***)");
        }
    }

    #[test]
    fn each_item_is_there_exactly_once() {
        for place in 0..6 {
            let mut fewer = names();
            let gone = fewer.remove(place);
            assert!(matches!(
                FourItems::of_names(&fewer),
                Err(FourItemsDefect::Missing(_))
            ));
            let mut twice = names();
            twice.push(gone);
            assert!(matches!(
                FourItems::of_names(&twice),
                Err(FourItemsDefect::Duplicate(_))
            ));
        }
        let mut more = names();
        more.push(OtherName {
            kind: Oid::new_unwrap("1.2.392.200149.8.5.5.7"),
            text: "?".to_owned(),
        });
        assert_eq!(FourItems::of_names(&more), Err(FourItemsDefect::UnknownItem));
    }

    #[test]
    fn flags_are_one_per_character_and_not_per_byte() {
        let read = |text: &str, flags: &str| Substituted::new("name", text, flags).map(|_| ());
        let flags = Err(FourItemsDefect::Substitution("name"));
        let text = Err(FourItemsDefect::Text("name"));
        assert_eq!(read("𠮷野", "10"), Ok(()));
        assert_eq!(read("𠮷野", "1"), flags);
        assert_eq!(read("𠮷野", "1000000"), flags, "bytes");
        assert_eq!(read("𠮷野", "12"), flags);
        assert_eq!(read("𠮷野", "１０"), flags);
        assert_eq!(read("", ""), text);
        assert_eq!(read("a\nb", "000"), text);
        assert_eq!(read(&"a".repeat(513), &"0".repeat(513)), text);
    }

    #[test]
    fn dates_may_be_partial_but_not_impossible() {
        for (text, iso) in [
            ("419900217", Some("1990-02-17")),
            ("320000229", Some("2000-02-29")),
            ("400000000", None),
            ("319450000", None),
            ("319450800", None),
            ("300000229", None),
            ("000000000", None),
        ] {
            assert_eq!(BirthDate::parse(text).unwrap().iso().as_deref(), iso, "{text}");
        }
        for text in [
            "",
            "19900217",
            "4199002170",
            "619900217",
            "419901317",
            "419900230",
            "419000229",
            "419900431",
            "41990O217",
            "４１９９",
        ] {
            assert_eq!(BirthDate::parse(text), Err(FourItemsDefect::BirthDate), "{text}");
        }
    }

    #[test]
    fn sex_is_one_of_three_digits() {
        for (text, sex) in [
            ("1", Some(Sex::Male)),
            ("2", Some(Sex::Female)),
            ("9", Some(Sex::NotApplicable)),
            ("0", None),
            ("", None),
            ("女", None),
        ] {
            assert_eq!(Sex::from_digit(text), sex);
        }
    }
}
