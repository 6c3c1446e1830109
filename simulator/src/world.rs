//! Owns what everybody in a run shares: the server's API, the streets, the ledger, and how far the run is. Decides nothing.

use crate::city::City;
use crate::client::Api;
use crate::ledger::Ledger;
use std::net::{IpAddr, Ipv4Addr};
use tokio::sync::watch;

/// How far a run is. Everybody watches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// People move, book and answer.
    Live,
    /// Nobody answers, taps or books any more: what is shown can be compared.
    Frozen,
    /// Everybody tidies up and goes.
    Over,
}

/// What everybody shares.
#[derive(Debug)]
pub struct World {
    /// The server, in nobody's name; of several nodes the first.
    pub api: Api,
    /// All of its nodes.
    pub nodes: Vec<Api>,
    /// The streets.
    pub city: City,
    /// What was seen.
    pub ledger: Ledger,
    /// How far the run is.
    pub stage: watch::Receiver<Stage>,
    /// Seed of all dice.
    pub seed: u64,
    /// How many loopback addresses sockets come from; 0 leaves it to the system.
    pub source_addresses: u16,
}

impl World {
    /// The node that somebody of this number speaks to.
    pub fn node(&self, index: usize) -> &Api {
        self.nodes.get(index % self.nodes.len().max(1)).unwrap_or(&self.api)
    }

    /// The address that socket number `index` comes from: one address has 28,000 ports, many have many.
    pub fn source(&self, index: usize) -> Option<IpAddr> {
        let many = usize::from(self.source_addresses);
        (many > 0).then(|| {
            let nth = index % many + 1;
            IpAddr::V4(Ipv4Addr::new(127, 0, (nth / 250) as u8 + 1, (nth % 250) as u8 + 1))
        })
    }
}
