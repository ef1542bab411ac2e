//! What the certificate means: evidence or a refusal, with the chain of decisions. The serial is sealed here, before anything
//! is stored.

use audit::{TraceStep, Verdict};
use domain::AuthenticationMethod;
use domain::{AttemptId, Timestamp};
use login::{DoorOutcome, Evidence, Refusal};

use super::PeerCertificate;
use crate::app::App;
use crate::trust;
use crate::vault::{Owner, VaultFault};

/// Decides. The trace is JSON text for the operator.
pub(super) fn decide(
    app: &App,
    peer: &PeerCertificate,
    attempt: &AttemptId,
    now: Timestamp,
) -> Result<(DoorOutcome, String), VaultFault> {
    let mut trace = vec![step(
        "door",
        "handshake_completed",
        Verdict::Passed,
        peer.protocol().to_owned(),
    )];
    let Some(certificate) = peer.certificate() else {
        trace.push(step(
            "door",
            "certificate_was_sent",
            Verdict::Failed,
            String::new(),
        ));
        return Ok((DoorOutcome::Refused(Refusal::NoCertificate), text(&trace)));
    };
    trace.push(step(
        "door",
        "certificate_was_sent",
        Verdict::Passed,
        String::new(),
    ));
    trace.push(step(
        "door",
        "possession_was_proven",
        Verdict::Passed,
        "CertificateVerify".to_owned(),
    ));
    let outcome = weigh(
        app,
        certificate,
        AuthenticationMethod::CardTls,
        attempt,
        now,
        &mut trace,
    )?;
    Ok((outcome, text(&trace)))
}

/// Evidence or a refusal, from a certificate whose possession was proven by `method`; adds what the rules said to the trace.
pub fn weigh(
    app: &App,
    certificate: &[u8],
    method: AuthenticationMethod,
    attempt: &AttemptId,
    now: Timestamp,
    trace: &mut Vec<TraceStep>,
) -> Result<DoorOutcome, VaultFault> {
    let in_force = app.trust.load();
    let evaluation = in_force.evaluate(certificate, now);
    trace.extend(evaluation.trace.iter().map(|row| {
        let verdict = match row.verdict {
            jpki::Verdict::Passed => Verdict::Passed,
            jpki::Verdict::Failed => Verdict::Failed,
            jpki::Verdict::NotRun => Verdict::NotRun,
        };
        step("jpki", row.rule, verdict, row.detail.clone().unwrap_or_default())
    }));
    Ok(match &evaluation.verdict {
        Err(reason) => DoorOutcome::Refused(trust::refusal(reason)),
        Ok(holder) => DoorOutcome::Proven(evidence(app, holder, method, attempt, now)?),
    })
}

fn evidence(
    app: &App,
    holder: &jpki::Holder,
    method: AuthenticationMethod,
    attempt: &AttemptId,
    now: Timestamp,
) -> Result<Evidence, VaultFault> {
    let serial = holder.serial().expose_bytes();
    let mut digests = app.vault.digests(holder.issuer_key_hash(), serial);
    if digests.is_empty() {
        return Err(VaultFault::Failed);
    }
    let digest = digests.swap_remove(0);
    Ok(Evidence {
        method,
        digest,
        former_digests: digests,
        serial: app.vault.seal(serial, Owner::Attempt(attempt))?,
        issuer_key_hash: holder.issuer_key_hash().to_owned(),
        issued_at: holder.not_before(),
        not_after: holder.not_after(),
        authenticated_at: now,
        generation: holder.checked_generation(),
        points: app
            .vault
            .seal_points(holder.distribution_points(), attempt.as_str())?,
    })
}

/// One line of the chain of decisions.
pub fn step(room: &str, rule: &str, verdict: Verdict, detail: String) -> TraceStep {
    TraceStep {
        room: room.to_owned(),
        rule: rule.to_owned(),
        verdict,
        detail,
    }
}

/// The chain of decisions as the ticket carries it.
pub fn text(trace: &[TraceStep]) -> String {
    serde_json::to_string(trace).unwrap_or_default()
}
