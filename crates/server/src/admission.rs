//! Who may connect, and how many at a time.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

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
    connections: usize,
    /// One address with nothing open has no entry.
    by_address: HashMap<IpAddr, OfAddress>,
    handshakes: Handshakes,
}

#[derive(Debug)]
struct OfAddress {
    connections: usize,
    announced: Announced,
}

/// The handshakes in progress.
#[derive(Debug, Default)]
struct Handshakes {
    count: usize,
    begun: u64,
    /// What ends each, by its number, so that the oldest is the first. One address without any has no entry.
    by_address: HashMap<Option<IpAddr>, BTreeMap<u64, CancellationToken>>,
}

/// Of an IPv6 address, what one client can have all of.
const IPV6_HOST_BITS: u32 = 128 - 56;

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many are open as may be.
    Connections(usize),
    /// As many are open from its address as may be.
    ConnectionsOfAddress(usize),
    /// As many handshakes are in progress as may be.
    Handshakes(usize),
    /// The same, most of them with its address, and another address wants one.
    HandshakeOfAnother(usize),
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
pub(crate) struct HandshakePlace<'a> {
    place: &'a Place,
    number: u64,
    taken_away: CancellationToken,
}

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
        if open.connections >= limit {
            return Err(Refusal::Connections(limit));
        }
        open.connections += 1;
        Ok(Place {
            admission: Arc::clone(self),
            address: None,
            announced: self.memory.announced(),
        })
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.open().connections
    }

    /// How many handshakes are in progress.
    pub(crate) fn handshakes(&self) -> usize {
        self.open().handshakes.count
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
            connections: 0,
            announced: self.announced.clone(),
        });
        if of_address.connections >= limit {
            return Err(Refusal::ConnectionsOfAddress(limit));
        }
        of_address.connections += 1;
        self.announced = of_address.announced.clone();
        drop(open);
        self.address = Some(counted_as);
        Ok(())
    }

    /// Takes a place for a handshake. When all are taken, the address that has most of them gives up its oldest to one
    /// that has fewer, so that few addresses cannot keep the others out.
    pub(crate) fn shake_hands(&self) -> Result<HandshakePlace<'_>, Refusal> {
        let limit = self.admission.settings.handshakes_max;
        let mut open = self.admission.open();
        if open.handshakes.count >= limit && !open.handshakes.give_way_to(self.address) {
            return Err(Refusal::Handshakes(limit));
        }
        let (number, taken_away) = open.handshakes.begin(self.address);
        Ok(HandshakePlace {
            place: self,
            number,
            taken_away,
        })
    }
}

impl HandshakePlace<'_> {
    /// Waits until the place is taken away for another address.
    pub(crate) async fn taken_away(&self) -> Refusal {
        self.taken_away.cancelled().await;
        Refusal::HandshakeOfAnother(self.place.admission.settings.handshakes_max)
    }
}

impl Handshakes {
    fn begin(&mut self, address: Option<IpAddr>) -> (u64, CancellationToken) {
        let number = self.begun;
        let ends = CancellationToken::new();
        let of_address = self.by_address.entry(address).or_default();
        of_address.insert(number, ends.clone());
        self.begun += 1;
        self.count += 1;
        (number, ends)
    }

    /// Ends one of the address that has most, unless this one would then have as many. Returns whether one was ended.
    fn give_way_to(&mut self, address: Option<IpAddr>) -> bool {
        let has = self.by_address.get(&address).map_or(0, BTreeMap::len);
        let most = self.by_address.iter().max_by_key(|(_, all)| all.len());
        let Some((&holder, oldest)) = most
            .filter(|(_, all)| all.len() > has + 1)
            .and_then(|(holder, all)| Some((holder, *all.first_key_value()?.0)))
        else {
            return false;
        };
        if let Some(ends) = self.end(holder, oldest) {
            ends.cancel();
        }
        true
    }

    /// One is over; `None` if it was before.
    fn end(&mut self, address: Option<IpAddr>, number: u64) -> Option<CancellationToken> {
        let of_address = self.by_address.get_mut(&address)?;
        let ends = of_address.remove(&number)?;
        if of_address.is_empty() {
            self.by_address.remove(&address);
        }
        self.count -= 1;
        Some(ends)
    }
}

impl Drop for HandshakePlace<'_> {
    fn drop(&mut self) {
        let Place {
            admission, address, ..
        } = self.place;
        admission.open().handshakes.end(*address, self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.connections -= 1;
        let Some(address) = self.address else {
            return;
        };
        if let Some(of_address) = open.by_address.get_mut(&address) {
            of_address.connections -= 1;
            if of_address.connections == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// Whoever has one address of IPv6 has all of its /64, and at home mostly of its /56 (RFC 6177, section 2).
pub(crate) fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() >> IPV6_HOST_BITS << IPV6_HOST_BITS;
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
            Self::Handshakes(_) | Self::HandshakeOfAnother(_) => handshakes,
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
            Self::HandshakeOfAnother(limit) => write!(
                f,
                "{limit} TLS handshakes were in progress, most of them with its address, and another address had to wait \
                 (input.beats.handshakes_max)"
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
        assert_eq!(admission.connections(), 0);
    }

    #[test]
    fn a_whole_network_of_ipv6_counts_as_one_address() {
        let admission = admission(|_| {});
        let _places =
            ["2001:db8::1", "2001:db8:0:1::2"].map(|address| connect(&admission, address).unwrap());
        assert!(connect(&admission, "2001:db8:0:2::3").is_err());
        assert!(connect(&admission, "2001:db8:0:100::3").is_ok());
    }

    #[tokio::test]
    async fn who_has_most_handshakes_gives_up_the_oldest_to_who_has_fewer() {
        let admission = admission(|settings| {
            settings.connections_max = 10;
            settings.connections_per_address_max = 10;
            settings.handshakes_max = 5;
        });
        let [many @ .., few] =
            [1, 1, 1, 2].map(|last| connect(&admission, &format!("10.0.0.{last}")).unwrap());
        let [oldest, second, _third] = many.each_ref().map(|place| place.shake_hands().unwrap());
        let _of_few = [(); 2].map(|()| few.shake_hands().unwrap());

        let refused = many[0].shake_hands().err();
        assert_eq!(refused, Some(Refusal::Handshakes(5)), "who has most");
        let refused = few.shake_hands().err();
        assert_eq!(
            refused,
            Some(Refusal::Handshakes(5)),
            "who would have as many"
        );
        let other = connect(&admission, "10.0.0.3").unwrap();
        let _of_other = other.shake_hands().unwrap();
        assert_eq!(oldest.taken_away().await, Refusal::HandshakeOfAnother(5));
        assert!(!second.taken_away.is_cancelled());

        drop(oldest);
        assert_eq!(admission.handshakes(), 5, "counted once");
        drop(second);
        drop(many[0].shake_hands().unwrap());
        assert_eq!(admission.handshakes(), 4);
    }

    #[test]
    fn what_shook_hands_gives_its_place_back() {
        let admission = admission(|_| {});
        let place = connect(&admission, "10.0.0.1").unwrap();
        drop([(); 2].map(|()| place.shake_hands().unwrap()));
        assert_eq!(admission.handshakes(), 0);
        assert!(admission.open().handshakes.by_address.is_empty());
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
