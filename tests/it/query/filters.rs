//! Random filters: text that the grammar accepts, about every attribute that a random resource has.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::population::{ENTERPRISE, Population, TEXTS, beginning};

/// A filter whose literals are still to be chosen: from the population, or from the texts.
#[derive(Debug, Clone)]
pub enum Shape {
    Compare {
        path: String,
        op: &'static str,
        literal: LiteralShape,
    },
    Present(String),
    Null(String, &'static str),
    ValuePath(String, Box<Shape>),
    Not(Box<Shape>),
    Joined(&'static str, Vec<Shape>),
}

/// How a literal comes about.
#[derive(Debug, Clone)]
pub enum LiteralShape {
    /// A text of the population or of the usual ones, changed or not.
    Text(Index, Change),
    /// The id of somebody, changed or not.
    Id(Index, Change),
    Bool(bool),
    /// Tenths of microseconds after the beginning, and in which notation.
    Instant(i64, bool),
}

#[derive(Debug, Clone, Copy)]
pub enum Change {
    None,
    Upper,
    Lower,
    FirstCharacter,
    LastCharacter,
    Longer,
    Empty,
}

const ORDERS: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];
const TEXT_OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => Just(Change::None),
        2 => Just(Change::Upper),
        2 => Just(Change::Lower),
        2 => Just(Change::FirstCharacter),
        1 => Just(Change::LastCharacter),
        1 => Just(Change::Longer),
        1 => Just(Change::Empty),
    ]
}

fn compare(
    path: impl Into<String>,
    ops: &[&'static str],
    literal: impl Strategy<Value = LiteralShape> + 'static,
) -> BoxedStrategy<Shape> {
    let path = path.into();
    (select(ops.to_vec()), literal)
        .prop_map(move |(op, literal)| Shape::Compare {
            path: path.clone(),
            op,
            literal,
        })
        .boxed()
}

/// Every question about one attribute of text.
fn about_text(path: impl Into<String>) -> BoxedStrategy<Shape> {
    let path = path.into();
    let literal = (any::<Index>(), change()).prop_map(|(index, change)| LiteralShape::Text(index, change));
    prop_oneof![
        8 => compare(path.clone(), &TEXT_OPERATORS, literal),
        1 => Just(Shape::Present(path.clone())),
        1 => select(vec!["eq", "ne"]).prop_map(move |op| Shape::Null(path.clone(), op)),
    ]
    .boxed()
}

fn about_id(path: &str) -> BoxedStrategy<Shape> {
    let literal = (any::<Index>(), change()).prop_map(|(index, change)| LiteralShape::Id(index, change));
    let path = path.to_owned();
    prop_oneof![
        6 => compare(path.clone(), &["eq", "eq", "eq", "ne", "sw", "gt", "le"], literal),
        1 => Just(Shape::Present(path)),
    ]
    .boxed()
}

fn about_bool(path: &str) -> BoxedStrategy<Shape> {
    let literal = any::<bool>().prop_map(LiteralShape::Bool);
    let path = path.to_owned();
    prop_oneof![
        4 => compare(path.clone(), &["eq", "ne"], literal),
        1 => Just(Shape::Present(path.clone())),
        1 => select(vec!["eq", "ne"]).prop_map(move |op| Shape::Null(path.clone(), op)),
    ]
    .boxed()
}

fn about_instant(path: &str) -> BoxedStrategy<Shape> {
    let literal = (-5..80_i64, any::<bool>()).prop_map(|(tenths, zulu)| LiteralShape::Instant(tenths, zulu));
    compare(path, &ORDERS, literal)
}

/// Questions about one element of a list; `more` are its own.
fn about_element(path: &str, more: Vec<BoxedStrategy<Shape>>) -> BoxedStrategy<Shape> {
    let path = path.to_owned();
    let leaf = proptest::strategy::Union::new(more).boxed();
    let inner = prop_oneof![
        2 => leaf.clone(),
        3 => proptest::collection::vec(leaf.clone(), 2..4).prop_map(|parts| Shape::Joined("and", parts)),
        1 => proptest::collection::vec(leaf.clone(), 2..3).prop_map(|parts| Shape::Joined("or", parts)),
        1 => leaf.prop_map(|part| Shape::Not(Box::new(part))),
    ];
    inner
        .prop_map(move |inner| Shape::ValuePath(path.clone(), Box::new(inner)))
        .boxed()
}

fn common() -> Vec<BoxedStrategy<Shape>> {
    vec![
        about_id("id"),
        about_text("externalId"),
        about_text("externalId"),
        about_text("displayName"),
        about_text("displayName"),
        about_instant("meta.created"),
        about_instant("meta.lastModified"),
        about_text("meta.resourceType"),
    ]
}

fn combined(leaves: Vec<BoxedStrategy<Shape>>) -> BoxedStrategy<Shape> {
    proptest::strategy::Union::new(leaves)
        .prop_recursive(3, 12, 3, |inner| {
            let several = proptest::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                2 => several.clone().prop_map(|parts| Shape::Joined("and", parts)),
                2 => several.prop_map(|parts| Shape::Joined("or", parts)),
                1 => inner.prop_map(|part| Shape::Not(Box::new(part))),
            ]
        })
        .boxed()
}

/// A random filter on people.
pub fn of_people() -> BoxedStrategy<Shape> {
    let mut leaves = common();
    leaves.extend([
        about_text("userName"),
        about_text("urn:ietf:params:scim:schemas:core:2.0:User:userName"),
        about_text("nickName"),
        about_text("title"),
        about_text("name.familyName"),
        about_text("emails"),
        about_text("emails.value"),
        about_text("emails.value"),
        about_text("emails.type"),
        about_bool("emails.primary"),
        about_text("emails.display"),
        about_bool("active"),
        about_text(format!("{ENTERPRISE}:manager.value")),
        about_text(format!("{ENTERPRISE}:manager.value")),
        about_text(format!("{ENTERPRISE}:department")),
        about_id("groups.value"),
        about_id("groups"),
        about_text("groups.display"),
        select(vec!["emails", "name", "groups", "meta", "schemas"])
            .prop_map(|path| Shape::Present(path.to_owned()))
            .boxed(),
    ]);
    let email = || {
        vec![
            about_text("value"),
            about_text("value"),
            about_text("type"),
            about_bool("primary"),
        ]
    };
    leaves.extend([
        about_element("emails", email()),
        about_element("emails", email()),
        about_element("groups", vec![about_id("value"), about_text("display")]),
    ]);
    combined(leaves)
}

/// A random filter on groups.
pub fn of_groups() -> BoxedStrategy<Shape> {
    let mut leaves = common();
    leaves.extend([
        about_id("members.value"),
        about_id("members.value"),
        about_id("members"),
        about_text("members.type"),
        Just(Shape::Present("members".to_owned())).boxed(),
        about_element(
            "members",
            vec![about_id("value"), about_id("value"), about_text("type")],
        ),
    ]);
    combined(leaves)
}

impl Shape {
    /// The filter's text, with literals that the population makes interesting.
    pub fn text(&self, of: &Population) -> String {
        match self {
            Self::Compare { path, op, literal } => format!("{path} {op} {}", literal.text(of)),
            Self::Present(path) => format!("{path} pr"),
            Self::Null(path, op) => format!("{path} {op} null"),
            Self::ValuePath(path, inner) => format!("{path}[{}]", inner.text(of)),
            Self::Not(inner) => format!("not ({})", inner.text(of)),
            Self::Joined(word, parts) => {
                let parts: Vec<String> = parts.iter().map(|part| format!("({})", part.text(of))).collect();
                parts.join(&format!(" {word} "))
            }
        }
    }
}

impl LiteralShape {
    fn text(&self, of: &Population) -> String {
        match self {
            Self::Text(index, change) => {
                let mut known: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
                known.extend(["work", "User", "Group"].map(str::to_owned));
                for (_, resource) in of.people.iter().chain(&of.groups) {
                    gather(&Value::Object(resource.clone()), &mut known);
                }
                let chosen: &String = index.get(&known);
                quoted(&change.of(chosen))
            }
            Self::Id(index, change) => {
                let nobody = (uuid::Uuid::nil(), serde_json::Map::new());
                let known: Vec<_> = of.people.iter().chain(&of.groups).chain([&nobody]).collect();
                quoted(&change.of(&index.get(&known).0.to_string()))
            }
            Self::Bool(value) => value.to_string(),
            Self::Instant(tenths, zulu) => {
                let at = beginning() + jiff::SignedDuration::from_nanos(tenths * 100);
                // Entra asks with seven digits, others with an offset.
                let text = if *zulu {
                    format!("{at:.7}")
                } else {
                    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
                    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%.7f%:z").to_string()
                };
                quoted(&text)
            }
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Every text of a resource but ids, addresses and times, whose every change would be a new one.
fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() < 30 => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(members) => members.values().for_each(|member| gather(member, found)),
        _ => {}
    }
}

impl Change {
    fn of(self, text: &str) -> String {
        match self {
            Self::None => text.to_owned(),
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::FirstCharacter => text.chars().take(1).collect(),
            Self::LastCharacter => text.chars().last().into_iter().collect(),
            Self::Longer => format!("{text}a"),
            Self::Empty => String::new(),
        }
    }
}
