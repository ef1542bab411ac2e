//! The OCSP responder: status as of this moment, and every way of answering wrongly.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use der::asn1::ObjectIdentifier;
use domain::Timestamp;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use super::faults::{ServerFault as F, Switched, number, says};
use super::http::body;
use super::links::told_links;
use super::{HangUp, Reply, State, blocking, plain, reply, silence, spaces, wait_if};
use crate::authority::{Authority, CaKind, Hierarchy};
use crate::keys::{KeyCache, Seed};
use crate::ocsp::{
    CertId, OcspRequest, Responder, ResponderFlaw, Single, Status, another_nonce, link_extension,
    unsuccessful,
};
use crate::record::CardRecord;
use crate::simulation::CURRENT_GENERATION;
use crate::{SimError, Simulation};

const KIND: &str = "application/ocsp-response";
const REQUEST_BYTES: usize = 65_536;
/// The data of the responder are renewed every 15 minutes (デジタル庁, JPKI page, 5.1.2).
const REFRESHED_SECONDS: i64 = 15 * 60;
const DAY_SECONDS: i64 = 86_400;
const REMEMBERED: usize = 10_000;

/// Which authority: roof, kind, generation.
type Which = (Hierarchy, CaKind, u8);

/// A responder, and since when its certificate is valid.
type Known = (Timestamp, Arc<Responder>);

/// What the desk keeps: authorities and responders, which are slow to make, and the first answer about each certificate.
#[derive(Debug, Default)]
pub(super) struct Memory {
    authorities: Mutex<HashMap<Which, Arc<Authority>>>,
    responders: Mutex<HashMap<(Which, ResponderFlaw), Known>>,
    first_answers: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

/// `POST /ocsp`
pub(super) async fn answer(request: Request<Incoming>, state: Arc<State>) -> Reply {
    state.counts.ocsp.fetch_add(1, Ordering::Relaxed);
    let asked = body(request, REQUEST_BYTES).await;
    let faults = state.switches.now();
    let on = |fault: F| faults.contains_key(&fault);
    if on(F::OcspUnavailable) {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "closed"));
    }
    if on(F::OcspSilent) {
        return silence().await;
    }
    if on(F::OcspHangUp) {
        return Err(HangUp);
    }
    wait_if(&state.switches, &faults, F::OcspSlow).await;
    if let Some(bytes) = number(&faults, F::OcspHuge) {
        return Ok(spaces(KIND, bytes));
    }
    if on(F::OcspGarbage) {
        return Ok(reply(
            StatusCode::OK,
            KIND,
            "<!DOCTYPE html><title>Sign in to this network</title>",
        ));
    }
    for (fault, status) in [
        (F::OcspTryLater, 3),
        (F::OcspInternalError, 2),
        (F::OcspRefused, 6),
    ] {
        if on(fault) {
            return Ok(reply(StatusCode::OK, KIND, unsuccessful(status)));
        }
    }
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal),
    };
    match blocking(move || respond(&state, &asked, &faults)).await {
        Ok(response) => Ok(reply(StatusCode::OK, KIND, response)),
        Err(error) => Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())),
    }
}

fn respond(state: &State, asked: &[u8], faults: &Switched) -> Result<Vec<u8>, SimError> {
    let Some(request) = OcspRequest::read(asked) else {
        return Ok(unsuccessful(1));
    };
    let Some(first) = request.asked.first() else {
        return Ok(unsuccessful(1));
    };
    let on = |fault: F| faults.contains_key(&fault);
    let remember = || {
        let answers = &state.ocsp.first_answers;
        answers.lock().unwrap_or_else(PoisonError::into_inner)
    };
    if on(F::OcspReplay)
        && let Some(earlier) = remember().get(&first.der)
    {
        return Ok(earlier.clone());
    }
    let now = state.now();
    let times = if on(F::OcspReplay) {
        window(now.plus_seconds(-DAY_SECONDS))
    } else if on(F::OcspStale) {
        window(now.plus_seconds(-3600 - REFRESHED_SECONDS))
    } else if on(F::OcspFuture) {
        window(now.plus_seconds(DAY_SECONDS))
    } else {
        window(now)
    };
    let link_oid = ObjectIdentifier::new(&state.options.link_oid)
        .map_err(|error| SimError::Request(format!("{}: {error}", state.options.link_oid)))?;
    // The world is let go before anything is signed.
    let (authority, maker, singles) = {
        let world = state.world();
        let Some(authority) = issuer(state, &world, first)? else {
            return Ok(unsuccessful(6));
        };
        let singles: Vec<Single> = request
            .asked
            .iter()
            .map(|id| single(&world, &authority, id, faults, link_oid, times))
            .collect();
        let foreign = says(faults, F::OcspUnauthorizedResponder, "foreign");
        let certified_by = if foreign {
            (Hierarchy::Foreign, authority.kind, authority.generation)
        } else {
            (authority.hierarchy, authority.kind, authority.generation)
        };
        let certified_by = state.ocsp.authority(&world, certified_by)?;
        let maker = (world.cache().clone(), *world.seed());
        (certified_by, maker, singles)
    };
    let nonce = match &request.nonce {
        _ if on(F::OcspNoNonce) => None,
        Some(nonce) if on(F::OcspWrongNonce) || on(F::OcspReplay) => Some(another_nonce(nonce)),
        other => other.clone(),
    };
    let responder = state.ocsp.responder(&maker, &authority, faults, now)?;
    let by_name = on(F::OcspResponderByName);
    let mut response = responder.response(by_name, times.0, &singles, nonce.as_deref())?;
    if on(F::OcspBrokenSignature) {
        break_signature(&mut response);
    }
    if on(F::OcspMalformed) {
        response.truncate(response.len() * 2 / 3);
    }
    if faults.keys().all(|fault| !fault.as_str().starts_with("ocsp-")) {
        let mut answers = remember();
        if answers.len() < REMEMBERED {
            answers
                .entry(first.der.clone())
                .or_insert_with(|| response.clone());
        }
    }
    Ok(response)
}

/// producedAt and thisUpdate, and nextUpdate.
fn window(from: Timestamp) -> (Timestamp, Timestamp) {
    (from, from.plus_seconds(REFRESHED_SECONDS))
}

/// The authority that a question names: one under which something was issued, or the simulation's own.
fn issuer(state: &State, world: &Simulation, asked: &CertId) -> Result<Option<Arc<Authority>>, SimError> {
    let mut candidates: Vec<Which> = Vec::new();
    for kind in CaKind::ALL {
        for generation in (1..=CURRENT_GENERATION).rev() {
            candidates.push((Hierarchy::Test, kind, generation));
        }
    }
    for card in world.cards().iter().filter(|card| card.serial == asked.serial) {
        candidates.push((card.hierarchy, card.ca_kind, card.generation));
    }
    for which in candidates {
        let authority = state.ocsp.authority(world, which)?;
        if asked.names(&authority) {
            return Ok(Some(authority));
        }
    }
    Ok(None)
}

impl Memory {
    fn authority(&self, world: &Simulation, which: Which) -> Result<Arc<Authority>, SimError> {
        let mut known = self.authorities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&which) {
            return Ok(Arc::clone(found));
        }
        let (hierarchy, kind, generation) = which;
        let made = Arc::new(world.authority(hierarchy, kind, generation)?);
        known.insert(which, Arc::clone(&made));
        Ok(made)
    }

    fn responder(
        &self,
        (cache, seed): &(KeyCache, Seed),
        authority: &Authority,
        faults: &Switched,
        now: Timestamp,
    ) -> Result<Arc<Responder>, SimError> {
        let foreign = authority.hierarchy == Hierarchy::Foreign;
        let flaw = if faults.contains_key(&F::OcspUnauthorizedResponder) && !foreign {
            ResponderFlaw::NoPurpose
        } else if faults.contains_key(&F::OcspResponderExpired) {
            ResponderFlaw::Expired
        } else {
            ResponderFlaw::None
        };
        let which = (authority.hierarchy, authority.kind, authority.generation);
        let mut known = self.responders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, found)) = known.get(&(which, flaw))
            && (0..DAY_SECONDS).contains(&now.seconds_since(*since))
        {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(Responder::generate(cache, seed, authority, flaw, now)?);
        known.insert((which, flaw), (now, Arc::clone(&made)));
        Ok(made)
    }
}

fn single(
    world: &Simulation,
    authority: &Authority,
    asked: &CertId,
    faults: &Switched,
    link_oid: ObjectIdentifier,
    (this_update, next_update): (Timestamp, Timestamp),
) -> Single {
    let record = world.cards().iter().find(|card| {
        card.serial == asked.serial
            && asked.names(authority)
            && (card.hierarchy, card.ca_kind, card.generation)
                == (authority.hierarchy, authority.kind, authority.generation)
    });
    let status = bent(status(world, record, this_update), faults, this_update);
    let mut extensions = Vec::new();
    if let Some(record) = record
        && !faults.contains_key(&F::OcspNoLinks)
    {
        extensions.push(link_extension(
            link_oid,
            &told_links(world, &record.name(), faults),
        ));
    }
    let cert_id = if faults.contains_key(&F::OcspWrongCertId) {
        asked.about(asked.serial + 1)
    } else {
        asked.der.clone()
    };
    Single {
        cert_id,
        status,
        this_update,
        next_update: Some(next_update),
        extensions,
    }
}

/// The truth. After a certificate's end nothing is known of it any more: revocations are kept until then.
fn status(world: &Simulation, record: Option<&CardRecord>, at: Timestamp) -> Status {
    let Some(record) = record.filter(|record| record.not_after >= at) else {
        return Status::Unknown;
    };
    match world.revocation(record) {
        Some(entry) => Status::Revoked(entry.at, entry.reason),
        None => Status::Good,
    }
}

fn bent(status: Status, faults: &Switched, at: Timestamp) -> Status {
    use crate::crl::RevocationReason::KeyCompromise;
    if faults.contains_key(&F::OcspUnknown) {
        return Status::Unknown;
    }
    if faults.contains_key(&F::OcspContradiction) {
        return if says(faults, F::OcspContradiction, "revoked") {
            Status::Revoked(at.plus_seconds(-3600), KeyCompromise)
        } else {
            Status::Good
        };
    }
    status
}

/// Alters what is signed by one second of producedAt.
fn break_signature(response: &mut [u8]) {
    const GENERALIZED_TIME: [u8; 2] = [0x18, 15];
    let place = response.windows(2).position(|window| window == GENERALIZED_TIME);
    // Two bytes of tag and length, YYYYMMDDhhmmss, Z.
    if let Some(byte) = place.and_then(|place| response.get_mut(place + 15)) {
        *byte ^= 1;
    }
}
