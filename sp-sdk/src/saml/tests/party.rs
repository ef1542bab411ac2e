//! The platform's metadata read again: roll-over during traffic, the pinned key, the last good one.

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::http::{Answered, Fetch, FetchFault, Outgoing};

struct Published(Mutex<Option<Vec<u8>>>, Mutex<usize>);

#[async_trait]
impl Fetch for Published {
    async fn send(&self, _: Outgoing) -> Result<Answered, FetchFault> {
        *self.1.lock().unwrap() += 1;
        let body = self.0.lock().unwrap().clone();
        let body = body.ok_or_else(|| FetchFault::Unreachable("no answer in time".to_owned()))?;
        Ok(Answered {
            status: 200,
            dpop_nonce: None,
            body,
        })
    }
}

fn party(platform: &Platform, trust: MetadataTrust) -> (Party, Arc<Published>, Service) {
    let service = Service::of(platform);
    let published = Arc::new(Published(Mutex::new(Some(platform.metadata())), Mutex::default()));
    let source = MetadataSource {
        fetch: published.clone(),
        url: "https://idp.example/saml/metadata".to_owned(),
        trust,
    };
    (
        Party::new(service.provider.clone(), Some(source), NOW),
        published,
        service,
    )
}

async fn signs_in(
    party: &Party,
    from: &Platform,
    service: &Service,
    now: Timestamp,
) -> Result<(), SamlReason> {
    let sent = service.sent();
    let answer = from.answer(&reply(SP, ACS, &sent.id), false);
    party
        .verify(&xml::encode_base64(answer.as_bytes()), sent, &service.seen, now)
        .await
        .map(|_| ())
}

#[tokio::test]
async fn a_new_key_is_read_once_and_nobody_is_turned_away_twice() {
    let (old, new, stranger) = (
        Platform::new("sdk"),
        Platform::new("next"),
        Platform::new("stranger"),
    );
    let (party, published, service) = party(&old, MetadataTrust::AsGiven);
    let at = NOW.plus_seconds(30);
    let invalid = Err(SamlReason::Xml(xml::Reason::SignatureInvalid));
    assert_eq!(signs_in(&party, &old, &service, at).await, Ok(()));
    *published.0.lock().unwrap() = Some(new.metadata());
    assert_eq!(signs_in(&party, &new, &service, at).await, Ok(()));
    for _ in 0..20 {
        assert_eq!(signs_in(&party, &stranger, &service, at).await, invalid);
    }
    assert_eq!(*published.1.lock().unwrap(), 1, "strangers make nobody ask");
    assert_eq!(signs_in(&party, &old, &service, at).await, invalid, "withdrawn");
}

#[tokio::test]
async fn with_a_pinned_key_nothing_else_is_believed_and_the_last_good_one_stays_until_its_end() {
    let (platform, other) = (Platform::new("sdk"), Platform::new("other"));
    let keys = IdentityProvider::from_metadata(&platform.metadata(), IDP, &MetadataTrust::AsGiven, NOW)
        .unwrap()
        .keys()
        .to_vec();
    let (party, published, service) = party(&platform, MetadataTrust::SignedBy(keys));
    let at = NOW.plus_seconds(60);
    assert_eq!(party.refresh(at).await, Ok(()));
    assert_eq!(party.read_at(), at);
    *published.0.lock().unwrap() = Some(other.metadata());
    assert_eq!(
        party.refresh(NOW.plus_seconds(90)).await,
        Err(SamlReason::Xml(xml::Reason::SignatureInvalid))
    );
    *published.0.lock().unwrap() = None;
    assert!(matches!(
        party.refresh(NOW.plus_seconds(90)).await,
        Err(SamlReason::Unreachable(_))
    ));
    assert_eq!(party.read_at(), at, "the last good one");
    assert_eq!(
        signs_in(&party, &platform, &service, NOW.plus_seconds(200)).await,
        Ok(())
    );
    let over = NOW.plus_seconds(86_400 + domain::METADATA_CLOCK_SKEW_SECONDS);
    assert_eq!(
        signs_in(&party, &platform, &service, over).await,
        Err(SamlReason::MetadataExpired)
    );
}
