//! What the groups of a directory give to their members.

use std::collections::HashMap;

use super::{Accounts, Error};
use crate::directory::group_mapping::{self, MOST_AT_ONCE, MappingRule};
use crate::directory::{AdminScope, DirectoryId, EntityTree, GroupId, Origin, TenantId, UserId};
use crate::storage::{ReadTx, Tx};

/// The rules of a directory, and whether its people have what they give.
#[derive(Debug, Clone)]
pub struct GroupMapping {
    /// In order.
    pub rules: Vec<MappingRule>,
    /// What the groups are called now.
    pub names: HashMap<GroupId, String>,
    /// A job is still making people's grants what the rules give.
    pub pending: bool,
    /// Who keeps a tick that the rules do not give any more, being the last administrator.
    pub held: Vec<UserId>,
}

/// The mapping of a directory.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, tenant: TenantId, directory: DirectoryId) -> Result<GroupMapping, Error> {
    let mut tx = on.store.read(tenant).await?;
    tx.find_directory(directory)
        .await?
        .ok_or(Error::NotFound("directory"))?;
    view(&mut tx, directory).await
}

/// Replaces the rules of a directory. Up to [`MOST_AT_ONCE`] people have what they give with it; more have it soon.
///
/// # Errors
/// [`Error::NotFound`], or what [`group_mapping::check`] refuses;
/// [`Refusal::LastAdministrator`](crate::directory::Refusal::LastAdministrator).
pub async fn set(
    on: &Accounts,
    tenant: TenantId,
    directory: DirectoryId,
    rules: Vec<MappingRule>,
    origin: Origin,
) -> Result<GroupMapping, Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            tx.find_directory_for_update(directory)
                .await?
                .ok_or(Error::NotFound("directory"))?;
            let mut before = tx.list_group_rules(directory).await?;
            let named = before.iter().chain(&rules).map(|rule| rule.group);
            let groups = tx.find_groups_for_share(directory, &named.collect()).await?;
            // Deleted while the lock was waited for, and the rule with it.
            before.retain(|rule| groups.contains(&rule.group));
            let tree = find_tree(tx, &rules).await?;
            check_roles(tx, &rules).await?;
            group_mapping::check(&rules, &groups, &tree)?;
            let change = group_mapping::set(directory, &before, &rules, origin.clone());
            if let Some(change) = change {
                tx.apply(change).await?;
                align(tx, directory, &rules, origin).await?;
            }
            view(tx, directory).await
        })
        .await
}

/// The permission groups that are named stay until the commit.
async fn check_roles(tx: &mut Tx, rules: &[MappingRule]) -> Result<(), Error> {
    if rules.iter().all(|rule| rule.role.is_none()) {
        return Ok(());
    }
    let catalogue = tx.load_catalogue_for_share().await?;
    for (place, rule) in rules.iter().enumerate() {
        if let Some(role) = &rule.role {
            catalogue.check_role(&format!("rules[{place}].role"), role)?;
        }
    }
    Ok(())
}

/// The tree, shared until the commit so that nobody deletes what is named here; empty where nothing is.
async fn find_tree(tx: &mut Tx, rules: &[MappingRule]) -> Result<EntityTree, Error> {
    let names_entity = |rule: &MappingRule| matches!(rule.admin_scope, Some(AdminScope::Entities(_)));
    Ok(if rules.iter().any(names_entity) {
        tx.load_entity_tree_for_share().await?
    } else {
        EntityTree::default()
    })
}

async fn align(
    tx: &mut Tx,
    directory: DirectoryId,
    rules: &[MappingRule],
    origin: Origin,
) -> Result<(), Error> {
    let nobody = UserId(uuid::Uuid::nil());
    let ids = tx.list_followers(directory, nobody, MOST_AT_ONCE + 1).await?;
    if ids.len() > MOST_AT_ONCE {
        return Ok(tx.apply(group_mapping::queue(directory, origin)).await?);
    }
    let followers = tx.load_followers_for_update(directory, &ids, origin.at).await?;
    for change in group_mapping::follow(&followers, rules, directory, &origin)? {
        tx.apply(change).await?;
    }
    Ok(())
}

async fn view(tx: &mut ReadTx, directory: DirectoryId) -> Result<GroupMapping, Error> {
    let alignment = tx.find_alignment(directory).await?;
    Ok(GroupMapping {
        rules: tx.list_group_rules(directory).await?,
        names: tx.list_mapped_names(directory).await?,
        pending: alignment.as_ref().is_some_and(|walk| walk.after.is_some()),
        held: alignment.map(|walk| walk.held).unwrap_or_default(),
    })
}
