//! What breaks under a crowd of people who sign in: they may have to start over, and no more than that.

use std::time::{Duration, Instant};

use conformance_tests::RelyingParty;
use store::conformance::servers::{PostgresServer, RedisSentinels};

use crate::support::{Crowd, Nodes, on_postgres, postgres, redis};

/// How soon after a fault people get in again, who began after it; and how soon nobody has to start over any more, at either node.
const RECOVERED: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_under_load() {
    let mut nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-killed");
    let mut crowd = Crowd::start(&nodes, &rp, 3);
    crowd.goes_on(4, &nodes).await;
    nodes.pair[0].kill();
    let killed = Instant::now();
    let took = crowd.recovered(killed, &nodes).await;
    println!("a node killed: the next sign-in was answered after {took:?}");
    assert!(took < RECOVERED, "{took:?}");
    crowd.is_as_before(killed + RECOVERED, &[1], &nodes).await;
    nodes.pair[0].spawn();
    nodes.pair[0].wait_until_ready().await;
    crowd.is_as_before(Instant::now(), &[0, 1], &nodes).await;
    crowd.kept_its_word(&nodes, &rp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_loses_its_master_and_the_sentinels_make_another() {
    let mut sentinels = RedisSentinels::start();
    let watched: Vec<String> = sentinels
        .ports()
        .iter()
        .map(|port| format!("\"127.0.0.1:{port}\""))
        .collect();
    let lines = format!(
        "{}[storage.redis]\nmode = \"sentinel\"\nservers = [{}]\nmaster = \"{}\"\n",
        on_postgres(postgres(), "failover"),
        watched.join(", "),
        RedisSentinels::NAME
    );
    let nodes = Nodes::on(&lines).await;
    let rp = RelyingParty::register(&nodes.platform, "rp-failover");
    let mut crowd = Crowd::start(&nodes, &rp, 3);
    crowd.goes_on(4, &nodes).await;
    let master = sentinels.master();
    let lost = sentinels
        .servers
        .iter()
        .position(|server| server.port() == master)
        .unwrap();
    sentinels.servers[lost].stop();
    let stopped = Instant::now();
    let took = crowd.recovered(stopped, &nodes).await;
    println!("Redis lost its master: the next sign-in was answered after {took:?}");
    assert!(took < RECOVERED, "{took:?}");
    assert_ne!(sentinels.master(), master);
    crowd.is_as_before(stopped + RECOVERED, &[0, 1], &nodes).await;
    crowd.kept_its_word(&nodes, &rp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_crashes_and_starts_again() {
    // Making a server takes seconds, in which the runtime's threads have other things to do.
    let mut server = tokio::task::spawn_blocking(PostgresServer::start).await.unwrap();
    let lines = format!(
        "{}[storage.redis]\nservers = [\"127.0.0.1:{}\"]\ndatabase = 20\n",
        on_postgres(&server, "restarted"),
        redis().port()
    );
    let nodes = Nodes::on(&lines).await;
    let rp = RelyingParty::register(&nodes.platform, "rp-restarted");
    let mut crowd = Crowd::start(&nodes, &rp, 3);
    crowd.goes_on(4, &nodes).await;
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server.start_again();
        server
    })
    .await
    .unwrap();
    let again = Instant::now();
    let took = crowd.recovered(again, &nodes).await;
    println!("PostgreSQL restarted: the next sign-in was answered after {took:?}");
    assert!(took < RECOVERED, "{took:?}");
    crowd.is_as_before(again + RECOVERED, &[0, 1], &nodes).await;
    crowd.kept_its_word(&nodes, &rp).await;
    drop(nodes);
    drop(server);
}
