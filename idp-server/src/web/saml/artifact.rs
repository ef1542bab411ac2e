//! HTTP-Artifact: a response waits here for the service that it was made for, once and for a minute.
//!
//! The store has it under a digest of the artifact's handle, sealed with a key that only the handle gives: whoever reads the
//! store reads no response. That it is given out once is decided by a unique row of the Ledger.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use domain::{Reference, Service, ServiceId, SessionId};
use saml::binding::artifact::{Artifact, LIFETIME_SECONDS};
use saml::elements::Status;
use saml::reply::{Response, artifact_response};
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Conflict, EphemeraKey, EphemeraKind, SingleUseKind, Write};

use super::back_channel::{self, Refusal, Unanswered};
use super::idp_facts;
use crate::app::App;
use crate::exchanges::saml as exchanges;
use crate::secret;
use crate::web::error::Problem;
use crate::web::login::recheck;
use crate::web::login::today::Today;

/// Where artifacts are resolved.
pub const PATH: &str = "/saml/artifact";

/// A response that waits.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    service: ServiceId,
    /// Whose sign-in it tells of; none where it tells that there is none.
    session: Option<SessionId>,
    sealed: String,
}

/// Keeps a response and answers with the address that the browser is sent to.
pub async fn keep(
    app: &App,
    service: &ServiceId,
    session: Option<&SessionId>,
    response: &Response,
) -> Result<String, Problem> {
    let artifact = Artifact::generate(&app.entity_id(), &*app.entropy);
    let mut octets = response.xml().to_vec();
    key(&artifact)?
        .seal_in_place_append_tag(nonce(), Aad::from(service.as_str()), &mut octets)
        .map_err(|_| Problem::Fault("a response could not be sealed".to_owned()))?;
    let waiting = Waiting {
        service: service.clone(),
        session: session.cloned(),
        sealed: xml::encode_base64(&octets),
    };
    let bytes = serde_json::to_vec(&waiting).map_err(|error| Problem::Fault(error.to_string()))?;
    let now = app.clock.now();
    app.ephemera
        .put(&name(&artifact), bytes, now, now.plus_seconds(LIFETIME_SECONDS))
        .await?;
    Ok(artifact.address(response.reply_to()))
}

/// `POST /saml/artifact`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let from = request.peer_addr().map(|peer| peer.ip());
    back_channel::respond(resolve(&app, &body, from).await)
}

async fn resolve(
    app: &App,
    body: &[u8],
    from: Option<IpAddr>,
) -> Result<(Vec<u8>, Option<Reference>), Unanswered> {
    let (incoming, service, facts) = back_channel::open(app, from, "artifact", body).await?;
    let idp = idp_facts(app);
    let mut reference = None;
    let (id, message, status) = match saml::check_artifact_resolve(&incoming, &facts, &idp, app.clock.now()) {
        Ok((asked, _trace)) if !app.soap_limit.admits_service(&service.id, "artifact") => {
            (asked.id.clone(), None, Status::RESPONDER)
        }
        Ok((asked, _trace)) => {
            let message = take(app, &service, &asked.artifact).await?;
            if message.is_none() {
                reference = Some(nothing(app, &service));
            }
            // Nothing there is success without a message, whatever the reason (core-2.0-os section 3.5.3).
            (asked.id.clone(), message, Status::SUCCESS)
        }
        Err(refused) => {
            let refusal = Refusal {
                service: &service,
                facts: &facts,
                incoming: &incoming,
                word: ("artifact_resolve", &idp.artifact_resolution),
                refused: &refused,
            };
            let (id, noted) = back_channel::refused(app, &refusal, from)?;
            reference = noted;
            (id.to_owned(), None, refused.status())
        }
    };
    let found = if message.is_some() { "resolved" } else { "nothing" };
    metrics::counter!("artifact_resolutions_total", "outcome" => found).increment(1);
    let answering = back_channel::answering(app, &idp, &facts, &id);
    let answer = back_channel::sign(app, |signing| {
        artifact_response(&answering, message.as_deref(), status, signing, &*app.entropy)
    })?;
    Ok((answer, reference))
}

/// Notes that nothing waits behind an artifact for this service, whatever the reason.
fn nothing(app: &App, service: &Service) -> Reference {
    let reference = Reference::generate(&*app.entropy);
    exchanges::note_beyond(
        app,
        (service, "artifact_resolve", exchanges::Sender::Service),
        (
            "nothing_behind_the_artifact",
            "nothing waits behind the artifact for this service: resolved before, older than a minute, or not for it",
        ),
        ("message_waits_behind_the_artifact", "saml-bindings-2.0-os 3.6.5"),
        &reference,
    );
    reference
}

/// The response behind an artifact, for the service that it was made for and once. Somebody else's asking uses nothing up. The
/// certificate behind the session is looked at once more, as when a code is redeemed: what was signed before it was revoked is not
/// handed out after.
async fn take(app: &App, service: &Service, artifact: &Artifact) -> Result<Option<Vec<u8>>, Problem> {
    let (now, name) = (app.clock.now(), name(artifact));
    let Some(bytes) = app.ephemera.get(&name, now).await? else {
        return Ok(None);
    };
    let waiting: Waiting =
        serde_json::from_slice(&bytes).map_err(|_| Problem::Fault("a kept response".to_owned()))?;
    if waiting.service != service.id {
        return Ok(None);
    }
    if let Some(session) = &waiting.session {
        match recheck::again(app, session, service).await {
            Ok(None) => {}
            Ok(Some(_)) | Err(Problem::Refused(_)) => return Ok(None),
            Err(problem) => return Err(problem),
        }
        let Some(session) = app.ledger.session(session).await? else {
            return Ok(None);
        };
        let today = Today::of(app, &session.account).await?;
        if !today.admits_what_was_decided(app, &session) {
            return Ok(None);
        }
    }
    let batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::SamlArtifact,
        key: name.name.clone(),
        expires_at: now.plus_seconds(2 * LIFETIME_SECONDS),
    });
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => {}
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => return Ok(None),
        CommitOutcome::Conflict(conflict) => {
            return Err(Problem::Fault(format!(
                "an artifact could not be used: {conflict:?}"
            )));
        }
    }
    app.ephemera.remove(&name).await?;
    let mut octets = xml::decode_base64(&waiting.sealed)
        .map_err(|_| Problem::Fault("a kept response is no base64".to_owned()))?;
    let opened = key(artifact)?
        .open_in_place(nonce(), Aad::from(service.id.as_str()), &mut octets)
        .map_err(|_| Problem::Fault("a kept response cannot be opened".to_owned()))?;
    Ok(Some(opened.to_vec()))
}

fn name(artifact: &Artifact) -> EphemeraKey {
    let name = secret::hash_of(&[b"artifact\0", artifact.handle()]).0;
    EphemeraKey::new(EphemeraKind::SamlArtifact, name)
}

/// The key is the handle's alone, and seals one response.
fn key(artifact: &Artifact) -> Result<LessSafeKey, Problem> {
    let octets = [b"artifact key\0".as_slice(), artifact.handle()].concat();
    UnboundKey::new(&AES_256_GCM, digest(&SHA256, &octets).as_ref())
        .map(LessSafeKey::new)
        .map_err(|_| Problem::Fault("an artifact's key".to_owned()))
}

/// Each key seals once, so one nonce is enough.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
