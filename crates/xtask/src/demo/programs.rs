//! The programs of the demo: started in order, watched, ended together.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conformance_tests::Browser;

use crate::fault::DemoFault;
use crate::world::{World, write};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// What runs.
pub(crate) struct Programs {
    running: Vec<Running>,
}

struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Programs {
    /// Starts everything; returns when everything answers.
    pub(crate) async fn start(world: &World) -> Result<Self, DemoFault> {
        println!(
            "demo: starting the J-LIS simulator on port {}",
            world.ports.jlis()
        );
        let mut programs = Self { running: Vec::new() };
        let browser = Browser::new(&world.ca_pem, None);
        let address = format!("127.0.0.1:{}", world.ports.jlis());
        programs.spawn(
            world,
            "gap-sim",
            "debug/gap-sim",
            &["--dir", "jpki", "jlis", "serve", "--listen", &address],
        )?;
        let faults = format!("http://{address}/control/faults");
        programs.ready(&browser, "gap-sim", &faults).await?;
        prepare_platform(world)?;
        println!(
            "demo: starting the platform on ports {} and {}",
            world.ports.front(),
            world.ports.door()
        );
        let config = world.file("idp-server.toml");
        programs.spawn(
            world,
            "idp-server",
            "debug/idp-server",
            &["--config", &config.to_string_lossy(), "serve"],
        )?;
        let metadata = programs
            .ready(
                &browser,
                "idp-server",
                &format!("{}/saml/metadata", world.origin()),
            )
            .await?;
        write(&world.file("idp-metadata.xml"), metadata.as_bytes())?;
        for (name, program, config, origin) in [
            (
                "oidc-service",
                "debug/examples/oidc_service",
                "oidc-service.toml",
                world.oidc_origin(),
            ),
            (
                "saml-service",
                "debug/examples/saml_service",
                "saml-service.toml",
                world.saml_origin(),
            ),
        ] {
            println!("demo: starting the {name} at {origin}");
            programs.spawn(world, name, program, &[config])?;
            programs.ready(&browser, name, &format!("{origin}/")).await?;
        }
        Ok(programs)
    }

    fn spawn(
        &mut self,
        world: &World,
        name: &'static str,
        program: &str,
        arguments: &[&str],
    ) -> Result<(), DemoFault> {
        let log = world.file(&format!("{name}.log"));
        let file = File::create(&log).map_err(DemoFault::io(log.display()))?;
        let both = file.try_clone().map_err(DemoFault::io(log.display()))?;
        // setpriv (util-linux) ends the program with us, however we end.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM"])
            .arg(world.target.join(program))
            .args(arguments)
            .current_dir(&world.folder)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(both)
            .spawn()
            .map_err(DemoFault::io(program))?;
        self.running.push(Running { name, child, log });
        Ok(())
    }

    /// Waits until an address answers with success; its body.
    async fn ready(&mut self, browser: &Browser, name: &'static str, url: &str) -> Result<String, DemoFault> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            if let Ok(page) = browser.try_get(url).await
                && page.status.is_success()
            {
                return Ok(page.body);
            }
            self.still_run()?;
            if Instant::now() > until {
                let log = self
                    .running
                    .iter()
                    .find(|running| running.name == name)
                    .map(|running| tail(&running.log));
                return Err(DemoFault::NotReady {
                    program: name,
                    log: log.unwrap_or_default(),
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Refuses to go on when something ended by itself.
    pub(crate) fn still_run(&mut self) -> Result<(), DemoFault> {
        for running in &mut self.running {
            let ended = running.child.try_wait().map_err(DemoFault::io(running.name))?;
            if ended.is_some() {
                return Err(DemoFault::Ended {
                    program: running.name,
                    log: tail(&running.log),
                });
            }
        }
        Ok(())
    }

    /// Asks everything to end, last started first, and waits.
    pub(crate) fn stop(mut self) {
        while let Some(mut running) = self.running.pop() {
            end(&mut running.child);
        }
    }
}

/// Keys, and the registration of both services; what is there stays.
fn prepare_platform(world: &World) -> Result<(), DemoFault> {
    if !world.file("keys").exists() {
        platform(world, &["keys", "init"])?;
    }
    let saml = format!("{}/", world.saml_origin());
    if platform(world, &["service", "show", &world.client_id()]).is_err() {
        let mut jwks = Command::new(world.target.join("debug/examples/oidc_service"));
        jwks.arg("--jwks").arg(world.file("oidc-client.key"));
        let file = world.file("oidc-registration.toml");
        write(&file, world.oidc_registration(&said(jwks)?).as_bytes())?;
        platform(world, &["service", "add", &file.to_string_lossy()])?;
    }
    if platform(world, &["service", "show", &saml]).is_err() {
        let mut metadata = Command::new(world.target.join("debug/examples/saml_service"));
        metadata
            .arg("--metadata")
            .arg("saml-service.toml")
            .current_dir(&world.folder);
        let file = world.file("saml-registration.xml");
        write(&file, said(metadata)?.as_bytes())?;
        platform(world, &["service", "add-saml", &file.to_string_lossy()])?;
    }
    Ok(())
}

impl Drop for Programs {
    fn drop(&mut self) {
        for running in &mut self.running {
            end(&mut running.child);
        }
    }
}

/// TERM, ten seconds, then without asking.
fn end(child: &mut Child) {
    let _ = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            _ => return,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A command of the platform.
fn platform(world: &World, arguments: &[&str]) -> Result<String, DemoFault> {
    let mut command = Command::new(world.target.join("debug/idp-server"));
    command
        .arg("--config")
        .arg(world.file("idp-server.toml"))
        .args(arguments);
    said(command)
}

fn said(mut command: Command) -> Result<String, DemoFault> {
    let text = format!("{command:?}");
    let output = command.output().map_err(DemoFault::io(&text))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(DemoFault::Command {
            command: text,
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(20)..)
        .unwrap_or_default()
        .join("\n")
}
