//! The sample of a bank (`sp-sdk/examples/bank.rs`) against the running platform and the simulated J-LIS, with a person who signs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use conformance_tests::{MachineClock, free_port, program};
use domain::Clock as _;

use crate::support::{Person, audit, platform_with, publish};

#[tokio::test]
async fn the_sample_bank_verifies_watches_takes_pushes_and_asks_the_latest_items() {
    let platform = platform_with("push_ca = \"push-ca.pem\"\npush_to_internal_networks = true").await;
    let at = platform.path().join("bank");
    std::fs::create_dir_all(at.join("desk")).unwrap();
    let (certificate, private_key) = platform.write_server_certificate("bank-server", &["localhost"]);
    let (port, front) = (free_port(), platform.origin.rsplit(':').next().unwrap());
    let until = MachineClock
        .now()
        .plus_seconds(300 * 86_400)
        .to_rfc3339()
        .unwrap();
    let settings = format!(
        "platform = \"{}\"\nverifier = \"bank-sample\"\nkey = \"{}\"\nlisten = \"127.0.0.1:{port}\"\n\
         certificate = \"{}\"\nprivate_key = \"{}\"\ndesk = \"{}\"\nuntil = \"{}\"\npatience_seconds = 40\n\
         addresses = [[\"idp.localhost\", \"127.0.0.1:{front}\"]]\ntrusted_ca_pem = \"\"\"\n{}\"\"\"\n",
        platform.origin,
        at.join("bank.key").display(),
        certificate.display(),
        private_key.display(),
        at.join("desk").display(),
        &until[..10],
        platform.ca_pem,
    );
    let file = at.join("bank.toml");
    std::fs::write(&file, settings).unwrap();
    let bank = || {
        let mut command = tokio::process::Command::new(program("examples/bank"));
        command.arg(&file).kill_on_drop(true);
        command
    };

    // The bank makes its key, the operator registers it.
    let keys = bank().arg("keys").output().await.unwrap();
    assert!(keys.status.success(), "{}", String::from_utf8_lossy(&keys.stderr));
    let jwks = String::from_utf8(keys.stdout).unwrap();
    let registration = format!(
        "id = \"bank-sample\"\nname = {{ ja = \"見本銀行\", en = \"Sample Bank\" }}\naccreditation = \"試験\"\n\
         accredited_until = \"2099-01-01T00:00:00Z\"\njwks = '{}'\n\
         capabilities = [\"verify_signatures\", \"watch_status\", \"latest_items\"]\n\
         push = {{ url = \"https://localhost:{port}/notices\" }}\n\
         [[purposes]]\ncode = \"account-opening\"\nname = {{ ja = \"口座開設\", en = \"Opening an account\" }}\nfour_items = true\n",
        jwks.trim()
    );
    let registered = at.join("verifier.toml");
    std::fs::write(&registered, registration).unwrap();
    let added = platform.command(&["verifier", "add", registered.to_str().unwrap()]);
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );

    let out = std::fs::File::create(at.join("screen")).unwrap();
    let mut run = bank()
        .arg("run")
        .stdout(Stdio::from(out.try_clone().unwrap()))
        .stderr(Stdio::from(out))
        .spawn()
        .unwrap();
    let screen = || std::fs::read_to_string(at.join("screen")).unwrap();
    let shows = async |what: &str| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !screen().contains(what) {
            assert!(
                Instant::now() < deadline,
                "no {what}:\n{}\n{}",
                screen(),
                platform.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };

    // The customer signs what lies on the desk.
    let person = Person::new(&platform);
    for name in ["application", "status_watch", "latest_items"] {
        shows(&format!("please sign: {name}\n")).await;
        let document = std::fs::read(at.join(format!("desk/{name}.txt"))).unwrap();
        let draft = at.join("desk/draft");
        std::fs::write(&draft, person.sign(&document)).unwrap();
        std::fs::rename(&draft, at.join(format!("desk/{name}.p7m"))).unwrap();
    }
    let before = person.world().person(&person.id).unwrap().items.address.clone();
    shows(&format!("latest address: {before}\n")).await;
    let renewed = sim::CardRequest::default();
    let after = "東京都千代田区霞が関一丁目１番１号";
    person
        .world()
        .move_house(&person.id, after, None, Some(&renewed), MachineClock.now())
        .unwrap();
    publish(&platform);
    let ended = tokio::time::timeout(Duration::from_secs(50), run.wait())
        .await
        .unwrap()
        .unwrap();
    let screen = screen();
    assert!(ended.success(), "{screen}\n{}", platform.log());
    for line in [
        "[bank] verdict: valid",
        "[bank] polled: items_changed",
        "[bank] pushed: items_changed",
        &format!("[bank] latest address: {after}"),
    ] {
        assert!(screen.lines().any(|shown| shown == line), "no {line}:\n{screen}");
    }
    assert_eq!(audit(&platform, "items_released").len(), 2);
}
