//! A balancer that knows TCP and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Either node in turn.
pub(crate) const BOTH: usize = 2;

/// One address in front of a port of each node.
#[derive(Debug)]
pub(crate) struct Balancer {
    aim: AtomicUsize,
    turn: AtomicUsize,
    nodes: [u16; 2],
    tunnels: Mutex<Vec<(usize, AbortHandle)>>,
}

impl Balancer {
    /// Listens on a port for two others.
    pub(crate) async fn start(port: u16, nodes: [u16; 2]) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let balancer = Arc::new(Self {
            aim: AtomicUsize::new(BOTH),
            turn: AtomicUsize::new(0),
            nodes,
            tunnels: Mutex::default(),
        });
        let own = Arc::clone(&balancer);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let own = Arc::clone(&own);
                tokio::spawn(async move { own.carry(near).await });
            }
        });
        balancer
    }

    /// New connections go to this node (or [`BOTH`]); those to another are cut.
    pub(crate) fn aim(&self, node: usize) {
        self.drain(node);
        self.tunnels.lock().unwrap().retain(|(to, tunnel)| {
            let stays = node == BOTH || *to == node;
            if !stays {
                tunnel.abort();
            }
            stays
        });
    }

    /// New connections go to this node (or [`BOTH`]); those to another go on.
    pub(crate) fn drain(&self, node: usize) {
        self.aim.store(node, Ordering::SeqCst);
    }

    async fn carry(self: Arc<Self>, mut near: TcpStream) {
        let first = match self.aim.load(Ordering::SeqCst) {
            BOTH => self.turn.fetch_add(1, Ordering::SeqCst) % 2,
            node => node,
        };
        // Whoever does not listen is passed over, as balancers do.
        for node in [first, 1 - first] {
            let Ok(mut far) = TcpStream::connect(("127.0.0.1", self.nodes[node])).await else {
                continue;
            };
            let tunnel = tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
            let mut tunnels = self.tunnels.lock().unwrap();
            tunnels.retain(|(_, tunnel)| !tunnel.is_finished());
            tunnels.push((node, tunnel.abort_handle()));
            return;
        }
    }
}
