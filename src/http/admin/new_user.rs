//! `POST /api/v1/tenants/{tenant}/users` and `.../users/bulk`: accounts by hand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, read_fields};
use super::form::{self, Form};
use super::invitations::new_token;
use super::users::{UserView, kinds, languages};
use crate::accounts::invite::{self, Invited, NewPerson, Who};
use crate::accounts::{Accounts, catalogue};
use crate::directory::edit::NameEdit;
use crate::directory::grant::SaidRights;
use crate::directory::invitation::{Delivery, Progress};
use crate::directory::{
    AccessWindow, Catalogue, EntityId, InvitationId, Refusal, Tenant, TenantSettings, UserId, account,
};
use crate::http::clock;
use crate::http::extract::TenantAdmin;
use crate::http::openapi::section;
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::login::Login;

/// How many people one request may make.
const MOST: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(create))
        .routes(routes!(create_many));
    section(
        "new_users",
        "Accounts made by hand, in tenants without single sign-on.",
        routes,
    )
}

/// A caller in a tenant whose accounts are made by hand. It stands before the body in a handler's arguments: where
/// single sign-on makes the accounts, no body is read.
pub(super) struct ByHand(pub TenantAdmin);

impl<S> FromRequestParts<S> for ByHand
where
    Login: FromRef<S>,
    Accounts: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let admin = TenantAdmin::from_request_parts(parts, state).await?;
        account::check_by_hand(admin.tenant.sign_in)?;
        Ok(Self(admin))
    }
}

/// A new person. Fields that are null count as absent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUserBody {
    /// An employee is picked from the roster by `person_id`, which says their name; an external collaborator is named.
    #[schema(required = true, schema_with = kinds)]
    kind: Option<String>,
    /// Somebody of the roster without access.
    #[schema(format = Uuid)]
    person_id: Option<String>,
    #[schema(max_length = 200)]
    first_name: Option<String>,
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// The name in one piece, instead of `first_name` and `last_name`.
    #[schema(max_length = 200)]
    full_name: Option<String>,
    /// The person signs in by it, and the invitation goes there.
    #[schema(required = true, format = Email)]
    email: Option<String>,
    /// The same again; case and surrounding blanks do not matter.
    #[schema(required = true, format = Email)]
    email_confirmation: Option<String>,
    /// With the code of its country, or as it is dialled in the tenant's country.
    phone_landline: Option<String>,
    /// Likewise.
    phone_mobile: Option<String>,
    /// The language of mail and pages; the tenant's when absent.
    #[schema(schema_with = languages)]
    locale: Option<String>,
    /// The first day of access in the tenant's time zone; today when absent.
    #[schema(format = Date)]
    access_start: Option<String>,
    /// The last day of access in the tenant's time zone; without limit when absent.
    #[schema(format = Date)]
    access_end: Option<String>,
    /// Sections by key, opened or closed whatever the permission group says; null leaves one to the group.
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>)]
    sections: Option<BTreeMap<String, Option<bool>>>,
    /// The key of a permission group. `administrator` manages the whole tenant; `user` when absent.
    role: Option<String>,
    /// That of the roster when absent for an employee.
    entity_id: Option<Uuid>,
    /// Up to 20 short words: 1 to 63 of a-z, 0-9 and -.
    #[serde(default)]
    contact_tags: Option<Vec<String>>,
    /// A PIN or badge code of 4 to 32 characters. It is kept as a hash and never shown.
    #[schema(min_length = 4, max_length = 32)]
    access_code: Option<String>,
    /// Not offered yet: the invitation lets the person choose a password.
    temporary_password: Option<String>,
}

/// A person who was just made.
#[derive(Serialize, ToSchema)]
struct NewUserView {
    #[serde(flatten)]
    user: UserView,
}

impl NewUserView {
    fn new(invited: &Invited, settings: &TenantSettings, now: Timestamp) -> Self {
        let progress = Progress {
            invitation: invited.invitation.clone(),
            accepted_at: None,
            deleted_at: None,
            delivery: Some(Delivery::Queued),
        };
        Self {
            user: UserView::new(&invited.user, Some(&progress), settings, now),
        }
    }
}

/// Makes a person, who is invited by mail to choose a password. In a tenant with single sign-on this is 409
/// `manual_creation_blocked`, whatever the body.
#[utoipa::path(post, path = "/tenants/{tenant}/users", request_body = NewUserBody,
    responses((status = 201, body = NewUserView)))]
async fn create(
    State(on): State<Accounts>,
    ByHand(admin): ByHand,
    JsonBody(body): JsonBody<NewUserBody>,
) -> Result<(StatusCode, Json<NewUserView>), Problem> {
    let origin = admin.origin();
    let now = origin.at;
    let catalogue = catalogue::load(&on, admin.tenant.id).await?;
    let new = check(&on, &admin.tenant, &catalogue, body, now)?;
    let invited = invite::create(&on, &admin.tenant, &admin.authority(), new, origin).await?;
    let view = NewUserView::new(&invited, &admin.tenant.settings, now);
    Ok((StatusCode::CREATED, Json(view)))
}

/// Several new people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkBody {
    /// 1 to 200 people.
    #[schema(value_type = Vec<NewUserBody>, min_items = 1, max_items = 200)]
    users: Vec<Box<RawValue>>,
    /// Whether nobody is made when one cannot be; false when absent.
    #[serde(default)]
    #[schema(required = false)]
    all_or_nothing: bool,
}

/// What came of each of several people.
#[derive(Serialize, ToSchema)]
struct BulkView {
    /// How many were made.
    created: usize,
    /// In the order of the request.
    results: Vec<BulkRow>,
}

/// What came of one of several people.
#[derive(Serialize, ToSchema)]
struct BulkRow {
    /// The place in the request, from 0.
    index: usize,
    /// As if the row had been a request of its own; 424 where it was given up because of another.
    status: u16,
    /// The person, where they were made.
    user: Option<NewUserView>,
    /// Why not, otherwise.
    #[schema(value_type = Option<ProblemView>)]
    problem: Option<ProblemView>,
}

/// Makes several people. A row that is refused does not lose the others; 201 says that all were made, 207 that some
/// were not.
#[utoipa::path(post, path = "/tenants/{tenant}/users/bulk", request_body = BulkBody,
    responses((status = 201, body = BulkView), (status = 207, body = BulkView)))]
async fn create_many(
    State(on): State<Accounts>,
    ByHand(admin): ByHand,
    JsonBody(body): JsonBody<BulkBody>,
) -> Result<(StatusCode, Json<BulkView>), Problem> {
    let mut fields = Fields::default();
    if !(1..=MOST).contains(&body.users.len()) {
        fields.refuse("users", format!("1 to {MOST} people"));
    }
    fields.finish()?;
    let origin = admin.origin();
    let now = origin.at;
    let catalogue = catalogue::load(&on, admin.tenant.id).await?;
    let check = |body| check(&on, &admin.tenant, &catalogue, body, now);
    let read = |row: &RawValue| read_fields(row.get()).and_then(check);
    let rows: Vec<Result<NewPerson, Problem>> = body.users.iter().map(|row| read(row)).collect();
    let is_refused = rows.iter().any(Result::is_err);
    let good: Vec<NewPerson> = rows.iter().flatten().cloned().collect();
    let answers = if body.all_or_nothing && is_refused {
        Vec::new()
    } else {
        let all = body.all_or_nothing;
        invite::create_many(&on, &admin.tenant, &admin.authority(), good, all, origin).await?
    };
    let given_up = body.all_or_nothing && (is_refused || answers.iter().any(Result::is_err));
    let view = report(rows, answers, given_up, &admin.tenant.settings, now);
    let status = if view.created == view.results.len() {
        StatusCode::CREATED
    } else {
        StatusCode::MULTI_STATUS
    };
    Ok((status, Json(view)))
}

/// Puts the answers about the rows that were well-formed in their places among the others.
fn report(
    rows: Vec<Result<NewPerson, Problem>>,
    answers: Vec<Result<Invited, Refusal>>,
    given_up: bool,
    settings: &TenantSettings,
    now: Timestamp,
) -> BulkView {
    let mut answers = answers.into_iter();
    let settle = |row: Result<NewPerson, Problem>| -> Result<NewUserView, Problem> {
        row?;
        match answers.next() {
            Some(Err(refusal)) => Err(refusal.into()),
            Some(Ok(invited)) if !given_up => Ok(NewUserView::new(&invited, settings, now)),
            _ => Err(Problem::new(
                StatusCode::FAILED_DEPENDENCY,
                "given_up",
                "another of the rows was refused, and all or none were wanted",
            )),
        }
    };
    let results: Vec<BulkRow> = rows
        .into_iter()
        .map(settle)
        .enumerate()
        .map(|(index, settled)| match settled {
            Ok(user) => BulkRow {
                index,
                status: StatusCode::CREATED.as_u16(),
                user: Some(user),
                problem: None,
            },
            Err(problem) => BulkRow {
                index,
                status: problem.status().as_u16(),
                user: None,
                problem: Some(problem.into()),
            },
        })
        .collect();
    BulkView {
        created: results.iter().filter(|row| row.user.is_some()).count(),
        results,
    }
}

/// Checks the form of every field, so that all that is wrong is told at once.
fn check(
    on: &Accounts,
    tenant: &Tenant,
    catalogue: &Catalogue,
    body: NewUserBody,
    now: Timestamp,
) -> Result<NewPerson, Problem> {
    let settings = &tenant.settings;
    let (mut fields, form) = (Fields::default(), Form { settings, catalogue });
    let who = check_who(&mut fields, &body);
    let email = form.email(&mut fields, body.email, body.email_confirmation.as_deref());
    let phone_landline = form.phone(&mut fields, "phone_landline", body.phone_landline.as_deref());
    let phone_mobile = form.phone(&mut fields, "phone_mobile", body.phone_mobile.as_deref());
    let locale = form::locale(&mut fields, body.locale.as_deref());
    let access = check_access(
        &mut fields,
        body.access_start.as_deref(),
        body.access_end.as_deref(),
        settings,
        now,
    );
    let sections = form.sections(&mut fields, body.sections);
    form.role(&mut fields, body.role.as_deref());
    let contact_tags = form::tags(&mut fields, body.contact_tags.unwrap_or_default());
    form::access_code(&mut fields, body.access_code.as_deref());
    if body.temporary_password.is_some() {
        let message = "temporary passwords are not offered yet; the invitation lets the person choose one";
        fields.refuse("temporary_password", message);
    }
    fields.finish()?;
    // Whoever is neither was refused above.
    let who = who.ok_or_else(|| Problem::not_found("kind"))?;
    let id = UserId(clock::random_id());
    let code = body.access_code.as_deref();
    Ok(NewPerson {
        id,
        who,
        email,
        phone_landline,
        phone_mobile,
        locale,
        access,
        rights: SaidRights {
            role: body.role,
            sections,
        },
        entity: body.entity_id.map(EntityId),
        contact_tags,
        access_code: code.map(|code| on.hash_access_code(tenant.id, id, code)),
        invitation: InvitationId(clock::random_id()),
        token: new_token()?,
    })
}

fn check_who(fields: &mut Fields, body: &NewUserBody) -> Option<Who> {
    let names = [
        ("first_name", &body.first_name),
        ("last_name", &body.last_name),
        ("full_name", &body.full_name),
    ];
    match body.kind.as_deref() {
        Some("external") => {
            if body.person_id.is_some() {
                fields.refuse("person_id", "only an employee is picked from the roster");
            }
            Some(Who::External(name_of(fields, names)))
        }
        Some("employee") => {
            for (field, _) in names.iter().filter(|(_, text)| text.is_some()) {
                let refusal = Refusal::NamesFromRoster;
                fields.refuse_as(refusal.code(), *field, refusal.to_string());
            }
            if body.person_id.is_none() {
                fields.refuse("person_id", "required for an employee: somebody of the roster");
            }
            form::person_id(fields, body.person_id.as_deref()).map(Who::Employee)
        }
        _ => {
            fields.refuse("kind", "one of employee, external");
            None
        }
    }
}

fn name_of(fields: &mut Fields, names: [(&'static str, &Option<String>); 3]) -> NameEdit {
    let [first, last, (_, full)] = names;
    if let Some(full) = full {
        for (field, _) in [first, last].iter().filter(|(_, text)| text.is_some()) {
            fields.refuse(*field, "either full_name, or first_name and last_name");
        }
        return NameEdit::Full(fields.name("full_name", full));
    }
    let mut part = |(field, text): (&'static str, &Option<String>)| {
        if text.is_none() {
            fields.refuse(field, "required for an external collaborator");
        }
        text.as_deref().map(|text| fields.name(field, text))
    };
    let (first, last) = (part(first), part(last));
    NameEdit::Parts { first, last }
}

fn check_access(
    fields: &mut Fields,
    start: Option<&str>,
    end: Option<&str>,
    settings: &TenantSettings,
    now: Timestamp,
) -> AccessWindow {
    let first = form::day(fields, "access_start", start);
    let last = form::day(fields, "access_end", end);
    if first.is_some() != start.is_some() || last.is_some() != end.is_some() {
        return AccessWindow::default();
    }
    let zone = &settings.time_zone;
    let first = first.unwrap_or_else(|| zone.day_of(now));
    let window = AccessWindow::of_days(Some(first), last, zone);
    if window.is_none() {
        fields.refuse(
            "access_end",
            "a day that is not before access_start, and before the year 9999",
        );
    }
    window.unwrap_or_default()
}
