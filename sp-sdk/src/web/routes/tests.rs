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
