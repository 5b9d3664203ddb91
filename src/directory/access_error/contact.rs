//! Whom somebody who was refused may turn to by name.

use jiff::Timestamp;

use super::{Code, WhoCanFix};
use crate::directory::profile::Facets;
use crate::directory::user::User;

/// How many are named for one role: enough to find somebody at their desk.
const MOST: usize = 3;

/// Somebody who helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// In which role.
    pub who: WhoCanFix,
    /// Their name for people.
    pub name: String,
    /// Where they can be written to.
    pub email: String,
}

impl WhoCanFix {
    /// The contact tags that mark a person as somebody of this role, the fittest first. None for who is not of the
    /// tenant's people: whoever is signing in, and support, which has an address of its own.
    #[must_use]
    pub fn contact_tags(self) -> &'static [&'static str] {
        match self {
            Self::CompanyAdministrator => &["access", "sso"],
            Self::IdpAdministrator => &["sso", "idp", "it"],
            Self::Person | Self::Support => &[],
        }
    }
}

impl Code {
    /// Who helps with this refusal, of these people of the tenant: in the order of the remedies, up to three of each
    /// role. Where nobody carries a fitting tag, the administrators of the whole tenant do.
    #[must_use]
    pub fn contacts(self, people: &[User], now: Timestamp) -> Vec<Contact> {
        let mut contacts: Vec<Contact> = Vec::new();
        let roles = self.remedies().iter().map(|remedy| remedy.who);
        let roles: Vec<WhoCanFix> = roles.filter(|who| !who.contact_tags().is_empty()).collect();
        for who in &roles {
            let tags = who.contact_tags().iter();
            let tagged = tags.flat_map(|tag| {
                people
                    .iter()
                    .filter(move |person| person.contact_tags.iter().any(|own| own == tag))
            });
            let before = contacts.len();
            add(&mut contacts, *who, tagged, now);
            if contacts.len() == before && *who == WhoCanFix::CompanyAdministrator {
                add(&mut contacts, *who, administrators(people, now), now);
            }
        }
        if contacts.is_empty() && !roles.is_empty() {
            let who = WhoCanFix::CompanyAdministrator;
            add(&mut contacts, who, administrators(people, now), now);
        }
        contacts
    }
}

/// Every tag that marks somebody for a subject of access errors.
fn catalogue_tags() -> Vec<&'static str> {
    let mut tags: Vec<&str> = Vec::new();
    for tag in WhoCanFix::ALL.iter().flat_map(|who| who.contact_tags()) {
        if !tags.contains(tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Those of these people who can be asked about a subject, or about any: people with access. First who names the subject
/// first among their tags, then by name.
#[must_use]
pub fn of_tag(people: Vec<User>, tag: Option<&str>, now: Timestamp) -> Vec<User> {
    let place = |person: &User| match tag {
        Some(tag) => person.contact_tags.iter().position(|own| own == tag),
        None => (!person.contact_tags.is_empty()).then_some(0),
    };
    let name = |person: &User| {
        let facets = Facets::read(&person.profile.attributes());
        facets.display_name_key().unwrap_or_default()
    };
    let reached = people.into_iter().filter(|person| person.has_access(now));
    let mut found: Vec<((usize, String), User)> = reached
        .filter_map(|person| Some(((place(&person)?, name(&person)), person)))
        .collect();
    found.sort_by(|(one, first), (two, second)| (one, first.id).cmp(&(two, second.id)));
    found.dedup_by_key(|(_, person)| person.id);
    found.into_iter().map(|(_, person)| person).collect()
}

/// The subjects of access errors, and `asked`, that none of these people with access can be asked about.
#[must_use]
pub fn unstaffed(people: &[User], asked: Option<&str>, now: Timestamp) -> Vec<String> {
    let mut tags = catalogue_tags();
    if let Some(asked) = asked.filter(|asked| !tags.contains(asked)) {
        tags.push(asked);
    }
    let is_staffed = |tag: &str| {
        let mut reached = people.iter().filter(|person| person.has_access(now));
        reached.any(|person| person.contact_tags.iter().any(|own| own == tag))
    };
    let missing = tags.into_iter().filter(|tag| !is_staffed(tag));
    missing.map(str::to_owned).collect()
}

fn administrators(people: &[User], now: Timestamp) -> impl Iterator<Item = &User> {
    people
        .iter()
        .filter(move |person| person.is_full_administrator(now))
}

/// Adds who can be written to and is not named yet. Whoever has no access cannot mend anything.
fn add<'p>(
    contacts: &mut Vec<Contact>,
    who: WhoCanFix,
    people: impl Iterator<Item = &'p User>,
    now: Timestamp,
) {
    let most = contacts.len() + MOST;
    for person in people.filter(|person| person.has_access(now)) {
        let Some(email) = person.email() else { continue };
        if contacts.len() < most && contacts.iter().all(|known| known.email != email) {
            let facets = Facets::read(&person.profile.attributes());
            contacts.push(Contact {
                who,
                name: facets.display_name.unwrap_or_else(|| person.user_name.clone()),
                email,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{AdminScope, Profile, sample};
    use serde_json::{Value, json};

    fn person(number: u128, name: &str, tags: &[&str]) -> User {
        let attributes = json!({"displayName": name, "emails": [{"value": format!("{name}@acme.example")}]});
        let Value::Object(attributes) = attributes else {
            unreachable!("an object")
        };
        User {
            profile: Profile::from_attributes(&attributes),
            contact_tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..sample::local(number, name)
        }
    }

    fn administrator(number: u128, name: &str, scope: AdminScope) -> User {
        User {
            administrator: Some(scope),
            ..person(number, name, &[])
        }
    }

    /// Roles and names, in order.
    fn named(code: Code, people: &[User]) -> Vec<(&'static str, String)> {
        let contacts = code.contacts(people, sample::at(5));
        let shown = contacts.into_iter().map(|one| (one.who.as_str(), one.name));
        shown.collect()
    }

    #[test]
    fn tags_decide_and_the_fittest_comes_first() {
        let people = [
            person(1, "it", &["it"]),
            person(2, "sso", &["sso"]),
            person(3, "billing", &["billing"]),
            person(4, "access", &["access"]),
            administrator(5, "boss", AdminScope::All),
        ];
        let expected = [
            ("idp_administrator", "sso".to_owned()),
            ("idp_administrator", "it".to_owned()),
            ("company_administrator", "access".to_owned()),
        ];
        assert_eq!(named(Code::EmailMissing, &people), expected);
    }

    #[test]
    fn without_a_tag_the_administrators_of_the_whole_tenant_help() {
        let people = [
            administrator(1, "boss", AdminScope::All),
            administrator(2, "part", AdminScope::Entities(Vec::new())),
            person(3, "billing", &["billing"]),
        ];
        for code in [Code::EmailMissing, Code::AccessExpired, Code::GroupNotAllowed] {
            let expected = [("company_administrator", "boss".to_owned())];
            assert_eq!(named(code, &people), expected, "{code:?}");
        }
    }

    #[test]
    fn what_nobody_of_the_tenant_can_mend_names_nobody() {
        let people = [
            administrator(1, "boss", AdminScope::All),
            person(2, "access", &["access"]),
        ];
        for code in [Code::TenantSuspended, Code::InternalError, Code::SignInExpired] {
            assert_eq!(named(code, &people), [], "{code:?}");
        }
    }

    #[test]
    fn who_has_no_access_or_no_address_is_not_named_and_nobody_twice() {
        let blocked = User {
            blocked: true,
            ..person(1, "blocked", &["access"])
        };
        let silent = User {
            profile: Profile::from_attributes(&serde_json::Map::new()),
            ..person(2, "silent", &["access"])
        };
        let people = [blocked, silent, person(3, "grace", &["access", "sso"])];
        let expected = [("company_administrator", "grace".to_owned())];
        assert_eq!(named(Code::AccessExpired, &people), expected);
    }

    #[test]
    fn no_role_has_more_than_three_names() {
        let people: Vec<User> = (1..=9)
            .map(|number| person(number, &format!("p{number}"), &["access"]))
            .collect();
        assert_eq!(named(Code::AccessExpired, &people).len(), 3);
    }

    #[test]
    fn whom_to_ask_is_ordered_by_how_much_the_subject_is_theirs_and_then_by_name() {
        let blocked = User {
            blocked: true,
            ..person(4, "abe", &["billing"])
        };
        let people = vec![
            person(1, "zoe", &["billing"]),
            person(2, "ada", &["sso", "billing"]),
            person(3, "bob", &["billing", "sso"]),
            blocked,
            administrator(5, "boss", AdminScope::All),
            person(3, "bob", &["billing", "sso"]),
        ];
        let names = |tag| {
            let found = of_tag(people.clone(), tag, sample::at(5));
            found.into_iter().map(|one| one.user_name).collect::<Vec<_>>()
        };
        assert_eq!(names(Some("billing")), ["bob", "zoe", "ada"]);
        assert_eq!(names(Some("sso")), ["ada", "bob"]);
        assert_eq!(names(Some("roof")), [""; 0]);
        assert_eq!(names(None), ["ada", "bob", "zoe"]);
        assert_eq!(unstaffed(&people, None, sample::at(5)), ["access", "idp", "it"]);
        let asked = unstaffed(&people, Some("roof"), sample::at(5));
        assert_eq!(asked, ["access", "idp", "it", "roof"]);
        assert_eq!(
            unstaffed(&people, Some("billing"), sample::at(5)),
            ["access", "idp", "it"]
        );
    }
}
