//! `serve`: start, listen for signals, end gracefully.

use std::io::IsTerminal;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::Failure;
use crate::config::{Config, LogConfig, LogFormat};
use crate::server;

/// Serves until told to stop.
pub(super) fn serve(config: Config) -> Result<(), Failure> {
    log(&config.log)?;
    let metrics = PrometheusBuilder::new().install_recorder()?;
    // The web framework spawns its workers on its own threads; this runtime carries the door and the jobs.
    actix_web::rt::System::with_tokio_rt(|| {
        match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("idp-server: no runtime: {error}");
                std::process::exit(1)
            }
        }
    })
    .block_on(async move {
        let mut end = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut reload = signal(SignalKind::hangup())?;
        let running = server::start(config, metrics).await?;
        loop {
            tokio::select! {
                _ = end.recv() => break,
                _ = interrupt.recv() => break,
                _ = reload.recv() => {
                    let problems = running.reload().await;
                    for problem in &problems {
                        tracing::error!(error = %problem, "something could not be read again and stays as it was");
                    }
                    tracing::info!(reload.problems = problems.len(), "read again");
                }
            }
        }
        tracing::info!("stopping: no new work, sign-ins in flight may finish");
        running.stop().await;
        tracing::info!("stopped");
        Ok(())
    })
}

fn log(config: &LogConfig) -> Result<(), Failure> {
    let filter = filter_of(config)?;
    // Without a hint of its own the second filter would lift the first one's, and every library would build its trace lines before
    // they are thrown away.
    let ours = match filter.max_level_hint() {
        Some(most) => filter_fn(may_be_logged).with_max_level_hint(most),
        None => filter_fn(may_be_logged),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter.and(ours)))
        .init();
    Ok(())
}

/// Whatever the filter says: below "info" only our own rooms speak. Libraries print what they handle there, and what they handle is
/// certificates, cookies and tokens (rustls prints the client's certificate at "trace").
fn may_be_logged(line: &Metadata<'_>) -> bool {
    const OURS: [&str; 4] = ["idp_server", "jlis_http", "store_sql", "trust_framework"];
    let room = line.target().split("::").next().unwrap_or_default();
    *line.level() <= Level::INFO || OURS.contains(&room)
}

/// The filter that a configuration asks for.
pub(super) fn filter_of(config: &LogConfig) -> Result<EnvFilter, String> {
    EnvFilter::try_new(&config.filter).map_err(|error| format!("log.filter `{}`: {error}", config.filter))
}
