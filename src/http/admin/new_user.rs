//! `POST /api/v1/tenants/{tenant}/users` and `.../users/bulk`: accounts by hand.

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, JsonBody, read_fields};
use super::invitations::{InvitationView, new_token};
use super::users::{UserView, kinds};
use crate::accounts::Accounts;
use crate::accounts::invite::{self, Invited, NewPerson};
use crate::directory::email::is_address;
use crate::directory::mailbox::is_departmental;
use crate::directory::{AccessWindow, EntityId, InvitationId, Refusal, Slug, UserId, account, phone};
use crate::http::clock;
use crate::http::extract::TenantAdmin;
use crate::http::openapi::{one_of, section};
use crate::http::problem::{Problem, ProblemView};
use crate::http::state::{Gateway, PublicUrl};
use crate::login::Login;

/// How many people one request may make.
const MOST: usize = 200;
/// How many tags a person may have.
const MOST_TAGS: usize = 20;

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
    /// An employee is picked from the roster by `person_id`; an external collaborator is named.
    #[schema(required = true, schema_with = kinds)]
    kind: Option<String>,
    #[schema(max_length = 200)]
    first_name: Option<String>,
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// The person signs in by it, and the invitation goes there.
    #[schema(required = true, format = Email)]
    email: Option<String>,
    /// The same again; case and surrounding blanks do not matter.
    #[schema(required = true, format = Email)]
    email_confirmation: Option<String>,
    phone_landline: Option<String>,
    phone_mobile: Option<String>,
    /// The first day of access (UTC); today when absent.
    #[schema(format = Date)]
    access_start: Option<String>,
    /// The last day of access (UTC); without limit when absent.
    #[schema(format = Date)]
    access_end: Option<String>,
    /// There are no sections yet.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    sections: Option<Map<String, Value>>,
    /// `administrator` manages the whole tenant; `user` when absent.
    #[schema(schema_with = roles)]
    role: Option<String>,
    entity_id: Option<Uuid>,
    /// Up to 20 short words: 1 to 63 of a-z, 0-9 and -.
    #[serde(default)]
    contact_tags: Option<Vec<String>>,
    /// Not offered yet: the invitation lets the person choose a password.
    temporary_password: Option<String>,
    /// Somebody of the roster.
    person_id: Option<String>,
}

fn roles() -> Object {
    one_of(["user", "administrator"])
}

/// A person who was just made.
#[derive(Serialize, ToSchema)]
struct NewUserView {
    #[serde(flatten)]
    user: UserView,
    invitation: InvitationView,
}

impl NewUserView {
    fn new(invited: &Invited, now: Timestamp) -> Self {
        Self {
            user: UserView::new(&invited.user, now),
            invitation: (&invited.invitation).into(),
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
    let new = check(body, now)?;
    let invited = invite::create(&on, &admin.tenant, &admin.authority(), new, origin).await?;
    Ok((StatusCode::CREATED, Json(NewUserView::new(&invited, now))))
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
    let read = |row: &RawValue| read_fields(row.get()).and_then(|body| check(body, now));
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
    let view = report(rows, answers, given_up, now);
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
    now: Timestamp,
) -> BulkView {
    let mut answers = answers.into_iter();
    let settle = |row: Result<NewPerson, Problem>| -> Result<NewUserView, Problem> {
        row?;
        match answers.next() {
            Some(Err(refusal)) => Err(refusal.into()),
            Some(Ok(invited)) if !given_up => Ok(NewUserView::new(&invited, now)),
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
fn check(body: NewUserBody, now: Timestamp) -> Result<NewPerson, Problem> {
    let mut fields = Fields::default();
    check_kind(&mut fields, &body);
    let mut name =
        |field, text: Option<String>| text.map(|text| fields.name(field, &text)).unwrap_or_default();
    let (first_name, last_name) = (
        name("first_name", body.first_name),
        name("last_name", body.last_name),
    );
    let email = check_email(&mut fields, body.email, body.email_confirmation.as_deref());
    let phone_landline = check_phone(&mut fields, "phone_landline", body.phone_landline);
    let phone_mobile = check_phone(&mut fields, "phone_mobile", body.phone_mobile);
    let access = check_access(
        &mut fields,
        body.access_start.as_deref(),
        body.access_end.as_deref(),
        now,
    );
    for key in body.sections.unwrap_or_default().keys() {
        fields.refuse(format!("sections.{key}"), "there is no such section");
    }
    let role = body.role.as_deref().unwrap_or("user");
    if !["user", "administrator"].contains(&role) {
        fields.refuse("role", "one of user, administrator");
    }
    let contact_tags = check_tags(&mut fields, body.contact_tags.unwrap_or_default());
    if body.temporary_password.is_some() {
        let message = "temporary passwords are not offered yet; the invitation lets the person choose one";
        fields.refuse("temporary_password", message);
    }
    fields.finish()?;
    Ok(NewPerson {
        id: UserId(clock::random_id()),
        first_name,
        last_name,
        email,
        phone_landline,
        phone_mobile,
        access,
        administrator: role == "administrator",
        entity: body.entity_id.map(EntityId),
        contact_tags,
        invitation: InvitationId(clock::random_id()),
        token: new_token()?,
    })
}

fn check_kind(fields: &mut Fields, body: &NewUserBody) {
    match body.kind.as_deref() {
        Some("external") => {
            for (field, text) in [("first_name", &body.first_name), ("last_name", &body.last_name)] {
                if text.is_none() {
                    fields.refuse(field, "required for an external collaborator");
                }
            }
            if body.person_id.is_some() {
                fields.refuse("person_id", "only an employee is picked from the roster");
            }
        }
        // The roster is empty as yet, so that nobody can be picked from it.
        Some("employee") if body.person_id.is_some() => {
            fields.refuse("person_id", "no such person on the roster");
        }
        Some("employee") => fields.refuse("person_id", "required for an employee: somebody of the roster"),
        _ => fields.refuse("kind", "one of employee, external"),
    }
}

pub(super) fn check_email(fields: &mut Fields, email: Option<String>, confirmation: Option<&str>) -> String {
    let email = email.unwrap_or_default().trim().to_owned();
    if !is_address(&email) {
        fields.refuse("email", "an e-mail address, ada@example.com");
    } else if is_departmental(&email) {
        let refusal = Refusal::DepartmentalMailbox(email.clone());
        fields.refuse_as(refusal.code(), "email", refusal.to_string());
    }
    match confirmation.map(str::trim) {
        None => fields.refuse("email_confirmation", "the e-mail address again"),
        Some(again) if !again.eq_ignore_ascii_case(&email) => {
            fields.refuse_as(
                "email_mismatch",
                "email_confirmation",
                "not the same address as in email",
            );
        }
        Some(_) => {}
    }
    email
}

fn check_phone(fields: &mut Fields, field: &'static str, text: Option<String>) -> Option<String> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    let number = phone::normalise(&text);
    if number.is_none() {
        fields.refuse(field, "a telephone number of 5 to 15 digits, +33 1 23 45 67 89");
    }
    number
}

fn check_access(fields: &mut Fields, start: Option<&str>, end: Option<&str>, now: Timestamp) -> AccessWindow {
    let mut day = |field, text: Option<&str>| {
        let day = text?.parse::<Date>().ok();
        // The parser knows more forms than this one.
        let day = day.filter(|day| Some(day.to_string().as_str()) == text);
        if day.is_none() {
            fields.refuse(field, "a day as YYYY-MM-DD");
        }
        Some(day)
    };
    let (first, last) = (day("access_start", start), day("access_end", end));
    if first == Some(None) || last == Some(None) {
        return AccessWindow::default();
    }
    let today = TimeZone::UTC.to_datetime(now).date();
    let window = AccessWindow::of_days(first.flatten().unwrap_or(today), last.flatten());
    if window.is_none() {
        fields.refuse(
            "access_end",
            "a day that is not before access_start, and before the year 9999",
        );
    }
    window.unwrap_or_default()
}

fn check_tags(fields: &mut Fields, tags: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        if Slug::parse(&tag).is_none() {
            fields.refuse("contact_tags", format!("{tag:?} is not {}", Slug::ACCEPTED));
        } else if !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    if kept.len() > MOST_TAGS {
        fields.refuse("contact_tags", format!("up to {MOST_TAGS} tags"));
    }
    kept
}
