//! Name constraints along a path (RFC 5280 sections 4.2.1.10, 6.1.3 (b) and (c), 6.1.4 (g)).
//!
//! The intersection of permitted subtrees is kept as what it is made of: a name must lie within one permitted subtree of every
//! authority that has any of its form. So nothing has to be intersected, and the work is names times subtrees, counted.

use crate::extension::{GeneralName, NameConstraints};
use crate::name::CanonicalName;
use crate::path::pool::{Member, subject_emails};
use crate::path::reason::{Bound, PathReason};

mod matching;
use matching::Relation;

/// directoryName's number in GeneralName.
const DIRECTORY: u8 = 4;
const EMAIL: u8 = 1;

/// A subtree's base, or a name under test.
pub(super) enum Form<'a> {
    Email(&'a str),
    Dns(&'a str),
    Directory(CanonicalName),
    Uri(&'a str),
    Ip(&'a [u8]),
    Other(u8),
}

impl<'a> Form<'a> {
    fn of(name: &'a GeneralName) -> Result<Self, PathReason> {
        Ok(match name {
            GeneralName::Email(text) => Self::Email(text),
            GeneralName::Dns(text) => Self::Dns(text),
            GeneralName::Directory(name) => {
                Self::Directory(CanonicalName::of(name).map_err(PathReason::Certificate)?)
            }
            GeneralName::Uri(text) => Self::Uri(text),
            GeneralName::Ip(bytes) => Self::Ip(bytes),
            GeneralName::Other { form, .. } => Self::Other(*form),
        })
    }

    fn number(&self) -> u8 {
        match self {
            Self::Email(_) => EMAIL,
            Self::Dns(_) => 2,
            Self::Directory(_) => DIRECTORY,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other(form) => *form,
        }
    }
}

struct Layer<'a> {
    permitted: Vec<Form<'a>>,
    excluded: Vec<Form<'a>>,
}

/// The constraints of the authorities so far.
#[derive(Default)]
pub(super) struct NameState<'a> {
    layers: Vec<Layer<'a>>,
}

impl<'a> NameState<'a> {
    /// Section 6.1.4 (g).
    pub(super) fn constrain(&mut self, constraints: &'a NameConstraints) -> Result<(), PathReason> {
        let forms = |names: &'a [GeneralName]| names.iter().map(Form::of).collect::<Result<Vec<_>, _>>();
        self.layers.push(Layer {
            permitted: forms(&constraints.permitted)?,
            excluded: forms(&constraints.excluded)?,
        });
        Ok(())
    }

    /// Section 6.1.3 (b) and (c). `left` counts down.
    pub(super) fn check(&self, member: &Member<'_>, left: &mut usize) -> Result<(), PathReason> {
        if self.layers.is_empty() {
            return Ok(());
        }
        if !member.names.subject.is_empty() {
            self.check_one(&Form::Directory(member.names.subject.clone()), left)?;
        }
        let names = member
            .certificate
            .extensions()
            .subject_alt_names
            .as_deref()
            .unwrap_or(&[]);
        for name in names {
            self.check_one(&Form::of(name)?, left)?;
        }
        if !names.iter().any(|name| name.form() == EMAIL) {
            for mailbox in subject_emails(member.certificate).map_err(PathReason::Certificate)? {
                self.check_one(&Form::Email(&mailbox), left)?;
            }
        }
        Ok(())
    }

    fn check_one(&self, name: &Form<'_>, left: &mut usize) -> Result<(), PathReason> {
        let form = name.number();
        for layer in &self.layers {
            for base in layer.excluded.iter().filter(|base| base.number() == form) {
                match compare(name, base, left)? {
                    Relation::Apart => {}
                    Relation::Within | Relation::Touches => return Err(PathReason::NameExcluded { form }),
                }
            }
            let mut constrained = false;
            let mut permitted = false;
            for base in layer.permitted.iter().filter(|base| base.number() == form) {
                constrained = true;
                if compare(name, base, left)? == Relation::Within {
                    permitted = true;
                    break;
                }
            }
            if constrained && !permitted {
                return Err(PathReason::NameNotPermitted { form });
            }
        }
        Ok(())
    }
}

fn compare(name: &Form<'_>, base: &Form<'_>, left: &mut usize) -> Result<Relation, PathReason> {
    *left = left
        .checked_sub(1)
        .ok_or(PathReason::BudgetSpent(Bound::NameComparisons))?;
    let form = name.number();
    let relation = match (name, base) {
        (Form::Directory(name), Form::Directory(base)) => Some(Relation::from(name.is_within(base))),
        (Form::Dns(name), Form::Dns(base)) => matching::dns(name, base),
        (Form::Email(name), Form::Email(base)) => matching::email(name, base),
        (Form::Uri(name), Form::Uri(base)) => matching::uri(name, base),
        (Form::Ip(name), Form::Ip(base)) => Some(matching::ip(name, base)),
        _ => return Err(PathReason::ConstraintUnsupported { form }),
    };
    relation.ok_or(PathReason::NameUnreadable { form })
}
