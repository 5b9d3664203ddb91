//! The one HTTP client for calls that the gateway makes to the outside. It owns where such a call may go, how
//! long it may take and how much it may bring back. It judges nothing that it brings, follows no redirects and
//! knows no tenant; nothing else in the house opens an outgoing HTTP connection.

mod address;
mod error;
mod resolver;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{StatusCode, redirect};
use url::{Host, Url};

pub use error::OutboundError;
use resolver::GuardedResolver;

/// Makes aws-lc the cryptography of every TLS connection of this process. Does nothing when that is settled.
pub fn install_crypto_provider() {
    // The error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// How much an outgoing call may cost.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Name resolution, TCP and TLS together.
    connect: Duration,
    /// From the call to the last byte of the body.
    total: Duration,
    /// Bytes of the body.
    body: usize,
}

const JSON: &str = "application/json";

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(10),
    body: 256 * 1024,
};

/// A client that reaches the public internet over https and nothing else: no loopback, private, link-local or
/// metadata addresses, checked on the addresses that are connected to, so that a name which changes its mind
/// between two look-ups gains nothing. Proxy variables of the environment are ignored, because a proxy would
/// resolve names behind this check. Clones share one connection pool.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    allow_private: bool,
    limits: Limits,
}

/// What a server answered. Redirects are answers like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The body, at most 256 KiB where nothing else was said.
    pub body: Vec<u8>,
}

impl Client {
    /// A client within 5 s to connect, 10 s in total and 256 KiB of body. `allow_private` admits plain http and
    /// every address, for development and tests.
    ///
    /// # Errors
    /// [`OutboundError::Setup`] when the system's root certificates cannot be read.
    pub fn new(allow_private: bool) -> Result<Self, OutboundError> {
        Self::with_limits(allow_private, LIMITS)
    }

    fn with_limits(allow_private: bool, limits: Limits) -> Result<Self, OutboundError> {
        install_crypto_provider();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the guarded client that the ban points to"
        )]
        let http = reqwest::Client::builder()
            .user_agent(concat!("rollcall/", env!("CARGO_PKG_VERSION")))
            .https_only(!allow_private)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .dns_resolver(Arc::new(GuardedResolver { allow_private }))
            .build()
            .map_err(|error| OutboundError::Setup(error::innermost(&error)))?;
        Ok(Self {
            http,
            allow_private,
            limits,
        })
    }

    /// Whether plain http and private addresses are admitted.
    #[must_use]
    pub fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// Fetches `url`.
    ///
    /// # Errors
    /// [`OutboundError`]: a URL that must not be called, an address that must not be reached, no connection, no
    /// trusted certificate, no answer in time, or a body past the limit. A status of 400 or above is an answer.
    pub async fn get(&self, url: &Url) -> Result<Answer, OutboundError> {
        self.get_document(url, JSON, self.limits.body).await
    }

    /// Fetches a document of a media type and of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_document(
        &self,
        url: &Url,
        media_type: &'static str,
        limit: usize,
    ) -> Result<Answer, OutboundError> {
        self.check_url(url)?;
        read(self.http.get(url.clone()).header("Accept", media_type), limit).await
    }

    /// Fetches `url` as the holder of an access token (RFC 6750 section 2.1).
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_with_token(&self, url: &Url, token: &str) -> Result<Answer, OutboundError> {
        self.check_url(url)?;
        self.call(self.http.get(url.clone()).bearer_auth(token)).await
    }

    /// Posts a form, with name and password by the Basic scheme where they are given.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post_form(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<Answer, OutboundError> {
        self.check_url(url)?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut call = self
            .http
            .post(url.clone())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some((name, password)) = basic {
            call = call.basic_auth(name, Some(password));
        }
        self.call(call).await
    }

    async fn call(&self, call: reqwest::RequestBuilder) -> Result<Answer, OutboundError> {
        read(call.header("Accept", JSON), self.limits.body).await
    }

    /// Finds out whether calls of this kind get through: time from the call to the head of any answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn check_https(&self, url: &Url) -> Result<Duration, OutboundError> {
        let started = Instant::now();
        self.check_url(url)?;
        send(self.http.get(url.clone())).await?;
        Ok(started.elapsed())
    }

    /// The resolver never sees an address that is written in the URL.
    fn check_url(&self, url: &Url) -> Result<(), OutboundError> {
        let is_allowed_scheme = url.scheme() == "https" || (self.allow_private && url.scheme() == "http");
        if !is_allowed_scheme {
            return Err(OutboundError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Credentials);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            // Both schemes always have a host.
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.allow_private || address::is_public(address) {
            return Ok(());
        }
        Err(OutboundError::Blocked {
            host: address.to_string(),
        })
    }
}

async fn read(call: reqwest::RequestBuilder, limit: usize) -> Result<Answer, OutboundError> {
    let mut response = send(call).await?;
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(OutboundError::TooLarge { limit });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| OutboundError::from_call(&error))?
    {
        if body.len() + chunk.len() > limit {
            return Err(OutboundError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        body,
    })
}

async fn send(call: reqwest::RequestBuilder) -> Result<reqwest::Response, OutboundError> {
    call.send()
        .await
        .map_err(|error| OutboundError::from_call(&error))
}

#[cfg(test)]
mod tests;
