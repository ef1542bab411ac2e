//! Lists from J-LIS: what the manifest names is fetched into a directory of ours, whole or not at all for each authority, and taken in
//! from there like any other delivery. The manifest is unsigned: it says whose delivery a list belongs to, and each list's own signature
//! decides whether that authority's is taken in. What is wrong with one authority's lists is nothing to the other's.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jlis::{DownloadReason, ListEntry, ListSource, Unavailable};
use jpki::CaKind;
use tokio::sync::watch;

use super::Watched;
use crate::app::App;

/// Why lists were not fetched.
#[derive(Debug)]
pub enum FetchFault {
    /// The manifest.
    Manifest(Unavailable),
    /// A list.
    List(String, DownloadReason),
    /// The directory of ours.
    Directory(PathBuf, io::Error),
}

impl fmt::Display for FetchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(why) => write!(f, "the manifest of lists: {why}"),
            Self::List(name, why) => write!(f, "the list {name}: {why}"),
            Self::Directory(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl std::error::Error for FetchFault {}

/// Fetches on the schedule until told to stop. Without a source there is nothing to do.
pub async fn run(app: Arc<App>, watched: Arc<Watched>, mut stop: watch::Receiver<bool>) {
    let Some(source) = app.lists.clone() else { return };
    let pause = Duration::from_secs(app.config.jlis.list_poll_seconds.max(1));
    loop {
        match fetch(&*source, &app.list_directory()).await {
            Ok(fetched) => {
                fetched.failed.iter().for_each(report);
                if fetched.anything_new {
                    watched.look(&app).await;
                }
            }
            Err(fault) => report(&fault),
        }
        if super::super::stopping_within(pause, &mut stop).await {
            return;
        }
    }
}

fn report(fault: &FetchFault) {
    metrics::counter!("revocation_fetch_failures_total").increment(1);
    tracing::error!(error = %fault, "revocation lists could not be fetched; those in force stay in force");
}

/// What became of the manifest's lists.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Whether an authority's directory holds others than before.
    pub anything_new: bool,
    /// Why an authority's were not fetched.
    pub failed: Vec<FetchFault>,
}

/// Fetches what is new into one directory for each authority.
pub async fn fetch(source: &dyn ListSource, into: &Path) -> Result<Fetched, FetchFault> {
    let manifest = source.manifest().await.map_err(FetchFault::Manifest)?;
    let mut fetched = Fetched::default();
    for kind in [CaKind::UserAuthentication, CaKind::DigitalSignature] {
        let lists: Vec<&ListEntry> = manifest.iter().filter(|entry| entry.ca_kind == kind).collect();
        // An authority that the manifest does not name keeps what it has, with its dates.
        if lists.is_empty() {
            continue;
        }
        match fetch_all(source, &lists, &into.join(kind.as_str())).await {
            Ok(new) => fetched.anything_new |= new,
            Err(fault) => fetched.failed.push(fault),
        }
    }
    if fetched.anything_new {
        remove_former_layout(into);
    }
    Ok(fetched)
}

/// An earlier version of the platform fetched into one directory for all.
fn remove_former_layout(directory: &Path) {
    if fs::remove_file(directory.join("manifest")).is_err() {
        return;
    }
    for entry in fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
    {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "crl") {
            let _ = fs::remove_file(path);
        }
    }
}

/// Fetches the lists of one authority. `false`: the directory holds them already.
async fn fetch_all(source: &dyn ListSource, lists: &[&ListEntry], into: &Path) -> Result<bool, FetchFault> {
    let mark = mark_of(lists);
    let marked = into.join("manifest");
    if fs::read_to_string(&marked).is_ok_and(|held| held == mark) {
        return Ok(false);
    }
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |why| FetchFault::Directory(path, why)
    };
    // One draft per process: two that fetch at once do not write into one another's files.
    let draft = into.with_extension(format!("draft-{}", std::process::id()));
    remove_leftovers(into);
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft).map_err(wrong(&draft))?;
    for entry in lists {
        download(source, entry, &draft).await?;
    }
    fs::write(draft.join("manifest"), mark).map_err(wrong(&draft))?;
    // The delivery takes the place of the one before as a whole. Whoever looks in between sees none, and looks again.
    let former = into.with_extension(format!("former-{}", std::process::id()));
    let _ = fs::remove_dir_all(&former);
    if into.exists() {
        fs::rename(into, &former).map_err(wrong(into))?;
    }
    fs::rename(&draft, into).map_err(wrong(into))?;
    let _ = fs::remove_dir_all(&former);
    Ok(true)
}

/// Hours after which what a killed process was fetching is taken to be left over.
const LEFT_OVER_HOURS: u64 = 6;

/// Removes what killed processes left beside the directory.
fn remove_leftovers(beside: &Path) {
    let Some(entries) = beside.parent().and_then(|parent| fs::read_dir(parent).ok()) else {
        return;
    };
    let stem = beside.file_stem();
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        let old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|changed| {
                changed
                    .elapsed()
                    .is_ok_and(|age| age > Duration::from_hours(LEFT_OVER_HOURS))
            });
        if old && path != beside && path.file_stem() == stem {
            let _ = fs::remove_dir_all(path);
        }
    }
}

async fn download(source: &dyn ListSource, entry: &ListEntry, draft: &Path) -> Result<(), FetchFault> {
    let path = draft.join(&entry.name).with_extension("crl");
    let wrong = |why| FetchFault::Directory(path.clone(), why);
    let mut file = BufWriter::new(File::create_new(&path).map_err(wrong)?);
    source
        .download(entry, &mut file)
        .await
        .map_err(|why| FetchFault::List(entry.name.clone(), why))?;
    file.flush().map_err(wrong)
}

/// What a manifest says, as a text to compare.
fn mark_of(manifest: &[&ListEntry]) -> String {
    let mut text = String::new();
    for entry in manifest {
        // Writing to a text does not fail.
        let _ = write!(text, "{} {} {} ", entry.name, entry.ca_kind.as_str(), entry.bytes);
        for byte in entry.sha256 {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    text
}
