//! People of another tenant: who may be a guest, what is asked of the tenant they are at home in, and how it ends.
//!
//! A guest is a person of the tenant like everybody, with rights of their own here; name, addresses, dates and access are
//! those of the person at home and follow them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access_error::Code;
use super::audit::{Actor, AuditEntry, Origin, Source};
use super::change::{Change, Fact, GuestFact};
use super::grant::SaidRights;
use super::id::{GuestRequestId, TenantId, UserId};
use super::policy::Action;
use super::refusal::Refusal;
use super::tenant::{Slug, Tenant};
use super::user::{User, UserSource};

/// How many requests of one tenant another one has at most. Those that were declined count too, or the number would tell.
pub const MOST_REQUESTS: u64 = 100;

/// Who a guest is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The tenant that they belong to.
    pub tenant: TenantId,
    /// Who they are there.
    pub user: UserId,
}

/// A tenant as it is shown to people of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantName {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
}

impl From<&Tenant> for TenantName {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id,
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
        }
    }
}

/// Which tenant somebody signs in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The one that they belong to.
    Home,
    /// One that they are a guest of.
    Guest(TenantId),
    /// They are asked, if there are several.
    Choose,
}

/// Whom somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whoever has this e-mail address.
    Email(String),
    /// This person.
    User(UserId),
}

/// An administrator's wish that a person of another tenant has access, for that tenant to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestRequest {
    /// Its id.
    pub id: GuestRequestId,
    /// The tenant that asks.
    pub host: TenantId,
    /// The tenant that is asked.
    pub home: TenantId,
    /// Whom for.
    pub asked: Asked,
    /// What they would have.
    pub rights: SaidRights,
    /// Who asks, as the audit log names actors.
    pub requested_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Whether the home tenant has said yes. The request goes when the guest is made.
    pub accepted: bool,
}

/// Why a person is no guest, or is not dealt with like the tenant's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuestRefusal {
    /// Name, password and life of the account are the home tenant's.
    #[error(
        "this person is a guest, whose account is their home tenant's; change what they may do here (PATCH .../guests/{{id}}) or remove their access (DELETE .../guests/{{id}})"
    )]
    Account,
    /// There is a guest of that person.
    #[error("this person is a guest of this tenant already")]
    AlreadyGuest,
    /// The person is one of the tenant's own, or somebody of the tenant has their address.
    #[error("this person belongs to this tenant already, or somebody here has their e-mail address")]
    AlreadyHere,
    /// The tenant has asked the home tenant as often as it may at a time.
    #[error(
        "{MOST_REQUESTS} requests to this tenant are open, which is the most; withdraw one (DELETE .../guest-requests/{{id}}) or wait until it is answered"
    )]
    TooManyRequests,
    /// Whoever has no access at home has none elsewhere.
    #[error("this person has no access in their home tenant at this moment")]
    NotActiveAtHome,
}

impl GuestRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Account => "guest_account",
            Self::AlreadyGuest => "already_guest",
            Self::AlreadyHere => "already_in_organization",
            Self::NotActiveAtHome => "not_active_at_home",
            Self::TooManyRequests => "too_many_guest_requests",
        }
    }
}

/// Whether an action is one for a person of this sort: guests are changed as guests and ticked, and nobody else is.
pub(super) fn check_kind(action: Action, user: &User) -> Result<(), Refusal> {
    match (user.source, action) {
        (UserSource::Guest, Action::GuestsWrite | Action::UsersAdmin) => Ok(()),
        (UserSource::Guest, _) => Err(GuestRefusal::Account.into()),
        (_, Action::GuestsWrite) => Err(Refusal::NotThere("guest")),
        _ => Ok(()),
    }
}

/// Asks the home tenant, which has `open` requests of this one. Whether it has such a person is not known here, and is not
/// said.
///
/// # Errors
/// [`GuestRefusal::AlreadyHere`]: the tenant asks itself, or has `clash` of its own under the address;
/// [`GuestRefusal::AlreadyGuest`]: that one is a guest; [`GuestRefusal::TooManyRequests`].
pub fn request(
    asked: GuestRequest,
    clash: Option<&User>,
    open: u64,
    origin: Origin,
) -> Result<Change, Refusal> {
    check_free(asked.home, asked.host, clash)?;
    if open >= MOST_REQUESTS {
        return Err(GuestRefusal::TooManyRequests.into());
    }
    let after = json!({"home_tenant_id": asked.home, "role": asked.rights.role});
    let target = ("guest_request", asked.id.0);
    let fact = Fact::Guest(GuestFact::Requested(Box::new(asked)));
    Ok(Change::new(
        fact,
        origin,
        "guest.requested",
        target,
        None,
        Some(after),
    ))
}

/// Takes back a request of the tenant's own.
#[must_use]
pub fn withdraw(request: &GuestRequest, origin: Origin) -> Change {
    let before = json!({"home_tenant_id": request.home, "role": request.rights.role});
    let target = ("guest_request", request.id.0);
    let fact = Fact::Guest(GuestFact::Withdrawn(request.id));
    Change::new(fact, origin, "guest.withdrawn", target, Some(before), None)
}

/// The home tenant says yes: `person` may be a guest of the tenant that asks. `same` are the other requests of that tenant
/// for the same person.
///
/// # Errors
/// [`GuestRefusal::NotActiveAtHome`].
pub fn accept(
    request: &GuestRequest,
    same: Vec<GuestRequestId>,
    person: &User,
    origin: Origin,
) -> Result<Change, Refusal> {
    check_at_home(person, origin.at)?;
    let after = json!({"host_tenant_id": request.host, "request_id": request.id});
    let fact = GuestFact::Accepted {
        request: request.id,
        same,
        user: person.id,
        at: origin.at,
    };
    let target = ("user", person.id.0);
    Ok(Change::new(
        Fact::Guest(fact),
        origin,
        "guest.accepted",
        target,
        None,
        Some(after),
    ))
}

/// The home tenant says no, also to `same`, the other requests of that tenant for the same person.
#[must_use]
pub fn decline(request: &GuestRequest, same: Vec<GuestRequestId>, origin: Origin) -> Change {
    let before = json!({"host_tenant_id": request.host});
    let target = ("guest_request", request.id.0);
    let fact = Fact::Guest(GuestFact::Declined {
        requests: std::iter::once(request.id).chain(same).collect(),
        at: origin.at,
    });
    Change::new(fact, origin, "guest.declined", target, Some(before), None)
}

/// Whether guests are let into a tenant at all. Its own way of signing in is for its own people.
///
/// # Errors
/// [`Code::TenantSuspended`].
pub fn check_door(host: &Tenant) -> Result<(), Code> {
    match host.suspended_at {
        Some(_) => Err(Code::TenantSuspended),
        None => Ok(()),
    }
}

/// Makes a person of another tenant a guest of `host`, under the id `guest`; a request that led to it goes. `clash` is who
/// has the person's address in `host`.
///
/// # Errors
/// [`GuestRefusal`].
pub fn admit(
    guest: UserId,
    host: TenantId,
    (home, person): (TenantId, &User),
    clash: Option<&User>,
    request: Option<GuestRequestId>,
    origin: Origin,
) -> Result<Change, Refusal> {
    check_free(home, host, clash)?;
    check_at_home(person, origin.at)?;
    let home = Home {
        tenant: home,
        user: person.id,
    };
    let after = shown(home);
    let fact = GuestFact::Admitted {
        guest,
        home,
        request,
        at: origin.at,
    };
    let target = ("user", guest.0);
    Ok(Change::new(
        Fact::Guest(fact),
        origin,
        "guest.admitted",
        target,
        None,
        Some(after),
    ))
}

/// Ends the access of a guest here; at home nothing changes. Nothing of the guest stays but the grants as they were, so who
/// is made a guest again begins anew.
///
/// # Errors
/// [`Refusal::NotThere`]: no guest.
pub fn remove(guest: &User, origin: Origin) -> Result<Change, Refusal> {
    let home = guest.home.ok_or(Refusal::NotThere("guest"))?;
    let before = shown(home);
    let fact = GuestFact::Removed {
        guest: guest.id,
        at: origin.at,
    };
    let target = ("user", guest.id.0);
    Ok(Change::new(
        Fact::Guest(fact),
        origin,
        "guest.removed",
        target,
        Some(before),
        None,
    ))
}

/// What the log of the tenant says when its guest goes with the person at home. Who removed that one is not this tenant's to
/// know.
#[must_use]
pub fn gone_at_home(guest: UserId, home: Home, at: Timestamp) -> AuditEntry {
    AuditEntry {
        origin: Origin {
            actor: Actor::Gateway,
            source: Source::Job,
            request_id: String::new(),
            at,
        },
        action: "guest.removed",
        target_kind: "user",
        target_id: guest.0,
        before: Some(shown(home)),
        after: None,
    }
}

fn shown(home: Home) -> Value {
    json!({"source": "guest", "home_tenant_id": home.tenant, "home_user_id": home.user})
}

fn check_free(home: TenantId, host: TenantId, clash: Option<&User>) -> Result<(), GuestRefusal> {
    match clash {
        Some(user) if user.home.is_some_and(|known| known.tenant == home) => Err(GuestRefusal::AlreadyGuest),
        Some(_) => Err(GuestRefusal::AlreadyHere),
        None if home == host => Err(GuestRefusal::AlreadyHere),
        None => Ok(()),
    }
}

/// A guest is at home somewhere else still: of them there are no guests.
fn check_at_home(person: &User, now: Timestamp) -> Result<(), Refusal> {
    if person.home.is_some() {
        return Err(Refusal::NotThere("user"));
    }
    if !person.has_access(now) {
        return Err(GuestRefusal::NotActiveAtHome.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample::{self, now, origin};
    use uuid::Uuid;

    const HOST: TenantId = TenantId(Uuid::from_u128(0xa1));
    const HOME: TenantId = TenantId(Uuid::from_u128(0xa2));

    fn guest_of(tenant: TenantId) -> User {
        User {
            source: UserSource::Guest,
            home: Some(Home {
                tenant,
                user: UserId(Uuid::from_u128(7)),
            }),
            ..sample::local(8, "ada@acme.example")
        }
    }

    fn code<T>(answer: Result<T, Refusal>) -> Option<&'static str> {
        answer.err().map(|refusal| refusal.code())
    }

    #[test]
    fn only_who_has_access_at_home_and_is_unknown_here_becomes_a_guest() {
        let ada = sample::local(7, "ada@acme.example");
        let admit = |home, person: &User, clash: Option<&User>| {
            let id = UserId(Uuid::from_u128(9));
            code(admit(id, HOST, (home, person), clash, None, origin()))
        };
        let blocked = User {
            blocked: true,
            ..ada.clone()
        };
        let other = TenantId(Uuid::from_u128(0xa3));
        assert_eq!(admit(HOME, &ada, None), None);
        assert_eq!(admit(HOST, &ada, None), Some("already_in_organization"));
        assert_eq!(admit(HOME, &ada, Some(&ada)), Some("already_in_organization"));
        assert_eq!(
            admit(HOME, &ada, Some(&guest_of(other))),
            Some("already_in_organization")
        );
        assert_eq!(admit(HOME, &ada, Some(&guest_of(HOME))), Some("already_guest"));
        assert_eq!(admit(HOME, &blocked, None), Some("not_active_at_home"));
        assert_eq!(admit(HOME, &guest_of(other), None), Some("not_found"));
    }

    #[test]
    fn the_audit_row_of_a_guest_names_ids_and_no_person() {
        let ada = sample::local(7, "ada@acme.example");
        let id = UserId(Uuid::from_u128(9));
        let made = admit(id, HOST, (HOME, &ada), None, None, origin()).unwrap();
        let (_, audit) = made.into_parts();
        assert_eq!((audit.action, audit.target_id), ("guest.admitted", id.0));
        let expected = json!({"source": "guest", "home_tenant_id": HOME, "home_user_id": ada.id});
        assert_eq!(audit.after, Some(expected.clone()));
        let (fact, audit) = remove(&guest_of(HOME), origin()).unwrap().into_parts();
        assert!(
            matches!(fact, Fact::Guest(GuestFact::Removed { guest, at }) if guest.0 == Uuid::from_u128(8) && at == now())
        );
        assert_eq!(audit.before, Some(expected));
        assert_eq!(code(remove(&ada, origin())), Some("not_found"));
    }

    #[test]
    fn guests_are_changed_as_guests_and_nobody_else_is() {
        let (ada, guest) = (sample::local(7, "ada@acme.example"), guest_of(HOME));
        for action in Action::ALL {
            let of_guest = match action {
                Action::GuestsWrite | Action::UsersAdmin => None,
                _ => Some("guest_account"),
            };
            let of_own = (*action == Action::GuestsWrite).then_some("not_found");
            assert_eq!(code(check_kind(*action, &guest)), of_guest, "{action:?}");
            assert_eq!(code(check_kind(*action, &ada)), of_own, "{action:?}");
        }
    }

    #[test]
    fn a_guest_with_every_right_does_not_keep_a_tenant_manageable() {
        let with_tick = |user: User| User {
            administrator: Some(crate::directory::AdminScope::All),
            ..user
        };
        assert!(with_tick(sample::local(7, "ada")).is_full_administrator(now()));
        assert!(!with_tick(guest_of(HOME)).is_full_administrator(now()));
    }
}
