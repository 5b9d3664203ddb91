//! Lists: windows, orders, walks, and the predicates on their own.

use jiff::{SignedDuration, Timestamp};
use rollcall::directory::query::{
    EmailTest, GroupTerm, Order, Place as Stand, PopulationFilter, Predicate, Seek, SortKey, Sorting,
    TextTest, UserTerm, Window,
};
use rollcall::directory::{User, UserStatus, lifecycle};
use serde_json::json;
use uuid::Uuid;

use super::fixture::{Place, describe, now, origin, person, said};
use crate::harness::Engine;

on_both_engines!(
    windows_cut_a_list_without_overlap,
    every_order_is_total_and_puts_what_is_absent_last,
    a_walk_meets_everybody_once_in_every_order_and_direction,
    the_tenants_list_shows_the_living_or_the_deleted,
    text_is_ordered_by_code_point,
    a_prefix_finds_what_begins_with_it_and_nothing_else,
    one_and_the_same_address_passes_every_test,
    an_absent_attribute_makes_a_term_false_and_its_negation_true,
    empty_combinations_are_always_or_never_true,
    groups_are_asked_for_by_their_members,
    a_window_of_groups_with_members_skips_groups,
);

async fn names(place: &Place, of: Predicate<UserTerm>, sorting: Sorting, window: Window) -> Vec<String> {
    let mut tx = place.read().await;
    let users = tx
        .list_users(place.directory, &of, sorting, window)
        .await
        .unwrap();
    users.into_iter().map(|user| user.user_name).collect()
}

const ALL: Window = Window {
    offset: 0,
    limit: 1000,
};

/// The names that a term is true of, by id, checked against the count.
async fn matching(place: &Place, of: Predicate<UserTerm>) -> Vec<String> {
    let found = names(place, of.clone(), Sorting::default(), ALL).await;
    let counted = place
        .read()
        .await
        .count_users(place.directory, &of)
        .await
        .unwrap();
    assert_eq!(counted, found.len() as u64);
    found
}

fn term(term: UserTerm) -> Predicate<UserTerm> {
    Predicate::Term(term)
}

fn not<T>(of: Predicate<T>) -> Predicate<T> {
    Predicate::Not(Box::new(of))
}

/// Seven people; ids in the order of the names.
async fn seven(place: &Place) -> Vec<User> {
    let mut users = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        users.push(place.user(name).await);
    }
    users
}

async fn windows_cut_a_list_without_overlap(engine: Engine) {
    let place = Place::new(engine).await;
    seven(&place).await;
    let window = |offset, limit| {
        names(
            &place,
            Predicate::always(),
            Sorting::default(),
            Window { offset, limit },
        )
    };
    assert_eq!(window(0, 3).await, ["a", "b", "c"]);
    assert_eq!(window(3, 3).await, ["d", "e", "f"]);
    assert_eq!(window(6, 3).await, ["g"]);
    assert_eq!(window(7, 3).await, Vec::<String>::new());
    assert_eq!(window(u64::MAX, u64::MAX).await, Vec::<String>::new());
    assert_eq!(window(0, 0).await, Vec::<String>::new());
}

async fn every_order_is_total_and_puts_what_is_absent_last(engine: Engine) {
    let place = Place::new(engine).await;
    let display_names = [Some("b"), None, Some("A"), Some("a"), None];
    for (position, display_name) in display_names.into_iter().enumerate() {
        let mut said = said(&format!("u{position}"));
        if let Some(name) = display_name {
            describe(&mut said, json!({"displayName": name}));
            said.external_id = Some(format!("x{}", 9 - position));
        }
        place.provision(said).await;
    }
    let by = |by, descending| {
        let sorting = Sorting { by, descending };
        names(&place, Predicate::always(), sorting, ALL)
    };
    // Ties by id in both directions; without a value last ascending and first descending.
    assert_eq!(
        by(SortKey::DisplayName, false).await,
        ["u2", "u3", "u0", "u1", "u4"]
    );
    assert_eq!(
        by(SortKey::DisplayName, true).await,
        ["u1", "u4", "u0", "u2", "u3"]
    );
    assert_eq!(
        by(SortKey::ExternalId, false).await,
        ["u3", "u2", "u0", "u1", "u4"]
    );
    assert_eq!(
        by(SortKey::ExternalId, true).await,
        ["u1", "u4", "u0", "u2", "u3"]
    );
    let up = ["u0", "u1", "u2", "u3", "u4"];
    let down = ["u4", "u3", "u2", "u1", "u0"];
    assert_eq!(by(SortKey::UserName, false).await, up);
    assert_eq!(by(SortKey::UserName, true).await, down);
    assert_eq!(by(SortKey::Id, false).await, up);
    assert_eq!(by(SortKey::Id, true).await, down);
}

async fn a_walk_meets_everybody_once_in_every_order_and_direction(engine: Engine) {
    let place = Place::new(engine).await;
    // Some share a value and some have none, so that ties and gaps are met.
    for position in 0..9_u32 {
        let mut said = said(&format!("u{}", 9 - position));
        if position % 4 != 0 {
            describe(&mut said, json!({"displayName": format!("D{}", position % 3)}));
            said.external_id = Some(format!("x{}", 9 - position));
        }
        place.provision(said).await;
        place.group(&format!("g{}", 9 - position), &[]).await;
    }
    let everything = Predicate::always();
    for by in [
        SortKey::Id,
        SortKey::UserName,
        SortKey::DisplayName,
        SortKey::ExternalId,
        SortKey::Created,
        SortKey::Modified,
    ] {
        for (descending, size) in [(false, 1), (true, 1), (false, 4), (true, 4)] {
            let sorting = Sorting { by, descending };
            let mut tx = place.read().await;
            let users = tx
                .list_users(place.directory, &everything, sorting, ALL)
                .await
                .unwrap();
            let groups = tx
                .list_groups(place.directory, &Predicate::always(), sorting, ALL)
                .await
                .unwrap();
            assert_eq!((users.len(), groups.len()), (9, 9));
            for backward in [false, true] {
                let window = Window {
                    offset: 0,
                    limit: size,
                };
                let (mut seen, mut seek) = (
                    Vec::new(),
                    Seek {
                        beyond: None,
                        backward,
                    },
                );
                loop {
                    let found = tx
                        .seek_users(place.directory, &everything, sorting, &seek, window)
                        .await
                        .unwrap();
                    let Some(last) = found.last() else { break };
                    seek.beyond = Some(Stand::of_user(last, by));
                    seen.extend(found);
                }
                let (mut seen_groups, mut seek) = (
                    Vec::new(),
                    Seek {
                        beyond: None,
                        backward,
                    },
                );
                loop {
                    let found = tx
                        .seek_groups(place.directory, &Predicate::always(), sorting, &seek, window)
                        .await;
                    let found = found.unwrap();
                    let Some(last) = found.last() else { break };
                    seek.beyond = Some(Stand::of_group(last, by));
                    seen_groups.extend(found);
                }
                if backward {
                    seen.reverse();
                    seen_groups.reverse();
                }
                assert_eq!(seen, users, "{sorting:?} {backward}");
                assert_eq!(seen_groups, groups, "{sorting:?} {backward}");
            }
        }
    }
}

async fn the_tenants_list_shows_the_living_or_the_deleted(engine: Engine) {
    let of = |status| PopulationFilter {
        statuses: vec![status],
        ..PopulationFilter::default()
    };
    let place = Place::new(engine).await;
    let users = seven(&place).await;
    let other = place.another_directory().await;
    let (elsewhere, change) = super::fixture::arrival(other, said("elsewhere"));
    place.apply(change).await.unwrap();
    place
        .apply(lifecycle::delete(&users[1], 0, origin()).unwrap())
        .await
        .unwrap();
    let mut tx = place.read().await;
    let dead = tx
        .list_population(&of(UserStatus::Deleted), now(), None, 10)
        .await
        .unwrap();
    assert_eq!(
        dead.items.iter().map(|user| user.id).collect::<Vec<_>>(),
        [users[1].id]
    );
    let anybody = PopulationFilter::default();
    let first = tx.list_population(&anybody, now(), None, 4).await.unwrap();
    let second = tx.list_population(&anybody, now(), first.next, 4).await.unwrap();
    let seen: Vec<_> = first
        .items
        .iter()
        .chain(&second.items)
        .map(|user| user.id)
        .collect();
    let expected: Vec<_> = users
        .iter()
        .chain([&elsewhere])
        .map(|user| user.id)
        .filter(|id| *id != users[1].id)
        .collect();
    assert_eq!(seen, expected);
    let blocked = lifecycle::set_blocked(&users[2], true, 0, origin())
        .unwrap()
        .unwrap();
    drop(tx);
    place.apply(blocked.change).await.unwrap();
    let mut tx = place.read().await;
    let inactive = tx
        .list_population(&of(UserStatus::Inactive), now(), None, 10)
        .await
        .unwrap();
    assert_eq!(
        inactive.items.iter().map(|user| user.id).collect::<Vec<_>>(),
        [users[2].id]
    );
    let active = tx
        .list_population(&of(UserStatus::Active), now(), None, 10)
        .await
        .unwrap();
    assert_eq!(active.items.len(), 6);
    // Lists of the directory never show the deleted.
    drop(tx);
    assert_eq!(
        matching(&place, Predicate::always()).await,
        ["a", "c", "d", "e", "f", "g"]
    );
}

async fn text_is_ordered_by_code_point(engine: Engine) {
    let place = Place::new(engine).await;
    let ordered = [
        "-",
        "0",
        "_",
        "a",
        "a b",
        "ab",
        "z",
        "é",
        "ß",
        "\u{E000}",
        "\u{1F600}",
    ];
    let mut folded: Vec<&str> = ordered.to_vec();
    folded.sort_by_key(|name| rollcall::directory::key::fold(name).into_owned());
    for name in ordered.iter().rev() {
        place.user(name).await;
    }
    let sorting = Sorting {
        by: SortKey::UserName,
        descending: false,
    };
    assert_eq!(names(&place, Predicate::always(), sorting, ALL).await, folded);
    let after = term(UserTerm::UserName(TextTest::Ordered(
        Order::After,
        "z".to_owned(),
    )));
    let z = folded.iter().position(|name| *name == "z").expect("z");
    assert_eq!(names(&place, after, sorting, ALL).await, folded[z + 1..]);
}

async fn a_prefix_finds_what_begins_with_it_and_nothing_else(engine: Engine) {
    let place = Place::new(engine).await;
    for name in [
        "a%b",
        "a_b",
        "axb",
        "a",
        "ab\u{10FFFF}c",
        "ab\u{10FFFF}",
        "ac",
        "\u{D7FF}x",
        "\u{E000}",
    ] {
        let mut said = said(name);
        // Compared exactly, where LIKE would ignore the case of ASCII.
        said.external_id = Some(name.to_uppercase());
        place.provision(said).await;
    }
    let by_name = async |prefix: &str| {
        let test = TextTest::StartsWith(prefix.to_owned());
        matching(&place, term(UserTerm::UserName(test))).await
    };
    assert_eq!(by_name("a%").await, ["a%b"]);
    assert_eq!(by_name("a_").await, ["a_b"]);
    assert_eq!(by_name("ab\u{10FFFF}").await, ["ab\u{10FFFF}c", "ab\u{10FFFF}"]);
    assert_eq!(by_name("\u{D7FF}").await, ["\u{D7FF}x"]);
    assert_eq!(by_name("").await.len(), 9);
    let test = |prefix: &str| UserTerm::ExternalId(TextTest::StartsWith(prefix.to_owned()));
    assert_eq!(matching(&place, term(test("a"))).await, Vec::<String>::new());
    assert_eq!(matching(&place, term(test("A%"))).await, ["a%b"]);
}

async fn one_and_the_same_address_passes_every_test(engine: Engine) {
    let place = Place::new(engine).await;
    let mut split = said("split");
    describe(
        &mut split,
        json!({"emails": [
            {"value": "x@example.com", "type": "home"},
            {"value": "y@example.com", "type": "work", "primary": true},
        ]}),
    );
    place.provision(split).await;
    let mut whole = said("whole");
    describe(
        &mut whole,
        json!({"emails": [{"value": "X@example.com", "type": "Work", "primary": false}]}),
    );
    place.provision(whole).await;
    let email = |value: Option<&str>, kind: Option<&str>, primary| {
        term(UserTerm::Email(EmailTest {
            value: value.map(|value| TextTest::Equals(value.to_owned())),
            type_key: kind.map(str::to_owned),
            primary,
        }))
    };
    let x = Some("x@example.com");
    assert_eq!(matching(&place, email(x, None, None)).await, ["split", "whole"]);
    assert_eq!(matching(&place, email(x, Some("work"), None)).await, ["whole"]);
    assert_eq!(
        matching(&place, email(None, Some("work"), Some(true))).await,
        ["split"]
    );
    assert_eq!(matching(&place, email(x, None, Some(false))).await, ["whole"]);
    assert_eq!(
        matching(&place, email(None, None, None)).await,
        ["split", "whole"]
    );
    assert_eq!(
        matching(&place, not(email(x, Some("work"), None))).await,
        ["split"]
    );
}

async fn an_absent_attribute_makes_a_term_false_and_its_negation_true(engine: Engine) {
    let place = Place::new(engine).await;
    place.user("bare").await;
    let mut full = said("full");
    full.external_id = Some("x".to_owned());
    describe(
        &mut full,
        json!({
            "displayName": "D", "emails": [{"value": "e@example.com"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "M"}},
        }),
    );
    place.provision(full).await;
    let equals = |text: &str| TextTest::Equals(text.to_owned());
    let before = |text: &str| TextTest::Ordered(Order::Before, text.to_owned());
    let email = |test| {
        UserTerm::Email(EmailTest {
            value: Some(test),
            ..EmailTest::default()
        })
    };
    for of in [
        UserTerm::ExternalId(equals("x")),
        UserTerm::ExternalId(before("y")),
        UserTerm::ExternalId(TextTest::Present),
        UserTerm::DisplayName(equals("d")),
        UserTerm::DisplayName(TextTest::Present),
        UserTerm::Manager(equals("m")),
        UserTerm::Manager(TextTest::StartsWith(String::new())),
        email(equals("e@example.com")),
        email(TextTest::Present),
    ] {
        assert_eq!(matching(&place, term(of.clone())).await, ["full"], "{of:?}");
        assert_eq!(
            matching(&place, not(term(of.clone()))).await,
            ["bare"],
            "not {of:?}"
        );
        assert_eq!(matching(&place, not(not(term(of)))).await, ["full"]);
    }
}

async fn empty_combinations_are_always_or_never_true(engine: Engine) {
    let place = Place::new(engine).await;
    place.user("a").await;
    assert_eq!(matching(&place, Predicate::always()).await, ["a"]);
    assert_eq!(matching(&place, Predicate::never()).await, Vec::<String>::new());
    assert_eq!(matching(&place, not(Predicate::never())).await, ["a"]);
    assert_eq!(
        matching(&place, not(Predicate::always())).await,
        Vec::<String>::new()
    );
}

/// SQLite may turn EXISTS into a join, whose OFFSET then counts the members.
async fn a_window_of_groups_with_members_skips_groups(engine: Engine) {
    let place = Place::new(engine).await;
    let members = [person(&place.user("a").await), person(&place.user("b").await)];
    let mut groups = Vec::new();
    for name in ["one", "two", "three"] {
        groups.push(place.group(name, &members).await.id);
    }
    let of = Predicate::Term(GroupTerm::HasMembers);
    for offset in 0..8 {
        let window = Window { offset, limit: 10 };
        let mut tx = place.read().await;
        let found = tx
            .list_groups(place.directory, &of, Sorting::default(), window)
            .await;
        let found: Vec<_> = found.unwrap().into_iter().map(|group| group.id).collect();
        let rest: Vec<_> = groups
            .iter()
            .copied()
            .skip(usize::try_from(offset).unwrap())
            .collect();
        assert_eq!(found, rest, "offset {offset}");
    }
}

async fn groups_are_asked_for_by_their_members(engine: Engine) {
    let place = Place::new(engine).await;
    let user = place.user("ada").await;
    let full = place.group("Full", &[person(&user)]).await;
    let empty = place.group("Empty", &[]).await;
    let matching = async |of: Predicate<GroupTerm>| {
        let mut tx = place.read().await;
        let found = tx
            .list_groups(place.directory, &of, Sorting::default(), ALL)
            .await
            .unwrap();
        let counted = tx.count_groups(place.directory, &of).await.unwrap();
        assert_eq!(counted, found.len() as u64);
        found.into_iter().map(|group| group.id).collect::<Vec<_>>()
    };
    let has = |of| Predicate::Term(of);
    assert_eq!(matching(has(GroupTerm::Member(user.id.0))).await, [full.id]);
    assert_eq!(matching(has(GroupTerm::Member(Uuid::nil()))).await, []);
    assert_eq!(matching(has(GroupTerm::HasMembers)).await, [full.id]);
    assert_eq!(matching(not(has(GroupTerm::HasMembers))).await, [empty.id]);
    let long_ago: Timestamp = now() - SignedDuration::from_hours(1);
    assert_eq!(
        matching(has(GroupTerm::Modified(Order::After, long_ago))).await,
        [full.id, empty.id]
    );
    assert_eq!(
        matching(has(GroupTerm::Created(Order::AtOrBefore, long_ago))).await,
        []
    );
    let in_group = term(UserTerm::InGroup(full.id.0));
    assert_eq!(super::lists::matching(&place, in_group).await, ["ada"]);
}
