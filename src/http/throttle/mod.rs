//! How often strangers may ask for work: by address, by connection and by account, in the memory of this node.
//!
//! [`guard`] goes around all routes and judges by the address of the request which limits hold; a route below
//! `/login/{tenant}/{connection}/` is covered without a line of its own. It knows no tenant and reads no body. A handler
//! that knows an account's name asks [`Visitor`]; a caller of the admin API who is known spends their [`Allowance`]; one that has refused a stranger's sign-in puts [`Failed`] into the
//! answer's extensions. Nothing here is stored, and what is refused here leaves no access error: a flood must not fill
//! the database.

mod allowance;
mod client;
mod known;
mod limit;
mod place;

use std::convert::Infallible;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::DefaultClock;

pub(super) use allowance::{Allowance, Spender};
pub use client::PeerAddress;

use super::cookies::Cookie;
use super::extract::authorization;
use super::login::too_many;
use super::middleware::refusal::{Door, MiddlewareRefusal};
use super::middleware::{RequestId, metric};
use super::oauth::OauthError;
use super::state::Gateway;
use crate::directory::{Code, ConnectionId};
use client::{ClientAddress, IsProxy};
use known::Known;
use limit::Limit;
use place::Place;

/// Requests of one address. A company of thousands may sit behind one: 50 a second are a thousand sign-ins a minute, at
/// three requests each, and the burst is for nine o'clock.
const OF_ADDRESS: (u32, Duration) = (600, Duration::from_millis(20));

/// Failed sign-ins of one address at one connection. Whoever a provider has vouched for is not counted, so what is left
/// are cookies that browsers have lost, and attempts. Nobody is shut out for having failed: each second one more may try,
/// and a success costs nothing.
const FAILURES: (u32, Duration) = (60, Duration::from_secs(1));

/// Failed sign-ins at one connection from everywhere: signatures to verify and keys to decrypt with. Beyond it nobody is
/// shut out who has not failed there; who has is let in as [`CAREFUL`] says. So an attacker elsewhere, from however many
/// addresses, slows attackers.
const OF_CONNECTION: (u32, Duration) = (600, Duration::from_millis(100));

/// Failed sign-ins of one address at a connection that is under attack.
const CAREFUL: (u32, Duration) = (3, Duration::from_secs(10));

/// Tries under one account's name (an e-mail address, an OAuth client) from one address: a person mistypes a few times, a
/// program that has lost its secret asks once in a while. From another address nobody uses it up.
const OF_ACCOUNT: (u32, Duration) = (20, Duration::from_secs(5));

/// Unknown tokens from one address. Providers in a cloud share addresses with strangers, so tokens that this node has
/// seen to be good are never held up, whatever comes from beside them.
const UNKNOWN: (u32, Duration) = (300, Duration::from_millis(100));

/// Letters that an administrator has sent again to one person: a mail gets lost a few times, and nobody's mailbox is
/// filled.
const LETTERS: (u32, Duration) = (5, Duration::from_mins(10));

/// A try that counts as a failed one so far.
#[derive(Clone, Copy)]
struct Begun {
    key: (Option<ConnectionId>, ClientAddress),
    /// Whether the narrow limit of a connection under attack had one left for it.
    careful: bool,
}

/// The limits of this node, or none.
#[derive(Clone)]
pub struct Throttle(Option<Arc<Limits>>);

struct Limits {
    of_address: Limit,
    failures: Limit,
    of_connection: Limit,
    careful: Limit,
    of_account: Limit,
    unknown: Limit,
    letters: Limit,
    of_caller: Limit,
    of_operator: Limit,
    tokens: Known,
    connections: Known,
    is_proxy: IsProxy,
}

/// A caller has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany {
    /// For how long at least (RFC 9110 section 10.2.3).
    pub seconds: u32,
}

impl TooMany {
    fn after(wait: Duration) -> Self {
        let whole = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        Self {
            seconds: whole.saturating_add(u32::from(wait.subsec_nanos() > 0)).max(1),
        }
    }

    fn counted(self, limit: &'static str) -> Self {
        metrics::counter!(metric::THROTTLED, "limit" => limit).increment(1);
        self
    }
}

/// In the extensions of an answer: a sign-in failed, and nobody has vouched for who it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed;

impl Throttle {
    /// Limits, behind proxies of which `is_proxy` says whether an address is one of theirs.
    #[must_use]
    pub fn new(is_proxy: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        let limit = |(burst, period)| Limit::new(burst, period, DefaultClock::default());
        Self(Some(Arc::new(Limits {
            of_address: limit(OF_ADDRESS),
            failures: limit(FAILURES),
            of_connection: limit(OF_CONNECTION),
            careful: limit(CAREFUL),
            of_account: limit(OF_ACCOUNT),
            unknown: limit(UNKNOWN),
            letters: limit(LETTERS),
            of_caller: limit(allowance::OF_CALLER),
            of_operator: limit(allowance::OF_OPERATOR),
            tokens: Known::default(),
            connections: Known::default(),
            is_proxy: Arc::new(is_proxy),
        })))
    }

    /// No limits, for load tests.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }
}

/// The layer around all routes.
pub(super) async fn guard(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    let Some(limits) = gateway.throttle.0.clone() else {
        return next.run(request).await;
    };
    let peer = request.extensions().get().copied();
    let client = ClientAddress::of(peer, request.headers(), &limits.is_proxy);
    request.extensions_mut().insert(client);
    match Place::of(request.method(), request.uri().path()) {
        Place::Open => next.run(request).await,
        Place::Api => {
            request.extensions_mut().insert(Allowance(Arc::clone(&limits)));
            limits.guard_api(&gateway, client, request, next).await
        }
        Place::Token => match limits.charge_address(client) {
            Ok(()) => next.run(request).await,
            Err(wait) => OauthError::too_many(wait.seconds).into_response(),
        },
        Place::Page => match limits.charge_address(client) {
            Ok(()) => next.run(request).await,
            Err(wait) => tell(&gateway, &request, wait),
        },
        Place::Secret => limits.guard_secret(client, request, next, refuse_api).await,
        Place::SecretPage => {
            let refuse = |request: &Request, wait| tell(&gateway, request, wait);
            limits.guard_secret(client, request, next, refuse).await
        }
        Place::Connection(id) => {
            let known = id.filter(|id| limits.connections.contains(id));
            let checked = limits.charge_address(client);
            let judges = Place::judges(request.uri().path());
            let begun = checked.and_then(|()| {
                if judges {
                    limits.begin(known, client).map(Some)
                } else {
                    Ok(None)
                }
            });
            let begun = match begun {
                Ok(begun) => begun,
                Err(wait) => return tell(&gateway, &request, wait),
            };
            let response = next.run(request).await;
            let failed = response.extensions().get::<Failed>().is_some();
            match begun {
                Some(begun) => limits.settle(begun, failed),
                None if failed => {
                    let _ = limits
                        .begin(known, client)
                        .map(|begun| limits.settle(begun, true));
                }
                None => {}
            }
            if let (false, None, Some(id), true) = (failed, known, id, response.status().as_u16() < 400) {
                limits.connections.insert(id);
            }
            response
        }
    }
}

fn refuse_api(request: &Request, wait: TooMany) -> Response {
    let refusal = MiddlewareRefusal {
        status: StatusCode::TOO_MANY_REQUESTS,
        code: Code::TooManyAttempts.as_str(),
        detail: "Too many attempts came from this address; try again later.",
        retry_after: Some(wait.seconds),
    };
    refusal.render(Door::of(request.uri()), request.extensions().get::<RequestId>())
}

fn tell(gateway: &Gateway, request: &Request, wait: TooMany) -> Response {
    let id = request.extensions().get::<RequestId>();
    let id = id.map_or("", RequestId::as_str);
    too_many(&gateway.login, request.headers(), id, wait)
}

impl Limits {
    fn charge_address(&self, client: ClientAddress) -> Result<(), TooMany> {
        let charged = self.of_address.charge(client);
        charged.map_err(|wait| wait.counted("address"))
    }

    /// Connections that nothing good has come of on this node share one allowance: addresses of connections that do not
    /// exist are free to invent.
    ///
    /// A try counts as a failed one until it is known to be none, so many at once are no more than one after the other. Who
    /// hangs up before the answer has failed.
    fn begin(&self, at: Option<ConnectionId>, client: ClientAddress) -> Result<Begun, TooMany> {
        let key = (at, client);
        let refused = |wait: TooMany| wait.counted("failures");
        self.failures.charge(key).map_err(refused)?;
        // Counted in calm times too, when nobody is held up by it.
        let careful = at.map(|_| self.careful.charge(key));
        let is_calm = at.is_none_or(|id| self.of_connection.look(id).is_ok());
        if let (false, Some(Err(wait))) = (is_calm, careful) {
            self.failures.give_back(key);
            return Err(refused(wait));
        }
        Ok(Begun {
            key,
            careful: careful == Some(Ok(())),
        })
    }

    /// Says what came of a try.
    fn settle(&self, begun: Begun, failed: bool) {
        if !failed {
            self.failures.give_back(begun.key);
            if begun.careful {
                self.careful.give_back(begun.key);
            }
        } else if let (Some(id), _) = begun.key {
            let _ = self.of_connection.charge(id);
        }
    }

    /// A request that shows a password, a ticket or the token of a mail. Those that fail are counted by address; none of
    /// them belongs to a connection.
    async fn guard_secret(
        &self,
        client: ClientAddress,
        request: Request,
        next: Next,
        refuse: impl FnOnce(&Request, TooMany) -> Response,
    ) -> Response {
        let checked = self.charge_address(client);
        let begun = match checked.and_then(|()| self.begin(None, client)) {
            Ok(begun) => begun,
            Err(wait) => return refuse(&request, wait),
        };
        let response = next.run(request).await;
        let failed = response.extensions().get::<Failed>().is_some();
        // 401 is a wrong code of somebody whose password was right.
        let statuses = [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND, StatusCode::GONE];
        self.settle(begun, failed || statuses.contains(&response.status()));
        response
    }

    /// A request that shows a token, in the header or as the cookie of a session. The operator's is compared and not looked
    /// up, so it is known from the start.
    async fn guard_api(
        &self,
        gateway: &Gateway,
        client: ClientAddress,
        request: Request,
        next: Next,
    ) -> Response {
        let cookie = || Cookie::Session.read(request.headers(), &gateway.public_url);
        let Some(shown) = authorization(request.headers())
            .or_else(cookie)
            .map(str::to_owned)
        else {
            return next.run(request).await;
        };
        let is_known =
            self.tokens.contains(&shown) || gateway.login.identify_operator(Some(shown.as_str())).is_ok();
        if let (false, Err(wait)) = (is_known, self.unknown.look(client)) {
            let refusal = MiddlewareRefusal {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: Code::TooManyAttempts.as_str(),
                detail: "Too many requests with unknown tokens came from this address; try again later.",
                retry_after: Some(wait.counted("tokens").seconds),
            };
            return refusal.render(Door::of(request.uri()), request.extensions().get::<RequestId>());
        }
        let response = next.run(request).await;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.tokens.remove(&shown);
            let _ = self.unknown.charge(client);
        } else if response.status().is_success() && !is_known {
            self.tokens.insert(&shown);
        }
        response
    }
}

/// Somebody at a door, for handlers that know under which name they come.
pub(super) struct Visitor {
    limits: Option<Arc<Limits>>,
    client: Option<ClientAddress>,
}

impl Visitor {
    /// Counts a try under an account's name.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) fn charge_account(&self, door: &str, name: &str) -> Result<(), TooMany> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let charged = limits.of_account.charge((door, name, self.client));
        charged.map_err(|wait| wait.counted("account"))
    }

    /// Counts a letter that is sent to somebody once more, whoever asks for it.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) fn charge_letter(&self, to: impl Hash) -> Result<(), TooMany> {
        let Some(limits) = &self.limits else { return Ok(()) };
        limits.letters.charge(to).map_err(|wait| wait.counted("letters"))
    }

    /// Whether another try may be made, where only those that fail are counted.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) fn look_at_account(&self, door: &str, name: &str) -> Result<(), TooMany> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let looked = limits.of_account.look((door, name, self.client));
        looked.map_err(|wait| wait.counted("account"))
    }
}

impl<S> FromRequestParts<S> for Visitor
where
    Throttle: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self {
            limits: Throttle::from_ref(state).0,
            client: parts.extensions.get().copied(),
        })
    }
}
