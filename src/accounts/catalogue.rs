//! Sections and permission groups. They are the whole tenant's, so they are changed by those alone who reach all of it.

use super::{Accounts, Error};
use crate::directory::grant::GroupRule;
use crate::directory::permission::{self, Catalogue, CatalogueUse, PermissionGroup, Section};
use crate::directory::{Action, Authority, Origin, Target, TenantId, allow};
use crate::storage::Tx;

/// Every permission group and every section of a tenant.
///
/// # Errors
/// The database failed.
pub async fn load(on: &Accounts, tenant: TenantId) -> Result<Catalogue, Error> {
    Ok(on.store.read(tenant).await?.load_catalogue().await?)
}

/// Makes a section, or changes it.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or as [`permission::set_section`].
pub async fn set_section(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    section: Section,
    origin: Origin,
) -> Result<Section, Error> {
    allow(by, Action::SectionsWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let catalogue = load_for_update(tx).await?;
            if let Some(change) = permission::set_section(tenant, &catalogue, section.clone(), origin)? {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(section)
        })
        .await
}

/// Deletes a section that nothing names.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or as
/// [`permission::remove_section`].
pub async fn remove_section(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    key: String,
    origin: Origin,
) -> Result<(), Error> {
    allow(by, Action::SectionsWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let catalogue = load_for_update(tx).await?;
            let section = catalogue.section(&key).ok_or(Error::NotFound("section"))?;
            let opens = catalogue.roles.iter().filter(|role| role.sections.contains(&key));
            let used = CatalogueUse {
                people: tx.count_holders(["section", "withheld"], &key).await?,
                roles: count(opens),
                rules: count_rules(tx, |_, sections| sections.contains(&key)).await?,
            };
            tx.apply(permission::remove_section(tenant, section, used, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await
}

/// Makes a permission group.
///
/// # Errors
/// [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or as [`permission::create_role`].
pub async fn create_role(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    role: PermissionGroup,
    origin: Origin,
) -> Result<PermissionGroup, Error> {
    allow(by, Action::RolesWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let catalogue = load_for_update(tx).await?;
            tx.apply(permission::create_role(tenant, &catalogue, role.clone(), origin)?)
                .await?;
            Ok::<_, Error>(role)
        })
        .await
}

/// What is to be different of a permission group; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct RolePatch {
    /// Its name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows.
    pub rights: Option<Vec<String>>,
    /// What it opens.
    pub sections: Option<Vec<String>>,
}

/// Changes a permission group.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or as
/// [`permission::update_role`].
pub async fn update_role(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    key: String,
    patch: RolePatch,
    origin: Origin,
) -> Result<PermissionGroup, Error> {
    allow(by, Action::RolesWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let catalogue = load_for_update(tx).await?;
            let before = catalogue.role(&key).ok_or(Error::NotFound("role"))?;
            let kept = before.clone();
            let after = PermissionGroup {
                name: patch.name.unwrap_or(kept.name),
                description: patch.description.unwrap_or(kept.description),
                rights: patch.rights.unwrap_or(kept.rights),
                sections: patch.sections.unwrap_or(kept.sections),
                ..before.clone()
            };
            if let Some(change) = permission::update_role(tenant, &catalogue, before, after.clone(), origin)?
            {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(after)
        })
        .await
}

/// Deletes a permission group that nobody has or would get.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::FullScopeRequired`](crate::directory::Refusal::FullScopeRequired), or as
/// [`permission::remove_role`].
pub async fn remove_role(
    on: &Accounts,
    tenant: TenantId,
    by: &Authority,
    key: String,
    origin: Origin,
) -> Result<(), Error> {
    allow(by, Action::RolesWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let catalogue = load_for_update(tx).await?;
            let role = catalogue.role(&key).ok_or(Error::NotFound("role"))?;
            let used = CatalogueUse {
                people: tx.count_holders(["role", "role"], &key).await?,
                roles: 0,
                rules: count_rules(tx, |role, _| role == Some(key.as_str())).await?,
            };
            tx.apply(permission::remove_role(tenant, role, used, origin)?)
                .await?;
            Ok::<_, Error>(())
        })
        .await
}

/// The tenant's row stands for its sections and permission groups: nobody names one of them meanwhile.
async fn load_for_update(tx: &mut Tx) -> Result<Catalogue, Error> {
    tx.find_tenant_for_update()
        .await?
        .ok_or(Error::NotFound("tenant"))?;
    Ok(tx.load_catalogue().await?)
}

/// How many rules of group mappings, of connections and of directories, are so by their role and their sections.
async fn count_rules(tx: &mut Tx, is_so: impl Fn(Option<&str>, &[String]) -> bool) -> Result<u64, Error> {
    fn of<G>(rules: &[GroupRule<G>], is_so: &impl Fn(Option<&str>, &[String]) -> bool) -> u64 {
        count(
            rules
                .iter()
                .filter(|rule| is_so(rule.role.as_deref(), &rule.sections)),
        )
    }
    let connections = tx.list_connections().await?;
    let mut found: u64 = connections
        .iter()
        .map(|connection| of(&connection.settings.group_mapping, &is_so))
        .sum();
    for directory in tx.list_directories().await? {
        found += of(&tx.list_group_rules(directory.id).await?, &is_so);
    }
    Ok(found)
}

fn count<T>(found: impl Iterator<Item = T>) -> u64 {
    u64::try_from(found.count()).unwrap_or(u64::MAX)
}
