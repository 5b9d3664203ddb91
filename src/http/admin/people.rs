//! `/api/v1/tenants/{tenant}/people`: the roster that employees are picked from.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, given, nullable, parse_query};
use super::list::Page;
use crate::accounts::Accounts;
use crate::accounts::people::{self, PersonPatch};
use crate::directory::email::is_address;
use crate::directory::query::RosterFilter;
use crate::directory::{EntityId, Person, PersonId, UserId};
use crate::http::clock;
use crate::http::extract::{FullTenantAdmin, TenantAdmin, UrlIds};
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, update, delete));
    section(
        "people",
        "The roster of the company's people, from whom employees are picked. Being on it gives no access.",
        routes,
    )
}

/// Somebody of the roster.
#[derive(Serialize, ToSchema)]
struct PersonView {
    id: Uuid,
    first_name: String,
    last_name: String,
    employee_number: Option<String>,
    email: Option<String>,
    entity_id: Option<Uuid>,
    /// The account that the person has.
    user_id: Option<Uuid>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

impl PersonView {
    fn new(person: Person, holder: Option<UserId>) -> Self {
        Self {
            id: person.id.0,
            first_name: person.first_name,
            last_name: person.last_name,
            employee_number: person.employee_number,
            email: person.email,
            entity_id: person.entity.map(|id| id.0),
            user_id: holder.map(|id| id.0),
            created_at: person.created_at.to_string(),
            modified_at: person.modified_at.to_string(),
        }
    }
}

/// Which people of the roster a list is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PeopleQuery {
    /// Part of the name or the address in any case, or the whole employee number.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Nobody who has an account.
    #[param(schema_with = flags)]
    without_access: Option<String>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn flags() -> Object {
    one_of(["true", "false"])
}

/// The roster, by id. Administrators of a part see that part.
#[utoipa::path(get, path = "/tenants/{tenant}/people", params(PeopleQuery),
    responses((status = 200, body = Page<PersonView>)))]
async fn list(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    uri: Uri,
) -> Result<Json<Page<PersonView>>, Problem> {
    let query: PeopleQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let text = query.q.map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty());
    if let Some(text) = &text {
        fields.text("q", text, 200);
    }
    let flag = query.without_access.as_deref();
    let without_access =
        flag.map(|word| fields.word("without_access", word.parse::<bool>().ok(), &["true", "false"]));
    let after = query.cursor.as_deref().map(PersonId::from_str);
    if matches!(after, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let filter = RosterFilter {
        text,
        without_access: without_access.flatten().unwrap_or(false),
        within: None,
    };
    let after = after.and_then(Result::ok).map(|id| id.0);
    let (tenant, by) = (caller.tenant.id, caller.authority());
    let chunk = people::list(&on, tenant, &by, filter, after, u64::from(size)).await?;
    let items = chunk.items.into_iter();
    Ok(Json(Page {
        items: items
            .map(|(person, holder)| PersonView::new(person, holder))
            .collect(),
        next_cursor: chunk.next.map(|id| id.to_string()),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPersonBody {
    #[schema(min_length = 1, max_length = 200)]
    first_name: String,
    #[schema(min_length = 1, max_length = 200)]
    last_name: String,
    /// Unique in the tenant.
    #[schema(min_length = 1, max_length = 100)]
    employee_number: Option<String>,
    /// To be offered in the form; nobody is found by it.
    #[schema(format = Email)]
    email: Option<String>,
    entity_id: Option<EntityId>,
}

/// Enters somebody.
#[utoipa::path(post, path = "/tenants/{tenant}/people", request_body = NewPersonBody,
    responses((status = 201, body = PersonView)))]
async fn create(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    JsonBody(body): JsonBody<NewPersonBody>,
) -> Result<(StatusCode, Json<PersonView>), Problem> {
    let mut fields = Fields::default();
    let first_name = fields.name("first_name", &body.first_name);
    let last_name = fields.name("last_name", &body.last_name);
    let employee_number = number(&mut fields, body.employee_number);
    let email = email(&mut fields, body.email);
    fields.finish()?;
    let origin = caller.origin();
    let new = Person {
        id: PersonId(clock::random_id()),
        first_name,
        last_name,
        employee_number,
        email,
        entity: body.entity_id,
        created_at: origin.at,
        modified_at: origin.at,
    };
    let person = people::create(&on, caller.tenant.id, &caller.authority(), new, origin).await?;
    Ok((StatusCode::CREATED, Json(PersonView::new(person, None))))
}

/// Somebody of the roster.
#[utoipa::path(get, path = "/tenants/{tenant}/people/{id}", responses((status = 200, body = PersonView)))]
async fn read(
    State(on): State<Accounts>,
    caller: TenantAdmin,
    ids: UrlIds,
) -> Result<Json<PersonView>, Problem> {
    let id = ids.find("id", "person")?;
    show(&on, &caller, id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
struct PersonPatchBody {
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    last_name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    employee_number: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = Email)]
    email: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<EntityId>)]
    entity_id: Option<Option<EntityId>>,
}

/// Changes somebody. The account of an employee takes their name over.
#[utoipa::path(patch, path = "/tenants/{tenant}/people/{id}", request_body = PersonPatchBody,
    responses((status = 200, body = PersonView)))]
async fn update(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
    JsonBody(body): JsonBody<PersonPatchBody>,
) -> Result<Json<PersonView>, Problem> {
    let id = ids.find("id", "person")?;
    let mut fields = Fields::default();
    let patch = PersonPatch {
        first_name: body.first_name.map(|name| fields.name("first_name", &name)),
        last_name: body.last_name.map(|name| fields.name("last_name", &name)),
        employee_number: body.employee_number.map(|text| number(&mut fields, text)),
        email: body.email.map(|text| email(&mut fields, text)),
        entity: body.entity_id,
    };
    fields.finish()?;
    let (tenant, by, origin) = (caller.tenant.id, caller.authority(), caller.origin());
    people::update(&on, tenant, &by, id, patch, origin).await?;
    show(&on, &caller, id).await
}

/// Takes somebody without access off the roster.
#[utoipa::path(delete, path = "/tenants/{tenant}/people/{id}", responses((status = 204)))]
async fn delete(
    State(on): State<Accounts>,
    caller: FullTenantAdmin,
    ids: UrlIds,
) -> Result<StatusCode, Problem> {
    let id = ids.find("id", "person")?;
    people::remove(&on, caller.tenant.id, &caller.authority(), id, caller.origin()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(on: &Accounts, caller: &TenantAdmin, id: PersonId) -> Result<Json<PersonView>, Problem> {
    let (person, holder) = people::find(on, caller.tenant.id, &caller.authority(), id).await?;
    Ok(Json(PersonView::new(person, holder)))
}

fn number(fields: &mut Fields, text: Option<String>) -> Option<String> {
    let text = text?.trim().to_owned();
    fields.text("employee_number", &text, 100);
    Some(text)
}

fn email(fields: &mut Fields, text: Option<String>) -> Option<String> {
    let text = text?.trim().to_owned();
    if !is_address(&text) {
        fields.refuse("email", "an e-mail address, ada@example.com");
    }
    Some(text)
}
