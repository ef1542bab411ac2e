//! Metadata of SAML services is taken in again and again, from addresses, files and folders.
//!
//! **Owns** when a source is looked at and what is read there ([`documents`]); one node does it at a time (the claim is the version of the
//! source's record), all of them see what came of it with each commit.
//!
//! **Deliberately absent**: whether a document is acceptable (`federation`), what its entities may have and when one is refused
//! (`trust_framework::sources`), what a request of theirs is worth now (`web/saml/sources.rs`).

mod documents;

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use federation::{Entity, Publication, PublicationReason};
use tokio::sync::{mpsc, watch};
use trust_framework::RegistryRefusal;
use trust_framework::sources::{Accepted, Counts, Refresh};

use crate::app::App;
use crate::config::MetadataSourceConfig;
pub use documents::keys_of;
use documents::{Document, Documents, Trouble};

/// Between two looks at whether it is time.
const EVERY: Duration = Duration::from_secs(1);
/// After a refusal, at the latest.
const AGAIN_SECONDS: i64 = 300;
/// `cacheDuration` below this is not followed.
const LEAST_SECONDS: u64 = 60;
/// Entities on their way from the reader to the registry.
const ON_THE_WAY: usize = 16;

/// What came of one look.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Looked {
    /// It is not time, or another process does it.
    NotNow,
    /// What was accepted is still what is there.
    Same,
    /// Something was accepted.
    Accepted(Counts, Option<String>),
    /// Nothing was accepted; why.
    Refused(String),
}

/// Looks until told to stop: every source for itself, so that a slow one holds up no other.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) {
    let mut running = tokio::task::JoinSet::new();
    for source in app.config.metadata.source.clone() {
        let (app, mut stop) = (Arc::clone(&app), stop.clone());
        running.spawn(async move {
            loop {
                tokio::select! {
                    _ = stop.wait_for(|stopping| *stopping) => return,
                    looked = look(&app, &source, Occasion::Schedule) => note(&source.name, &looked),
                }
                if super::stopping_within(EVERY, &mut stop).await {
                    return;
                }
            }
        });
    }
    while running.join_next().await.is_some() {}
}

fn note(source: &str, looked: &Result<Looked, RegistryRefusal>) {
    let outcome = match looked {
        Ok(Looked::NotNow) => return,
        Ok(Looked::Same) => "same",
        Ok(Looked::Accepted(counts, _)) => {
            tracing::info!(
                metadata.source = source,
                services = counts.services,
                refused = counts.refused,
                changed = counts.changed,
                "metadata was taken in"
            );
            "accepted"
        }
        Ok(Looked::Refused(why)) => {
            tracing::warn!(metadata.source = source, error = %why, "metadata was refused; what was accepted before stays");
            "refused"
        }
        Err(refusal) => {
            tracing::error!(metadata.source = source, error = %refusal, "metadata could not be taken in");
            "failed"
        }
    };
    metrics::counter!("metadata_refreshes_total", "source" => source.to_owned(), "outcome" => outcome)
        .increment(1);
}

/// Why a source is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion<'a> {
    /// It may be time.
    Schedule,
    /// Somebody asks for it, also for what did not change.
    Now,
    /// This operator asks for it, and says that the publisher stands by a document that looks older than the last.
    NowInAnyOrder(&'a str),
}

/// Looks at a source, if there is occasion.
///
/// # Errors
/// What the registry or the store says.
pub async fn look(
    app: &Arc<App>,
    config: &MetadataSourceConfig,
    occasion: Occasion<'_>,
) -> Result<Looked, RegistryRefusal> {
    let at_once = occasion != Occasion::Schedule;
    let (ledger, clock) = (Arc::clone(&app.ledger), Arc::clone(&app.clock));
    let begun = Refresh::begin(ledger, clock, Arc::clone(&app.entropy), config.source(), at_once).await?;
    let Some(mut refresh) = begun else {
        return Ok(Looked::NotNow);
    };
    if let Occasion::NowInAnyOrder(operator) = occasion {
        refresh.forget_order(operator).await?;
    }
    let now = app.clock.now();
    let regular = now.plus_seconds(config.interval_seconds());
    let again = now.plus_seconds(config.interval_seconds().min(AGAIN_SECONDS));
    let documents = match documents::read(app, config, &refresh, at_once).await {
        Ok(Some(documents)) => documents,
        Ok(None) => {
            refresh.same(regular).await?;
            return Ok(Looked::Same);
        }
        Err(trouble) => return refuse(refresh, trouble.to_string(), again).await,
    };
    let Documents { files, stamp, etag } = documents;
    refresh.recall().await?;
    let single = config.folder.is_none();
    let mut accepted = Accepted {
        etag,
        last_modified: Some(stamp),
        ..Accepted::default()
    };
    let mut cache_seconds: Option<u64> = None;
    let files = if single {
        files
    } else {
        let (files, troubles) = announce(app, config, &mut refresh, files).await;
        accepted.problem = troubles.first().map(|(_, trouble)| trouble.to_string());
        accepted.unread = troubles.into_iter().map(|(file, _)| file).collect();
        files
    };
    for file in files {
        let name = file.name();
        match take_in(app, config, &mut refresh, file, single).await? {
            Ok(publication) => {
                cache_seconds = [cache_seconds, publication.cache_seconds()]
                    .into_iter()
                    .flatten()
                    .min();
                if single {
                    accepted.mark = publication.mark();
                    accepted.digest = xml::encode_base64(publication.digest());
                } else if !config.keys.is_empty() {
                    accepted.marks.insert(name, publication.mark());
                }
            }
            Err(trouble) if single => return refuse(refresh, trouble.to_string(), again).await,
            Err(trouble) => {
                accepted.unread.insert(name);
                accepted.problem.get_or_insert_with(|| trouble.to_string());
            }
        }
    }
    let next = cache_seconds.map_or(regular, |seconds| {
        let soon = i64::try_from(seconds.max(LEAST_SECONDS)).unwrap_or(i64::MAX);
        regular.min(now.plus_seconds(soon))
    });
    let problem = accepted.problem.clone();
    let counts = refresh.accept(accepted, next).await?;
    Ok(Looked::Accepted(counts, problem))
}

async fn refuse(refresh: Refresh, why: String, again: Timestamp) -> Result<Looked, RegistryRefusal> {
    refresh.refuse(why.clone(), again).await?;
    Ok(Looked::Refused(why))
}

/// Reads the names in several documents before any of them is taken in; what cannot be read is left out.
async fn announce(
    app: &Arc<App>,
    config: &MetadataSourceConfig,
    refresh: &mut Refresh,
    files: Vec<Document>,
) -> (Vec<Document>, Vec<(String, Trouble)>) {
    let now = app.clock.now();
    let (mut readable, mut troubles) = (Vec::new(), Vec::new());
    for mut document in files {
        let config = config.clone();
        let name = document.name();
        let before = refresh.before_of(&name);
        let reader = tokio::task::spawn_blocking(move || {
            let publication = document.judge(&config, Some(before), now)?;
            let mut names = Vec::new();
            publication
                .entities::<_, PublicationReason>(&mut || document.open(), now, &mut |entity| {
                    names.push(entity.entity_id);
                    Ok(())
                })
                .map_err(|reason| Trouble::of(&document, reason))?;
            document.first = Some(publication.digest().to_vec());
            Ok((document, names))
        });
        match reader
            .await
            .unwrap_or_else(|_| Err(Trouble::Broken("the reader ended".to_owned())))
        {
            Ok((document, names)) => {
                for name in &names {
                    refresh.announce(name, &document.name());
                }
                readable.push(document);
            }
            Err(trouble) => troubles.push((name, trouble)),
        }
    }
    for (file, _) in &troubles {
        refresh.announce_unread(file);
    }
    (readable, troubles)
}

/// Judges one document and hands its entities to the registry, one at a time: the reader works beside, and waits where the registry does.
async fn take_in(
    app: &Arc<App>,
    config: &MetadataSourceConfig,
    refresh: &mut Refresh,
    document: Document,
    single: bool,
) -> Result<Result<Publication, Trouble>, RegistryRefusal> {
    let now = app.clock.now();
    let file = (!single).then(|| document.name());
    let before = file
        .as_ref()
        .map_or_else(|| refresh.before(), |name| refresh.before_of(name));
    let (send, mut entities) = mpsc::channel::<Entity>(ON_THE_WAY);
    let config = config.clone();
    let reader = tokio::task::spawn_blocking(move || {
        let publication = document.judge(&config, Some(before), now)?;
        let named = |reason: PublicationReason| Trouble::of(&document, reason);
        publication
            .entities::<_, Stopped>(&mut || document.open(), now, &mut |entity| {
                // What a source with one document is held to is asked at each request.
                let entity = if single {
                    entity
                } else {
                    entity.within(publication.mark())
                };
                send.blocking_send(entity).map_err(|_| Stopped::Nobody)
            })
            .map_err(|stopped| match stopped {
                Stopped::Nobody => named(PublicationReason::Unreadable),
                Stopped::Reason(reason) => named(reason),
            })?;
        Ok(publication)
    });
    while let Some(entity) = entities.recv().await {
        refresh.take(entity, file.as_deref()).await?;
    }
    Ok(reader
        .await
        .unwrap_or_else(|_| Err(Trouble::Broken("the reader ended".to_owned()))))
}

enum Stopped {
    Nobody,
    Reason(PublicationReason),
}

impl From<PublicationReason> for Stopped {
    fn from(reason: PublicationReason) -> Self {
        Self::Reason(reason)
    }
}
