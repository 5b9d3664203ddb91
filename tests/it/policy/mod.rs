//! The policy matrix: every route against every kind of caller, compared with `matrix.txt`, so that a change of who may do
//! what shows in a review. `UPDATE_MATRIX=1` writes what is found.
//!
//! A new route takes a body in [`bodies`] if it has one, and a place in [`world`] if its address has an id of a new kind.

mod audited;
mod bodies;
mod callers;
mod isolation;
mod matrix;
mod open_routes;
mod routes;
mod world;

use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;

use crate::harness::{Engine, Gateway};
use callers::Callers;
use world::World;

/// A gateway of each engine for these tests, two tenants of it, and everybody who may call.
pub struct Site {
    pub gateway: &'static Gateway,
    pub own: World,
    pub other: World,
    pub callers: Callers,
}

async fn site(engine: Engine) -> Site {
    static GATEWAYS: [OnceCell<Gateway>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
    let gateway = GATEWAYS[engine as usize]
        .get_or_init(|| async move {
            let settings = [
                ("ROLLCALL_ALLOW_PRIVATE_IDP", "true"),
                ("ROLLCALL_RATE_LIMITS", "off"),
                // Nobody answers there, so that no test waits for a name server.
                ("ROLLCALL_DNS_SERVER", "127.0.0.1:9"),
            ];
            Gateway::start_with(&engine.new_database().await, &settings).await
        })
        .await;
    let (own, other) = (World::new(gateway).await, World::new(gateway).await);
    let callers = Callers::new(&own, &other).await;
    Site {
        gateway,
        own,
        other,
        callers,
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/policy")
        .join(name)
}

/// Holds what was found against a file, or writes it there.
fn assert_as_written(name: &str, found: &str) {
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(file(name), found).expect("the file is written");
        return;
    }
    let written = std::fs::read_to_string(file(name)).unwrap_or_default();
    let missing: Vec<&str> = found
        .lines()
        .filter(|line| !written.lines().any(|old| old == *line))
        .collect();
    let gone: Vec<&str> = written
        .lines()
        .filter(|line| !found.lines().any(|new| new == *line))
        .collect();
    assert!(
        written == found,
        "{name} says otherwise (UPDATE_MATRIX=1 writes it anew)\nnow:\n{}\nthen:\n{}",
        missing.join("\n"),
        gone.join("\n")
    );
}
