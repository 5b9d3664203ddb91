//! Keeps a refused sign-in, so that whoever helps can look it up, and says who that is.

use jiff::Timestamp;

use super::{Login, Refused};
use crate::directory::access_error::{Contact, Reference};
use crate::directory::{AccessError, Code, TenantId, User};
use crate::storage;

/// Keeps a refused sign-in under a reference made of `random`. The page is shown even when this fails: what the
/// person reads is not worse than no page.
pub async fn keep(
    on: &Login,
    refused: &Refused,
    random: u64,
    request_id: &str,
    now: Timestamp,
) -> AccessError {
    let error = AccessError {
        reference: Reference::from_random(random),
        code: refused.code,
        occurred_at: now,
        email: refused.email.clone(),
        tenant: refused.tenant.as_ref().map(|tenant| tenant.id),
        connection: refused.connection.map(|id| id.0),
        trace: refused.trace.clone(),
        request_id: request_id.to_owned(),
    };
    tracing::info!(code = error.code.as_str(), reference = %error.reference, "a sign-in was refused");
    if let Err(failure) = on.store.keep_access_error(error.clone()).await {
        tracing::error!(error = %failure, "a refused sign-in could not be kept");
    }
    error
}

/// Who helps with a refused sign-in, by name. An anonymous visitor learns no names.
pub async fn contacts(on: &Login, refused: &Refused, now: Timestamp) -> Vec<Contact> {
    let is_told = refused.verified && !refused.stranger;
    let Some(tenant) = refused.tenant.as_ref().filter(|_| is_told) else {
        return Vec::new();
    };
    match people(on, tenant.id).await {
        Ok(people) => refused.code.contacts(&people, now),
        Err(error) => {
            tracing::error!(%error, "who helps with a refused sign-in could not be looked up");
            Vec::new()
        }
    }
}

async fn people(on: &Login, tenant: TenantId) -> Result<Vec<User>, storage::Error> {
    on.store.read(tenant).await?.list_contacts().await
}

impl Login {
    /// Where it is said what a refusal means and who mends it.
    #[must_use]
    pub fn help_url(&self, code: Code) -> String {
        format!("{}/help/errors/{}", self.public_url, code.as_str())
    }
}
