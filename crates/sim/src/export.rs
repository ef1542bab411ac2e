//! A card's certificate and key outside the card: PEM and an NSS database. (PKCS#12 is in its own room.)
//!
//! A software token is no card: it asks no PIN and does PSS.

use std::fs;
use std::path::Path;
use std::process::Command;

use domain::Entropy;

use crate::SimError;
use crate::card::Card;
use crate::certificate::pem;
use crate::keys::hex;
use crate::pkcs12::pkcs12;

/// PEM of the certificate, of its issuer, and of the key.
pub fn card_pem(card: &Card) -> Result<String, SimError> {
    Ok(pem("CERTIFICATE", card.certificate())
        + &pem("CERTIFICATE", card.issuer())
        + &pem("PRIVATE KEY", &card.key().pkcs8()?))
}

/// Puts the card into an NSS database (`sql:` form, made when missing, without password), by Debian's
/// `libnss3-tools`. Chromium reads `~/.local/share/pki/nssdb` or `~/.pki/nssdb`.
pub fn card_into_nss(
    card: &Card,
    nickname: &str,
    database: &Path,
    entropy: &dyn Entropy,
) -> Result<(), SimError> {
    let place = nss_database(database)?;
    let password = hex(&entropy.array::<16>());
    let file = database.join(format!("import-{password}.p12"));
    let content = pkcs12(card.certificate(), card.key(), &password, nickname, entropy)?;
    fs::write(&file, content).map_err(SimError::io(&file))?;
    let outcome = run(
        "pk12util",
        Command::new("pk12util")
            .args(["-i"])
            .arg(&file)
            .args(["-d", &place, "-W", &password, "-K", ""]),
    );
    fs::remove_file(&file).map_err(SimError::io(&file))?;
    outcome
}

/// Makes an NSS database trust an authority of TLS servers.
pub fn trust_in_nss(authority: &[u8], nickname: &str, database: &Path) -> Result<(), SimError> {
    let place = nss_database(database)?;
    let file = database.join("import-authority.der");
    fs::write(&file, authority).map_err(SimError::io(&file))?;
    let outcome = run(
        "certutil",
        Command::new("certutil")
            .args(["-A", "-d", &place, "-n", nickname, "-t", "C,,", "-i"])
            .arg(&file),
    );
    fs::remove_file(&file).map_err(SimError::io(&file))?;
    outcome
}

fn nss_database(folder: &Path) -> Result<String, SimError> {
    fs::create_dir_all(folder).map_err(SimError::io(folder))?;
    let place = format!("sql:{}", folder.display());
    if !folder.join("cert9.db").exists() {
        run(
            "certutil",
            Command::new("certutil").args(["-N", "--empty-password", "-d", &place]),
        )?;
    }
    Ok(place)
}

fn run(program: &'static str, command: &mut Command) -> Result<(), SimError> {
    let failed = |reason: String| SimError::Program { program, reason };
    let output = command
        .output()
        .map_err(|e| failed(format!("{e} (Debian package libnss3-tools)")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
