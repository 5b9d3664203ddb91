//! Random requests: what providers send, what they might, and what they must not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use crate::scim::message::{ENTERPRISE, GROUP, USER};

/// A request that is still to be told whom it is about.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static str,
    pub collection: &'static str,
    /// Which resource of the directory; none for a POST and a list.
    pub one: Option<Index>,
    pub query: &'static str,
    pub headers: Map<String, Value>,
    pub body: Body,
}

/// A body, in which `@0`, `@1`, ... stand for the ids of the directory's people and groups.
#[derive(Debug, Clone)]
pub enum Body {
    None,
    Json(Value),
    Text(&'static str),
}

/// Makes the directory: people and groups that requests can meet.
pub fn first_requests() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/Users",
            json!({"userName": "ada", "externalId": "x1", "active": true, "title": "Dr",
            "name": {"givenName": "Ada", "familyName": "Byron"},
            "emails": [{"value": "ada@work.example", "type": "work", "primary": true}, {"value": "ada@home.example", "type": "home"}],
            ENTERPRISE: {"department": "Engines", "manager": {"value": "boss", "$ref": "../Users/boss"}}}),
        ),
        (
            "/Users",
            json!({"userName": "bob", "externalId": "x2", "active": false}),
        ),
        (
            "/Users",
            json!({"userName": "eve", "roles": [{"value": "admin", "primary": true}], "profileUrl": "http://eve.example"}),
        ),
        (
            "/Groups",
            json!({"displayName": "all", "members": [{"value": "@0"}, {"value": "@1"}]}),
        ),
        ("/Groups", json!({"displayName": "none", "externalId": "g2"})),
    ]
}

fn some_text() -> impl Strategy<Value = Value> {
    select(vec![
        json!("ada"),
        json!("BOB"),
        json!("new"),
        json!("x1"),
        json!("x2"),
        json!("é"),
        json!(""),
        json!(null),
        json!(7),
        json!({"a": 1}),
        json!(["x"]),
    ])
}

fn some_flag() -> impl Strategy<Value = Value> {
    select(vec![
        json!(true),
        json!(false),
        json!("True"),
        json!("FALSE"),
        json!("no"),
        json!(null),
        json!(1),
        json!([true]),
    ])
}

fn some_emails() -> impl Strategy<Value = Value> {
    select(vec![
        json!([{"value": "new@work.example", "type": "work"}]),
        json!([{"value": "ada@work.example", "type": "work", "primary": "True"}, {"value": "ada@home.example", "type": "home"}]),
        json!([{"value": "p@x", "primary": true}, {"value": "q@x", "primary": true}]),
        json!({"value": "lone@x", "primary": true}),
        json!("bare@x"),
        json!(["bare@x", "other@x"]),
        json!([]),
        json!([{}]),
        json!(null),
        json!([{"value": null}]),
        json!({"shoe": 1}),
        json!([{"value": 7}]),
        json!("True"),
        json!(""),
    ])
}

fn some_manager() -> impl Strategy<Value = Value> {
    select(vec![
        json!("@0"),
        json!(""),
        json!({"value": "m"}),
        json!([{"value": "m", "$ref": "r"}]),
        json!([]),
        json!(null),
        json!({"value": ""}),
        json!({"value": null}),
        json!({"displayName": "Boss"}),
        json!([{"value": "a"}, {"value": "b"}]),
    ])
}

fn some_name() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"givenName": "New"}),
        json!({"familyName": null}),
        json!({"givenName": "A", "shoe": 1}),
        json!({}),
        json!(null),
        json!("Ada"),
        json!({"FORMATTED": "A B"}),
    ])
}

fn some_members() -> impl Strategy<Value = Value> {
    select(vec![
        json!([{"value": "@0"}]),
        json!([{"value": "@1", "$ref": null}, {"value": "@2", "display": "d"}]),
        json!([]),
        json!(null),
        json!([{"value": "@4"}]),
        json!([{"value": "nobody"}]),
        json!([{"value": ""}]),
        json!([{}]),
        json!("@2"),
        json!({"value": "@1"}),
        json!([{"value": "@3"}]),
        json!([{"value": "@0"}, {"value": "@0"}]),
    ])
}

/// The attributes that requests are about, with values for each.
fn some_attribute(of_people: bool) -> BoxedStrategy<(&'static str, Value)> {
    let named = |name: &'static str, values: BoxedStrategy<Value>| {
        values.prop_map(move |value| (name, value)).boxed()
    };
    let mut all = vec![
        named("externalId", some_text().boxed()),
        named("displayName", some_text().boxed()),
        named("id", some_text().boxed()),
        named("meta", some_name().boxed()),
        named("shoeSize", some_text().boxed()),
    ];
    if of_people {
        all.extend([
            named("userName", some_text().boxed()),
            named("active", some_flag().boxed()),
            named("active", some_flag().boxed()),
            named("title", some_text().boxed()),
            named("NICKNAME", some_text().boxed()),
            named("profileUrl", some_text().boxed()),
            named("emails", some_emails().boxed()),
            named("emails", some_emails().boxed()),
            named("roles", some_emails().boxed()),
            named("name", some_name().boxed()),
            named("manager", some_manager().boxed()),
            named("department", some_text().boxed()),
            named("password", some_text().boxed()),
            named("groups", some_members().boxed()),
        ]);
    } else {
        all.extend([
            named("members", some_members().boxed()),
            named("members", some_members().boxed()),
        ]);
    }
    proptest::strategy::Union::new(all).boxed()
}

fn some_path(of_people: bool) -> BoxedStrategy<(Option<&'static str>, Value)> {
    let with = |paths: Vec<&'static str>, values: BoxedStrategy<Value>| {
        (select(paths), values)
            .prop_map(|(path, value)| (Some(path), value))
            .boxed()
    };
    let whole = some_attribute(of_people)
        .prop_map(|(name, value)| (Some(name), value))
        .boxed();
    let pathless = vec(some_attribute(of_people), 0..4)
        .prop_map(|members| {
            (
                None,
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Map<_, _>>()
                    .into(),
            )
        })
        .boxed();
    let odd = with(
        vec![
            "bogus",
            "emails[",
            "urn:x:y",
            "",
            "members.bogus",
            "emails[type eq work]",
        ],
        some_text().boxed(),
    );
    let mut all = vec![whole, pathless, odd];
    if of_people {
        all.extend([
            with(
                vec![
                    "name.givenName",
                    "name.familyName",
                    "emails[type eq \"work\"].value",
                    "emails[type eq \"other\"].value",
                    "emails[primary eq \"True\"].value",
                    "emails.value",
                    "emails[value co \"ada\"].display",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department",
                    "manager.value",
                ],
                some_text().boxed(),
            ),
            with(
                vec![
                    "emails[type eq \"home\"]",
                    "emails[type eq \"none\"]",
                    "roles[primary eq true]",
                ],
                some_emails().boxed(),
            ),
            with(
                vec!["emails[type eq \"work\"].primary", "roles.primary"],
                some_flag().boxed(),
            ),
        ]);
    } else {
        all.extend([with(
            vec![
                "members[value eq \"@0\"]",
                "members[value sw \"0\"]",
                "members[type eq \"User\"]",
            ],
            some_members().boxed(),
        )]);
    }
    proptest::strategy::Union::new(all).boxed()
}

fn some_operation(of_people: bool) -> impl Strategy<Value = Value> {
    let op = select(vec![
        "add", "Add", "replace", "Replace", "replace", "remove", "Remove", "move",
    ]);
    (op, some_path(of_people), prop::bool::weighted(0.9)).prop_map(|(op, (path, value), valued)| {
        let mut operation = json!({"op": op});
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        let needed = !op.eq_ignore_ascii_case("remove");
        if valued && (needed || op == "Remove") {
            operation["value"] = value;
        }
        operation
    })
}

/// Operations that are accepted as a rule: among random ones alone hardly any PATCH would change something.
fn sound_operation(of_people: bool) -> BoxedStrategy<Value> {
    let all = if of_people {
        vec![
            json!({"op": "add", "path": "title", "value": "T1"}),
            json!({"op": "Replace", "path": "title", "value": "T2"}),
            json!({"op": "remove", "path": "title"}),
            json!({"op": "Replace", "path": "active", "value": "False"}),
            json!({"op": "replace", "path": "active", "value": true}),
            json!({"op": "remove", "path": "active"}),
            json!({"op": "replace", "path": "userName", "value": "renamed"}),
            json!({"op": "replace", "path": "externalId", "value": "x9"}),
            json!({"op": "remove", "path": "externalId"}),
            json!({"op": "replace", "value": {"displayName": "D", "name.givenName": "G", "shoeSize": 4}}),
            json!({"op": "add", "path": "name", "value": {"middleName": "M", "familyName": null}}),
            json!({"op": "remove", "path": "name"}),
            json!({"op": "add", "path": "emails[type eq \"other\"].value", "value": "o@x"}),
            json!({"op": "add", "path": "emails", "value": [{"value": "p@x", "type": "work", "primary": true}]}),
            json!({"op": "remove", "path": "emails[type eq \"home\"]"}),
            json!({"op": "replace", "path": "emails", "value": {"value": "lone@x"}}),
            json!({"op": "remove", "path": "emails"}),
            json!({"op": "Add", "path": "manager", "value": "m"}),
            json!({"op": "Replace", "path": "manager", "value": ""}),
            json!({"op": "replace", "path": "manager", "value": [{"value": "n", "$ref": "../Users/n"}]}),
            json!({"op": "add", "path": "department", "value": "D"}),
            json!({"op": "remove", "path": ENTERPRISE}),
            json!({"op": "add", "path": "roles", "value": [{"value": "r", "primary": "True"}]}),
            json!({"op": "remove", "path": "roles", "value": [{"value": "admin"}]}),
        ]
    } else {
        vec![
            json!({"op": "Add", "path": "members", "value": [{"$ref": null, "value": "@2"}]}),
            json!({"op": "add", "path": "members", "value": [{"value": "@0"}, {"value": "@1"}]}),
            json!({"op": "Remove", "path": "members", "value": [{"value": "@0"}]}),
            json!({"op": "remove", "path": "members[value eq \"@1\"]"}),
            json!({"op": "replace", "path": "members", "value": [{"value": "@2"}]}),
            json!({"op": "remove", "path": "members"}),
            json!({"op": "replace", "path": "displayName", "value": "renamed"}),
            json!({"op": "replace", "value": {"id": "x", "displayName": "other", "externalId": "g9"}}),
            json!({"op": "remove", "path": "externalId"}),
        ]
    };
    select(all).boxed()
}

fn some_resource(of_people: bool) -> impl Strategy<Value = Value> {
    let named = if of_people { "userName" } else { "displayName" };
    let schemas = select(vec![
        json!([if of_people { USER } else { GROUP }]),
        json!([
            if of_people { USER } else { GROUP },
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0User",
            "urn:x"
        ]),
        json!(["urn:scim:schemas:core:1.0"]),
        json!(null),
        json!(["urn:x"]),
    ]);
    let name = prop::option::weighted(0.9, select(vec!["ada", "bob", "fay", "gus", "all", "new"]));
    (schemas, name, vec(some_attribute(of_people), 0..5)).prop_map(move |(schemas, name, attributes)| {
        let mut body = Map::new();
        body.insert("schemas".to_owned(), schemas);
        if let Some(name) = name {
            body.insert(named.to_owned(), name.into());
        }
        for (name, value) in attributes {
            body.entry(name).or_insert(value);
        }
        body.into()
    })
}

fn some_headers() -> impl Strategy<Value = Map<String, Value>> {
    select(vec![
        json!({}),
        json!({}),
        json!({}),
        json!({}),
        json!({"If-Match": "W/\"1\""}),
        json!({"If-Match": "*"}),
        json!({"If-None-Match": "W/\"1\""}),
        json!({"If-Match": "W/\"99\""}),
    ])
    .prop_map(|headers| headers.as_object().cloned().unwrap_or_default())
}

/// Any request.
pub fn request() -> impl Strategy<Value = Request> {
    any::<bool>().prop_flat_map(|of_people| {
        let collection = if of_people { "/Users" } else { "/Groups" };
        let broken = || {
            select(vec![
                Body::Text("{\"userName\":"),
                Body::Text(""),
                Body::Text("[]"),
                Body::Json(json!(7)),
            ])
        };
        let resource = || prop_oneof![12 => some_resource(of_people).prop_map(Body::Json), 1 => broken()];
        let operations = prop_oneof![
            16 => vec(sound_operation(of_people), 1..5)
                .prop_map(|operations| Body::Json(super::asking::patch(&operations.into()))),
            8 => vec(some_operation(of_people), 1..4)
                .prop_map(|operations| Body::Json(super::asking::patch(&operations.into()))),
            1 => Just(Body::Json(super::asking::patch(&json!([])))),
            1 => broken(),
        ];
        let what = prop_oneof![
            4 => resource().prop_map(|body| ("POST", false, body)),
            4 => resource().prop_map(|body| ("PUT", true, body)),
            12 => operations.prop_map(|body| ("PATCH", true, body)),
            1 => Just(("DELETE", true, Body::None)),
            2 => Just(("GET", true, Body::None)),
            3 => Just(("GET", false, Body::None)),
        ];
        let one_query = select(vec![
            "",
            "",
            "",
            "?attributes=title",
            "?excludedAttributes=members",
            "?attributes=a&attributes=b",
        ]);
        let list_query = select(vec![
            "",
            "?filter=title%20pr",
            "?filter=userName%20eq%20%22ADA%22&count=1",
            "?filter=bogus%20pr",
            "?filter=emails%20co%20%22a%22&sortBy=title",
            "?startindex=2",
            "?count=x",
            "?filter=",
        ]);
        (what, any::<Index>(), one_query, list_query, some_headers()).prop_map(
            move |((method, one, body), index, one_query, list_query, headers)| Request {
                method,
                collection,
                one: one.then_some(index),
                query: if method == "GET" && !one {
                    list_query
                } else {
                    one_query
                },
                headers,
                body,
            },
        )
    })
}

/// Puts ids in the place of `@0` and the like.
pub fn resolve(value: &Value, ids: &[String]) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for (number, id) in ids.iter().enumerate() {
                text = text.replace(&format!("@{number}"), id);
            }
            Value::String(text)
        }
        Value::Array(items) => items.iter().map(|item| resolve(item, ids)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), resolve(value, ids)))
            .collect(),
        other => other.clone(),
    }
}
