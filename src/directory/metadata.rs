//! What a SAML provider's metadata says later than when it was taken. Whom a connection trusts is never changed by what
//! is found at an address: it is offered, and an administrator takes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::Origin;
use super::change::{Change, ConnectionFact, Fact};
use super::connection::{Connection, Protocol, changed};
use super::refusal::Refusal;
use super::saml::SamlProvider;

/// What is known of the metadata at a connection's address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataState {
    /// When it was last looked for.
    pub checked_at: Option<Timestamp>,
    /// Why it was not to be had or not to be read, the last time.
    pub error: Option<String>,
    /// What it says otherwise than the connection has it.
    pub offer: Option<MetadataOffer>,
}

/// Metadata that differs from what a connection has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataOffer {
    /// When it was found.
    pub found_at: Timestamp,
    /// The provider as it describes it.
    pub provider: SamlProvider,
    /// Whether a certificate that the connection trusts has signed it.
    pub signed_by_known: bool,
    /// What differs, in words.
    pub changes: Vec<String>,
}

/// Notes an offer. `None` when the same is offered already.
#[must_use]
pub fn offer(before: &Connection, offer: MetadataOffer, origin: Origin) -> Option<Change> {
    let known = before.metadata.offer.as_ref();
    if known.is_some_and(|known| {
        known.provider == offer.provider && known.signed_by_known == offer.signed_by_known
    }) {
        return None;
    }
    let after = json!({
        "changes": offer.changes,
        "provider": offer.provider,
        "signed_by_known": offer.signed_by_known,
    });
    let noted = with_offer(before, Some(offer));
    Some(change(noted, origin, "connection.metadata_changed", after))
}

/// Forgets an offer: the metadata says again what the connection has. `None` when there is none.
#[must_use]
pub fn withdraw(before: &Connection, origin: Origin) -> Option<Change> {
    before.metadata.offer.as_ref()?;
    let after = json!({"changes": []});
    let noted = with_offer(before, None);
    Some(change(noted, origin, "connection.metadata_restored", after))
}

/// Takes the offer that somebody has seen, known by when it was found: whom they trust is what they have read.
///
/// # Errors
/// [`Refusal::NothingOffered`], [`Refusal::OfferChanged`], [`Refusal::BindingNotOffered`].
pub fn accept(before: &Connection, seen: Timestamp, origin: Origin) -> Result<Change, Refusal> {
    let offer = before.metadata.offer.as_ref().ok_or(Refusal::NothingOffered)?;
    if offer.found_at != seen {
        let found_at = offer.found_at;
        return Err(Refusal::OfferChanged { found_at });
    }
    let after = with_provider(before, offer.provider.clone())?;
    Ok(changed(before, after, "connection.metadata_accepted", origin))
}

/// Takes what the metadata says now, and drops what every node remembers of the provider.
///
/// # Errors
/// [`Refusal::BindingNotOffered`].
pub fn refresh(before: &Connection, provider: SamlProvider, origin: Origin) -> Result<Change, Refusal> {
    let mut after = with_provider(before, provider)?;
    after.revision = before.revision + 1;
    Ok(changed(before, after, "connection.refreshed", origin))
}

fn with_offer(connection: &Connection, offer: Option<MetadataOffer>) -> Connection {
    let mut after = connection.clone();
    after.metadata.offer = offer;
    after
}

fn with_provider(connection: &Connection, provider: SamlProvider) -> Result<Connection, Refusal> {
    let mut after = with_offer(connection, None);
    if let Protocol::Saml(saml) = &mut after.settings.protocol {
        saml.provider = provider;
        saml.check_binding()?;
    }
    Ok(after)
}

fn change(noted: Connection, origin: Origin, action: &'static str, after: serde_json::Value) -> Change {
    let target = ("connection", noted.id.0);
    let fact = Fact::Connection(ConnectionFact::Updated(Box::new(noted)));
    Change::new(fact, origin, action, target, None, Some(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::saml::{SamlBinding, SamlEndpoint};
    use crate::directory::sample::{self, at, now, origin};

    fn provider(certificate: &str) -> SamlProvider {
        SamlProvider {
            certificates: vec![certificate.to_owned()],
            ..sample::saml_provider()
        }
    }

    fn found(certificate: &str) -> MetadataOffer {
        MetadataOffer {
            found_at: now(),
            provider: provider(certificate),
            signed_by_known: false,
            changes: vec!["another certificate".to_owned()],
        }
    }

    fn tested() -> Connection {
        Connection {
            tested_at: Some(at(5)),
            ..sample::saml_connection(1)
        }
    }

    fn after(change: Change) -> (Connection, &'static str) {
        let (fact, audit) = change.into_parts();
        match fact {
            Fact::Connection(ConnectionFact::Updated(connection)) => (*connection, audit.action),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_offer_changes_nobody_that_is_trusted() {
        let (noted, action) = after(offer(&tested(), found("new"), origin()).unwrap());
        assert_eq!(action, "connection.metadata_changed");
        assert_eq!(noted.metadata.offer, Some(found("new")));
        let mut expected = tested();
        expected.metadata = noted.metadata.clone();
        assert_eq!(noted, expected);
    }

    #[test]
    fn the_same_offer_is_told_once() {
        let (noted, _) = after(offer(&tested(), found("new"), origin()).unwrap());
        assert!(offer(&noted, found("new"), origin()).is_none());
        let later = MetadataOffer {
            found_at: at(9),
            ..found("new")
        };
        assert!(offer(&noted, later, origin()).is_none());
        let signed = MetadataOffer {
            signed_by_known: true,
            ..found("new")
        };
        assert!(offer(&noted, signed, origin()).is_some());
        assert!(offer(&noted, found("newer"), origin()).is_some());
    }

    #[test]
    fn what_is_offered_is_taken_whole_and_the_proof_is_void() {
        let (noted, _) = after(offer(&tested(), found("new"), origin()).unwrap());
        let (taken, action) = after(accept(&noted, now(), origin()).unwrap());
        assert_eq!(action, "connection.metadata_accepted");
        let saml = taken.settings.protocol.saml().unwrap();
        assert_eq!(saml.provider, provider("new"));
        assert_eq!(
            (taken.tested_at, taken.revision, taken.metadata.offer),
            (None, 2, None)
        );
        let refused = accept(&tested(), now(), origin()).unwrap_err();
        assert_eq!(refused, Refusal::NothingOffered);
    }

    #[test]
    fn an_offer_that_came_after_the_one_that_was_seen_is_not_taken() {
        let (noted, _) = after(offer(&tested(), found("new"), origin()).unwrap());
        let later = MetadataOffer {
            found_at: at(9),
            ..found("newer")
        };
        let (noted, _) = after(offer(&noted, later, origin()).unwrap());
        let refused = accept(&noted, now(), origin()).unwrap_err();
        assert_eq!(refused, Refusal::OfferChanged { found_at: at(9) });
    }

    #[test]
    fn an_offer_ends_with_the_difference() {
        let (noted, _) = after(offer(&tested(), found("new"), origin()).unwrap());
        let (restored, action) = after(withdraw(&noted, origin()).unwrap());
        assert_eq!((restored, action), (tested(), "connection.metadata_restored"));
        assert!(withdraw(&tested(), origin()).is_none());
    }

    #[test]
    fn a_refresh_takes_what_is_there_and_always_forgets_the_provider() {
        let (noted, _) = after(offer(&tested(), found("new"), origin()).unwrap());
        let (same, _) = after(refresh(&noted, sample::saml_provider(), origin()).unwrap());
        assert_eq!(
            (same.revision, same.tested_at, same.metadata.offer),
            (2, Some(at(5)), None)
        );
        let (other, _) = after(refresh(&noted, provider("newer"), origin()).unwrap());
        assert_eq!((other.revision, other.tested_at), (2, None));
    }

    #[test]
    fn a_provider_that_does_not_take_the_binding_that_is_set_is_not_taken() {
        let mut before = tested();
        if let Protocol::Saml(saml) = &mut before.settings.protocol {
            saml.request_binding = Some(SamlBinding::Redirect);
        }
        let mut by_post = provider("new");
        by_post.single_sign_on = vec![SamlEndpoint {
            binding: SamlBinding::Post,
            url: "https://idp.example/sso".to_owned(),
            response_url: None,
        }];
        let refused = Refusal::BindingNotOffered(SamlBinding::Redirect);
        assert_eq!(refresh(&before, by_post.clone(), origin()).unwrap_err(), refused);
        before.metadata.offer = Some(MetadataOffer {
            provider: by_post,
            ..found("new")
        });
        assert_eq!(accept(&before, now(), origin()).unwrap_err(), refused);
    }
}
