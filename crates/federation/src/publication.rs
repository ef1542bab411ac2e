//! One published document: accepted as a whole, then read entity by entity.

use std::io::{self, BufRead, Read};

use domain::{METADATA_CLOCK_SKEW_SECONDS, Timestamp, metadata_has_ended};
use saml::metadata::{ServiceProvider, creation_instant, is_service_provider, read_entity, valid_until};
use xml::dsig::{self, VerificationKey};
use xml::stream::{Piece, Shape, SignedStream, StreamLimits};
use xml::{Document, Element, Limits};

use crate::{EntityReason, PublicationReason, seconds_of_duration};

const SHAPE: Shape = Shape {
    namespace: "urn:oasis:names:tc:SAML:2.0:metadata",
    group: "EntitiesDescriptor",
    item: "EntityDescriptor",
    name: "entityID",
    beside: "Extensions",
};

/// What a document must be.
#[derive(Clone, Copy, Debug)]
pub struct Demands<'a> {
    /// Keys of which one must have signed the root; none: whoever put the document there vouches for it.
    pub keys: Option<&'a [VerificationKey]>,
    /// A document without `validUntil` is refused.
    pub valid_until_required: bool,
    /// How far ahead `validUntil` may lie, in seconds.
    pub max_validity_seconds: u64,
    /// Octets of the whole.
    pub max_octets: u64,
    /// Entities and groups.
    pub max_entities: usize,
    /// What was accepted before: nothing older is.
    pub before: Option<Mark>,
    /// The clock.
    pub now: Timestamp,
}

/// When a document was made, as far as it says: by which of two is the newer one told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mark {
    /// `mdrpi:PublicationInfo/@creationInstant`.
    pub created: Option<Timestamp>,
    /// `validUntil` of the root.
    pub valid_until: Option<Timestamp>,
}

/// A document that is acceptable as a whole.
#[derive(Debug)]
pub struct Publication {
    body: Body,
    mark: Mark,
    cache_seconds: Option<u64>,
    digest: Vec<u8>,
    max_octets: u64,
}

#[derive(Debug)]
enum Body {
    Group(Box<SignedStream>),
    /// One entity, its canonical form where it was signed.
    One(Vec<u8>),
}

/// One service provider of a document.
#[derive(Debug)]
pub struct Entity {
    /// Its `entityID`.
    pub entity_id: String,
    /// SHA-256 of its canonical form and of the `validUntil` of the groups around it.
    pub fingerprint: [u8; 32],
    /// The earliest of its own `validUntil` and those of groups around it; the root's not among them.
    pub valid_until: Option<Timestamp>,
    /// What it says, or why that cannot be used.
    pub provider: Result<ServiceProvider, EntityReason>,
}

impl Entity {
    /// Held to the end of its document too, where nobody else holds it to that: one of several documents of a source.
    #[must_use]
    pub fn within(mut self, document: Mark) -> Self {
        let end = document.valid_until;
        self.valid_until = [self.valid_until, end].into_iter().flatten().min();
        let end = end.map_or(0, Timestamp::millis).to_be_bytes();
        self.fingerprint = xml::sha256(&[self.fingerprint.as_slice(), &end].concat());
        self
    }
}

impl Publication {
    /// Judges a document as a whole. `open` gives it from its beginning, once or twice.
    ///
    /// # Errors
    /// [`PublicationReason`].
    pub fn accept<R: BufRead>(
        open: &mut dyn FnMut() -> io::Result<R>,
        demands: &Demands<'_>,
    ) -> Result<Self, PublicationReason> {
        let again = |opened: io::Result<R>| opened.map_err(|_| PublicationReason::Unreadable);
        let limits = StreamLimits {
            size: demands.max_octets,
            piece: Limits::aggregated(),
            depth: 8,
            pieces: demands.max_entities,
            ids: demands.max_entities.saturating_mul(8),
        };
        let input = again(open())?;
        let read = match demands.keys {
            Some(keys) => SignedStream::verify(input, SHAPE, limits, keys),
            None => SignedStream::unsigned(input, SHAPE, limits),
        };
        let accepted = match read {
            Ok(stream) => {
                let preamble = stream.preamble()?;
                let (mark, cache_seconds) = head(preamble.root())?;
                Self {
                    digest: stream.digest().to_vec(),
                    mark,
                    cache_seconds,
                    body: Body::Group(Box::new(stream)),
                    max_octets: demands.max_octets,
                }
            }
            Err(xml::Reason::Unexpected { element }) if element == SHAPE.item => {
                Self::one(again(open())?, demands)?
            }
            Err(reason) => return Err(reason.into()),
        };
        accepted.is_timely(demands)?;
        Ok(accepted)
    }

    fn one(input: impl BufRead, demands: &Demands<'_>) -> Result<Self, PublicationReason> {
        let limits = Limits::metadata();
        let most = u64::try_from(limits.size)
            .unwrap_or(u64::MAX)
            .min(demands.max_octets);
        let mut octets = Vec::new();
        input
            .take(most.saturating_add(1))
            .read_to_end(&mut octets)
            .map_err(|_| PublicationReason::Unreadable)?;
        let document = Document::parse(
            &octets,
            &Limits {
                size: usize::try_from(most).unwrap_or(limits.size),
                ..limits
            },
        )?;
        let canonical = match demands.keys {
            Some(keys) => dsig::verify(document.root(), keys)?.canonical().to_vec(),
            None => xml::canonicalise(document.root(), &[])?,
        };
        let signed = Document::parse(&canonical, &Limits::aggregated())?;
        let (mark, cache_seconds) = head(signed.root())?;
        Ok(Self {
            mark,
            cache_seconds,
            digest: xml::sha256(&canonical).to_vec(),
            body: Body::One(canonical),
            max_octets: demands.max_octets,
        })
    }

    fn is_timely(&self, demands: &Demands<'_>) -> Result<(), PublicationReason> {
        match self.mark.valid_until {
            Some(valid_until) if metadata_has_ended(valid_until, demands.now) => {
                return Err(PublicationReason::Expired { valid_until });
            }
            Some(valid_until) => {
                let ahead = u64::try_from(valid_until.seconds_since(demands.now)).unwrap_or(0);
                if ahead > demands.max_validity_seconds {
                    return Err(PublicationReason::ValidTooLong {
                        limit: demands.max_validity_seconds,
                    });
                }
            }
            None if demands.valid_until_required => return Err(PublicationReason::NoValidUntil),
            None => {}
        }
        let created = self.mark.created;
        // Accepted once, it would make every document of the years until then an older one.
        if created.is_some_and(|created| created.seconds_since(demands.now) > METADATA_CLOCK_SKEW_SECONDS) {
            return Err(PublicationReason::FromTheFuture);
        }
        let before = demands.before.unwrap_or_default();
        let older = match (before.created, before.valid_until) {
            // A signer that once said when it made a document goes on saying so: leaving it out is no way around. When it is said, it
            // alone tells: whoever publishes in an emergency may well name an earlier end than before.
            (Some(earlier), _) => created
                .is_none_or(|created| created < earlier)
                .then_some("creationInstant"),
            // An end that is past tells nothing any more: a copy from before it would be refused for its own. One without an end would not.
            (None, Some(earlier)) => self
                .mark
                .valid_until
                .is_none_or(|until| until < earlier && !metadata_has_ended(earlier, demands.now))
                .then_some("validUntil"),
            (None, None) => None,
        };
        older.map_or(Ok(()), |by| Err(PublicationReason::Older { by }))
    }

    /// When it was made, and until when it holds.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// `cacheDuration` of the root, in seconds.
    pub fn cache_seconds(&self) -> Option<u64> {
        self.cache_seconds
    }

    /// A digest of the whole: the same document has the same.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }

    /// Walks over the service providers of the document, one at a time; entities of other roles are passed over.
    ///
    /// # Errors
    /// [`PublicationReason`] when `open` gives another document than was accepted; whatever `visit` returns.
    pub fn entities<R: BufRead, E: From<PublicationReason>>(
        &self,
        open: &mut dyn FnMut() -> io::Result<R>,
        now: Timestamp,
        visit: &mut dyn FnMut(Entity) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.body {
            Body::One(canonical) => {
                let document = Document::parse(canonical, &Limits::aggregated())
                    .map_err(|reason| E::from(reason.into()))?;
                match entity(document.root(), &[], now, false).map_err(E::from)? {
                    Some(entity) => visit(entity),
                    None => Ok(()),
                }
            }
            Body::Group(stream) => {
                let input = open()
                    .map_err(|_| E::from(PublicationReason::Unreadable))?
                    .take(self.max_octets);
                let mut groups: Vec<Option<Timestamp>> = Vec::new();
                let walked = stream.read::<Stopped<E>>(input, &mut |piece| {
                    match piece {
                        Piece::Group(group) if groups.is_empty() => {
                            let _ = group;
                            groups.push(None);
                        }
                        Piece::Group(group) => groups.push(until(group)?),
                        Piece::GroupEnds => {
                            groups.pop();
                        }
                        Piece::Item { element, repeated } => {
                            if let Some(entity) = entity(element, &groups, now, repeated)? {
                                visit(entity).map_err(Stopped::Visitor)?;
                            }
                        }
                        _ => {}
                    }
                    Ok(())
                });
                walked.map_err(|stopped| match stopped {
                    Stopped::Visitor(error) => error,
                    Stopped::Here(reason) => reason.into(),
                })
            }
        }
    }
}

enum Stopped<E> {
    Visitor(E),
    Here(PublicationReason),
}

impl<E> From<xml::Reason> for Stopped<E> {
    fn from(reason: xml::Reason) -> Self {
        Self::Here(reason.into())
    }
}

impl<E> From<PublicationReason> for Stopped<E> {
    fn from(reason: PublicationReason) -> Self {
        Self::Here(reason)
    }
}

fn until(element: Element<'_>) -> Result<Option<Timestamp>, PublicationReason> {
    valid_until(element).map_err(|_| PublicationReason::InvalidValue { what: "validUntil" })
}

fn head(root: Element<'_>) -> Result<(Mark, Option<u64>), PublicationReason> {
    let created = creation_instant(root).map_err(|_| PublicationReason::InvalidValue {
        what: "creationInstant",
    })?;
    let cache_seconds = match root.attribute("cacheDuration") {
        Some(text) => Some(seconds_of_duration(text).ok_or(PublicationReason::InvalidValue {
            what: "cacheDuration",
        })?),
        None => None,
    };
    let mark = Mark {
        created,
        valid_until: until(root)?,
    };
    Ok((mark, cache_seconds))
}

/// None for an entity of other roles alone.
fn entity(
    element: Element<'_>,
    groups: &[Option<Timestamp>],
    now: Timestamp,
    repeated: bool,
) -> Result<Option<Entity>, PublicationReason> {
    if !is_service_provider(element) {
        return Ok(None);
    }
    let name = element.attribute("entityID").unwrap_or_default();
    let entity_id = xml_bounded(name);
    let around = groups.iter().copied().flatten().min();
    let mut octets = xml::canonicalise(element, &[])?;
    octets.extend(around.map_or(0, Timestamp::millis).to_be_bytes());
    let own = valid_until(element);
    let provider = match (repeated, &own) {
        (true, _) => Err(EntityReason::Repeated),
        (_, Err(reason)) => Err(EntityReason::Metadata(reason.clone())),
        (false, Ok(_)) => read_entity(element).map_err(EntityReason::Metadata),
    };
    // A name that is read as another one would stand beside the entity of that name, as if it were a second one.
    let provider = match provider {
        Ok(read) if read.settings.entity_id != name => Err(EntityReason::Spelled),
        provider => provider,
    };
    let until = [
        around,
        own.unwrap_or_default(),
        provider.as_ref().ok().and_then(|read| read.valid_until),
    ]
    .into_iter()
    .flatten()
    .min();
    let provider = match provider {
        Ok(_) if until.is_some_and(|until| metadata_has_ended(until, now)) => Err(EntityReason::Expired),
        provider => provider,
    };
    Ok(Some(Entity {
        entity_id,
        fingerprint: xml::sha256(&octets),
        valid_until: until,
        provider,
    }))
}

/// An entityID as far as a refused one is shown (metadata-2.0-os section 2.2.1: at most 1024 characters).
fn xml_bounded(text: &str) -> String {
    text.chars().take(1024).collect()
}

#[cfg(test)]
mod tests;
