//! Heavy commands: programs of this package behind a feature, built with progress and then started in our place.

use std::os::unix::process::CommandExt as _;

use crate::error::XtaskError;
use crate::repository::Repository;
use crate::suites::build_for_demo;

/// Builds the platform, the sample services and the demo, and becomes the demo. Returns only when that failed.
pub(crate) fn demo(repository: &Repository, words: &[String]) -> Result<bool, XtaskError> {
    if !build_for_demo(repository)? {
        return Ok(false);
    }
    let target = repository.workspace()?.target_directory;
    let program = target.join("debug/xtask-demo");
    let mut command = repository.command(&program.to_string_lossy());
    command.arg("--target").arg(&target).args(words);
    // The demo gets our terminal, our signals and our exit code.
    Err(XtaskError::Start {
        program: program.display().to_string(),
        source: command.exec(),
    })
}
