//! Listeners: the three sockets of the platform.
//!
//! **Owns** the front (pages and protocol endpoints), the certificate door and the operator's listener: binding,
//! TLS, admission, graceful end. **Deliberately absent**: what the pages and endpoints do (`web`), and what a
//! certificate means (`door/verdict.rs` asks the `jpki` room).
//!
//! The door is its own server because a person types the PIN inside its handshake: minutes, own budget, and the front
//! never waits for it (`docs/decisions/0001-certificate-door-spike.md`).

pub mod certificates;
pub mod door;
pub mod front;
pub mod operator;
