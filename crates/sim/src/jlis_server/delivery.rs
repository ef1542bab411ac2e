//! Delivery of revocation lists: today's, yesterday's, and every way of getting them wrong.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::faults::{ServerFault as F, Switched, number, says};
use super::http::{HangUp, Reply, ReplyBody, json, plain, reply, stream};
use crate::asn1;
use crate::authority::{Authority, CaKind, Hierarchy};
use crate::crl::{Entry, ListForm, RevocationReason, entry, entry_with_code};
use crate::keys::{hex, sha256};
use crate::simulation::{CURRENT_GENERATION, Draft, PublishRequest};
use crate::{SimError, Simulation};

const KIND: &str = "application/pkix-crl";
const DAY_SECONDS: i64 = 86_400;
const LIE: usize = 1 << 20;
/// Entries of a list that is made in memory; larger ones come from files.
const MOST: u64 = 2_000_000;

/// One day's lists, before they are signed.
#[derive(Clone, Debug, Default)]
struct Edition {
    drafts: Vec<Draft>,
}

/// What is delivered at the moment.
pub(crate) type Lists = Arc<Vec<Delivered>>;

/// A list on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    name: String,
    ca_kind: CaKind,
    bytes: Bytes,
    /// Of the bytes that the manifest speaks of.
    told: (usize, String),
}

#[derive(Serialize)]
struct Manifest {
    lists: Vec<ManifestRow>,
}

#[derive(Serialize)]
struct ManifestRow {
    name: String,
    ca_kind: CaKind,
    bytes: u64,
    sha256: String,
}

/// Today's and yesterday's lists of one server.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    today: Edition,
    yesterday: Edition,
    /// Counts publications.
    edition: u64,
    /// What was last signed, for which edition and which faults.
    signed: Option<(u64, Switched, Lists)>,
    /// Digests of files in the folder, by name, length and time of change.
    digests: HashMap<(String, u64, std::time::SystemTime), String>,
}

impl Delivery {
    /// Makes new lists; the ones before become yesterday's. Returns the number of the edition.
    pub(crate) fn publish(&self, world: &mut Simulation, request: &PublishRequest) -> Result<u64, SimError> {
        let drafts = world.draft_lists(request)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.yesterday = std::mem::replace(&mut state.today, Edition { drafts });
        state.edition += 1;
        Ok(state.edition)
    }

    /// Whether there is nothing, or nothing that is still in force.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .today
            .drafts
            .first()
            .is_none_or(|draft| draft.facts.next_update.is_some_and(|next| next < now))
    }

    /// Whether nothing was ever published.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).edition == 0
    }

    /// What goes out under these faults. Signing takes time: not for a thread that serves others.
    pub(crate) fn signed(
        &self,
        world: &Mutex<Simulation>,
        faults: &Switched,
        now: Timestamp,
    ) -> Result<Lists, SimError> {
        let faults: Switched = faults
            .iter()
            .filter(|(fault, _)| fault.as_str().starts_with("crl-"))
            .map(|(fault, parameter)| (*fault, parameter.clone()))
            .collect();
        let (number, edition) = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((edition, made_with, lists)) = &state.signed
                && *edition == state.edition
                && *made_with == faults
            {
                return Ok(Arc::clone(lists));
            }
            let replayed = faults.contains_key(&F::CrlReplayed);
            let edition = if replayed { &state.yesterday } else { &state.today };
            (state.edition, edition.clone())
        };
        let world = world.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lists = Arc::new(edition.sign(&world, &faults, now)?);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.signed = Some((number, faults, Arc::clone(&lists)));
        Ok(lists)
    }

    /// `GET /v1/crl`
    pub(crate) fn manifest(&self, lists: &Lists, folder: Option<&Path>) -> Response<ReplyBody> {
        let extra = folder.map(|folder| self.extra(folder)).unwrap_or_default();
        let mut rows: Vec<ManifestRow> = lists
            .iter()
            .filter(|list| extra.iter().all(|row| row.name != list.name))
            .map(|list| ManifestRow {
                name: list.name.clone(),
                ca_kind: list.ca_kind,
                bytes: u64::try_from(list.told.0).unwrap_or(u64::MAX),
                sha256: list.told.1.clone(),
            })
            .collect();
        rows.extend(extra);
        json(&Manifest { lists: rows })
    }

    /// Lists that somebody put into the folder `delivery`, such as one of national size; they stand before those of the same
    /// name, and no fault of what a list says reaches them.
    fn extra(&self, folder: &Path) -> Vec<ManifestRow> {
        let mut rows = Vec::new();
        let Ok(entries) = std::fs::read_dir(folder.join("delivery")) else {
            return rows;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for file in entries.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let (Some(ca_kind), Ok(facts)) = (kind_of(&name), file.metadata()) else {
                continue;
            };
            let key = (
                name.clone(),
                facts.len(),
                facts.modified().unwrap_or(std::time::UNIX_EPOCH),
            );
            let known = state.digests.get(&key).cloned();
            let Some(sha256) = known.or_else(|| digest_of(&file.path())) else {
                continue;
            };
            state.digests.insert(key, sha256.clone());
            rows.push(ManifestRow {
                name,
                ca_kind,
                bytes: facts.len(),
                sha256,
            });
        }
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        rows
    }
}

/// `GET /v1/crl/{name}`
pub(crate) async fn list(lists: &Lists, folder: Option<&Path>, faults: &Switched, name: &str) -> Reply {
    if let Some(reply) = extra_file(folder, name).await {
        return Ok(reply);
    }
    let Some(list) = lists.iter().find(|list| list.name == name) else {
        return Ok(plain(StatusCode::NOT_FOUND, "no such list"));
    };
    if faults.contains_key(&F::CrlEndless) {
        return Ok(stream(KIND, None, endless(&list.bytes)));
    }
    if says(faults, F::CrlTruncated, "hang-up") {
        let (sender, receiver) = mpsc::channel(2);
        let part = list.bytes.slice(..list.bytes.len() * 2 / 3);
        tokio::spawn(async move {
            let _ = sender.send(Ok(part)).await;
            // Time for the part to leave before the connection ends.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = sender.send(Err(HangUp)).await;
        });
        return Ok(stream(KIND, u64::try_from(list.bytes.len()).ok(), receiver));
    }
    Ok(reply(StatusCode::OK, KIND, list.bytes.clone()))
}

fn kind_of(name: &str) -> Option<CaKind> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    if !plain || Path::new(name).extension().is_none_or(|kind| kind != "crl") {
        return None;
    }
    if name.starts_with("auth-") {
        Some(CaKind::UserAuthentication)
    } else if name.starts_with("sign-") {
        Some(CaKind::DigitalSignature)
    } else {
        None
    }
}

fn digest_of(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(path).ok()?;
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hex(context.finish().as_ref())),
            count => context.update(buffer.get(..count)?),
        }
    }
}

async fn extra_file(folder: Option<&Path>, name: &str) -> Option<Response<ReplyBody>> {
    kind_of(name)?;
    let path = folder?.join("delivery").join(name);
    let mut file = tokio::fs::File::open(path).await.ok()?;
    let length = file.metadata().await.map(|facts| facts.len()).ok();
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let mut part = vec![0; 1 << 18];
            let next = match file.read(&mut part).await {
                Ok(0) => return,
                Ok(count) => {
                    part.truncate(count);
                    Ok(Bytes::from(part))
                }
                Err(_) => Err(HangUp),
            };
            if sender.send(next).await.is_err() {
                return;
            }
        }
    });
    Some(stream(KIND, length, receiver))
}

/// A list that begins like the real one with lengths of 4 GiB, and goes on with entries.
fn endless(real: &Bytes) -> mpsc::Receiver<Result<Bytes, HangUp>> {
    const CHUNKS: usize = 1 << 14;
    let (sender, receiver) = mpsc::channel(2);
    let mut begin = vec![
        0x30, 0x84, 0xff, 0xff, 0xff, 0xf0, 0x30, 0x84, 0xff, 0xff, 0xff, 0x00,
    ];
    if let Some(head) = list_head(real) {
        begin.extend_from_slice(&head);
    }
    begin.extend_from_slice(&[0x30, 0x84, 0xff, 0xff, 0xf0, 0x00]);
    tokio::spawn(async move {
        if sender.send(Ok(Bytes::from(begin))).await.is_err() {
            return;
        }
        let mut serial = 0x1000_0000;
        for _ in 0..CHUNKS {
            let mut part = Vec::with_capacity(1 << 16);
            while part.len() < 1 << 16 {
                serial += 1;
                part.extend(entry(&more_entry(serial, Timestamp::from_seconds(1_790_000_000))));
            }
            if sender.send(Ok(Bytes::from(part))).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// version, algorithm, issuer and dates of a list.
fn list_head(list: &[u8]) -> Option<Vec<u8>> {
    let (outer, _) = asn1::expect(0x30, list)?;
    let (tbs, _) = asn1::expect(0x30, outer)?;
    let mut rest = tbs;
    for _ in 0..5 {
        rest = asn1::whole(rest)?.1;
    }
    tbs.get(..tbs.len() - rest.len()).map(<[u8]>::to_vec)
}

fn more_entry(serial: u64, at: Timestamp) -> Entry {
    Entry {
        serial,
        at,
        reason: RevocationReason::CessationOfOperation,
    }
}

impl Edition {
    fn sign(
        &self,
        world: &Simulation,
        faults: &Switched,
        now: Timestamp,
    ) -> Result<Vec<Delivered>, SimError> {
        let mut drafts = self.drafts.clone();
        if faults.contains_key(&F::CrlPartitionMissing) {
            for kind in CaKind::ALL {
                if let Some(last) = drafts.iter().rposition(|draft| draft.ca_kind == kind) {
                    drafts.remove(last);
                }
            }
        }
        if faults.contains_key(&F::CrlWrongPartition) {
            swap_points(&mut drafts);
        }
        let mut lists = Vec::new();
        for mut draft in drafts {
            bend(&mut draft, faults, now);
            let other = faults.contains_key(&F::CrlOtherAuthority);
            let signing_kind = match draft.ca_kind {
                CaKind::UserAuthentication if other => CaKind::DigitalSignature,
                CaKind::DigitalSignature if other => CaKind::UserAuthentication,
                kind => kind,
            };
            let honest = sign(world, &draft, signing_kind, faults)?;
            lists.push(spoil(draft, honest, faults));
        }
        Ok(lists)
    }
}

fn swap_points(drafts: &mut [Draft]) {
    for kind in CaKind::ALL {
        let mut places = drafts
            .iter_mut()
            .filter(|draft| draft.ca_kind == kind)
            .map(|draft| &mut draft.facts.distribution_point);
        if let (Some(first), Some(second)) = (places.next(), places.next()) {
            std::mem::swap(first, second);
        }
    }
}

/// Faults of what is said, before the signature.
fn bend(draft: &mut Draft, faults: &Switched, now: Timestamp) {
    let on = |fault: F| faults.contains_key(&fault);
    let facts = &mut draft.facts;
    if on(F::CrlLate) {
        facts.this_update = now.plus_seconds(-2 * DAY_SECONDS);
        facts.next_update = Some(now.plus_seconds(-DAY_SECONDS));
    }
    if on(F::CrlFuture) {
        facts.this_update = now.plus_seconds(DAY_SECONDS);
        facts.next_update = Some(now.plus_seconds(2 * DAY_SECONDS));
    }
    if on(F::CrlNoNextUpdate) {
        facts.next_update = None;
    }
    if on(F::CrlShrunken) {
        let mut place = 0;
        draft.entries.retain(|_| {
            place += 1;
            place % 2 == 0
        });
    }
    if on(F::CrlUnrevocation) && !draft.entries.is_empty() {
        draft.entries.remove(0);
    }
    if let Some(more) = number(faults, F::CrlHuge).map(|more| more.min(MOST)) {
        let at = draft.facts.this_update;
        draft
            .entries
            .extend((0..more).map(|number| more_entry(0x2000_0000 + number, at)));
    }
}

fn sign(world: &Simulation, draft: &Draft, kind: CaKind, faults: &Switched) -> Result<Vec<u8>, SimError> {
    let authority = |hierarchy: Hierarchy, generation: u8| -> Result<Authority, SimError> {
        world.authority(hierarchy, kind, generation)
    };
    let current = authority(Hierarchy::Test, CURRENT_GENERATION)?;
    let (signer, named) = if faults.contains_key(&F::CrlWrongSigner) {
        (authority(Hierarchy::Foreign, CURRENT_GENERATION)?, current)
    } else if faults.contains_key(&F::CrlWrongGeneration) {
        (authority(Hierarchy::Test, 2)?, current)
    } else if let Some(generation) = number(faults, F::CrlOlderGeneration) {
        let older = authority(Hierarchy::Test, u8::try_from(generation).unwrap_or(0))?;
        (older.clone(), older)
    } else {
        (current.clone(), current)
    };
    let mut entries = Vec::new();
    for (place, one) in draft.entries.iter().enumerate() {
        if place == 0 && faults.contains_key(&F::CrlRemoveFromCrl) {
            entries.extend(entry_with_code(one, 8));
            continue;
        }
        entries.extend(entry(one));
        if faults.contains_key(&F::CrlDuplicateSerials) {
            let other = if one.reason == RevocationReason::KeyCompromise {
                RevocationReason::Superseded
            } else {
                RevocationReason::KeyCompromise
            };
            entries.extend(entry_with_code(one, other.code()));
        }
    }
    let inner_lie = faults.contains_key(&F::CrlLengthLie) && !says(faults, F::CrlLengthLie, "outer");
    ListForm {
        issuer: &named.name,
        signer: &signer.key,
        key_identifier: &named.key.key_identifier(),
        facts: &draft.facts,
        entries,
        claimed_entries: inner_lie.then_some(LIE),
    }
    .sign()
}

/// Faults of the bytes, after the signature.
fn spoil(draft: Draft, honest: Vec<u8>, faults: &Switched) -> Delivered {
    let told = (honest.len(), hex(&sha256(&honest)));
    let mut bytes = honest;
    if says(faults, F::CrlLengthLie, "outer")
        && let Some((content, _)) = asn1::expect(0x30, &bytes)
    {
        let length = u32::try_from(content.len() + LIE).unwrap_or(u32::MAX);
        bytes = [&[0x30, 0x84][..], &length.to_be_bytes(), content].concat();
    }
    if faults.contains_key(&F::CrlCorrupted) {
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 0x10;
        }
    }
    if faults.contains_key(&F::CrlTruncated) && !says(faults, F::CrlTruncated, "hang-up") {
        bytes.truncate(bytes.len() * 2 / 3);
    }
    let transport = says(faults, F::CrlCorrupted, "transport");
    let told = if transport {
        told
    } else {
        (bytes.len(), hex(&sha256(&bytes)))
    };
    Delivered {
        name: draft.name,
        ca_kind: draft.ca_kind,
        bytes: Bytes::from(bytes),
        told,
    }
}
