//! `/api/v1/tenants/{tenant}/imports`: people from CSV files, looked at first and made after somebody has confirmed.
//!
//! Here files are read and put into the form of a new person; the rules are the use cases'.

mod columns;
mod file;
mod rows;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Fields, JsonBody, parse_query};
use super::super::list::Page;
use super::ByHand;
use crate::accounts::imports::{self, NewImport};
use crate::accounts::{Accounts, catalogue, entities};
use crate::directory::ImportId;
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::Gateway;
use file::{CsvBody, File};
use rows::{Entities, Reading, employee_numbers};
use view::{ImportItemView, ImportPageView, ImportView};

/// After how many rows other requests have their turn.
const STRETCH: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(template))
        .routes(routes!(read, cancel))
        .routes(routes!(confirm));
    section(
        "imports",
        "People from CSV files, in tenants without single sign-on.",
        routes,
    )
}

/// Reads a file of people and judges each row as the form would. Nobody is made before `.../confirm`.
///
/// UTF-8, up to 5 MiB and 10,000 rows, parted by commas, semicolons or tabs; the first line names the columns, in English
/// or in French. A column that is not known is named in the answer and passed over.
#[utoipa::path(post, path = "/tenants/{tenant}/imports",
    request_body(content = String, content_type = "text/csv"),
    responses((status = 201, body = ImportView),
        (status = 415, body = ProblemView, content_type = "application/problem+json", description = "Another type than `text/csv`, or another charset than UTF-8.")))]
async fn create(
    State(on): State<Accounts>,
    ByHand(admin): ByHand,
    CsvBody(body): CsvBody,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let file = File::read(&body)?;
    let (tenant, by, origin) = (&admin.tenant, admin.authority(), admin.origin());
    let catalogue = catalogue::load(&on, tenant.id).await?;
    let employees = imports::find_employees(&on, tenant.id, &employee_numbers(&file)).await?;
    let reading = Reading {
        on: &on,
        tenant,
        catalogue: &catalogue,
        employees: &employees,
        entities: Entities::of(&entities::list(&on, tenant.id, &by).await?),
        file: &file,
        now: origin.at,
    };
    let mut rows = Vec::with_capacity(file.rows.len());
    for stretch in file.rows.chunks(STRETCH) {
        rows.extend(stretch.iter().map(|row| reading.read(row)));
        tokio::task::yield_now().await;
    }
    let new = NewImport {
        id: ImportId(clock::random_id()),
        headers: file.headers.clone(),
    };
    let made = imports::create(&on, tenant.id, &by, new, (rows, &employees), origin).await?;
    Ok((StatusCode::CREATED, Json(ImportView::new(made))))
}

/// Imports that are not forgotten yet, the newest first: those that the caller has sent, and of whoever manages the whole
/// tenant all. How far one is says `.../imports/{id}`.
#[utoipa::path(get, path = "/tenants/{tenant}/imports", params(RowsQuery),
    responses((status = 200, body = Page<ImportItemView>)))]
async fn list(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    uri: Uri,
) -> Result<Json<Page<ImportItemView>>, Problem> {
    let query: RowsQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let behind = query.cursor.as_deref().map(str::parse).transpose();
    if behind.is_err() {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let (by, actor) = (caller.authority(), caller.origin().actor);
    let behind = behind.unwrap_or_default();
    let found = imports::list(&on, caller.tenant.id, (&by, actor), clock::now(), behind, size).await?;
    Ok(Json(Page {
        items: found.items.into_iter().map(ImportItemView::from).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// An empty file with every column that is understood.
#[utoipa::path(get, path = "/tenants/{tenant}/imports/template.csv",
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn template(_: TenantAdmin) -> Response {
    let columns: Vec<&str> = columns::fields().collect();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"people.csv\""),
    ];
    (headers, format!("{}\r\n", columns.join(","))).into_response()
}

/// A page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RowsQuery {
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// An import, how far it is, and its rows in the order of the file. It is seen by who has sent it and by whoever manages the
/// whole tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/imports/{id}", params(RowsQuery),
    responses((status = 200, body = ImportPageView)))]
async fn read(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
    uri: Uri,
) -> Result<Json<ImportPageView>, Problem> {
    let id = ids.find("id", "import")?;
    let query: RowsQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let after = query.cursor.as_deref().map_or(Some(0), |text| text.parse().ok());
    if after.is_none() {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let (by, actor) = (caller.authority(), caller.origin().actor);
    let tenant = caller.tenant.id;
    let found = imports::find(&on, tenant, (&by, actor), id, clock::now()).await?;
    let rows = imports::list_rows(&on, tenant, id, after.unwrap_or_default(), size).await?;
    Ok(Json(ImportPageView::new(found, rows, size)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    /// Whether people are made although rows are refused, without those; false when absent.
    #[serde(default)]
    #[schema(required = false)]
    skip_refused: bool,
}

/// Has the people of an import made, on the caller's authority: should the caller lose it meanwhile, the import stops. Each
/// row is judged once more when its person is made. 409 `import_rows_refused` when rows are refused and that is not said to be
/// passed over.
#[utoipa::path(post, path = "/tenants/{tenant}/imports/{id}/confirm", request_body = ConfirmBody,
    responses((status = 202, body = ImportView)))]
async fn confirm(
    State(on): State<Accounts>,
    ByHand(admin): ByHand,
    ids: UrlIds,
    JsonBody(body): JsonBody<ConfirmBody>,
) -> Result<(StatusCode, Json<ImportView>), Problem> {
    let id = ids.find("id", "import")?;
    let (tenant, by, origin) = (admin.tenant.id, admin.authority(), admin.origin());
    let confirmed = imports::confirm(&on, tenant, by, id, body.skip_refused, origin).await?;
    Ok((StatusCode::ACCEPTED, Json(ImportView::new(confirmed))))
}

/// Removes an import. Whoever is not made yet is not made; whoever was made stays.
#[utoipa::path(delete, path = "/tenants/{tenant}/imports/{id}", responses((status = 204)))]
async fn cancel(State(on): State<Accounts>, caller: TenantAdmin, ids: UrlIds) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "import")?;
    imports::cancel(&on, caller.tenant.id, caller.authority(), id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}
