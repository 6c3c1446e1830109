//! Owns how many connections one address may hold, so that no single peer keeps all others out. Loopback is not counted: what
//! connects from this machine is a proxy beside us, or its operator. Decides nothing about how often somebody may call.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections by address.
#[derive(Default)]
pub struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place; dropped with it.
pub struct Place(Option<(Arc<Crowd>, IpAddr)>);

impl Crowd {
    /// A place, if the address holds fewer than `max`.
    pub fn enter(self: &Arc<Self>, peer: IpAddr, max: usize) -> Option<Place> {
        let home = home_of(peer);
        if home.is_loopback() {
            return Some(Place(None));
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(home).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(self), home))))
    }

    fn leave(&self, home: IpAddr) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = held.entry(home) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((crowd, home)) = self.0.take() {
            crowd.leave(home);
        }
    }
}

/// Whom an address stands for: of IPv6 the network, since one subscriber has the whole of it.
pub fn home_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_so_many_connections_and_another_has_its_own() {
        let crowd = Arc::new(Crowd::default());
        let enter = |peer: &str| crowd.enter(peer.parse().unwrap(), 2);
        let held = (enter("192.0.2.1"), enter("::ffff:192.0.2.1"));
        assert!(held.0.is_some() && held.1.is_some());
        assert!(enter("192.0.2.1").is_none(), "the same address in either notation");
        assert!(enter("192.0.2.2").is_some());
        drop(held.0);
        assert!(enter("192.0.2.1").is_some(), "one has ended");
        let network = (enter("2001:db8::1"), enter("2001:db8::2"));
        assert!(network.0.is_some() && network.1.is_some() && enter("2001:db8::3").is_none());
        let here: Vec<_> = (0..10).map(|_| enter("127.0.0.1")).chain((0..10).map(|_| enter("::1"))).collect();
        assert!(here.iter().all(Option::is_some), "this machine is not counted");
        drop((held.1, network));
        assert!(crowd.0.lock().unwrap().is_empty(), "nothing is kept of who has gone");
    }
}
