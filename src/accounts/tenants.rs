//! Tenants.

use super::local_accounts::{self, Settled};
use super::{Accounts, Error};
use crate::directory::mailbox::MailboxRules;
use crate::directory::{
    Action, Activation, Authority, Country, Language, LocalAccounts, Origin, SignIn, Slug, Target, Tenant,
    TenantId, TenantSettings, Zone, allow, tenant,
};
use crate::storage::Tx;

/// What a new tenant is made of.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Where its people are sent for help.
    pub support_email: Option<String>,
}

/// Makes a tenant.
///
/// # Errors
/// [`Refusal::SlugTaken`](crate::directory::Refusal::SlugTaken).
pub async fn create(on: &Accounts, new: NewTenant, origin: Origin) -> Result<Tenant, Error> {
    let tenant = Tenant {
        id: new.id,
        slug: new.slug,
        name: new.name,
        support_email: new.support_email,
        sign_in: SignIn::Local,
        settings: TenantSettings::default(),
        created_at: origin.at,
        suspended_at: None,
    };
    on.store
        .write(new.id, async move |tx: &mut Tx| {
            tx.apply(tenant::create(tenant.clone(), origin)).await?;
            Ok::<_, Error>(tenant)
        })
        .await
}

/// The tenant of a slug.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(on: &Accounts, slug: &str) -> Result<Tenant, Error> {
    let slug = Slug::parse(slug).ok_or(Error::NotFound("tenant"))?;
    on.store
        .system()
        .await?
        .find_tenant(&slug)
        .await?
        .ok_or(Error::NotFound("tenant"))
}

/// Up to `limit` tenants after a slug, by slug.
///
/// # Errors
/// The database failed.
pub async fn list(on: &Accounts, after: &str, limit: u32) -> Result<Vec<Tenant>, Error> {
    Ok(on.store.system().await?.list_tenants(after, limit).await?)
}

/// What changes of a tenant; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct TenantPatch {
    /// Its name for people.
    pub name: Option<String>,
    /// Where its people are sent for help; `Some(None)` for nowhere.
    pub support_email: Option<Option<String>>,
    /// Whether nobody may sign in.
    pub suspended: Option<bool>,
    /// What the tenant sets for itself.
    pub settings: SettingsPatch,
}

/// What changes of a tenant's settings; `None` leaves it as it is, of two the inner `None` clears it.
#[derive(Debug, Clone, Default)]
pub struct SettingsPatch {
    /// The time zone. Access that was given keeps its moments.
    pub time_zone: Option<Zone>,
    /// The language.
    pub locale: Option<Language>,
    /// The country.
    pub country: Option<Option<Country>>,
    /// Who helps people to get in for the first time.
    pub onboarding_contact: Option<Option<String>>,
    /// The ways in which a new person gets a password.
    pub activation: Option<Vec<Activation>>,
    /// The tenant's word on departments.
    pub departmental_mailboxes: Option<MailboxRules>,
    /// How many days a deleted person can be restored.
    pub retention_days: Option<u32>,
}

impl SettingsPatch {
    fn apply(self, before: TenantSettings) -> TenantSettings {
        TenantSettings {
            time_zone: self.time_zone.unwrap_or(before.time_zone),
            locale: self.locale.unwrap_or(before.locale),
            country: self.country.unwrap_or(before.country),
            onboarding_contact: self.onboarding_contact.unwrap_or(before.onboarding_contact),
            activation: self.activation.unwrap_or(before.activation),
            departmental_mailboxes: self
                .departmental_mailboxes
                .unwrap_or(before.departmental_mailboxes),
            retention_days: self.retention_days.unwrap_or(before.retention_days),
        }
    }
}

/// Changes a tenant.
///
/// # Errors
/// [`Error::NotFound`]; [`Refusal::OperatorRequired`](crate::directory::Refusal::OperatorRequired) to suspend.
pub async fn update(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    patch: TenantPatch,
    origin: Origin,
) -> Result<Tenant, Error> {
    allow(authority, Action::SettingsWrite, Target::Anything)?;
    if patch.suspended.is_some() {
        allow(authority, Action::TenantsWrite, Target::Anything)?;
    }
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let before = tx
                .find_tenant_for_update()
                .await?
                .ok_or(Error::NotFound("tenant"))?;
            let suspended_at = match patch.suspended {
                Some(true) => before.suspended_at.or(Some(origin.at)),
                Some(false) => None,
                None => before.suspended_at,
            };
            let after = Tenant {
                name: patch.name.unwrap_or_else(|| before.name.clone()),
                support_email: patch
                    .support_email
                    .unwrap_or_else(|| before.support_email.clone()),
                suspended_at,
                settings: patch.settings.apply(before.settings.clone()),
                ..before.clone()
            };
            if let Some(change) = tenant::update(&before, after.clone(), origin) {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(after)
        })
        .await
}

/// Sets how the people of a tenant sign in, and then settles the accounts made by hand where something is said of them.
///
/// # Errors
/// The database failed; some accounts are settled then, and the same call goes on. [`Error::NotFound`]; [`Refusal::ConnectionNotTested`](crate::directory::Refusal::ConnectionNotTested);
/// [`Refusal::NoVerifiedDomain`](crate::directory::Refusal::NoVerifiedDomain);
/// [`Refusal::OperatorRequired`](crate::directory::Refusal::OperatorRequired) to force.
pub async fn set_sign_in(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    mode: SignIn,
    force: bool,
    accounts: Option<LocalAccounts>,
    origin: Origin,
) -> Result<(Tenant, Option<Settled>), Error> {
    allow(authority, Action::SettingsWrite, Target::Anything)?;
    if force {
        allow(authority, Action::TenantsWrite, Target::Anything)?;
    }
    if let Some(how) = accounts {
        local_accounts::check_may_settle(authority, how)?;
    }
    let asked = origin.clone();
    let set = on
        .store
        .write(tenant, async move |tx: &mut Tx| {
            let before = tx
                .find_tenant_for_update()
                .await?
                .ok_or(Error::NotFound("tenant"))?;
            let connections = tx.list_connections().await?;
            let domains = tx.list_domains().await?;
            if let Some(change) = tenant::set_sign_in(&before, mode, &connections, &domains, force, origin)? {
                tx.apply(change).await?;
            }
            Ok::<_, Error>(Tenant {
                sign_in: mode,
                ..before
            })
        })
        .await?;
    let settled = match accounts {
        Some(how) => Some(local_accounts::settle_all(on, tenant, how, &asked).await?),
        None => None,
    };
    Ok((set, settled))
}
