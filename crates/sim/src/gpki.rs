//! A small government PKI with a bridge: JPKI, the bridge authority, the authority of an accredited verifier and the
//! commercial registry's (商業登記), with cross-certificates, link certificates after re-keys, policy mappings and lists.
//!
//! The shape is that of the published profiles (cross-certificates kept on both sides, self-issued link certificates,
//! ARL); the policy identifiers are placeholders of ours wherever the published ones are not known.

use domain::Timestamp;

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::certificate::{name, oids};
use crate::keys::{KeyAlgorithm, KeyCache, PrivateKey, Seed};

mod draft;
mod list;
pub use draft::{Draft, Subtrees};
pub use list::{ListDraft, ListEntry};

/// 署名用 certificates of the test environment.
pub const JPKI_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.0.20");
/// The bridge's policy: a placeholder under its published arc.
pub const BRIDGE_POLICY: Oid = Oid::new_unwrap("0.2.440.100145.8.9999.1");
/// A lower policy of the bridge, likewise a placeholder.
pub const BRIDGE_LOW_POLICY: Oid = Oid::new_unwrap("0.2.440.100145.8.9999.2");
/// The commercial registry's certificates.
pub const REGISTRY_POLICY: Oid = Oid::new_unwrap("1.2.392.100300.1.3.2");
/// The accredited verifier's certificates: a placeholder of ours.
pub const VERIFIER_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.99.2.1");

/// A name with one of its keys: an authority in one generation, or a holder.
#[derive(Clone, Debug)]
pub struct Party {
    /// DER of its distinguished name.
    pub name: Vec<u8>,
    /// Its key.
    pub key: PrivateKey,
}

impl Party {
    /// `C=JP, O=…, OU=…` with a key of its own; the same on every machine. Generations share organization and unit and
    /// differ in the label.
    pub fn new(
        organization: &str,
        unit: &str,
        label: &str,
        algorithm: KeyAlgorithm,
    ) -> Result<Self, SimError> {
        let seed = Seed::from_text("gpki");
        Ok(Self {
            name: name(&[
                (oids::COUNTRY, "JP"),
                (oids::ORGANIZATION, organization),
                (oids::ORGANIZATIONAL_UNIT, unit),
            ]),
            key: KeyCache::shared().key(&seed, label, algorithm)?,
        })
    }

    /// The same name with another key.
    pub fn rekeyed(&self, label: &str, algorithm: KeyAlgorithm) -> Result<Self, SimError> {
        Ok(Self {
            name: self.name.clone(),
            key: KeyCache::shared().key(&Seed::from_text("gpki"), label, algorithm)?,
        })
    }

    /// Its self-signed certificate.
    pub fn self_signed(&self, now: Timestamp) -> Result<Vec<u8>, SimError> {
        Draft::authority(1, now).sign(self, self)
    }
}

/// The bridge with its four domains. Every field is a DER certificate unless its type says otherwise; the serial numbers are
/// unique within an issuer's name.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// JPKI 署名用, first key (RSA).
    pub jpki_1: Party,
    /// JPKI 署名用, second key (RSA).
    pub jpki_2: Party,
    /// The bridge, first key (RSA).
    pub bridge_1: Party,
    /// The bridge, second key (P-384).
    pub bridge_2: Party,
    /// The commercial registry (RSA).
    pub registry: Party,
    /// An accredited verifier's authority (P-256).
    pub verifier: Party,
    /// Self-signed, of the first key.
    pub jpki_1_root: Vec<u8>,
    /// Self-signed, of the second key.
    pub jpki_2_root: Vec<u8>,
    /// The second key under the first: newWithOld.
    pub jpki_link: Vec<u8>,
    /// From JPKI's second key to the bridge's second key; maps policies and demands explicit ones.
    pub jpki_to_bridge: Vec<u8>,
    /// The bridge's first key under its second: oldWithNew.
    pub bridge_link: Vec<u8>,
    /// From the bridge's first key to the registry; maps policies.
    pub bridge_to_registry: Vec<u8>,
    /// From the bridge's first key to the registry, valid for longer but without the mapping: leads nowhere.
    pub bridge_to_registry_unmapped: Vec<u8>,
    /// From the bridge's second key to the verifier; maps policies and constrains names.
    pub bridge_to_verifier: Vec<u8>,
    /// From the bridge's second key to the verifier under the lower policy.
    pub bridge_to_verifier_low: Vec<u8>,
    /// From the bridge's second key to JPKI's second key: the other direction, which closes a circle.
    pub bridge_to_jpki: Vec<u8>,
    /// A corporation's certificate.
    pub corporation: Vec<u8>,
    /// The verifier's responder.
    pub responder: Vec<u8>,
    /// A certificate of the verifier's authority for somebody outside its organization.
    pub stray: Vec<u8>,
}

/// Serial number of the cross-certificate from the bridge to the registry.
pub const BRIDGE_TO_REGISTRY_SERIAL: u64 = 12;

impl Bridge {
    /// The bridge at a point in time, the same on every machine.
    pub fn generate(now: Timestamp) -> Result<Self, SimError> {
        let jpki_1 = Party::new(
            "JPKI-TEST",
            "JPKI for digital signature",
            "jpki 1",
            KeyAlgorithm::Rsa2048,
        )?;
        let jpki_2 = jpki_1.rekeyed("jpki 2", KeyAlgorithm::Rsa2048)?;
        let bridge_1 = Party::new(
            "Japanese Government",
            "BridgeCA",
            "bridge 1",
            KeyAlgorithm::Rsa2048,
        )?;
        let bridge_2 = bridge_1.rekeyed("bridge 2", KeyAlgorithm::P384)?;
        let registry = Party::new(
            "Japanese Government",
            "Ministry of Justice Registrar",
            "registry",
            KeyAlgorithm::Rsa2048,
        )?;
        let verifier = Party::new("Verifier Example", "CA", "verifier", KeyAlgorithm::P256)?;
        let corporation = Party::new(
            "Corporation Example",
            "Representative",
            "corporation",
            KeyAlgorithm::Rsa2048,
        )?;
        let responder = Party::new("Verifier Example", "Responder", "responder", KeyAlgorithm::P256)?;
        let stray = Party::new("Somebody Else", "Responder", "stray", KeyAlgorithm::P256)?;
        let within_verifier = Subtrees {
            directories: vec![name(&[
                (oids::COUNTRY, "JP"),
                (oids::ORGANIZATION, "Verifier Example"),
            ])],
            ..Subtrees::default()
        };
        let any = [crate::gpki::ANY_POLICY];
        Ok(Self {
            jpki_1_root: jpki_1.self_signed(now)?,
            jpki_2_root: jpki_2.self_signed(now)?,
            jpki_link: Draft::authority(2, now).policies(&any).sign(&jpki_1, &jpki_2)?,
            jpki_to_bridge: Draft::authority(3, now)
                .policies(&[JPKI_POLICY])
                .mapping(&[(JPKI_POLICY, BRIDGE_POLICY)])
                .policy_constraints(Some(0), None)
                .sign(&jpki_2, &bridge_2)?,
            bridge_link: Draft::authority(11, now)
                .policies(&any)
                .sign(&bridge_2, &bridge_1)?,
            bridge_to_registry: Draft::authority(BRIDGE_TO_REGISTRY_SERIAL, now)
                .path_length(0)
                .policies(&[BRIDGE_POLICY])
                .mapping(&[(BRIDGE_POLICY, REGISTRY_POLICY)])
                .sign(&bridge_1, &registry)?,
            bridge_to_registry_unmapped: Draft::authority(13, now)
                .valid_for_days(900)
                .policies(&[BRIDGE_POLICY])
                .sign(&bridge_1, &registry)?,
            bridge_to_verifier: Draft::authority(14, now)
                .policies(&[BRIDGE_POLICY])
                .mapping(&[(BRIDGE_POLICY, VERIFIER_POLICY)])
                .permitted(&within_verifier)
                .sign(&bridge_2, &verifier)?,
            bridge_to_verifier_low: Draft::authority(15, now)
                .policies(&[BRIDGE_LOW_POLICY])
                .mapping(&[(BRIDGE_LOW_POLICY, VERIFIER_POLICY)])
                .sign(&bridge_2, &verifier)?,
            bridge_to_jpki: Draft::authority(16, now)
                .policies(&[BRIDGE_POLICY])
                .mapping(&[(BRIDGE_POLICY, JPKI_POLICY)])
                .sign(&bridge_2, &jpki_2)?,
            corporation: Draft::holder(1001, now)
                .policies(&[REGISTRY_POLICY])
                .sign(&registry, &corporation)?,
            responder: Draft::holder(2001, now)
                .policies(&[VERIFIER_POLICY])
                .sign(&verifier, &responder)?,
            stray: Draft::holder(2002, now)
                .policies(&[VERIFIER_POLICY])
                .sign(&verifier, &stray)?,
            jpki_1,
            jpki_2,
            bridge_1,
            bridge_2,
            registry,
            verifier,
        })
    }

    /// Everything that lies between, as a validator's operator would keep it: good and bad.
    pub fn between(&self) -> Vec<Vec<u8>> {
        [
            &self.bridge_to_jpki,
            &self.bridge_to_registry_unmapped,
            &self.jpki_link,
            &self.jpki_to_bridge,
            &self.bridge_link,
            &self.bridge_to_registry,
            &self.bridge_to_verifier,
            &self.bridge_to_verifier_low,
        ]
        .into_iter()
        .cloned()
        .collect()
    }

    /// A list of every authority of the path to the corporation, of today; the entries go on the bridge's.
    pub fn lists(
        &self,
        now: Timestamp,
        revoked_by_the_bridge: &[ListEntry],
    ) -> Result<Vec<Vec<u8>>, SimError> {
        Ok(vec![
            ListDraft::new(1, now).sign(&self.jpki_1, &[])?,
            ListDraft::new(2, now).sign(&self.bridge_2, revoked_by_the_bridge)?,
            ListDraft::new(3, now).sign(&self.registry, &[])?,
            ListDraft::new(4, now).sign(&self.verifier, &[])?,
        ])
    }
}

/// anyPolicy, which link certificates carry so that no re-key narrows anything.
pub const ANY_POLICY: Oid = Oid::new_unwrap("2.5.29.32.0");

/// DER of `C=JP, O=…` and any number of units, for names of a test's own.
pub fn directory(organization: &str, units: &[&str]) -> Vec<u8> {
    let mut attributes = vec![(oids::COUNTRY, "JP"), (oids::ORGANIZATION, organization)];
    attributes.extend(units.iter().map(|unit| (oids::ORGANIZATIONAL_UNIT, *unit)));
    name(&attributes)
}

/// A GeneralName for distribution points and constraints: a URI.
pub fn uri(text: &str) -> Vec<u8> {
    asn1::context_primitive(6, text.as_bytes())
}
