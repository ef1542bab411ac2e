//! Control of a running simulation: faults, persons, lists, clock. Every body is a JSON object; unknown members are refused.
//!
//! ```text
//! GET  /control/faults      {"faults":[{"name","on","parameter","parameter_meaning","meaning"}]}
//! POST /control/faults      {"fault":"ocsp-slow","on":true,"parameter":200}; "fault":"all" with "on":false clears
//! GET  /control/counts      {"predecessor":0,"links":0,"ocsp":0,"items":0,"manifest":0,"lists":0}
//! GET  /control/persons     {"persons":[{"person":{…},"certificates":[{…}]}]}
//! POST /control/persons     {"items"?:{…},"municipality"?:{…}}                       → {"person":"person-1"}
//! POST /control/issue       {"person"?,"medium"?,"kinds"?,"certificate"?}            → {"person","certificates":[{…}]}
//! POST /control/renew       {"person","medium"?,"certificate"?}                      → the same
//! POST /control/reissue     {"person","medium"?,"linked"?,"certificate"?}            → the same
//! POST /control/move        {"person","address"|"items","municipality"?,"later"?,"certificate"?} → the same
//! POST /control/lose        {"person","medium"?}
//! POST /control/die         {"person"}
//! POST /control/withdraw    {"person","withdrawn"?}
//! POST /control/revoke      {"certificate":"card-1","reason":"key-compromise"}; hold is "certificate-hold"
//! POST /control/publish     {"age_seconds"?,"valid_seconds"?,"partitioning"?}        → {"edition":N}
//! POST /control/clock       {"offset_seconds"}                                       the server's clock beside the machine's
//! ```
//!
//! `certificate` is [`CertificateWish`]; a certificate in an answer is [`IssuedCertificate`], whose key and card lie in the
//! simulation's folder.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::Timestamp;
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as value};

use super::faults::{Parameter, ServerFault};
use super::{Reply, State, blocking, http, json, plain};
use crate::authority::CaKind;
use crate::crl::RevocationReason;
use crate::fault::Fault;
use crate::items::{FourItems, ItemsFault};
use crate::keys::KeyAlgorithm;
use crate::person::{Issued, Medium, PersonRequest};
use crate::profile::Municipality;
use crate::record::{Base64, CardRecord};
use crate::simulation::{CURRENT_GENERATION, Partitioning, PublishRequest};
use crate::{CardRequest, SimError};

const CONTROL_BYTES: usize = 65_536;
const DAY_SECONDS: i64 = 86_400;

/// What a certificate shall be, over the wire.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateWish {
    /// rsa2048 by default.
    pub algorithm: KeyAlgorithm,
    /// Of the authority's key.
    pub generation: u8,
    /// Begin of validity; now by default.
    pub not_before_seconds: Option<i64>,
    /// End of validity; the fifth birthday by default.
    pub not_after_seconds: Option<i64>,
    /// Of a 利用者証明用 key.
    pub pin: String,
    /// Of a 署名用 key.
    pub password: String,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// What is wrong with the 基本4情報 of a 署名用 certificate.
    pub items_fault: Option<ItemsFault>,
}

impl Default for CertificateWish {
    fn default() -> Self {
        let usual = CardRequest::default();
        Self {
            algorithm: usual.algorithm,
            generation: CURRENT_GENERATION,
            not_before_seconds: None,
            not_after_seconds: None,
            pin: usual.pin,
            password: usual.password,
            fault: None,
            items_fault: None,
        }
    }
}

impl From<&CertificateWish> for CardRequest {
    fn from(wish: &CertificateWish) -> Self {
        Self {
            algorithm: wish.algorithm,
            generation: wish.generation,
            not_before: wish.not_before_seconds.map(Timestamp::from_seconds),
            not_after: wish.not_after_seconds.map(Timestamp::from_seconds),
            pin: wish.pin.clone(),
            password: wish.password.clone(),
            fault: wish.fault,
            items_fault: wish.items_fault,
            ..Self::default()
        }
    }
}

/// A certificate as control answers name it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct IssuedCertificate {
    /// `card-1`.
    pub id: String,
    /// Card or phone.
    pub medium: Medium,
    /// Which authority.
    pub ca_kind: CaKind,
    /// Hexadecimal SHA-256 of the issuing key's SPKI.
    pub issuer_key_hash: String,
    /// Hexadecimal.
    pub serial: String,
    /// DER.
    pub certificate: Base64,
    /// Why it was revoked, if it was.
    pub revoked: Option<RevocationReason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultSwitch {
    fault: String,
    on: bool,
    #[serde(default)]
    parameter: Option<Parameter>,
}

/// One act on a person; which members are used depends on the act.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Act {
    person: Option<String>,
    medium: Medium,
    kinds: Option<Vec<CaKind>>,
    certificate: CertificateWish,
    linked: Option<bool>,
    withdrawn: Option<bool>,
    address: Option<String>,
    items: Option<FourItems>,
    municipality: Option<Municipality>,
    later: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    certificate: String,
    reason: RevocationReason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Publish {
    age_seconds: i64,
    valid_seconds: i64,
    partitioning: Option<Partitioning>,
}

impl Default for Publish {
    fn default() -> Self {
        Self {
            age_seconds: 0,
            valid_seconds: DAY_SECONDS,
            partitioning: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    offset_seconds: i64,
}

/// `/control/…`
pub(super) async fn answer(request: Request<Incoming>, state: Arc<State>) -> Reply {
    let path = request.uri().path().to_owned();
    let get = request.method() == Method::GET;
    let body = match http::body(request, CONTROL_BYTES).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refusal),
    };
    let outcome = blocking(move || {
        if get {
            look(&state, &path)
        } else {
            act(&state, &path, if body.is_empty() { b"{}" } else { &body })
        }
    })
    .await;
    Ok(match outcome {
        Ok(Some(said)) => json(&said),
        Ok(None) => plain(StatusCode::NOT_FOUND, "no such control"),
        Err(error @ (SimError::NoSuchPerson(_) | SimError::NoSuchCard(_))) => {
            plain(StatusCode::NOT_FOUND, &error.to_string())
        }
        Err(error @ SimError::Request(_)) => plain(StatusCode::CONFLICT, &error.to_string()),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SimError> {
    serde_json::from_slice(body).map_err(|error| SimError::Request(error.to_string()))
}

fn look(state: &State, path: &str) -> Result<Option<Value>, SimError> {
    Ok(match path {
        "/control/faults" => {
            let on = state.switches.now();
            let rows: Vec<Value> = ServerFault::ALL
                .iter()
                .map(|fault| {
                    value!({
                        "name": fault.as_str(),
                        "on": on.contains_key(fault),
                        "parameter": on.get(fault).cloned().flatten(),
                        "parameter_meaning": fault.parameter(),
                        "meaning": fault.meaning(),
                    })
                })
                .collect();
            Some(value!({ "faults": rows }))
        }
        "/control/counts" => {
            let counts = serde_json::to_value(&state.counts);
            Some(counts.map_err(|error| SimError::Request(error.to_string()))?)
        }
        "/control/persons" => {
            let world = state.world();
            let rows: Vec<Value> = world
                .persons()
                .iter()
                .map(|person| {
                    let held: Vec<IssuedCertificate> = world
                        .certificates_of(&person.id)
                        .map(|record| named(record, world.revocation(record).map(|entry| entry.reason)))
                        .collect();
                    value!({ "person": person, "certificates": held })
                })
                .collect();
            Some(value!({ "persons": rows }))
        }
        _ => None,
    })
}

fn act(state: &State, path: &str, body: &[u8]) -> Result<Option<Value>, SimError> {
    let nothing = Ok(Some(value!({})));
    match path {
        "/control/faults" => switch(state, &read(body)?).map(Some),
        "/control/persons" => {
            let request: PersonRequest = read(body)?;
            let person = state.world().new_person(&request, state.now())?;
            Ok(Some(value!({ "person": person.id })))
        }
        "/control/issue" | "/control/renew" | "/control/reissue" | "/control/move" => {
            issue(state, path, read(body)?).map(Some)
        }
        "/control/lose" | "/control/die" | "/control/withdraw" => {
            let asked: Act = read(body)?;
            let person = asked.who()?;
            let now = state.now();
            let mut world = state.world();
            match path {
                "/control/lose" => world.lose(person, asked.medium, now)?,
                "/control/die" => world.die(person, now)?,
                _ => world.withdraw_consent(person, asked.withdrawn.unwrap_or(true))?,
            }
            nothing
        }
        "/control/revoke" => {
            let asked: Revoke = read(body)?;
            state
                .world()
                .revoke(&asked.certificate, asked.reason, state.now())?;
            nothing
        }
        "/control/publish" => publish(state, &read(body)?).map(Some),
        "/control/clock" => {
            let asked: ClockChange = read(body)?;
            let millis = asked.offset_seconds.saturating_mul(1000);
            state.clock_offset_millis.store(millis, Ordering::Relaxed);
            nothing
        }
        _ => Ok(None),
    }
}

fn switch(state: &State, asked: &FaultSwitch) -> Result<Value, SimError> {
    if asked.fault == "all" && !asked.on {
        state.switches.change(std::collections::BTreeMap::clear)?;
        return Ok(value!({}));
    }
    let fault = ServerFault::from_text(&asked.fault)
        .ok_or_else(|| SimError::Request(format!("no fault {}", asked.fault)))?;
    state.switches.change(|switched| {
        if asked.on {
            switched.insert(fault, asked.parameter.clone());
        } else {
            switched.remove(&fault);
        }
    })?;
    Ok(value!({}))
}

impl Act {
    fn who(&self) -> Result<&str, SimError> {
        self.person
            .as_deref()
            .ok_or_else(|| SimError::Request("say whose: person".into()))
    }
}

fn issue(state: &State, path: &str, asked: Act) -> Result<Value, SimError> {
    let now = state.now();
    let request = CardRequest::from(&asked.certificate);
    let mut world = state.world();
    if path == "/control/issue" {
        let person = match asked.person {
            Some(person) => person,
            None => world.new_person(&PersonRequest::default(), now)?.id,
        };
        let kinds = asked.kinds.unwrap_or_else(|| CaKind::ALL.to_vec());
        let issued = world.issue_to(&person, asked.medium, &kinds, &request, now)?;
        return Ok(said(&person, &issued));
    }
    let person = asked.who()?.to_owned();
    let issued = match path {
        "/control/renew" => world.renew(&person, asked.medium, &request, now)?,
        "/control/reissue" => {
            let linked = asked.linked.unwrap_or(true);
            world.reissue(&person, asked.medium, linked, &request, now)?
        }
        _ => {
            let renewed = (!asked.later).then_some(&request);
            let area = asked.municipality;
            match (asked.items, asked.address) {
                (Some(items), None) => world.change_items(&person, items, area, renewed, now)?,
                (None, Some(address)) => world.move_house(&person, &address, area, renewed, now)?,
                _ => return Err(SimError::Request("say either items or address".into())),
            }
        }
    };
    Ok(said(&person, &issued))
}

fn said(person: &str, issued: &Issued) -> Value {
    let certificates: Vec<IssuedCertificate> = issued.all().map(|record| named(record, None)).collect();
    value!({ "person": person, "certificates": certificates })
}

fn named(record: &CardRecord, revoked: Option<RevocationReason>) -> IssuedCertificate {
    let name = record.name();
    IssuedCertificate {
        id: record.id.clone(),
        medium: record.medium,
        ca_kind: name.ca_kind,
        issuer_key_hash: name.issuer_key_hash,
        serial: name.serial,
        certificate: record.certificate.clone(),
        revoked,
    }
}

fn publish(state: &State, asked: &Publish) -> Result<Value, SimError> {
    let this_update = state.now().plus_seconds(-asked.age_seconds);
    let request = PublishRequest {
        this_update,
        next_update: this_update.plus_seconds(asked.valid_seconds),
        partitioning: asked.partitioning.unwrap_or(state.options.partitioning),
    };
    if state.delivery.is_empty() {
        // So that there is a yesterday.
        let yesterday = state.usual_lists(this_update.plus_seconds(-DAY_SECONDS));
        state.delivery.publish(&mut state.world(), &yesterday)?;
    }
    let edition = state.delivery.publish(&mut state.world(), &request)?;
    Ok(value!({ "edition": edition }))
}

/// Asks a running simulation: `GET` without a body, `POST` with one. For the command line and for tests without an HTTP client
/// of their own; blocking, a minute at most.
pub fn control(url: &str, path: &str, body: Option<&Value>) -> Result<Value, SimError> {
    let failed = |why: String| SimError::Request(format!("{url}{path}: {why}"));
    let address = url
        .strip_prefix("http://")
        .ok_or_else(|| failed("not http".into()))?
        .trim_end_matches('/');
    let mut stream = TcpStream::connect(address).map_err(|error| failed(error.to_string()))?;
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .map_err(|error| failed(error.to_string()))?;
    let (method, text) = match body {
        Some(body) => ("POST", body.to_string()),
        None => ("GET", String::new()),
    };
    let question = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{text}",
        text.len()
    );
    stream
        .write_all(question.as_bytes())
        .map_err(|error| failed(error.to_string()))?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .map_err(|error| failed(error.to_string()))?;
    let (head, content) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| failed("no answer".into()))?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(failed(content.to_owned()));
    }
    serde_json::from_str(content).map_err(|error| failed(error.to_string()))
}
