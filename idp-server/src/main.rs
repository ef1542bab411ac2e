//! The `idp-server` command. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    idp_server::cli::run()
}
