//! Notices: one service is to be told of one ended session. The record is the receipt of what became of it.

use domain::{AccountId, ProtocolSettings, Service, ServiceId, SessionId, SloBinding, Timestamp};
use saml::elements::MessageId;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Ledger, Record, RecordKind, StoreFault, Write};

use super::participants::{IssuedName, Participant, participants_of};
use super::{ENDING_KEPT_DAYS, Ending, NEW, RACES};
use crate::app::App;

/// On notices that a job is to deliver.
const DUE: &str = "due";
/// Notices read at a time.
const PAGE: u32 = 1000;

/// How a service is told.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// OpenID Connect Back-Channel Logout 1.0.
    BackChannel,
    /// OpenID Connect Front-Channel Logout 1.0: the browser loads an address; whether it did nobody learns.
    FrontChannel,
    /// SAML `LogoutRequest` by SOAP.
    Soap,
    /// SAML `LogoutRequest` through the browser, by redirect.
    Redirect,
    /// SAML `LogoutRequest` through the browser, by a form.
    Post,
    /// The service has registered none that is open here.
    None,
}

impl Channel {
    /// Whether a job can deliver it.
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::BackChannel | Self::Soap)
    }

    /// Whether it is a SAML request that goes through the browser.
    pub const fn is_carried(self) -> bool {
        matches!(self, Self::Redirect | Self::Post)
    }
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not yet.
    Pending,
    /// Handed to the browser; the service did not answer, or its answer is not to be had.
    Sent,
    /// The service says that it ended its session.
    Told,
    /// The service answered that it did not.
    Refused,
    /// Tried for as long as is configured.
    GaveUp,
    /// There is no way to tell it.
    Impossible,
    /// It asked for the logout itself.
    Asked,
}

impl State {
    /// Whether the service is known to have ended its session.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Told | Self::Asked)
    }
}

/// One service to be told of one ended session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Notice {
    /// Which session ended.
    pub session: SessionId,
    /// The session as the service knows it: another one where the person used the card again in between.
    pub known_as: SessionId,
    /// Whose.
    pub account: AccountId,
    /// Whom to tell.
    pub service: ServiceId,
    /// When the session ended.
    pub at: Timestamp,
    /// How.
    pub channel: Channel,
    /// `jti` or `ID` of the message: the same at every try.
    pub message: String,
    /// By which name a SAML service knows the person.
    pub name: Option<IssuedName>,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub next_try: Timestamp,
    /// A process is at it until then.
    pub claimed_until: Option<Timestamp>,
    /// When it was tried last.
    pub last_try: Option<Timestamp>,
    /// Why the last try did not succeed, a stable word.
    pub problem: Option<String>,
    /// The browser's way through the services, where it goes by one.
    pub run: Option<String>,
}

impl Notice {
    /// Reads a record.
    pub fn of(record: &Record) -> Option<Self> {
        serde_json::from_str(&record.value).ok()
    }

    /// The next version of its record.
    pub fn next(&self, record: &Record) -> Record {
        let mut next = record.changed(self.text());
        if self.state != State::Pending {
            next.tags.retain(|tag| tag != DUE);
        }
        next
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn record(&self) -> Record {
        let key = format!("{}:{}:{}", self.session, self.service, self.message);
        let mut record = Record::new(RecordKind::LogoutNotice, key, self.text())
            .tagged(self.session.as_str())
            .tagged(&*self.message)
            .tagged(self.service.as_str())
            .expiring(self.at.plus_seconds(ENDING_KEPT_DAYS * 86_400));
        if self.state == State::Pending && self.channel.is_direct() {
            record = record.tagged(DUE);
        }
        record
    }
}

/// Notices that a job is to deliver, in pages.
pub async fn due(ledger: &dyn Ledger, after: Option<&str>, limit: u32) -> Result<Vec<Record>, StoreFault> {
    ledger
        .records_tagged(RecordKind::LogoutNotice, DUE, after, limit)
        .await
}

/// The notices of a session.
pub async fn of_session(
    ledger: &dyn Ledger,
    session: &SessionId,
) -> Result<Vec<(Record, Notice)>, StoreFault> {
    let records = ledger
        .records_tagged(RecordKind::LogoutNotice, session.as_str(), None, PAGE)
        .await?;
    Ok(records
        .into_iter()
        .filter_map(|record| Notice::of(&record).map(|notice| (record, notice)))
        .collect())
}

/// The notice that was sent under a message identifier.
pub async fn by_message(ledger: &dyn Ledger, message: &str) -> Result<Option<(Record, Notice)>, StoreFault> {
    let records = ledger
        .records_tagged(RecordKind::LogoutNotice, message, None, 2)
        .await?;
    Ok(records
        .into_iter()
        .find_map(|record| Notice::of(&record).map(|notice| (record, notice)))
        .filter(|(_, notice)| notice.message == message))
}

/// Endings whose notices are still to be made.
pub async fn waiting_endings(ledger: &dyn Ledger) -> Result<Vec<SessionId>, StoreFault> {
    let records = ledger
        .records_tagged(RecordKind::SessionEnding, NEW, None, PAGE)
        .await?;
    Ok(records
        .iter()
        .filter_map(|record| record.key.parse().ok())
        .collect())
}

/// Makes the notices of an ended session: once, whoever is first. After the end nobody can be answered in the session any more, so the
/// participants read now are all of them.
pub async fn settle(app: &App, session: &SessionId) -> Result<(), StoreFault> {
    for _ in 0..RACES {
        let Some(record) = app
            .ledger
            .record(RecordKind::SessionEnding, session.as_str())
            .await?
        else {
            return Ok(());
        };
        let Ok(mut ending) = serde_json::from_str::<Ending>(&record.value) else {
            return Ok(());
        };
        if !record.tags.iter().any(|tag| tag == NEW) {
            return Ok(());
        }
        let mut batch = Batch::new();
        ending.services.clear();
        for participant in participants_of(&*app.ledger, session).await? {
            let Some(service) = app.ledger.service(&participant.service).await? else {
                continue;
            };
            for notice in notices(app, &ending, &participant, &service) {
                batch = batch.write(Write::PutRecord(notice.record()));
            }
            ending.services.push(participant.service);
        }
        let mut settled = record.changed(serde_json::to_string(&ending).unwrap_or_default());
        settled.tags.clear();
        for service in &ending.services {
            settled = settled.tagged(service.as_str());
        }
        batch = batch.write(Write::PutRecord(settled));
        if app.ledger.commit(batch).await? == CommitOutcome::Committed {
            return Ok(());
        }
    }
    Err(StoreFault::Unavailable("an ending kept changing".to_owned()))
}

/// One for each name by which a service knows the person, else one.
fn notices(app: &App, ending: &Ending, participant: &Participant, service: &Service) -> Vec<Notice> {
    let channel = channel(app, service);
    let asked = ending.asked_by.as_ref() == Some(&service.id);
    // A client that asked for the logout is told like others where that can be: by Front-Channel Logout 1.0 section 3 every one in the
    // session is, and what asked may have been another of its windows, or a link. A SAML service is answered instead.
    let told_by_browser = channel == Channel::FrontChannel || channel.is_carried();
    let state = match channel {
        Channel::BackChannel => State::Pending,
        Channel::FrontChannel if ending.browser => State::Pending,
        _ if asked => State::Asked,
        Channel::Soap => State::Pending,
        _ if told_by_browser && ending.browser => State::Pending,
        _ => State::Impossible,
    };
    let notice = |name: Option<&IssuedName>| Notice {
        session: ending.session.clone(),
        known_as: participant.session.clone(),
        account: ending.account.clone(),
        service: service.id.clone(),
        at: ending.at,
        channel,
        message: MessageId::generate(&*app.entropy).to_string(),
        name: name.cloned(),
        state,
        tries: 0,
        next_try: ending.at,
        claimed_until: None,
        last_try: None,
        problem: (state == State::Impossible).then(|| match channel {
            Channel::None => "no_channel".to_owned(),
            _ => "no_browser".to_owned(),
        }),
        run: None,
    };
    match participant.names.as_slice() {
        [] => vec![notice(None)],
        names => names.iter().map(|name| notice(Some(name))).collect(),
    }
}

/// Without the browser where that is possible.
fn channel(app: &App, service: &Service) -> Channel {
    let direct = app.logout_messages.is_some();
    match &service.protocol {
        ProtocolSettings::Oidc(settings) => {
            match (
                &settings.logout.backchannel_uri,
                &settings.logout.frontchannel_uri,
            ) {
                (Some(_), _) if direct => Channel::BackChannel,
                (_, Some(_)) => Channel::FrontChannel,
                _ => Channel::None,
            }
        }
        ProtocolSettings::Saml(settings) => {
            let has = |binding: SloBinding| {
                settings
                    .single_logout_services
                    .iter()
                    .any(|endpoint| endpoint.binding == binding)
            };
            if direct && has(SloBinding::Soap) {
                Channel::Soap
            } else if has(SloBinding::HttpRedirect) {
                Channel::Redirect
            } else if has(SloBinding::HttpPost) {
                Channel::Post
            } else {
                Channel::None
            }
        }
    }
}
