//! Connections: a tenant's ways to sign in through an identity provider, and the domains whose people may.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::audit::Origin;
use super::change::{Change, ConnectionFact, Fact, SignInFact};
use super::grant::GroupRule;
use super::id::{ConnectionId, DirectoryId, EntityId, TenantId, UserId};
use super::metadata::MetadataState;
use super::refusal::Refusal;
use super::saml::SamlSettings;
use super::service_key::ServiceKey;

/// One way to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name for people, unique in the tenant.
    pub name: String,
    /// Whether people may sign in through it.
    pub enabled: bool,
    /// Everything that can be set.
    pub settings: ConnectionSettings,
    /// The provider's secret for us, sealed under the master key.
    pub client_secret: Option<SealedSecret>,
    /// Our own keys for a SAML provider, oldest first; none for `OpenID`.
    pub keys: Vec<ServiceKey>,
    /// What is known of a SAML provider's metadata at its address; nothing for `OpenID`.
    pub metadata: MetadataState,
    /// Grows whenever what is remembered of the provider must not be used any more.
    pub revision: i64,
    /// When a login through it last went well with the settings as they are.
    pub tested_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
}

/// A secret that only the holder of the master key can read. Its text says nothing, but it is not printed either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(pub String);

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecret(..)")
    }
}

/// What can be set of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionSettings {
    /// What the protocol needs.
    pub protocol: Protocol,
    /// The domains that the e-mail-first page sends here.
    pub domains: Vec<String>,
    /// The directory whose people it may meet; the tenant's only one when unset.
    pub directory_id: Option<DirectoryId>,
    /// Accounts at the first login.
    pub jit: Jit,
    /// The names under which the provider sends attributes, by ours. What is not named here has the default names.
    pub attribute_mapping: BTreeMap<String, Vec<String>>,
    /// What groups of the provider give.
    pub group_mapping: Vec<GroupRule>,
    /// Counts an e-mail inside the verified domains as verified also where the provider does not say so.
    pub trust_email: bool,
}

/// What a protocol needs to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Protocol {
    /// OpenID Connect.
    Oidc(OidcSettings),
    /// SAML 2.0.
    Saml(SamlSettings),
}

/// What can be set of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcSettings {
    /// The issuer, compared exactly.
    pub issuer: String,
    /// Our name at the provider.
    pub client_id: String,
    /// Hosts besides the issuer's own that its endpoints may be on.
    pub allowed_hosts: Vec<String>,
    /// The signature algorithms of ID tokens that are accepted.
    pub algorithms: Vec<String>,
}

impl Protocol {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Oidc(_) => "oidc",
            Self::Saml(_) => "saml",
        }
    }

    /// The settings of an `OpenID` connection.
    #[must_use]
    pub fn oidc(&self) -> Option<&OidcSettings> {
        match self {
            Self::Oidc(settings) => Some(settings),
            Self::Saml(_) => None,
        }
    }

    /// Whether a login that went well with these settings says the same of those.
    fn signs_in_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Saml(these), Self::Saml(those)) => these.signs_in_as(those),
            _ => self == other,
        }
    }

    /// The settings of a SAML connection.
    #[must_use]
    pub fn saml(&self) -> Option<&SamlSettings> {
        match self {
            Self::Saml(settings) => Some(settings),
            Self::Oidc(_) => None,
        }
    }
}

/// Accounts at the first login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jit {
    /// Whether a person who is not known yet gets an account.
    pub enabled: bool,
    /// The entity that they belong to.
    pub default_entity_id: Option<EntityId>,
}

/// A domain of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The domain, in lower case.
    pub name: String,
    /// When it was proven to be the tenant's. Only then its e-mail addresses count.
    pub verified_at: Option<Timestamp>,
    /// When it was entered.
    pub created_at: Timestamp,
}

/// Who a provider says somebody is: what a person is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityKey {
    /// The connection that they came through.
    pub connection: ConnectionId,
    /// The issuer.
    pub issuer: String,
    /// The subject, compared exactly.
    pub subject: String,
}

/// Makes a connection.
#[must_use]
pub fn create(connection: Connection, origin: Origin) -> Change {
    let (id, after) = (connection.id.0, view(&connection));
    let fact = Fact::Connection(ConnectionFact::Created(Box::new(connection)));
    Change::new(
        fact,
        origin,
        "connection.created",
        ("connection", id),
        None,
        Some(after),
    )
}

/// Changes a connection. `None` when nothing changes. What was proven or remembered with other settings is void.
#[must_use]
pub fn update(before: &Connection, after: Connection, origin: Origin) -> Option<Change> {
    (*before != after).then(|| changed(before, after, "connection.updated", origin))
}

/// The change from one state to another under the name of what was done.
pub(super) fn changed(
    before: &Connection,
    mut after: Connection,
    action: &'static str,
    origin: Origin,
) -> Change {
    if before.settings != after.settings
        || before.client_secret != after.client_secret
        || before.keys != after.keys
    {
        after.revision = before.revision + 1;
    }
    let same_protocol = before.settings.protocol == after.settings.protocol;
    if !same_protocol {
        // It was an answer to what the connection had before.
        after.metadata.offer = None;
    }
    let proof_stands = before.settings.protocol.signs_in_as(&after.settings.protocol)
        && before.settings.attribute_mapping == after.settings.attribute_mapping
        && before.client_secret == after.client_secret;
    if !proof_stands {
        after.tested_at = None;
    }
    after.modified_at = origin.at;
    let (old, mut new) = (view(before), view(&after));
    if before.client_secret != after.client_secret {
        new["client_secret"] = json!("changed");
    }
    let target = ("connection", after.id.0);
    let fact = Fact::Connection(ConnectionFact::Updated(Box::new(after)));
    Change::new(fact, origin, action, target, Some(old), Some(new))
}

/// Drops what every node remembers of the provider.
#[must_use]
pub fn refresh(connection: Connection, origin: Origin) -> Change {
    let id = connection.id.0;
    let refreshed = Connection {
        revision: connection.revision + 1,
        ..connection
    };
    let fact = Fact::Connection(ConnectionFact::Updated(Box::new(refreshed)));
    Change::new(
        fact,
        origin,
        "connection.refreshed",
        ("connection", id),
        None,
        None,
    )
}

/// Notes that a login went well with the settings as they are.
#[must_use]
pub fn prove(connection: Connection, origin: Origin) -> Change {
    let id = connection.id.0;
    let after = json!({"tested_at": origin.at.to_string()});
    let proven = Connection {
        tested_at: Some(origin.at),
        ..connection
    };
    let fact = Fact::Connection(ConnectionFact::Updated(Box::new(proven)));
    Change::new(
        fact,
        origin,
        "connection.tested",
        ("connection", id),
        None,
        Some(after),
    )
}

/// Enters a domain, or verifies one that is there. `None` when it is so already.
#[must_use]
pub fn set_domain(
    tenant: TenantId,
    before: Option<&Domain>,
    name: String,
    verified: bool,
    origin: Origin,
) -> Option<Change> {
    let known = before.map(|domain| domain.verified_at.is_some());
    if known == Some(true) || known == Some(verified) {
        return None;
    }
    let domain = Domain {
        verified_at: verified.then_some(origin.at),
        created_at: before.map_or(origin.at, |domain| domain.created_at),
        name,
    };
    let after = json!({"domain": domain.name, "verified": verified});
    let action = if known.is_some() {
        "domain.verified"
    } else {
        "domain.added"
    };
    let fact = Fact::Connection(ConnectionFact::DomainSet(domain));
    Some(Change::new(
        fact,
        origin,
        action,
        ("tenant", tenant.0),
        None,
        Some(after),
    ))
}

/// Takes a domain away.
///
/// # Errors
/// [`Refusal::DomainInUse`]: connections still name it.
pub fn remove_domain(
    tenant: TenantId,
    domain: &Domain,
    connections: &[Connection],
    origin: Origin,
) -> Result<Change, Refusal> {
    let named_by = connections
        .iter()
        .filter(|connection| connection.settings.domains.contains(&domain.name));
    let named_by: Vec<String> = named_by.map(|connection| connection.name.clone()).collect();
    if !named_by.is_empty() {
        return Err(Refusal::DomainInUse(named_by));
    }
    let before = json!({"domain": domain.name, "verified": domain.verified_at.is_some()});
    let fact = Fact::Connection(ConnectionFact::DomainRemoved(domain.name.clone()));
    Ok(Change::new(
        fact,
        origin,
        "domain.removed",
        ("tenant", tenant.0),
        Some(before),
        None,
    ))
}

/// Lets a provider's subject lead to a person.
#[must_use]
pub fn link(identity: IdentityKey, user: UserId, origin: Origin) -> Change {
    let after = json!({
        "connection": identity.connection,
        "issuer": identity.issuer,
        "subject": identity.subject,
    });
    let fact = Fact::SignIn(SignInFact::IdentityLinked {
        identity,
        user,
        at: origin.at,
    });
    Change::new(
        fact,
        origin,
        "user.identity_linked",
        ("user", user.0),
        None,
        Some(after),
    )
}

/// A connection for the audit: everything but the secret.
fn view(connection: &Connection) -> Value {
    json!({
        "name": connection.name,
        "enabled": connection.enabled,
        "settings": connection.settings,
        "has_client_secret": connection.client_secret.is_some(),
        "keys": connection.keys.iter().map(ServiceKey::view).collect::<Vec<_>>(),
    })
}

/// The longest domain: the name of its proof, `_rollcall-challenge.` before it, has to be a name as well (253, RFC 1035
/// section 2.3.4).
const LONGEST_DOMAIN: usize = 233;

/// Reads a domain name: ASCII labels of letters, digits and `-`, at least two of them; compared in lower case.
/// A name with other letters is given in its `xn--` form. The last label begins with a letter, as every top-level domain
/// does: an IP address is no domain.
#[must_use]
pub fn parse_domain(text: &str) -> Option<String> {
    let name = text.trim().to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_below_the_top = name
        .rsplit_once('.')
        .is_some_and(|(_, top)| top.starts_with(|first: char| first.is_ascii_alphabetic()));
    (name.len() <= LONGEST_DOMAIN && is_below_the_top && name.split('.').all(is_label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, at, now, origin};

    #[test]
    fn a_domain_is_kept_in_lower_case() {
        assert_eq!(parse_domain(" Acme.Example ").as_deref(), Some("acme.example"));
        assert_eq!(
            parse_domain("xn--bcher-kva.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        for bad in [
            "",
            "acme",
            "acme.",
            ".acme",
            "a..b",
            "acme.example/x",
            "@acme.example",
            "bücher.example",
            "-a.example",
            // Addresses, as dotted numbers and as a browser reads them too.
            "192.0.2.1",
            "192.0.2.1.",
            "acme.7",
            "0x7f.0x1",
        ] {
            assert_eq!(parse_domain(bad), None, "{bad}");
        }
        let label = "a".repeat(63);
        let of = |last: usize| format!("{label}.{label}.{label}.{}", "b".repeat(last));
        assert_eq!(parse_domain(&of(41)).map(|name| name.len()), Some(LONGEST_DOMAIN));
        assert_eq!(parse_domain(&of(42)), None);
    }

    #[test]
    fn a_domain_that_a_connection_names_stays() {
        let domain = Domain {
            name: "acme.example".to_owned(),
            verified_at: Some(at(5)),
            created_at: at(1),
        };
        let naming = |names: &[&str]| {
            let mut connection = sample::connection(1);
            connection.settings.domains = names.iter().map(|name| (*name).to_owned()).collect();
            connection
        };
        let remove =
            |connections: &[Connection]| remove_domain(sample::tenant().id, &domain, connections, origin());
        let refusal = remove(&[naming(&["acme.test"]), naming(&["x.example", "acme.example"])]).unwrap_err();
        assert_eq!(refusal, Refusal::DomainInUse(vec!["Provider".to_owned()]));
        let (fact, audit) = remove(&[naming(&["acme.test"]), naming(&[])])
            .unwrap()
            .into_parts();
        assert!(
            matches!(fact, Fact::Connection(ConnectionFact::DomainRemoved(name)) if name == "acme.example")
        );
        assert_eq!(audit.action, "domain.removed");
        assert_eq!(
            audit.before.unwrap(),
            json!({"domain": "acme.example", "verified": true})
        );
    }

    fn tested() -> Connection {
        Connection {
            client_secret: Some(SealedSecret("sealed".to_owned())),
            tested_at: Some(at(5)),
            revision: 3,
            ..sample::connection(1)
        }
    }

    /// The connection after a change, if there is one.
    fn changed(change: impl FnOnce(&mut Connection)) -> Option<Connection> {
        let mut after = tested();
        change(&mut after);
        let (fact, audit) = update(&tested(), after, origin())?.into_parts();
        assert_eq!(audit.action, "connection.updated");
        match fact {
            Fact::Connection(ConnectionFact::Updated(stored)) => Some(*stored),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_proven_with_other_settings_is_void() {
        let changes: [fn(&mut Connection); 5] = [
            |connection| connection.client_secret = None,
            |connection| connection.client_secret = Some(SealedSecret("other".to_owned())),
            |connection| {
                let Protocol::Oidc(oidc) = &mut connection.settings.protocol else {
                    panic!()
                };
                oidc.issuer.push('/');
            },
            |connection| {
                let Protocol::Oidc(oidc) = &mut connection.settings.protocol else {
                    panic!()
                };
                oidc.algorithms.clear();
            },
            |connection| {
                let mapping = &mut connection.settings.attribute_mapping;
                mapping.insert("email".to_owned(), vec!["upn".to_owned()]);
            },
        ];
        for change in changes {
            let after = changed(change).unwrap();
            assert_eq!(
                (after.tested_at, after.revision, after.modified_at),
                (None, 4, now())
            );
        }
    }

    #[test]
    fn what_does_not_touch_the_protocol_leaves_the_proof_but_no_memory_of_the_settings() {
        let changes: [fn(&mut Connection); 5] = [
            |connection| connection.settings.jit.enabled = false,
            |connection| connection.settings.trust_email = true,
            |connection| connection.settings.domains.push("acme.example".to_owned()),
            |connection| connection.settings.directory_id = Some(sample::DIRECTORY),
            |connection| {
                connection.settings.group_mapping.push(GroupRule {
                    group: "staff".to_owned(),
                    role: Some("user".to_owned()),
                    sections: Vec::new(),
                    admin_scope: None,
                });
            },
        ];
        for change in changes {
            let after = changed(change).unwrap();
            assert_eq!((after.tested_at, after.revision), (Some(at(5)), 4));
        }
    }

    #[test]
    fn where_metadata_is_fetched_from_voids_no_proof_and_how_requests_travel_does() {
        let proof_after = |change: fn(&mut SamlSettings)| {
            let before = Connection {
                tested_at: Some(at(5)),
                ..sample::saml_connection(1)
            };
            let mut after = before.clone();
            let Protocol::Saml(saml) = &mut after.settings.protocol else {
                panic!()
            };
            change(saml);
            match update(&before, after, origin()).unwrap().into_parts().0 {
                Fact::Connection(ConnectionFact::Updated(stored)) => stored.tested_at,
                other => panic!("{other:?}"),
            }
        };
        let elsewhere = |saml: &mut SamlSettings| {
            saml.metadata_url = Some("https://idp.example/elsewhere".to_owned());
        };
        assert_eq!(proof_after(elsewhere), Some(at(5)));
        assert_eq!(proof_after(|saml| saml.sign_requests ^= true), None);
        assert_eq!(proof_after(|saml| saml.provider.certificates.clear()), None);
    }

    #[test]
    fn a_name_or_a_switch_voids_nothing_and_no_change_is_none() {
        let changes: [fn(&mut Connection); 2] = [
            |connection| connection.name = "Other".to_owned(),
            |connection| connection.enabled = false,
        ];
        for change in changes {
            let after = changed(change).unwrap();
            assert_eq!(
                (after.tested_at, after.revision, after.modified_at),
                (Some(at(5)), 3, now())
            );
        }
        assert_eq!(changed(|_| {}), None);
    }

    #[test]
    fn a_secret_is_in_no_audit_row_but_its_change_is() {
        let mut after = tested();
        after.client_secret = Some(SealedSecret("other".to_owned()));
        let (_, audit) = update(&tested(), after, origin()).unwrap().into_parts();
        let (old, new) = (audit.before.unwrap(), audit.after.unwrap());
        assert_eq!(new["client_secret"], "changed");
        assert!(old.get("client_secret").is_none());
        let (_, created) = create(tested(), origin()).into_parts();
        for row in [old, new, created.after.unwrap()] {
            assert_eq!(row["has_client_secret"], true);
            assert!(!row.to_string().contains("sealed") && !row.to_string().contains("other"));
        }
        assert!(!format!("{:?}", tested()).contains("sealed"));
    }

    #[test]
    fn a_refresh_forgets_the_provider_and_a_test_login_is_kept() {
        let stored = |change: Change| match change.into_parts().0 {
            Fact::Connection(ConnectionFact::Updated(stored)) => *stored,
            other => panic!("{other:?}"),
        };
        let refreshed = stored(refresh(tested(), origin()));
        assert_eq!((refreshed.revision, refreshed.tested_at), (4, Some(at(5))));
        let proven = stored(prove(sample::connection(1), origin()));
        assert_eq!((proven.revision, proven.tested_at), (1, Some(now())));
    }

    #[test]
    fn a_verified_domain_stays_verified() {
        let set = |before: Option<&Domain>, verified| {
            let tenant = sample::tenant().id;
            let change = set_domain(tenant, before, "acme.example".to_owned(), verified, origin())?;
            let (fact, audit) = change.into_parts();
            match fact {
                Fact::Connection(ConnectionFact::DomainSet(domain)) => Some((audit.action, domain)),
                other => panic!("{other:?}"),
            }
        };
        let entered = Domain {
            name: "acme.example".to_owned(),
            verified_at: None,
            created_at: at(3),
        };
        let verified = Domain {
            verified_at: Some(now()),
            ..entered.clone()
        };
        let new = |verified_at| Domain {
            verified_at,
            created_at: now(),
            ..entered.clone()
        };
        assert_eq!(set(None, false), Some(("domain.added", new(None))));
        assert_eq!(set(None, true), Some(("domain.added", new(Some(now())))));
        assert_eq!(
            set(Some(&entered), true),
            Some(("domain.verified", verified.clone()))
        );
        assert_eq!(set(Some(&entered), false), None);
        assert_eq!(set(Some(&verified), true), None);
        assert_eq!(set(Some(&verified), false), None);
    }
}
