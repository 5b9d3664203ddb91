//! What is remembered of identity providers: their documents and keys, fetched through the one guarded client.
//!
//! One fetch at a time per connection or trusted issuer, whoever is waiting; failures are remembered for a moment, so
//! that a provider that hangs is not called by every visitor. A connection's `revision` is part of the memory's name: a
//! change on one node is in force on all. Trusted issuers never change.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use crate::directory::access_error::Trace;
use crate::directory::{Code, Connection, TenantId, TrustedIssuer};
use crate::outbound::{Answer, Client, OutboundError};
use crate::sso::oidc::discovery::{self, DiscoveryRefusal, Trust};
use crate::sso::oidc::{KeySet, Provider, TokenRefusal};

/// How long a document and keys are used before they are fetched again.
const FRESH: Duration = Duration::from_hours(1);
/// A key that is not known is looked for once in this time (a storm of forged tokens is not passed on).
const KEYS_AGAIN: Duration = Duration::from_mins(1);
/// How long a failure stands for the next callers.
const FAILED: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Providers {
    outbound: Client,
    slots: std::sync::Mutex<Slots>,
}

/// By the id of a connection or of a trusted issuer; ids are unique, whatever they are of.
type Slots = HashMap<(TenantId, Uuid), Arc<Mutex<Slot>>>;

/// Whose keys are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeysOf<'a> {
    /// The provider that people sign in through.
    Connection(&'a Connection),
    /// The issuer that vouches for OAuth clients.
    Issuer(&'a TrustedIssuer),
}

impl KeysOf<'_> {
    fn id(self) -> Uuid {
        match self {
            Self::Connection(connection) => connection.id.0,
            Self::Issuer(issuer) => issuer.id.0,
        }
    }
}

#[derive(Debug, Default)]
struct Slot {
    revision: i64,
    provider: Option<(Arc<Provider>, Instant)>,
    /// Where a trusted issuer's document says that its keys are.
    keys_address: Option<(Url, Instant)>,
    keys: Option<(Arc<KeySet>, Instant)>,
    /// When an unknown key last made us look again.
    looked_again: Option<Instant>,
    failed: Option<(Failure, Instant)>,
}

/// Why a provider cannot be used at this moment.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub code: Code,
    pub check: &'static str,
    pub expected: String,
    pub received: String,
}

impl Failure {
    /// Adds the failure to a trace and gives its code.
    pub fn note(&self, trace: &mut Trace) -> Code {
        trace.push(self.check, Some(&self.expected), Some(&self.received), false);
        self.code
    }

    fn of_call(code: Code, check: &'static str, error: &OutboundError) -> Self {
        Self {
            code: code_of_call(error, code),
            check,
            expected: "an answer of the provider".to_owned(),
            received: error.to_string(),
        }
    }
}

/// The code of a call that failed: its own where the guard forbade the address, else `otherwise`.
pub(super) fn code_of_call(error: &OutboundError, otherwise: Code) -> Code {
    match error {
        OutboundError::Blocked { .. } | OutboundError::Scheme(_) | OutboundError::Credentials => {
            Code::OidcEndpointRefused
        }
        _ => otherwise,
    }
}

impl From<DiscoveryRefusal> for Failure {
    fn from(refusal: DiscoveryRefusal) -> Self {
        let (code, expected) = match &refusal {
            DiscoveryRefusal::Issuer { expected, .. } => (Code::OidcBadIssuer, expected.clone()),
            DiscoveryRefusal::Url { .. } => (
                Code::OidcEndpointRefused,
                "https, on the issuer's host or an allowed one".to_owned(),
            ),
            _ => (
                Code::OidcDiscoveryFailed,
                "a discovery document that fits".to_owned(),
            ),
        };
        Self {
            code,
            check: "discovery",
            expected,
            received: refusal.to_string(),
        }
    }
}

impl Providers {
    pub fn new(outbound: Client) -> Self {
        Self {
            outbound,
            slots: std::sync::Mutex::default(),
        }
    }

    pub fn outbound(&self) -> &Client {
        &self.outbound
    }

    /// The provider of a connection, vetted.
    pub async fn provider(
        &self,
        tenant: TenantId,
        connection: &Connection,
    ) -> Result<Arc<Provider>, Failure> {
        let slot = self.slot(tenant, connection.id.0);
        let mut slot = slot.lock().await;
        self.provider_of(&mut slot, connection).await
    }

    /// Judges a token with the keys that are known, and once more with newer ones if its key is not among them: the
    /// provider may have rotated its keys since we looked.
    pub async fn judge<T>(
        &self,
        tenant: TenantId,
        of: KeysOf<'_>,
        judge: impl Fn(&KeySet) -> Result<T, TokenRefusal>,
    ) -> Result<Result<T, TokenRefusal>, Failure> {
        let keys = self.keys(tenant, of).await?;
        match judge(&keys) {
            Err(TokenRefusal::UnknownKey { kid, algorithm }) => {
                Ok(match self.newer_keys(tenant, of, &keys).await? {
                    Some(newer) => judge(&newer),
                    None => Err(TokenRefusal::UnknownKey { kid, algorithm }),
                })
            }
            judged => Ok(judged),
        }
    }

    /// The keys of a connection's provider or of a trusted issuer.
    async fn keys(&self, tenant: TenantId, of: KeysOf<'_>) -> Result<Arc<KeySet>, Failure> {
        let slot = self.slot(tenant, of.id());
        let mut slot = slot.lock().await;
        let address = self.address_of_keys(&mut slot, of).await?;
        if let Some((keys, at)) = &slot.keys
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(keys));
        }
        slot.check_failed()?;
        let fetched = self.fetch_keys(&address).await;
        slot.keep_keys(fetched)
    }

    /// Newer keys than `old`, where there are some: a provider may have rotated them. At most one look a minute.
    async fn newer_keys(
        &self,
        tenant: TenantId,
        of: KeysOf<'_>,
        old: &Arc<KeySet>,
    ) -> Result<Option<Arc<KeySet>>, Failure> {
        let slot = self.slot(tenant, of.id());
        let mut slot = slot.lock().await;
        let address = self.address_of_keys(&mut slot, of).await?;
        if let Some((keys, _)) = &slot.keys
            && !Arc::ptr_eq(keys, old)
        {
            return Ok(Some(Arc::clone(keys)));
        }
        if slot.looked_again.is_some_and(|at| at.elapsed() < KEYS_AGAIN) {
            return Ok(None);
        }
        slot.looked_again = Some(Instant::now());
        let keys = self.fetch_keys(&address).await?;
        let keys = Arc::new(keys);
        slot.keys = Some((Arc::clone(&keys), Instant::now()));
        Ok(Some(keys))
    }

    fn slot(&self, tenant: TenantId, id: Uuid) -> Arc<Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry((tenant, id)).or_default())
    }

    async fn address_of_keys(&self, slot: &mut Slot, of: KeysOf<'_>) -> Result<Url, Failure> {
        let issuer = match of {
            KeysOf::Connection(connection) => {
                return Ok(self.provider_of(slot, connection).await?.jwks_uri.clone());
            }
            KeysOf::Issuer(issuer) => issuer,
        };
        if let Some(registered) = &issuer.jwks_uri {
            return Ok(discovery::keys_url(registered, self.outbound.allows_private())?);
        }
        if let Some((address, at)) = &slot.keys_address
            && at.elapsed() < FRESH
        {
            return Ok(address.clone());
        }
        slot.check_failed()?;
        match self.fetch_keys_address(&issuer.issuer).await {
            Ok(address) => {
                slot.keys_address = Some((address.clone(), Instant::now()));
                slot.failed = None;
                Ok(address)
            }
            // As with keys: what cannot be read again does not make wrong what is known.
            Err(failure) => match &mut slot.keys_address {
                Some((address, at)) => {
                    tracing::warn!(error = %failure.received, "an issuer's document could not be fetched again");
                    *at = Instant::now();
                    Ok(address.clone())
                }
                None => slot.fail(failure),
            },
        }
    }

    async fn fetch_keys_address(&self, issuer: &str) -> Result<Url, Failure> {
        let body = self.fetch_document(issuer).await?;
        let trust = Trust {
            issuer,
            allowed_hosts: &[],
            allow_private: self.outbound.allows_private(),
        };
        Ok(discovery::keys_address(&body, &trust)?)
    }

    async fn fetch_document(&self, issuer: &str) -> Result<Vec<u8>, Failure> {
        let url = discovery::document_url(issuer, self.outbound.allows_private())?;
        let answer = self.outbound.get(&url).await;
        body_of(answer, Code::OidcDiscoveryFailed, "discovery")
    }

    async fn provider_of(&self, slot: &mut Slot, connection: &Connection) -> Result<Arc<Provider>, Failure> {
        if slot.revision != connection.revision {
            *slot = Slot {
                revision: connection.revision,
                ..Slot::default()
            };
        }
        if let Some((provider, at)) = &slot.provider
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(provider));
        }
        slot.check_failed()?;
        match self.fetch_provider(connection).await {
            Ok(provider) => {
                let provider = Arc::new(provider);
                slot.provider = Some((Arc::clone(&provider), Instant::now()));
                slot.failed = None;
                Ok(provider)
            }
            Err(failure) => slot.fail(failure),
        }
    }

    async fn fetch_provider(&self, connection: &Connection) -> Result<Provider, Failure> {
        let oidc = connection.settings.protocol.oidc().ok_or_else(|| Failure {
            code: Code::SsoConnectionNotConfigured,
            check: "protocol",
            expected: "oidc".to_owned(),
            received: connection.settings.protocol.as_str().to_owned(),
        })?;
        let body = self.fetch_document(&oidc.issuer).await?;
        let trust = Trust {
            issuer: &oidc.issuer,
            allowed_hosts: &oidc.allowed_hosts,
            allow_private: self.outbound.allows_private(),
        };
        Ok(Provider::parse(&body, &trust)?)
    }

    async fn fetch_keys(&self, address: &Url) -> Result<KeySet, Failure> {
        let answer = self.outbound.get(address).await;
        let body = body_of(answer, Code::OidcKeysFailed, "keys")?;
        KeySet::parse(&body).map_err(|refusal| Failure {
            code: Code::OidcKeysFailed,
            check: "keys",
            expected: "a set of public keys".to_owned(),
            received: refusal.to_string(),
        })
    }
}

impl Slot {
    fn check_failed(&self) -> Result<(), Failure> {
        match &self.failed {
            Some((failure, at)) if at.elapsed() < FAILED => Err(failure.clone()),
            _ => Ok(()),
        }
    }

    fn fail<T>(&mut self, failure: Failure) -> Result<T, Failure> {
        self.failed = Some((failure.clone(), Instant::now()));
        Err(failure)
    }

    /// Keys that cannot be fetched anew do not make those that are known wrong.
    fn keep_keys(&mut self, fetched: Result<KeySet, Failure>) -> Result<Arc<KeySet>, Failure> {
        match (fetched, &self.keys) {
            (Ok(keys), _) => {
                let keys = Arc::new(keys);
                self.keys = Some((Arc::clone(&keys), Instant::now()));
                Ok(keys)
            }
            (Err(failure), Some((keys, _))) => {
                tracing::warn!(error = %failure.received, "a provider's keys could not be fetched again");
                let keys = Arc::clone(keys);
                self.keys = Some((Arc::clone(&keys), Instant::now()));
                Ok(keys)
            }
            (Err(failure), None) => self.fail(failure),
        }
    }
}

fn body_of(
    answer: Result<Answer, OutboundError>,
    code: Code,
    check: &'static str,
) -> Result<Vec<u8>, Failure> {
    let answer = answer.map_err(|error| Failure::of_call(code, check, &error))?;
    if answer.status != 200 {
        return Err(Failure {
            code,
            check,
            expected: "status 200".to_owned(),
            received: format!("status {}", answer.status.as_u16()),
        });
    }
    Ok(answer.body)
}
