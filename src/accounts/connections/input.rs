//! What a connection is made of and what can be changed of it, as it arrives.

use std::collections::BTreeMap;

use super::keys::NewServiceKey;
use super::metadata::MetadataSource;
use crate::accounts::Error;
use crate::directory::{
    Connection, ConnectionId, DirectoryId, EntityId, GroupRule, Protocol, Refusal, SamlBinding, SamlProvider,
};

/// What a new connection is made of.
#[derive(Debug, Clone)]
pub struct NewConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name for people.
    pub name: String,
    /// The domains whose people sign in here.
    pub domains: Vec<String>,
    /// What its protocol needs.
    pub protocol: NewProtocol,
}

/// What the protocol of a new connection needs.
#[derive(Debug, Clone)]
pub enum NewProtocol {
    /// `OpenID` Connect.
    Oidc(NewOidc),
    /// SAML 2.0.
    Saml(NewSaml),
}

/// What a new `OpenID` connection needs.
#[derive(Debug, Clone)]
pub struct NewOidc {
    /// The issuer, exactly as the provider writes it.
    pub issuer: String,
    /// Our name at the provider.
    pub client_id: String,
    /// The provider's secret for us; none for a public client.
    pub client_secret: Option<NewSecret>,
    /// Hosts besides the issuer's own that its endpoints may be on.
    pub allowed_hosts: Vec<String>,
}

/// What a new SAML connection needs.
#[derive(Debug, Clone)]
pub struct NewSaml {
    /// The provider's metadata.
    pub metadata: MetadataSource,
    /// Which provider is meant, where the metadata describes several.
    pub entity_id: Option<String>,
    /// Our first key.
    pub key: NewServiceKey,
}

/// A secret on its way to be sealed.
#[derive(Clone)]
pub struct NewSecret {
    /// The secret.
    pub text: String,
    /// For the cipher, used once.
    pub nonce: [u8; 12],
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSecret(..)")
    }
}

/// What changes of a connection; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectionPatch {
    /// Its name for people.
    pub name: Option<String>,
    /// Whether people may sign in through it.
    pub enabled: Option<bool>,
    /// The domains that the e-mail-first page sends here.
    pub domains: Option<Vec<String>>,
    /// Whether a person who is not known yet gets an account.
    pub jit_enabled: Option<bool>,
    /// The entity of new people; `Some(None)` for none.
    pub default_entity: Option<Option<EntityId>>,
    /// The provider's names of attributes.
    pub attribute_mapping: Option<BTreeMap<String, Vec<String>>>,
    /// What groups give.
    pub group_mapping: Option<Vec<GroupRule>>,
    /// Whether an e-mail address in a verified domain counts as verified.
    pub trust_email: Option<bool>,
    /// The directory whose people it meets; `Some(None)` for the tenant's only one.
    pub directory: Option<Option<DirectoryId>>,
    /// What only `OpenID` connections have.
    pub oidc: OidcPatch,
    /// What only SAML connections have.
    pub saml: SamlPatch,
}

/// What changes of an `OpenID` connection alone.
#[derive(Debug, Clone, Default)]
pub struct OidcPatch {
    /// The issuer.
    pub issuer: Option<String>,
    /// Our name at the provider.
    pub client_id: Option<String>,
    /// The provider's secret for us.
    pub client_secret: Option<NewSecret>,
    /// Hosts besides the issuer's own.
    pub allowed_hosts: Option<Vec<String>>,
    /// The signature algorithms that are accepted.
    pub algorithms: Option<Vec<String>>,
}

/// What changes of a SAML connection alone.
#[derive(Debug, Clone, Default)]
pub struct SamlPatch {
    /// New metadata, to be taken now. A text ends the fetching from an address.
    pub metadata: Option<MetadataSource>,
    /// Which provider is meant, where the metadata describes several.
    pub entity_id: Option<String>,
    /// From where metadata is fetched; `Some(None)` for nowhere.
    pub metadata_url: Option<Option<String>>,
    /// Takes a response that answers no request of ours.
    pub allow_idp_initiated: Option<bool>,
    /// Refuses encryption without authentication.
    pub require_gcm: Option<bool>,
    /// Signs requests also where the provider does not ask for it.
    pub sign_requests: Option<bool>,
    /// How requests travel; `Some(None)` for the provider's first choice.
    pub request_binding: Option<Option<SamlBinding>>,
}

impl OidcPatch {
    fn fields(&self) -> Vec<&'static str> {
        named([
            ("issuer", self.issuer.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("allowed_hosts", self.allowed_hosts.is_some()),
            ("algorithms", self.algorithms.is_some()),
        ])
    }
}

impl SamlPatch {
    fn fields(&self) -> Vec<&'static str> {
        let given = self.metadata.as_ref().map(MetadataSource::field);
        let given = given.or(self.metadata_url.as_ref().map(|_| "idp_metadata_url"));
        let own = named([
            ("idp_entity_id", self.entity_id.is_some()),
            ("allow_idp_initiated", self.allow_idp_initiated.is_some()),
            ("require_gcm", self.require_gcm.is_some()),
            ("sign_requests", self.sign_requests.is_some()),
            ("request_binding", self.request_binding.is_some()),
        ]);
        given.into_iter().chain(own).collect()
    }
}

fn named<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    let given = fields.into_iter().filter(|(_, is_given)| *is_given);
    given.map(|(name, _)| name).collect()
}

impl ConnectionPatch {
    /// Refuses what connections of the other kind have.
    pub(super) fn check_kind(&self, of: &Connection) -> Result<(), Error> {
        let protocol = &of.settings.protocol;
        let fields = match protocol {
            Protocol::Oidc(_) => self.saml.fields(),
            Protocol::Saml(_) => self.oidc.fields(),
        };
        if fields.is_empty() {
            return Ok(());
        }
        Err(Error::OtherKind {
            fields,
            kind: protocol.as_str(),
        })
    }

    /// Puts everything into place but domains and secrets; `provider` is what new metadata says.
    pub(super) fn merge(
        self,
        connection: &mut Connection,
        provider: Option<SamlProvider>,
    ) -> Result<(), Refusal> {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut connection.name, self.name);
        set(&mut connection.enabled, self.enabled);
        let settings = &mut connection.settings;
        match &mut settings.protocol {
            Protocol::Oidc(oidc) => {
                set(&mut oidc.issuer, self.oidc.issuer);
                set(&mut oidc.client_id, self.oidc.client_id);
                set(&mut oidc.allowed_hosts, self.oidc.allowed_hosts);
                set(&mut oidc.algorithms, self.oidc.algorithms);
            }
            Protocol::Saml(saml) => {
                set(&mut saml.provider, provider);
                set(&mut saml.metadata_url, self.saml.metadata_url);
                set(&mut saml.allow_idp_initiated, self.saml.allow_idp_initiated);
                set(&mut saml.require_gcm, self.saml.require_gcm);
                set(&mut saml.sign_requests, self.saml.sign_requests);
                set(&mut saml.request_binding, self.saml.request_binding);
                saml.check_binding()?;
            }
        }
        set(&mut settings.jit.enabled, self.jit_enabled);
        set(&mut settings.jit.default_entity_id, self.default_entity);
        set(&mut settings.attribute_mapping, self.attribute_mapping);
        set(&mut settings.group_mapping, self.group_mapping);
        set(&mut settings.trust_email, self.trust_email);
        set(&mut settings.directory_id, self.directory);
        Ok(())
    }
}
