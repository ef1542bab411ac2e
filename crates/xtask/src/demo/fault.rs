//! Why the demo cannot go on.

use std::fmt;
use std::io;

/// Why the demo cannot go on. Each says what to do where something can be done.
#[derive(Debug)]
pub(crate) enum DemoFault {
    /// Something of the machine failed.
    Io {
        /// At what.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A port is taken.
    PortTaken {
        /// Which.
        port: u16,
        /// What for.
        what: &'static str,
    },
    /// The simulation failed.
    Simulation(sim::SimError),
    /// A program ended that should run.
    Ended {
        /// Which.
        program: &'static str,
        /// The end of its log.
        log: String,
    },
    /// A program's command failed.
    Command {
        /// Which.
        command: String,
        /// What it said.
        said: String,
    },
    /// A program does not answer.
    NotReady {
        /// Which.
        program: &'static str,
        /// The end of its log.
        log: String,
    },
    /// The sign-in stopped.
    Hop {
        /// Where.
        at: String,
        /// Why.
        why: String,
    },
}

impl DemoFault {
    /// Something of the machine failed.
    pub(crate) fn io(what: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        let what = what.to_string();
        move |source| Self::Io { what, source }
    }
}

impl From<sim::SimError> for DemoFault {
    fn from(error: sim::SimError) -> Self {
        Self::Simulation(error)
    }
}

impl fmt::Display for DemoFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, source } => write!(f, "{what}: {source}"),
            Self::PortTaken { port, what } => write!(
                f,
                "port {port} ({what}) is taken; stop what uses it, or choose others with --port-base 18443"
            ),
            Self::Simulation(error) => write!(f, "simulated JPKI: {error}; `rm -r target/demo` starts anew"),
            Self::Ended { program, log } => write!(f, "{program} ended by itself. The end of its log:\n{log}"),
            Self::Command { command, said } => write!(f, "`{command}` failed:\n{said}"),
            Self::NotReady { program, log } => write!(f, "{program} does not answer. The end of its log:\n{log}"),
            Self::Hop { at, why } => write!(f, "the sign-in stopped at {at}\n  {why}"),
        }
    }
}

impl std::error::Error for DemoFault {}
