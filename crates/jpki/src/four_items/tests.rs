use super::*;

const GOOD: ItemTexts<'static> = ItemTexts {
    name: "公的　花子",
    name_substitution: "01000",
    address: "東京都清瀬市",
    address_substitution: "000000",
    birth_date: "419900217",
    sex: "2",
};

#[test]
fn what_was_read_is_what_is_written_and_prints_nothing() {
    let items = FourItems::read(GOOD).unwrap();
    assert_eq!(items.texts().name, GOOD.name);
    assert_eq!(items.texts().address_substitution, GOOD.address_substitution);
    assert_eq!(items.texts().birth_date, GOOD.birth_date);
    assert_eq!(items.texts().sex, "2");
    assert!(items.name.is_substituted() && !items.address.is_substituted());
    let printed = format!("{items:?}");
    for secret in ["公的", "清瀬", "1990", "Female"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn dates_may_be_partial_but_not_impossible() {
    for (text, year, month, day) in [
        ("419900217", Some(1990), Some(2), Some(17)),
        ("400000000", None, None, None),
        ("319640000", Some(1964), None, None),
        ("319640200", Some(1964), Some(2), None),
        ("020000229", Some(2000), Some(2), Some(29)),
        ("300000229", None, Some(2), Some(29)),
        ("300000031", None, None, Some(31)),
    ] {
        let date = BirthDate::read(text).unwrap();
        assert_eq!(
            (date.year(), date.month(), date.day()),
            (year, month, day),
            "{text}"
        );
        assert_eq!(date.is_whole(), year.and(month).and(day).is_some());
    }
    for text in [
        "",
        "19900217",
        "4199002170",
        "619900217",
        "4199O0217",
        "419901317",
        "419900230",
        "419000229",
        "319640032",
        "419900431",
        "４19900217",
    ] {
        assert_eq!(BirthDate::read(text), Err(ItemsDefect::NotADate), "{text}");
    }
    assert_eq!(BirthDate::read("519900217").unwrap().era(), Era::Reiwa);
    assert_eq!(BirthDate::read("019900217").unwrap().era(), Era::Unknown);
}

#[test]
fn each_item_is_refused_by_name() {
    let long = "あ".repeat(MAX_CHARACTERS + 1);
    let flags = "0".repeat(MAX_CHARACTERS + 1);
    for (texts, defect) in [
        (
            ItemTexts {
                name: "",
                name_substitution: "",
                ..GOOD
            },
            ItemsDefect::Malformed(Item::Name),
        ),
        (
            ItemTexts {
                name: "a\u{7}",
                name_substitution: "00",
                ..GOOD
            },
            ItemsDefect::Malformed(Item::Name),
        ),
        (
            ItemTexts {
                address: &long,
                address_substitution: &flags,
                ..GOOD
            },
            ItemsDefect::Malformed(Item::Address),
        ),
        // One flag per character, not per byte.
        (
            ItemTexts {
                name_substitution: "000000000000000",
                ..GOOD
            },
            ItemsDefect::FlagsDoNotFit(Item::NameSubstitution),
        ),
        (
            ItemTexts {
                address_substitution: "00000x",
                ..GOOD
            },
            ItemsDefect::FlagsDoNotFit(Item::AddressSubstitution),
        ),
        (ItemTexts { sex: "0", ..GOOD }, ItemsDefect::NotASex),
        (ItemTexts { sex: "女", ..GOOD }, ItemsDefect::NotASex),
    ] {
        assert_eq!(FourItems::read(texts), Err(defect));
    }
}

/// `[0] { type-id, [0] { UTF8String } }` of the arc `…8.5.5.n`.
fn other_name(number: u8, text: &str) -> GeneralName {
    let element = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 128);
        [&[tag, length], content].concat()
    };
    let kind = element(6, &[0x2a, 0x83, 0x08, 0x8c, 0x9b, 0x55, 8, 5, 5, number]);
    let value = element(0xa0, &element(0x0c, text.as_bytes()));
    GeneralName::Other {
        form: 0,
        der: element(0xa0, &[kind, value].concat()),
    }
}

fn names() -> Vec<GeneralName> {
    let values = ["公的　花子", "01000", "2", "419900217", "東京都清瀬市", "000000"];
    (1..)
        .zip(values)
        .map(|(number, text)| other_name(number, text))
        .collect()
}

#[test]
fn the_order_does_not_matter_and_nothing_may_come_twice() {
    let mut names = names();
    let foreign = GeneralName::Dns("example.jp".to_owned());
    names.push(foreign.clone());
    names.push(other_name(9, "of another type"));
    for _ in 0..names.len() {
        names.rotate_left(1);
        assert_eq!(text_of(&names, Item::Address, ADDRESS), Ok("東京都清瀬市"));
        assert_eq!(
            text_of(&names, Item::NameSubstitution, NAME_SUBSTITUTION),
            Ok("01000")
        );
    }
    names.push(other_name(5, "東京都清瀬市"));
    assert_eq!(
        text_of(&names, Item::Address, ADDRESS),
        Err(ItemsDefect::Repeated(Item::Address)),
        "not even the same again"
    );
    assert_eq!(
        text_of(&[foreign], Item::Sex, SEX),
        Err(ItemsDefect::Missing(Item::Sex))
    );
    let GeneralName::Other { form, mut der } = other_name(1, "x") else {
        panic!("an otherName")
    };
    der.pop();
    let cut = GeneralName::Other { form, der };
    assert_eq!(text_of(&[cut], Item::Name, NAME), Err(ItemsDefect::Unreadable));
}
