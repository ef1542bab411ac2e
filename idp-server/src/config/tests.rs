//! The file's shape: what stops a start, what each refusal says, and that the shipped files say what the code does.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use domain::Timestamp;
use tempfile::TempDir;
use trust_framework::ServiceFile;

use super::*;

/// What we ship: every key with its default.
const SAMPLE: &str = include_str!("../../../deploy/idp-server.toml");

/// What nobody may leave out.
const LEAST: &str = r#"
mode = "test"
[front]
listen = "127.0.0.1:8443"
origin = "https://idp.example.go.jp"
certificate = "front.pem"
private_key = "front.key"
[door]
listen = "127.0.0.1:8444"
origin = "https://idp.example.go.jp"
certificate = "door.pem"
private_key = "door.key"
[operator]
listen = "127.0.0.1:9090"
token_file = "operators"
[storage]
directory = "data"
[keys]
directory = "keys"
[jpki]
user_authentication_ca = ["ca.pem"]
crl_directory = "crl"
[jlis]
url = "http://127.0.0.1:8480"
"#;

const SECTIONS: [&str; 19] = [
    "registration",
    "metadata",
    "logout",
    "mutual_tls",
    "verification",
    "front",
    "door",
    "operator",
    "storage",
    "keys",
    "jpki",
    "jlis",
    "session",
    "device",
    "terminal",
    "oidc",
    "saml",
    "registry",
    "log",
];

/// The sample with a key that nobody knows as the first one of a section; `""` is the top.
fn with_stranger(section: &str) -> String {
    if section.is_empty() {
        return format!("stranger = 1\n{SAMPLE}");
    }
    let header = format!("\n[{section}]\n");
    assert!(SAMPLE.contains(&header), "the sample has no [{section}]");
    SAMPLE.replacen(&header, &format!("{header}stranger = 1\n"), 1)
}

/// The keys that a section knows, as the refusal of an unknown one lists them.
fn known_keys(section: &str) -> Vec<String> {
    let refusal = Config::parse(&with_stranger(section)).unwrap_err();
    let (_, list) = refusal.split_once("expected ").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What is said, and what makes it so.
type Row<'a> = (&'a str, &'a dyn Fn(&mut Config));

#[test]
fn an_unknown_key_stops_the_start_with_its_line() {
    for section in std::iter::once("").chain(SECTIONS) {
        let text = with_stranger(section);
        let place = text.lines().position(|line| line == "stranger = 1").unwrap() + 1;
        let refusal = Config::parse(&text).unwrap_err();
        assert!(
            refusal.contains(&format!("line {place}, ")) && refusal.contains("`stranger`"),
            "[{section}] {refusal}"
        );
    }
}

#[test]
fn an_unknown_section_a_missing_key_and_a_wrong_type_are_named() {
    for (from, to, named) in [
        (
            "[jlis]\n",
            "[colours]\nred = 1\n[jlis]\n",
            "unknown field `colours`",
        ),
        ("token_file = \"operators\"\n", "", "missing field `token_file`"),
        ("mode = \"test\"\n", "", "missing field `mode`"),
        ("mode = \"test\"", "mode = \"demo\"", "unknown variant `demo`"),
        (
            "listen = \"127.0.0.1:9090\"",
            "listen = 9090",
            "invalid type: integer `9090`",
        ),
        (
            "origin = \"https://idp.example.go.jp\"\ncertificate = \"front.pem\"",
            "origin = \"http://idp.example.go.jp\"\ncertificate = \"front.pem\"",
            "is no https origin",
        ),
    ] {
        assert!(LEAST.contains(from), "{from}");
        let refusal = Config::parse(&LEAST.replacen(from, to, 1)).unwrap_err();
        assert!(refusal.contains(named), "{named}: {refusal}");
    }
}

#[test]
fn the_sample_names_every_key() {
    let sample: toml::Table = toml::from_str(SAMPLE).unwrap();
    let top = known_keys("");
    for key in &top {
        assert!(sample.contains_key(key), "deploy/idp-server.toml has no {key}");
    }
    let sections: Vec<&String> = top.iter().filter(|key| *key != "mode").collect();
    assert_eq!(
        sections.len(),
        SECTIONS.len(),
        "a section is missing in this test: {sections:?}"
    );
    for section in SECTIONS {
        let keys = known_keys(section);
        assert!(!keys.is_empty(), "{section}");
        let table = sample[section].as_table().unwrap();
        for key in &keys {
            assert!(
                table.contains_key(key),
                "deploy/idp-server.toml has no {section}.{key}"
            );
        }
        assert_eq!(table.len(), keys.len(), "{section}");
    }
}

#[test]
fn each_line_of_the_sample_that_says_default_shows_the_default() {
    let sample = Config::parse(SAMPLE).unwrap();
    let least = Config::parse(LEAST).unwrap();
    assert_eq!(sample.mode, Mode::Production);
    assert_eq!(
        (sample.front.workers, sample.front.shutdown_seconds),
        (least.front.workers, least.front.shutdown_seconds)
    );
    let limits = |door: &DoorConfig| {
        (
            door.handshake_seconds,
            door.handshakes,
            door.handshakes_per_address,
            door.handshakes_per_prefix,
            door.request_seconds,
        )
    };
    assert_eq!(limits(&sample.door), limits(&least.door));
    assert_eq!(sample.storage.synchronous, least.storage.synchronous);
    assert_eq!(least.storage.synchronous, Synchronous::Full);
    let bare = |jlis: &JlisConfig| {
        format!(
            "{:?}",
            JlisConfig {
                url: String::new(),
                ca: None,
                client_certificate: None,
                client_key: None,
                ..jlis.clone()
            }
        )
    };
    let profile = |jpki: &JpkiSection| {
        (
            jpki.signing_ca.clone(),
            jpki.crl_poll_seconds,
            jpki.crl_grace_seconds,
            (jpki.list_source, jpki.list_lag_seconds),
            jpki.accepted_policies.clone(),
        )
    };
    assert_eq!(profile(&sample.jpki), profile(&least.jpki));
    assert_eq!(bare(&sample.jlis), bare(&least.jlis), "[jlis]");
    assert_eq!(
        least.index_directory(),
        Path::new("data/revocation"),
        "yesterday's file knows no such key"
    );
    assert_eq!(
        sample.index_directory(),
        sample.storage.directory.join("revocation")
    );
    assert_eq!(format!("{:?}", sample.session), format!("{:?}", least.session));
    let oidc = |config: &Config| {
        let mut section = config.oidc.clone();
        section.fetch_ca = None;
        format!("{section:?}")
    };
    assert_eq!(oidc(&sample), oidc(&least));
    assert_eq!(least.oidc.fetch_ca, None);
    assert_eq!(
        (sample.saml.clock_skew_seconds, sample.saml.assertion_seconds),
        (least.saml.clock_skew_seconds, least.saml.assertion_seconds)
    );
    assert_eq!(least.saml.entity_id, None);
    assert_eq!(
        sample.saml.entity_id,
        Some(sample.front.origin.url("/saml/metadata"))
    );
    assert_eq!(sample.registry.import, least.registry.import);
    assert_eq!(format!("{:?}", sample.log), format!("{:?}", least.log));
}

#[test]
fn the_shipped_service_files_can_be_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/services");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = ServiceFile::parse(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()));
        assert!(!file.attributes().unwrap().is_empty());
        file.protocol(Timestamp::from_seconds(1_800_000_000))
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", path.display()));
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// A folder with every file that [`LEAST`] names.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("front.pem", 0o644),
        ("front.key", 0o600),
        ("door.pem", 0o644),
        ("door.key", 0o600),
        ("operators", 0o600),
        ("jlis.key", 0o600),
        ("ca.pem", 0o644),
        ("idp-server.toml", 0o644),
    ];
    for (name, mode) in files {
        let path = folder.path().join(name);
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::write(folder.path().join("idp-server.toml"), LEAST).unwrap();
    folder
}

fn problems(folder: &TempDir, change: impl FnOnce(&mut Config)) -> Vec<String> {
    let mut config = Config::read(&folder.path().join("idp-server.toml")).unwrap();
    change(&mut config);
    config.problems()
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let folder = folder();
    let config = Config::read_and_check(&folder.path().join("idp-server.toml")).unwrap();
    let at = |name: &str| folder.path().join(name);
    assert_eq!(config.front.certificate, at("front.pem"));
    assert_eq!(config.door.private_key, at("door.key"));
    assert_eq!(config.operator.token_file, at("operators"));
    assert_eq!(config.storage.directory, at("data"));
    assert_eq!(config.keys.directory, at("keys"));
    assert_eq!(config.jpki.user_authentication_ca, [at("ca.pem")]);
    assert_eq!(config.jpki.crl_directory, at("crl"));
    let more = format!("{LEAST}\n[registry]\nimport = [\"a.toml\", \"/b.toml\"]\n").replacen(
        "[jpki]\n",
        "[jpki]\nsigning_ca = [\"s.pem\"]\n",
        1,
    );
    fs::write(at("idp-server.toml"), more).unwrap();
    let config = Config::read(&at("idp-server.toml")).unwrap();
    assert_eq!(config.jpki.signing_ca, [at("s.pem")]);
    assert_eq!(config.registry.import, [at("a.toml"), "/b.toml".into()]);
}

#[test]
fn a_file_that_cannot_be_opened_is_named_by_its_key() {
    let folder = folder();
    assert_eq!(problems(&folder, |_| {}), Vec::<String>::new());
    let absent = || folder.path().join("absent");
    let rows: [Row<'_>; 7] = [
        ("front.certificate", &|c| c.front.certificate = absent()),
        ("front.private_key", &|c| c.front.private_key = absent()),
        ("door.certificate", &|c| c.door.certificate = absent()),
        ("door.private_key", &|c| c.door.private_key = absent()),
        ("operator.token_file", &|c| c.operator.token_file = absent()),
        ("jpki.user_authentication_ca", &|c| {
            c.jpki.user_authentication_ca.push(absent());
        }),
        ("jpki.signing_ca", &|c| c.jpki.signing_ca.push(absent())),
    ];
    for (key, change) in rows {
        let found = problems(&folder, change);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(&format!("{key}: cannot open ")) && found[0].contains("absent"),
            "{found:?}"
        );
    }
}

#[test]
fn a_secret_that_others_can_read_is_named_with_the_remedy() {
    for (key, name) in [
        ("front.private_key", "front.key"),
        ("door.private_key", "door.key"),
        ("operator.token_file", "operators"),
        ("jlis.client_key", "jlis.key"),
    ] {
        for mode in [0o640, 0o604, 0o620] {
            let folder = folder();
            let path = folder.path().join(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let ours = folder.path().join("jlis.key");
            let found = problems(&folder, |config| config.jlis.client_key = Some(ours));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with(&format!("{key}: "))
                    && found[0].contains(&format!("mode {mode:o}"))
                    && found[0].ends_with(&format!("chmod 600 {}", path.display())),
                "{found:?}"
            );
        }
    }
}

#[test]
fn values_that_cannot_work_are_named_by_their_key() {
    let folder = folder();
    let rows: [Row<'_>; 15] = [
        ("jpki.user_authentication_ca: name at least one", &|c| {
            c.jpki.user_authentication_ca.clear();
        }),
        ("door.certificate: use another", &|c| {
            c.door.certificate = c.front.certificate.clone();
        }),
        ("door.listen: the door needs another", &|c| {
            c.door.listen = c.front.listen;
        }),
        ("session.ticket_seconds: ", &|c| c.session.ticket_seconds = 0),
        ("session.ticket_seconds: ", &|c| c.session.ticket_seconds = 301),
        ("session.transaction_seconds: ", &|c| {
            c.session.transaction_seconds = 9;
        }),
        ("session.attempts: ", &|c| c.session.attempts = 0),
        ("oidc.code_seconds: 1 to 600", &|c| c.oidc.code_seconds = 601),
        ("oidc.code_seconds: 1 to 600", &|c| c.oidc.code_seconds = 0),
        ("oidc.access_token_seconds: 1 to 86400", &|c| {
            c.oidc.access_token_seconds = 86_401;
        }),
        ("oidc.id_token_seconds: 1 to 86400", &|c| {
            c.oidc.id_token_seconds = 86_401;
        }),
        ("oidc.offline_seconds: 1 to ", &|c| {
            c.oidc.offline_seconds = u32::MAX;
        }),
        ("", &|c| {
            c.oidc.code_seconds = 600;
            c.oidc.access_token_seconds = 86_400;
            c.oidc.id_token_seconds = 86_400;
        }),
        ("", &|c| {
            // Port 0 is a free one for each.
            c.front.listen = "127.0.0.1:0".parse().unwrap();
            c.door.listen = c.front.listen;
        }),
        ("", &|c| {
            c.session.ticket_seconds = 300;
            c.session.transaction_seconds = 10;
            c.session.attempts = 1;
        }),
    ];
    for (beginning, change) in rows {
        let found = problems(&folder, change);
        if beginning.is_empty() {
            assert_eq!(found, Vec::<String>::new());
        } else {
            assert_eq!(found.len(), 1, "{beginning} {found:?}");
            assert!(found[0].starts_with(beginning), "{beginning} {found:?}");
        }
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let folder = folder();
    let path = folder.path().join("idp-server.toml");
    fs::remove_file(folder.path().join("ca.pem")).unwrap();
    fs::set_permissions(folder.path().join("door.key"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, format!("{LEAST}\n[session]\nattempts = 0\n")).unwrap();
    let refusal = Config::read_and_check(&path).unwrap_err();
    let text = refusal.to_string();
    assert!(matches!(refusal, ConfigError::Problems { ref problems, .. } if problems.len() == 3));
    assert!(
        text.contains("cannot be used:") && text.lines().count() == 4,
        "{text}"
    );
    for key in [
        "jpki.user_authentication_ca",
        "door.private_key",
        "session.attempts",
    ] {
        assert!(text.contains(&format!("\n  - {key}: ")), "{key}: {text}");
    }
}

#[test]
fn a_file_that_is_not_there_or_is_no_toml_is_named() {
    let folder = folder();
    let absent = folder.path().join("absent.toml");
    let refusal = Config::read(&absent).unwrap_err();
    assert!(matches!(refusal, ConfigError::Unreadable { .. }));
    assert!(refusal.to_string().contains("absent.toml"), "{refusal}");
    let path = folder.path().join("idp-server.toml");
    fs::write(&path, "mode = \"test\"\n[front\n").unwrap();
    let refusal = Config::read(&path).unwrap_err();
    let ConfigError::Malformed { why, .. } = &refusal else {
        panic!("{refusal}")
    };
    assert!(why.contains("line 2"), "{why}");
    assert!(refusal.to_string().contains("idp-server.toml"), "{refusal}");
}
