//! The register of enrolments: one record per account, 基本4情報 sealed in it.
//!
//! What is kept: the level and by which rules it was reached, digests of what was signed, the sealed serial (for status
//! questions), and those of the 基本4情報 that some registered service releases. Not the certificate.
//!
//! When the signing certificate is revoked because its contents changed (affiliationChanged), or has ended so that nobody can be
//! asked any more, the items are stale: they are released no longer, until the person registers again. The level stays: who the
//! person is was proofed, and did not change by moving house (docs/decisions/0015).

mod moving;
mod same_items;

use audit::{Action, Actor, Event, Outcome};
use domain::{
    AccountId, CertificateDigest, Ial, ReleasedAttribute, RevocationGeneration, SealedPoints, SealedSerial,
    ServiceId, ServiceState, Session, Timestamp,
};
use jpki::{CaKind, FourItems, ItemTexts};
use login::RevocationData;
use pki::SerialNumber;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Precondition, Record, RecordKind, Write};

use self::moving::removing;
pub use self::moving::{left_over, merged, removed};
pub(in crate::web::enrolment) use self::same_items::question;
use super::act;
use super::check::Checked;
use super::document::Draft;
use crate::app::App;
use crate::pages::HeldSummary;
use crate::trust::{Covered, revocation_data, seal_signing_points};
use crate::vault::Owner;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::login::desk::record_key;

/// How often a lost race is tried again.
const RACES: u32 = 4;

/// What is kept of an enrolment.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Enrolment {
    /// The level that was reached.
    ial: Ial,
    /// When.
    enrolled_at: Timestamp,
    /// The rules that held.
    rules: Vec<String>,
    /// SHA-256 of the signed file.
    evidence: String,
    /// SHA-256 of the document.
    document: String,
    /// Which CA key signed the certificate.
    issuer_key_hash: String,
    /// Its serial, sealed to the account.
    serial: SealedSerial,
    /// Which lists speak about it, sealed to the account; none of older enrolments. The oldest list decides about those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    points: Option<SealedPoints>,
    /// When it ends.
    not_after: Timestamp,
    /// The state of the 署名用 lists at which it was last found to hold.
    checked_generation: RevocationGeneration,
    /// Which items are held.
    held: Vec<ReleasedAttribute>,
    /// The items, JSON, sealed to the account.
    items: SealedSerial,
    /// Since when the items no longer hold.
    stale_since: Option<Timestamp>,
}

/// Items as they are sealed. `Debug` shows nothing; the memory is wiped.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// 氏名 and its flags.
    pub name: Option<(String, String)>,
    /// 住所 and its flags.
    pub address: Option<(String, String)>,
    /// 生年月日, `EYYYYMMDD`.
    pub birth_date: Option<String>,
    /// 性別, a digit.
    pub sex: Option<String>,
}

impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Items(***)")
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        for (text, flags) in [&mut self.name, &mut self.address].into_iter().flatten() {
            text.zeroize();
            flags.zeroize();
        }
        for text in [&mut self.birth_date, &mut self.sex].into_iter().flatten() {
            text.zeroize();
        }
    }
}

impl Items {
    fn of(items: &FourItems, wanted: &[ReleasedAttribute]) -> Self {
        let texts = items.texts();
        let wants = |attribute| wanted.contains(&attribute);
        let text = |attribute, text: &str| wants(attribute).then(|| text.to_owned());
        let flagged = |attribute, text: &str, flags: &str| {
            wants(attribute).then(|| (text.to_owned(), flags.to_owned()))
        };
        Self {
            name: flagged(ReleasedAttribute::Name, texts.name, texts.name_substitution),
            address: flagged(
                ReleasedAttribute::Address,
                texts.address,
                texts.address_substitution,
            ),
            birth_date: text(ReleasedAttribute::BirthDate, texts.birth_date),
            sex: text(ReleasedAttribute::Gender, texts.sex),
        }
    }

    /// Only what is in a list.
    fn only(mut self, attributes: &[ReleasedAttribute]) -> Self {
        let has = |attribute| attributes.contains(&attribute);
        let mut only = Self::default();
        if has(ReleasedAttribute::Name) {
            only.name = self.name.take();
        }
        if has(ReleasedAttribute::Address) {
            only.address = self.address.take();
        }
        if has(ReleasedAttribute::BirthDate) {
            only.birth_date = self.birth_date.take();
        }
        if has(ReleasedAttribute::Gender) {
            only.sex = self.sex.take();
        }
        only
    }
}

/// What the dispatcher looks at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// How the person was proofed.
    pub ial: Ial,
    /// Which items are held and still hold.
    pub items: Vec<ReleasedAttribute>,
    /// That the register still says so; nothing where nobody is looked at.
    pub still: Option<Precondition>,
}

impl Default for Standing {
    /// Nobody's.
    fn default() -> Self {
        Self {
            ial: Ial::Zero,
            items: Vec::new(),
            still: None,
        }
    }
}

fn fault(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::Fault(format!("{what}: {error}"))
}

fn read(record: &Record) -> Result<Enrolment, Problem> {
    serde_json::from_str(&record.value).map_err(|error| fault("an enrolment cannot be read", &error))
}

async fn of(app: &App, account: &AccountId) -> Result<Option<(Record, Enrolment)>, Problem> {
    let record = app.ledger.record(RecordKind::Enrolment, account.as_str()).await?;
    match record {
        Some(record) => {
            let enrolment = read(&record)?;
            Ok(Some((record, enrolment)))
        }
        None => Ok(None),
    }
}

fn signing_tag(digest: &CertificateDigest) -> String {
    format!("signing:{}", record_key(digest))
}

/// Whose a signing certificate is, by an enrolment.
pub async fn account_of_signing_certificate(
    app: &App,
    digests: &[&CertificateDigest],
) -> Result<Option<AccountId>, Problem> {
    for digest in digests {
        let found = app
            .ledger
            .records_tagged(RecordKind::Enrolment, &signing_tag(digest), None, 1)
            .await?;
        if let Some(record) = found.first() {
            return record
                .key
                .parse()
                .map(Some)
                .map_err(|error| fault("an enrolment of nobody", &error));
        }
    }
    Ok(None)
}

/// Whether a signing certificate is registered by another account.
pub(super) async fn belongs_to_another(
    app: &App,
    account: &AccountId,
    digests: &[CertificateDigest],
) -> Result<bool, Problem> {
    let digests: Vec<&CertificateDigest> = digests.iter().collect();
    let known = account_of_signing_certificate(app, &digests).await?;
    Ok(known.is_some_and(|known| known != *account))
}

/// How the person behind an account was proofed.
pub async fn ial_of(app: &App, account: &AccountId) -> Result<Ial, Problem> {
    Ok(of(app, account)
        .await?
        .map_or(Ial::Zero, |(_, enrolment)| enrolment.ial))
}

/// Level and items; the signing certificate's status is asked of the lists only where items are wanted and the lists changed.
pub async fn standing(app: &App, account: &AccountId, wants_items: bool) -> Result<Standing, Problem> {
    let mut found = of(app, account).await?;
    let mut held = false;
    if let Some((record, enrolment)) = found.as_ref().filter(|_| wants_items) {
        held = still_holds(app, account, record, enrolment).await?;
        // The check may have written what it found.
        found = of(app, account).await?;
    }
    let record = found.as_ref().map(|(record, _)| record);
    let still = Precondition::as_read(RecordKind::Enrolment, account.as_str(), record);
    let (ial, items) = found.map_or((Ial::Zero, Vec::new()), |(_, enrolment)| {
        (enrolment.ial, if held { enrolment.held } else { Vec::new() })
    });
    Ok(Standing {
        ial,
        items,
        still: Some(still),
    })
}

/// Whether the items are still those of the register of residents, as far as the lists tell. Not knowing is no yes.
async fn still_holds(
    app: &App,
    account: &AccountId,
    record: &Record,
    enrolment: &Enrolment,
) -> Result<bool, Problem> {
    let now = app.clock.now();
    if enrolment.stale_since.is_some() || now > enrolment.not_after {
        return Ok(false);
    }
    app.shelves.catch_up(&app.trust);
    let trust = app.trust.load_full();
    let covered = Covered::of_signing(
        &app.vault,
        enrolment.points.as_ref(),
        account,
        &enrolment.issuer_key_hash,
    )?;
    let usable = revocation_data(trust.freshness_about(&covered, now)) == RevocationData::Usable;
    let Some(index) = trust.index(CaKind::DigitalSignature).filter(|_| usable) else {
        return Ok(false);
    };
    if index.generation() == enrolment.checked_generation {
        return Ok(true);
    }
    let mut opened = Event::new(now, Action::SerialOpened, Outcome::Done, Actor::Platform)
        .fact("purpose", "signing status");
    opened.account = Some(account.clone());
    // On record before it is opened, whatever becomes of the rest.
    app.ledger.commit(Batch::new().event(opened)).await?;
    let serial = app.vault.open(&enrolment.serial, Owner::Account(account))?;
    let serial =
        SerialNumber::from_bytes(&serial).map_err(|error| fault("a sealed serial that is none", &error))?;
    let changed = match index.lookup(&serial) {
        Ok(revocation::Status::Revoked { reason, .. }) => reason == pki::RevocationReason::AffiliationChanged,
        Ok(revocation::Status::Good) => false,
        Err(_) => return Ok(false),
    };
    let mut next = read(record)?;
    next.checked_generation = index.generation();
    next.stale_since = changed.then_some(now);
    let value = serde_json::to_string(&next).map_err(|error| fault("an enrolment", &error))?;
    let mut batch = Batch::new().write(Write::PutRecord(record.changed(value)));
    if changed {
        let mut event = Event::new(now, Action::EnrolmentEnded, Outcome::Done, Actor::Platform)
            .fact("reason", "affiliation_changed")
            .fact("kept", "level");
        event.account = Some(account.clone());
        batch = batch.event(event);
    }
    // Whoever else wrote meanwhile saw the same lists.
    app.ledger.commit(batch).await?;
    Ok(!changed)
}

/// Opens those items of a person that are in a list, for the service that they go to, or for the person's own page.
pub async fn open_items(
    app: &App,
    account: &AccountId,
    attributes: &[ReleasedAttribute],
    service: &ServiceId,
    purpose: &str,
) -> Result<Items, Problem> {
    if !attributes.iter().any(|attribute| attribute.is_of_four_items()) {
        return Ok(Items::default());
    }
    let names: Vec<&str> = attributes
        .iter()
        .filter(|attribute| attribute.is_of_four_items())
        .map(|attribute| attribute.as_str())
        .collect();
    let mut event = Event::new(
        app.clock.now(),
        Action::ItemsOpened,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("purpose", purpose)
    .fact("items", names.join(" "));
    event.account = Some(account.clone());
    event.service = Some(service.clone());
    let Some(enrolment) = to_open(app, account, &event).await? else {
        return Ok(Items::default());
    };
    let bytes = app.vault.open(&enrolment.items, Owner::Items(account))?;
    let items: Items =
        serde_json::from_slice(&bytes).map_err(|error| fault("sealed items", &error.classify_text()))?;
    Ok(items.only(attributes))
}

/// The enrolment whose items may be opened now, with the opening on record: nothing is opened of one that was withdrawn or renewed
/// since it was read.
async fn to_open(app: &App, account: &AccountId, event: &Event) -> Result<Option<Enrolment>, Problem> {
    for _ in 0..RACES {
        let Some((record, enrolment)) = of(app, account).await? else {
            return Ok(None);
        };
        if !still_holds(app, account, &record, &enrolment).await? {
            return Ok(None);
        }
        // The check may have written what it found; what is opened is what stands there now.
        let Some((record, enrolment)) = of(app, account).await? else {
            return Ok(None);
        };
        match app.ledger.commit(opening(&record, event.clone())).await? {
            CommitOutcome::Committed => return Ok(Some(enrolment)),
            CommitOutcome::Conflict(_) => {}
        }
    }
    Err(Problem::Fault("an enrolment kept changing".to_owned()))
}

/// The entry of an opening, which stands only if the record still does.
fn opening(record: &Record, event: Event) -> Batch {
    Batch::new()
        .require(Precondition::RecordAt {
            kind: record.kind,
            key: record.key.clone(),
            version: record.version,
        })
        .event(event)
}

/// An error's kind without any of the text that it stumbled over.
trait ClassifyText {
    fn classify_text(&self) -> String;
}

impl ClassifyText for serde_json::Error {
    fn classify_text(&self) -> String {
        format!("{:?}", self.classify())
    }
}

/// The items that any service is registered for, and the date of birth where terminals need it (the card answers without a PIN
/// only to those who know it): nothing else is kept of anybody.
pub(super) async fn wanted(app: &App) -> Result<Vec<ReleasedAttribute>, Problem> {
    let services = app.ledger.services().await?;
    Ok(ReleasedAttribute::FOUR_ITEMS
        .into_iter()
        .filter(|attribute| {
            let of_terminals = app.config.terminal.enabled && *attribute == ReleasedAttribute::BirthDate;
            of_terminals
                || services.iter().any(|service| {
                    !matches!(service.state, ServiceState::Removed { .. })
                        && service.released_attributes.contains(attribute)
                })
        })
        .collect())
}

/// For the person's own page.
pub(super) async fn summary(app: &App, account: &AccountId) -> Result<Option<HeldSummary>, Problem> {
    let Some((record, enrolment)) = of(app, account).await? else {
        return Ok(None);
    };
    let holds = enrolment.held.is_empty() || still_holds(app, account, &record, &enrolment).await?;
    Ok(Some(HeldSummary {
        ial: enrolment.ial,
        enrolled_at: enrolment.enrolled_at,
        items: enrolment.held,
        stale: !holds,
    }))
}

/// The record of an enrolment, in place of an earlier one.
pub(super) async fn compose(
    context: &Context,
    session: &Session,
    draft: &Draft,
    checked: &Checked,
) -> Result<Record, Problem> {
    let account = &session.account;
    let signatory = &checked.signatory;
    let items = Items::of(signatory.items(), &draft.items);
    let sealed = zeroize::Zeroizing::new(
        serde_json::to_vec(&items).map_err(|error| fault("items", &error.classify_text()))?,
    );
    let mut rules: Vec<String> = jpki::signing::signing_rule_names().map(str::to_owned).collect();
    rules.push("the_document_was_signed".to_owned());
    rules.push("both_certificates_are_one_persons".to_owned());
    let enrolment = Enrolment {
        ial: Ial::Three,
        enrolled_at: context.now(),
        rules,
        evidence: checked.evidence.clone(),
        document: checked.document.clone(),
        issuer_key_hash: signatory.issuer_key_hash().to_owned(),
        serial: context
            .vault
            .seal(signatory.serial().expose_bytes(), Owner::Account(account))?,
        points: seal_signing_points(&context.vault, signatory.distribution_points(), account)?,
        not_after: signatory.not_after(),
        checked_generation: signatory.checked_generation(),
        held: draft.items.clone(),
        items: context.vault.seal(&sealed, Owner::Items(account))?,
        stale_since: None,
    };
    let value = serde_json::to_string(&enrolment).map_err(|error| fault("an enrolment", &error))?;
    let mut record = Record::new(RecordKind::Enrolment, account.as_str(), value);
    for digest in &checked.digests {
        record = record.tagged(signing_tag(digest));
    }
    if let Some(tag) = items_tag(context, signatory.items()) {
        record = record.tagged(tag);
    }
    if let Some((former, _)) = of(context, account).await? {
        record.version = former.version.saturating_add(1);
    }
    Ok(record)
}

/// By what the same four items are found again: a keyed digest.
fn items_tag(app: &App, items: &FourItems) -> Option<String> {
    let ItemTexts {
        name,
        address,
        birth_date,
        sex,
        ..
    } = items.texts();
    let all = zeroize::Zeroizing::new([name, address, birth_date, sex].join("\u{0}"));
    app.vault
        .items_digest(all.as_bytes())
        .map(|digest| format!("items:{digest}"))
}

/// The person withdraws: the record goes, items and all. What services were told stays with them.
pub(super) async fn withdraw(context: &Context, session: &Session) -> Result<(), Problem> {
    let Some((record, _)) = of(context, &session.account).await? else {
        return Ok(());
    };
    let event =
        act::event(context, session, Action::EnrolmentEnded, Outcome::Done).fact("reason", "own_choice");
    let batch = removing(Batch::new(), &record).event(event);
    match context.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(conflict) => Err(Problem::Fault(format!("{conflict:?}"))),
    }
}

#[cfg(test)]
mod tests;
