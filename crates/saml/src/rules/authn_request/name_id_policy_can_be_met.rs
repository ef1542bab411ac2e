//! The name identifier that is wanted is one that we issue, in the service's own namespace.

use domain::NameIdFormat;

use super::{Asked, Rule};
use crate::elements::AuthnRequest;
use crate::names::{FORMAT_UNSPECIFIED, name_id_format};
use crate::{Reason, ServiceFacts};

pub(crate) const RULE: Rule = Rule {
    name: "name_id_policy_can_be_met",
    citation: "saml-core-2.0-os 3.4.1.1, 8.3",
    check,
};

fn check(asked: &Asked<'_>) -> Result<(), Reason> {
    resolve(asked.request, asked.service).map(drop)
}

/// The format to issue: the wanted one, else the first of the service's metadata, else the pairwise pseudonym.
pub(crate) fn resolve(request: &AuthnRequest, service: &ServiceFacts) -> Result<NameIdFormat, Reason> {
    let preferred = service
        .name_id_formats
        .first()
        .copied()
        .unwrap_or(NameIdFormat::Persistent);
    let Some(policy) = &request.name_id_policy else {
        return Ok(preferred);
    };
    if let Some(qualifier) = &policy.sp_name_qualifier
        && *qualifier != service.entity_id
    {
        return Err(Reason::NameQualifierOfAnother {
            found: Reason::bounded(qualifier),
        });
    }
    match policy.format.as_deref() {
        None | Some(FORMAT_UNSPECIFIED) => Ok(preferred),
        Some(uri) => name_id_format(uri).ok_or_else(|| Reason::NameIdFormatUnsupported {
            found: Reason::bounded(uri),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::NameIdPolicy;
    use crate::names::{FORMAT_PERSISTENT, FORMAT_TRANSIENT};
    use crate::samples::{SP, Sample, accepts, refuses};

    fn wants(format: Option<&str>, qualifier: Option<&str>) -> impl Fn(&mut Sample) {
        move |s| {
            s.request.name_id_policy = Some(NameIdPolicy {
                format: format.map(str::to_owned),
                sp_name_qualifier: qualifier.map(str::to_owned),
                allow_create: true,
            });
        }
    }

    #[test]
    fn the_wanted_format_or_the_preferred_one() {
        use NameIdFormat::{Persistent, Transient};
        for (format, registered, expected) in [
            (Some(FORMAT_PERSISTENT), vec![], Persistent),
            (Some(FORMAT_TRANSIENT), vec![], Transient),
            (Some(FORMAT_PERSISTENT), vec![Transient], Persistent),
            (Some(FORMAT_UNSPECIFIED), vec![Transient, Persistent], Transient),
            (None, vec![Transient], Transient),
            (None, vec![], Persistent),
        ] {
            let mut sample = Sample::new();
            sample.service.name_id_formats = registered;
            wants(format, Some(SP))(&mut sample);
            assert_eq!(
                resolve(&sample.request, &sample.service),
                Ok(expected),
                "{format:?}"
            );
        }
        accepts(check, |s| s.request.name_id_policy = None);
    }

    #[test]
    fn refused() {
        for format in [
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted",
            "persistent",
        ] {
            refuses(
                check,
                wants(Some(format), None),
                &Reason::NameIdFormatUnsupported {
                    found: format.to_owned(),
                },
            );
        }
        refuses(
            check,
            wants(Some(FORMAT_PERSISTENT), Some("https://other.example")),
            &Reason::NameQualifierOfAnother {
                found: "https://other.example".to_owned(),
            },
        );
    }
}
