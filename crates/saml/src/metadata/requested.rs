//! What a service asks for in its metadata: sets of attributes, and a subject identifier.

use domain::{AttributeConsumingService, RequestedAttribute, SubjectIdRequirement};
use xml::Element;

use super::MetadataReason;
use super::service_provider::{named, value};
use crate::elements::{any_uri, boolean, unsigned_short};
use crate::names::{ASSERTION, MDATTR};

/// Sets that are read.
const SET_LIMIT: usize = 32;
/// Attributes of one set that are read.
const ATTRIBUTE_LIMIT: usize = 128;
/// saml-subject-id-attr-v1.0 section 5.
const REQUIREMENT: &str = "urn:oasis:names:tc:SAML:profiles:subject-id:req";

/// `md:AttributeConsumingService` (metadata-2.0-os section 2.4.4.1). Values that a service wants are not looked at.
pub(super) fn attribute_services(
    role: Element<'_>,
) -> Result<Vec<AttributeConsumingService>, MetadataReason> {
    let mut found: Vec<AttributeConsumingService> = Vec::new();
    for element in named(role, "AttributeConsumingService")? {
        let index = value("index", element.attribute("index"), unsigned_short)?
            .ok_or(MetadataReason::Missing { what: "index" })?;
        if found.iter().any(|set| set.index == index) {
            return Err(MetadataReason::AttributeSetRepeated { index });
        }
        if found.len() == SET_LIMIT {
            return Err(MetadataReason::TooMany {
                what: "AttributeConsumingService",
            });
        }
        found.push(AttributeConsumingService {
            index,
            is_default: value("isDefault", element.attribute("isDefault"), boolean)?,
            attributes: requested(element)?,
        });
    }
    Ok(found)
}

fn requested(set: Element<'_>) -> Result<Vec<RequestedAttribute>, MetadataReason> {
    let mut found = Vec::new();
    for element in named(set, "RequestedAttribute")? {
        if found.len() == ATTRIBUTE_LIMIT {
            return Err(MetadataReason::TooMany {
                what: "RequestedAttribute",
            });
        }
        found.push(RequestedAttribute {
            name: value("Name", element.attribute("Name"), any_uri)?
                .ok_or(MetadataReason::Missing { what: "Name" })?,
            required: value("isRequired", element.attribute("isRequired"), boolean)?.unwrap_or_default(),
        });
    }
    Ok(found)
}

/// The entity attribute (sstc-metadata-attr section 2.3): one value, of the four that the profile has.
pub(super) fn subject_id(entity: Element<'_>) -> Result<Option<SubjectIdRequirement>, MetadataReason> {
    const BAD: MetadataReason = MetadataReason::InvalidValue {
        what: "subject-id:req",
    };
    let mut found = None;
    for extensions in named(entity, "Extensions")? {
        for attributes in children(extensions, MDATTR, "EntityAttributes")? {
            for attribute in children(attributes, ASSERTION, "Attribute")? {
                if attribute.attribute("Name") != Some(REQUIREMENT) {
                    continue;
                }
                for one in children(attribute, ASSERTION, "AttributeValue")? {
                    let word = one.text()?;
                    let requirement = match word.trim() {
                        "subject-id" => SubjectIdRequirement::SubjectId,
                        "pairwise-id" => SubjectIdRequirement::PairwiseId,
                        "any" => SubjectIdRequirement::Any,
                        "none" => SubjectIdRequirement::None,
                        _ => return Err(BAD),
                    };
                    if found.replace(requirement).is_some() {
                        return Err(BAD);
                    }
                }
            }
        }
    }
    Ok(found)
}

fn children<'d>(
    parent: Element<'d>,
    namespace: &str,
    local: &str,
) -> Result<Vec<Element<'d>>, MetadataReason> {
    Ok(parent
        .elements()?
        .into_iter()
        .filter(|e| e.is(namespace, local))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::read_service_provider;

    fn metadata(extensions: &str, sets: &str) -> String {
        format!(
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/">{extensions}<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/>{sets}</SPSSODescriptor></EntityDescriptor>"#
        )
    }

    fn requirement(words: &[&str]) -> Result<Option<SubjectIdRequirement>, MetadataReason> {
        let values: Vec<_> = words
            .iter()
            .map(|word| format!("<a:AttributeValue> {word}\n</a:AttributeValue>"))
            .collect();
        let values = values.concat();
        let text = format!(
            r#"<Extensions><m:EntityAttributes xmlns:m="{MDATTR}" xmlns:a="{ASSERTION}"><a:Attribute Name="urn:other"><a:AttributeValue>x</a:AttributeValue></a:Attribute><a:Attribute Name="{REQUIREMENT}">{values}</a:Attribute></m:EntityAttributes></Extensions>"#
        );
        let read = read_service_provider(metadata(&text, "").as_bytes())?;
        Ok(read.settings.subject_id_requirement)
    }

    #[test]
    fn the_subject_identifier() {
        use SubjectIdRequirement::{Any, None as Neither, PairwiseId, SubjectId};
        for (word, expected) in [
            ("subject-id", SubjectId),
            ("pairwise-id", PairwiseId),
            ("any", Any),
            ("none", Neither),
        ] {
            assert_eq!(requirement(&[word]).unwrap(), Some(expected));
        }
        for words in [&["subject-id", "any"][..], &["Any"], &[""], &["none", "none"]] {
            assert_eq!(
                requirement(words).unwrap_err(),
                MetadataReason::InvalidValue {
                    what: "subject-id:req"
                },
                "{words:?}"
            );
        }
        let silent = read_service_provider(metadata("", "").as_bytes()).unwrap();
        assert_eq!(silent.settings.subject_id_requirement, None);
    }

    #[test]
    fn sets_of_attributes() {
        let name = r#"<ServiceName xml:lang="en">x</ServiceName>"#;
        let sets = format!(
            r#"<AttributeConsumingService index="4">{name}<RequestedAttribute Name="urn:a" isRequired="true"/><RequestedAttribute Name="urn:b"/></AttributeConsumingService><AttributeConsumingService index="1" isDefault="1">{name}<RequestedAttribute Name="urn:c"/></AttributeConsumingService>"#
        );
        let read = read_service_provider(metadata("", &sets).as_bytes())
            .unwrap()
            .settings;
        let of = |set: &AttributeConsumingService| -> Vec<(String, bool)> {
            set.attributes
                .iter()
                .map(|a| (a.name.clone(), a.required))
                .collect()
        };
        assert_eq!(
            of(&read.attribute_services[0]),
            [("urn:a".to_owned(), true), ("urn:b".to_owned(), false)]
        );
        assert_eq!(read.attribute_services[1].is_default, Some(true));
        for (bad, expected) in [
            (
                sets.replace("index=\"4\"", "index=\"1\""),
                MetadataReason::AttributeSetRepeated { index: 1 },
            ),
            (
                sets.replace("index=\"4\"", ""),
                MetadataReason::Missing { what: "index" },
            ),
            (
                sets.replace("Name=\"urn:a\"", ""),
                MetadataReason::Missing { what: "Name" },
            ),
            (
                sets.replace("isRequired=\"true\"", "isRequired=\"yes\""),
                MetadataReason::InvalidValue { what: "isRequired" },
            ),
        ] {
            assert_eq!(
                read_service_provider(metadata("", &bad).as_bytes()).unwrap_err(),
                expected
            );
        }
    }
}
