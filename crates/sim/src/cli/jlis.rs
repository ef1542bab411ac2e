//! The simulated J-LIS: run it, misbehave, publish.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use clap::{Subcommand, ValueEnum};
use sim::SimError;
use sim::jlis_server::faults::{Parameter, ServerFault, switch_in_folder};
use sim::jlis_server::{DEFAULT_NAME, JlisServer, ServerOptions, Source, control};
use sim::keys::KeyCache;
use sim::ocsp::DEFAULT_LINK_OID;
use sim::simulation::Partitioning;

use super::io;

#[derive(Debug, Subcommand)]
pub(crate) enum JlisCommand {
    /// Answer until stopped. Prints the address.
    Serve {
        /// Port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Under which its faults are kept: two servers of one folder misbehave each on its own.
        #[arg(long, default_value = DEFAULT_NAME)]
        name: String,
        /// Under which the links ride in OCSP answers.
        #[arg(long, default_value = DEFAULT_LINK_OID)]
        link_oid: String,
        /// One list per municipality, or one for all.
        #[arg(long, value_enum, default_value_t)]
        partitioning: Partitioning,
    },
    /// Switch a fault of the servers of this folder, running or not.
    Fault {
        /// Which: `gap-sim jlis faults` lists them; `all` with `off`.
        fault: String,
        /// On or off.
        #[arg(value_enum)]
        switch: Switch,
        /// How much, or in which way.
        #[arg(long)]
        parameter: Option<String>,
        /// Of which server.
        #[arg(long, default_value = DEFAULT_NAME)]
        server: String,
    },
    /// List the faults.
    Faults,
    /// Let the running server make the day's lists anew.
    Publish {
        /// Seconds by which thisUpdate lies in the past.
        #[arg(long, default_value_t = 0)]
        age: i64,
        /// Seconds from thisUpdate to nextUpdate.
        #[arg(long, default_value_t = 86_400)]
        valid: i64,
        /// Which server.
        #[arg(long, default_value = DEFAULT_NAME)]
        server: String,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

pub(super) fn run(folder: &Path, keys: &KeyCache, command: &JlisCommand) -> Result<String, SimError> {
    match command {
        JlisCommand::Serve {
            listen,
            name,
            link_oid,
            partitioning,
        } => {
            let options = ServerOptions {
                name: name.clone(),
                link_oid: link_oid.clone(),
                partitioning: *partitioning,
                keys: keys.clone(),
                ..ServerOptions::default()
            };
            serve(folder, *listen, options)
        }
        JlisCommand::Fault {
            fault,
            switch,
            parameter,
            server,
        } => {
            let on = *switch == Switch::On;
            let parameter = parameter.as_ref().map(|text| {
                text.parse()
                    .map_or_else(|_| Parameter::Text(text.clone()), Parameter::Number)
            });
            if fault == "all" && !on {
                for each in ServerFault::ALL {
                    switch_in_folder(folder, server, *each, false, None)?;
                }
                return Ok(String::new());
            }
            let fault = ServerFault::from_text(fault)
                .ok_or_else(|| SimError::Request(format!("no fault {fault}; see gap-sim jlis faults")))?;
            switch_in_folder(folder, server, fault, on, parameter)?;
            Ok(String::new())
        }
        JlisCommand::Faults => {
            let mut said = String::new();
            for fault in ServerFault::ALL {
                let parameter = match fault.parameter() {
                    "" => String::new(),
                    parameter => format!(" [{parameter}]"),
                };
                let _ = writeln!(said, "{:28}{}{parameter}", fault.as_str(), fault.meaning());
            }
            Ok(said)
        }
        JlisCommand::Publish { age, valid, server } => {
            let file = folder.join(format!("jlis-url-{server}"));
            let url = fs::read_to_string(&file).map_err(io(&file))?;
            let body = serde_json::json!({"age_seconds": age, "valid_seconds": valid});
            let said = control(&url, "/control/publish", Some(&body))?;
            Ok(format!("{said}\n"))
        }
    }
}

fn serve(folder: &Path, listen: SocketAddr, options: ServerOptions) -> Result<String, SimError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(io("the runtime"))?;
    runtime.block_on(async {
        let server = JlisServer::start_with(listen, Source::Folder(folder.to_owned()), options).await?;
        println!("{}", server.url());
        server.wait().await;
        Ok(String::new())
    })
}
