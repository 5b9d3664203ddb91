//! What the routes hold. Handlers take the parts that they need.

use std::sync::Arc;

use axum::extract::FromRef;

use super::middleware::BodyBudget;
use super::throttle::Throttle;
use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::login::Login;
use crate::provisioning::Provisioning;

/// Everything that any route needs.
#[derive(Clone, FromRef)]
pub struct Gateway {
    /// SCIM.
    pub provisioning: Provisioning,
    /// Administration.
    pub accounts: Accounts,
    /// Who is calling.
    pub login: Login,
    /// What identity providers have asked.
    pub journal: Journal,
    /// What browsers and identity providers see.
    pub public_url: PublicUrl,
    /// Memory for large request bodies.
    pub bodies: BodyBudget,
    /// How often strangers may ask.
    pub throttle: Throttle,
    /// The clock.
    pub clock: Clock,
    /// The text of `/metrics`.
    pub metrics: MetricsText,
}

/// The public URL without a slash at its end.
#[derive(Clone, Debug)]
pub struct PublicUrl(Arc<str>);

impl PublicUrl {
    /// Takes the URL with or without a slash at its end.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.trim_end_matches('/').into())
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an `Origin` (RFC 6454 section 6.2) is this URL's.
    #[must_use]
    pub fn is_on(&self, origin: &str) -> bool {
        let of = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
        of(origin).is_some_and(|origin| Some(origin) == of(&self.0))
    }

    /// Whether browsers see https, so that cookies can be kept to it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// A directory's SCIM base URL. No `_` in it: Okta refuses one.
    #[must_use]
    pub fn scim_base(&self, tenant: &str, directory: &str) -> String {
        format!("{}/scim/v2/{tenant}/{directory}", self.0)
    }

    /// A directory as an OAuth authorization server: its issuer (RFC 8414 section 2).
    #[must_use]
    pub fn oauth_base(&self, tenant: &str, directory: &str) -> String {
        format!("{}/oauth/{tenant}/{directory}", self.0)
    }

    /// A directory's token endpoint.
    #[must_use]
    pub fn token_url(&self, tenant: &str, directory: &str) -> String {
        format!("{}/oauth/{tenant}/{directory}/token", self.0)
    }

    /// Where it is told which authorization server gives tokens for a directory's SCIM endpoint (RFC 9728 section 3.1).
    #[must_use]
    pub fn resource_metadata(&self, tenant: &str, directory: &str) -> String {
        format!(
            "{}/.well-known/oauth-protected-resource/scim/v2/{tenant}/{directory}",
            self.0
        )
    }
}

/// Renders the metrics.
#[derive(Clone)]
pub struct MetricsText(pub Arc<dyn Fn() -> String + Send + Sync>);
