//! Every combination of who is found, what their account is like, what the provider says and what the tenant allows.

use super::*;
use crate::directory::{AccessWindow, account};

/// What the person and the identity have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Found {
    Subject,
    ExternalId,
    /// By the userName that the connection maps.
    MappedUserName,
    /// By a userName that is the e-mail address.
    UserName,
    Email,
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Life {
    Here,
    DeletedByDirectory,
    DeletedByHand,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Access {
    Open,
    NotBegun,
    Ended,
}

/// What the provider says of the e-mail address.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Email {
    Missing,
    Unverified,
    UnverifiedForeign,
    VerifiedForeign,
    VerifiedInUnprovenDomain,
    UnverifiedDepartment,
    VerifiedDepartment,
    Verified,
}

/// Whose word an address is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Provider {
    OpenId,
    /// The tenant trusts it with addresses.
    TrustedOpenId,
    Saml,
}

#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is varied apart from the others"
)]
struct Case {
    found: Found,
    life: Life,
    active: Option<bool>,
    blocked: bool,
    access: Access,
    pending: bool,
    jit: bool,
    email: Email,
    provider: Provider,
    suspended: bool,
    disabled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    SignsIn,
    Links,
    Creates,
    Refused(Code),
}

use Outcome::{Creates, Links, Refused, SignsIn};

/// What it says, when it applies, and what it comes to.
type Rule = (&'static str, fn(&Case) -> bool, Outcome);

/// The rules in the order in which they speak: the first that applies has the word.
const RULES: [Rule; 18] = [
    (
        "nobody enters a suspended tenant",
        |case| case.suspended,
        Refused(Code::TenantSuspended),
    ),
    (
        "nobody enters by a connection that is switched off",
        |case| case.disabled,
        Refused(Code::SsoConnectionDisabled),
    ),
    (
        "whom the directory does not call active stays out",
        |case| case.meets_somebody() && case.active != Some(true),
        Refused(Code::ScimDeprovisioned),
    ),
    (
        "whom an administrator has blocked stays out",
        |case| case.meets_somebody() && case.blocked,
        Refused(Code::AccountInactive),
    ),
    (
        "whose access has ended stays out",
        |case| case.meets_somebody() && case.access == Access::Ended,
        Refused(Code::AccessExpired),
    ),
    (
        "whose access has not begun waits",
        |case| case.meets_somebody() && case.access == Access::NotBegun,
        Refused(Code::AccessNotStarted),
    ),
    (
        "a known subject needs nothing more",
        |case| case.meets_somebody() && case.found == Found::Subject,
        SignsIn,
    ),
    (
        "nobody is linked without an address",
        |case| case.meets_somebody() && case.worth() == Err(Code::EmailMissing),
        Refused(Code::EmailMissing),
    ),
    (
        "nobody is linked by an address that nobody vouches for",
        |case| case.meets_somebody() && case.worth() == Err(Code::EmailNotVerified),
        Refused(Code::EmailNotVerified),
    ),
    (
        "nobody is linked by a foreign address",
        |case| case.meets_somebody() && case.worth() == Err(Code::EmailOutsideDomains),
        Refused(Code::EmailOutsideDomains),
    ),
    (
        "somebody who was here before is linked",
        Case::meets_somebody,
        Links,
    ),
    (
        "whom the directory has deleted does not come back by signing in",
        |case| case.meets_a_tombstone() && case.life == Life::DeletedByDirectory,
        Refused(Code::ScimDeprovisioned),
    ),
    (
        "whom an administrator has deleted does not come back by signing in",
        |case| case.meets_a_tombstone() && case.life == Life::DeletedByHand,
        Refused(Code::AccountDeleted),
    ),
    (
        "nobody is made without an address",
        |case| case.worth() == Err(Code::EmailMissing),
        Refused(Code::EmailMissing),
    ),
    (
        "nobody is made of an address that nobody vouches for",
        |case| case.worth() == Err(Code::EmailNotVerified),
        Refused(Code::EmailNotVerified),
    ),
    (
        "nobody is made of a foreign address",
        |case| case.worth() == Err(Code::EmailOutsideDomains),
        Refused(Code::EmailOutsideDomains),
    ),
    (
        "nobody is made of a department",
        |case| {
            matches!(
                case.email,
                Email::VerifiedDepartment | Email::UnverifiedDepartment
            )
        },
        Refused(Code::DepartmentalMailbox),
    ),
    (
        "nobody is made where only the directory makes people",
        |case| !case.jit,
        Refused(Code::JitDisabled),
    ),
];

/// What an address is worth to a connection that does not trust its provider, to one that does, and to one of SAML,
/// where nothing says that an address is verified: its signature does.
const WORTH: [(Email, [Result<(), Code>; 3]); 8] = [
    (Email::Missing, [Err(Code::EmailMissing); 3]),
    (Email::Unverified, [Err(Code::EmailNotVerified), Ok(()), Ok(())]),
    (
        Email::UnverifiedForeign,
        [
            Err(Code::EmailNotVerified),
            Err(Code::EmailNotVerified),
            Err(Code::EmailOutsideDomains),
        ],
    ),
    (Email::VerifiedForeign, [Err(Code::EmailOutsideDomains); 3]),
    (
        Email::VerifiedInUnprovenDomain,
        [Err(Code::EmailOutsideDomains); 3],
    ),
    (
        Email::UnverifiedDepartment,
        [Err(Code::EmailNotVerified), Ok(()), Ok(())],
    ),
    (Email::VerifiedDepartment, [Ok(()); 3]),
    (Email::Verified, [Ok(()); 3]),
];

impl Case {
    fn worth(&self) -> Result<(), Code> {
        let (_, worth) = WORTH.iter().find(|(email, _)| *email == self.email).unwrap();
        worth[self.provider as usize]
    }

    /// Whether the look-up leads to the person: an address does only when it is proven.
    fn is_looked_up(&self) -> bool {
        match self.found {
            Found::Subject | Found::ExternalId | Found::MappedUserName => true,
            Found::UserName | Found::Email => self.worth().is_ok(),
            Found::Nobody => false,
        }
    }

    fn meets_somebody(&self) -> bool {
        self.life == Life::Here && self.is_looked_up()
    }

    /// A tombstone keeps the names of the person, not their addresses.
    fn meets_a_tombstone(&self) -> bool {
        self.life != Life::Here && self.is_looked_up() && self.found != Found::Email
    }

    /// The address that the provider sends.
    fn address(&self) -> &'static str {
        match self.email {
            Email::Missing | Email::Unverified | Email::Verified => ADDRESS,
            Email::UnverifiedForeign | Email::VerifiedForeign => "ada@elsewhere.example",
            Email::VerifiedInUnprovenDomain => "ada@unproven.example",
            Email::UnverifiedDepartment | Email::VerifiedDepartment => "info@acme.example",
        }
    }

    fn claim(&self) -> Option<EmailClaim> {
        match self.email {
            Email::Missing => None,
            Email::Unverified | Email::UnverifiedForeign | Email::UnverifiedDepartment => {
                Some(claim(self.address(), false))
            }
            Email::VerifiedForeign
            | Email::VerifiedInUnprovenDomain
            | Email::VerifiedDepartment
            | Email::Verified => Some(claim(self.address(), true)),
        }
    }

    fn person(&self) -> Person {
        let address = |is_common: bool| {
            if is_common {
                self.address()
            } else {
                "old@acme.example"
            }
        };
        let user_name = match self.found {
            Found::MappedUserName => "Ada.L",
            found => address(found == Found::UserName),
        };
        let made = match self.life {
            Life::Here | Life::DeletedByDirectory => sample::provisioned(1, user_name),
            Life::DeletedByHand => sample::local(1, user_name),
        };
        let email = address(self.found == Found::Email);
        let attributes = account::attributes(None, None, None, email);
        let user = User {
            external_id: (self.found == Found::ExternalId).then(|| "external".to_owned()),
            active: self.active,
            blocked: self.blocked,
            pending: self.pending,
            access: match self.access {
                Access::Open => AccessWindow::default(),
                Access::NotBegun => AccessWindow {
                    from: Some(now() + std::time::Duration::from_secs(1)),
                    until: None,
                },
                Access::Ended => AccessWindow {
                    from: None,
                    until: Some(now()),
                },
            },
            profile: crate::directory::Profile::from_attributes(&attributes),
            deleted_at: (self.life != Life::Here).then(|| at(9)),
            ..made
        };
        Person {
            user,
            subjects: match self.found {
                Found::Subject => vec![(HERE, "subject")],
                _ => Vec::new(),
            },
        }
    }

    fn world(&self) -> World {
        let mut world = world_of((self.found != Found::Nobody).then(|| self.person()));
        world.suspended = self.suspended;
        world.enabled = !self.disabled;
        world.jit = self.jit;
        world.trust_email = self.provider == Provider::TrustedOpenId;
        world.saml = self.provider == Provider::Saml;
        world.attributes.email = self.claim();
        if self.found == Found::MappedUserName {
            world.attributes.user_name = Some("ada.l".to_owned());
        }
        world
    }

    /// A local account has no externalId, and what nobody's account is like makes no difference.
    fn makes_sense(&self) -> bool {
        match self.found {
            Found::ExternalId => self.life != Life::DeletedByHand,
            Found::Nobody => {
                let plain = self.active == Some(true) && !self.blocked && !self.pending;
                plain && self.life == Life::Here && self.access == Access::Open
            }
            _ => true,
        }
    }
}

fn every_case() -> impl Iterator<Item = Case> {
    const FOUND: [Found; 6] = [
        Found::Subject,
        Found::ExternalId,
        Found::MappedUserName,
        Found::UserName,
        Found::Email,
        Found::Nobody,
    ];
    const LIFE: [Life; 3] = [Life::Here, Life::DeletedByDirectory, Life::DeletedByHand];
    const ACTIVE: [Option<bool>; 3] = [Some(true), Some(false), None];
    const PROVIDERS: [Provider; 3] = [Provider::OpenId, Provider::TrustedOpenId, Provider::Saml];
    const ACCESS: [Access; 3] = [Access::Open, Access::NotBegun, Access::Ended];
    let combinations = FOUND.len()
        * LIFE.len()
        * ACTIVE.len()
        * ACCESS.len()
        * WORTH.len()
        * PROVIDERS.len()
        * 2_usize.pow(5);
    // The number of a case is read digit by digit, each digit with a base of its own.
    (0..combinations)
        .map(|number| {
            let mut rest = number;
            let mut digit = |base: usize| {
                let digit = rest % base;
                rest /= base;
                digit
            };
            Case {
                found: FOUND[digit(FOUND.len())],
                life: LIFE[digit(LIFE.len())],
                active: ACTIVE[digit(ACTIVE.len())],
                access: ACCESS[digit(ACCESS.len())],
                email: WORTH[digit(WORTH.len())].0,
                blocked: digit(2) == 1,
                pending: digit(2) == 1,
                jit: digit(2) == 1,
                provider: PROVIDERS[digit(PROVIDERS.len())],
                suspended: digit(2) == 1,
                disabled: digit(2) == 1,
            }
        })
        .filter(Case::makes_sense)
}

#[test]
fn every_combination_comes_to_what_the_first_rule_that_applies_says() {
    let mut decided_by = [0; RULES.len() + 1];
    for case in every_case() {
        let first = RULES.iter().position(|(_, applies, _)| applies(&case));
        let (rule, outcome) = first.map_or(("what nothing forbids", Creates), |n| (RULES[n].0, RULES[n].2));
        let world = case.world();
        let expected = match outcome {
            SignsIn => Ok(Decision::SignIn(world.people[0].user.clone())),
            Links => Ok(Decision::Link(world.people[0].user.clone())),
            // A mapped userName leads to the person or to the tombstone, so whoever is made here has the address.
            Creates => Ok(Decision::Create {
                user_name: case.address().to_owned(),
                email: case.address().to_owned(),
            }),
            Refused(code) => Err(code),
        };
        assert_eq!(world.decide(), expected, "{rule}: {case:?}");
        decided_by[first.unwrap_or(RULES.len())] += 1;
    }
    assert!(
        decided_by.iter().all(|cases| *cases > 0),
        "no rule is idle: {decided_by:?}"
    );
}

#[test]
fn the_trace_of_a_refusal_ends_with_the_check_that_refused_and_of_a_sign_in_all_passed() {
    // A seventh is enough here; 7 has no factor in common with the bases of the digits, so none of them stands still.
    for case in every_case().step_by(7) {
        let (decision, trace) = case.world().decide_with_trace();
        let [passed @ .., last] = trace.checks() else {
            panic!("nothing was checked: {case:?}");
        };
        assert_eq!(last.passed, decision.is_ok(), "{case:?}");
        assert!(passed.iter().all(|check| check.passed), "{case:?}");
    }
}
