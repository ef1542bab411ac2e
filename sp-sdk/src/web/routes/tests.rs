//! What the routes answer, where the status or a cookie is the point.

use super::*;
use crate::saml;

fn room(gate: &Arc<Gate>) -> Data<Room> {
    Data::new(Room {
        gate: Arc::clone(gate),
        told: Arc::new(|_| {}),
    })
}

#[tokio::test]
async fn a_fault_of_ours_by_soap_is_503_and_no_logout_response() {
    let world = saml::tests::gate::world();
    let say = || slo_soap(Bytes::from(world.logout_envelope()), room(&world.gate));
    world.store.breaks(true);
    assert_eq!(say().await.status(), 503);
    world.store.breaks(false);
    assert_eq!(say().await.status(), 200);
    assert_eq!(say().await.status(), 200, "repeated");
    let garbage = slo_soap(Bytes::from_static(b"<a/>"), room(&world.gate)).await;
    assert_eq!(garbage.status(), 500);
}

/// A cross-site POST brings no Lax cookie and no token: to answer it with an empty cookie would be to sign its owner out.
#[tokio::test]
async fn another_sites_form_takes_no_cookie_away() {
    let world = saml::tests::gate::world();
    let session = world.sign_in().await;
    let sign_out = |cookie: Option<&str>, token: &str| {
        let mut request = actix_web::test::TestRequest::post();
        if let Some(cookie) = cookie {
            request = request.cookie(Cookie::new(Gate::SESSION_COOKIE, cookie.to_owned()));
        }
        let form_token = token.to_owned();
        super::sign_out(
            request.to_http_request(),
            Form(SignOut { form_token }),
            room(&world.gate),
        )
    };
    for cookie in [None, Some("another"), Some(session.as_str())] {
        let response = sign_out(cookie, "guessed").await;
        assert_eq!(response.cookies().count(), 0, "{cookie:?}");
    }
    let admitted = world.gate.session(Some(&session)).await.unwrap().unwrap();
    let response = sign_out(Some(&session), &admitted.session.form_token).await;
    let taken = response.cookies().find(|one| one.name() == Gate::SESSION_COOKIE);
    assert_eq!(taken.unwrap().value(), "");
    assert!(world.gate.session(Some(&session)).await.unwrap().is_none());
}
