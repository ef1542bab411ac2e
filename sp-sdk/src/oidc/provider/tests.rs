//! Last good, roll-over, the rate of asking.

use super::*;
use crate::oidc::sample::{ISSUER, NOW, Platform};
use serde_json::json;

async fn setting() -> (Arc<Platform>, Provider) {
    let platform = Arc::new(Platform::new());
    let provider = Provider::discover(ISSUER, platform.clone(), NOW).await.unwrap();
    (platform, provider)
}

async fn judge(provider: &Provider, token: &str, now: Timestamp) -> Result<(), OidcReason> {
    let accept = (&[Algorithm::Es256][..], &["JWT"][..], false);
    provider.verify(token, accept, now).await.map(|_| ())
}

#[tokio::test]
async fn a_new_key_is_read_once_and_strangers_cannot_make_us_ask() {
    let (platform, provider) = setting().await;
    let old = platform.sign("JWT", &json!({}));
    assert_eq!(judge(&provider, &old, NOW).await, Ok(()));
    platform.roll_over();
    let new = platform.sign("JWT", &json!({}));
    let stranger = Platform::new().sign("JWT", &json!({}));
    assert_eq!(judge(&provider, &new, NOW).await, Ok(()));
    assert_eq!(platform.times_asked("/jwks"), 2);
    // Within half a minute of the last look nobody makes us look again.
    platform.roll_over();
    let newest = platform.sign("JWT", &json!({}));
    assert!(judge(&provider, &newest, NOW.plus_seconds(29)).await.is_err());
    assert_eq!(platform.times_asked("/jwks"), 2);
    let later = NOW.plus_seconds(30);
    assert_eq!(judge(&provider, &newest, later).await, Ok(()));
    assert_eq!(platform.times_asked("/jwks"), 3);
    for _ in 0..50 {
        let refused = judge(&provider, &stranger, later).await;
        assert_eq!(refused, Err(OidcReason::Signature(jose::Reason::NoFittingKey)));
    }
    assert_eq!(platform.times_asked("/jwks"), 3);
    // The old key is withdrawn now.
    assert!(judge(&provider, &old, later).await.is_err());
}

#[tokio::test]
async fn the_last_good_documents_serve_while_the_platform_is_away_and_not_for_ever() {
    let (platform, provider) = setting().await;
    let token = platform.sign("JWT", &json!({}));
    *platform.reachable.lock().unwrap() = false;
    for seconds in [3_600, 86_399] {
        assert_eq!(judge(&provider, &token, NOW.plus_seconds(seconds)).await, Ok(()));
    }
    assert_eq!(provider.read_at(), NOW);
    let too_late = NOW.plus_seconds(86_400);
    assert_eq!(
        judge(&provider, &token, too_late).await,
        Err(OidcReason::KeysTooOld)
    );
    *platform.reachable.lock().unwrap() = true;
    let back = too_late.plus_seconds(30);
    assert_eq!(judge(&provider, &token, back).await, Ok(()));
    assert_eq!(provider.read_at(), back);
}

#[tokio::test]
async fn documents_are_read_again_when_they_are_old() {
    let (platform, provider) = setting().await;
    provider.current(NOW.plus_seconds(3_599)).await;
    assert_eq!(platform.times_asked("/jwks"), 1);
    provider.current(NOW.plus_seconds(3_600)).await;
    provider.current(NOW.plus_seconds(3_601)).await;
    assert_eq!(platform.times_asked("/jwks"), 2);
}

#[tokio::test]
async fn another_issuer_is_refused() {
    let platform = Arc::new(Platform::new());
    let other = "https://idp.example/";
    let refused = Provider::discover(other, platform, NOW).await.unwrap_err();
    assert!(matches!(refused, OidcReason::Discovery(_)), "{refused}");
}
