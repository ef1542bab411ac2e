//! 基本4情報: 氏名, 住所, 生年月日, 性別, as the 署名用 certificate carries them in six otherNames of subjectAltName.
//!
//! The types and forms were read off a card by public projects (`myna-card`, `ZeroKeyMate`); J-LIS publishes none of them. The
//! order is not fixed. Dates may be partial, and a substitution flag `1` says that the character in its place stands for one
//! outside the character set: the register has another.

use std::fmt;

use pki::{Certificate, GeneralName, Oid};
use zeroize::Zeroizing;

const NAME: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.1");
const NAME_SUBSTITUTION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.2");
const SEX: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.3");
const BIRTH_DATE: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.4");
const ADDRESS: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.5");
const ADDRESS_SUBSTITUTION: Oid = Oid::new_unwrap("1.2.392.200149.8.5.5.6");

/// Characters of a name or an address; the certificate's size bounds them too.
const MAX_CHARACTERS: usize = 1000;

/// Which of the four.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Item {
    /// 氏名.
    Name,
    /// Flags of the name.
    NameSubstitution,
    /// 住所.
    Address,
    /// Flags of the address.
    AddressSubstitution,
    /// 生年月日.
    BirthDate,
    /// 性別.
    Sex,
}

impl Item {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameSubstitution => "name_substitution",
            Self::Address => "address",
            Self::AddressSubstitution => "address_substitution",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
        }
    }
}

/// Why they cannot be read. Says which item, never what it holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ItemsDefect {
    /// It is not there.
    Missing(Item),
    /// It is there twice.
    Repeated(Item),
    /// Not a UTF8String in an otherName, empty, too long, or with control characters.
    Malformed(Item),
    /// Not one flag per character.
    FlagsDoNotFit(Item),
    /// Not `EYYYYMMDD`, or a day that no calendar has.
    NotADate,
    /// Not `1`, `2` or `9`.
    NotASex,
    /// No subjectAltName, or an otherName that cannot be read.
    Unreadable,
}

impl fmt::Display for ItemsDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(item) => write!(f, "{} is missing", item.as_str()),
            Self::Repeated(item) => write!(f, "{} is there twice", item.as_str()),
            Self::Malformed(item) => write!(f, "{} is malformed", item.as_str()),
            Self::FlagsDoNotFit(item) => write!(f, "{} does not fit its text", item.as_str()),
            Self::NotADate => f.write_str("birth_date is no date"),
            Self::NotASex => f.write_str("sex is none of 1, 2, 9"),
            Self::Unreadable => f.write_str("the alternative names cannot be read"),
        }
    }
}

impl std::error::Error for ItemsDefect {}

/// A text and, for each of its characters, whether it stands for another one. `Debug` shows nothing; the memory is wiped.
#[derive(Clone, Eq, PartialEq)]
pub struct FlaggedText {
    text: Zeroizing<String>,
    flags: Zeroizing<String>,
}

impl FlaggedText {
    fn read(text: &str, flags: &str, item: Item, flags_item: Item) -> Result<Self, ItemsDefect> {
        let length = text.chars().count();
        if !(1..=MAX_CHARACTERS).contains(&length) || text.chars().any(char::is_control) {
            return Err(ItemsDefect::Malformed(item));
        }
        if flags.len() != length || !flags.bytes().all(|flag| matches!(flag, b'0' | b'1')) {
            return Err(ItemsDefect::FlagsDoNotFit(flags_item));
        }
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
            flags: Zeroizing::new(flags.to_owned()),
        })
    }

    /// The text as the certificate has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A `0` or `1` per character.
    pub fn flags(&self) -> &str {
        &self.flags
    }

    /// Whether any character stands for another one, so that the register differs.
    pub fn is_substituted(&self) -> bool {
        self.flags.contains('1')
    }
}

impl fmt::Debug for FlaggedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlaggedText(***)")
    }
}

/// The era that a date was registered in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Era {
    /// Not known.
    Unknown,
    /// 明治.
    Meiji,
    /// 大正.
    Taisho,
    /// 昭和.
    Showa,
    /// 平成.
    Heisei,
    /// 令和.
    Reiwa,
}

/// 生年月日: `EYYYYMMDD`, an era digit and a Gregorian date, zeros where not known. `Debug` shows nothing.
#[derive(Clone, Eq, PartialEq)]
pub struct BirthDate(Zeroizing<String>);

impl BirthDate {
    fn read(text: &str) -> Result<Self, ItemsDefect> {
        let read = Self(Zeroizing::new(text.to_owned()));
        let digits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && matches!(text.as_bytes().first(), Some(b'0'..=b'5')) && read.is_a_day() {
            Ok(read)
        } else {
            Err(ItemsDefect::NotADate)
        }
    }

    fn number(&self, from: usize, to: usize) -> Option<u16> {
        self.0.get(from..to)?.parse().ok().filter(|number| *number != 0)
    }

    /// Whether what is known of it can be a day.
    fn is_a_day(&self) -> bool {
        let month = match self.month() {
            None => return self.number(5, 7).is_none() && self.day().is_none_or(|day| day <= 31),
            Some(month) if month > 12 => return false,
            Some(month) => month,
        };
        let leap =
            |year: u16| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if self.year().is_none_or(leap) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.day().is_none_or(|day| day <= days)
    }

    /// `EYYYYMMDD` as it stands in the certificate.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The era.
    pub fn era(&self) -> Era {
        match self.0.as_bytes().first() {
            Some(b'1') => Era::Meiji,
            Some(b'2') => Era::Taisho,
            Some(b'3') => Era::Showa,
            Some(b'4') => Era::Heisei,
            Some(b'5') => Era::Reiwa,
            _ => Era::Unknown,
        }
    }

    /// The Gregorian year, if known.
    pub fn year(&self) -> Option<u16> {
        self.number(1, 5)
    }

    /// The month, if known.
    pub fn month(&self) -> Option<u16> {
        self.number(5, 7)
    }

    /// The day of the month, if known.
    pub fn day(&self) -> Option<u16> {
        self.number(7, 9)
    }

    /// Whether year, month and day are all known.
    pub fn is_whole(&self) -> bool {
        self.year().is_some() && self.month().is_some() && self.day().is_some()
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(***)")
    }
}

/// 性別 as JIS X 0303 numbers it.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Sex {
    /// 1.
    Male,
    /// 2.
    Female,
    /// 9.
    NotApplicable,
}

impl Sex {
    fn read(text: &str) -> Result<Self, ItemsDefect> {
        match text {
            "1" => Ok(Self::Male),
            "2" => Ok(Self::Female),
            "9" => Ok(Self::NotApplicable),
            _ => Err(ItemsDefect::NotASex),
        }
    }

    /// The digit.
    pub const fn digit(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
            Self::NotApplicable => "9",
        }
    }
}

impl fmt::Debug for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sex(***)")
    }
}

/// The six texts, as a certificate or a sealed record holds them.
#[derive(Clone, Copy)]
pub struct ItemTexts<'a> {
    /// 氏名.
    pub name: &'a str,
    /// A flag per character.
    pub name_substitution: &'a str,
    /// 住所.
    pub address: &'a str,
    /// A flag per character.
    pub address_substitution: &'a str,
    /// `EYYYYMMDD`.
    pub birth_date: &'a str,
    /// `1`, `2` or `9`.
    pub sex: &'a str,
}

/// 基本4情報. `Debug` shows nothing; the memory is wiped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FourItems {
    /// 氏名.
    pub name: FlaggedText,
    /// 住所.
    pub address: FlaggedText,
    /// 生年月日.
    pub birth_date: BirthDate,
    /// 性別.
    pub sex: Sex,
}

impl FourItems {
    /// Reads the six texts.
    pub fn read(texts: ItemTexts<'_>) -> Result<Self, ItemsDefect> {
        Ok(Self {
            name: FlaggedText::read(
                texts.name,
                texts.name_substitution,
                Item::Name,
                Item::NameSubstitution,
            )?,
            address: FlaggedText::read(
                texts.address,
                texts.address_substitution,
                Item::Address,
                Item::AddressSubstitution,
            )?,
            birth_date: BirthDate::read(texts.birth_date)?,
            sex: Sex::read(texts.sex)?,
        })
    }

    /// Reads them from a 署名用 certificate; other alternative names beside them are none of our business.
    pub fn of(certificate: &Certificate) -> Result<Self, ItemsDefect> {
        let names = certificate
            .extensions()
            .subject_alt_names
            .as_deref()
            .ok_or(ItemsDefect::Unreadable)?;
        let text = |item: Item, oid: Oid| text_of(names, item, oid);
        Self::read(ItemTexts {
            name: text(Item::Name, NAME)?,
            name_substitution: text(Item::NameSubstitution, NAME_SUBSTITUTION)?,
            address: text(Item::Address, ADDRESS)?,
            address_substitution: text(Item::AddressSubstitution, ADDRESS_SUBSTITUTION)?,
            birth_date: text(Item::BirthDate, BIRTH_DATE)?,
            sex: text(Item::Sex, SEX)?,
        })
    }

    /// The six texts again.
    pub fn texts(&self) -> ItemTexts<'_> {
        ItemTexts {
            name: self.name.as_str(),
            name_substitution: self.name.flags(),
            address: self.address.as_str(),
            address_substitution: self.address.flags(),
            birth_date: self.birth_date.as_str(),
            sex: self.sex.digit(),
        }
    }
}

fn text_of(names: &[GeneralName], item: Item, oid: Oid) -> Result<&str, ItemsDefect> {
    let mut found = None;
    for name in names {
        match name.other_text() {
            None => {}
            Some(Err(_)) => return Err(ItemsDefect::Unreadable),
            Some(Ok((known, _))) if known != oid => {}
            Some(Ok(_)) if found.is_some() => return Err(ItemsDefect::Repeated(item)),
            Some(Ok((_, text))) => found = Some(text),
        }
    }
    found.ok_or(ItemsDefect::Missing(item))
}

#[cfg(test)]
mod tests;
