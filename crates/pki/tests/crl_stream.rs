//! Lists read while they stream by: the same verdict as for a list in memory, whatever the source does, and nothing believed that
//! nobody signed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test's own helpers"
)]

use std::io::{self, Read};
use std::sync::OnceLock;

use domain::Timestamp;
use pki::{Crl, CrlLimits, EntrySink, Reason, RevocationReason, StreamRefusal, StreamedCrl, TrustAnchor};
use sim::Simulation;
use sim::authority::{Authority, CaKind, Hierarchy, distribution_point_name};
use sim::crl::{CrlFacts, Entry, RevocationReason as Write, crl};
use sim::keys::KeyCache;

const LIMITS: CrlLimits = CrlLimits {
    max_bytes: 64 << 20,
    max_entries: 1_000_000,
    digest_on_own_thread: false,
};

fn authority(kind: CaKind, generation: u8) -> Authority {
    Simulation::in_memory("crl stream", KeyCache::shared())
        .authority(Hierarchy::Test, kind, generation)
        .unwrap()
}

fn ours(generation: u8) -> &'static Authority {
    static ALL: OnceLock<Vec<Authority>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        (1..=3)
            .map(|generation| authority(CaKind::UserAuthentication, generation))
            .collect()
    });
    &all[usize::from(generation) - 1]
}

/// Generations 2 and 3 are pinned.
fn anchors() -> &'static [TrustAnchor] {
    static PINNED: OnceLock<Vec<TrustAnchor>> = OnceLock::new();
    PINNED.get_or_init(|| {
        [2, 3]
            .into_iter()
            .map(|generation| TrustAnchor::from_der(&ours(generation).certificate).unwrap())
            .collect()
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + seconds)
}

fn facts() -> CrlFacts {
    CrlFacts {
        number: 300,
        this_update: at(0),
        next_update: Some(at(86_400)),
        distribution_point: None,
    }
}

/// Entries of every form: short and long serial numbers, every reason, both kinds of time.
fn entries(count: u64) -> Vec<Entry> {
    (1..=count)
        .map(|place| Entry {
            serial: if place % 50 == 0 { place << 34 } else { place * 977 },
            at: if place % 61 == 0 {
                Timestamp::parse_rfc3339("2061-05-05T05:05:05Z").unwrap()
            } else {
                at(-i64::try_from(place * 7919 % 200_000_000).unwrap())
            },
            reason: Write::ALL[usize::try_from(place % 7).unwrap()],
        })
        .collect()
}

fn list(generation: u8, facts: &CrlFacts, count: u64) -> Vec<u8> {
    crl(ours(generation), facts, &entries(count)).unwrap()
}

#[derive(Default)]
struct Taken(Vec<(Vec<u8>, i64, RevocationReason)>);

impl EntrySink for Taken {
    type Refusal = &'static str;

    fn short(&mut self, serial: u32, seconds: i64, reason: RevocationReason) -> Result<(), &'static str> {
        let bytes = serial.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        self.0.push((bytes[zeros..].to_vec(), seconds, reason));
        Ok(())
    }

    fn long(&mut self, serial: &[u8], seconds: i64, reason: RevocationReason) -> Result<(), &'static str> {
        assert!(serial.len() > 4 && serial[0] != 0);
        self.0.push((serial.to_vec(), seconds, reason));
        Ok(())
    }
}

/// Gives what it has in small pieces of changing size, and may fail.
struct Trickle<'a> {
    rest: &'a [u8],
    piece: usize,
    given: usize,
    fails_at: Option<usize>,
}

impl<'a> Trickle<'a> {
    fn of(rest: &'a [u8]) -> Self {
        Self {
            rest,
            piece: 0,
            given: 0,
            fails_at: None,
        }
    }
}

impl Read for Trickle<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.piece = self.piece % 4099 + 1;
        if self.piece == 7 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut length = self.piece.min(room.len()).min(self.rest.len());
        if let Some(end) = self.fails_at {
            length = length.min(end - self.given);
            if length == 0 {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        let (now, later) = self.rest.split_at(length);
        room[..length].copy_from_slice(now);
        self.rest = later;
        self.given += length;
        Ok(length)
    }
}

fn read(
    source: &mut dyn Read,
    limits: &CrlLimits,
) -> Result<(StreamedCrl, Taken), StreamRefusal<&'static str>> {
    let mut taken = Taken::default();
    StreamedCrl::read(source, anchors(), limits, &mut taken).map(|list| (list, taken))
}

fn refusal(mut der: &[u8]) -> Reason {
    match read(&mut der, &LIMITS) {
        Err(StreamRefusal::List(reason)) => reason,
        other => panic!("{:?}", other.map(|(list, _)| list)),
    }
}

#[test]
fn it_says_what_the_reader_in_memory_says() {
    let partition = CrlFacts {
        distribution_point: Some(distribution_point_name(
            Hierarchy::Test,
            CaKind::UserAuthentication,
            "Tokyo-to",
            "Chiyoda-ku",
        )),
        next_update: None,
        ..facts()
    };
    // The last is longer than several blocks.
    for (facts, count) in [(facts(), 0), (partition, 1), (facts(), 500), (facts(), 40_000)] {
        for generation in [2, 3] {
            let der = list(generation, &facts, count);
            let whole = Crl::verify(&der, anchors()).unwrap();
            for digest_on_own_thread in [false, true] {
                let limits = CrlLimits {
                    digest_on_own_thread,
                    ..LIMITS
                };
                for trickle in [false, true] {
                    let (streamed, taken) = if trickle {
                        read(&mut Trickle::of(&der), &limits).unwrap()
                    } else {
                        read(&mut der.as_slice(), &limits).unwrap()
                    };
                    assert_eq!(streamed.issuer(), whole.issuer());
                    assert_eq!(streamed.issuer_key_hash(), whole.issuer_key_hash());
                    assert_eq!(streamed.issuer_key_hash(), ours(generation).key_hash());
                    assert_eq!(streamed.this_update(), whole.this_update());
                    assert_eq!(streamed.next_update(), whole.next_update());
                    assert_eq!(streamed.number(), whole.number());
                    assert_eq!(streamed.scope(), whole.scope());
                    assert_eq!((streamed.entries(), streamed.bytes()), (count, der.len() as u64));
                    let expected = whole.entries().map(|entry| {
                        let entry = entry.unwrap();
                        (entry.serial.to_vec(), entry.revoked_at.seconds(), entry.reason)
                    });
                    assert!(taken.0.into_iter().eq(expected));
                }
            }
        }
    }
}

#[test]
fn a_list_that_ends_anywhere_is_refused() {
    let der = list(3, &facts(), 20);
    for length in 0..der.len() {
        refusal(&der[..length]);
    }
    assert_eq!(refusal(&[&der[..], &[0]].concat()), Reason::TrailingBytes);
    assert_eq!(refusal(&[&der[..], &der[..]].concat()), Reason::TrailingBytes);
    // Across blocks as well.
    let der = list(3, &facts(), 20_000);
    for length in (0..der.len()).step_by(9973).chain([der.len() - 1]) {
        refusal(&der[..length]);
    }
}

#[test]
fn an_altered_byte_is_refused_wherever_it_is() {
    let der = list(3, &facts(), 12);
    for place in 0..der.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut altered = der.clone();
            altered[place] ^= flip;
            refusal(&altered);
        }
    }
}

#[test]
fn a_source_that_fails_anywhere_is_told_apart() {
    let der = list(3, &facts(), 9000);
    for fails_at in (0..der.len()).step_by(5003).chain([der.len()]) {
        for digest_on_own_thread in [false, true] {
            let limits = CrlLimits {
                digest_on_own_thread,
                ..LIMITS
            };
            let mut source = Trickle {
                fails_at: Some(fails_at),
                ..Trickle::of(&der)
            };
            match read(&mut source, &limits) {
                Err(StreamRefusal::Source(error)) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
                other => panic!("{fails_at}: {:?}", other.map(|(list, _)| list)),
            }
        }
    }
}

/// Counts what is read of an endless source.
struct Endless<'a> {
    begin: &'a [u8],
    read: u64,
}

impl Read for Endless<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let length = room.len().min(if self.begin.is_empty() {
            usize::MAX
        } else {
            self.begin.len()
        });
        if self.begin.is_empty() {
            // 37 bytes again and again: the common entry.
            let entry = b"\x30\x23\x02\x04\x01\x02\x03\x04\x17\x0d261121000000Z\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x04";
            for (place, byte) in room.iter_mut().enumerate() {
                *byte = entry[(place + usize::try_from(self.read % 37).unwrap()) % 37];
            }
        } else {
            let (now, later) = self.begin.split_at(length);
            room[..length].copy_from_slice(now);
            self.begin = later;
            return Ok(length);
        }
        self.read += length as u64;
        Ok(length)
    }
}

/// The head of a list that promises nearly 4 GiB of entries.
fn bomb() -> Vec<u8> {
    let der = list(3, &facts(), 1);
    let sizes: [(&[u8], u32); 3] = [
        (&[0x30, 0x84], 0xffff_fff0),
        (&[0x30, 0x84], 0xffff_f000),
        (&[0x30, 0x84], 0xffff_e000),
    ];
    // SEQUENCE { SEQUENCE { version … nextUpdate, SEQUENCE { entries …
    let version = der.windows(3).position(|bytes| bytes == [2, 1, 1]).unwrap();
    let entries = der.windows(2).rposition(|bytes| bytes == [0x17, 13]).unwrap();
    let before = der[..entries].iter().rposition(|byte| *byte == b'Z').unwrap() + 1;
    let mut bomb = Vec::new();
    for (place, (head, length)) in sizes.iter().enumerate() {
        if place == 2 {
            bomb.extend_from_slice(&der[version..before]);
        }
        bomb.extend_from_slice(head);
        bomb.extend_from_slice(&length.to_be_bytes());
    }
    bomb
}

#[test]
fn bombs_end_at_the_bounds() {
    let bomb = bomb();
    let attempt = |limits: CrlLimits| {
        let mut source = Endless {
            begin: &bomb,
            read: 0,
        };
        let refusal = read(&mut source, &limits).err().unwrap();
        (refusal, source.read)
    };
    let wide = CrlLimits {
        max_bytes: u64::MAX,
        ..LIMITS
    };
    for digest_on_own_thread in [false, true] {
        let (refusal, read) = attempt(CrlLimits {
            max_entries: 50_000,
            digest_on_own_thread,
            ..wide
        });
        let limit = 50_000;
        assert!(
            matches!(refusal, StreamRefusal::List(Reason::TooManyEntries { limit: l }) if l == limit),
            "{refusal:?}"
        );
        assert!(read < limit * 37 + (1 << 20), "read on: {read}");
    }
    let (refusal, read) = attempt(LIMITS);
    assert!(
        matches!(refusal, StreamRefusal::List(Reason::TooLarge { .. })),
        "{refusal:?}"
    );
    assert!(read <= 1 << 20, "read on: {read}");
}

#[test]
fn the_sink_may_stop_it() {
    struct Enough(u32);
    impl EntrySink for Enough {
        type Refusal = u32;
        fn short(&mut self, _: u32, _: i64, _: RevocationReason) -> Result<(), u32> {
            self.0 += 1;
            if self.0 < 5 { Ok(()) } else { Err(self.0) }
        }
        fn long(&mut self, _: &[u8], _: i64, _: RevocationReason) -> Result<(), u32> {
            Ok(())
        }
    }
    let der = list(3, &facts(), 20);
    let stopped = StreamedCrl::read(&mut der.as_slice(), anchors(), &LIMITS, &mut Enough(0));
    assert!(matches!(stopped, Err(StreamRefusal::Sink(5))));
}

#[test]
fn a_list_of_nobody_pinned_is_refused_before_its_entries() {
    struct Nothing;
    impl EntrySink for Nothing {
        type Refusal = &'static str;
        fn short(&mut self, _: u32, _: i64, _: RevocationReason) -> Result<(), &'static str> {
            Err("an entry was handed out")
        }
        fn long(&mut self, _: &[u8], _: i64, _: RevocationReason) -> Result<(), &'static str> {
            Err("an entry was handed out")
        }
    }
    let theirs = crl(&authority(CaKind::DigitalSignature, 3), &facts(), &entries(30)).unwrap();
    let refusal = StreamedCrl::read(&mut theirs.as_slice(), anchors(), &LIMITS, &mut Nothing).err();
    assert!(
        matches!(refusal, Some(StreamRefusal::List(Reason::UnknownIssuer))),
        "{refusal:?}"
    );
    // The name of a pinned authority, and the key of another generation.
    assert_eq!(
        refusal_of_generation_1(),
        Reason::NoIssuerKeyVerifies { tried: 2 }
    );
}

fn refusal_of_generation_1() -> Reason {
    refusal(&list(1, &facts(), 3))
}

/// A list whose to-be-signed bytes were altered and signed again.
fn resigned(alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let der = list(3, &facts(), 3);
    // SEQUENCE of two length bytes, then what is signed with three.
    let length = usize::from(u16::from_be_bytes([der[6], der[7]]));
    let mut tbs = der[4..8 + length].to_vec();
    assert_eq!(tbs[..2], [0x30, 0x82]);
    alter(&mut tbs);
    let content = u16::try_from(tbs.len() - 4).unwrap();
    tbs[2..4].copy_from_slice(&content.to_be_bytes());
    ours(3).sign_structure(&tbs).unwrap()
}

fn find(tbs: &[u8], pattern: &[u8]) -> usize {
    tbs.windows(pattern.len())
        .position(|window| window == pattern)
        .unwrap()
}

#[test]
fn lengths_that_lie_are_refused_under_a_good_signature() {
    assert!(
        read(&mut resigned(|_| {}).as_slice(), &LIMITS).is_ok(),
        "unaltered, it is taken"
    );
    // The entries' list begins behind the second UTCTime of the head.
    let list_at = |tbs: &[u8]| find(tbs, b"Z\x30") + 1;
    let lie = |by: i8| {
        resigned(move |tbs| {
            let at = list_at(tbs) + 1;
            tbs[at] = tbs[at].wrapping_add_signed(by);
        })
    };
    for by in [-1, 1, 5, 60] {
        refusal(&lie(by));
    }
    let entry = |by: i8| {
        resigned(move |tbs| {
            let at = list_at(tbs) + 3;
            tbs[at] = tbs[at].wrapping_add_signed(by);
        })
    };
    for by in [-1, 1, 40, 100] {
        refusal(&entry(by));
    }
}

#[test]
fn forbidden_contents_are_refused_under_a_good_signature() {
    let reason_at = |tbs: &[u8]| find(tbs, b"\x55\x1d\x15\x04\x03\x0a\x01") + 7;
    for code in [7, 8, 11, 0xff] {
        // 8 is removeFromCRL: it belongs to deltas.
        let refused = refusal(&resigned(|tbs| {
            let at = reason_at(tbs);
            tbs[at] = code;
        }));
        assert!(
            matches!(refused, Reason::MalformedExtension { .. }),
            "{code}: {refused:?}"
        );
    }
    let version = refusal(&resigned(|tbs| {
        let at = find(tbs, &[2, 1, 1]);
        tbs[at + 2] = 0;
    }));
    assert_eq!(version, Reason::Version);
    // A critical extension nobody knows, or a delta.
    let critical = refusal(&resigned(|tbs| {
        let at = find(tbs, b"\x55\x1d\x14");
        tbs[at + 2] = 0x1b;
        tbs.splice(at + 3..at + 3, [1, 1, 0xff]);
        // Lengths of the extension, of the list of extensions and of its wrapper.
        tbs[at - 3] += 3;
        let wrapper = find(tbs, b"\xa0");
        tbs[wrapper + 1] += 3;
        tbs[wrapper + 3] += 3;
    }));
    assert!(
        matches!(critical, Reason::UnsupportedExtension { .. }),
        "{critical:?}"
    );
}
