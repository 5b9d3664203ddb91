//! The description of the API (OpenAPI 3.1), made from the routes themselves: a route below `/api/v1` cannot exist
//! without one.
//!
//! A handler says what is its own: what it does, takes and answers when all goes well. What follows from the form of
//! an operation - who may call it, what its address names, how it is refused - is added in [`form`], once for all.

mod form;
mod page;
mod schema;

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::ProblemView;
use super::state::Gateway;
use crate::directory::Slug;

pub(super) use page::routes as page_routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "The operator and admin API. JSON in and out; errors are RFC 9457 problem details with a \
                       stable `code`. A body is at most 1 MiB, a CSV file 5 MiB. Unknown fields of a body and unknown parameters of a \
                       list are refused. Times are UTC."
    ),
    components(schemas(ProblemView))
)]
struct Head;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = json!(super::described_routes().into_openapi());
    form::complete(&mut document);
    document
});

static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", *DOCUMENT));

/// The OpenAPI document as it is served at `/api/v1/openapi.json`: JSON, indented, with a line break at its end.
#[must_use]
pub fn text() -> &'static str {
    &TEXT
}

/// A router to which described ones are added.
pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::with_openapi(Head::openapi())
}

/// Puts routes under a heading. The heading is part of the operation ids, so that `list` may stand in many files.
pub(super) fn section(
    name: &str,
    description: &str,
    mut routes: OpenApiRouter<Gateway>,
) -> OpenApiRouter<Gateway> {
    let api = routes.get_openapi_mut();
    let tag = TagBuilder::new().name(name).description(Some(description));
    api.tags = Some(vec![tag.build()]);
    for path in api.paths.paths.values_mut() {
        let methods = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.patch,
            &mut path.delete,
        ];
        for operation in methods.into_iter().flatten() {
            operation.tags = Some(vec![name.to_owned()]);
            operation.operation_id = operation.operation_id.take().map(|id| format!("{name}.{id}"));
        }
    }
    routes
}

/// The schema of a text that is one of these words.
pub(super) fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(words))
        .build()
}

/// The same, or null.
pub(super) fn one_of_or_null(words: impl IntoIterator<Item = &'static str>) -> Object {
    let words = words.into_iter().map(|word| Some(word.to_owned()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.chain([None])))
        .build()
}

/// The schema of a tenant's name in URLs.
pub(super) fn slug() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .description(Some(Slug::ACCEPTED))
        .pattern(Some(Slug::PATTERN))
        .build()
}

/// The route of the document, below `/api/v1`.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(read));
    section("openapi", "What this API can do.", routes)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", security(()), responses((status = 200, body = Object)))]
async fn read() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], text())
}
