//! An authority that is taken out of the configuration vouches for nobody, also not for those who are signed in.

use std::fs;

use conformance_tests::{Platform, RelyingParty};
use sim::CardRequest;

use crate::support::{audit, until};

#[tokio::test]
async fn sessions_end_with_the_authority_behind_them() {
    let mut platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-pins");
    let of = |generation| CardRequest {
        generation,
        ..CardRequest::default()
    };
    let (_, second) = platform.card(&of(2));
    let (_, third) = platform.card(&of(3));
    let (on_second, on_third) = (platform.browser(&second), platform.browser(&third));
    let (kept, lost) = (rp.sign_in(&on_second, "").await, rp.sign_in(&on_third, "").await);

    // Read again while it runs: the file of the third generation now holds another one.
    let at = |generation: u32| platform.path().join(format!("ca-{generation}.der"));
    let third_ca = fs::read(at(3)).unwrap();
    fs::copy(at(1), at(3)).unwrap();
    platform.signal("HUP");
    until("the session ended", &platform, || async {
        audit(&platform, "session_ended").len() == 1
    })
    .await;
    let ended = audit(&platform, "session_ended");
    assert_eq!(ended[0]["code"], "unknown_ca", "{ended:?}");
    assert_eq!(rp.userinfo(&on_third, &lost.access_token).await.status, 401);
    assert_eq!(rp.userinfo(&on_second, &kept.access_token).await.status, 200);

    // The same at a start, by the configuration.
    fs::write(at(3), third_ca).unwrap();
    assert_eq!(platform.stop(), Some(0));
    platform.run().await;
    let lost = rp.sign_in(&on_third, "").await;
    assert_eq!(platform.stop(), Some(0));
    let file = platform.path().join("idp-server.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(", \"ca-3.der\"", "")).unwrap();
    platform.run().await;
    assert_eq!(rp.userinfo(&on_third, &lost.access_token).await.status, 401);
    assert_eq!(rp.userinfo(&on_second, &kept.access_token).await.status, 200);
    until("the session ended", &platform, || async {
        audit(&platform, "session_ended").len() == 2
    })
    .await;
}
