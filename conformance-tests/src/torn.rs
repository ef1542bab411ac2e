//! Rows as a crash leaves them: written beside the running platform, into its own file (Debian: python3).

use std::process::Command;

use crate::Platform;

impl Platform {
    /// Runs a statement on the Ledger's file. For states that no act of the platform leaves behind, but a crash between two of them does.
    ///
    /// # Panics
    /// Where it cannot be run.
    pub fn tear(&self, statement: &str) {
        const PROGRAM: &str = "import sqlite3, sys\n\
                               ledger = sqlite3.connect(sys.argv[1], timeout=20)\n\
                               changed = ledger.execute(sys.argv[2]).rowcount\n\
                               ledger.commit()\n\
                               sys.exit(0 if changed > 0 else 'nothing changed')";
        let done = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(self.path().join("data/ledger.sqlite"))
            .arg(statement)
            .output()
            .expect("python3 is needed by this test");
        assert!(
            done.status.success(),
            "{statement}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}
