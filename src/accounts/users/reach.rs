//! Whom an authority reaches.

use super::super::Error;
use crate::directory::{Action, Authority, EntityTree, Target, User, UserId, allow};
use crate::storage::{ReadTx, Tx};

/// Somebody to whom `by` may do `action`, locked until the commit, with the tree of entities that this was judged
/// by. The tree is empty where nothing is asked of it: the authority reaches everybody, and no entity is named.
pub(in crate::accounts) async fn find_to_change(
    tx: &mut Tx,
    by: &Authority,
    action: Action,
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
    allow(by, action, Target::Person(&user, &tree))?;
    Ok((user, tree))
}

/// Somebody whom `by` reaches.
pub(in crate::accounts) async fn find(tx: &mut ReadTx, by: &Authority, id: UserId) -> Result<User, Error> {
    let user = tx.find_user(id).await?.ok_or(Error::NotFound("user"))?;
    let tree = if by.is_full() {
        EntityTree::default()
    } else {
        tx.load_entity_tree().await?
    };
    allow(by, Action::UsersRead, Target::Person(&user, &tree))?;
    Ok(user)
}
