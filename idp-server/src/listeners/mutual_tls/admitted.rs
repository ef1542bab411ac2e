//! Connections that hold a place, from before TLS until they are over.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::{Service, ServiceFactory, forward_ready};
use actix_web::rt::net::TcpStream;

use crate::listeners::door::admission::Admission;

type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// What serves connections, behind the counters.
pub(super) struct Admitted<S> {
    inner: S,
    admission: Arc<Admission>,
}

impl<S> Admitted<S> {
    /// This service for whoever is admitted.
    pub(super) const fn new(inner: S, admission: Arc<Admission>) -> Self {
        Self { inner, admission }
    }
}

impl<F> ServiceFactory<TcpStream> for Admitted<F>
where
    F: ServiceFactory<TcpStream, Config = (), Response = ()>,
    F::Future: 'static,
    F::Error: 'static,
    <F::Service as Service<TcpStream>>::Future: 'static,
{
    type Response = ();
    type Error = F::Error;
    type Config = ();
    type Service = Admitted<F::Service>;
    type InitError = F::InitError;
    type Future = Later<Result<Self::Service, Self::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let (inner, admission) = (self.inner.new_service(()), Arc::clone(&self.admission));
        Box::pin(async move { Ok(Admitted::new(inner.await?, admission)) })
    }
}

impl<S> Service<TcpStream> for Admitted<S>
where
    S: Service<TcpStream, Response = ()>,
    S::Future: 'static,
    S::Error: 'static,
{
    type Response = ();
    type Error = S::Error;
    type Future = Later<Result<(), S::Error>>;

    forward_ready!(inner);

    fn call(&self, stream: TcpStream) -> Self::Future {
        // Gone already where it has no address.
        let Ok(peer) = stream.peer_addr() else {
            return Box::pin(ready(Ok(())));
        };
        match self.admission.admit(peer.ip()) {
            Ok(place) => {
                let served = self.inner.call(stream);
                Box::pin(async move {
                    let ended = served.await;
                    drop(place);
                    ended
                })
            }
            Err(turned) => {
                metrics::counter!("mutual_tls_turned_away_total", "limit" => turned.as_str()).increment(1);
                Box::pin(ready(Ok(())))
            }
        }
    }
}
