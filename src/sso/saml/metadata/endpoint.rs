//! Where a provider takes messages: addresses that browsers are sent to.

use roxmltree::Node;
use url::Url;

use crate::directory::{SamlBinding, SamlEndpoint};
use crate::sso::saml::redirect::PARAMETERS;
use crate::sso::saml::xml::{self, METADATA};
use crate::sso::saml::{POST, REDIRECT};
use crate::sso::shown::shown;

/// Bytes of an address.
const MAX_URL: usize = 2048;

/// The endpoints of one service.
pub(super) struct Endpoints {
    /// The first of each binding that can be used.
    pub(super) usable: Vec<SamlEndpoint>,
    /// What is wrong with the others of a binding that is known.
    pub(super) faults: Vec<String>,
}

/// Reads the endpoints of a service. Other bindings than redirect and POST are not ours to use.
pub(super) fn read(role: Node<'_, '_>, service: &str, allow_private: bool) -> Endpoints {
    let mut endpoints = Endpoints {
        usable: Vec::new(),
        faults: Vec::new(),
    };
    for element in xml::children(role, METADATA, service) {
        let binding = match element.attribute("Binding").map(str::trim) {
            Some(REDIRECT) => SamlBinding::Redirect,
            Some(POST) => SamlBinding::Post,
            _ => continue,
        };
        match read_one(element, binding, allow_private) {
            Ok(_) if endpoints.usable.iter().any(|known| known.binding == binding) => {}
            Ok(endpoint) => endpoints.usable.push(endpoint),
            Err(fault) => endpoints.faults.push(fault),
        }
    }
    endpoints
}

fn read_one(
    element: Node<'_, '_>,
    binding: SamlBinding,
    allow_private: bool,
) -> Result<SamlEndpoint, String> {
    let response_url = element.attribute("ResponseLocation");
    Ok(SamlEndpoint {
        binding,
        url: address(element.attribute("Location").unwrap_or_default(), allow_private)?,
        response_url: response_url.map(|url| address(url, allow_private)).transpose()?,
    })
}

/// The address as it stands there, since a provider may compare it with a message's destination letter by letter.
fn address(text: &str, allow_private: bool) -> Result<String, String> {
    let text = text.trim();
    match fault(text, allow_private) {
        Some(accepted) => Err(format!("{:?} is not {accepted}", shown(text))),
        None => Ok(text.to_owned()),
    }
}

fn fault(text: &str, allow_private: bool) -> Option<&'static str> {
    if text.len() > MAX_URL {
        return Some("at most 2048 bytes long");
    }
    // The parser would take line ends and tabs out and turn backslashes round, silently.
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Some("an address without white space, control characters and backslashes");
    }
    let Ok(url) = Url::parse(text) else {
        return Some("an absolute https address");
    };
    let is_web = url.scheme() == "https" || (allow_private && url.scheme() == "http");
    if !is_web || url.host_str().is_none_or(str::is_empty) {
        return Some("an absolute https address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("an address without a user name and password");
    }
    if url.fragment().is_some() {
        return Some("an address without a fragment");
    }
    if url
        .query_pairs()
        .any(|(name, _)| PARAMETERS.contains(&name.as_ref()))
    {
        return Some("an address without the parameters of the binding in its query");
    }
    None
}
