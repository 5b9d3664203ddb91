//! Reading the audit log, and verifying its chain.

use std::ops::RangeInclusive;

use super::{Accounts, Error};
use crate::directory::audit_chain::{GENESIS, Verdict, Verifier, hex};
use crate::directory::{Action, AuditFilter, Authority, Target, TenantId, allow};
use crate::storage::{self, Store};

pub use crate::storage::AuditRecord;

/// How many rows of a chain are read at once.
const PART: u32 = 1_000;
/// How many lines of an export are read at once.
const LINES: u32 = 500;

/// Up to `limit` audit rows of the tenant after a number that a filter is true of, by number. Whatever was committed before
/// the call is among them, as far as the limit goes.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    of: &AuditFilter,
    after: i64,
    limit: u32,
) -> Result<Vec<AuditRecord>, Error> {
    allow(by, Action::AuditRead, Target::Anything)?;
    loop {
        let numbered = on.store.number_audit(tenant).await?;
        let mut view = on.store.read(tenant).await?;
        let records = match view.find_audit_span(of).await? {
            Some(span) => {
                let numbers = after.saturating_add(1).max(*span.start())..=*span.end();
                view.list_audit(of, numbers, limit).await?
            }
            None => Vec::new(),
        };
        drop(view);
        if numbered < Store::NUMBERED_AT_ONCE || records.len() >= limit as usize {
            return Ok(records);
        }
    }
}

/// The audit log as lines, read in stretches: each row with the hash of the row before it.
#[derive(Debug)]
pub struct Export {
    on: Accounts,
    tenant: TenantId,
    of: AuditFilter,
    after: i64,
    /// The last row that it may be about of those that there were when the export began.
    to: i64,
}

/// A row of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportLine {
    /// The row.
    pub record: AuditRecord,
    /// The hash of the row before it, 64 hexadecimal digits.
    pub previous_hash: Option<String>,
}

/// Begins an export after a number: it ends with the last row that there is now.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn export(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    of: AuditFilter,
    after: i64,
) -> Result<Export, Error> {
    allow(by, Action::AuditExport, Target::Anything)?;
    complete(&on.store, tenant).await?;
    let mut view = on.store.read(tenant).await?;
    let head = view.find_audit_head().await?;
    let span = view.find_audit_span(&of).await?;
    let (first, last) = span.map_or((1, 0), RangeInclusive::into_inner);
    Ok(Export {
        on: on.clone(),
        tenant,
        of,
        after: after.max(first - 1),
        to: head.seq.min(last),
    })
}

impl Export {
    /// The next lines; `None` at the end.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next(&mut self) -> Result<Option<Vec<ExportLine>>, Error> {
        let mut view = self.on.store.read(self.tenant).await?;
        let numbers = self.after.saturating_add(1)..=self.to;
        let records = view.list_audit(&self.of, numbers, LINES).await?;
        let Some(last) = records.last() else {
            return Ok(None);
        };
        self.after = last.seq;
        let mut lines: Vec<ExportLine> = Vec::with_capacity(records.len());
        for record in records {
            let previous_hash = match lines.last() {
                _ if record.seq == 1 => Some(hex(&GENESIS)),
                Some(line) if line.record.seq + 1 == record.seq => line.record.hash.clone(),
                _ => view.find_audit_hash(record.seq - 1).await?,
            };
            lines.push(ExportLine {
                record,
                previous_hash,
            });
        }
        Ok(Some(lines))
    }
}

/// Walks the whole chain of a tenant. Whatever was committed before the call is in it.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired).
pub async fn verify(on: &Accounts, tenant: TenantId, by: &Authority) -> Result<Verdict, Error> {
    allow(by, Action::AuditRead, Target::Anything)?;
    complete(&on.store, tenant).await?;
    Ok(verify_chain(&on.store, tenant).await?)
}

/// Numbers and chains whatever there is.
async fn complete(store: &Store, tenant: TenantId) -> Result<(), storage::Error> {
    while store.number_audit(tenant).await? == Store::NUMBERED_AT_ONCE {}
    while store.chain_audit(tenant).await? > 0 {}
    Ok(())
}

/// Walks the chain as it is, and writes nothing.
///
/// # Errors
/// The database failed.
pub async fn verify_chain(store: &Store, tenant: TenantId) -> Result<Verdict, storage::Error> {
    let verdict = walk(store, tenant).await?;
    if verdict.broken_at.is_none() {
        return Ok(verdict);
    }
    // Somebody may have been erased while the walk was on its way, behind the head that it began with.
    walk(store, tenant).await
}

async fn walk(store: &Store, tenant: TenantId) -> Result<Verdict, storage::Error> {
    let mut view = store.read(tenant).await?;
    let head = view.find_audit_head().await?;
    let behind = view.find_audit_behind(head.seq).await?;
    // Rows may have come since the head was read; a head that has not moved has none behind it.
    let is_behind = behind.is_some() && view.find_audit_head().await?.seq == head.seq;
    drop(view);
    let mut to = head.chained;
    let mut verifier = Verifier::new(tenant, head);
    if let Some(seq) = behind.filter(|_| is_behind) {
        verifier.meet_behind(seq);
    }
    loop {
        // Each part on a connection of its own: a long walk holds none.
        let rows = store.read(tenant).await?.list_audit_chain(to, PART).await?;
        let Some(last) = rows.last() else {
            return Ok(verifier.finish());
        };
        to = last.seq - 1;
        for row in rows {
            verifier.meet(row);
        }
    }
}
