//! What no device should send.
