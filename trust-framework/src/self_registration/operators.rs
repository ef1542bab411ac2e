//! What operators do about clients that register themselves: tokens by which they may, and new tokens for those that lost theirs.

use audit::{Action, Actor, Event, Outcome};
use domain::{Service, Timestamp};
use oidc::OpaqueSecret;
use store::{Batch, CommitOutcome, Record, RecordKind, StoreFault, Write};

use super::initial_access_token::{InitialAccessToken, TokenOrder};
use super::registrar::{SelfRegistrar, text};
use crate::RegistryRefusal;

/// Days for which a token that is over stays in the list.
const KEPT_DAYS: i64 = 90;
const PAGE: u32 = 200;

impl SelfRegistrar {
    /// Makes an initial access token; its text is shown once.
    ///
    /// # Errors
    /// The order cannot be, or the name is taken.
    pub async fn make(&self, operator: &str, order: TokenOrder) -> Result<OpaqueSecret, RegistryRefusal> {
        order.check()?;
        if self.tokens().await?.iter().any(|held| held.name == order.name) {
            return Err(RegistryRefusal::AlreadyRegistered(order.name));
        }
        let now = self.clock.now();
        let secret = OpaqueSecret::generate(&*self.entropy);
        let token = InitialAccessToken {
            name: order.name,
            organisation: order.organisation,
            terms: order.terms,
            clients: order.clients,
            used: 0,
            made_at: now,
            expires_at: now.plus_seconds(i64::from(order.days) * 86_400),
            ended_at: None,
        };
        let record = Record::new(RecordKind::InitialAccessToken, secret.hash().0, text(&token)?)
            .expiring(token.expires_at.plus_seconds(KEPT_DAYS * 86_400));
        let event = by_operator(now, Action::InitialAccessTokenMade, operator)
            .fact("token", &token.name)
            .fact("clients", token.clients.to_string())
            .fact("hosts", token.terms.hosts.join(" "));
        let batch = Batch::new().write(Write::PutRecord(record)).event(event);
        committed(&self.ledger.commit(batch).await?)?;
        Ok(secret)
    }

    /// Ends an initial access token. Clients that registered with it stay.
    ///
    /// # Errors
    /// There is none of this name.
    pub async fn end(&self, operator: &str, name: &str) -> Result<InitialAccessToken, RegistryRefusal> {
        let now = self.clock.now();
        for (record, mut token) in self.token_records().await? {
            if token.name != name {
                continue;
            }
            token.ended_at = token.ended_at.or(Some(now));
            let event = by_operator(now, Action::InitialAccessTokenEnded, operator).fact("token", name);
            let batch = Batch::new()
                .write(Write::PutRecord(record.changed(text(&token)?)))
                .event(event);
            committed(&self.ledger.commit(batch).await?)?;
            return Ok(token);
        }
        Err(RegistryRefusal::Unknown(name.to_owned()))
    }

    /// Every initial access token that is kept.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn tokens(&self) -> Result<Vec<InitialAccessToken>, StoreFault> {
        let records = self.token_records().await?;
        Ok(records.into_iter().map(|(_, token)| token).collect())
    }

    async fn token_records(&self) -> Result<Vec<(Record, InitialAccessToken)>, StoreFault> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let kind = RecordKind::InitialAccessToken;
            let page = self.ledger.records(kind, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.key.clone());
            for record in page {
                let token = InitialAccessToken::of(&record)?;
                all.push((record, token));
            }
        }
    }

    /// A new registration access token for a client that lost its own.
    ///
    /// # Errors
    /// The service did not register itself.
    pub async fn renew(&self, operator: &str, service: &Service) -> Result<OpaqueSecret, RegistryRefusal> {
        let Some((record, mut registration)) = self.registration_of(&service.id).await? else {
            return Err(RegistryRefusal::Unknown(service.protocol.identifier().to_owned()));
        };
        let secret = OpaqueSecret::generate(&*self.entropy);
        registration.token = secret.hash();
        let mut event = by_operator(self.clock.now(), Action::RegistrationTokenRenewed, operator);
        event.service = Some(service.id.clone());
        let batch = Batch::new()
            .write(Write::PutRecord(record.changed(text(&registration)?)))
            .event(event);
        committed(&self.ledger.commit(batch).await?)?;
        Ok(secret)
    }
}

fn committed(outcome: &CommitOutcome) -> Result<(), RegistryRefusal> {
    match outcome {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(_) => Err(RegistryRefusal::ChangedMeanwhile),
    }
}

fn by_operator(now: Timestamp, action: Action, operator: &str) -> Event {
    Event::new(now, action, Outcome::Done, Actor::Operator(operator.to_owned()))
}
