//! The gateway under measurement: started with defaults on an empty database, driven through its operator
//! API and SCIM alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::client::call;
use crate::random::secret;
use crate::request::Endpoint;
use crate::server::Server;

const JSON: &str = "application/json";

/// How a gateway is started; the same database and folder may be used again after it was stopped.
#[derive(Debug, Clone)]
pub struct Setup {
    binary: PathBuf,
    folder: PathBuf,
    database_url: String,
    operator_token: String,
}

/// A gateway that runs.
#[derive(Debug)]
pub struct Gateway {
    /// The process.
    pub server: Server,
    operator: Endpoint,
}

#[derive(Deserialize)]
struct NewDirectory {
    scim_base_url: String,
    token: String,
}

impl Setup {
    /// A gateway of the binary that `ROLLCALL_BIN` names, else of the one that was built with this program.
    pub fn new(folder: &Path, database_url: String) -> Self {
        let binary =
            std::env::var_os("ROLLCALL_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_rollcall").into());
        Self {
            binary: binary.into(),
            folder: folder.to_owned(),
            database_url,
            operator_token: secret(),
        }
    }

    /// Size of the binary in bytes.
    ///
    /// # Errors
    /// There is none.
    pub fn binary_size(&self) -> Result<u64> {
        let size = std::fs::metadata(&self.binary)
            .with_context(|| format!("no gateway at {}", self.binary.display()));
        Ok(size?.len())
    }

    /// Starts it on a free port and waits until it is ready.
    ///
    /// # Errors
    /// See [`Server::start`].
    pub async fn start(&self) -> Result<Gateway> {
        let mut command = Command::new(&self.binary);
        // What the caller's environment sets must not change what is measured. The log goes to a file, as with
        // every deployment, at its default level unless the caller wants to know what that costs.
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"ROLLCALL_"))
        {
            if name != "ROLLCALL_LOG" {
                command.env_remove(name);
            }
        }
        command
            .arg("serve")
            .current_dir(&self.folder)
            .env("ROLLCALL_LISTEN", "127.0.0.1:0")
            .env("ROLLCALL_DATABASE_URL", &self.database_url)
            .env("ROLLCALL_DATA_DIR", self.folder.join("data"))
            .env("ROLLCALL_OPERATOR_TOKEN", &self.operator_token)
            .env("ROLLCALL_RATE_LIMITS", "off");
        let server = Server::start(&mut command, &self.folder.join("gateway.log"), "/readyz").await?;
        let operator = Endpoint {
            address: server.address,
            base: "/api/v1".to_owned(),
            token: self.operator_token.clone(),
        };
        Ok(Gateway { server, operator })
    }
}

impl Gateway {
    /// A new tenant with one directory: where its SCIM requests go.
    ///
    /// # Errors
    /// The operator API refused.
    pub async fn provision(&self, slug: &str) -> Result<Endpoint> {
        let tenant = json!({"slug": slug, "name": slug, "support_email": "help@bench.example"});
        self.create("/tenants", &tenant).await?;
        let directory = json!({"name": "Load", "kind": "generic"});
        let made = self
            .create(&format!("/tenants/{slug}/directories"), &directory)
            .await?;
        let made: NewDirectory = serde_json::from_value(made).context("the new directory lacks a field")?;
        let base = Url::parse(&made.scim_base_url).context("scim_base_url is not a URL")?;
        Ok(Endpoint {
            address: self.server.address,
            base: base.path().trim_end_matches('/').to_owned(),
            token: made.token,
        })
    }

    async fn create(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.operator.send("POST", path, JSON, &body.to_string());
        let (status, answer) = call(self.operator.address, request.as_bytes()).await?;
        if status != 201 {
            bail!(
                "POST {path} answered {status}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        Ok(serde_json::from_slice(&answer)?)
    }
}
