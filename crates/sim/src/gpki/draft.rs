//! Certificates of any shape, right or wrong.

use domain::Timestamp;

use super::Party;
use crate::SimError;
use crate::asn1::{self, Oid};
use crate::certificate::{
    CRL_SIGN, DIGITAL_SIGNATURE, KEY_CERT_SIGN, NON_REPUDIATION, Unsigned, directory_name, extension,
    key_usage, oids, subject_key_identifier,
};

const NAME_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.30");
const POLICY_MAPPINGS: Oid = Oid::new_unwrap("2.5.29.33");
const POLICY_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.36");
const INHIBIT_ANY_POLICY: Oid = Oid::new_unwrap("2.5.29.54");

const DAY_SECONDS: i64 = 86_400;

/// Subtrees of name constraints.
#[derive(Clone, Debug, Default)]
pub struct Subtrees {
    /// DER names.
    pub directories: Vec<Vec<u8>>,
    /// Host names.
    pub hosts: Vec<String>,
}

impl Subtrees {
    fn der(&self) -> Vec<u8> {
        let directories = self.directories.iter().map(|name| directory_name(name));
        let hosts = self
            .hosts
            .iter()
            .map(|host| asn1::context_primitive(2, host.as_bytes()));
        let subtrees: Vec<Vec<u8>> = directories
            .chain(hosts)
            .map(|base| asn1::sequence(&[base]))
            .collect();
        subtrees.concat()
    }
}

/// A certificate to be.
#[derive(Clone, Debug)]
pub struct Draft {
    serial: u64,
    not_before: Timestamp,
    not_after: Timestamp,
    is_authority: bool,
    path_length: Option<u64>,
    usage: u8,
    extensions: Vec<Vec<u8>>,
    key_identifiers: bool,
}

impl Draft {
    /// An authority's, valid from a day before `now` for two years.
    pub fn authority(serial: u64, now: Timestamp) -> Self {
        Self {
            serial,
            not_before: now.plus_seconds(-DAY_SECONDS),
            not_after: now.plus_seconds(730 * DAY_SECONDS),
            is_authority: true,
            path_length: None,
            usage: KEY_CERT_SIGN | CRL_SIGN,
            extensions: Vec::new(),
            key_identifiers: true,
        }
    }

    /// A holder's.
    pub fn holder(serial: u64, now: Timestamp) -> Self {
        Self {
            is_authority: false,
            usage: DIGITAL_SIGNATURE | NON_REPUDIATION,
            ..Self::authority(serial, now)
        }
    }

    /// Another end of validity, in days from the beginning.
    #[must_use]
    pub fn valid_for_days(mut self, days: i64) -> Self {
        self.not_after = self.not_before.plus_seconds(days * DAY_SECONDS);
        self
    }

    /// pathLenConstraint.
    #[must_use]
    pub fn path_length(mut self, length: u64) -> Self {
        self.path_length = Some(length);
        self
    }

    /// keyUsage that may sign lists and nothing else.
    #[must_use]
    pub fn signs_lists_only(mut self) -> Self {
        self.usage = CRL_SIGN;
        self
    }

    /// No key identifiers, so that nothing but names and signatures tells who issued whom.
    #[must_use]
    pub fn without_key_identifiers(mut self) -> Self {
        self.key_identifiers = false;
        self
    }

    /// certificatePolicies.
    #[must_use]
    pub fn policies(self, policies: &[Oid]) -> Self {
        let policies: Vec<Vec<u8>> = policies
            .iter()
            .map(|policy| asn1::sequence(&[asn1::oid(*policy)]))
            .collect();
        self.extension(oids::CERTIFICATE_POLICIES, true, &asn1::sequence(&policies))
    }

    /// policyMappings: issuer's policy, subject's policy.
    #[must_use]
    pub fn mapping(self, pairs: &[(Oid, Oid)]) -> Self {
        let pairs: Vec<Vec<u8>> = pairs
            .iter()
            .map(|(issuer, subject)| asn1::sequence(&[asn1::oid(*issuer), asn1::oid(*subject)]))
            .collect();
        self.extension(POLICY_MAPPINGS, true, &asn1::sequence(&pairs))
    }

    /// policyConstraints: requireExplicitPolicy, inhibitPolicyMapping.
    #[must_use]
    pub fn policy_constraints(self, explicit: Option<u8>, mapping: Option<u8>) -> Self {
        let explicit = explicit.map(|count| asn1::context_primitive(0, &[count]));
        let mapping = mapping.map(|count| asn1::context_primitive(1, &[count]));
        let fields: Vec<Vec<u8>> = explicit.into_iter().chain(mapping).collect();
        self.extension(POLICY_CONSTRAINTS, true, &asn1::sequence(&fields))
    }

    /// inhibitAnyPolicy.
    #[must_use]
    pub fn inhibit_any_policy(self, count: u64) -> Self {
        self.extension(INHIBIT_ANY_POLICY, true, &asn1::integer(count))
    }

    /// nameConstraints with permitted subtrees.
    #[must_use]
    pub fn permitted(self, subtrees: &Subtrees) -> Self {
        let value = asn1::sequence(&[asn1::context(0, &subtrees.der())]);
        self.extension(NAME_CONSTRAINTS, true, &value)
    }

    /// nameConstraints with excluded subtrees.
    #[must_use]
    pub fn excluded(self, subtrees: &Subtrees) -> Self {
        let value = asn1::sequence(&[asn1::context(1, &subtrees.der())]);
        self.extension(NAME_CONSTRAINTS, true, &value)
    }

    /// subjectAltName with host names.
    #[must_use]
    pub fn hosts(self, hosts: &[&str]) -> Self {
        let names: Vec<Vec<u8>> = hosts
            .iter()
            .map(|host| asn1::context_primitive(2, host.as_bytes()))
            .collect();
        self.extension(oids::SUBJECT_ALT_NAME, false, &asn1::sequence(&names))
    }

    /// cRLDistributionPoints with one URI and, where given, the DER name of another cRLIssuer.
    #[must_use]
    pub fn distribution_point(self, uri: &str, crl_issuer: Option<&[u8]>) -> Self {
        let full_name = asn1::context(0, &super::uri(uri));
        let mut fields = vec![asn1::context(0, &full_name)];
        fields.extend(crl_issuer.map(|name| asn1::context(2, &directory_name(name))));
        let points = asn1::sequence(&[asn1::sequence(&fields)]);
        self.extension(oids::CRL_DISTRIBUTION_POINTS, false, &points)
    }

    /// Any extension; `value` is the DER inside the OCTET STRING.
    #[must_use]
    pub fn extension(mut self, oid: Oid, critical: bool, value: &[u8]) -> Self {
        self.extensions.push(extension(oid, critical, value));
        self
    }

    /// The certificate of `subject`, signed by `issuer`.
    pub fn sign(&self, issuer: &Party, subject: &Party) -> Result<Vec<u8>, SimError> {
        let mut extensions = self.extensions.clone();
        if self.is_authority {
            let mut fields = vec![asn1::boolean_true()];
            fields.extend(self.path_length.map(asn1::integer));
            extensions.push(extension(oids::BASIC_CONSTRAINTS, true, &asn1::sequence(&fields)));
        }
        extensions.push(key_usage(self.usage));
        if self.key_identifiers {
            let identifier = asn1::context_primitive(0, &issuer.key.key_identifier());
            let value = asn1::sequence(&[identifier]);
            extensions.push(extension(oids::AUTHORITY_KEY_IDENTIFIER, false, &value));
            extensions.push(subject_key_identifier(&subject.key.key_identifier()));
        }
        Unsigned {
            serial: self.serial.to_be_bytes().to_vec(),
            issuer: &issuer.name,
            subject: &subject.name,
            not_before: self.not_before,
            not_after: self.not_after,
            spki: &subject.key.spki(),
            extensions,
        }
        .sign(&issuer.key)
    }
}
