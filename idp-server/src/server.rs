//! Start, reload and graceful end.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::jlis::Tally;
use ::jpki::signing::SigningProfile;
use actix_web::dev::{Server as WebServer, ServerHandle};
use arc_swap::ArcSwap;
use audit::{Action, Actor, Event, Outcome};
use metrics_exporter_prometheus::PrometheusHandle;
use store::Batch;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::client_documents;
use crate::config::{Config, Mode};
use crate::exchanges;
use crate::jlis;
use crate::jobs::questions::{Counting, Incidents};
use crate::jobs::{self, lists::Watched, lists::ingest::last_generations};
use crate::listeners::certificates::SwappableCertificate;
use crate::listeners::door::Door;
use crate::listeners::{front, mutual_tls, operator};
use crate::machine::{MachineClock, MachineEntropy};
use crate::outbound::Outbound;
use crate::same_keys;
use crate::signing::Signing;
pub use crate::stores::Stores;
use crate::trust::{Generations, Shelves, Trust};
use crate::vault::Vault;
use crate::web::begin_limit::BeginLimit;
use crate::web::device::poll_limit::PollLimit;
use crate::web::operator::Operators;
use crate::web::soap_limit::SoapLimit;
use crate::web::terminal::birth_date::{BirthDate, BirthDates, SameForAll};
use crate::web::terminal::genuine_card::{GenuineCard, Placeholder};
use crate::web::verifier::usage::VerifierUsage;

/// Why the server does not start. The text says what to do.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

fn failed(what: &str) -> impl FnOnce(&dyn fmt::Display) -> StartError {
    move |why| StartError(format!("{what}: {why}"))
}

fn no_port(error: &jlis::JlisError) -> StartError {
    StartError(error.to_string())
}

fn taken(listener: &str, address: SocketAddr) -> impl FnOnce(std::io::Error) -> StartError {
    let listener = listener.to_owned();
    move |error| {
        let advice = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; another process listens there: stop it, or choose another port in the configuration"
            }
            std::io::ErrorKind::PermissionDenied => {
                "; ports below 1024 need CAP_NET_BIND_SERVICE (see deploy/idp-server.service)"
            }
            std::io::ErrorKind::AddrNotAvailable => "; this machine has no such address",
            _ => "",
        };
        StartError(format!("{listener}.listen = {address}: {error}{advice}"))
    }
}

/// Opens the databases of a configuration.
pub async fn open_stores(config: &Config) -> Result<Stores, StartError> {
    Stores::open(config)
        .await
        .map_err(|error| failed("storage")(&error))
}

/// Opens the vault of serials and items.
pub fn open_vault(config: &Config) -> Result<Vault, StartError> {
    keys::file::read_sealing_keys(&config.keys.directory.join(crate::cli::keys::SEALING_FILE))
        .map(Vault::new)
        .map_err(|error| failed("keys")(&error))
}

/// Composes the platform from its configuration: opens what must be open, takes in the revocation lists.
pub async fn compose(config: Config, stores: &Stores) -> Result<Arc<App>, StartError> {
    let keys = &config.keys.directory;
    let signing = Signing::open(keys).map_err(|error| failed("keys")(&error))?;
    let vault = open_vault(&config)?;
    same_keys::hold(&*stores.ledger(), &vault, signing.keys().ring())
        .await
        .map_err(|why| failed("keys.directory")(&why))?;
    let last = last_generations(&*stores.ledger())
        .await
        .map_err(|fault| failed("storage")(&fault))?;
    let trust = Trust::read(&config.jpki, config.mode, last).map_err(|error| failed("jpki")(&error))?;
    let shelves = Shelves::open(&config.index_directory())
        .map_err(|error| failed("jpki.revocation_directory")(&error))?;
    let questions = Arc::new(Tally::default());
    let incidents = Arc::new(Incidents::default());
    let counter = Arc::new(Counting::new(Arc::clone(&questions), Arc::clone(&incidents)));
    let links = jlis::links(&config)
        .map_err(|error| no_port(&error))?
        .counted_by(Arc::<Counting>::clone(&counter));
    let four_items =
        jlis::four_items(&config, Arc::<Counting>::clone(&counter)).map_err(|error| no_port(&error))?;
    let status = jlis::status(&config, Arc::new(MachineEntropy), counter).map_err(|error| no_port(&error))?;
    let lists = jlis::lists(&config).map_err(|error| no_port(&error))?;
    let app = Arc::new(App {
        clock: Arc::new(MachineClock),
        entropy: Arc::new(MachineEntropy),
        ledger: stores.ledger(),
        ephemera: stores.ephemera(),
        signing,
        vault,
        trust: ArcSwap::from_pointee(trust),
        shelves,
        links: Arc::new(links),
        status,
        lists,
        questions,
        four_items,
        signing_profile: signing_profile(&config).map_err(|why| failed("verification")(&why))?,
        client_anchors: mutual_tls::anchors(&config.mutual_tls.client_ca)
            .map(ArcSwap::from_pointee)
            .map_err(|why| failed("mutual_tls.client_ca")(&why))?,
        verifier_usage: VerifierUsage::default(),
        detail_types: Arc::new(config.oidc.authorization_details_types.clone()),
        fetches: fetches(&config).map_err(|why| failed("oidc.fetch_ca")(&why))?,
        metadata_fetches: metadata_fetches(&config).map_err(|why| failed("metadata.fetch_ca")(&why))?,
        early_key_looks: jobs::client_keys::Early::default(),
        notices_waiting: Notify::new(),
        swept: jobs::watches::Swept::default(),
        logout_messages: logout_messages(&config).map_err(|why| failed("logout.ca")(&why))?,
        logouts_waiting: Notify::new(),
        incidents,
        begin_limit: BeginLimit::per_minute(config.front.begin_per_minute),
        registration_limit: BeginLimit::per_minute(config.registration.requests_per_minute),
        statement_issuers: client_documents::statement_issuers(&config)
            .map_err(|why| failed("registration.software_statement_issuers")(&why))?,
        soap_limit: SoapLimit::per_minute(config.saml.soap_per_minute),
        machine_limit: BeginLimit::per_minute(config.front.begin_per_minute),
        stranger_limit: BeginLimit::per_minute(config.front.begin_per_minute),
        exchanges: exchanges::Waiting::default(),
        genuine_card: genuine_card(&config),
        birth_dates: birth_dates(&config),
        device_polls: PollLimit::every(config.device.interval_seconds),
        config,
    });
    // The last good index is mapped, whatever lies in the directory of lists.
    app.shelves.catch_up(&app.trust);
    Ok(app)
}

/// To verifiers that take notices by push, if any shall.
fn pushes(config: &Config) -> Result<Option<Outbound>, String> {
    let settings = &config.verification;
    way_out(settings.push_ca.as_deref(), settings.push_to_internal_networks)
}

/// To services that are told of logouts without the browser, if any shall be.
fn logout_messages(config: &Config) -> Result<Option<Outbound>, String> {
    way_out(config.logout.ca.as_deref(), config.logout.to_internal_networks)
}

/// The way to sources of metadata, if any are fetched.
fn metadata_fetches(config: &Config) -> Result<Option<Outbound>, String> {
    let metadata = &config.metadata;
    way_out(
        metadata.fetch_ca.as_deref(),
        metadata.fetch_from_internal_networks,
    )
}

/// To clients' addresses that something is fetched from, if anything shall be.
pub(crate) fn fetches(config: &Config) -> Result<Option<Outbound>, String> {
    way_out(
        config.oidc.fetch_ca.as_deref(),
        config.oidc.fetch_from_internal_networks,
    )
}

fn way_out(ca: Option<&Path>, internal_too: bool) -> Result<Option<Outbound>, String> {
    ca.map(|ca| Outbound::open(ca, internal_too)).transpose()
}

/// What is demanded of the certificates of those whose signatures are verified for others.
fn signing_profile(config: &Config) -> Result<SigningProfile, String> {
    let mode = match config.mode {
        Mode::Production => ::jpki::Mode::Production,
        Mode::Test => ::jpki::Mode::Test,
    };
    let mut profile = SigningProfile::new(mode);
    let policies = config.verification.policies()?;
    if !policies.is_empty() {
        profile.policies = policies;
    }
    Ok(profile)
}

/// How a card proves itself without a PIN: the simulator's placeholder, and nothing yet for real cards.
fn genuine_card(config: &Config) -> Option<Arc<dyn GenuineCard>> {
    match config.mode {
        Mode::Test => Some(Arc::new(Placeholder)),
        Mode::Production => None,
    }
}

/// Where dates of birth are known from, if not from enrolments.
fn birth_dates(config: &Config) -> Option<Arc<dyn BirthDates>> {
    let date = BirthDate::parse(&config.terminal.test_birth_date)?;
    match config.mode {
        Mode::Test => Some(Arc::new(SameForAll(date))),
        Mode::Production => None,
    }
}

/// What the files behind a configuration hold, looked at without starting or writing anything: a sentence for each that cannot be used.
pub fn look_at_files(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let mut note = |result: Result<(), String>| problems.extend(result.err());
    let certificate = |listener: &str, chain: &Path, key: &Path| {
        SwappableCertificate::read(chain, key)
            .map(|_| ())
            .map_err(|error| format!("{listener}: {error}"))
    };
    note(certificate(
        "front",
        &config.front.certificate,
        &config.front.private_key,
    ));
    note(certificate(
        "door",
        &config.door.certificate,
        &config.door.private_key,
    ));
    let mutual = &config.mutual_tls;
    if let (Some(chain), Some(key)) = (&mutual.certificate, &mutual.private_key) {
        note(certificate("mutual_tls", chain, key));
    }
    note(
        mutual_tls::anchors(&mutual.client_ca)
            .map(|_| ())
            .map_err(|why| format!("mutual_tls.client_ca: {why}")),
    );
    note(
        Trust::read(&config.jpki, config.mode, Generations::default())
            .map(|_| ())
            .map_err(|error| format!("jpki: {error}")),
    );
    note(
        Operators::read(&config.operator.token_file)
            .map(|_| ())
            .map_err(|error| format!("operator: {error}")),
    );
    note(
        Signing::open(&config.keys.directory)
            .map(|_| ())
            .map_err(|error| format!("keys: {error}")),
    );
    note(crate::stores::look_at_files(config));
    let entropy = Arc::new(MachineEntropy);
    note(jlis::links(config).map(|_| ()).map_err(|error| error.to_string()));
    note(
        jlis::status(config, entropy, Arc::new(Tally::default()))
            .map(|_| ())
            .map_err(|error| error.to_string()),
    );
    note(jlis::lists(config).map(|_| ()).map_err(|error| error.to_string()));
    note(
        pushes(config)
            .map(|_| ())
            .map_err(|why| format!("verification.push_ca: {why}")),
    );
    note(
        logout_messages(config)
            .map(|_| ())
            .map_err(|why| format!("logout.ca: {why}")),
    );
    note(
        metadata_fetches(config)
            .map(drop)
            .map_err(|why| format!("metadata.fetch_ca: {why}")),
    );
    for key in config.metadata.source.iter().flat_map(|source| &source.keys) {
        note(
            jobs::metadata::keys_of(key)
                .map(drop)
                .map_err(|why| format!("metadata.source: {why}")),
        );
    }
    note(
        fetches(config)
            .map(|_| ())
            .map_err(|why| format!("oidc.fetch_ca: {why}")),
    );
    note(
        client_documents::statement_issuers(config)
            .map(|_| ())
            .map_err(|why| format!("registration.software_statement_issuers: {why}")),
    );
    for path in &config.registry.import {
        note(crate::cli::services::look_at(path).map_err(|error| format!("registry.import: {error}")));
    }
    note(crate::cli::check_log_filter(&config.log));
    problems
}

/// A running platform.
pub struct Running {
    /// The platform.
    pub app: Arc<App>,
    /// Where the front listens.
    pub front: SocketAddr,
    /// Where the door listens.
    pub door: SocketAddr,
    /// Where the operator's listener listens.
    pub operator: SocketAddr,
    /// Where machines with certificates are listened to, if they are.
    pub mutual_tls: Option<SocketAddr>,
    stores: Stores,
    certificates: Vec<Arc<SwappableCertificate>>,
    watched: Arc<Watched>,
    stop: watch::Sender<bool>,
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts everything.
pub async fn start(config: Config, metrics: PrometheusHandle) -> Result<Running, StartError> {
    let stores = open_stores(&config).await?;
    let app = compose(config, &stores).await?;
    let config = &app.config;
    let watched = Arc::new(Watched::default());
    watched.first_look(&app).await;
    crate::cli::services::import_at_start(&app)
        .await
        .map_err(|error| failed("registry.import")(&error))?;

    let front_certificate = SwappableCertificate::read(&config.front.certificate, &config.front.private_key)
        .map_err(|error| failed("front")(&error))?;
    let door_certificate = SwappableCertificate::read(&config.door.certificate, &config.door.private_key)
        .map_err(|error| failed("door")(&error))?;
    let operators =
        Operators::read(&config.operator.token_file).map_err(|error| failed("operator")(&error))?;

    let door = Door::bind(Arc::clone(&app), Arc::clone(&door_certificate))
        .await
        .map_err(taken("door", config.door.listen))?;
    let door_address = door.address().map_err(taken("door", config.door.listen))?;
    let (front, front_address) =
        front::bind(&app, Arc::clone(&front_certificate)).map_err(taken("front", config.front.listen))?;
    let (operator, operator_address) = operator::bind(&app, Arc::new(operators), metrics)
        .map_err(taken("operator", config.operator.listen))?;

    let (stop, stopping) = watch::channel(false);
    let mutual = mutual_tls_listener(&app, &front_certificate, stopping.clone())?;
    let grace = Duration::from_secs(config.front.shutdown_seconds);
    let mut handles = vec![front.handle(), operator.handle()];
    let mut tasks = vec![
        tokio::spawn(door.serve(stopping.clone(), grace)),
        spawn_web(front),
        spawn_web(operator),
    ];
    tasks.extend(spawn_jobs(&app, &watched, &stopping)?);
    let mut certificates = vec![front_certificate, door_certificate];
    let mut mutual_address = None;
    if let Some((server, address, certificate)) = mutual {
        handles.push(server.handle());
        tasks.push(spawn_web(server));
        certificates.push(certificate);
        mutual_address = Some(address);
        tracing::info!(mutual_tls.address = %address, "machines with certificates are served");
    }
    tracing::info!(
        front.address = %front_address, door.address = %door_address, operator.address = %operator_address,
        "the platform serves"
    );
    Ok(Running {
        front: front_address,
        door: door_address,
        operator: operator_address,
        app,
        stores,
        mutual_tls: mutual_address,
        certificates,
        watched,
        stop,
        handles,
        tasks,
    })
}

/// Everything that runs by itself.
fn spawn_jobs(
    app: &Arc<App>,
    watched: &Arc<Watched>,
    stopping: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let config = &app.config;
    let look = Arc::clone(watched);
    let pushes = pushes(config).map_err(|why| failed("verification.push_ca")(&why))?;
    let poll = Duration::from_secs(config.jpki.crl_poll_seconds.max(1));
    let jobs = vec![
        tokio::spawn(jobs::every(poll, stopping.clone(), Arc::clone(app), move |app| {
            let look = Arc::clone(&look);
            async move { look.look(&app).await }
        })),
        tokio::spawn(jobs::lists::fetch::run(
            Arc::clone(app),
            Arc::clone(watched),
            stopping.clone(),
        )),
        tokio::spawn(jobs::sessions::run(Arc::clone(app), stopping.clone())),
        tokio::spawn(jobs::metadata::run(Arc::clone(app), stopping.clone())),
        tokio::spawn(jobs::every(
            Duration::from_secs(jobs::closings::EVERY_SECONDS),
            stopping.clone(),
            Arc::clone(app),
            jobs::closings::run,
        )),
        tokio::spawn(jobs::questions::run(Arc::clone(app), stopping.clone())),
        tokio::spawn(jobs::logout::run(Arc::clone(app), stopping.clone())),
        tokio::spawn(exchanges::run(Arc::clone(app), stopping.clone())),
        tokio::spawn(jobs::every(
            Duration::from_secs(u64::from(config.oidc.jwks_refresh_seconds.max(1))),
            stopping.clone(),
            Arc::clone(app),
            jobs::client_keys::run,
        )),
        tokio::spawn(jobs::client_keys::early(Arc::clone(app), stopping.clone())),
        tokio::spawn(jobs::push::run(Arc::clone(app), pushes, stopping.clone())),
        tokio::spawn(jobs::every(
            Duration::from_secs(config.verification.watch_seconds.max(1)),
            stopping.clone(),
            Arc::clone(app),
            jobs::watches::run,
        )),
        tokio::spawn(jobs::every(
            Duration::from_secs(10),
            stopping.clone(),
            Arc::clone(app),
            |app| async move { jobs::purge::run(app).await },
        )),
    ];
    Ok(jobs)
}

type MutualTls = (WebServer, SocketAddr, Arc<SwappableCertificate>);

/// The listener for machines with certificates, if there shall be one.
fn mutual_tls_listener(
    app: &Arc<App>,
    front: &Arc<SwappableCertificate>,
    stopping: watch::Receiver<bool>,
) -> Result<Option<MutualTls>, StartError> {
    let config = &app.config.mutual_tls;
    let Some(listen) = config.listen else {
        return Ok(None);
    };
    let certificate = match (&config.certificate, &config.private_key) {
        (Some(chain), Some(key)) => {
            SwappableCertificate::read(chain, key).map_err(|error| failed("mutual_tls")(&error))?
        }
        _ => Arc::clone(front),
    };
    let (server, address) = mutual_tls::bind(app, listen, Arc::clone(&certificate), stopping)
        .map_err(taken("mutual_tls", listen))?;
    Ok(Some((server, address, certificate)))
}

fn spawn_web(server: WebServer) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(error = %error, "a listener ended");
        }
    })
}

impl Running {
    /// Reads certificates, keys, anchors and lists again. What cannot be read stays as it is; the problems are returned.
    pub async fn reload(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for certificate in &self.certificates {
            problems.extend(certificate.reload().err().map(|error| error.to_string()));
        }
        match mutual_tls::anchors(&self.app.config.mutual_tls.client_ca) {
            Ok(anchors) => self.app.client_anchors.store(Arc::new(anchors)),
            Err(why) => problems.push(why),
        }
        problems.extend(self.app.signing.reload().err().map(|error| error.to_string()));
        let reread = self.watched.reread(&self.app).await;
        problems.extend(reread.err().map(|error| error.to_string()));
        let swept = jobs::sessions::rest_on_pinned(&self.app).await;
        problems.extend(swept.err().map(|fault| fault.to_string()));
        let event = Event::new(
            self.app.clock.now(),
            Action::Reloaded,
            Outcome::Done,
            Actor::Platform,
        )
        .fact("problems", problems.len().to_string());
        if let Err(fault) = self.app.ledger.commit(Batch::new().event(event)).await {
            problems.push(fault.to_string());
        }
        problems
    }

    /// Stops taking new work, lets sign-ins in flight finish, closes the stores.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for handle in &self.handles {
            handle.stop(true).await;
        }
        for task in self.tasks {
            let _ = task.await;
        }
        // What the last requests noted while they were let finish.
        exchanges::drain(&self.app).await;
        self.stores.close().await;
    }
}
