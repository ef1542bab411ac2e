//! Preconditions and writes on the rows. The order in which conflicts are looked for is part of the port's
//! contract: what the write names must exist, then the named uniqueness, then the identifier itself.

use domain::{
    AccessToken, Account, AccountId, AccountState, AuthorizationGrant, Closing, Consent, Credential,
    CredentialId, CredentialState, GrantId, Pseudonym, RevocationGeneration, SealedSerial, Service,
    ServiceId, ServiceState, Session, SessionId, SessionState, Timestamp,
};

use super::rows::{Rows, SessionRow};
use crate::{Conflict, Precondition, Record, RecordKind, SingleUseKind, Write};

type Applied = Result<(), Conflict>;

impl Rows {
    pub(super) fn check(&self, precondition: &Precondition) -> Applied {
        let holds = match precondition {
            Precondition::AccountActive(id) => self
                .accounts
                .get(id)
                .is_some_and(|row| row.state == AccountState::Active),
            Precondition::CredentialActive(id) => self
                .credentials
                .get(id)
                .is_some_and(|row| row.state == CredentialState::Active),
            Precondition::SessionAt { id, version } => self.sessions.get(id).is_some_and(|row| {
                row.session.state == SessionState::Active && row.session.version == *version
            }),
            Precondition::ServiceAt { id, version } => self
                .services
                .get(id)
                .is_some_and(|row| row.state == ServiceState::Active && row.version == *version),
            Precondition::GrantLive(id) => self.grants.get(id).is_some_and(|row| row.revoked_at.is_none()),
            Precondition::RecordAt { kind, key, version } => self
                .records
                .get(&(*kind, key.clone()))
                .is_some_and(|row| row.version == *version),
            Precondition::RecordAbsent { kind, key } => !self.records.contains_key(&(*kind, key.clone())),
        };
        need(holds, || Conflict::Precondition(precondition.clone()))
    }

    pub(super) fn apply(&mut self, write: Write) -> Applied {
        match write {
            Write::InsertAccount(account) => self.insert_account(account),
            Write::CloseAccount { id, closing } => self.close_account(&id, closing),
            Write::MoveCredential { id, to, serial } => self.move_credential(&id, to, serial),
            Write::InheritPseudonyms { from, to } => self.inherit_pseudonyms(&from, &to),
            Write::InsertCredential(credential) => self.insert_credential(credential),
            Write::SupersedeCredential(id) => self.supersede_credential(&id),
            Write::InsertPseudonym(pseudonym) => self.insert_pseudonym(pseudonym),
            Write::InsertSession(session) => self.insert_session(session),
            Write::EndSession { id, at } => self.end_session(&id, at),
            Write::RecheckSession { id, generation } => self.recheck_session(&id, generation),
            Write::PutConsent(consent) => self.put_consent(consent),
            Write::InsertService(service) => self.insert_service(service),
            Write::UpdateService(service) => self.update_service(service),
            Write::InsertGrant(grant) => self.insert_grant(grant),
            Write::RevokeGrant { id, at } => self.revoke_grant(&id, at),
            Write::InsertAccessToken(token) => self.insert_access_token(token),
            Write::InsertSingleUse {
                kind,
                key,
                expires_at,
            } => self.insert_single_use(kind, key, expires_at),
            Write::PutState { key, value } => {
                self.states.insert(key, value);
                Ok(())
            }
            Write::RaiseState { key, value } => {
                let known = self.states.get(&key).and_then(|text| text.parse::<u64>().ok());
                if known.is_none_or(|known| known < value) {
                    self.states.insert(key, value.to_string());
                }
                Ok(())
            }
            Write::PutRecord(record) => self.put_record(record),
            Write::RemoveRecord { kind, key } => {
                self.records.remove(&(kind, key));
                Ok(())
            }
            Write::Purge { before } => {
                self.purge(before);
                Ok(())
            }
        }
    }

    fn insert_account(&mut self, account: Account) -> Applied {
        free(&self.accounts, &account.id, "account")?;
        self.accounts.insert(account.id.clone(), account);
        Ok(())
    }

    fn account_exists(&self, id: &AccountId) -> Applied {
        need(self.accounts.contains_key(id), || Conflict::Missing("account"))
    }

    fn close_account(&mut self, id: &AccountId, closing: Closing) -> Applied {
        self.account_exists(id)?;
        if let Some(into) = closing.reason.into_account() {
            self.account_exists(into)?;
        }
        let row = self.accounts.get_mut(id).ok_or(Conflict::Missing("account"))?;
        if row.state == AccountState::Active {
            row.state = AccountState::Closed(closing);
        }
        Ok(())
    }

    fn move_credential(&mut self, id: &CredentialId, to: AccountId, serial: SealedSerial) -> Applied {
        self.account_exists(&to)?;
        let row = self
            .credentials
            .get_mut(id)
            .ok_or(Conflict::Missing("credential"))?;
        row.account = to;
        row.serial = serial;
        Ok(())
    }

    fn inherit_pseudonyms(&mut self, from: &AccountId, to: &AccountId) -> Applied {
        self.account_exists(from)?;
        self.account_exists(to)?;
        let of_one: Vec<Pseudonym> = self
            .pseudonyms
            .values()
            .filter(|row| row.account == *from)
            .cloned()
            .collect();
        for mut row in of_one {
            let place = (to.clone(), row.sector.clone());
            if !self.pseudonyms.contains_key(&place) {
                self.pseudonyms.remove(&(from.clone(), row.sector.clone()));
                row.account = to.clone();
                self.pseudonyms.insert(place, row);
            }
        }
        Ok(())
    }

    fn insert_credential(&mut self, credential: Credential) -> Applied {
        self.account_exists(&credential.account)?;
        let bound = self
            .credentials
            .values()
            .any(|row| row.digest == credential.digest);
        need(!bound, || Conflict::CredentialExists)?;
        free(&self.credentials, &credential.id, "credential")?;
        self.credentials.insert(credential.id.clone(), credential);
        Ok(())
    }

    fn supersede_credential(&mut self, id: &CredentialId) -> Applied {
        let row = self
            .credentials
            .get_mut(id)
            .ok_or(Conflict::Missing("credential"))?;
        row.state = CredentialState::Superseded;
        Ok(())
    }

    fn insert_pseudonym(&mut self, pseudonym: Pseudonym) -> Applied {
        self.account_exists(&pseudonym.account)?;
        let taken = self.pseudonyms.values().any(|row| {
            row.sector == pseudonym.sector
                && (row.account == pseudonym.account || row.value == pseudonym.value)
        });
        need(!taken, || Conflict::PseudonymExists)?;
        let place = (pseudonym.account.clone(), pseudonym.sector.clone());
        self.pseudonyms.insert(place, pseudonym);
        Ok(())
    }

    fn insert_session(&mut self, session: Session) -> Applied {
        self.account_exists(&session.account)?;
        need(self.credentials.contains_key(&session.credential), || {
            Conflict::Missing("credential")
        })?;
        let known = self
            .sessions
            .values()
            .any(|row| row.session.secret == session.secret);
        need(!known, || Conflict::Duplicate("session secret"))?;
        free(&self.sessions, &session.id, "session")?;
        self.sessions.insert(
            session.id.clone(),
            SessionRow {
                session,
                ended_at: None,
            },
        );
        Ok(())
    }

    fn end_session(&mut self, id: &SessionId, at: Timestamp) -> Applied {
        let row = self.sessions.get_mut(id).ok_or(Conflict::Missing("session"))?;
        if row.session.state == SessionState::Active {
            row.session.state = SessionState::Ended;
            row.session.version = row.session.version.saturating_add(1);
            row.ended_at = Some(at);
        }
        Ok(())
    }

    fn recheck_session(&mut self, id: &SessionId, generation: RevocationGeneration) -> Applied {
        let row = self
            .sessions
            .get_mut(id)
            .filter(|row| row.session.state == SessionState::Active)
            .ok_or(Conflict::Missing("session"))?;
        row.session.checked_generation = generation;
        row.session.version = row.session.version.saturating_add(1);
        Ok(())
    }

    fn put_consent(&mut self, consent: Consent) -> Applied {
        self.account_exists(&consent.account)?;
        self.service_exists(&consent.service)?;
        self.consents
            .insert((consent.account.clone(), consent.service.clone()), consent);
        Ok(())
    }

    fn service_exists(&self, id: &ServiceId) -> Applied {
        need(self.services.contains_key(id), || Conflict::Missing("service"))
    }

    /// Whether another service that is not removed has the public name.
    fn name_is_taken(&self, service: &Service) -> bool {
        !is_removed(service)
            && self.services.values().any(|row| {
                row.id != service.id
                    && !is_removed(row)
                    && row.protocol.as_str() == service.protocol.as_str()
                    && row.protocol.identifier() == service.protocol.identifier()
            })
    }

    fn insert_service(&mut self, service: Service) -> Applied {
        need(service.version == 1, || {
            Conflict::ServiceVersion(service.id.clone())
        })?;
        need(!self.name_is_taken(&service), || Conflict::ServiceExists)?;
        free(&self.services, &service.id, "service")?;
        self.services.insert(service.id.clone(), service);
        Ok(())
    }

    fn update_service(&mut self, service: Service) -> Applied {
        let stored = self
            .services
            .get(&service.id)
            .ok_or(Conflict::Missing("service"))?;
        need(stored.version.checked_add(1) == Some(service.version), || {
            Conflict::ServiceVersion(service.id.clone())
        })?;
        need(!self.name_is_taken(&service), || Conflict::ServiceExists)?;
        self.services.insert(service.id.clone(), service);
        Ok(())
    }

    fn insert_grant(&mut self, grant: AuthorizationGrant) -> Applied {
        self.account_exists(&grant.account)?;
        self.service_exists(&grant.service)?;
        need(self.sessions.contains_key(&grant.session), || {
            Conflict::Missing("session")
        })?;
        let known = self.grants.values().any(|row| row.code == grant.code);
        need(!known, || Conflict::Duplicate("authorization code"))?;
        free(&self.grants, &grant.id, "grant")?;
        self.grants.insert(grant.id.clone(), grant);
        Ok(())
    }

    fn revoke_grant(&mut self, id: &GrantId, at: Timestamp) -> Applied {
        let row = self.grants.get_mut(id).ok_or(Conflict::Missing("grant"))?;
        row.revoked_at = row.revoked_at.or(Some(at));
        Ok(())
    }

    fn insert_access_token(&mut self, token: AccessToken) -> Applied {
        need(self.grants.contains_key(&token.grant), || {
            Conflict::Missing("grant")
        })?;
        free(&self.access_tokens, &token.hash.0, "access token")?;
        self.access_tokens.insert(token.hash.0.clone(), token);
        Ok(())
    }

    fn insert_single_use(&mut self, kind: SingleUseKind, key: String, expires_at: Timestamp) -> Applied {
        let place = (kind.as_str(), key);
        need(!self.single_use.contains_key(&place), || {
            Conflict::AlreadyUsed(kind)
        })?;
        self.single_use.insert(place, expires_at);
        Ok(())
    }

    fn put_record(&mut self, record: Record) -> Applied {
        let place = (record.kind, record.key.clone());
        let stored = self.records.get(&place).map_or(0, |row| row.version);
        need(stored.checked_add(1) == Some(record.version), || {
            Conflict::RecordVersion {
                kind: record.kind,
                key: record.key.clone(),
            }
        })?;
        self.records.insert(place, record);
        Ok(())
    }

    fn purge(&mut self, before: Timestamp) {
        self.records
            .retain(|_, row| row.expires_at.is_none_or(|expires_at| expires_at >= before));
        self.single_use.retain(|_, expires_at| *expires_at >= before);
        self.access_tokens.retain(|_, row| row.expires_at >= before);
        let (tokens, records) = (&self.access_tokens, &self.records);
        self.grants.retain(|id, row| {
            let family = (RecordKind::RefreshFamily, id.as_str().to_owned());
            row.expires_at >= before
                || tokens.values().any(|token| token.grant == *id)
                || records.contains_key(&family)
        });
        self.sessions.retain(|_, row| {
            row.session.expires_at >= before && row.ended_at.is_none_or(|ended_at| ended_at >= before)
        });
    }
}

fn is_removed(service: &Service) -> bool {
    matches!(service.state, ServiceState::Removed { .. })
}

fn need(holds: bool, conflict: impl FnOnce() -> Conflict) -> Applied {
    if holds { Ok(()) } else { Err(conflict()) }
}

fn free<K: Ord, V>(rows: &std::collections::BTreeMap<K, V>, key: &K, what: &'static str) -> Applied {
    need(!rows.contains_key(key), || Conflict::Duplicate(what))
}
