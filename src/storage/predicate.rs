//! Neutral questions as SQL. Every term is two-valued (`IS NOT NULL AND ...`), so that NOT means what it says.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::micros;
use super::statement::{Bind, Statement};
use crate::directory::MemberKind;
use crate::directory::query::{EmailTest, GroupTerm, MemberTerm, Order, Predicate, TextTest, UserTerm};

/// The SQL name of a text column, written out so that statements hold only text of ours.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    nullable: bool,
}

/// A term that can be written as a condition; `$1` is the tenant in every statement.
pub(super) trait Condition {
    fn write(&self, sql: &mut Statement);
}

impl<T: Condition> Condition for Predicate<T> {
    fn write(&self, sql: &mut Statement) {
        match self {
            Self::Term(term) => term.write(sql),
            Self::Not(inner) => {
                sql.push("NOT (");
                inner.write(sql);
                sql.push(")");
            }
            Self::All(parts) if parts.is_empty() => _ = sql.push("1 = 1"),
            Self::Any(parts) if parts.is_empty() => _ = sql.push("1 = 0"),
            Self::All(parts) => join(parts, " AND ", sql),
            Self::Any(parts) => join(parts, " OR ", sql),
        }
    }
}

fn join<T: Condition>(parts: &[Predicate<T>], word: &'static str, sql: &mut Statement) {
    sql.push("(");
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            sql.push(word);
        }
        part.write(sql);
    }
    sql.push(")");
}

impl Condition for UserTerm {
    fn write(&self, sql: &mut Statement) {
        match self {
            Self::Id(id) => _ = sql.push("u.id = ").bind(Bind::Uuid(*id)),
            Self::IdIn(ids) => _ = sql.push("u.id IN ").bind_ids(ids),
            Self::UserName(test) => text(
                Column {
                    name: "u.user_name_key",
                    nullable: false,
                },
                test,
                sql,
            ),
            Self::DisplayName(test) => text(
                Column {
                    name: "u.display_name_key",
                    nullable: true,
                },
                test,
                sql,
            ),
            Self::ExternalId(test) => text(
                Column {
                    name: "u.external_id",
                    nullable: true,
                },
                test,
                sql,
            ),
            Self::Manager(test) => text(
                Column {
                    name: "u.manager_key",
                    nullable: true,
                },
                test,
                sql,
            ),
            Self::Email(test) => email(test, sql),
            Self::HasActive => _ = sql.push("u.active IS NOT NULL"),
            Self::Active(active) => {
                sql.push("(u.active IS NOT NULL AND u.active = ")
                    .bind(Bind::Boolean(*active))
                    .push(")");
            }
            Self::Created(order, at) => instant("u.created_at", *order, *at, sql),
            Self::Modified(order, at) => instant("u.modified_at", *order, *at, sql),
            Self::InGroup(group) => {
                // A group that was deleted may have left rows behind.
                sql.push("((SELECT d.id FROM groups d WHERE d.tenant_id = $1 AND d.id = ")
                    .bind(Bind::Uuid(*group));
                sql.push(
                    ") IS NOT NULL AND u.id IN \
                     (SELECT m.member_id FROM group_members m WHERE m.tenant_id = $1 AND m.group_id = ",
                );
                sql.bind(Bind::Uuid(*group)).push("))");
            }
        }
    }
}

impl Condition for GroupTerm {
    fn write(&self, sql: &mut Statement) {
        match self {
            Self::Id(id) => _ = sql.push("g.id = ").bind(Bind::Uuid(*id)),
            Self::IdIn(ids) => _ = sql.push("g.id IN ").bind_ids(ids),
            Self::DisplayName(test) => text(
                Column {
                    name: "g.display_name_key",
                    nullable: false,
                },
                test,
                sql,
            ),
            Self::ExternalId(test) => text(
                Column {
                    name: "g.external_id",
                    nullable: true,
                },
                test,
                sql,
            ),
            Self::Member(id) => member(*id, sql),
            // Not EXISTS: SQLite 3.51 turns it into a join that an OFFSET then counts the rows of. Nor IN, which would
            // collect every membership of the tenant.
            Self::HasMembers => {
                sql.push(
                    "(SELECT m.member_id FROM group_members m WHERE m.tenant_id = $1 AND m.group_id = g.id LIMIT 1) \
                     IS NOT NULL",
                );
            }
            Self::HasMemberOf(kind) => {
                sql.push(
                    "(SELECT m.member_id FROM group_members m WHERE m.tenant_id = $1 AND m.group_id = g.id \
                     AND m.is_group = ",
                );
                sql.bind(Bind::Boolean(*kind == MemberKind::Group))
                    .push(" LIMIT 1) IS NOT NULL");
            }
            Self::Created(order, at) => instant("g.created_at", *order, *at, sql),
            Self::Modified(order, at) => instant("g.modified_at", *order, *at, sql),
        }
    }
}

impl Condition for MemberTerm {
    fn write(&self, sql: &mut Statement) {
        match self {
            Self::Id(id) => _ = sql.push("m.member_id = ").bind(Bind::Uuid(*id)),
            Self::Kind(kind) => {
                sql.push("m.is_group = ")
                    .bind(Bind::Boolean(*kind == MemberKind::Group));
            }
        }
    }
}

fn instant(column: &'static str, order: Order, at: Timestamp, sql: &mut Statement) {
    sql.push(column).push(sign(order)).bind(Bind::Integer(micros(at)));
}

fn member(id: Uuid, sql: &mut Statement) {
    sql.push("g.id IN (SELECT m.group_id FROM group_members m WHERE m.tenant_id = $1 AND m.member_id = ");
    sql.bind(Bind::Uuid(id)).push(")");
}

fn email(test: &EmailTest, sql: &mut Statement) {
    sql.push("u.id IN (SELECT e.user_id FROM user_emails e WHERE e.tenant_id = $1");
    if let Some(value) = &test.value {
        sql.push(" AND ");
        text(
            Column {
                name: "e.value_key",
                nullable: false,
            },
            value,
            sql,
        );
    }
    if let Some(kind) = &test.type_key {
        sql.push(" AND e.type_key = ").bind(Bind::Text(kind.clone()));
    }
    if let Some(primary) = test.primary {
        sql.push(" AND e.is_primary = ").bind(Bind::Boolean(primary));
    }
    sql.push(")");
}

fn text(column: Column, test: &TextTest, sql: &mut Statement) {
    match test {
        // An empty text counts as absent, as the evaluator has it.
        TextTest::Present => compare(column, " > ", "", sql),
        TextTest::Equals(value) => compare(column, " = ", value, sql),
        TextTest::StartsWith(prefix) => {
            sql.push("(");
            compare(column, " >= ", prefix, sql);
            if let Some(end) = successor(prefix) {
                sql.push(" AND ");
                compare(column, " < ", &end, sql);
            }
            sql.push(")");
        }
        TextTest::Ordered(order, value) => compare(column, sign(*order), value, sql),
    }
}

fn compare(column: Column, sign: &'static str, value: &str, sql: &mut Statement) {
    if column.nullable {
        sql.push("(").push(column.name).push(" IS NOT NULL AND ");
    }
    sql.push(column.name)
        .push(sign)
        .bind(Bind::Text(value.to_owned()));
    if column.nullable {
        sql.push(")");
    }
}

fn sign(order: Order) -> &'static str {
    match order {
        Order::Equal => " = ",
        Order::After => " > ",
        Order::AtOrAfter => " >= ",
        Order::Before => " < ",
        Order::AtOrBefore => " <= ",
    }
}

/// The smallest text that sorts after every text with this prefix, by code points; `None` when there is none.
fn successor(prefix: &str) -> Option<String> {
    let mut rest: Vec<char> = prefix.chars().collect();
    while let Some(last) = rest.pop() {
        let next = match last {
            char::MAX => continue,
            '\u{D7FF}' => '\u{E000}', // the surrogates between are no characters
            other => char::from_u32(u32::from(other) + 1)?,
        };
        rest.push(next);
        return Some(rest.into_iter().collect());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert_eq!(successor(""), None);
    }
}
