//! What goes out about a person, by the names of `saml::release`; the profile is in `docs/attributes.md`.

use domain::{
    AssuranceLevel, AuthenticationMethod, NameIdFormat, PseudonymValue, ReleasedAttribute,
    RevocationCertainty, SectorId, Timestamp,
};
use saml::release::{self, SubjectId};
use saml::reply::Attribute;

use crate::web::enrolment::register::Items;
use crate::web::error::Problem;

/// The sector of subject identifiers that are the same at every service (saml-subject-id-attr-v1.0 section 3.3): a name that
/// no registered sector has.
pub fn everywhere() -> Result<SectorId, Problem> {
    "sec_00000000000000000000000000000000"
        .parse()
        .map_err(|error| Problem::Fault(format!("the sector of subject identifiers: {error:?}")))
}

/// What is known about a person and may be told.
pub struct Person<'a> {
    /// What was agreed to, and is asked for.
    pub released: &'a [ReleasedAttribute],
    /// The name within the sector.
    pub pseudonym: &'a PseudonymValue,
    /// Which subject identifier goes out, and from which value it is made.
    pub subject: (SubjectId, &'a PseudonymValue),
    /// What stands behind its `@`.
    pub scope: &'a str,
    /// The format of the name identifier beside them.
    pub format: NameIdFormat,
    /// The level reached.
    pub level: AssuranceLevel,
    /// How certain it is that the certificate is not revoked.
    pub certainty: RevocationCertainty,
    /// When the card was used.
    pub authenticated_at: Timestamp,
    /// How.
    pub method: AuthenticationMethod,
    /// 基本4情報, as far as they are held.
    pub items: &'a Items,
}

impl Person<'_> {
    /// What the person was shown, and nothing else.
    pub fn attributes(&self) -> Vec<Attribute> {
        let mut attributes: Vec<Attribute> = self.released.iter().flat_map(|one| self.values(*one)).collect();
        let (kind, value) = self.subject;
        if let (Some(name), Some(text)) = (kind.name(), release::scoped(value, self.scope)) {
            attributes.push(named(name, text));
        }
        attributes
    }

    fn values(&self, attribute: ReleasedAttribute) -> Vec<Attribute> {
        let values: Vec<Option<String>> = match attribute {
            // Whoever asks for a transient name gets no other one beside it, unless its metadata asks for that one.
            ReleasedAttribute::Pseudonym if self.format == NameIdFormat::Transient => Vec::new(),
            ReleasedAttribute::Pseudonym => vec![Some(self.pseudonym.as_str().to_owned())],
            ReleasedAttribute::AssuranceLevel => vec![
                Some(self.level.ial.digit().to_owned()),
                Some(self.level.aal.digit().to_owned()),
                Some(self.certainty.as_str().to_owned()),
            ],
            ReleasedAttribute::AuthenticationTime => vec![Some(self.authenticated_at.to_string())],
            ReleasedAttribute::AuthenticationMethod => vec![Some(self.method.as_str().to_owned())],
            ReleasedAttribute::Name => flagged(self.items.name.as_ref()),
            ReleasedAttribute::Address => flagged(self.items.address.as_ref()),
            ReleasedAttribute::BirthDate => vec![self.items.birth_date.clone()],
            ReleasedAttribute::Gender => vec![self.items.sex.clone()],
        };
        release::names_of(attribute)
            .iter()
            .zip(values)
            .filter_map(|(name, value)| value.map(|value| named(name, value)))
            .collect()
    }
}

fn flagged(item: Option<&(String, String)>) -> Vec<Option<String>> {
    item.map(|(text, flags)| vec![Some(text.clone()), Some(flags.clone())])
        .unwrap_or_default()
}

fn named(name: &str, value: String) -> Attribute {
    Attribute {
        name: name.to_owned(),
        friendly_name: name.rsplit(':').next().map(str::to_owned),
        values: vec![value],
    }
}
