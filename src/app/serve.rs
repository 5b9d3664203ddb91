//! Starting, running and stopping the gateway.

use std::fs::File;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tower::util::MapRequest;

use super::{StartError, demo, files, listener, mail, open_store, operator, passwords, telemetry};
use crate::accounts::Accounts;
use crate::accounts::imports::Fresh;
use crate::accounts::invitations::Token;
use crate::auth::mac::MacKey;
use crate::auth::vault::Vault;
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, MasterKey};
use crate::directory::registry::TokenHash;
use crate::directory::{InvitationId, UserId};
use crate::http::middleware::{BodyBudget, Limits};
use crate::http::{self, Gateway, MetricsText, PublicUrl, Throttle};
use crate::jobs;
use crate::journal::{self, Journal};
use crate::login::Login;
use crate::outbound::{Client, TxtLookup};
use crate::provisioning::Provisioning;
use crate::storage::Store;

/// How long requests at hand are waited for after the signal to stop.
const DRAIN: Duration = Duration::from_secs(25);
/// Memory for large request bodies, over all requests.
const BODY_MEMORY: usize = 256 * 1024 * 1024;
/// How long a client may be silent in the middle of a body.
const BODY_PATIENCE: Duration = Duration::from_secs(20);

/// A gateway that answers requests.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its clock.
    pub clock: Clock,
    store: Store,
    journal: Journal,
    server: JoinHandle<()>,
    jobs: Vec<JoinHandle<()>>,
    /// Held as long as the gateway runs.
    _lock: Option<File>,
    screen: Option<String>,
    operator_token: Option<crate::auth::bearer::NewToken>,
}

/// Runs the gateway until SIGTERM or Ctrl-C, then drains.
///
/// # Errors
/// [`StartError`]: it did not start.
pub async fn serve(config: Config, migrate: bool) -> Result<(), StartError> {
    for warning in &config.unknown {
        tracing::warn!("{warning}");
    }
    let signals = Signals::listen().map_err(StartError::Signals)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = start(&config, migrate, async move {
        // Stops when told to, and when nobody could tell any more.
        let _ = stopped.await;
    })
    .await?;
    announce(&running);
    signals.wait().await;
    tracing::info!("draining");
    let _ = stop.send(());
    running.finish().await;
    Ok(())
}

/// Starts the gateway; it stops taking requests when `stop` resolves.
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: &Config,
    migrate: bool,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Running, StartError> {
    let metrics = telemetry::Metrics::install();
    let clock = Clock::of_system();
    let key = operator::master_key(config)?;
    let lock = match &config.database {
        DatabaseUrl::Sqlite(path) => Some(files::lock_database(path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    let store = open_store(config, migrate).await?;
    if !migrate {
        let database = config.database.to_string();
        store
            .ping()
            .await
            .map_err(|error| StartError::NotMigrated { database, error })?;
    }
    let check = operator::key_check(&key);
    if store.settle("master_key_check", check.clone()).await? != check {
        tracing::warn!(
            "the master key is not the one this database was first used with; secrets stored under that one cannot \
             be read"
        );
    }

    let (listener, address) = bind(config).await?;
    let public_url = match &config.public_url {
        Some(url) => PublicUrl::new(url.as_str()),
        None => PublicUrl::new(&format!("http://{address}")),
    };
    let mailer = mail::mailer(config, &public_url)?;
    // Made only once nothing stands in the way of showing it.
    let operator_token = operator::operator_token(config, &store).await?;

    let vault = Arc::new(Vault::new(key.expose(), &[]).map_err(|_| StartError::BadMasterKey)?);
    let (accounts, login) =
        use_cases(config, &store, &key, (&vault, operator_token.hash), &public_url).await?;
    let screen = if config.demo {
        let seeded = demo::seed(config, &accounts, &login, &public_url).await?;
        Some(demo::screen(
            &format!("http://{address}"),
            &seeded,
            operator_token.made.as_ref(),
        ))
    } else {
        None
    };
    let render = metrics.clone();
    let journal = Journal::new(store.clone(), journal::Limits::default());
    let gateway = Gateway {
        provisioning: Provisioning::new(store.clone(), MacKey::derive(key.expose(), "cursors")),
        accounts,
        login,
        journal: journal.clone(),
        public_url,
        bodies: BodyBudget::new(BODY_MEMORY, BODY_PATIENCE),
        throttle: throttle(config),
        clock: clock.clone(),
        metrics: MetricsText(Arc::new(move || render.render())),
    };
    let metadata = jobs::metadata::run(gateway.accounts.clone(), clock.clone());
    // The first person with a telephone number need not wait for it, and neither does the start.
    tokio::task::spawn_blocking(crate::directory::phone::load_plans);
    let lifecycle = jobs::lifecycle::run(store.clone(), gateway.accounts.clone(), clock.clone());
    let imports = jobs::imports::run(gateway.accounts.clone(), clock.clone(), fresh_person);
    let router = http::router(gateway, &Limits::default());
    // Paths are mended before they are routed, so the layer goes around the router.
    let service = MapRequest::new(router, http::normalize_path as fn(Request) -> Request);
    let server = tokio::spawn(listener::run(listener, service, stop));
    let jobs = vec![
        tokio::spawn(jobs::last_used::run(store.clone(), clock.clone())),
        tokio::spawn(jobs::expiry::run(store.clone(), clock.clone())),
        tokio::spawn(jobs::group_purge::run(store.clone(), clock.clone())),
        tokio::spawn(jobs::audit_numbers::run(store.clone(), clock.clone())),
        tokio::spawn(jobs::group_mapping::run(store.clone(), clock.clone())),
        tokio::spawn(jobs::requests::run(journal.clone(), clock.clone())),
        tokio::spawn(metadata),
        tokio::spawn(lifecycle),
        tokio::spawn(imports),
        tokio::spawn(jobs::mail::run(store.clone(), vault, mailer, clock.clone())),
        tokio::spawn(async move {
            // Histograms keep every sample until somebody folds them.
            let mut ticks = tokio::time::interval(Duration::from_secs(5));
            loop {
                ticks.tick().await;
                metrics.upkeep();
            }
        }),
    ];
    Ok(Running {
        address,
        clock,
        store,
        journal,
        server,
        jobs,
        _lock: lock,
        screen,
        operator_token: operator_token.made,
    })
}

/// What a person of an import needs that cannot be computed.
fn fresh_person() -> Result<Fresh, http::NoRandomness> {
    Ok(Fresh {
        user: UserId(http::random_id()),
        invitation: InvitationId(http::random_id()),
        token: Token {
            random: http::random_bytes()?,
            nonce: http::random_nonce()?,
        },
    })
}

/// Administration and sign-in, which share the places at which passwords are hashed.
async fn use_cases(
    config: &Config,
    store: &Store,
    key: &MasterKey,
    (vault, operator): (&Arc<Vault>, TokenHash),
    public_url: &PublicUrl,
) -> Result<(Accounts, Login), StartError> {
    let outbound = Client::new(config.allow_private_idp).map_err(StartError::Outbound)?;
    let passwords = passwords::open(config).await?;
    let accounts = Accounts::new(
        store.clone(),
        Arc::clone(vault),
        outbound.clone(),
        MacKey::derive(key.expose(), "proofs of domains"),
        TxtLookup::new(config.dns_server),
        passwords.clone(),
        MacKey::derive(key.expose(), "access codes"),
    );
    let browsers = MacKey::derive(key.expose(), "known browsers");
    let login = Login::new(
        store.clone(),
        operator,
        (Arc::clone(vault), browsers),
        outbound,
        passwords,
        public_url.as_str(),
    );
    Ok((accounts, login))
}

async fn bind(config: &Config) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen {
        address: config.listen.to_string(),
        error,
    };
    let (host, port) = (config.listen.host(), config.listen.port());
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn throttle(config: &Config) -> Throttle {
    if !config.rate_limits {
        return Throttle::off();
    }
    let proxies = config.trusted_proxies.clone();
    Throttle::new(move |address| proxies.iter().any(|network| network.contains(address)))
}

impl Running {
    /// Waits for the requests at hand, then writes down what is kept in memory and closes the database.
    pub async fn finish(self) {
        match tokio::time::timeout(DRAIN, self.server).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the server task ended with an error"),
            Err(_) => tracing::warn!("requests were still running after {DRAIN:?} and were cut off"),
        }
        for job in self.jobs {
            job.abort();
        }
        jobs::requests::flush(&self.journal, self.clock.now()).await;
        jobs::last_used::flush(&self.store).await;
        self.store.close().await;
        tracing::info!("stopped");
    }
}

/// The one line on standard output, and beside it on standard error what a person wants to see.
fn announce(running: &Running) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading; the gateway runs all the same.
    let _ = writeln!(out, "listening on http://{}", running.address);
    let _ = out.flush();
    let mut err = std::io::stderr().lock();
    if let Some(screen) = &running.screen {
        let _ = write!(err, "{screen}");
    } else if let Some(token) = &running.operator_token {
        let _ = writeln!(err, "operator token (shown this once): {}", token.expose());
    }
}

/// The signals to stop. Listened for before anybody is told that the gateway runs: one that comes right after the
/// word must drain it too, and not kill it.
#[cfg(unix)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The signal to stop, where there is only Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self) {
        // Without a way to hear it, the gateway runs until it is ended from outside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
