//! The desks that tell which certificates belong together.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::Serialize;

use super::faults::{ServerFault as F, Switched, number};
use super::{
    CertificateName, HangUp, QUESTION_BYTES, Reply, State, json, plain, question, reply, silence, spaces,
    wait_if,
};
use crate::Simulation;
use crate::simulation::{CertificateLink, LinkKind};

const JSON: &str = "application/json";

#[derive(Serialize)]
struct PredecessorAnswer {
    predecessor: Option<CertificateName>,
}

#[derive(Serialize)]
struct LinksAnswer {
    links: Vec<CertificateLink>,
}

/// `POST /v1/predecessor`
pub(super) async fn predecessor(request: Request<Incoming>, state: &Arc<State>) -> Reply {
    state.counts.predecessor.fetch_add(1, Ordering::Relaxed);
    // Before any fault: a connection that ends with something unread would take back what was said.
    let of: Result<CertificateName, _> = question(request, QUESTION_BYTES).await;
    let faults = state.switches.now();
    let on = |fault: F| faults.contains_key(&fault);
    wait_if(&state.switches, &faults, F::PredecessorSlow).await;
    if on(F::PredecessorUnavailable) {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "closed"));
    }
    if on(F::PredecessorGarbage) {
        return Ok(reply(StatusCode::OK, JSON, r#"{"predecessor":{"ca_ki"#));
    }
    if on(F::PredecessorEmpty) {
        return Ok(reply(StatusCode::OK, JSON, "{}"));
    }
    if let Some(bytes) = number(&faults, F::PredecessorHuge) {
        return Ok(spaces(JSON, bytes));
    }
    if on(F::PredecessorHangUp) {
        return Err(HangUp);
    }
    let of = match of {
        Ok(of) => of,
        Err(refusal) => return Ok(refusal),
    };
    let predecessor = state.world().predecessor(&of).cloned();
    Ok(json(&PredecessorAnswer { predecessor }))
}

/// `POST /v1/links`
pub(super) async fn links(request: Request<Incoming>, state: &Arc<State>) -> Reply {
    state.counts.links.fetch_add(1, Ordering::Relaxed);
    let of: Result<CertificateName, _> = question(request, QUESTION_BYTES).await;
    let faults = state.switches.now();
    let on = |fault: F| faults.contains_key(&fault);
    if on(F::LinksSilent) {
        return silence().await;
    }
    wait_if(&state.switches, &faults, F::LinksSlow).await;
    if on(F::LinksUnavailable) {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "closed"));
    }
    if on(F::LinksGarbage) {
        return Ok(reply(StatusCode::OK, JSON, r#"{"links":[{"kind":"pre"#));
    }
    if on(F::LinksEmpty) {
        return Ok(reply(StatusCode::OK, JSON, "{}"));
    }
    if let Some(bytes) = number(&faults, F::LinksHuge) {
        return Ok(spaces(JSON, bytes));
    }
    let of = match of {
        Ok(of) => of,
        Err(refusal) => return Ok(refusal),
    };
    let links = told_links(&state.world(), &of, &faults);
    Ok(json(&LinksAnswer { links }))
}

/// The links of a certificate, bent by the faults that also reach the OCSP extension. None for an unknown one.
pub(super) fn told_links(
    world: &Simulation,
    of: &CertificateName,
    faults: &Switched,
) -> Vec<CertificateLink> {
    let mut links = world.links_of(of).unwrap_or_default();
    if faults.contains_key(&F::LinksToItself) {
        links.push(CertificateLink {
            kind: LinkKind::Predecessor,
            name: of.clone(),
        });
    }
    if faults.contains_key(&F::LinksContradictory) {
        links.extend(links_of_another(world, of));
    }
    if let Some(more) = number(faults, F::LinksTooMany) {
        links.extend((0..more).map(|number| CertificateLink {
            kind: LinkKind::Predecessor,
            name: CertificateName {
                serial: crate::record::serial_hex(0x3000_0000 + number),
                ..of.clone()
            },
        }));
    }
    if faults.contains_key(&F::LinksMalformed) {
        links.push(CertificateLink {
            kind: LinkKind::Predecessor,
            name: CertificateName {
                issuer_key_hash: "no hash".into(),
                ..of.clone()
            },
        });
    }
    links
}

/// A certificate of somebody else as predecessor, and what is beside it as if it were beside this one.
fn links_of_another(world: &Simulation, of: &CertificateName) -> Vec<CertificateLink> {
    let person = world.find(of).and_then(|record| record.person.clone());
    let stranger = world
        .cards()
        .iter()
        .find(|card| card.ca_kind == of.ca_kind && card.person != person);
    let Some(stranger) = stranger else {
        return Vec::new();
    };
    let mut links = world.links_of(&stranger.name()).unwrap_or_default();
    links.push(CertificateLink {
        kind: LinkKind::Predecessor,
        name: stranger.name(),
    });
    links
}
