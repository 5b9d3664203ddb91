//! Keeps a refused sign-in, so that whoever helps can look it up.

use jiff::Timestamp;

use super::{Login, Refused};
use crate::directory::AccessError;
use crate::directory::access_error::Reference;

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
