//! Name resolution that gives the client only addresses it may connect to.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address;

/// Resolves with the system and drops what is not public. The connection is made to the addresses returned here
/// and not resolved again.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    pub(super) allow_private: bool,
}

/// A name all of whose addresses are out of bounds.
#[derive(Debug, thiserror::Error)]
#[error("{host} resolves to addresses that are not public")]
pub(super) struct Blocked {
    pub(super) host: String,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed = keep_allowed(name.as_str(), found, allow_private)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn keep_allowed(
    host: &str,
    mut found: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, Blocked> {
    found.retain(|socket| allow_private || address::is_public(socket.ip()));
    if found.is_empty() {
        Err(Blocked {
            host: host.to_owned(),
        })
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses
            .iter()
            .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
            .collect()
    }

    #[test]
    fn name_with_public_and_private_addresses_keeps_the_public_ones() {
        let found = sockets(&["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"]);
        let kept = keep_allowed("mixed.example", found, false).unwrap();
        assert_eq!(kept, sockets(&["1.1.1.1", "2606:4700::1111"]));
    }

    #[test]
    fn name_with_private_addresses_alone_is_refused_unless_they_are_allowed() {
        let found = sockets(&["169.254.169.254", "::ffff:10.0.0.1"]);
        assert!(keep_allowed("inside.example", found.clone(), false).is_err());
        assert_eq!(
            keep_allowed("inside.example", found.clone(), true).unwrap(),
            found
        );
    }
}
