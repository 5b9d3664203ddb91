//! Who a verified identity is here, and whether they may come in: the one place that decides it, for every protocol.

use jiff::Timestamp;

use super::attributes::Attributes;
use crate::directory::access_error::{Code, Trace};
use crate::directory::connection::parse_domain;
use crate::directory::key::fold;
use crate::directory::{Connection, ConnectionId, DirectoryId, Domain, Tenant, User, UserSource};

/// Somebody live whom a sign-in may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The person.
    pub user: User,
    /// The connections whose providers know them already, under any subject.
    pub linked: Vec<ConnectionId>,
}

/// Everything that the decision looks at besides the identity itself.
#[derive(Debug, Clone)]
pub struct Situation<'s> {
    /// The tenant, as it is at this moment.
    pub tenant: &'s Tenant,
    /// The connection, as it is at this moment.
    pub connection: &'s Connection,
    /// The directory whose people the connection meets; `None` when the tenant has none, or several and nobody has
    /// said which.
    pub directory: Option<DirectoryId>,
    /// Whom the subject leads to, deleted or not.
    pub by_subject: Option<User>,
    /// Who has the identity's id at the provider.
    pub by_external_id: Vec<Met>,
    /// Who has the userName.
    pub by_user_name: Option<Met>,
    /// Who has the e-mail address, three at most.
    pub by_email: Vec<Met>,
    /// Somebody of these names was deleted: `true` by their directory, `false` by hand.
    pub gone: Option<bool>,
    /// The time.
    pub now: Timestamp,
}

/// What a sign-in comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The person whom the subject is linked to.
    SignIn(User),
    /// A person who was here before this provider named them.
    Link(User),
    /// A person who is made now.
    Create {
        /// Their userName.
        user_name: String,
        /// Their e-mail address, proven.
        email: String,
    },
}

/// The names by which people are looked up. An address that is not proven finds nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// A userName: what the mapping names for it, else the e-mail address.
    pub user_name: Option<String>,
    /// Whether the mapping names it, so that it does not depend on the e-mail address.
    pub user_name_is_mapped: bool,
    /// The e-mail address, proven.
    pub email: Result<String, Code>,
    /// What was checked of the address.
    email_trace: Trace,
}

impl Names {
    /// Reads the names of an identity.
    #[must_use]
    pub fn read(attributes: &Attributes, connection: &Connection, domains: &[Domain]) -> Self {
        let mut email_trace = Trace::default();
        let email = proven_email(attributes, connection, domains, &mut email_trace);
        // An address that nobody vouches for is no better for standing in the claim that is mapped to the userName.
        let is_unproven = |name: &String| {
            let address = attributes.email.as_ref().map(|email| fold(&email.address));
            email == Err(Code::EmailNotVerified) && address == Some(fold(name))
        };
        let mapped = attributes.user_name.clone().filter(|name| !is_unproven(name));
        Self {
            user_name_is_mapped: mapped.is_some(),
            user_name: mapped.or_else(|| email.clone().ok()),
            email,
            email_trace,
        }
    }

    /// The proven address, for whatever is about to be written. Noted where it is asked for, so that the last check of
    /// a trace is the one that refused.
    ///
    /// # Errors
    /// The code of the refusal: no address, none that can be used, or none of the tenant's.
    pub fn check_email(&self, trace: &mut Trace) -> Result<String, Code> {
        trace.extend(&self.email_trace);
        self.email.clone()
    }
}

/// The e-mail address, if it is proven and lies in one of the tenant's verified domains.
fn proven_email(
    attributes: &Attributes,
    connection: &Connection,
    domains: &[Domain],
    trace: &mut Trace,
) -> Result<String, Code> {
    let Some(email) = &attributes.email else {
        let received = attributes
            .email_is_unusable
            .then_some("what is not one plain address");
        trace.push("email", Some("an e-mail address"), received, false);
        return Err(if attributes.email_is_unusable {
            Code::EmailMalformed
        } else {
            Code::EmailMissing
        });
    };
    let (local, domain) = email.address.rsplit_once('@').unwrap_or_default();
    if !local.is_ascii() {
        // Folding case makes one of several letters (`ß` and `ss`), which are several mailboxes.
        trace.push(
            "email",
            Some("an address of ASCII letters"),
            Some(&email.address),
            false,
        );
        return Err(Code::EmailMalformed);
    }
    let domain = parse_domain(domain);
    let verified: Vec<&str> = domains
        .iter()
        .filter(|domain| domain.verified_at.is_some())
        .map(|domain| domain.name.as_str())
        .collect();
    let inside = domain.as_deref().is_some_and(|domain| verified.contains(&domain));
    // SAML has no word for it: what a provider signs is its word, which counts inside the domains alone. The silence of
    // an OpenID provider may be made up for by the tenant's word, but only about its own domains.
    let signed = connection.settings.protocol.saml().is_some();
    let vouched = signed || email.verified || (connection.settings.trust_email && inside);
    let received = match (signed, email.verified) {
        (true, _) => "signed by the provider",
        (false, true) => "true",
        (false, false) => "not the boolean true",
    };
    trace.push("email_verified", Some("true"), Some(received), vouched);
    if !vouched {
        return Err(Code::EmailNotVerified);
    }
    trace.push(
        "email_domain",
        Some(&format!("one of the verified domains: {}", verified.join(", "))),
        Some(domain.as_deref().unwrap_or(&email.address)),
        inside,
    );
    if inside {
        Ok(email.address.clone())
    } else {
        Err(Code::EmailOutsideDomains)
    }
}

/// Decides. Nothing is written before it has said yes.
///
/// # Errors
/// The code of the refusal.
pub fn decide(names: &Names, situation: &Situation<'_>, trace: &mut Trace) -> Result<Decision, Code> {
    check_doors(situation.tenant, situation.connection, trace)?;
    if let Some(user) = situation
        .by_subject
        .as_ref()
        .filter(|user| user.deleted_at.is_none())
    {
        trace.push("account", Some("found by subject"), Some(&user.user_name), true);
        check_account(user, situation.now, trace)?;
        return Ok(Decision::SignIn(user.clone()));
    }
    if let Some(user) = find_unlinked(names, situation, trace)? {
        check_account(user, situation.now, trace)?;
        names.check_email(trace)?;
        return Ok(Decision::Link(user.clone()));
    }
    let buried = situation.by_subject.as_ref().map(|user| user.provisioned);
    if let Some(by_directory) = buried.or(situation.gone) {
        trace.push("account", Some("an account"), Some("a deleted account"), false);
        return Err(if by_directory {
            Code::ScimDeprovisioned
        } else {
            Code::AccountDeleted
        });
    }
    let email = names.check_email(trace)?;
    if situation
        .tenant
        .settings
        .departmental_mailboxes
        .is_departmental(&email)
    {
        trace.push("mailbox", Some("a personal address"), Some(&email), false);
        return Err(Code::DepartmentalMailbox);
    }
    let jit = situation.connection.settings.jit.enabled;
    trace.push(
        "jit_enabled",
        Some("true"),
        Some(if jit { "true" } else { "false" }),
        jit,
    );
    if !jit {
        return Err(Code::JitDisabled);
    }
    Ok(Decision::Create {
        user_name: names.user_name.clone().unwrap_or_else(|| email.clone()),
        email,
    })
}

/// Tenant and connection are open at the moment of consumption, whatever they were when the sign-in began.
/// Whether anybody may sign in to a tenant through a connection.
///
/// # Errors
/// The code of the refusal.
pub fn check_doors(tenant: &Tenant, connection: &Connection, trace: &mut Trace) -> Result<(), Code> {
    let open = tenant.suspended_at.is_none();
    trace.push(
        "tenant",
        Some("not suspended"),
        Some(if open { "not suspended" } else { "suspended" }),
        open,
    );
    if !open {
        return Err(Code::TenantSuspended);
    }
    let enabled = connection.enabled;
    trace.push(
        "connection",
        Some("enabled"),
        Some(if enabled { "enabled" } else { "disabled" }),
        enabled,
    );
    if enabled {
        Ok(())
    } else {
        Err(Code::SsoConnectionDisabled)
    }
}

/// Whether a person may have a session at this moment.
fn check_account(user: &User, now: Timestamp, trace: &mut Trace) -> Result<(), Code> {
    let refusal = if user.active != Some(true) {
        Some(Code::ScimDeprovisioned)
    } else if user.blocked {
        Some(Code::AccountInactive)
    } else if user.access.has_ended(now) {
        Some(Code::AccessExpired)
    } else if !user.access.has_begun(now) {
        Some(Code::AccessNotStarted)
    } else {
        None
    };
    let status = user.status(now).as_str();
    trace.push("account_status", Some("active"), Some(status), refusal.is_none());
    refusal.map_or(Ok(()), Err)
}

/// Look-ups fold case as SCIM compares text, which makes one of letters that are several to a mail server (`ß` and `ss`,
/// the Kelvin sign and `k`). Who somebody is does not depend on that.
fn is_named_so(user: &User, names: &Names) -> bool {
    let named = names
        .user_name
        .as_ref()
        .is_some_and(|name| name.eq_ignore_ascii_case(&user.user_name));
    let attributes = user.profile.attributes();
    let mut addresses = attributes
        .get("emails")
        .and_then(|emails| emails.as_array())
        .into_iter()
        .flatten()
        .filter_map(|email| email.get("value")?.as_str());
    named
        || names
            .email
            .as_ref()
            .is_ok_and(|email| addresses.any(|address| address.trim().eq_ignore_ascii_case(email)))
}

/// A live person whom no subject of this provider leads to yet: by the id at the provider, then by userName, then by
/// an e-mail address that is theirs alone.
fn find_unlinked<'s>(
    names: &Names,
    situation: &'s Situation<'_>,
    trace: &mut Trace,
) -> Result<Option<&'s User>, Code> {
    let own = situation.connection.id;
    let conflict = |trace: &mut Trace, why: &str| {
        trace.push("account", Some("one account"), Some(why), false);
        Err(Code::IdentityConflict)
    };
    let by_id = match situation.by_external_id.as_slice() {
        [] => None,
        [one] => Some(one),
        _ => return conflict(trace, "several people have this id at the provider"),
    };
    if let (Some(by_id), Some(by_name)) = (by_id, &situation.by_user_name)
        && by_id.user.id != by_name.user.id
    {
        return conflict(trace, "externalId and userName belong to different people");
    }
    if let Some(met) = by_id {
        if met.linked.contains(&own) {
            return conflict(trace, "the person signs in here as another subject");
        }
        trace.push(
            "account",
            Some("found by externalId"),
            Some(&met.user.user_name),
            true,
        );
        return Ok(Some(&met.user));
    }
    let by_name = situation.by_user_name.as_ref();
    // Who shares an address is not told apart by it.
    let by_address = || match situation.by_email.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err("several people have this e-mail address"),
    };
    let found = match (by_name, by_address()) {
        (Some(met), _) if names.user_name_is_mapped => Some(met),
        (_, Err(why)) => return conflict(trace, why),
        (Some(met), Ok(Some(other))) if met.user.id != other.user.id => {
            return conflict(trace, "userName and e-mail address belong to different people");
        }
        (by_name, Ok(by_email)) => by_name.or(by_email),
    };
    let Some(met) = found else { return Ok(None) };
    if !is_named_so(&met.user, names) {
        return conflict(trace, "the name differs in more than the case of ASCII letters");
    }
    if met.linked.contains(&own) {
        return conflict(trace, "the person signs in here as another subject");
    }
    if met.user.directory.is_some() && met.user.directory != situation.directory {
        return conflict(
            trace,
            "the person belongs to a directory that this connection does not meet",
        );
    }
    // An address opens no account that has another way in: a password, or another provider.
    // The break-glass account is kept for a password, also before its invitation is accepted.
    let has_password = met.user.break_glass
        || (met.user.source != UserSource::Jit && met.user.directory.is_none() && !met.user.pending);
    if has_password || !met.linked.is_empty() {
        trace.push(
            "account",
            Some("no other way to sign in"),
            Some(&met.user.user_name),
            false,
        );
        return Err(Code::AccountLinkRequired);
    }
    trace.push("account", Some("found by name"), Some(&met.user.user_name), true);
    Ok(Some(&met.user))
}

#[cfg(test)]
mod tests;
