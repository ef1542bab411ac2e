//! The end-entity certificates of a card, true to the profile (J-LIS's 認証局運用規程, www.jpki.go.jp/cps.html, and test cards) or wrong on demand.
//!
//! LIKELY facts are followed where nothing is CONFIRMED: the distribution point's name, the issuer's alternative
//! name, the test policy of the authentication certificate. The OCSP address ends in `.invalid` on purpose.

use domain::Timestamp;
use rand_chacha_03::rand_core::RngCore as _;
use serde::{Deserialize, Serialize};

use crate::SimError;
use crate::asn1::{self, Oid};
use crate::authority::{Authority, CaKind, Hierarchy, distribution_point_name, japanese_names};
use crate::certificate::{
    DIGITAL_SIGNATURE, KEY_CERT_SIGN, KEY_ENCIPHERMENT, NON_REPUDIATION, Unsigned, authority_constraints,
    directory_name, distribution_point, extended_key_usage, extension, key_usage, name, oids,
    subject_key_identifier,
};
use crate::fault::Fault;
use crate::items::{FourItems, ItemsFault};
use crate::keys::{PrivateKey, Seed};

const AUTHENTICATION_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.3.30");
const AUTHENTICATION_TEST_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.0.30");
const SIGNING_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.1.20");
const SIGNING_TEST_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.0.20");
const UNREGISTERED_POLICY: Oid = Oid::new_unwrap("1.2.392.200149.8.5.1.9.99");
const UNKNOWN_EXTENSION: Oid = Oid::new_unwrap("1.3.6.1.4.1.99999.1");

/// Where a card was issued.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Municipality {
    /// Prefecture in romaji.
    pub prefecture: String,
    /// City, town or village in romaji.
    pub name: String,
    /// The five digits of 全国地方公共団体コード without check digit.
    pub code: String,
}

impl Municipality {
    /// A few to choose from by number.
    pub fn sample(number: u64) -> Self {
        const SAMPLES: [(&str, &str, &str); 4] = [
            ("Tokyo-to", "Kiyose-shi", "13221"),
            ("Ehime-ken", "Matsuyama-shi", "38201"),
            ("Ibaraki-ken", "Mito-shi", "08201"),
            ("Hyogo-ken", "Kobe-shi", "28100"),
        ];
        let place = usize::try_from(number % 4).unwrap_or(0);
        let (prefecture, name, code) =
            SAMPLES
                .get(place)
                .copied()
                .unwrap_or(("Tokyo-to", "Kiyose-shi", "13221"));
        Self {
            prefecture: prefecture.into(),
            name: name.into(),
            code: code.into(),
        }
    }
}

/// What a certificate is made from.
pub(crate) struct EndEntity<'a> {
    pub(crate) authority: &'a Authority,
    pub(crate) serial: u64,
    pub(crate) key: &'a PrivateKey,
    pub(crate) municipality: &'a Municipality,
    /// What a 署名用 certificate says of the person.
    pub(crate) items: &'a FourItems,
    pub(crate) items_fault: Option<ItemsFault>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) fault: Option<Fault>,
    /// Signs in place of the authority's key, for [`Fault::ForgedSignature`].
    pub(crate) forger: Option<&'a PrivateKey>,
}

/// The 23 characters that stand for a person: opaque, except that characters 15 to 19 are the municipality's code
/// (as read off one test card).
pub(crate) fn common_name(seed: &Seed, serial: u64, municipality: &Municipality) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut chance = seed.stream(&format!("common name {serial}"));
    let mut pick = |among: u32| {
        let place = usize::try_from(chance.next_u32() % among).unwrap_or(0);
        char::from(ALPHABET.get(place).copied().unwrap_or(b'0'))
    };
    let mut text: String = (0..14).map(|_| pick(36)).collect();
    text.push_str(&municipality.code);
    text.extend((0..3).map(|_| pick(10)));
    text.push('A');
    text
}

impl EndEntity<'_> {
    pub(crate) fn certificate(&self, seed: &Seed) -> Result<Vec<u8>, SimError> {
        let authority = self.authority;
        let common_name = common_name(seed, self.serial, self.municipality);
        let subject = match authority.kind {
            CaKind::UserAuthentication => name(&[(oids::COUNTRY, "JP"), (oids::COMMON_NAME, &common_name)]),
            CaKind::DigitalSignature => name(&[
                (oids::COUNTRY, "JP"),
                (oids::LOCALITY, &self.municipality.prefecture),
                (oids::LOCALITY, &self.municipality.name),
                (oids::COMMON_NAME, &common_name),
            ]),
        };
        Unsigned {
            serial: self.serial.to_be_bytes().to_vec(),
            issuer: &authority.name,
            subject: &subject,
            not_before: self.not_before,
            not_after: self.not_after,
            spki: &self.key.spki(),
            extensions: self.extensions(),
        }
        .sign(self.forger.unwrap_or(&authority.key))
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let authority = self.authority;
        let own_identifier = subject_key_identifier(&self.key.key_identifier());
        let mut all = Vec::new();
        all.extend(self.key_usage());
        all.extend(self.extended_key_usage());
        all.extend(self.policies());
        if authority.kind == CaKind::DigitalSignature {
            all.extend(self.items.subject_alt_name(self.items_fault));
        }
        all.push(extension(
            oids::ISSUER_ALT_NAME,
            false,
            &japanese_names(authority.kind),
        ));
        let area = self.municipality;
        all.push(distribution_point(&distribution_point_name(
            authority.hierarchy,
            authority.kind,
            &area.prefecture,
            &area.name,
        )));
        all.push(ocsp_address(authority.kind));
        all.push(authority_key_identifier(authority));
        all.push(own_identifier.clone());
        match self.fault {
            Some(Fault::DuplicateExtension) => all.push(own_identifier),
            Some(Fault::UnknownCriticalExtension) => {
                all.push(extension(UNKNOWN_EXTENSION, true, &asn1::utf8("what is this?")));
            }
            Some(Fault::AuthorityCertificate) => all.push(authority_constraints()),
            _ => {}
        }
        all
    }

    fn key_usage(&self) -> Option<Vec<u8>> {
        match (self.fault, self.authority.kind) {
            (Some(Fault::NoKeyUsage), _) => None,
            (Some(Fault::WrongKeyUsage), _) => Some(key_usage(KEY_ENCIPHERMENT)),
            (Some(Fault::AuthorityKeyUsage), _) => Some(key_usage(DIGITAL_SIGNATURE | KEY_CERT_SIGN)),
            (Some(Fault::MangledExtension), _) => {
                Some(extension(oids::KEY_USAGE, true, &asn1::utf8("mangled")))
            }
            (_, CaKind::UserAuthentication) => Some(key_usage(DIGITAL_SIGNATURE)),
            (_, CaKind::DigitalSignature) => Some(key_usage(DIGITAL_SIGNATURE | NON_REPUDIATION)),
        }
    }

    fn extended_key_usage(&self) -> Option<Vec<u8>> {
        match (self.fault, self.authority.kind) {
            (Some(Fault::NoExtendedKeyUsage), _) | (_, CaKind::DigitalSignature) => None,
            (Some(Fault::WrongExtendedKeyUsage), _) => Some(extended_key_usage(oids::SERVER_AUTH)),
            _ => Some(extended_key_usage(oids::CLIENT_AUTH)),
        }
    }

    fn policies(&self) -> Option<Vec<u8>> {
        let production = self.authority.hierarchy == Hierarchy::ProductionNamed;
        let signing = if production {
            SIGNING_POLICY
        } else {
            SIGNING_TEST_POLICY
        };
        let policy = match (self.fault, self.authority.kind) {
            (Some(Fault::NoPolicy), _) => return None,
            (Some(Fault::WrongPolicy), _) => UNREGISTERED_POLICY,
            (Some(Fault::SigningPolicy), _) | (_, CaKind::DigitalSignature) => signing,
            _ if production => AUTHENTICATION_POLICY,
            _ => AUTHENTICATION_TEST_POLICY,
        };
        let qualifier = asn1::sequence(&[asn1::oid(oids::CPS), asn1::ia5("http://www.jpki.go.jp/cps.html")]);
        let information = asn1::sequence(&[asn1::oid(policy), asn1::sequence(&[qualifier])]);
        Some(extension(
            oids::CERTIFICATE_POLICIES,
            true,
            &asn1::sequence(&[information]),
        ))
    }
}

fn ocsp_address(kind: CaKind) -> Vec<u8> {
    let address = match kind {
        CaKind::UserAuthentication => "http://ocspauthnorm.jpki.invalid",
        CaKind::DigitalSignature => "http://ocspsignnorm.jpki.invalid",
    };
    let access = asn1::sequence(&[
        asn1::oid(oids::OCSP),
        asn1::context_primitive(6, address.as_bytes()),
    ]);
    extension(oids::AUTHORITY_INFO_ACCESS, false, &asn1::sequence(&[access]))
}

/// Key identifier, issuer and serial number of the authority's own certificate.
fn authority_key_identifier(authority: &Authority) -> Vec<u8> {
    let serial = asn1::unsigned(&authority.serial.to_be_bytes());
    // `[2] IMPLICIT INTEGER`: the INTEGER's own tag and length (short form) give way.
    let serial_content = serial.get(2..).unwrap_or_default();
    let value = asn1::sequence(&[
        asn1::context_primitive(0, &authority.key.key_identifier()),
        asn1::context(1, &directory_name(&authority.name)),
        asn1::context_primitive(2, serial_content),
    ]);
    extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &value)
}
