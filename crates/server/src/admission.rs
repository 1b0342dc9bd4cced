//! Who may connect, and how many at a time.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::memory::{Announced, Memory};

/// How many connections there may be, and from where.
#[derive(Clone, Debug)]
pub(crate) struct AdmissionSettings {
    /// Open at one time.
    pub(crate) connections_max: usize,
    /// The same from one address.
    pub(crate) connections_per_address_max: usize,
    /// TLS handshakes in progress at one time.
    pub(crate) handshakes_max: usize,
    /// Networks whose connections are taken; with none, all are.
    pub(crate) allow_networks: Vec<IpNet>,
    /// Networks whose connections are not taken.
    pub(crate) deny_networks: Vec<IpNet>,
}

/// Counts connections and handshakes, and refuses those that are too many.
pub(crate) struct Admission {
    settings: AdmissionSettings,
    memory: Memory,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: Count,
    /// One address with nothing open has no entry.
    by_address: HashMap<IpAddr, OfAddress>,
}

#[derive(Debug)]
struct OfAddress {
    count: Count,
    announced: Announced,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    connections: usize,
    handshakes: usize,
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many are open as may be.
    Connections(usize),
    /// As many are open from its address as may be.
    ConnectionsOfAddress(usize),
    /// As many handshakes are in progress as may be.
    Handshakes(usize),
    /// As many handshakes with its address are in progress as may be.
    HandshakesOfAddress(usize),
    /// Its network is not wanted.
    Network,
}

/// A place among the open connections, given back when dropped.
pub(crate) struct Place {
    admission: Arc<Admission>,
    /// Not known yet of a client behind a load balancer.
    address: Option<IpAddr>,
    /// Room for what its address announces.
    pub(crate) announced: Announced,
}

/// A place among the handshakes in progress, given back when dropped.
pub(crate) struct HandshakePlace<'a>(&'a Place);

impl Admission {
    /// Nobody is there yet.
    pub(crate) fn new(settings: AdmissionSettings, memory: Memory) -> Arc<Self> {
        Arc::new(Self {
            settings,
            memory,
            open: Mutex::default(),
        })
    }

    /// Takes a connection whose client is not known yet.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<Place, Refusal> {
        let limit = self.settings.connections_max;
        let mut open = self.open();
        if open.all.connections >= limit {
            return Err(Refusal::Connections(limit));
        }
        open.all.connections += 1;
        Ok(Place {
            admission: Arc::clone(self),
            address: None,
            announced: self.memory.announced(),
        })
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.open().all.connections
    }

    /// How many handshakes are in progress.
    pub(crate) fn handshakes(&self) -> usize {
        self.open().all.handshakes
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Counted at once.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takes_network_of(&self, address: IpAddr) -> bool {
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        let AdmissionSettings {
            allow_networks,
            deny_networks,
            ..
        } = &self.settings;
        !within(deny_networks) && (allow_networks.is_empty() || within(allow_networks))
    }
}

impl Place {
    /// Takes it for a client at this address.
    pub(crate) fn take_for(&mut self, address: IpAddr) -> Result<(), Refusal> {
        let address = address.to_canonical();
        if !self.admission.takes_network_of(address) {
            return Err(Refusal::Network);
        }
        let limit = self.admission.settings.connections_per_address_max;
        let counted_as = counted_as(address);
        let mut open = self.admission.open();
        let of_address = open.by_address.entry(counted_as);
        let of_address = of_address.or_insert_with(|| OfAddress {
            count: Count::default(),
            announced: self.announced.clone(),
        });
        if of_address.count.connections >= limit {
            return Err(Refusal::ConnectionsOfAddress(limit));
        }
        of_address.count.connections += 1;
        self.announced = of_address.announced.clone();
        drop(open);
        self.address = Some(counted_as);
        Ok(())
    }

    /// Takes a place for a handshake.
    pub(crate) fn shake_hands(&self) -> Result<HandshakePlace<'_>, Refusal> {
        let limit = self.admission.settings.handshakes_max;
        // One address cannot keep all others out.
        let limit_of_address = limit.div_ceil(2);
        let mut open = self.admission.open();
        if open.all.handshakes >= limit {
            return Err(Refusal::Handshakes(limit));
        }
        if let Some(of_address) = open.of_address(self.address) {
            if of_address.handshakes >= limit_of_address {
                return Err(Refusal::HandshakesOfAddress(limit_of_address));
            }
            of_address.handshakes += 1;
        }
        open.all.handshakes += 1;
        Ok(HandshakePlace(self))
    }
}

impl Open {
    fn of_address(&mut self, address: Option<IpAddr>) -> Option<&mut Count> {
        let of_address = self.by_address.get_mut(&address?)?;
        Some(&mut of_address.count)
    }
}

impl Drop for HandshakePlace<'_> {
    fn drop(&mut self) {
        let mut open = self.0.admission.open();
        open.all.handshakes -= 1;
        if let Some(of_address) = open.of_address(self.0.address) {
            of_address.handshakes -= 1;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.all.connections -= 1;
        let Some(address) = self.address else {
            return;
        };
        if let Some(count) = open.of_address(Some(address)) {
            count.connections -= 1;
            if count.connections == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// Whoever has one address of IPv6 mostly has all of its /64 (RFC 6177).
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(network).into()
        }
    }
}

impl Refusal {
    /// All that [`Self::setting`] can be.
    pub(crate) const SETTINGS: [&str; 4] = [
        "connections_max",
        "connections_per_address_max",
        "handshakes_max",
        "networks",
    ];

    /// The setting of `input.beats` that has it refused; `networks` for `allow_networks` and `deny_networks`.
    pub(crate) fn setting(self) -> &'static str {
        let [connections, of_address, handshakes, networks] = Self::SETTINGS;
        match self {
            Self::Connections(_) => connections,
            Self::ConnectionsOfAddress(_) => of_address,
            Self::Handshakes(_) | Self::HandshakesOfAddress(_) => handshakes,
            Self::Network => networks,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connections(limit) => {
                write!(f, "{limit} are open (input.beats.connections_max)")
            }
            Self::ConnectionsOfAddress(limit) => write!(
                f,
                "{limit} are open from its address (input.beats.connections_per_address_max)"
            ),
            Self::Handshakes(limit) => write!(
                f,
                "{limit} TLS handshakes are in progress (input.beats.handshakes_max)"
            ),
            Self::HandshakesOfAddress(limit) => write!(
                f,
                "{limit} TLS handshakes with its address are in progress (half of input.beats.handshakes_max)"
            ),
            Self::Network => f.write_str(
                "its network is not wanted (input.beats.allow_networks, input.beats.deny_networks)",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(change: impl FnOnce(&mut AdmissionSettings)) -> Arc<Admission> {
        let mut settings = AdmissionSettings {
            connections_max: 3,
            connections_per_address_max: 2,
            handshakes_max: 2,
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
        };
        change(&mut settings);
        Admission::new(settings, Memory::new(1000, 100))
    }

    fn connect(admission: &Arc<Admission>, address: &str) -> Result<Place, Refusal> {
        let mut place = admission.enter()?;
        place.take_for(address.parse().unwrap())?;
        Ok(place)
    }

    fn refusal(admission: &Arc<Admission>, address: &str) -> Refusal {
        connect(admission, address).err().unwrap()
    }

    #[test]
    fn one_address_cannot_take_all_places_and_what_ends_gives_its_place_back() {
        let admission = admission(|_| {});
        let first = connect(&admission, "10.0.0.1").unwrap();
        let second = connect(&admission, "::ffff:10.0.0.1").unwrap();
        let refused = refusal(&admission, "10.0.0.1");
        assert_eq!(refused, Refusal::ConnectionsOfAddress(2));
        let third = connect(&admission, "10.0.0.2").unwrap();
        let refused = refusal(&admission, "10.0.0.3");
        assert_eq!(refused, Refusal::Connections(3));
        drop((first, third));
        drop(connect(&admission, "10.0.0.1").unwrap());
        drop(second);
        assert!(admission.open().by_address.is_empty());
        assert_eq!(admission.open().all.connections, 0);
    }

    #[test]
    fn a_whole_network_of_ipv6_counts_as_one_address() {
        let admission = admission(|_| {});
        let _places =
            ["2001:db8::1", "2001:db8::2"].map(|address| connect(&admission, address).unwrap());
        assert!(connect(&admission, "2001:db8::3").is_err());
        assert!(connect(&admission, "2001:db8:0:1::3").is_ok());
    }

    #[test]
    fn one_address_cannot_take_all_handshakes() {
        let admission = admission(|settings| settings.connections_per_address_max = 3);
        let [first, second] = [(); 2].map(|()| connect(&admission, "10.0.0.1").unwrap());
        let other = connect(&admission, "10.0.0.2").unwrap();
        let shaking = first.shake_hands().unwrap();
        let refused = second.shake_hands().err();
        assert_eq!(refused, Some(Refusal::HandshakesOfAddress(1)));
        let others = other.shake_hands().unwrap();
        drop(shaking);
        drop(second.shake_hands().unwrap());
        drop(others);
        assert_eq!(admission.open().all.handshakes, 0);
    }

    #[test]
    fn networks_are_let_in_or_kept_out() {
        let admission = admission(|settings| {
            settings.allow_networks = vec!["10.0.0.0/8".parse().unwrap()];
            settings.deny_networks = vec!["10.9.0.0/16".parse().unwrap()];
        });
        for (address, taken) in [
            ("10.0.0.1", true),
            ("::ffff:10.1.0.1", true),
            ("10.9.0.1", false),
            ("192.0.2.1", false),
            ("::1", false),
        ] {
            assert_eq!(connect(&admission, address).is_ok(), taken, "{address}");
        }
    }
}
