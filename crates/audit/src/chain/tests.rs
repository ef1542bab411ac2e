use domain::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{Action, Actor, Event, Outcome};

/// A log of `count` texts, as (position, text, hash).
fn log(count: u64) -> Vec<(u64, String, String)> {
    let mut head = Head::GENESIS;
    (1..=count)
        .map(|n| {
            let text = format!("{{\"n\":{n}}}");
            head = head.append(&text);
            (head.position, text, head.hash.to_string())
        })
        .collect()
}

fn judge(records: &[(u64, String, String)]) -> Result<Head, Break> {
    verify(records.iter().map(|(position, text, hash)| Link {
        position: *position,
        text,
        hash,
    }))
}

#[test]
fn the_first_hashes_are_what_any_other_tool_computes() {
    // Computed with Python's hashlib: sha256(bytes(32) + (1).to_bytes(8, "big") + b"a"), and so on.
    let first = Head::GENESIS.append("a");
    let second = first.append("b");
    assert_eq!(first.hash.to_string(), FIRST);
    assert_eq!(second.hash.to_string(), SECOND);
    assert_eq!(second.position, 2);
    assert_eq!(FIRST.parse(), Ok(first.hash));
}

const FIRST: &str = "00f87f5348b32d1caf5e59cbfadc31d568b7b2d04679e0d52b5aad8c5d4dfeed";
const SECOND: &str = "ac801c2ef8753f5f117fa8512dea5681d91feb10de2a4af83a72cb74b5cffce2";

#[test]
fn a_whole_log_answers_its_head_and_an_empty_one_the_beginning() {
    let records = log(5);
    let head = judge(&records).unwrap();
    assert_eq!(head.position, 5);
    assert_eq!(head.hash.to_string(), records[4].2);
    assert_eq!(judge(&[]), Ok(Head::GENESIS));
}

#[test]
fn the_rest_of_a_log_is_followed_from_a_noted_head() {
    let records = log(5);
    let noted = judge(&records[..2]).unwrap();
    let rest = records[2..].iter().map(|(position, text, hash)| Link {
        position: *position,
        text,
        hash,
    });
    assert_eq!(verify_after(noted, rest), judge(&records));
}

#[test]
fn an_altered_text_is_found_where_it_stands() {
    let mut records = log(5);
    records[2].1 = records[2].1.replace('3', "4");
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 3,
            why: Why::Hash
        })
    );
}

#[test]
fn an_altered_text_with_its_own_hash_recomputed_is_found_one_later() {
    let mut records = log(5);
    let before: ChainHash = records[1].2.parse().unwrap();
    records[2].1 = "{}".to_owned();
    records[2].2 = before.next(3, "{}").to_string();
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 4,
            why: Why::Hash
        })
    );
}

#[test]
fn a_dropped_record_is_found_even_when_the_rest_is_renumbered() {
    let mut records = log(5);
    records.remove(2);
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 3,
            why: Why::Position { found: 4 }
        })
    );
    records[2].0 = 3;
    records[3].0 = 4;
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 3,
            why: Why::Hash
        })
    );
}

#[test]
fn swapped_records_are_found() {
    let mut records = log(5);
    records.swap(1, 2);
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 2,
            why: Why::Position { found: 3 }
        })
    );
    records[1].0 = 2;
    records[2].0 = 3;
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 2,
            why: Why::Hash
        })
    );
}

#[test]
fn an_inserted_record_is_found() {
    let mut records = log(5);
    let before: ChainHash = records[1].2.parse().unwrap();
    records.insert(2, (3, "{}".to_owned(), before.next(3, "{}").to_string()));
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 4,
            why: Why::Position { found: 3 }
        })
    );
    for (place, record) in records.iter_mut().enumerate() {
        record.0 = u64::try_from(place).unwrap() + 1;
    }
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 4,
            why: Why::Hash
        })
    );
}

#[test]
fn a_hash_in_another_spelling_is_refused() {
    let mut records = log(2);
    records[1].2 = records[1].2.to_ascii_uppercase();
    assert_eq!(
        judge(&records),
        Err(Break {
            position: 2,
            why: Why::HashSpelling
        })
    );
}

fn event() -> Event {
    let actor = Actor::Operator("keeper".to_owned());
    Event::new(
        Timestamp::from_seconds(1),
        Action::ServiceAdded,
        Outcome::Done,
        actor,
    )
}

fn exported() -> Vec<String> {
    let text = serde_json::to_string(&event()).unwrap();
    let mut head = Head::GENESIS;
    let mut lines = Vec::new();
    for _ in 0..3 {
        head = head.append(&text);
        let hash = head.hash.to_string();
        lines.push(
            export_line(Link {
                position: head.position,
                text: &text,
                hash: &hash,
            })
            .unwrap(),
        );
    }
    lines
}

#[test]
fn an_export_verifies_without_a_database() {
    let lines = exported();
    let head = verify_lines(Head::GENESIS, &lines).unwrap();
    assert_eq!(head.position, 3);
    let noted = verify_lines(Head::GENESIS, &lines[..1]).unwrap();
    assert_eq!(verify_lines(noted, &lines[1..]), Ok(head));
}

#[test]
fn an_export_breaks_where_it_was_touched() {
    let mut lines = exported();
    lines[1] = lines[1].replace("keeper", "nobody");
    let hash = Break {
        position: 2,
        why: Why::Hash,
    };
    assert_eq!(verify_lines(Head::GENESIS, &lines), Err(hash));
    lines[1] = String::new();
    let blank = Break {
        position: 2,
        why: Why::NotARecord,
    };
    assert_eq!(verify_lines(Head::GENESIS, &lines), Err(blank));
    lines[1] = " ".repeat(LONGEST_LINE + 1);
    let long = Break {
        position: 2,
        why: Why::LineTooLong,
    };
    assert_eq!(verify_lines(Head::GENESIS, &lines), Err(long));
}

#[test]
fn a_readable_copy_that_lies_is_found() {
    let honest = serde_json::to_string(&event()).unwrap();
    let lie = honest.replace("keeper", "nobody");
    let line = exported().remove(0);
    let with = |copy: &str| format!("{},\"event\":{copy}}}", line.strip_suffix('}').unwrap());
    assert_eq!(verify_lines(Head::GENESIS, [with(&honest)]).unwrap().position, 1);
    let differs = Break {
        position: 1,
        why: Why::EventDiffers,
    };
    assert_eq!(verify_lines(Head::GENESIS, [with(&lie)]), Err(differs));
}

proptest! {
    #[test]
    fn any_changed_byte_of_an_export_breaks_it(place in 0_usize..400, with in 0x20_u8..0x7f) {
        let lines = exported();
        let mut touched = lines.clone();
        let mut bytes = touched[1].clone().into_bytes();
        let place = place % bytes.len();
        prop_assume!(bytes[place] != with);
        bytes[place] = with;
        touched[1] = String::from_utf8(bytes).unwrap();
        prop_assert!(verify_lines(Head::GENESIS, &touched).is_err());
    }

    #[test]
    fn no_line_makes_the_verifier_panic(line in "\\PC{0,200}") {
        prop_assert!(verify_lines(Head::GENESIS, [line]).is_err());
    }
}
