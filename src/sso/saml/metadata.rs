//! What a provider's metadata says of it (SAML metadata 2.3 and 2.4).
//!
//! Metadata decides whose signatures are believed and where browsers are sent, so nothing in it is guessed: what cannot
//! be used is passed over only where something of its kind remains that can, and what was wrong is said otherwise.

mod endpoint;
mod refusal;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use roxmltree::Node;

use super::open::open_metadata;
use super::xml::{self, DSIG, METADATA, PROTOCOL};
use super::{Certificate, SamlRefusal};
use crate::directory::{SamlEndpoint, SamlProvider};
use crate::sso::shown::shown;

pub use refusal::MetadataRefusal;

/// Characters of an entity id (SAML metadata 2.2.1).
const MAX_ENTITY_ID: usize = 1024;
/// Certificates of a provider. More than two are rare.
const MAX_CERTIFICATES: usize = 20;
/// How many things a refusal lists.
const MAX_LISTED: usize = 10;

/// Reads a provider from its metadata: an `EntityDescriptor`, or an `EntitiesDescriptor` of which `entity_id` names one
/// where there are several providers. A byte order mark and blank lines in front, and comments, are passed over; at most
/// [`xml::MAX_METADATA`] bytes.
///
/// Every certificate that may sign is taken, from all `KeyDescriptor`s without a `use` or with `signing`; those that
/// cannot be used are passed over as long as one is left that has not expired. Of each binding the first endpoint that
/// can be used is taken. `allow_private` takes addresses without https too, for development.
///
/// # Errors
/// [`MetadataRefusal`].
pub fn read_provider(
    text: &str,
    entity_id: Option<&str>,
    now: Timestamp,
    allow_private: bool,
) -> Result<SamlProvider, MetadataRefusal> {
    let document = xml::read_metadata(trimmed(text))?;
    let (entity, role) = find_provider(document.root_element(), entity_id)?;
    // Each level may be valid for another time (SAML metadata 2.3.1, 2.3.2, 2.4.1).
    for level in role.ancestors().filter(Node::is_element) {
        check_validity(level, now)?;
    }
    Ok(SamlProvider {
        entity_id: read_entity_id(entity)?,
        certificates: read_certificates(role, now)?,
        single_sign_on: read_sign_on(role, allow_private)?,
        single_logout: endpoint::read(role, "SingleLogoutService", allow_private).usable,
        wants_signed_requests: matches!(role.attribute("WantAuthnRequestsSigned"), Some("true" | "1")),
    })
}

/// Whether metadata is signed, as a whole, by the key of one of these certificates that has not expired.
#[must_use]
pub fn is_signed_by(text: &str, certificates: &[Certificate], now: Timestamp) -> bool {
    open_metadata(trimmed(text), certificates, now).is_ok()
}

/// Metadata that was pasted or saved by an editor.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace())
}

/// The entity and its role as an identity provider.
fn find_provider<'a, 'i>(
    root: Node<'a, 'i>,
    entity_id: Option<&str>,
) -> Result<(Node<'a, 'i>, Node<'a, 'i>), MetadataRefusal> {
    let mut entities = Vec::new();
    collect_entities(root, &mut entities);
    if entities.is_empty() {
        return Err(MetadataRefusal::NoMetadata(shown(root.tag_name().name())));
    }
    if let Some(entity_id) = entity_id {
        let found = |entity: &Node<'_, '_>| entity.attribute("entityID") == Some(entity_id);
        if !entities.iter().any(found) {
            let there = entities.iter().filter_map(|entity| entity.attribute("entityID"));
            return Err(MetadataRefusal::OtherEntity(listed(there)));
        }
        entities.retain(found);
    }
    let mut providers = entities
        .into_iter()
        .filter_map(|entity| Some((entity, provider_role(entity)?)));
    match (providers.next(), providers.next()) {
        (None, _) => Err(MetadataRefusal::NoProvider),
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => {
            let all = [first, second].into_iter().chain(providers);
            let names = all.filter_map(|(entity, _)| entity.attribute("entityID"));
            Err(MetadataRefusal::SeveralProviders(listed(names)))
        }
    }
}

/// Entities by fixed paths; the reader bounds the depth.
fn collect_entities<'a, 'i>(node: Node<'a, 'i>, found: &mut Vec<Node<'a, 'i>>) {
    if xml::is(node, METADATA, "EntityDescriptor") {
        found.push(node);
    } else if xml::is(node, METADATA, "EntitiesDescriptor") {
        for child in node.children() {
            collect_entities(child, found);
        }
    }
}

/// An entity may have a role for each protocol that it speaks.
fn provider_role<'a, 'i>(entity: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    entity
        .children()
        .filter(|child| xml::is(*child, METADATA, "IDPSSODescriptor"))
        .find(|role| {
            let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
            protocols
                .split_ascii_whitespace()
                .any(|protocol| protocol == PROTOCOL)
        })
}

fn check_validity(level: Node<'_, '_>, now: Timestamp) -> Result<(), MetadataRefusal> {
    let Some(text) = level.attribute("validUntil") else {
        return Ok(());
    };
    // A zone that is left out means UTC (SAML core 1.3.3).
    let until = text
        .trim()
        .parse::<Timestamp>()
        .or_else(|_| format!("{}Z", text.trim()).parse())
        .map_err(|_| MetadataRefusal::ValidUntil(shown(text)))?;
    if until <= now {
        return Err(MetadataRefusal::Expired(until));
    }
    Ok(())
}

fn read_entity_id(entity: Node<'_, '_>) -> Result<String, MetadataRefusal> {
    let entity_id = entity.attribute("entityID").unwrap_or_default();
    let length = entity_id.chars().count();
    if length == 0 || length > MAX_ENTITY_ID || entity_id.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(MetadataRefusal::EntityId(shown(entity_id)));
    }
    Ok(entity_id.to_owned())
}

/// Takes every certificate of a key's description. The standard means a chain by several (XML Signature 4.5.4), but
/// providers put their old and their new one there.
fn read_certificates(role: Node<'_, '_>, now: Timestamp) -> Result<Vec<String>, MetadataRefusal> {
    let texts = xml::children(role, METADATA, "KeyDescriptor")
        .filter(|key| key.attribute("use").is_none_or(|usage| usage == "signing"))
        .flat_map(|key| xml::children(key, DSIG, "KeyInfo"))
        .flat_map(|info| xml::children(info, DSIG, "X509Data"))
        .flat_map(|data| xml::children(data, DSIG, "X509Certificate"));
    let mut usable: Vec<Certificate> = Vec::new();
    let mut faults = Vec::new();
    for (index, element) in texts.enumerate() {
        if index == MAX_CERTIFICATES {
            return Err(MetadataRefusal::TooManyCertificates(MAX_CERTIFICATES));
        }
        match Certificate::from_text(&xml::text(element).unwrap_or_default()) {
            Ok(certificate) if usable.contains(&certificate) => {}
            Ok(certificate) => usable.push(certificate),
            Err(fault) => faults.push(format!("certificate {} {fault}", index + 1)),
        }
    }
    if !usable.is_empty() && usable.iter().all(|certificate| certificate.not_after <= now) {
        faults.extend(usable.drain(..).map(|certificate| {
            format!(
                "the certificate {} expired on {}",
                certificate.fingerprint, certificate.not_after
            )
        }));
    }
    if usable.is_empty() {
        return Err(if faults.is_empty() {
            MetadataRefusal::NoCertificate
        } else {
            MetadataRefusal::Certificates(faults.join("; "))
        });
    }
    Ok(usable.iter().map(Certificate::to_text).collect())
}

fn read_sign_on(role: Node<'_, '_>, allow_private: bool) -> Result<Vec<SamlEndpoint>, MetadataRefusal> {
    let endpoints = endpoint::read(role, "SingleSignOnService", allow_private);
    if !endpoints.usable.is_empty() {
        return Ok(endpoints.usable);
    }
    Err(if endpoints.faults.is_empty() {
        MetadataRefusal::NoSignOn
    } else {
        MetadataRefusal::SignOn(listed(endpoints.faults.iter().map(String::as_str)))
    })
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.map(shown);
    let first: Vec<String> = names.by_ref().take(MAX_LISTED).collect();
    let more = names.count();
    if more == 0 {
        first.join(", ")
    } else {
        format!("{}, and {more} more", first.join(", "))
    }
}

impl From<SamlRefusal> for MetadataRefusal {
    fn from(refusal: SamlRefusal) -> Self {
        Self::Unreadable {
            accepted: refusal.expected.unwrap_or_default(),
            received: refusal.received.unwrap_or_default(),
        }
    }
}
