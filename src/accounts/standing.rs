//! What people may do who asked for something earlier, as they stand now.

use jiff::Timestamp;

use super::Error;
use crate::directory::{Actor, Authority};
use crate::storage::Tx;

/// What somebody may do who is not asking at this moment: as they stand now, people locked until the commit.
pub(super) async fn authority_of(
    tx: &mut Tx,
    actor: Actor,
    now: Timestamp,
) -> Result<Option<Authority>, Error> {
    Ok(match actor {
        Actor::Operator => Some(Authority::Operator),
        Actor::User(id) => {
            let user = tx.find_user_for_update(id).await?;
            let user = user.filter(|user| user.has_access(now));
            let scope = user.and_then(|user| user.administrator);
            scope.map(|scope| Authority::Administrator { user: id, scope })
        }
        Actor::ApiKey(id) => {
            let key = tx.find_api_key(id).await?;
            let live = key.filter(|key| {
                key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| expires_at > now)
            });
            live.map(|key| key.authority())
        }
        // None of them calls the admin API.
        Actor::Directory(_) | Actor::Gateway | Actor::Connection(_) | Actor::Client(_) => None,
    })
}
