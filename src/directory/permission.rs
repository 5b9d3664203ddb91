//! Permission groups and sections: what the product behind the gateway opens to whom, as data of the tenant.
//!
//! The keys of rights and sections are the product's own words; the gateway gives them out and reads nothing into them.
//! Managing people here is the Administrator tick's alone ([`admin`](super::admin)).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::audit::Origin;
use super::change::{CatalogueFact, Change, Fact};
use super::grant::{Grant, Right};
use super::id::TenantId;
use super::refusal::Refusal;

/// The permission group of whoever has no other.
pub const USER: &str = "user";
/// The permission group that sets the Administrator tick when it is chosen.
pub const ADMINISTRATOR: &str = "administrator";
/// How many sections, and how many permission groups, a tenant may have.
pub const MOST: usize = 100;

/// A part of the product that can be opened to a person or kept from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The product's word for it.
    pub key: String,
    /// What it is called in English.
    pub name_en: String,
    /// And in French.
    pub name_fr: String,
    /// Its place in lists, the lowest first.
    pub position: u32,
}

/// A permission group: what somebody of this role may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionGroup {
    /// Its name for programs.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The product's words for what it allows.
    pub rights: Vec<String>,
    /// The sections that it opens.
    pub sections: Vec<String>,
    /// Every tenant has it, and it cannot be deleted.
    pub delivered: bool,
}

/// All that a tenant knows of either, in the order of lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// The permission groups, the delivered first.
    pub roles: Vec<PermissionGroup>,
    /// The sections.
    pub sections: Vec<Section>,
}

impl Catalogue {
    /// The permission group of a key.
    #[must_use]
    pub fn role(&self, key: &str) -> Option<&PermissionGroup> {
        self.roles.iter().find(|role| role.key == key)
    }

    /// The section of a key.
    #[must_use]
    pub fn section(&self, key: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.key == key)
    }

    /// Checks that a permission group is one of these. `field` names it in the request.
    ///
    /// # Errors
    /// [`Refusal::UnknownRole`].
    pub fn check_role(&self, field: &str, key: &str) -> Result<(), Refusal> {
        if self.role(key).is_some() {
            return Ok(());
        }
        Err(Refusal::UnknownRole {
            field: field.to_owned(),
            accepted: self.roles.iter().map(|role| role.key.clone()).collect(),
        })
    }

    /// Checks that a section is one of these.
    ///
    /// # Errors
    /// [`Refusal::UnknownSection`].
    pub fn check_section(&self, field: &str, key: &str) -> Result<(), Refusal> {
        if self.section(key).is_some() {
            return Ok(());
        }
        Err(Refusal::UnknownSection {
            field: field.to_owned(),
        })
    }
}

/// Whether a text can be the key of a section or of a right: 1 to 64 of a-z, 0-9, `-`, `_` and `.`.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_part)
}

/// What is delivered with every tenant.
#[must_use]
pub fn delivered() -> Vec<PermissionGroup> {
    let user = ["agents.create", "runs.setup", "versions.read", "history.read"];
    let administrator = [
        "users.manage",
        "proxy_pools.manage",
        "destinations.write",
        "usage.read",
    ];
    let group = |key: &str, name: &str, description: &str, rights: Vec<&str>| PermissionGroup {
        key: key.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        rights: rights.into_iter().map(str::to_owned).collect(),
        sections: Vec::new(),
        delivered: true,
    };
    vec![
        group(
            USER,
            "User",
            "Works with the product; no administration and no usage.",
            user.to_vec(),
        ),
        group(
            ADMINISTRATOR,
            "Administrator",
            "Everything a user may, and the organization and its usage.",
            user.into_iter().chain(administrator).collect(),
        ),
    ]
}

/// What a person may do in the product at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// Their permission groups: those that were given, else [`USER`].
    pub roles: Vec<String>,
    /// What these allow together.
    pub rights: BTreeSet<String>,
    /// Every section of the tenant and every one that a grant names, with whether it is open.
    pub sections: BTreeMap<String, bool>,
}

/// What grants come to: the permission groups and the groups of identity providers open sections; a toggle by hand wins
/// over them, and of two toggles the one that closes.
#[must_use]
pub fn permissions_of(grants: &[Grant], catalogue: &Catalogue) -> Permissions {
    let mut roles: Vec<String> = Vec::new();
    let mut sections: BTreeMap<String, bool> = catalogue
        .sections
        .iter()
        .map(|section| (section.key.clone(), false))
        .collect();
    for grant in grants {
        match &grant.right {
            Right::Role(key) if !roles.contains(key) => roles.push(key.clone()),
            Right::Section(key) => {
                sections.insert(key.clone(), true);
            }
            Right::Role(_) | Right::Withheld(_) | Right::Admin(_) => {}
        }
    }
    if roles.is_empty() {
        roles.push(USER.to_owned());
    }
    let groups: Vec<&PermissionGroup> = roles.iter().filter_map(|key| catalogue.role(key)).collect();
    for key in groups.iter().flat_map(|group| &group.sections) {
        sections.insert(key.clone(), true);
    }
    for grant in grants {
        if let Right::Withheld(key) = &grant.right {
            sections.insert(key.clone(), false);
        }
    }
    let rights = groups
        .iter()
        .flat_map(|group| group.rights.iter().cloned())
        .collect();
    Permissions {
        roles,
        rights,
        sections,
    }
}

/// What still names a section or a permission group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CatalogueUse {
    /// People who have it, deleted ones not counted.
    pub people: u64,
    /// Permission groups that open it.
    pub roles: u64,
    /// Rules of group mappings that give it.
    pub rules: u64,
}

/// Makes a section, or changes it. `Ok(None)` when it is so already.
///
/// # Errors
/// [`Refusal::TooManyOfCatalogue`].
pub fn set_section(
    tenant: TenantId,
    catalogue: &Catalogue,
    section: Section,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    let before = catalogue.section(&section.key);
    if before == Some(&section) {
        return Ok(None);
    }
    if before.is_none() && catalogue.sections.len() >= MOST {
        return Err(Refusal::TooManyOfCatalogue("sections"));
    }
    let (old, new) = (before.map(section_view), section_view(&section));
    let fact = CatalogueFact::SectionSet(section);
    Ok(Some(changed(tenant, fact, "section.set", old, Some(new), origin)))
}

/// Deletes a section that nothing names.
///
/// # Errors
/// [`Refusal::SectionInUse`].
pub fn remove_section(
    tenant: TenantId,
    section: &Section,
    used: CatalogueUse,
    origin: Origin,
) -> Result<Change, Refusal> {
    if used != CatalogueUse::default() {
        return Err(Refusal::SectionInUse(used));
    }
    let fact = CatalogueFact::SectionRemoved(section.key.clone());
    let old = Some(section_view(section));
    Ok(changed(tenant, fact, "section.deleted", old, None, origin))
}

/// Makes a permission group.
///
/// # Errors
/// [`Refusal::RoleTaken`], [`Refusal::UnknownSection`], [`Refusal::TooManyOfCatalogue`].
pub fn create_role(
    tenant: TenantId,
    catalogue: &Catalogue,
    role: PermissionGroup,
    origin: Origin,
) -> Result<Change, Refusal> {
    if catalogue.role(&role.key).is_some() {
        return Err(Refusal::RoleTaken(role.key));
    }
    if catalogue.roles.len() >= MOST {
        return Err(Refusal::TooManyOfCatalogue("permission groups"));
    }
    check_sections(catalogue, &role)?;
    let new = Some(role_view(&role));
    let fact = CatalogueFact::RoleSet(role);
    Ok(changed(tenant, fact, "role.created", None, new, origin))
}

/// Changes a permission group, a delivered one too; its key stays. In force for everybody who has it at their next
/// request. `Ok(None)` when it is so already.
///
/// # Errors
/// [`Refusal::UnknownSection`].
pub fn update_role(
    tenant: TenantId,
    catalogue: &Catalogue,
    before: &PermissionGroup,
    after: PermissionGroup,
    origin: Origin,
) -> Result<Option<Change>, Refusal> {
    if *before == after {
        return Ok(None);
    }
    check_sections(catalogue, &after)?;
    let (old, new) = (Some(role_view(before)), Some(role_view(&after)));
    let fact = CatalogueFact::RoleSet(after);
    Ok(Some(changed(tenant, fact, "role.updated", old, new, origin)))
}

/// Deletes a permission group that nobody has.
///
/// # Errors
/// [`Refusal::DeliveredRole`], [`Refusal::RoleInUse`].
pub fn remove_role(
    tenant: TenantId,
    role: &PermissionGroup,
    used: CatalogueUse,
    origin: Origin,
) -> Result<Change, Refusal> {
    if role.delivered {
        return Err(Refusal::DeliveredRole);
    }
    if used != CatalogueUse::default() {
        return Err(Refusal::RoleInUse(used));
    }
    let fact = CatalogueFact::RoleRemoved(role.key.clone());
    let old = Some(role_view(role));
    Ok(changed(tenant, fact, "role.deleted", old, None, origin))
}

fn check_sections(catalogue: &Catalogue, role: &PermissionGroup) -> Result<(), Refusal> {
    let check = |(place, key): (usize, &String)| catalogue.check_section(&format!("sections[{place}]"), key);
    role.sections.iter().enumerate().try_for_each(check)
}

/// Neither has an id, so the tenant is what changes.
fn changed(
    tenant: TenantId,
    fact: CatalogueFact,
    action: &'static str,
    before: Option<Value>,
    after: Option<Value>,
    origin: Origin,
) -> Change {
    let fact = Fact::Catalogue(fact);
    Change::new(fact, origin, action, ("tenant", tenant.0), before, after)
}

fn section_view(section: &Section) -> Value {
    json!({
        "key": section.key,
        "name_en": section.name_en,
        "name_fr": section.name_fr,
        "position": section.position,
    })
}

fn role_view(role: &PermissionGroup) -> Value {
    json!({
        "key": role.key,
        "name": role.name,
        "description": role.description,
        "rights": role.rights,
        "sections": role.sections,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::grant::GrantSource;
    use crate::directory::sample::origin;
    use crate::directory::{AdminScope, DirectoryId, GrantId};
    use uuid::Uuid;

    fn catalogue() -> Catalogue {
        let section = |key: &str| Section {
            key: key.to_owned(),
            name_en: key.to_owned(),
            name_fr: key.to_owned(),
            position: 0,
        };
        let mut roles = delivered();
        roles.push(PermissionGroup {
            key: "sales".to_owned(),
            rights: vec!["offers.write".to_owned(), "history.read".to_owned()],
            sections: vec!["offers".to_owned(), "billing".to_owned()],
            delivered: false,
            ..roles[0].clone()
        });
        Catalogue {
            roles,
            sections: ["billing", "offers", "reports"].map(section).to_vec(),
        }
    }

    fn grants(rights: &[Right]) -> Vec<Grant> {
        let mapped = GrantSource::Directory(DirectoryId(Uuid::nil()));
        let grant = |(number, right): (usize, &Right)| Grant {
            id: GrantId(Uuid::from_u128(number as u128)),
            right: right.clone(),
            source: if number % 2 == 0 {
                GrantSource::Manual
            } else {
                mapped
            },
        };
        rights.iter().enumerate().map(grant).collect()
    }

    #[test]
    fn what_a_person_may_do_is_told_by_their_grants_and_the_catalogue() {
        let role = |key: &str| Right::Role(key.to_owned());
        let on = |key: &str| Right::Section(key.to_owned());
        let off = |key: &str| Right::Withheld(key.to_owned());
        for (rights, roles, open) in [
            (vec![], vec!["user"], vec![]),
            (vec![role("sales")], vec!["sales"], vec!["billing", "offers"]),
            (
                vec![role("user"), role("sales")],
                vec!["user", "sales"],
                vec!["billing", "offers"],
            ),
            (vec![role("sales"), off("billing")], vec!["sales"], vec!["offers"]),
            (
                vec![role("sales"), on("reports")],
                vec!["sales"],
                vec!["billing", "offers", "reports"],
            ),
            (vec![on("reports"), off("reports")], vec!["user"], vec![]),
            (vec![off("reports"), on("reports")], vec!["user"], vec![]),
            // The tick manages people here and opens nothing in the product.
            (vec![Right::Admin(AdminScope::All)], vec!["user"], vec![]),
            (vec![role("gone")], vec!["gone"], vec![]),
            (vec![on("unlisted")], vec!["user"], vec!["unlisted"]),
        ] {
            let permissions = permissions_of(&grants(&rights), &catalogue());
            assert_eq!(permissions.roles, roles, "{rights:?}");
            let is_open = permissions.sections.iter().filter(|(_, open)| **open);
            assert_eq!(
                is_open.map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
                open,
                "{rights:?}"
            );
            assert!(
                permissions.sections.contains_key("billing"),
                "closed ones are told too"
            );
        }
        let sales = permissions_of(&grants(&[role("sales"), role("user")]), &catalogue());
        assert!(sales.rights.contains("offers.write") && sales.rights.contains("agents.create"));
        assert!(!sales.rights.contains("usage.read"));
        let nobody = permissions_of(&grants(&[role("gone")]), &catalogue());
        assert!(nobody.rights.is_empty());
    }

    #[test]
    fn the_delivered_groups_are_a_user_and_an_administrator_who_may_more() {
        let groups = delivered();
        let [user, administrator] = groups.as_slice() else {
            panic!("{groups:?}");
        };
        assert!(
            user.rights
                .iter()
                .all(|right| administrator.rights.contains(right))
        );
        for right in [
            "users.manage",
            "usage.read",
            "proxy_pools.manage",
            "destinations.write",
        ] {
            let has = |group: &PermissionGroup| group.rights.iter().any(|own| own == right);
            assert!(has(administrator) && !has(user), "{right}");
        }
    }

    #[test]
    fn what_is_delivered_or_in_use_stays() {
        let (catalogue, tenant) = (catalogue(), TenantId(Uuid::nil()));
        let one = CatalogueUse {
            people: 1,
            ..CatalogueUse::default()
        };
        let remove = |role: &str, used| {
            let role = catalogue.role(role).unwrap();
            remove_role(tenant, role, used, origin()).map(|_| ())
        };
        assert_eq!(
            remove("user", CatalogueUse::default()),
            Err(Refusal::DeliveredRole)
        );
        assert_eq!(remove("sales", one), Err(Refusal::RoleInUse(one)));
        assert_eq!(remove("sales", CatalogueUse::default()), Ok(()));
        let billing = catalogue.section("billing").unwrap();
        let refused = remove_section(tenant, billing, one, origin()).unwrap_err();
        assert_eq!(refused, Refusal::SectionInUse(one));
        assert!(remove_section(tenant, billing, CatalogueUse::default(), origin()).is_ok());
    }

    #[test]
    fn a_group_opens_sections_that_there_are_and_no_change_is_none() {
        let (catalogue, tenant) = (catalogue(), TenantId(Uuid::nil()));
        let sales = catalogue.role("sales").unwrap();
        let same = update_role(tenant, &catalogue, sales, sales.clone(), origin());
        assert!(same.unwrap().is_none());
        let odd = PermissionGroup {
            sections: vec!["offers".to_owned(), "roof".to_owned()],
            ..sales.clone()
        };
        let refusal = update_role(tenant, &catalogue, sales, odd, origin()).unwrap_err();
        assert_eq!(
            refusal,
            Refusal::UnknownSection {
                field: "sections[1]".to_owned()
            }
        );
        let taken = create_role(tenant, &catalogue, sales.clone(), origin()).unwrap_err();
        assert_eq!(taken.code(), "role_key_in_use");
        let section = catalogue.sections[0].clone();
        assert!(
            set_section(tenant, &catalogue, section, origin())
                .unwrap()
                .is_none()
        );
    }
}
