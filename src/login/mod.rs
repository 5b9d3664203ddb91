//! Who is calling, and how people sign in: load, decide, open or end a session.
//!
//! Every sign-in begins in [`start`](start()) and ends in one write (`finish`); in between it is [`oidc`]'s or
//! [`saml`]'s. Both protocols end in one verified identity, and [`complete`] is the one place that opens a session. What
//! was refused is kept by [`refusal`]. It knows neither HTTP nor SQL.

mod attempt;
pub mod caller;
pub mod complete;
mod doors;
mod elsewhere;
pub mod entrance;
mod error;
mod finish;
pub mod local;
pub mod logout;
pub mod oauth;
pub mod oidc;
mod providers;
pub mod refusal;
pub mod saml;
mod secrets;
pub mod service_provider;
pub mod session;
mod start;
mod trial;

use std::sync::Arc;

pub use crate::storage::ApiKeyUse;
pub use caller::{AdminClient, Denied, ScimClient};
pub use complete::Fresh;
pub use elsewhere::Elsewhere;
pub use error::Refused;
pub use finish::{Finished, Return};
pub use session::Session;
pub use start::{Attempt, Started, start};
pub use trial::TestReport;

pub use crate::sso::jit::Decision;

use crate::auth::mac::MacKey;
use crate::auth::vault::Vault;
use crate::directory::registry::TokenHash;
use crate::directory::{ConnectionId, Slug};
use crate::hashing::Passwords;
use crate::outbound::Client;
use crate::storage::Store;
use providers::Providers;
use saml::Workbench;

/// What the use cases of this module work on. The doors hold it and never see the store itself.
#[derive(Clone)]
pub struct Login {
    store: Store,
    operator: TokenHash,
    vault: Arc<Vault>,
    providers: Arc<Providers>,
    workbench: Workbench,
    passwords: Passwords,
    /// What browsers are known by that somebody has signed in with before.
    browsers: MacKey,
    /// What browsers and identity providers see of us, without a slash at the end.
    public_url: Arc<str>,
}

impl Login {
    /// Works on this store, with this operator token, the keys for stored secrets and for known browsers, the one client
    /// for outgoing calls, and the places at which passwords are hashed.
    #[must_use]
    pub fn new(
        store: Store,
        operator: TokenHash,
        (vault, browsers): (Arc<Vault>, MacKey),
        outbound: Client,
        passwords: Passwords,
        public_url: &str,
    ) -> Self {
        Self {
            store,
            operator,
            vault,
            providers: Arc::new(Providers::new(outbound)),
            workbench: Workbench::new(),
            passwords,
            browsers,
            public_url: public_url.trim_end_matches('/').into(),
        }
    }

    /// Where a sign-in through a connection begins.
    #[must_use]
    pub fn start_url(&self, tenant: &Slug, connection: ConnectionId) -> String {
        self.connection_url(tenant, connection, "start")
    }

    /// Where an `OpenID` provider sends the browser back to.
    #[must_use]
    pub fn redirect_uri(&self, tenant: &Slug, connection: ConnectionId) -> String {
        self.connection_url(tenant, connection, "callback")
    }

    /// Where a SAML provider's responses are posted (assertion consumer service).
    #[must_use]
    pub fn acs_url(&self, tenant: &Slug, connection: ConnectionId) -> String {
        self.connection_url(tenant, connection, "acs")
    }

    /// Where our own metadata is, for a SAML provider; also our entity id there.
    #[must_use]
    pub fn metadata_url(&self, tenant: &Slug, connection: ConnectionId) -> String {
        self.connection_url(tenant, connection, "metadata")
    }

    /// Where a SAML provider sends messages of a sign-out.
    #[must_use]
    pub fn slo_url(&self, tenant: &Slug, connection: ConnectionId) -> String {
        self.connection_url(tenant, connection, "slo")
    }

    /// Where an `OpenID` provider says that a session is over.
    #[must_use]
    pub fn backchannel_logout_uri(&self, tenant: &Slug, connection: ConnectionId) -> String {
        self.connection_url(tenant, connection, "backchannel-logout")
    }

    /// Where an `OpenID` provider sends the browser back to after its own sign-out.
    #[must_use]
    pub fn post_logout_redirect_uri(&self, tenant: &Slug) -> String {
        format!("{}?signed_out=1", self.tenant_url(tenant))
    }

    /// A tenant's own sign-in page.
    #[must_use]
    pub fn tenant_url(&self, tenant: &Slug) -> String {
        format!("{}/login/{}", self.public_url, tenant.as_str())
    }

    fn connection_url(&self, tenant: &Slug, connection: ConnectionId, what: &str) -> String {
        format!(
            "{}/login/{}/{connection}/{what}",
            self.public_url,
            tenant.as_str()
        )
    }
}
