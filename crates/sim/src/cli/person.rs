//! Persons: what they hold and what happens to them.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use domain::Timestamp;
use sim::authority::CaKind;
use sim::items::{FourItems, no_substitution};
use sim::person::{Issued, Medium, Person, PersonRequest};
use sim::profile::Municipality;
use sim::{SimError, Simulation};

use super::card::{MakeArguments, list, request};

#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// Register somebody, without certificates.
    New {
        #[command(flatten)]
        items: ItemArguments,
    },
    /// List persons and their certificates.
    List,
    /// Issue 利用者証明用 and 署名用 certificates.
    Issue {
        /// To whom, `person-1`.
        person: String,
        /// Into what.
        #[arg(long, value_enum, default_value_t)]
        medium: Medium,
        /// Only this kind.
        #[arg(long, value_enum)]
        only: Option<CaKind>,
        #[command(flatten)]
        new: MakeArguments,
    },
    /// Replace all valid certificates of a medium; the old ones are superseded and linked.
    Renew {
        /// Whose.
        person: String,
        /// Of what.
        #[arg(long, value_enum, default_value_t)]
        medium: Medium,
        #[command(flatten)]
        new: MakeArguments,
    },
    /// Move, marry: 署名用 certificates are revoked (affiliationChanged), the card gets a new one, 利用者証明用 stay.
    Move {
        /// Who.
        person: String,
        #[command(flatten)]
        items: ItemArguments,
        /// Number of the sample municipality to which the person moves.
        #[arg(long)]
        municipality: Option<u64>,
        /// The card gets no new 署名用 certificate yet.
        #[arg(long)]
        later: bool,
        #[command(flatten)]
        new: MakeArguments,
    },
    /// Die: everything is revoked (affiliationChanged).
    Die {
        /// Who.
        person: String,
    },
    /// Report a loss: everything in the medium is held.
    Lose {
        /// Who.
        person: String,
        /// What.
        #[arg(long, value_enum, default_value_t)]
        medium: Medium,
    },
    /// A new medium after a loss.
    Reissue {
        /// To whom.
        person: String,
        /// What.
        #[arg(long, value_enum, default_value_t)]
        medium: Medium,
        /// J-LIS does not tell that the new certificates follow the old ones.
        #[arg(long)]
        unlinked: bool,
        #[command(flatten)]
        new: MakeArguments,
    },
    /// Take back the consent to tell anybody the latest items.
    Withdraw {
        /// Who.
        person: String,
        /// Give it again.
        #[arg(long)]
        undo: bool,
    },
    /// What J-LIS links to a certificate.
    Links {
        /// Which certificate, `card-1`.
        certificate: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ItemArguments {
    /// 氏名.
    #[arg(long)]
    name: Option<String>,
    /// A digit per character of the name.
    #[arg(long)]
    name_substitution: Option<String>,
    /// 住所.
    #[arg(long)]
    address: Option<String>,
    /// A digit per character of the address.
    #[arg(long)]
    address_substitution: Option<String>,
    /// `EYYYYMMDD`.
    #[arg(long)]
    birth_date: Option<String>,
    /// 1, 2 or 9.
    #[arg(long)]
    sex: Option<String>,
}

impl ItemArguments {
    /// What is said here, and the rest from before.
    fn over(&self, before: &FourItems) -> FourItems {
        let mut items = before.clone();
        if let Some(name) = &self.name {
            items.name.clone_from(name);
            items.name_substitution = no_substitution(name);
        }
        if let Some(address) = &self.address {
            items.address.clone_from(address);
            items.address_substitution = no_substitution(address);
        }
        for (said, place) in [
            (&self.name_substitution, &mut items.name_substitution),
            (&self.address_substitution, &mut items.address_substitution),
            (&self.birth_date, &mut items.birth_date),
            (&self.sex, &mut items.sex),
        ] {
            if let Some(said) = said {
                place.clone_from(said);
            }
        }
        items
    }
}

pub(super) fn run(
    world: &mut Simulation,
    command: &PersonCommand,
    now: Timestamp,
) -> Result<String, SimError> {
    match command {
        PersonCommand::New { items } => {
            let number = u64::try_from(world.persons().len()).unwrap_or(0);
            let asked = PersonRequest {
                items: Some(items.over(&FourItems::sample(number))),
                municipality: None,
            };
            Ok(format!("{}\n", world.new_person(&asked, now)?.id))
        }
        PersonCommand::List => Ok(world.persons().iter().map(|person| said(world, person)).collect()),
        PersonCommand::Issue {
            person,
            medium,
            only,
            new,
        } => {
            let kinds = only.map_or_else(|| CaKind::ALL.to_vec(), |kind| vec![kind]);
            world
                .issue_to(person, *medium, &kinds, &request(new)?, now)
                .map(|issued| ids(&issued))
        }
        PersonCommand::Renew { person, medium, new } => world
            .renew(person, *medium, &request(new)?, now)
            .map(|issued| ids(&issued)),
        PersonCommand::Move {
            person,
            items,
            municipality,
            later,
            new,
        } => {
            let items = items.over(&world.person(person)?.items);
            let renewed = if *later { None } else { Some(request(new)?) };
            world
                .change_items(
                    person,
                    items,
                    municipality.map(Municipality::sample),
                    renewed.as_ref(),
                    now,
                )
                .map(|issued| ids(&issued))
        }
        PersonCommand::Die { person } => world.die(person, now).map(|()| String::new()),
        PersonCommand::Lose { person, medium } => world.lose(person, *medium, now).map(|()| String::new()),
        PersonCommand::Reissue {
            person,
            medium,
            unlinked,
            new,
        } => world
            .reissue(person, *medium, !unlinked, &request(new)?, now)
            .map(|issued| ids(&issued)),
        PersonCommand::Withdraw { person, undo } => {
            world.withdraw_consent(person, !undo).map(|()| String::new())
        }
        PersonCommand::Links { certificate } => {
            let name = world.record(certificate)?.name();
            let mut said = String::new();
            for link in world.links_of(&name).unwrap_or_default() {
                let id = world.find(&link.name).map_or("?", |record| record.id.as_str());
                let _ = writeln!(said, "{:?} {id}", link.kind);
            }
            Ok(said)
        }
    }
}

fn ids(issued: &Issued) -> String {
    issued.all().fold(String::new(), |mut said, record| {
        let _ = writeln!(said, "{}", record.id);
        said
    })
}

fn said(world: &Simulation, person: &Person) -> String {
    let records: Vec<_> = world.certificates_of(&person.id).cloned().collect();
    let state = if person.alive { "" } else { "  dead" };
    let mut said = format!(
        "{}  {}  {}  {}{state}\n",
        person.id, person.items.name, person.items.birth_date, person.municipality.name
    );
    for line in list(&records).lines() {
        let _ = writeln!(said, "  {line}");
    }
    said
}
