//! Every action against every kind of actor.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::directory::id::{ApiKeyId, UserId};
use crate::directory::{Entity, sample};

fn id(number: u128) -> EntityId {
    EntityId(Uuid::from_u128(number))
}

/// 1 over 2, and 4 beside them.
fn tree() -> EntityTree {
    let entity = |number, parent: Option<u128>| Entity {
        id: id(number),
        parent: parent.map(id),
        name: number.to_string(),
        created_at: sample::at(1),
    };
    EntityTree::new(&[entity(1, None), entity(2, Some(1)), entity(4, None)])
}

fn part() -> AdminScope {
    AdminScope::Entities(vec![id(1)])
}

fn administrator(scope: AdminScope) -> Authority {
    let user = UserId(Uuid::from_u128(9));
    Authority::Administrator { user, scope }
}

fn key(permissions: &[Action], scope: AdminScope) -> Authority {
    Authority::Key {
        key: ApiKeyId(Uuid::from_u128(7)),
        permissions: permissions.iter().copied().collect(),
        scope,
    }
}

fn person(entity: Option<u128>, administrator: Option<AdminScope>) -> User {
    User {
        entity: entity.map(id),
        administrator,
        ..sample::local(1, "ada")
    }
}

#[test]
fn words_are_read_back_and_stand_for_one_action_each() {
    let words: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    assert_eq!(words.len(), Action::ALL.len());
    for action in Action::ALL {
        assert_eq!(Action::parse(action.as_str()), Some(*action));
        assert!(action.as_str().split('.').count() == 2, "{action:?}");
    }
    for other in ["", "users", "users.", "Users.read", "users.read "] {
        assert_eq!(Action::parse(other), None, "{other}");
    }
}

/// What each actor may do at all: the operator everything, an administrator of everybody everything within the tenant, one of
/// a part what concerns people, a key what it was given, and never what is a person's.
#[test]
fn every_action_is_for_whom_it_reaches() {
    for action in Action::ALL.iter().copied() {
        let at_all = |actor: &Authority| allow(actor, action, Target::Anything);
        let everything: Vec<Action> = Action::ALL.to_vec();
        let others: Vec<Action> = everything
            .iter()
            .copied()
            .filter(|other| other.area() != action.area())
            .collect();
        let (full, narrow) = (administrator(AdminScope::All), administrator(part()));
        assert_eq!(at_all(&Authority::Operator), Ok(()), "{action:?}");
        let (of_full, of_narrow) = match action.reach() {
            Reach::Part => (Ok(()), Ok(())),
            Reach::Whole => (Ok(()), Err(Refusal::FullScopeRequired)),
            Reach::Gateway => (Err(Refusal::OperatorRequired), Err(Refusal::OperatorRequired)),
        };
        assert_eq!(at_all(&full), of_full, "{action:?}");
        assert_eq!(at_all(&narrow), of_narrow, "{action:?}");
        // A key of everything is what an administrator of its scope is, but for what is a person's.
        for (scope, as_administrator) in [(AdminScope::All, of_full), (part(), of_narrow)] {
            let expected = match as_administrator {
                Ok(()) if !action.is_for_keys() => Err(Refusal::NotForKeys),
                other => other,
            };
            assert_eq!(at_all(&key(&everything, scope)), expected, "{action:?}");
        }
        if action.is_for_keys() {
            let whole = AdminScope::All;
            assert_eq!(at_all(&key(&[action], whole.clone())), Ok(()), "{action:?}");
            let refused = Err(Refusal::PermissionRequired(action));
            assert_eq!(at_all(&key(&others, whole.clone())), refused, "{action:?}");
            assert_eq!(at_all(&key(&[], whole)), refused, "{action:?}");
        }
    }
}

#[test]
fn a_permission_lets_a_key_look_at_its_own_area_and_change_nothing_else_there() {
    let all = AdminScope::All;
    let delete = key(&[Action::UsersDelete], all.clone());
    assert_eq!(allow(&delete, Action::UsersRead, Target::Anything), Ok(()));
    for other in [Action::UsersWrite, Action::UsersAdmin, Action::EntitiesRead] {
        let refused = Err(Refusal::PermissionRequired(other));
        assert_eq!(allow(&delete, other, Target::Anything), refused);
    }
    let read = key(&[Action::UsersRead], all);
    assert_eq!(
        allow(&read, Action::UsersWrite, Target::Anything),
        Err(Refusal::PermissionRequired(Action::UsersWrite))
    );
}

#[test]
fn whoever_is_out_of_reach_is_not_there_and_whoever_reaches_further_is_not_changed() {
    let tree = tree();
    let (inside, outside) = (person(Some(2), None), person(Some(4), None));
    let further = person(Some(2), Some(AdminScope::All));
    for actor in [administrator(part()), key(Action::ALL, part())] {
        for action in [
            Action::UsersRead,
            Action::UsersWrite,
            Action::UsersDelete,
            Action::UsersAdmin,
        ] {
            assert_eq!(allow(&actor, action, Target::Person(&inside, &tree)), Ok(()));
            assert_eq!(
                allow(&actor, action, Target::Person(&outside, &tree)),
                Err(Refusal::NotThere("user"))
            );
            let changed = if action == Action::UsersRead {
                Ok(())
            } else {
                Err(Refusal::AdministratorOutsideScope)
            };
            assert_eq!(allow(&actor, action, Target::Person(&further, &tree)), changed);
        }
        let place = |entity: Option<u128>| {
            let target = Target::Place(entity.map(id), &tree);
            allow(&actor, Action::UsersWrite, target)
        };
        assert_eq!(place(Some(2)), Ok(()));
        assert_eq!(place(Some(4)), Err(Refusal::OutsideScope));
        assert_eq!(place(None), Err(Refusal::OutsideScope));
        let tick = |scope: &AdminScope| allow(&actor, Action::UsersAdmin, Target::Tick(scope, &tree));
        assert_eq!(tick(&AdminScope::Entities(vec![id(2)])), Ok(()));
        assert_eq!(tick(&AdminScope::All), Err(Refusal::OutsideScope));
    }
}

#[test]
fn nobody_deletes_the_account_that_they_act_with() {
    let own = User {
        id: UserId(Uuid::from_u128(9)),
        ..person(None, Some(AdminScope::All))
    };
    let tree = EntityTree::default();
    for (actor, expected) in [
        (administrator(AdminScope::All), Err(Refusal::OwnAccount)),
        (key(Action::ALL, AdminScope::All), Ok(())),
        (Authority::Operator, Ok(())),
    ] {
        let deleted = allow(&actor, Action::UsersDelete, Target::Person(&own, &tree));
        assert_eq!(deleted, expected, "{actor:?}");
    }
}

#[test]
fn a_key_gives_the_tick_with_the_permission_alone_whatever_it_is_a_part_of() {
    let (tree, all) = (tree(), AdminScope::All);
    let without = key(&[Action::UsersWrite], all.clone());
    assert_eq!(
        without.check_may_grant(&all, &tree),
        Err(Refusal::PermissionRequired(Action::UsersAdmin))
    );
    let with = key(&[Action::UsersAdmin], all.clone());
    assert_eq!(with.check_may_grant(&all, &tree), Ok(()));
}

#[test]
fn keys_of_a_wider_scope_are_not_there_and_none_is_made() {
    let tree = tree();
    let below = AdminScope::Entities(vec![id(2)]);
    let beside = AdminScope::Entities(vec![id(4)]);
    let actor = administrator(part());
    for (scope, is_inside) in [
        (&below, true),
        (&part(), true),
        (&beside, false),
        (&AdminScope::All, false),
    ] {
        let seen = allow(&actor, Action::ApiKeysRead, Target::Key(scope, &tree));
        let made = allow(&actor, Action::ApiKeysCreate, Target::NewKey(scope, &tree));
        assert_eq!((seen.is_ok(), made.is_ok()), (is_inside, is_inside), "{scope:?}");
    }
    let unknown = AdminScope::Entities(vec![id(5)]);
    let refused = allow(
        &Authority::Operator,
        Action::ApiKeysCreate,
        Target::NewKey(&unknown, &tree),
    );
    assert!(matches!(refused, Err(Refusal::UnknownEntity { .. })));
}

#[test]
fn somebody_without_the_tick_is_told_whose_it_is() {
    assert_eq!(
        refuse_without_tick(Action::TenantsRead),
        Refusal::OperatorRequired
    );
    assert_eq!(
        refuse_without_tick(Action::UsersRead),
        Refusal::AdministratorRequired
    );
    assert_eq!(
        refuse_without_tick(Action::AuditRead),
        Refusal::AdministratorRequired
    );
}
