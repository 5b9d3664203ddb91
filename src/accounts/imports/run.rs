//! The people of confirmed imports are made: part by part, each in a transaction that makes some, notes which and goes on
//! where the last one ended. Nodes may work side by side and stop at any moment, and nobody is made twice.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::activation::Opening;
use super::super::invite::{Maker, Unfit, apart, begin};
use super::super::standing::authority_of;
use super::super::{Accounts, Error};
use super::draft::{Draft, Fresh};
use super::{fault, preview};
use crate::auth::vault::Vault;
use crate::directory::import::Fault;
use crate::directory::{
    Action, Authority, Import, ImportId, ImportRefusal, ImportState, Language, Origin, Refusal, Source,
    Target, TenantId, UserSource, allow,
};
use crate::storage::Tx;

/// What is told of a row that was damaged while it waited.
const UNREADABLE: &str = "this row, sent once more: what was kept of it cannot be read";

/// How many people one transaction makes.
pub const CHUNK: u32 = 50;

/// Makes some people of each import that is running; whether there may be more. What fails is left for the next time and
/// keeps no other import waiting. `draw` gives what new people need that cannot be computed.
///
/// # Errors
/// The database failed, or nothing could be drawn.
pub async fn run_due<E>(
    on: &Accounts,
    now: Timestamp,
    draw: impl Fn() -> Result<Fresh, E>,
) -> Result<bool, Error>
where
    E: std::fmt::Display,
{
    let running = on.store.system().await?.list_running_imports().await?;
    let mut more = false;
    for (tenant, id) in running {
        let fresh: Result<Vec<Fresh>, E> = (0..CHUNK).map(|_| draw()).collect();
        let made = match fresh {
            Ok(fresh) => make_some(on, tenant, id, fresh, now).await,
            Err(error) => {
                tracing::warn!(%error, "could not draw what new people need");
                return Ok(false);
            }
        };
        match made {
            Ok(left) => more |= left,
            Err(error) => tracing::warn!(%error, %tenant, import = %id, "could not make people of an import"),
        }
    }
    Ok(more)
}

/// Makes some people of an import; whether there may be more.
async fn make_some(
    on: &Accounts,
    tenant: TenantId,
    id: ImportId,
    fresh: Vec<Fresh>,
    now: Timestamp,
) -> Result<bool, Error> {
    let vault = Arc::clone(&on.vault);
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let import = tx.find_import_for_update(id, now).await?;
            let Some(import) = import.filter(|import| import.state == ImportState::Running) else {
                return Ok(false);
            };
            match go_on(tx, &vault, &import, fresh, now).await {
                Ok(true) => Ok(true),
                Ok(false) => end(tx, import, ImportState::Done, None).await,
                // Nothing of this part is written yet when a rule stops all of it.
                Err(Error::Refused(refusal)) => {
                    let why = fault("import", refusal.code(), refusal.to_string());
                    end(tx, import, ImportState::Stopped, Some(why)).await
                }
                Err(other) => Err(other),
            }
        })
        .await
}

async fn end(tx: &mut Tx, import: Import, state: ImportState, stopped: Option<Fault>) -> Result<bool, Error> {
    let ended = Import {
        state,
        stopped,
        ..import
    };
    tx.save_import(&ended).await?;
    Ok(false)
}

async fn go_on(
    tx: &mut Tx,
    vault: &Arc<Vault>,
    import: &Import,
    fresh: Vec<Fresh>,
    now: Timestamp,
) -> Result<bool, Error> {
    let gone = || Refusal::from(ImportRefusal::ConfirmerGone);
    let confirmed = import.confirmed.as_ref().ok_or_else(gone)?;
    let authority = authority_of(tx, confirmed.by, now).await?.ok_or_else(gone)?;
    allow(&authority, Action::UsersWrite, Target::Anything).map_err(|_| gone())?;
    let place = begin(tx).await?;
    // Where nobody signs in and no key opens anything, nobody but the operator acts.
    if place.tenant.suspended_at.is_some() && authority != Authority::Operator {
        return Err(gone().into());
    }
    let origin = Origin {
        actor: confirmed.by,
        source: Source::Csv,
        request_id: confirmed.request_id.clone(),
        at: now,
    };
    let maker = Maker::new(vault, &authority, UserSource::Csv, origin);
    let drafts = tx.list_import_drafts(import.id, CHUNK).await?;
    let more = drafts.len() == CHUNK as usize;
    for ((line, draft), fresh) in drafts.into_iter().zip(fresh) {
        let opening = Opening::Invitation {
            id: fresh.invitation,
            token: fresh.token.clone(),
        };
        let Some(draft) = Draft::parse(draft.as_deref()) else {
            tracing::warn!(import = %import.id, line, "a row of an import cannot be read back");
            let unreadable = fault("row", "unreadable", UNREADABLE.to_owned());
            tx.note_import_row(import.id, line, Err(unreadable)).await?;
            continue;
        };
        let new = draft.into_person(fresh);
        // A rule refuses before anything of this person is written, so the others can go on.
        let outcome = match apart(maker.make(tx, &place, new, opening).await)? {
            Ok(made) => Ok(made.user.id),
            Err(Unfit::Refused(refusal)) => Err(preview::refused(&refusal)),
            Err(Unfit::Password(unfit)) => {
                let message = unfit.message(Language::default()).to_owned();
                Err(fault("row", unfit.code(), message))
            }
        };
        tx.note_import_row(import.id, line, outcome).await?;
    }
    Ok(more)
}
