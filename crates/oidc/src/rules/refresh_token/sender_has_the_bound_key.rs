//! A refresh token that is bound to a key comes with proof of that key.

use crate::Reason;
use crate::dpop::DpopFault;
use crate::grants::refresh_token::{Ask, RefreshFault};

/// Where it is written.
pub const CITES: &str = "RFC 9449 section 5 (refresh tokens of public clients are bound); RFC 8705 section 7.1; RFC 9700 section 2.2.2";

/// Refused without withdrawing: the key's owner goes on, and a thief without the key has nothing.
pub fn check(ask: &Ask<'_>) -> Result<(), Reason> {
    if ask.family.jkt.is_some() && ask.family.jkt.as_deref() != ask.sender.jkt {
        return Err(Reason::Dpop(DpopFault::KeyDiffers));
    }
    if ask.family.certificate.is_some() && ask.family.certificate.as_deref() != ask.sender.certificate {
        return Err(Reason::Refresh(RefreshFault::CertificateDiffers));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sender;
    use crate::grants::refresh_token::sample::{Family, refused};

    #[test]
    fn the_key_it_was_bound_to_or_any_where_it_was_not() {
        const NOBODY: Sender<'static> = Sender {
            jkt: None,
            certificate: None,
        };
        const KEY: Sender<'static> = Sender {
            jkt: Some("k"),
            ..NOBODY
        };
        const OTHER: Sender<'static> = Sender {
            jkt: Some("o"),
            ..NOBODY
        };
        const CERTIFICATE: Sender<'static> = Sender {
            certificate: Some("c"),
            ..NOBODY
        };
        let free = Family::new();
        for sender in [NOBODY, KEY, CERTIFICATE] {
            assert_eq!(free.with(|f| f.sender = sender).ask(check), Ok(()));
        }
        let bound = free.with(|f| f.stored.jkt = Some("k".to_owned()));
        assert_eq!(bound.with(|f| f.sender = KEY).ask(check), Ok(()));
        for sender in [NOBODY, OTHER, CERTIFICATE] {
            assert_eq!(
                bound.with(|f| f.sender = sender).ask(check),
                Err(Reason::Dpop(DpopFault::KeyDiffers))
            );
        }
        let bound = free.with(|f| f.stored.certificate = Some("c".to_owned()));
        assert_eq!(bound.with(|f| f.sender = CERTIFICATE).ask(check), Ok(()));
        assert_eq!(
            bound.with(|f| f.sender = KEY).ask(check),
            refused(RefreshFault::CertificateDiffers)
        );
    }
}
