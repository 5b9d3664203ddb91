//! Where the address of a request leads.

use percent_encoding::percent_decode_str;

use crate::provisioning::{ResourceKind, Scope};

/// What an address below the base URL leads to.
pub(super) enum Place {
    List(Scope),
    Search(Scope),
    One(ResourceKind, String),
    Bulk,
    Nowhere,
}

impl Place {
    /// The kind of resource that it is about, where it is about one.
    pub(super) fn kind(&self) -> Option<ResourceKind> {
        match self {
            Self::List(Scope::Users) | Self::Search(Scope::Users) => Some(ResourceKind::User),
            Self::List(Scope::Groups) | Self::Search(Scope::Groups) => Some(ResourceKind::Group),
            Self::One(kind, _) => Some(*kind),
            _ => None,
        }
    }

    /// The id in it.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::One(_, id) => Some(id),
            _ => None,
        }
    }
}

/// Where a path leads, and its query. The error says what is accepted.
pub(super) fn place_of<'p>(path: &'p str, base: &str) -> Result<(Place, Option<&'p str>), String> {
    let below = below_base(path, base)?;
    let (path, query) = match below.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (below, None),
    };
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let kind = |name: &str| match name {
        "Users" => Some((ResourceKind::User, Scope::Users)),
        "Groups" => Some((ResourceKind::Group, Scope::Groups)),
        _ => None,
    };
    let place = match segments.as_slice() {
        [] => Place::List(Scope::Both),
        [".search"] => Place::Search(Scope::Both),
        ["Bulk"] => Place::Bulk,
        ["Me" | "ServiceProviderConfig" | "ResourceTypes" | "Schemas", ..] => {
            return Err("a path below /Users or /Groups: the others say what they do themselves".to_owned());
        }
        [one] => kind(one).map_or(Place::Nowhere, |(_, scope)| Place::List(scope)),
        [one, ".search"] => kind(one).map_or(Place::Nowhere, |(_, scope)| Place::Search(scope)),
        [one, id] => match (kind(one), percent_decode_str(id).decode_utf8()) {
            (Some((kind, _)), Ok(id)) => Place::One(kind, id.into_owned()),
            _ => Place::Nowhere,
        },
        _ => Place::Nowhere,
    };
    Ok((place, query))
}

/// What stands behind the base URL: of a whole URL, of a path from the host on, or of a path below the base.
fn below_base<'p>(path: &'p str, base: &str) -> Result<&'p str, String> {
    let behind_host = |url: &'p str| match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => url,
    };
    let base_path = base.split_once("://").map_or(base, |(_, rest)| {
        rest.find('/').map_or("", |slash| &rest[slash..])
    });
    let path = behind_host(path);
    if let Some(below) = path.strip_prefix(base_path)
        && (below.is_empty() || below.starts_with(['/', '?']))
    {
        return Ok(below);
    }
    if !path.starts_with('/') || path.starts_with("/scim/") {
        return Err(format!(
            "a path of this directory, such as /Users/{{id}}, or an address that begins with {base}"
        ));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://scim.example/scim/v2/acme/d1";

    fn below(path: &str) -> Result<&str, String> {
        below_base(path, BASE)
    }

    #[test]
    fn a_path_is_taken_below_the_base_from_the_host_on_or_as_a_whole_url() {
        for path in [
            "/Users/7?attributes=title",
            "/scim/v2/acme/d1/Users/7?attributes=title",
            "https://scim.example/scim/v2/acme/d1/Users/7?attributes=title",
            "http://localhost:8080/scim/v2/acme/d1/Users/7?attributes=title",
        ] {
            assert_eq!(below(path), Ok("/Users/7?attributes=title"), "{path}");
        }
        assert_eq!(below(BASE), Ok(""));
    }

    #[test]
    fn the_address_of_another_directory_is_refused() {
        for path in [
            "/scim/v2/acme/d2/Users",
            "/scim/v2/acme/d11/Users",
            "https://scim.example/scim/v2/other/d1/Users",
            "Users",
            "",
        ] {
            let error = below(path).expect_err(path);
            assert!(error.contains(BASE), "{error}");
        }
    }
}
