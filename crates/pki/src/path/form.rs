//! Demands of RFC 5280 section 4 on those who issue certificates. Section 6 does not look at them, so they are asked for
//! separately ([`Form::Strict`](crate::Form)).

use crate::extension::{GeneralName, KeyUsage, oids};
use crate::path::pool::Member;
use crate::path::reason::PathReason;

/// Holds the demands on a certificate of a path. The issuer of a trusted authority is not looked for, so its
/// authorityKeyIdentifier may be missing.
pub(super) fn check(member: &Member<'_>, trusted: bool) -> Result<(), PathReason> {
    let extensions = member.certificate.extensions();
    let is_authority = extensions
        .basic_constraints
        .is_some_and(|constraints| constraints.is_authority);
    let signs_certificates = extensions.key_usage.is_some_and(KeyUsage::key_cert_sign);
    let has_path_length = extensions
        .basic_constraints
        .is_some_and(|constraints| constraints.path_length.is_some());
    let demands = [
        (
            extensions.is_critical(oids::AUTHORITY_KEY_ID),
            "authorityKeyIdentifier is not critical (4.2.1.1)",
        ),
        (
            extensions.is_critical(oids::SUBJECT_KEY_ID),
            "subjectKeyIdentifier is not critical (4.2.1.2)",
        ),
        (
            extensions.is_critical(oids::AUTHORITY_INFO_ACCESS),
            "authorityInfoAccess is not critical (4.2.2.1)",
        ),
        (
            !trusted
                && !member.looks_self_signed()
                && extensions
                    .authority_key_id
                    .as_ref()
                    .is_none_or(|id| id.key_id.is_none()),
            "authorityKeyIdentifier with a keyIdentifier is there (4.2.1.1)",
        ),
        (
            is_authority && extensions.subject_key_id.is_none(),
            "an authority has a subjectKeyIdentifier (4.2.1.2)",
        ),
        (
            is_authority && signs_certificates && !extensions.is_critical(oids::BASIC_CONSTRAINTS),
            "an authority's basicConstraints is critical (4.2.1.9)",
        ),
        (
            signs_certificates && !is_authority,
            "keyCertSign goes with cA (4.2.1.3)",
        ),
        (
            has_path_length && !is_authority,
            "pathLenConstraint goes with cA (4.2.1.9)",
        ),
        (
            !is_authority && extensions.name_constraints.is_some(),
            "nameConstraints stands in authorities only (4.2.1.10)",
        ),
        (
            extensions.name_constraints.is_some() && !extensions.is_critical(oids::NAME_CONSTRAINTS),
            "nameConstraints is critical (4.2.1.10)",
        ),
        (
            extensions.policy_constraints.is_some() && !extensions.is_critical(oids::POLICY_CONSTRAINTS),
            "policyConstraints is critical (4.2.1.11)",
        ),
        (
            extensions.inhibit_any_policy.is_some() && !extensions.is_critical(oids::INHIBIT_ANY_POLICY),
            "inhibitAnyPolicy is critical (4.2.1.14)",
        ),
        (
            member.names.subject.is_empty() && !extensions.is_critical(oids::SUBJECT_ALT_NAME),
            "without a subject, subjectAltName is critical (4.2.1.6)",
        ),
        (
            !dns_names_hold(member),
            "dNSName is in the preferred syntax (4.2.1.6)",
        ),
    ];
    match demands.into_iter().find(|(broken, _)| *broken) {
        Some((_, demand)) => Err(PathReason::Form { demand }),
        None => Ok(()),
    }
}

/// RFC 1034 section 3.5 as RFC 1123 widens it, and the wildcard that certificates add. No addresses.
fn dns_names_hold(member: &Member<'_>) -> bool {
    let names = member.certificate.extensions().subject_alt_names.as_deref();
    names.unwrap_or(&[]).iter().all(|name| match name {
        GeneralName::Dns(name) => {
            let host = name.strip_prefix("*.").unwrap_or(name);
            let letters = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
            host.len() <= 253 && host.split('.').all(letters) && !host.rsplit('.').next().is_some_and(numeric)
        }
        _ => true,
    })
}
