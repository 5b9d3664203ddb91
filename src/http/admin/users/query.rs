//! What a list of people can be asked for.

use std::str::FromStr;

use axum::http::Uri;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::super::body::{Fields, parse_query_joining};
use super::view::{kinds, sources, statuses};
use crate::directory::query::PopulationFilter;
use crate::directory::{EntityId, UserId, UserKind, UserSource, UserStatus};
use crate::http::problem::Problem;

/// Which people a list is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Part of the userName, the display name or an e-mail address, in any case; or digits of a telephone number, three
    /// at least.
    #[param(max_length = 200)]
    q: Option<String>,
    #[param(schema_with = kinds)]
    kind: Option<String>,
    /// One or several, separated by commas or given again. Everybody who is not deleted when absent.
    #[param(schema_with = statuses)]
    status: Option<String>,
    #[param(schema_with = sources)]
    source: Option<String>,
    /// An entity's id: its people, and those of what lies below it.
    #[param(format = Uuid)]
    entity: Option<String>,
    /// The key of a permission group.
    #[param(min_length = 1, max_length = 100)]
    role: Option<String>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The same, understood.
pub(super) struct Asked {
    pub filter: PopulationFilter,
    pub size: u32,
    pub after: Option<Uuid>,
}

/// Reads the query, and tells everything that is wrong with it at once.
pub(super) fn read(uri: &Uri) -> Result<Asked, Problem> {
    let query: ListQuery = parse_query_joining(uri, "status")?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let text = query.q.map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty());
    if text.as_deref().is_some_and(|text| !is_plain(text, 200)) {
        fields.refuse("q", "up to 200 characters, none of them a control character");
    }
    if query.role.as_deref().is_some_and(|key| !is_plain(key, 100)) {
        fields.refuse(
            "role",
            "the key of a permission group: 1 to 100 characters, none of them a control character",
        );
    }
    let kinds = UserKind::ALL.map(UserKind::as_str);
    let kind = query
        .kind
        .as_deref()
        .and_then(|word| fields.word("kind", UserKind::parse(word), &kinds));
    let sources = UserSource::ALL.map(UserSource::as_str);
    let source = query.source.as_deref();
    let source = source.and_then(|word| fields.word("source", UserSource::parse(word), &sources));
    let accepted = UserStatus::ALL.map(UserStatus::as_str);
    let words = query.status.as_deref().map(|words| words.split(','));
    let known: Option<Option<Vec<_>>> = words.map(|words| words.map(UserStatus::parse).collect());
    let statuses = known.and_then(|known| fields.word("status", known, &accepted));
    let entity = query.entity.as_deref().map(EntityId::from_str);
    if matches!(entity, Some(Err(_))) {
        fields.refuse("entity", "the id of an entity of this tenant");
    }
    let after = query.cursor.as_deref().map(UserId::from_str);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let filter = PopulationFilter {
        text,
        kind,
        statuses: statuses.unwrap_or_default(),
        source,
        within: entity.and_then(Result::ok).map(|id| vec![id]),
        role: query.role,
    };
    let after = after.and_then(Result::ok).map(|id| id.0);
    Ok(Asked { filter, size, after })
}

fn is_plain(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
