//! Revocation lists as files.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use domain::Timestamp;
use sim::authority::{CaKind, Hierarchy};
use sim::crl::CrlFacts;
use sim::national_crl::{Nation, Order, write_crl};
use sim::simulation::{CURRENT_GENERATION, Partitioning, PublishRequest};
use sim::{SimError, Simulation};

use super::{DAY_SECONDS, io, write};

#[derive(Debug, Subcommand)]
pub(crate) enum CrlCommand {
    /// Write crl/user-authentication.crl and crl/digital-signature.crl.
    Publish {
        /// Hours until nextUpdate; negative for a stale list.
        #[arg(long, default_value_t = 24, allow_negative_numbers = true)]
        hours: i32,
        /// Hours by which thisUpdate lies in the past.
        #[arg(long, default_value_t = 0)]
        age: u16,
        /// Write one list per municipality instead: crl/auth-0001.crl, crl/sign-0001.crl, …
        #[arg(long)]
        partitioned: bool,
    },
    /// Write one list of national size, entry by entry. In the folder's `delivery/auth-0001.crl`, the J-LIS delivers it.
    National {
        /// Whose list.
        #[arg(long, value_enum, default_value_t = CaKind::UserAuthentication)]
        authority: CaKind,
        /// How many certificates are revoked.
        #[arg(long, default_value_t = 20_000_000)]
        revoked: u64,
        /// How many were issued: serial numbers go up to it.
        #[arg(long, default_value_t = 200_000_000)]
        issued: u64,
        /// In which order.
        #[arg(long, value_enum, default_value_t = Order::Rising)]
        order: Order,
        /// cRLNumber.
        #[arg(long, default_value_t = 1_000_000)]
        number: u64,
        /// Where it goes.
        #[arg(long)]
        out: PathBuf,
    },
}

pub(super) fn run(
    world: &mut Simulation,
    folder: &Path,
    command: &CrlCommand,
    now: Timestamp,
) -> Result<String, SimError> {
    match command {
        CrlCommand::Publish {
            hours,
            age,
            partitioned,
        } => {
            let request = PublishRequest {
                this_update: now.plus_seconds(-3600 * i64::from(*age)),
                next_update: now.plus_seconds(3600 * i64::from(*hours)),
                partitioning: Partitioning::Municipality,
            };
            if *partitioned {
                for list in world.publish_lists(&request)? {
                    write(&folder.join("crl").join(&list.name), &list.bytes)?;
                }
            } else {
                for kind in CaKind::ALL {
                    world.publish_crl(Hierarchy::Test, kind, request.this_update, request.next_update)?;
                }
            }
            Ok(format!("{}\n", folder.join("crl").display()))
        }
        CrlCommand::National {
            authority,
            revoked,
            issued,
            order,
            number,
            out,
        } => {
            let authority = world.authority(Hierarchy::Test, *authority, CURRENT_GENERATION)?;
            let facts = CrlFacts {
                number: *number,
                this_update: now,
                next_update: Some(now.plus_seconds(DAY_SECONDS)),
                distribution_point: None,
            };
            let nation = Nation::new(*revoked, *issued, *order, now);
            // Whole under another name first: a list is never seen half written.
            let draft = out.with_extension("draft");
            let mut file = BufWriter::new(File::create(&draft).map_err(io(&draft))?);
            let bytes = write_crl(&authority, &facts, nation, &mut file)?;
            file.flush().map_err(io(&draft))?;
            fs::rename(&draft, out).map_err(io(out))?;
            Ok(format!("{bytes} bytes\n"))
        }
    }
}
