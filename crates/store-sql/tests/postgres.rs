//! PostgreSQL before the kit that judges every backend, and what is its own: connections that die, a batch in doubt, two that migrate at once.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use store::Ledger;
use store::conformance::servers::PostgresServer;
use store::conformance::{LedgerFactory, judge_ledger};
use store_sql::{PostgresLedger, PostgresOptions};

/// One server for all tests of this file; each has a schema of its own.
fn server() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(PostgresServer::start)
}

fn options(schema: &str) -> PostgresOptions {
    server().sql("postgres", &format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    PostgresOptions {
        schema: Some(schema.to_owned()),
        ..PostgresOptions::new("127.0.0.1", server().port(), "postgres", PostgresServer::USER)
    }
}

struct Schemas;

#[async_trait]
impl LedgerFactory for Schemas {
    async fn open(&self, name: &str) -> Arc<dyn Ledger> {
        Arc::new(
            PostgresLedger::connect(options(&format!("kit_{name}")))
                .await
                .unwrap(),
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgresql_is_a_ledger() {
    judge_ledger(Arc::new(Schemas)).await;
}

/// A wire between the store and the server that a test can cut at `COMMIT`.
mod wire {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// What happens to the next `COMMIT`.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub(super) enum Cut {
        Never,
        /// The server never hears of it.
        Before,
        /// The server carries it out and nobody hears the answer.
        After,
        /// As `After`, and the server is not reached any more.
        AfterForGood,
    }

    #[derive(Debug)]
    pub(super) struct Wire {
        pub(super) port: u16,
        cut: Mutex<Cut>,
        pub(super) cuts: AtomicUsize,
    }

    impl Wire {
        pub(super) async fn to(server: u16) -> Arc<Self> {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let wire = Arc::new(Self {
                port: listener.local_addr().unwrap().port(),
                cut: Mutex::new(Cut::Never),
                cuts: AtomicUsize::new(0),
            });
            let own = Arc::clone(&wire);
            tokio::spawn(async move {
                while let Ok((near, _)) = listener.accept().await {
                    if own.next() == Cut::AfterForGood && own.cuts.load(Ordering::SeqCst) > 0 {
                        continue;
                    }
                    let far = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    tokio::spawn(Arc::clone(&own).carry(near, far));
                }
            });
            wire
        }

        pub(super) fn cut(&self, cut: Cut) {
            *self.cut.lock().unwrap() = cut;
        }

        fn next(&self) -> Cut {
            *self.cut.lock().unwrap()
        }

        async fn carry(self: Arc<Self>, near: TcpStream, far: TcpStream) {
            let (mut near_in, mut near_out) = near.into_split();
            let (mut far_in, mut far_out) = far.into_split();
            let back = tokio::spawn(async move {
                let _ = tokio::io::copy(&mut far_in, &mut near_out).await;
            });
            let mut buffer = vec![0; 65_536];
            while let Ok(length) = near_in.read(&mut buffer).await {
                let said = buffer.get(..length).unwrap();
                if length == 0 {
                    break;
                }
                let cut = self.next();
                let commits = said.windows(7).any(|part| part == b"COMMIT\0");
                if commits && cut != Cut::Never {
                    self.cuts.fetch_add(1, Ordering::SeqCst);
                    back.abort();
                    let _ = back.await;
                    if cut == Cut::AfterForGood {
                        far_out.write_all(said).await.unwrap();
                    } else {
                        self.cut(Cut::Never);
                        if cut == Cut::After {
                            far_out.write_all(said).await.unwrap();
                        }
                    }
                    return;
                }
                if far_out.write_all(said).await.is_err() {
                    break;
                }
            }
            back.abort();
        }
    }
}

use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use audit::Action;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use store::conformance::sample::{self, NOW};
use store::{Batch, CommitOutcome, Conflict, SingleUseKind, StoreFault, Write};
use store_sql::OpenError;
use wire::{Cut, Wire};

fn once(key: &str) -> Batch {
    let write = Write::InsertSingleUse {
        kind: SingleUseKind::AuthorizationCode,
        key: key.to_owned(),
        expires_at: NOW,
    };
    Batch::new().write(write).event(sample::event(Action::CodeIssued))
}

async fn through(wire: &Wire, schema: &str) -> PostgresLedger {
    let mut options = options(schema);
    options.servers = vec![("127.0.0.1".to_owned(), wire.port)];
    options.patience = Duration::from_secs(2);
    PostgresLedger::connect(options).await.unwrap()
}

async fn direct(schema: &str) -> PostgresLedger {
    PostgresLedger::connect(options(schema)).await.unwrap()
}

/// The server never heard of `COMMIT`: the batch is carried out on another connection, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_never_arrived_is_made_up_for() {
    let wire = Wire::to(server().port()).await;
    let ledger = through(&wire, "cut_before").await;
    wire.cut(Cut::Before);
    assert_eq!(ledger.commit(once("code")).await, Ok(CommitOutcome::Committed));
    assert_eq!(wire.cuts.load(Ordering::SeqCst), 1);
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts.single_use, counts.audit), (1, 1));
}

/// The server committed and its answer was lost: doing it again would answer "used before" to the one who was first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_whose_answer_was_lost_is_found() {
    let wire = Wire::to(server().port()).await;
    let ledger = through(&wire, "cut_after").await;
    for round in 0..5 {
        wire.cut(Cut::After);
        let key = format!("code {round}");
        assert_eq!(ledger.commit(once(&key)).await, Ok(CommitOutcome::Committed));
        assert_eq!(wire.cuts.load(Ordering::SeqCst), round + 1);
    }
    let counts = ledger.counts().await.unwrap();
    assert_eq!((counts.single_use, counts.audit), (5, 5));
    let used = Conflict::AlreadyUsed(SingleUseKind::AuthorizationCode);
    assert_eq!(
        ledger.commit(once("code 1")).await,
        Ok(CommitOutcome::Conflict(used))
    );
}

/// Nobody can be asked: that is said, and it is neither yes nor no.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_nobody_can_be_asked_about_is_unknown() {
    let wire = Wire::to(server().port()).await;
    let ledger = through(&wire, "cut_for_good").await;
    wire.cut(Cut::AfterForGood);
    let began = Instant::now();
    let answer = ledger.commit(once("code")).await;
    assert!(matches!(answer, Err(StoreFault::Unknown(_))), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let gone = ledger.commit(once("another")).await;
    assert!(matches!(gone, Err(StoreFault::Unavailable(_))), "{gone:?}");
    // It was committed, as a look from elsewhere shows; the one in between was not.
    let counts = direct("cut_for_good").await.counts().await.unwrap();
    assert_eq!((counts.single_use, counts.audit), (1, 1));
}

/// Sessions that an administrator ends are replaced; nobody notices but by a little time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ended_sessions_are_replaced() {
    server().sql(
        "postgres",
        "CREATE ROLE ended LOGIN; CREATE SCHEMA ended AUTHORIZATION ended",
    );
    let mut options = options("ended");
    options.user = "ended".to_owned();
    let ledger = PostgresLedger::connect(options).await.unwrap();
    for round in 0..3 {
        let outcome = ledger.commit(once(&round.to_string())).await;
        assert_eq!(outcome, Ok(CommitOutcome::Committed));
        assert_eq!(ledger.counts().await.unwrap().audit, round + 1);
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'ended'";
        assert_ne!(server().sql("postgres", end), "0");
    }
}

/// A connection that reads lives on the runtime of whoever made it; who comes after that one's end is answered all the same, and what it
/// commits is carried out by the runtime that stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_come_and_go() {
    for readers in [1, 8] {
        let options = PostgresOptions {
            readers,
            ..options(&format!("workers_{readers}"))
        };
        let ledger = PostgresLedger::connect(options).await.unwrap();
        for worker in 0..4_u64 {
            let seen = std::thread::scope(|scope| {
                let asking = scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.unwrap().block_on(async {
                        let outcome = ledger.commit(once(&worker.to_string())).await;
                        assert_eq!(outcome, Ok(CommitOutcome::Committed));
                        ledger.counts().await.unwrap().audit
                    })
                });
                asking.join().unwrap()
            });
            assert_eq!(seen, worker + 1);
            assert_eq!(ledger.counts().await.unwrap().audit, worker + 1);
        }
    }
}

/// A worker that ends with a batch under way leaves it to the runtime that stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_is_carried_out_though_nobody_waits_for_it() {
    let ledger = PostgresLedger::connect(options("left_alone")).await.unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut committing = std::pin::pin!(ledger.commit(once("left")));
                let asked =
                    std::future::poll_fn(|context| Poll::Ready(committing.as_mut().poll(context))).await;
                assert!(asked.is_pending());
            });
        });
    });
    let until = Instant::now() + Duration::from_secs(10);
    while ledger.counts().await.unwrap().audit == 0 {
        assert!(Instant::now() < until, "the batch was left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A session that stops in the middle of a transaction holds what all batches need; the server takes it from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_holds_the_lock_and_sleeps_is_not_waited_for_longer_than_the_statement_time_out() {
    let mut impatient = options("held");
    impatient.statement_timeout = Duration::from_millis(400);
    impatient.patience = Duration::from_secs(4);
    let ledger = Arc::new(PostgresLedger::connect(impatient).await.unwrap());
    let sleeper = std::thread::spawn(|| {
        server().sql(
            "postgres",
            "SET search_path = held; BEGIN; \
             SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 4736)); SELECT pg_sleep(1.5); COMMIT",
        )
    });
    let held =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)%' AND wait_event = 'PgSleep'";
    while server().sql("postgres", held) == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Reading waits for nobody.
    assert_eq!(ledger.counts().await.unwrap().audit, 0);
    assert_eq!(ledger.commit(once("code")).await, Ok(CommitOutcome::Committed));
    sleeper.join().unwrap();
    assert_eq!(ledger.counts().await.unwrap().audit, 1);
}

/// Eight nodes that start at the same time on a new database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_that_make_the_tables_at_once_all_start() {
    let options = options("eight");
    let starting: Vec<_> = (0..8)
        .map(|_| tokio::spawn(PostgresLedger::connect(options.clone())))
        .collect();
    for start in starting {
        let ledger = start.await.unwrap().unwrap();
        ledger.close().await;
    }
    let steps = server().sql(
        "postgres",
        "SELECT count(*) = max(number) FROM eight.schema_migration",
    );
    assert_eq!(steps, "t");
}

/// A newer version that only added something is no hindrance; one that took something away is, by name.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn yesterdays_binary_runs_on_todays_tables_until_something_goes() {
    let ledger = direct("rolling").await;
    let tomorrow = |statements: &str| {
        let schema = "SET search_path = rolling; ";
        server().sql("postgres", &format!("{schema}{statements}"))
    };
    tomorrow(
        "ALTER TABLE session ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'; \
         INSERT INTO schema_migration (number, name, kind, oldest) VALUES (900, 'mood', 'expand', 0)",
    );
    // The one that runs goes on, with statements that it prepared before; and a new one starts.
    assert_eq!(ledger.commit(once("a")).await, Ok(CommitOutcome::Committed));
    let dynamic: Arc<dyn Ledger> = Arc::new(direct("rolling").await);
    let world = sample::World::in_ledger(&dynamic).await;
    assert_eq!(ledger.session(&world.session.id).await, Ok(Some(world.session)));
    tomorrow(
        "INSERT INTO schema_migration (number, name, kind, oldest) VALUES (901, 'no_more', 'contract', 900)",
    );
    let refused = PostgresLedger::connect(options("rolling"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::NewerSchema { found: 901, .. }),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_is_not_ours_or_not_there_is_named() {
    server().sql(
        "postgres",
        "CREATE SCHEMA foreign_tables; CREATE TABLE foreign_tables.recipes (x TEXT)",
    );
    let foreign = PostgresLedger::connect(options("foreign_tables"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(foreign.to_string().contains("not of this platform"), "{foreign}");
    let mut nowhere = options("anything");
    nowhere.schema = Some("never_made".to_owned());
    let nowhere = PostgresLedger::connect(nowhere).await.map(drop).unwrap_err();
    assert!(nowhere.to_string().contains("does not exist"), "{nowhere}");
    let mut injected = options("anything");
    injected.schema = Some("x -c fsync=off".to_owned());
    let injected = PostgresLedger::connect(injected).await.map(drop).unwrap_err();
    assert!(injected.to_string().contains("small letters"), "{injected}");
    let mut silent = options("anything");
    silent.servers = vec![("127.0.0.1".to_owned(), store::conformance::servers::free_port())];
    let silent = PostgresLedger::connect(silent).await.map(drop).unwrap_err();
    assert!(
        silent.to_string().starts_with("postgresql://127.0.0.1:"),
        "{silent}"
    );
}

/// The password is read from its file at each connecting; a wrong one is told in the server's words, without the password.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_role_with_a_password_signs_in_by_file() {
    server().sql("postgres", "CREATE SCHEMA guarded AUTHORIZATION guarded");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "not this one\n").unwrap();
    let mut options = options("guarded");
    options.user = "guarded".to_owned();
    options.password_file = Some(file.clone());
    let refused = PostgresLedger::connect(options.clone())
        .await
        .map(drop)
        .unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("password authentication failed") && !said.contains("not this one"),
        "{said}"
    );
    std::fs::write(&file, "open sesame\n").unwrap();
    let ledger = PostgresLedger::connect(options).await.unwrap();
    assert_eq!(ledger.commit(once("a")).await, Ok(CommitOutcome::Committed));
}

/// The log cannot be changed by whoever only has SQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_refuses_changes() {
    let ledger = direct("append_only").await;
    assert_eq!(ledger.commit(once("a")).await, Ok(CommitOutcome::Committed));
    for attempt in [
        "UPDATE append_only.audit_record SET hash = 'x'",
        "DELETE FROM append_only.audit_record",
        "TRUNCATE append_only.audit_record",
    ] {
        let refused = server().psql("postgres", attempt).unwrap_err();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closing_finishes_what_is_under_way_and_refuses_the_rest() {
    let ledger = Arc::new(direct("closing").await);
    let under_way: Vec<_> = (0..50)
        .map(|number| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move { ledger.commit(once(&number.to_string())).await })
        })
        .collect();
    tokio::task::yield_now().await;
    ledger.close().await;
    let mut committed = 0;
    for task in under_way {
        match task.await.unwrap() {
            Ok(outcome) => {
                assert_eq!(outcome, CommitOutcome::Committed);
                committed += 1;
            }
            Err(fault) => assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}"),
        }
    }
    assert_eq!(direct("closing").await.counts().await.unwrap().audit, committed);
    let closed = StoreFault::Unavailable("the store is closed".to_owned());
    assert_eq!(ledger.commit(once("late")).await, Err(closed.clone()));
    assert_eq!(ledger.counts().await, Err(closed));
}

/// A role who must speak TLS, and a server whose authority is or is not the one that is trusted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_goes_over_the_wire_is_sealed_for_the_server_that_was_meant() {
    server().sql("postgres", "CREATE SCHEMA sealed AUTHORIZATION sealed");
    let mut options = options("sealed");
    options.user = "sealed".to_owned();
    let clear = PostgresLedger::connect(options.clone())
        .await
        .map(drop)
        .unwrap_err();
    assert!(clear.to_string().contains("pg_hba.conf"), "{clear}");
    let trusting = |ca: &std::path::Path| {
        let mut roots = rustls::RootCertStore::empty();
        let pem = std::fs::read(ca).unwrap();
        for certificate in <CertificateDer<'_> as PemObject>::pem_slice_iter(&pem) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Some(Arc::new(config))
    };
    let folder = tempfile::tempdir().unwrap();
    let stranger = store::conformance::servers::Certificates::make(folder.path());
    options.tls = trusting(&stranger.ca);
    let refused = PostgresLedger::connect(options.clone())
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        refused.to_string().contains("invalid peer certificate"),
        "{refused}"
    );
    options.tls = trusting(server().ca());
    let ledger = PostgresLedger::connect(options.clone()).await.unwrap();
    assert_eq!(ledger.commit(once("a")).await, Ok(CommitOutcome::Committed));
    let sealed =
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'sealed'";
    assert_eq!(server().sql("postgres", sealed), "t");
    // The right authority for another name.
    options.servers = vec![("127.0.0.2".to_owned(), server().port())];
    let misnamed = PostgresLedger::connect(options).await.map(drop).unwrap_err();
    let said = misnamed.to_string();
    assert!(
        said.contains("not valid for name") || said.contains("refused"),
        "{said}"
    );
}
