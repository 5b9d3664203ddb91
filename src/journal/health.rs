//! How a directory is doing: what was counted, and whom the directory and others see differently.

use std::time::Duration;

use jiff::Timestamp;

use super::{Error, Journal};
use crate::directory::health::{Credentials, Health, Observed, REFUSED_TIMES, WINDOW};
use crate::directory::{DirectoryId, Disagreement, TenantId, User};

/// How many of each are shown.
const SHOWN: u32 = 20;
/// How many requests that are refused again and again are told.
const REFUSED_SHOWN: u32 = 5;

/// How a directory is doing.
#[derive(Debug, Clone)]
pub struct DirectoryHealth {
    /// What its requests say.
    pub requests: Health,
    /// Active people whose record nothing has changed for long.
    pub untouched: UntouchedPeople,
    /// How many names there are that a provider of sign-ins disagrees with.
    pub disagreements: i64,
    /// The first of them.
    pub disagreeing: Vec<Disagreement>,
}

/// Active people whose record nothing has changed for long.
#[derive(Debug, Clone)]
pub struct UntouchedPeople {
    /// How many.
    pub count: i64,
    /// Some of them, longest untouched first.
    pub people: Vec<User>,
}

impl Journal {
    /// How a directory is doing. People count as untouched after `untouched_for`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn health(
        &self,
        tenant: TenantId,
        directory: DirectoryId,
        untouched_for: Duration,
        now: Timestamp,
    ) -> Result<DirectoryHealth, Error> {
        let (mut tx, found) = self.open(tenant, directory, now).await?;
        let counts = tx.list_request_counts(directory).await?;
        let refused = tx
            .list_refused_again(directory, now - WINDOW, REFUSED_TIMES, REFUSED_SHOWN)
            .await?;
        let tokens = tx.list_tokens(directory).await?;
        let clients = tx.list_clients(directory).await?;
        let secrets = tx.list_client_secrets(directory).await?;
        let issuers = tx.list_trusted_issuers(directory).await?;
        let observed = Observed {
            kind: found.kind,
            counts: &counts,
            refused: &refused,
            credentials: Credentials {
                tokens: &tokens,
                clients: &clients,
                secrets: &secrets,
                issuers: &issuers,
            },
            now,
        };
        let since = now - untouched_for;
        let mut disagreeing = tx.list_disagreements(directory, SHOWN).await?;
        disagreeing.truncate(SHOWN as usize);
        Ok(DirectoryHealth {
            requests: observed.judge(),
            untouched: UntouchedPeople {
                count: tx.count_untouched(directory, since).await?,
                people: tx.list_untouched(directory, since, SHOWN).await?,
            },
            disagreements: tx.count_disagreements(directory).await?,
            disagreeing,
        })
    }
}
