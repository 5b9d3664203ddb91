//! Which address a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who has opened the connection that a request came over. The listener puts it into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// Says of an address whether a proxy of ours has it.
pub(super) type IsProxy = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Where a request comes from, as far as it counts for limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The peer; where that is a proxy of ours, whom it names last in `X-Forwarded-For`, and so on to the left. What
    /// stands left of the first stranger is the stranger's own word. The header `Forwarded` is not read.
    pub(super) fn of(peer: Option<PeerAddress>, headers: &HeaderMap, is_proxy: &IsProxy) -> Self {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let mut client = peer.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut named = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        while is_proxy(client)
            && let Some(before) = named.next().and_then(parse)
        {
            client = before;
        }
        Self(network_of(client))
    }
}

/// An address, alone or with a port, as proxies write it.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.parse().ok();
    let address = bare.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

/// One customer of IPv6 has at least 64 bits of addresses to choose from (RFC 6177), so they count as one.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client of a request from `peer` where `10.x.x.x` and `::1` are proxies.
    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let is_proxy: IsProxy = Arc::new(|address| match address {
            IpAddr::V4(address) => address.octets()[0] == 10,
            IpAddr::V6(address) => address.is_loopback(),
        });
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let peer = PeerAddress(peer.parse().unwrap());
        ClientAddress::of(Some(peer), &headers, &is_proxy).0.to_string()
    }

    #[test]
    fn a_stranger_is_not_believed_about_where_they_come_from() {
        assert_eq!(client("198.51.100.7", &["203.0.113.1"]), "198.51.100.7");
        assert_eq!(client("198.51.100.7", &[]), "198.51.100.7");
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        for (forwarded, expected) in [
            (&["203.0.113.1"][..], "203.0.113.1"),
            (&["203.0.113.1, 10.0.0.9"], "203.0.113.1"),
            (&["192.0.2.1, 203.0.113.1,10.0.0.9"], "203.0.113.1"),
            (&["192.0.2.1", "203.0.113.1", "10.0.0.9"], "203.0.113.1"),
            (&["203.0.113.1:4711"], "203.0.113.1"),
            (&["::ffff:203.0.113.1"], "203.0.113.1"),
            (&["[2001:db8::1]:443, ::1"], "2001:db8::"),
            (&["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", forwarded), expected, "{forwarded:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_search_at_the_proxy_that_wrote_it() {
        for odd in ["unknown", "", "203.0.113.1, ", "203.0.113.1, x.example, 10.0.0.9"] {
            let odd: &'static str = odd;
            assert!(client("10.0.0.1", &[odd]).starts_with("10."), "{odd}");
        }
    }

    #[test]
    fn the_addresses_of_one_customer_count_as_one() {
        assert_eq!(
            client("2001:db8:1:2:3:4:5:6", &[]),
            client("2001:db8:1:2:ffff::1", &[])
        );
        assert_ne!(client("2001:db8:1:2::1", &[]), client("2001:db8:1:3::1", &[]));
        assert_eq!(client("::ffff:198.51.100.7", &[]), "198.51.100.7");
    }
}
