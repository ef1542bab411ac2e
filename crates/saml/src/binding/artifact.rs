//! HTTP-Artifact (bindings-2.0-os section 3.6): the browser carries a reference to a message, and the service asks for
//! the message itself.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use domain::Entropy;

use crate::Reason;
use crate::binding::redirect::with_parameters;
use crate::reply::ReplyTo;

/// Type code and endpoint index (section 3.6.4): type 0x0004, our one resolution service.
const HEAD: [u8; 4] = [0x00, 0x04, 0x00, 0x00];
/// Octets of an artifact.
const LENGTH: usize = 44;
/// Seconds for which an artifact can be resolved.
pub const LIFETIME_SECONDS: i64 = 60;

/// An artifact of type 0x0004.
#[derive(Clone, Eq, PartialEq)]
pub struct Artifact {
    source_id: [u8; 20],
    handle: [u8; 20],
}

impl std::fmt::Debug for Artifact {
    /// Who holds it gets the message: it is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Artifact(***)")
    }
}

/// `SourceID`: SHA-1 of the entity ID, which the standard fixes (section 3.6.4). It finds the one to ask and protects
/// nothing.
fn source_id(entity_id: &str) -> [u8; 20] {
    let mut id = [0; 20];
    for (to, from) in id
        .iter_mut()
        .zip(digest(&SHA1_FOR_LEGACY_USE_ONLY, entity_id.as_bytes()).as_ref())
    {
        *to = *from;
    }
    id
}

impl Artifact {
    /// A fresh one, with 160 random bits (the standard asks for a cryptographically strong handle).
    pub fn generate(entity_id: &str, entropy: &dyn Entropy) -> Self {
        Self {
            source_id: source_id(entity_id),
            handle: entropy.array(),
        }
    }

    /// Reads what a service asks with. Another type, another endpoint or another issuer is none of ours.
    pub fn parse(text: &str, entity_id: &str) -> Result<Self, Reason> {
        let octets = xml::decode_base64(text).map_err(|_| Reason::NotBase64)?;
        let whole = <[u8; LENGTH]>::try_from(octets.as_slice()).map_err(|_| Reason::ArtifactOfAnother)?;
        let (head, rest) = whole.split_first_chunk::<4>().ok_or(Reason::ArtifactOfAnother)?;
        let (source, handle) = rest.split_first_chunk::<20>().ok_or(Reason::ArtifactOfAnother)?;
        let handle = <[u8; 20]>::try_from(handle).map_err(|_| Reason::ArtifactOfAnother)?;
        if *head != HEAD || *source != source_id(entity_id) {
            return Err(Reason::ArtifactOfAnother);
        }
        Ok(Self {
            source_id: *source,
            handle,
        })
    }

    /// The random part: hash it before it becomes a name.
    pub fn handle(&self) -> &[u8; 20] {
        &self.handle
    }

    /// As it stands on the wire.
    pub fn to_text(&self) -> String {
        xml::encode_base64(&[&HEAD[..], &self.source_id, &self.handle].concat())
    }

    /// The address that the browser is sent to (section 3.6.3.1).
    pub fn address(&self, reply_to: &ReplyTo) -> String {
        with_parameters(
            reply_to.location(),
            "SAMLart",
            &self.to_text(),
            reply_to.relay_state(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{ACS, IDP, service};

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    /// The source of `https://idp.example/saml/metadata`, from `printf %s … | sha1sum`.
    const SOURCE: &str = "177bc22a39b95668689e7a9ca2b04b9bec3ad24a";

    fn wire(change: impl Fn(&mut Vec<u8>)) -> String {
        let mut octets = xml::decode_base64(&Artifact::generate(IDP, &Sevens).to_text()).unwrap();
        change(&mut octets);
        xml::encode_base64(&octets)
    }

    #[test]
    fn what_is_made_is_read() {
        let artifact = Artifact::generate(IDP, &Sevens);
        let octets = xml::decode_base64(&artifact.to_text()).unwrap();
        assert_eq!(octets[..4], [0, 4, 0, 0]);
        let source: Vec<_> = octets[4..24].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(source.concat(), SOURCE);
        assert_eq!(octets[24..], [7; 20]);
        assert_eq!(Artifact::parse(&wire(|_| {}), IDP), Ok(artifact));
    }

    #[test]
    fn others_are_none_of_ours() {
        for (case, text) in [
            ("type", wire(|o| o[1] = 3)),
            ("endpoint", wire(|o| o[3] = 1)),
            ("source", wire(|o| o[4] ^= 1)),
            ("short", wire(|o| o.truncate(43))),
            ("long", wire(|o| o.push(0))),
            ("empty", String::new()),
        ] {
            assert_eq!(
                Artifact::parse(&text, IDP),
                Err(Reason::ArtifactOfAnother),
                "{case}"
            );
        }
        assert_eq!(Artifact::parse("*", IDP), Err(Reason::NotBase64));
    }

    #[test]
    fn the_address_keeps_the_query_of_the_endpoint() {
        let mut service = service();
        service.unsolicited = true;
        service.assertion_consumer_services[0].location = format!("{ACS}?x=1");
        let reply_to = crate::begin_unsolicited(&service, Some("a b&c")).unwrap();
        let address = Artifact::generate(IDP, &Sevens).address(&reply_to);
        assert!(
            address.starts_with(&format!("{ACS}?x=1&SAMLart=AAQAA")),
            "{address}"
        );
        assert!(address.ends_with("&RelayState=a%20b%26c"), "{address}");
    }
}
