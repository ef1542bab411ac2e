//! Cards: make, list, renew, export, use, revoke.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::Timestamp;
use sim::authority::CaKind;
use sim::card::{Card, CardSigning, internal_authentication};
use sim::cms::{CmsFault, CmsOptions, signed_data};
use sim::crl::RevocationReason;
use sim::fault::Fault;
use sim::items::ItemsFault;
use sim::keys::KeyAlgorithm;
use sim::person::Medium;
use sim::record::CardRecord;
use sim::{CardRequest, SimError, Simulation};

use super::{DAY_SECONDS, MachineEntropy, io, machine_now, time, write};

#[derive(Debug, Subcommand)]
pub(crate) enum CardCommand {
    /// Issue a card.
    Make(MakeArguments),
    /// List the cards.
    List,
    /// Replace a card: the old one is revoked as superseded and linked to the new one.
    Renew {
        /// The card to replace, `card-1`.
        card: String,
        #[command(flatten)]
        new: MakeArguments,
    },
    /// Write the card as PKCS#12 or PEM, or put it into an NSS database.
    Export {
        /// Which card.
        card: String,
        /// Write PKCS#12 here.
        #[arg(long)]
        p12: Option<PathBuf>,
        /// Its password.
        #[arg(long, default_value = "demo")]
        password: String,
        /// Write certificate, issuer and key as PEM here.
        #[arg(long)]
        pem: Option<PathBuf>,
        /// Put the card into the NSS database in this folder (needs libnss3-tools).
        #[arg(long)]
        nss: Option<PathBuf>,
    },
    /// Sign a file's SHA-256 on the card (PKCS#1 v1.5, or ECDSA with SHA-384), hexadecimal.
    Sign {
        /// Which card.
        card: String,
        /// Four digits; three wrong ones lock the card.
        #[arg(long)]
        pin: String,
        /// What to sign.
        file: PathBuf,
    },
    /// Sign a document with the 署名用 key, as the card's software does: CMS SignedData, or the bare signature.
    SignDocument {
        /// Which certificate (`sign-2`), or whose (`person-1`).
        #[arg(long)]
        card: String,
        /// 6 to 16 upper-case letters and digits; five wrong ones lock the key.
        #[arg(long, default_value = "PASSWORD1")]
        password: String,
        /// The document.
        #[arg(long = "in")]
        input: PathBuf,
        /// Where the signature goes.
        #[arg(long)]
        out: PathBuf,
        /// Leave the document out of the CMS structure.
        #[arg(long)]
        detached: bool,
        /// The bare signature: PKCS#1 v1.5 over SHA-256, or ECDSA over SHA-384.
        #[arg(long, conflicts_with = "detached")]
        raw: bool,
        /// signingTime (RFC 3339); now by default.
        #[arg(long)]
        at: Option<String>,
        /// What shall be wrong with the CMS structure.
        #[arg(long, value_enum)]
        fault: Option<CmsFault>,
    },
    /// Sign a challenge with the 利用者証明用 key: the bytes are hashed and signed as a DigestInfo (or with ECDSA).
    SignChallenge {
        /// Which certificate (`card-1`), or whose (`person-1`).
        #[arg(long)]
        card: String,
        /// Four digits.
        #[arg(long, default_value = "1234")]
        pin: String,
        /// The challenge.
        #[arg(long = "in")]
        input: PathBuf,
        /// Where the signature goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Answer a challenge without PIN. A placeholder: HMAC-SHA-256 with the date of birth as key.
    AnswerWithoutPin {
        /// Which certificate, or whose.
        #[arg(long)]
        card: String,
        /// `YYYYMMDD`, as the terminal was told.
        #[arg(long)]
        birth_date: String,
        /// The challenge.
        #[arg(long = "in")]
        input: PathBuf,
        /// Where the answer goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write the certificate as DER.
    Certificate {
        /// Which one, or whose 利用者証明用 one.
        #[arg(long)]
        card: String,
        /// Where it goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Revoke the card's certificate. A list must be published for anybody to learn of it.
    Revoke {
        /// Which card.
        card: String,
        /// Why.
        #[arg(long, value_enum, default_value_t = RevocationReason::CessationOfOperation)]
        reason: RevocationReason,
    },
}

#[derive(Args, Debug)]
pub(super) struct MakeArguments {
    /// rsa2048 is today's card, p384 the next one.
    #[arg(long, value_enum, default_value_t = KeyAlgorithm::Rsa2048)]
    alg: KeyAlgorithm,
    /// How its middleware signs; by default PKCS#1 only for RSA.
    #[arg(long, value_enum)]
    signing: Option<CardSigning>,
    /// Key generation of the authority.
    #[arg(long, default_value_t = sim::simulation::CURRENT_GENERATION)]
    generation: u8,
    /// Begin of validity (RFC 3339); now by default.
    #[arg(long)]
    valid_from: Option<String>,
    /// Days of validity; to the fifth birthday by default.
    #[arg(long)]
    days: Option<u16>,
    /// Four digits.
    #[arg(long, default_value = "1234")]
    pin: String,
    /// 6 to 16 upper-case letters and digits, of a 署名用 key.
    #[arg(long, default_value = "PASSWORD1")]
    password: String,
    /// What shall be wrong with it.
    #[arg(long, value_enum)]
    fault: Option<Fault>,
    /// What shall be wrong with the 基本4情報 of a 署名用 certificate.
    #[arg(long, value_enum)]
    items_fault: Option<ItemsFault>,
}

pub(super) fn run(world: &mut Simulation, command: &CardCommand, now: Timestamp) -> Result<String, SimError> {
    match command {
        CardCommand::Make(arguments) => {
            let record = world.make_card(&request(arguments)?, now)?;
            Ok(format!("{}\n", record.id))
        }
        CardCommand::Renew { card, new } => {
            let record = world.renew_card(card, &request(new)?, now)?;
            Ok(format!("{}\n", record.id))
        }
        CardCommand::List => Ok(list(world.cards())),
        CardCommand::Revoke { card, reason } => {
            world.revoke(card, *reason, now)?;
            Ok(String::new())
        }
        CardCommand::Sign { card, pin, file } => {
            let message = fs::read(file).map_err(io(file))?;
            let signature = on_card(world, card, |_, chip| chip.sign(pin, &message))?;
            let mut said = String::new();
            for byte in signature {
                let _ = write!(said, "{byte:02x}");
            }
            Ok(said + "\n")
        }
        CardCommand::SignDocument { .. }
        | CardCommand::SignChallenge { .. }
        | CardCommand::AnswerWithoutPin { .. } => sign(world, command, now),
        CardCommand::Certificate { card, out } => {
            let id = which(world, card, CaKind::UserAuthentication)?;
            write(out, &world.record(&id)?.certificate.0)?;
            Ok(String::new())
        }
        CardCommand::Export {
            card,
            p12,
            password,
            pem,
            nss,
        } => {
            if p12.is_none() && pem.is_none() && nss.is_none() {
                return Err(SimError::Request("say --p12, --pem or --nss".into()));
            }
            let chip = world.card(card)?;
            if let Some(path) = p12 {
                let content =
                    sim::pkcs12::pkcs12(chip.certificate(), chip.key(), password, card, &MachineEntropy)?;
                write(path, &content)?;
            }
            if let Some(path) = pem {
                write(path, sim::export::card_pem(&chip)?.as_bytes())?;
            }
            if let Some(folder) = nss {
                sim::export::card_into_nss(&chip, card, folder, &MachineEntropy)?;
            }
            Ok(String::new())
        }
    }
}

/// What the card's software does with a file.
fn sign(world: &mut Simulation, command: &CardCommand, now: Timestamp) -> Result<String, SimError> {
    let (answer, out) = match command {
        CardCommand::SignDocument {
            card,
            password,
            input,
            out,
            detached,
            raw,
            at,
            fault,
        } => {
            let document = fs::read(input).map_err(io(input))?;
            let id = which(world, card, CaKind::DigitalSignature)?;
            let options = CmsOptions {
                detached: *detached,
                signing_time: at.as_deref().map(time).transpose()?.unwrap_or(now),
                fault: *fault,
            };
            let signature = on_card(world, &id, |record, chip| {
                if *raw {
                    chip.sign(password, &document)
                } else {
                    signed_data(record, chip, password, &document, &options)
                }
            })?;
            (signature, out)
        }
        CardCommand::SignChallenge {
            card,
            pin,
            input,
            out,
        } => {
            let challenge = fs::read(input).map_err(io(input))?;
            let id = which(world, card, CaKind::UserAuthentication)?;
            (on_card(world, &id, |_, chip| chip.sign(pin, &challenge))?, out)
        }
        CardCommand::AnswerWithoutPin {
            card,
            birth_date,
            input,
            out,
        } => {
            let challenge = fs::read(input).map_err(io(input))?;
            let id = which(world, card, CaKind::UserAuthentication)?;
            let certificate = &world.record(&id)?.certificate.0;
            (internal_authentication(certificate, birth_date, &challenge), out)
        }
        _ => return Err(SimError::Request("nothing to sign".into())),
    };
    write(out, &answer)?;
    Ok(String::new())
}

/// Uses a chip; its retry counter is remembered whether the secret was right or wrong.
fn on_card(
    world: &mut Simulation,
    id: &str,
    act: impl FnOnce(&CardRecord, &mut Card) -> Result<Vec<u8>, SimError>,
) -> Result<Vec<u8>, SimError> {
    let record = world.record(id)?.clone();
    let mut chip = record.card()?;
    let outcome = act(&record, &mut chip);
    world.remember(id, &chip)?;
    outcome
}

/// The certificate of a kind: by its own id, by that of the one beside it, or the current one on a person's card.
fn which(world: &Simulation, text: &str, kind: CaKind) -> Result<String, SimError> {
    let (person, medium) = if text.starts_with("person-") {
        (Some(text.to_owned()), Medium::Card)
    } else {
        let record = world.record(text)?;
        if record.ca_kind == kind {
            return Ok(text.to_owned());
        }
        (record.person.clone(), record.medium)
    };
    person
        .and_then(|person| world.current(&person, medium, kind))
        .map(|record| record.id.clone())
        .ok_or_else(|| SimError::Request(format!("{text} has no valid {} certificate", kind.as_str())))
}

pub(super) fn request(arguments: &MakeArguments) -> Result<CardRequest, SimError> {
    let not_before = arguments.valid_from.as_deref().map(time).transpose()?;
    let begin = not_before.unwrap_or_else(machine_now);
    Ok(CardRequest {
        algorithm: arguments.alg,
        signing: arguments.signing,
        generation: arguments.generation,
        not_before,
        not_after: arguments
            .days
            .map(|days| begin.plus_seconds(DAY_SECONDS * i64::from(days))),
        pin: arguments.pin.clone(),
        password: arguments.password.clone(),
        fault: arguments.fault,
        items_fault: arguments.items_fault,
        ..CardRequest::default()
    })
}

pub(super) fn list(cards: &[CardRecord]) -> String {
    let mut said = String::new();
    for card in cards {
        let fault = card
            .fault
            .map_or_else(String::new, |fault| format!("  fault {fault:?}"));
        let replaced = card
            .predecessor
            .as_ref()
            .map_or_else(String::new, |old| format!("  replaces {old}"));
        let _ = writeln!(
            said,
            "{}  {}  {:?}  generation {}  {} to {}  PIN {} ({} tries left){fault}{replaced}",
            card.id,
            card.ca_kind.as_str(),
            card.algorithm,
            card.generation,
            card.not_before,
            card.not_after,
            card.pin,
            card.tries_left,
        );
    }
    said
}
