//! Whom to ask about what, by the contact tags that people carry.

use jiff::Timestamp;

use super::users::reach;
use super::{Accounts, Error};
use crate::directory::access_error::contact;
use crate::directory::{Action, Authority, Origin, TenantId, User, UserId, edit};
use crate::storage::Tx;

/// Whom to ask, and the subjects of sign-in errors that nobody can be asked about.
#[derive(Debug, Clone)]
pub struct Contacts {
    /// The fittest first.
    pub people: Vec<User>,
    /// Tags of the catalogue of access errors, and the one asked for, that nobody with access carries.
    pub unstaffed: Vec<String>,
}

/// Whom to ask about a subject, or about any.
///
/// # Errors
/// The database failed.
pub async fn list(
    on: &Accounts,
    tenant: TenantId,
    tag: Option<&str>,
    now: Timestamp,
) -> Result<Contacts, Error> {
    let people = on.store.read(tenant).await?.list_contacts().await?;
    Ok(Contacts {
        unstaffed: contact::unstaffed(&people, tag, now),
        people: contact::of_tag(people, tag, now),
    })
}

/// Says what a person may be asked about.
///
/// # Errors
/// [`Error::NotFound`], or as [`edit::decide`].
pub async fn set_tags(
    on: &Accounts,
    tenant: TenantId,
    by: Authority,
    id: UserId,
    tags: Vec<String>,
    origin: Origin,
) -> Result<(), Error> {
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let (user, _) = reach::find_to_change(tx, &by, Action::UsersWrite, id, false).await?;
            let said = edit::Edit {
                contact_tags: Some(tags),
                ..edit::Edit::default()
            };
            // Tags take no access away, so nobody has to be counted and no day is asked for.
            let zone = crate::directory::Zone::default();
            if let Some(arrival) = edit::decide(&user, said, &zone, 0, origin)? {
                tx.apply(arrival.change).await?;
            }
            Ok::<_, Error>(())
        })
        .await
}
