//! Erasing somebody from what is written beside the facts: requests of providers, refused sign-ins, imports, mail.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::super::{Accounts, Error};
use super::removal::parse;
use crate::directory::access_error::Trace;
use crate::directory::erasure::{Identifiers, redact_address};
use crate::directory::{DirectoryId, ImportId, TenantId, UserId};
use crate::storage::{self, ImportTexts, Tx};

/// How many rows are looked at in one read.
const ROWS: u32 = 200;

/// Takes the person out of what is no fact, part by part. Whoever has the address since `until` has their own mail and
/// imports.
pub(super) async fn erase_leftovers(
    on: &Accounts,
    tenant: TenantId,
    id: UserId,
    names: &Identifiers,
    until: Timestamp,
) -> Result<(), Error> {
    let directories = on.store.read(tenant).await?.list_directories().await?;
    for directory in directories {
        erase_requests(on, tenant, directory.id, names).await?;
    }
    erase_refusals(on, tenant, names).await?;
    erase_imports(on, tenant, names, until).await?;
    let addresses: Vec<String> = names
        .iter()
        .filter(|name| name.contains('@'))
        .map(str::to_owned)
        .collect();
    on.store.erase_refusals_of(None, addresses.clone()).await?;
    let hosts = on.store.read(tenant).await?.list_hosts(id).await?;
    for host in hosts {
        erase_in_host(on, host, &addresses).await?;
    }
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.erase_mail(&addresses, until).await
        })
        .await
        .map_err(|error: storage::Error| error.into())
}

/// Refused sign-ins of a guest. An address that somebody of the host has as well is theirs there.
async fn erase_in_host(on: &Accounts, host: TenantId, addresses: &[String]) -> Result<(), Error> {
    let mut view = on.store.read(host).await?;
    let mut theirs = Vec::new();
    for address in addresses {
        if view.find_met_by_user_name(address).await?.is_none()
            && view.list_met_by_email(address).await?.is_empty()
        {
            theirs.push(address.clone());
        }
    }
    drop(view);
    Ok(on.store.erase_refusals_of(Some(host), theirs).await?)
}

async fn erase_requests(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    names: &Identifiers,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let mut view = on.store.read(tenant).await?;
        let chunk = view.walk_request_texts(directory, after, ROWS).await?;
        drop(view);
        let named = chunk.items.into_iter().filter_map(|row| {
            let path = redact_address(&row.path, names);
            let bodies = [&row.request_body, &row.response_body];
            let is_named = path.is_some()
                || row.detail.as_ref().is_some_and(|text| names.are_in(text))
                || bodies
                    .into_iter()
                    .flatten()
                    .any(|body| names.are_in_document(body));
            is_named.then(|| (row.id, path.unwrap_or(row.path)))
        });
        let named: Vec<_> = named.collect();
        if !named.is_empty() {
            on.store
                .write(tenant, async move |tx: &mut Tx| {
                    tx.erase_requests(directory, &named).await
                })
                .await
                .map_err(Error::Storage)?;
        }
        match chunk.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// The person's rows of files go as a whole. Whose a row is, its address says; one without is theirs if it names them.
async fn erase_imports(
    on: &Accounts,
    tenant: TenantId,
    names: &Identifiers,
    until: Timestamp,
) -> Result<(), Error> {
    let mut after = (ImportId(Uuid::nil()), 0);
    loop {
        let mut view = on.store.read(tenant).await?;
        let rows = view.walk_import_texts(until, after, ROWS).await?;
        drop(view);
        let Some(last) = rows.last() else { return Ok(()) };
        after = (ImportId(last.import_id), last.line);
        let is_named = |row: &ImportTexts| {
            if let Some(email) = &row.email {
                return names.has(email);
            }
            let texts = [row.draft.as_deref(), Some(row.faults.as_str())];
            texts
                .into_iter()
                .flatten()
                .any(|text| names.are_in_document(text))
        };
        let named = rows.iter().filter(|row| is_named(row));
        let named: Vec<(Uuid, i64)> = named.map(|row| (row.import_id, row.line)).collect();
        if !named.is_empty() {
            on.store
                .write(tenant, async move |tx: &mut Tx| {
                    tx.erase_import_rows(&named).await
                })
                .await
                .map_err(Error::Storage)?;
        }
    }
}

async fn erase_refusals(on: &Accounts, tenant: TenantId, names: &Identifiers) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let mut view = on.store.read(tenant).await?;
        let rows = view.walk_refusal_texts(&after, ROWS).await?;
        drop(view);
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.reference);
        let mut named = Vec::new();
        for row in rows {
            let is_theirs = row.email.as_deref().is_some_and(|email| names.are_in(email));
            let mut trace: Value = parse(&row.trace)?;
            if names.redact(&mut trace) || is_theirs {
                // What was checked keeps its form.
                let read: Result<Trace, _> = serde_json::from_value(trace);
                let trace = read.map_err(|error| storage::Error::Corrupt(format!("trace: {error}")))?;
                let text = serde_json::to_string(&trace);
                let text = text.map_err(|error| storage::Error::Corrupt(error.to_string()))?;
                named.push((row.reference, text));
            }
        }
        if !named.is_empty() {
            on.store
                .write(tenant, async move |tx: &mut Tx| tx.erase_refusals(&named).await)
                .await
                .map_err(Error::Storage)?;
        }
    }
}
