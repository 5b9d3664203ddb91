//! Networks in settings.

use std::net::IpAddr;

/// A range of addresses, as `10.0.0.0/8`; one address alone is the range of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    pub(super) const ACCEPTED: &'static str = "a list of addresses or networks with commas between them, such as \
        10.0.0.1, 192.168.0.0/16, fd00::/8 (no bits behind the prefix)";

    /// Reads an address or a network of which no bit behind the prefix is set.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            // `u32::from_str` would also take a plus sign.
            Some(digits) if !digits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
            Some(digits) => digits.parse().ok().filter(|prefix| *prefix <= longest)?,
            None => longest,
        };
        let network = Self { address, prefix };
        (network.masked(address)? == network.bits(address)?).then_some(network)
    }

    /// Reads a list; at least one stands in it.
    pub(super) fn parse_list(text: &str) -> Option<Vec<Self>> {
        text.split(',').map(|part| Self::parse(part.trim())).collect()
    }

    /// Whether an address lies in it. IPv4 written as IPv6 is IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let found = self.masked(address.to_canonical());
        found.is_some() && found == self.bits(self.address)
    }

    /// The bits of an address of the same family, from the left.
    fn bits(&self, address: IpAddr) -> Option<u128> {
        match (self.address, address) {
            (IpAddr::V4(_), IpAddr::V4(address)) => Some(u128::from(address.to_bits()) << 96),
            (IpAddr::V6(_), IpAddr::V6(address)) => Some(address.to_bits()),
            _ => None,
        }
    }

    fn masked(&self, address: IpAddr) -> Option<u128> {
        let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
        Some(self.bits(address)? & mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        let network = Network::parse(network).unwrap_or_else(|| panic!("{network}"));
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_holds_what_begins_as_it_does() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::1"),
            ("192.0.2.128/25", "192.0.2.200", "192.0.2.100"),
            ("fd00::/8", "fdff::1", "fe80::1"),
            ("::1", "::1", "::2"),
            ("0.0.0.0/0", "203.0.113.1", "2001:db8::1"),
        ] {
            assert!(holds(network, inside), "{network} {inside}");
            assert!(!holds(network, outside), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "proxy.example",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "fd00::/129",
            "10.0.0",
            "10.0.0.1,",
            "10.0.0.1 10.0.0.2",
        ] {
            assert_eq!(Network::parse_list(text), None, "{text}");
        }
        assert_eq!(Network::parse_list("10.0.0.1 , fd00::/8").unwrap().len(), 2);
    }
}
