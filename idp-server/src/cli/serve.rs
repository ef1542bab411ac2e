//! `serve`: start, listen for signals, end gracefully.

use std::io::IsTerminal;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| format!("log.filter `{}`: {error}", config.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    Ok(())
}
