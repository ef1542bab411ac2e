//! The commands: which platforms stand there, and what is done with them.

use std::path::PathBuf;

use conformance_tests::{Platform, PlatformOptions};
use store::conformance::servers::{PostgresServer, RedisServer};
use tokio::runtime::Runtime;

use crate::Failure;
use crate::fill::{self, Fill};
use crate::logout::Logout;
use crate::measure::{Amount, Subject, measure};
use crate::operation::Operation;
use crate::party::{Party, Public, Pushed, SignIn};
use crate::plain_sign_in::{PlainServer, PlainSignIn};
use crate::process;
use crate::profile;
use crate::report::Report;
use crate::saml::{AttributeQuery, Keys, ServiceProvider};
use crate::tokens::{Introspection, Refresh};
use crate::world::World;

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    amount: Amount,
    /// Cards, each with an account whose consent is on record.
    #[arg(long, default_value_t = 8)]
    cards: usize,
    /// Afterwards, once more under `perf`, which is not in the figures.
    #[arg(long)]
    profile: bool,
    /// Where the figures go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Options {
    fn json(&self, name: &str) -> PathBuf {
        let usual = || PathBuf::from("target/bench").join(name).with_extension("json");
        self.json.clone().unwrap_or_else(usual)
    }

    fn finish(
        &self,
        mut report: Report,
        name: &str,
        worlds: &[(&str, &World)],
        subjects: &[Subject<'_>],
    ) -> Result<(), Failure> {
        report.rows = measure(subjects, &self.amount)?;
        for (name, world) in worlds {
            report.spoken = world.spoken()?;
            let memory = process::memory(world.process()?)?;
            report.memory.push(((*name).to_owned(), memory));
        }
        report.publish(&self.json(name))?;
        if self.profile {
            for subject in subjects {
                profile::run(subject, &self.amount)?;
            }
        }
        Ok(())
    }
}

/// The simulated J-LIS lives here; the load itself runs on threads of its own.
fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?)
}

const FRESH: &str = "Each sign-in is a new browser: one connection to the front (kept alive), one to the door; each question of a service's \
    server comes on a connection of its own; no resumption; SQLite synchronous=FULL. The floor is cryptography alone, one operation after \
    the other with aws-lc-rs on one thread.";

/// Complete sign-ins in both protocols.
pub(crate) fn sign_in(options: &Options) -> Result<(), Failure> {
    let runtime = runtime()?;
    let world = World::new(runtime.block_on(Platform::start()), options.cards)?;
    let machine = process::machine(world.platform.path())?;
    let parties = parties(&world)?;
    let sign_ins = sign_ins(&world, &parties);
    let mut subjects = subjects(&world, "", &operations(&sign_ins))?;
    let server = PlainServer::start(&world)?;
    let plain = |name, oidc| PlainSignIn {
        name,
        world: &world,
        server: &server,
        oidc,
    };
    let plain = [
        plain("plain server, hops of OIDC", true),
        plain("plain server, hops of SAML", false),
    ];
    subjects.extend(plain.iter().map(|operation| Subject {
        operation,
        variant: "",
        process: server.process(),
    }));
    let mut report = Report::new("Sign-in", machine, &options.amount)?;
    report.notes.push(FRESH.to_owned());
    report.notes.push(
        "The plain server is a second floor: the same handshakes, hops, durable commits (of one row) and signatures, and nothing else."
            .to_owned(),
    );
    options.finish(report, "sign-in", &[("", &world)], &subjects)
}

/// What services ask beside and after sign-ins.
pub(crate) fn protocols(options: &Options) -> Result<(), Failure> {
    let runtime = runtime()?;
    let world = World::new(runtime.block_on(Platform::start()), options.cards)?;
    let machine = process::machine(world.platform.path())?;
    let (refresh, introspection) = (Refresh::ready(&world)?, Introspection::ready(&world)?);
    let provider = ServiceProvider::register(&world.platform, "", Keys::Signs)?;
    let query = AttributeQuery::about_everybody(&world, &provider)?;
    let subjects = subjects(&world, "", &[&refresh, &introspection, &query])?;
    let mut report = Report::new("Protocols", machine, &options.amount)?;
    report.notes.push(FRESH.to_owned());
    options.finish(report, "protocols", &[("", &world)], &subjects)
}

/// Logouts, each with a session of its own that was at every service.
pub(crate) fn logout(options: &Options) -> Result<(), Failure> {
    let runtime = runtime()?;
    let world = World::new(runtime.block_on(Platform::start()), options.cards)?;
    let machine = process::machine(world.platform.path())?;
    let logout = Logout::ready(&world)?;
    let subjects = subjects(&world, "", &[&logout])?;
    let mut report = Report::new("Logout", machine, &options.amount)?;
    report.notes.push(FRESH.to_owned());
    options.finish(report, "logout", &[("", &world)], &subjects)
}

/// Few and many services, few and many accounts.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct GrowthOptions {
    #[command(flatten)]
    options: Options,
    /// The few and the many services.
    #[arg(long, num_args = 2, default_values_t = [10, 10_000])]
    services: Vec<u32>,
    /// The few and the many accounts.
    #[arg(long, num_args = 2, default_values_t = [1_000, 1_000_000])]
    accounts: Vec<u32>,
}

/// Sign-ins as the registry and the number of accounts grow.
pub(crate) fn growth(growth: &GrowthOptions) -> Result<(), Failure> {
    let options = &growth.options;
    let (&[few, many], &[small, large]) = (growth.services.as_slice(), growth.accounts.as_slice()) else {
        return Err("two numbers each".into());
    };
    let runtime = runtime()?;
    let fills = [
        (
            "few",
            Fill {
                services: few,
                accounts: small,
            },
        ),
        (
            "many services",
            Fill {
                services: many,
                accounts: small,
            },
        ),
        (
            "many accounts",
            Fill {
                services: few,
                accounts: large,
            },
        ),
    ];
    let mut worlds = Vec::new();
    for (variant, fill) in &fills {
        eprintln!("{variant}: {fill:?} ...");
        let mut platform = runtime.block_on(Platform::prepare(PlatformOptions::default()));
        runtime.block_on(fill::fill(&platform, fill))?;
        runtime.block_on(platform.run());
        worlds.push((*variant, World::new(platform, options.cards)?));
    }
    let first = worlds.first().ok_or("no platform")?;
    let machine = process::machine(first.1.platform.path())?;
    let mut report = Report::new("Growth", machine, &options.amount)?;
    report.notes.push(format!(
        "few: {few} services, {small} accounts; many services: {many}; many accounts: {large}. The rows were written by the bench \
         through the Ledger's port, in batches: for each account the account, a credential, a pseudonym and a consent at one of the services."
    ));
    let pairs: Vec<[Box<dyn Party>; 2]> = worlds
        .iter()
        .map(|(_, world)| pair(world))
        .collect::<Result<_, _>>()?;
    let sign_ins: Vec<(&str, Vec<SignIn<'_>>)> = worlds
        .iter()
        .zip(&pairs)
        .map(|((variant, world), pair)| (*variant, sign_ins(world, pair)))
        .collect();
    let mut subjects_of_all = Vec::new();
    for ((variant, sign_ins), (_, world)) in sign_ins.iter().zip(&worlds) {
        subjects_of_all.extend(subjects(world, variant, &operations(sign_ins))?);
    }
    let named: Vec<(&str, &World)> = worlds.iter().map(|(variant, world)| (*variant, world)).collect();
    options.finish(report, "growth", &named, &subjects_of_all)
}

/// The same sign-ins with everything in files beside the process, and on PostgreSQL and Redis.
pub(crate) fn storage(options: &Options) -> Result<(), Failure> {
    let runtime = runtime()?;
    let (postgres, redis) = (PostgresServer::start_durable(), RedisServer::start());
    postgres.make_database("bench");
    let servers = PlatformOptions {
        storage: format!(
            "ledger = \"postgresql\"\nephemera = \"redis\"\n[storage.postgresql]\nservers = [\"127.0.0.1:{}\"]\n\
             database = \"bench\"\nuser = \"postgres\"\n[storage.redis]\nservers = [\"127.0.0.1:{}\"]\n",
            postgres.port(),
            redis.port()
        ),
        ..PlatformOptions::default()
    };
    let embedded = World::new(runtime.block_on(Platform::start()), options.cards)?;
    let served = World::new(runtime.block_on(Platform::start_with(servers)), options.cards)?;
    let machine = process::machine(embedded.platform.path())?;
    let mut report = Report::new("Storage", machine, &options.amount)?;
    report.notes.push(
        "PostgreSQL (fsync on, in clear over the loopback interface) and Redis are Debian's, started by the bench; the processor time \
         is that of the platform's process alone."
            .to_owned(),
    );
    let (own, theirs) = (pair(&embedded)?, pair(&served)?);
    let (own, theirs) = (sign_ins(&embedded, &own), sign_ins(&served, &theirs));
    let mut all = subjects(&embedded, "embedded", &operations(&own))?;
    all.extend(subjects(&served, "PostgreSQL + Redis", &operations(&theirs))?);
    let worlds = [("embedded", &embedded), ("PostgreSQL + Redis", &served)];
    options.finish(report, "storage", &worlds, &all)
}

fn parties(world: &World) -> Result<Vec<Box<dyn Party>>, Failure> {
    let platform = &world.platform;
    let provider = |name, keys| ServiceProvider::register(platform, name, keys);
    let parties: Vec<Box<dyn Party>> = vec![
        Box::new(Public::register(platform)),
        Box::new(Pushed::register(platform)),
        Box::new(provider("sign-in SAML", Keys::None)?),
        Box::new(provider("sign-in SAML, signed request", Keys::Signs)?),
        Box::new(provider(
            "sign-in SAML, signed request, encrypted",
            Keys::SignsAndDecrypts,
        )?),
    ];
    for party in &parties {
        world.consent_everywhere(&**party)?;
    }
    Ok(parties)
}

fn pair(world: &World) -> Result<[Box<dyn Party>; 2], Failure> {
    let pair: [Box<dyn Party>; 2] = [
        Box::new(Public::register(&world.platform)),
        Box::new(ServiceProvider::register(
            &world.platform,
            "sign-in SAML",
            Keys::None,
        )?),
    ];
    for party in &pair {
        world.consent_everywhere(&**party)?;
    }
    Ok(pair)
}

fn sign_ins<'a>(world: &'a World, parties: &'a [Box<dyn Party>]) -> Vec<SignIn<'a>> {
    parties
        .iter()
        .map(|party| SignIn {
            world,
            party: &**party,
        })
        .collect()
}

fn operations<'a>(sign_ins: &'a [SignIn<'a>]) -> Vec<&'a dyn Operation> {
    sign_ins.iter().map(|one| -> &dyn Operation { one }).collect()
}

fn subjects<'a>(
    world: &World,
    variant: &'a str,
    operations: &[&'a dyn Operation],
) -> Result<Vec<Subject<'a>>, Failure> {
    let process = world.process()?;
    Ok(operations
        .iter()
        .map(|operation| Subject {
            operation: *operation,
            variant,
            process,
        })
        .collect())
}
