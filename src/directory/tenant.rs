//! A tenant.

use jiff::Timestamp;

use super::audit::Origin;
use super::change::{Change, Fact, RegistryFact};
use super::connection::{Connection, Domain};
use super::id::TenantId;
use super::language::Language;
use super::refusal::Refusal;
use super::settings::TenantSettings;
use super::user::User;

/// One customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Where its people are sent for help.
    pub support_email: Option<String>,
    /// How its people sign in.
    pub sign_in: SignIn,
    /// What it sets for itself.
    pub settings: TenantSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nobody may sign in, by the operator's word.
    pub suspended_at: Option<Timestamp>,
}

impl Tenant {
    /// The language to write to somebody in: their own, else the tenant's.
    #[must_use]
    pub fn language_of(&self, user: &User) -> Language {
        user.own_language().unwrap_or(self.settings.locale)
    }
}

/// How the people of a tenant sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// With accounts of the gateway's own.
    Local,
    /// Through the company's identity provider only.
    Sso,
}

impl SignIn {
    /// The word in JSON and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Sso => "sso",
        }
    }

    /// Reads the word that [`SignIn::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Local, Self::Sso]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// A tenant's name in URLs: 1 to 63 of a-z, 0-9 and `-`, neither first nor last a `-`.
///
/// No `_`: Okta refuses a base URL that has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slug(String);

impl Slug {
    /// What [`Slug::parse`] accepts, for error texts.
    pub const ACCEPTED: &str = "1 to 63 of a-z, 0-9 and -, neither first nor last a -";

    /// The same as a regular expression (ECMA-262), for the description of the API.
    pub const PATTERN: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

    /// Reads a slug; `None` when it is not [`Slug::ACCEPTED`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=63).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !text.starts_with('-')
            && !text.ends_with('-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes a tenant. A new tenant has no people and signs in locally.
#[must_use]
pub fn create(tenant: Tenant, origin: Origin) -> Change {
    let after = serde_json::json!({
        "slug": tenant.slug.as_str(),
        "name": tenant.name,
        "support_email": tenant.support_email,
        "sign_in": tenant.sign_in.as_str(),
    });
    let id = tenant.id.0;
    Change::new(
        Fact::Registry(RegistryFact::TenantCreated(tenant)),
        origin,
        "tenant.created",
        ("tenant", id),
        None,
        Some(after),
    )
}

/// Changes a tenant's name, support address or settings, or suspends it. `None` when nothing changes.
#[must_use]
pub fn update(before: &Tenant, after: Tenant, origin: Origin) -> Option<Change> {
    if *before == after {
        return None;
    }
    let view = |tenant: &Tenant| {
        serde_json::json!({
            "name": tenant.name,
            "support_email": tenant.support_email,
            "suspended_at": tenant.suspended_at.map(|at| at.to_string()),
            "settings": tenant.settings,
        })
    };
    let (old, new, id) = (view(before), view(&after), after.id.0);
    let fact = Fact::Registry(RegistryFact::TenantUpdated(after));
    Some(Change::new(
        fact,
        origin,
        "tenant.updated",
        ("tenant", id),
        Some(old),
        Some(new),
    ))
}

/// Sets how the people of a tenant sign in. `Ok(None)` when it is so already.
///
/// Single sign-on locks out whoever it does not work for, so it needs an enabled connection through which a test
/// login went well, and a verified domain; the operator alone may `force` it.
///
/// # Errors
/// [`Refusal::ConnectionNotTested`], [`Refusal::NoVerifiedDomain`].
pub fn set_sign_in(
    tenant: &Tenant,
    mode: SignIn,
    connections: &[Connection],
    domains: &[Domain],
    force: bool,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    if tenant.sign_in == mode {
        return Ok(None);
    }
    let proven = check_single_sign_on(connections, domains);
    if mode == SignIn::Sso && !force {
        proven.clone()?;
    }
    let before = serde_json::json!({"sign_in": tenant.sign_in.as_str()});
    let after = serde_json::json!({"sign_in": mode.as_str(), "forced": force && proven.is_err()});
    let fact = Fact::Registry(RegistryFact::SignInSet(mode));
    let target = ("tenant", tenant.id.0);
    Ok(Some(Change::new(
        fact,
        origin,
        "tenant.sign_in_set",
        target,
        Some(before),
        Some(after),
    )))
}

fn check_single_sign_on(connections: &[Connection], domains: &[Domain]) -> Result<(), Refusal> {
    let is_proven = |connection: &Connection| connection.enabled && connection.tested_at.is_some();
    if !connections.iter().any(is_proven) {
        return Err(Refusal::ConnectionNotTested);
    }
    if !domains.iter().any(|domain| domain.verified_at.is_some()) {
        return Err(Refusal::NoVerifiedDomain);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sample;

    #[test]
    fn a_slug_is_fit_for_every_providers_url() {
        for good in ["acme", "a", "4you", "north-west"] {
            assert!(Slug::parse(good).is_some(), "{good}");
        }
        for bad in ["", "Acme", "a_b", "-a", "a-", "a/b", "ä", "a b", &"x".repeat(64)] {
            assert!(Slug::parse(bad).is_none(), "{bad}");
        }
    }

    fn set(mode: SignIn, connections: &[Connection], force: bool) -> Result<Option<Change>, Refusal> {
        let domains = [domain(true)];
        set_sign_in(
            &sample::tenant(),
            mode,
            connections,
            &domains,
            force,
            sample::origin(),
        )
    }

    fn domain(verified: bool) -> Domain {
        Domain {
            name: "acme.example".to_owned(),
            verified_at: verified.then_some(sample::at(2)),
            created_at: sample::at(1),
        }
    }

    #[test]
    fn single_sign_on_needs_a_verified_domain() {
        let tested = Connection {
            tested_at: Some(sample::at(5)),
            ..sample::connection(1)
        };
        let set = |domains: &[Domain], force| {
            let (tenant, origin) = (sample::tenant(), sample::origin());
            set_sign_in(
                &tenant,
                SignIn::Sso,
                std::slice::from_ref(&tested),
                domains,
                force,
                origin,
            )
        };
        for domains in [&[][..], &[domain(false)]] {
            assert_eq!(set(domains, false).unwrap_err(), Refusal::NoVerifiedDomain);
            let (_, audit) = set(domains, true).unwrap().unwrap().into_parts();
            assert_eq!(audit.after.unwrap()["forced"], true);
        }
        assert!(set(&[domain(false), domain(true)], false).unwrap().is_some());
    }

    #[test]
    fn single_sign_on_needs_one_connection_that_is_enabled_and_was_tested() {
        let tested_at = Some(sample::at(5));
        let untested = sample::connection(1);
        let tested = Connection {
            tested_at,
            ..sample::connection(2)
        };
        let off = Connection {
            tested_at,
            enabled: false,
            ..sample::connection(3)
        };
        for connections in [
            vec![],
            vec![untested.clone()],
            vec![off.clone()],
            // Each has one half of it.
            vec![untested.clone(), off.clone()],
        ] {
            let refusal = set(SignIn::Sso, &connections, false).unwrap_err();
            assert_eq!(refusal, Refusal::ConnectionNotTested);
            let (fact, audit) = set(SignIn::Sso, &connections, true)
                .unwrap()
                .unwrap()
                .into_parts();
            assert!(matches!(
                fact,
                Fact::Registry(RegistryFact::SignInSet(SignIn::Sso))
            ));
            assert_eq!(audit.after.unwrap()["forced"], true);
        }
        for force in [false, true] {
            let change = set(
                SignIn::Sso,
                &[untested.clone(), off.clone(), tested.clone()],
                force,
            );
            let (_, audit) = change.unwrap().unwrap().into_parts();
            assert_eq!(audit.before.unwrap(), serde_json::json!({"sign_in": "local"}));
            assert_eq!(
                audit.after.unwrap(),
                serde_json::json!({"sign_in": "sso", "forced": false})
            );
        }
    }

    #[test]
    fn the_way_back_to_local_accounts_is_always_open_and_the_same_mode_is_no_change() {
        assert!(set(SignIn::Local, &[], false).unwrap().is_none());
        let sso = Tenant {
            sign_in: SignIn::Sso,
            ..sample::tenant()
        };
        let again = set_sign_in(&sso, SignIn::Sso, &[], &[], false, sample::origin());
        assert!(again.unwrap().is_none());
        let back = set_sign_in(&sso, SignIn::Local, &[], &[], false, sample::origin());
        let (fact, _) = back.unwrap().unwrap().into_parts();
        assert!(matches!(
            fact,
            Fact::Registry(RegistryFact::SignInSet(SignIn::Local))
        ));
    }
}
