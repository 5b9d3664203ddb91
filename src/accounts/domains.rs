//! Domains of a tenant, and how they are proven to be its own.

use std::fmt::Write as _;

use super::{Accounts, Error};
use crate::directory::connection::{self, parse_domain};
use crate::directory::{Action, Authority, Domain, Origin, Refusal, Target, TenantId, allow};
use crate::outbound::LookupError;
use crate::storage::Tx;

/// What is put before a domain for the name of its proof (RFC 8552: names with an underscore are nobody's host).
const CHALLENGE: &str = "_rollcall-challenge.";
/// What the proof begins with, so that whoever finds it among their records knows whose it is.
const PREFIX: &str = "rollcall-domain-verification=";
/// How many of the records that were found instead are told, and how much of each.
const MOST_TOLD: usize = 3;
const LONGEST_TOLD: usize = 100;

const NO_DOMAIN: &str = "a domain name, acme.example; one with other letters in its xn-- form";

/// A domain with what proves it, once it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provable {
    /// The domain.
    pub domain: Domain,
    /// What to publish.
    pub proof: Proof,
}

/// A TXT record that only somebody who holds a domain can publish. It is another one for each tenant and gateway, and
/// stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Where it is looked for.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// The domains of a tenant, by name.
///
/// # Errors
/// [`Refusal::FullScopeRequired`].
pub async fn list(on: &Accounts, tenant: TenantId, authority: &Authority) -> Result<Vec<Provable>, Error> {
    allow(authority, Action::DomainsRead, Target::Anything)?;
    let found = on.store.read(tenant).await?.list_domains().await?;
    Ok(found
        .into_iter()
        .map(|domain| provable(on, tenant, domain))
        .collect())
}

/// Enters a domain: verified on the operator's word. One that is there stays as it is, or is verified.
///
/// # Errors
/// [`Error::Invalid`], [`Refusal::FullScopeRequired`].
pub async fn add(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    name: &str,
    origin: Origin,
) -> Result<Provable, Error> {
    allow(authority, Action::DomainsWrite, Target::Anything)?;
    let name = parse("domain", name)?;
    let verified = authority.check_operator().is_ok();
    let domain = on
        .store
        .write(tenant, async move |tx: &mut Tx| {
            enter_one(tx, &name, verified, &origin).await
        })
        .await?;
    Ok(provable(on, tenant, domain))
}

/// Verifies a domain by the proof that is published in the domain name system. One that is verified stays so and is not
/// asked about.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::DomainProofMissing`], [`Refusal::FullScopeRequired`].
pub async fn verify(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    name: &str,
    origin: Origin,
) -> Result<Provable, Error> {
    allow(authority, Action::DomainsWrite, Target::Anything)?;
    let known = on.store.read(tenant).await?.list_domains().await?;
    let seen = provable(on, tenant, find(known, &wanted(name)?)?);
    if seen.domain.verified_at.is_some() {
        return Ok(seen);
    }
    let Proof { name, value } = &seen.proof;
    let found = on.dns.find(name).await;
    let is_proven = |texts: &Vec<String>| texts.iter().any(|text| is_value(text, value));
    if !found.as_ref().is_ok_and(is_proven) {
        let (name, found) = (name.clone(), tell(&found));
        return Err(Refusal::DomainProofMissing { name, found }.into());
    }
    let name = seen.domain.name;
    let domain = on
        .store
        .write(tenant, async move |tx: &mut Tx| {
            lock(tx).await?;
            // It may be gone meanwhile, and does not come back by being proven.
            find(tx.list_domains().await?, &name)?;
            enter_one(tx, &name, true, &origin).await
        })
        .await?;
    Ok(provable(on, tenant, domain))
}

/// Takes a domain away: its addresses are not the tenant's any more.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::DomainInUse`], [`Refusal::FullScopeRequired`].
pub async fn remove(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    name: &str,
    origin: Origin,
) -> Result<(), Error> {
    allow(authority, Action::DomainsWrite, Target::Anything)?;
    let name = wanted(name)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            lock(tx).await?;
            let domain = find(tx.list_domains().await?, &name)?;
            let connections = tx.list_connections().await?;
            let change = connection::remove_domain(tx.tenant(), &domain, &connections, origin)?;
            Ok::<_, Error>(tx.apply(change).await?)
        })
        .await
}

/// Reads the domains that a connection names.
pub(super) fn parse_all(names: &[String]) -> Result<Vec<String>, Error> {
    names.iter().map(|name| parse("domains", name)).collect()
}

/// Makes domains the tenant's, those that are not yet.
pub(super) async fn enter(
    tx: &mut Tx,
    names: &[String],
    verified: bool,
    origin: &Origin,
) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    lock(tx).await?;
    let known = tx.list_domains().await?;
    let tenant = tx.tenant();
    for name in names {
        let before = known.iter().find(|domain| domain.name == *name);
        if let Some(change) = connection::set_domain(tenant, before, name.clone(), verified, origin.clone()) {
            tx.apply(change).await?;
        }
    }
    Ok(())
}

/// Makes a domain the tenant's, and gives it as it is then.
async fn enter_one(tx: &mut Tx, name: &str, verified: bool, origin: &Origin) -> Result<Domain, Error> {
    enter(tx, &[name.to_owned()], verified, origin).await?;
    find(tx.list_domains().await?, name)
}

/// The tenant stands for its domains: nobody takes one away while somebody else enters, proves or names it.
async fn lock(tx: &mut Tx) -> Result<(), Error> {
    let tenant = tx.find_tenant_for_update().await?;
    tenant.map(|_| ()).ok_or(Error::NotFound("tenant"))
}

fn parse(field: &'static str, name: &str) -> Result<String, Error> {
    parse_domain(name).ok_or_else(|| Error::Invalid {
        field,
        message: NO_DOMAIN.to_owned(),
    })
}

/// A domain out of an address; what is none is one that nobody has.
fn wanted(name: &str) -> Result<String, Error> {
    parse_domain(name).ok_or(Error::NotFound("domain"))
}

fn find(domains: Vec<Domain>, name: &str) -> Result<Domain, Error> {
    let found = domains.into_iter().find(|domain| domain.name == name);
    found.ok_or(Error::NotFound("domain"))
}

fn provable(on: &Accounts, tenant: TenantId, domain: Domain) -> Provable {
    let tag = on.domain_proofs.tag(tenant.0.as_bytes(), domain.name.as_bytes());
    let mut value = PREFIX.to_owned();
    for byte in tag {
        // Writing to a text never fails.
        let _ = write!(value, "{byte:02x}");
    }
    let name = format!("{CHALLENGE}{}", domain.name);
    Provable {
        domain,
        proof: Proof { name, value },
    }
}

/// Some name servers keep the quotes and blanks that were typed.
fn is_value(text: &str, value: &str) -> bool {
    text.trim_matches(|c: char| c == '"' || c.is_whitespace()) == value
}

/// What was found instead, for whoever has to mend it.
fn tell(found: &Result<Vec<String>, LookupError>) -> String {
    let texts = match found {
        Ok(texts) => texts,
        Err(error) => return error.to_string(),
    };
    let mut told: Vec<String> = texts
        .iter()
        .take(MOST_TOLD)
        .map(|text| {
            let shown: String = text.chars().take(LONGEST_TOLD).collect();
            let rest = if shown.len() < text.len() { "..." } else { "" };
            // Quoted with escapes, so that nothing in it is anything but text.
            format!("{shown:?}{rest}")
        })
        .collect();
    if texts.len() > MOST_TOLD {
        told.push(format!("{} more", texts.len() - MOST_TOLD));
    }
    format!("it has {}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_counts_with_the_quotes_that_somebody_has_typed_and_with_nothing_else() {
        let value = "rollcall-domain-verification=00ff";
        for good in [
            value,
            " rollcall-domain-verification=00ff\n",
            "\"rollcall-domain-verification=00ff\"",
        ] {
            assert!(is_value(good, value), "{good:?}");
        }
        for bad in [
            "",
            "00ff",
            "rollcall-domain-verification=00FF",
            "rollcall-domain-verification=00ff0",
        ] {
            assert!(!is_value(bad, value), "{bad:?}");
        }
    }

    #[test]
    fn what_was_found_is_told_cut_and_without_control_characters() {
        let long = "ä".repeat(101);
        let texts = ["v=spf1 -all", "a\u{7}\u{202e}\"b", &long, "x", "y"].map(str::to_owned);
        let told = tell(&Ok(texts.to_vec()));
        let cut = "ä".repeat(100);
        assert_eq!(
            told,
            format!(r#"it has "v=spf1 -all", "a\u{{7}}\u{{202e}}\"b", "{cut}"..., 2 more"#)
        );
        assert_eq!(
            tell(&Err(LookupError::NoSuchName)),
            "this name does not exist (NXDOMAIN)"
        );
    }
}
