//! What is read at a source: one document or several, and whether it is new.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use domain::Timestamp;
use federation::{Demands, Mark, Publication, PublicationReason};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use trust_framework::sources::{Refresh, SourceState};
use xml::dsig::VerificationKey;

use crate::app::App;
use crate::config::MetadataSourceConfig;
use crate::outbound::{Download, Downloaded, OutboundFault};

/// Files of one folder.
const MOST_FILES: usize = 2_000;

/// What is there.
pub(super) struct Documents {
    pub(super) files: Vec<Document>,
    /// Changes when it is another: `Last-Modified`, or times and sizes of files.
    pub(super) stamp: String,
    pub(super) etag: Option<String>,
}

/// One document.
pub(super) struct Document {
    path: PathBuf,
    /// Removed when it was read.
    spooled: bool,
    /// The digest that it had when its names were read.
    pub(super) first: Option<Vec<u8>>,
}

/// Why nothing is accepted.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused { file: String, reason: PublicationReason },
    Fetch(OutboundFault),
    Broken(String),
}

impl Trouble {
    pub(super) fn of(document: &Document, reason: PublicationReason) -> Self {
        Self::Refused {
            file: document.name().chars().take(100).collect(),
            reason,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { file, reason } => write!(f, "{file}: {reason}"),
            Self::Fetch(fault) => write!(f, "it cannot be fetched: {fault}"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

/// Reads what is there; nothing when it is what was accepted before.
pub(super) async fn read(
    app: &App,
    config: &MetadataSourceConfig,
    refresh: &Refresh,
    at_once: bool,
) -> Result<Option<Documents>, Trouble> {
    // What was accepted under other settings is taken in again.
    let known = (!at_once && !refresh.settings_changed()).then(|| refresh.state());
    if let Some(url) = &config.url {
        let spool = config.spool(&app.config.storage.directory);
        return fetch(
            app,
            config,
            url,
            spool,
            known.map(|state| (&state.etag, &state.last_modified)),
        )
        .await;
    }
    let broken = |error: io::Error| Trouble::Broken(format!("it cannot be read: {}", error.kind()));
    let paths = match (&config.file, &config.folder) {
        (Some(file), _) => vec![file.clone()],
        (None, Some(folder)) => files_of(folder).map_err(broken)?,
        (None, None) => Vec::new(),
    };
    if paths.len() > MOST_FILES {
        return Err(Trouble::Broken(format!("more than {MOST_FILES} files")));
    }
    let stamp = stamp_of(&paths).map_err(broken)?;
    // What could not be read is tried again after some time, for reasons that leave no stamp.
    let rested = |state: &SourceState| {
        state.left_out.is_none()
            || state
                .age_seconds(app.clock.now())
                .is_some_and(|age| age < super::AGAIN_SECONDS)
    };
    if known.is_some_and(|state| rested(state) && state.last_modified.as_ref() == Some(&stamp)) {
        return Ok(None);
    }
    let files = paths
        .into_iter()
        .map(|path| Document {
            path,
            spooled: false,
            first: None,
        })
        .collect();
    Ok(Some(Documents {
        files,
        stamp,
        etag: None,
    }))
}

async fn fetch(
    app: &App,
    config: &MetadataSourceConfig,
    url: &str,
    spool: PathBuf,
    known: Option<(&Option<String>, &Option<String>)>,
) -> Result<Option<Documents>, Trouble> {
    let Some(outbound) = &app.metadata_fetches else {
        return Err(Trouble::Broken("metadata.fetch_ca is missing".to_owned()));
    };
    let (etag, last_modified) = known.unwrap_or((&None, &None));
    let download = Download {
        url,
        accept: "application/samlmetadata+xml, application/xml",
        etag: etag.as_deref(),
        last_modified: last_modified.as_deref(),
        limit: config.max_octets,
    };
    if let Some(folder) = spool.parent() {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| Trouble::Broken(format!("no place for what is fetched: {}", error.kind())))?;
    }
    match outbound
        .download(&download, &spool)
        .await
        .map_err(Trouble::Fetch)?
    {
        Downloaded::Same => Ok(None),
        Downloaded::Fresh { etag, last_modified } => Ok(Some(Documents {
            files: vec![Document {
                path: spool,
                spooled: true,
                first: None,
            }],
            stamp: last_modified.unwrap_or_default(),
            etag,
        })),
    }
}

/// Files of a folder whose names end in `.xml` and begin with no dot, in the order of their names.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|extension| extension == "xml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn stamp_of(paths: &[PathBuf]) -> io::Result<String> {
    let mut seen = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path)?;
        let changed = metadata
            .modified()?
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        seen.push(format!(
            "{} {} {}",
            path.file_name().unwrap_or_default().to_string_lossy(),
            changed.as_nanos(),
            metadata.len()
        ));
    }
    Ok(xml::encode_base64(&xml::sha256(seen.join("\n").as_bytes())))
}

impl Document {
    /// The name of its file.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    pub(super) fn open(&self) -> io::Result<BufReader<File>> {
        Ok(BufReader::with_capacity(64 * 1024, File::open(&self.path)?))
    }

    /// Judges it as a whole.
    pub(super) fn judge(
        &self,
        config: &MetadataSourceConfig,
        before: Option<Mark>,
        now: Timestamp,
    ) -> Result<Publication, Trouble> {
        let keys = config
            .keys
            .iter()
            .map(|path| keys_of(path))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Trouble::Broken)?
            .concat();
        let demands = Demands {
            keys: (!config.keys.is_empty()).then_some(keys.as_slice()),
            valid_until_required: config.valid_until_required(),
            max_validity_seconds: u64::from(config.max_validity_seconds),
            max_octets: config.max_octets,
            max_entities: usize::try_from(config.max_entities).unwrap_or(usize::MAX),
            before: before.filter(|_| !config.keys.is_empty()),
            now,
        };
        let publication =
            Publication::accept(&mut || self.open(), &demands).map_err(|reason| Trouble::of(self, reason))?;
        match &self.first {
            Some(first) if first != publication.digest() => Err(Trouble::Broken(format!(
                "{}: it changed while it was read",
                self.name()
            ))),
            _ => Ok(publication),
        }
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        if self.spooled {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Keys of a PEM file: certificates, which stand for their keys, and public keys.
pub fn keys_of(path: &Path) -> Result<Vec<VerificationKey>, String> {
    let wrong = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
    let pem = std::fs::read(path).map_err(|why| wrong(&why))?;
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|why| wrong(&why))?;
        found.push(saml::metadata::key_of_certificate(&certificate).map_err(|why| wrong(&why))?);
    }
    for key in SubjectPublicKeyInfoDer::pem_slice_iter(&pem) {
        found.push(key.map_err(|why| wrong(&why))?.to_vec());
    }
    if found.is_empty() {
        return Err(wrong(&"no certificate and no public key in it"));
    }
    found
        .iter()
        .map(|spki| VerificationKey::from_spki(spki).map_err(|why| wrong(&why)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a folder is read twice: for the names in it, and to take it in.
    #[test]
    fn a_file_that_was_replaced_between_two_looks_is_not_taken_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.xml");
        let write = |name: &str| {
            let entity = format!(
                "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://{name}.example/\"/>"
            );
            std::fs::write(&path, entity).unwrap();
        };
        let config: MetadataSourceConfig = toml::from_str("name = \"federation\"\nfolder = \"x\"").unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        write("one");
        let mut document = Document {
            path: path.clone(),
            spooled: false,
            first: None,
        };
        let first = document.judge(&config, None, now).unwrap();
        document.first = Some(first.digest().to_vec());
        assert!(document.judge(&config, None, now).is_ok());
        write("two");
        let changed = document.judge(&config, None, now).unwrap_err();
        assert_eq!(changed.to_string(), "one.xml: it changed while it was read");
    }
}
