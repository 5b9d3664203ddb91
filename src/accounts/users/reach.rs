//! Whom an authority reaches.

use super::super::Error;
use crate::directory::{Authority, EntityTree, User, UserId};
use crate::storage::{ReadTx, Tx};

/// Somebody whom `by` reaches and may change, locked until the commit, with the tree of entities that this was judged
/// by. The tree is empty where nothing is asked of it: the authority reaches everybody, and no entity is named.
pub(in crate::accounts) async fn find_to_change(
    tx: &mut Tx,
    by: &Authority,
    id: UserId,
    names_entity: bool,
) -> Result<(User, EntityTree), Error> {
    let user = tx
        .find_user_for_update(id)
        .await?
        .ok_or(Error::NotFound("user"))?;
    let tree = if names_entity || !by.is_full() {
        tx.load_entity_tree_for_share().await?
    } else {
        EntityTree::default()
    };
    if !by.sees(&user, &tree) {
        return Err(Error::NotFound("user"));
    }
    by.check_may_change(&user, &tree)?;
    Ok((user, tree))
}

/// Somebody whom `by` reaches.
pub(in crate::accounts) async fn find(tx: &mut ReadTx, by: &Authority, id: UserId) -> Result<User, Error> {
    let user = tx.find_user(id).await?.ok_or(Error::NotFound("user"))?;
    if !by.is_full() && !by.sees(&user, &tx.load_entity_tree().await?) {
        return Err(Error::NotFound("user"));
    }
    Ok(user)
}
