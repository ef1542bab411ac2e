//! Listeners: the sockets of the platform.
//!
//! **Owns** the front (pages and protocol endpoints), the certificate door, the listener for machines with certificates of their own
//! (mutual TLS) and the operator's listener: binding, TLS, admission, graceful end. **Deliberately absent**: what the pages and
//! endpoints do (`web`), what a card's certificate means (`door/verdict.rs` asks the `jpki` room), and certificates from headers.
//!
//! The door is its own server because a person types the PIN inside its handshake: minutes, own budget, and the front
//! never waits for it (`docs/decisions/0001-certificate-door-spike.md`). Mutual TLS is another listener than the front because browsers
//! would ask people for a certificate there (RFC 8705 section 5).

pub mod certificates;
pub mod door;
pub mod front;
pub mod mutual_tls;
pub mod operator;
pub mod possession;
