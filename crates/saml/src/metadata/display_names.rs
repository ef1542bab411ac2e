//! Names that people see, as far as the metadata has them.

use xml::Element;

use super::MetadataReason;
use crate::names::{MDUI, METADATA, XML};

/// Characters of a name that are kept.
const NAME_LIMIT: usize = 200;

/// A name in the two languages of our pages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DisplayNames {
    /// 日本語
    pub ja: Option<String>,
    /// English
    pub en: Option<String>,
}

impl DisplayNames {
    /// Collects names in falling order of precedence: `mdui:DisplayName`, `md:ServiceName`,
    /// `md:OrganizationDisplayName`.
    pub(super) fn read(entity: Element<'_>, role: Element<'_>) -> Result<Self, MetadataReason> {
        let mut names = Self::default();
        for extensions in children(role, METADATA, "Extensions")? {
            for info in children(extensions, MDUI, "UIInfo")? {
                names.collect(info, MDUI, "DisplayName")?;
            }
        }
        for consumer in children(role, METADATA, "AttributeConsumingService")? {
            names.collect(consumer, METADATA, "ServiceName")?;
        }
        for parent in [role, entity] {
            for organization in children(parent, METADATA, "Organization")? {
                names.collect(organization, METADATA, "OrganizationDisplayName")?;
            }
        }
        Ok(names)
    }

    fn collect(&mut self, parent: Element<'_>, namespace: &str, local: &str) -> Result<(), MetadataReason> {
        for element in children(parent, namespace, local)? {
            let language = element
                .qualified_attribute(XML, "lang")
                .and_then(domain::Language::from_tag);
            let slot = match language {
                Some(domain::Language::Ja) => &mut self.ja,
                Some(domain::Language::En) => &mut self.en,
                None => continue,
            };
            let text: String = element.text()?.trim().chars().take(NAME_LIMIT).collect();
            if slot.is_none() && !text.is_empty() {
                *slot = Some(text);
            }
        }
        Ok(())
    }
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
