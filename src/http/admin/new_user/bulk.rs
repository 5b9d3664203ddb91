//! `POST /api/v1/tenants/{tenant}/users/bulk`: several people at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::super::body::{Fields, JsonBody, read_fields};
use super::check::check;
use super::{ByHand, NewUserBody, NewUserView, refused};
use crate::accounts::invite::{self, Made, NewPerson, Unfit};
use crate::accounts::{Accounts, catalogue};
use crate::directory::{Activation, TenantSettings};
use crate::http::problem::{Problem, ProblemView};

/// How many people one request may make.
const MOST: usize = 200;
/// How many of them may be handed a password. Hashing takes a tenth of a second each at the cost that is aimed at, and a
/// fifth where the machine is slow, one after the other; a request has thirty seconds.
const MOST_PASSWORDS: usize = 50;

/// Several new people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    /// 1 to 200 people, 50 of them with a `temporary_password` at most.
    #[schema(value_type = Vec<NewUserBody>, min_items = 1, max_items = 200)]
    users: Vec<Box<RawValue>>,
    /// Whether nobody is made when one cannot be; false when absent.
    #[serde(default)]
    #[schema(required = false)]
    all_or_nothing: bool,
}

/// What came of each of several people.
#[derive(Serialize, ToSchema)]
pub(super) struct BulkView {
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
pub(super) async fn create_many(
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
    let with_password = good
        .iter()
        .filter(|new| new.start.way() == Activation::TemporaryPassword);
    if with_password.count() > MOST_PASSWORDS {
        let message =
            format!("{MOST_PASSWORDS} people with a temporary_password at most; send the others apart");
        let mut fields = Fields::default();
        fields.refuse("users", message);
        fields.finish()?;
    }
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
    answers: Vec<Result<Made, Unfit>>,
    given_up: bool,
    settings: &TenantSettings,
    now: Timestamp,
) -> BulkView {
    let mut answers = answers.into_iter();
    let settle = |row: Result<NewPerson, Problem>| -> Result<NewUserView, Problem> {
        row?;
        match answers.next() {
            Some(Err(unfit)) => Err(refused(unfit.into())),
            Some(Ok(made)) if !given_up => Ok(NewUserView::new(&made, settings, now)),
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
