//! What the tests stand on: one runtime, one gateway and one store per engine, a small HTTP client.
//!
//! It starts things and talks to them; it asserts nothing about behaviour.
//!
//! ```ignore
//! on_both_engines!(a_created_user_is_found);
//!
//! async fn a_created_user_is_found(engine: Engine) {
//!     let tenant = engine.gateway().await.tenant().await;
//!     let okta = tenant.directory("okta").await;
//!     let made = okta.post("/Users", &json!({"userName": "ada"})).await;
//!     assert_eq!(made.status, 201);
//! }
//! ```

pub mod browser;
mod call;
mod canary;
mod chromium;
mod database;
pub mod engine;
mod gateway;
mod idp_metadata;
pub mod name_server;
mod oidc_provider;
mod provider_program;
pub mod rogue;
pub mod saml;
mod scratch;
mod tls_front;

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::Runtime;

pub use browser::Browser;
pub use call::{Answer, Call};
pub use canary::Canary;
pub use chromium::Chromium;
pub use database::Database;
pub use engine::Engine;
pub use gateway::{Directory, Gateway, OPERATOR_TOKEN, Tenant};
pub use idp_metadata::{IdpMetadata, MetadataServer, new_key};
pub use oidc_provider::{OidcClient, OidcProvider};
pub use provider_program::ProviderProgram;
pub use rogue::Rogue;
pub use scratch::{folder, random_name};
pub use tls_front::TlsFront;

/// The runtime that gateways, stores and test bodies share: a pooled connection belongs to the runtime that
/// opened it, so one runtime per test would break every pool.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build()
            .expect("a runtime")
    })
}

/// Runs a test body. It is polled on the test's own thread: the threads of the runtime write what they print,
/// panics too, into the output of whichever test made the runtime, where nobody would look for it.
pub fn run(body: impl Future<Output = ()>) {
    runtime().block_on(body);
}

/// Makes two tests, `sqlite::name` and `postgres::name`, of each `async fn name(engine: Engine)` named.
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {
        mod sqlite {
            $($(#[$attribute])* #[test] fn $name() {
                $crate::harness::run(super::$name($crate::harness::Engine::Sqlite));
            })+
        }
        mod postgres {
            $($(#[$attribute])* #[test] fn $name() {
                $crate::harness::run(super::$name($crate::harness::Engine::Postgres));
            })+
        }
    };
}
