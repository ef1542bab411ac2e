//! One node after the other is exchanged while people sign in, on tables that tomorrow's version has already changed.

use conformance_tests::RelyingParty;

use crate::balancer::BOTH;
use crate::support::{Crowd, Nodes, postgres};

/// What tomorrow's first node does at its start: it adds a column, a table and an index.
const TOMORROW: &str = "BEGIN;
    SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 4737));
    ALTER TABLE session ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';
    ALTER TABLE authorization_grant ADD COLUMN mood TEXT;
    CREATE TABLE mood (name TEXT PRIMARY KEY);
    CREATE INDEX session_mood ON session (mood);
    INSERT INTO schema_migration (number, name, kind, oldest) VALUES (900, 'mood', 'expand', 0);
    COMMIT";

/// What the day after does: it takes away what the binary of before tomorrow uses.
const DAY_AFTER: &str =
    "INSERT INTO schema_migration (number, name, kind, oldest) VALUES (901, 'no_mood', 'contract', 900)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_exchanged_one_by_one_and_no_sign_in_fails() {
    let mut nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-rolling");
    let mut crowd = Crowd::start(&nodes, &rp, 3);
    crowd.goes_on(3, &nodes).await;
    // Tables change under two nodes that know nothing of it.
    postgres().sql(&nodes.ledger, TOMORROW);
    crowd.goes_on(4, &nodes).await;
    for node in [0, 1] {
        // As operators do it: first the balancer sends nobody there any more, then the node ends what it has begun.
        nodes.front.drain(1 - node);
        nodes.door.drain(1 - node);
        crowd.goes_on(4, &nodes).await;
        nodes.nodes[node].stop().await;
        crowd.goes_on(2, &nodes).await;
        nodes.nodes[node].spawn();
        nodes.nodes[node].wait_until_ready().await;
        nodes.front.drain(BOTH);
        nodes.door.drain(BOTH);
        crowd.goes_on(3, &nodes).await;
    }
    let failed = crowd.failed.lock().unwrap().clone();
    assert!(failed.is_empty(), "{failed:?}\n{}", nodes.logs());
    crowd.kept_its_word(&nodes, &rp).await;

    // A binary that is too old for the tables says so instead of serving.
    postgres().sql(&nodes.ledger, DAY_AFTER);
    nodes.nodes[0].stop().await;
    let said = nodes.nodes[0].refuses_to_start();
    assert!(
        said.contains("a newer version took away what this one uses (schema 901"),
        "{said}"
    );
}

/// A node with other keys would make a second account of everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_other_keys_is_refused() {
    let mut nodes = Nodes::start().await;
    nodes.nodes[1].stop().await;
    let sealing = nodes.platform.path().join("keys/sealing.json");
    let right = std::fs::read(&sealing).unwrap();
    let other = conformance_tests::Platform::prepare(conformance_tests::PlatformOptions::default()).await;
    std::fs::copy(other.path().join("keys/sealing.json"), &sealing).unwrap();
    let said = nodes.nodes[1].refuses_to_start();
    assert!(said.contains("nobody would be recognised"), "{said}");
    std::fs::write(&sealing, right).unwrap();
    nodes.nodes[1].spawn();
    nodes.nodes[1].wait_until_ready().await;
}
