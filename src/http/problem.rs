//! Errors of the admin API: RFC 9457 problem details with a stable `code`.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::clock::{self, NoRandomness};
use super::login::seconds_until;
use super::throttle::TooMany;
use crate::accounts;
use crate::directory::{Code, CredentialRefusal, Language, MfaRefusal, Refusal};
use crate::journal;
use crate::login::Denied;
use crate::login::local::LocalError;
use crate::provisioning::{self, schemas};

/// What whoever sends a NUL is told, in JSON or in a form.
pub(super) const HAS_NUL: &str = "the body has a NUL character";

/// A request that came to nothing.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    /// For how many seconds trying again is of no use.
    retry_after: Option<u64>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// The field's name in the request.
    #[schema(value_type = String)]
    pub field: Cow<'static, str>,
    /// A stable word.
    pub code: &'static str,
    /// What is accepted.
    pub message: String,
}

/// An error (RFC 9457 section 3.1).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemView {
    /// Always `about:blank`: `code` tells errors apart.
    r#type: &'static str,
    /// The phrase of the status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable word for programs.
    code: &'static str,
    /// A sentence for people.
    detail: String,
    /// What is wrong with which field, where fields were judged one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// 429 for whoever has to wait for so many seconds.
    pub(super) fn too_many(code: &'static str, detail: &str, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
        }
    }

    /// 422 with every field that is wrong. Its code is theirs where they have one in common.
    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: match errors.split_first() {
                Some((first, rest)) if rest.iter().all(|error| error.code == first.code) => first.code,
                _ => "invalid",
            },
            detail,
            errors,
            retry_after: None,
        }
    }

    /// The same, which can be tried again after some seconds.
    pub(super) fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds.into()),
            ..self
        }
    }

    /// The same, told of each of these fields.
    fn about(mut self, fields: Vec<&'static str>) -> Self {
        let error = |field: &'static str| FieldError {
            field: field.into(),
            code: self.code,
            message: self.detail.clone(),
        };
        self.errors = fields.into_iter().map(error).collect();
        self
    }

    /// What is wrong with which field; with the whole, where no field is named.
    pub(super) fn into_errors(self) -> Vec<FieldError> {
        if !self.errors.is_empty() {
            return self.errors;
        }
        vec![FieldError {
            field: "row".into(),
            code: self.code,
            message: self.detail,
        }]
    }

    /// The status that it answers with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    fn storage(error: &dyn std::error::Error, passing: bool) -> Self {
        let code = if passing { "unavailable" } else { "internal_error" };
        Self::new(log_storage_failure(error, passing), code, STORAGE_FAILURE)
    }

    /// 422 for a password that is not accepted.
    pub(super) fn weak(field: &'static str, code: &'static str, message: &str) -> Self {
        Self::invalid(vec![FieldError {
            field: field.into(),
            code,
            message: message.to_owned(),
        }])
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} not found"))
    }
}

impl From<Problem> for ProblemView {
    fn from(problem: Problem) -> Self {
        Self {
            r#type: "about:blank",
            title: problem.status.canonical_reason().unwrap_or("Error"),
            status: problem.status.as_u16(),
            code: problem.code,
            detail: problem.detail,
            errors: problem.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let wait = self.retry_after;
        let media_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, media_type, Json(ProblemView::from(self))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"rollcall\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        let usual = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        if let Some(seconds) = wait.or(usual) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The status of a database failure, which is logged here and told to callers without its text: 503 where
/// trying again makes sense.
pub(super) fn log_storage_failure(error: &dyn std::error::Error, passing: bool) -> StatusCode {
    tracing::error!(%error, "a request failed in storage");
    if passing {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// What a caller is told of a database failure.
pub(super) const STORAGE_FAILURE: &str =
    "the gateway could not carry out the request; its log says why, under the request id";

impl From<accounts::Error> for Problem {
    fn from(error: accounts::Error) -> Self {
        match error {
            accounts::Error::NotFound(what) => Self::not_found(what),
            accounts::Error::Invalid { field, message } => Self::invalid(vec![FieldError {
                field: field.into(),
                code: "invalid",
                message,
            }]),
            accounts::Error::OtherKind { fields, kind } => Self::invalid(
                fields
                    .into_iter()
                    .map(|field| FieldError {
                        field: field.into(),
                        code: "invalid",
                        message: format!("this connection is of kind {kind}, which has no such field"),
                    })
                    .collect(),
            ),
            accounts::Error::Metadata { field, failure } => Self::invalid(vec![FieldError {
                field: field.into(),
                code: failure.code(),
                message: failure.to_string(),
            }]),
            accounts::Error::MetadataUnavailable(ref failure) => {
                Self::new(StatusCode::BAD_GATEWAY, failure.code(), error.to_string())
            }
            accounts::Error::Key(error) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal_error",
                error.to_string(),
            ),
            accounts::Error::Vault(error) => Self::storage(&error, false),
            accounts::Error::Password(fault) => {
                Self::weak("password", fault.code(), fault.message(Language::default()))
            }
            accounts::Error::Busy(busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", busy.to_string())
            }
            accounts::Error::Refused(refusal) => refusal.into(),
            accounts::Error::Storage(error) => Self::storage(&error, error.is_passing()),
        }
    }
}

impl From<LocalError> for Problem {
    fn from(error: LocalError) -> Self {
        match error {
            LocalError::NotFound(what) => Self::not_found(what),
            LocalError::SessionOver => Denied::Invalid.into(),
            LocalError::Weak(fault) => {
                Self::weak("password", fault.code(), fault.message(Language::default()))
            }
            LocalError::OwnPasswordMissing => Self::invalid(vec![FieldError {
                field: "current_admin_password".into(),
                code: "required",
                message: "your own password, to set somebody else's".to_owned(),
            }]),
            LocalError::LockedOut(until) => Self::too_many(
                Code::LockedOut.as_str(),
                Code::LockedOut.message(Language::default()),
                seconds_until(until, clock::now()),
            ),
            // Sign-ins are answered by pages and problems of their own; this is what is left of one.
            LocalError::SignIn(refused) => Self::new(
                StatusCode::from_u16(refused.code.status()).unwrap_or(StatusCode::FORBIDDEN),
                refused.code.as_str(),
                refused.code.message(Language::default()),
            ),
            LocalError::Busy(busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", busy.to_string())
            }
            LocalError::Vault(error) => Self::storage(&error, false),
            LocalError::Refused(refusal) => refusal.into(),
            LocalError::Storage(error) => Self::storage(&error, error.is_passing()),
        }
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            error.to_string(),
        )
    }
}

impl From<schemas::Error> for Problem {
    fn from(error: schemas::Error) -> Self {
        match error {
            schemas::Error::NotFound(what) => Self::not_found(what),
            schemas::Error::Invalid(faults) => {
                let errors = faults.into_iter().map(|fault| FieldError {
                    field: fault.path.into(),
                    code: "invalid",
                    message: fault.message,
                });
                Self::invalid(errors.collect())
            }
            schemas::Error::Refused(refusal) => refusal.into(),
            schemas::Error::Storage(error) => Self::storage(&error, error.is_passing()),
        }
    }
}

impl From<provisioning::Error> for Problem {
    fn from(error: provisioning::Error) -> Self {
        match error {
            provisioning::Error::Storage(error) => Self::storage(&error, error.is_passing()),
            provisioning::Error::Refused(refusal) => refusal.into(),
            other => Self::new(StatusCode::CONFLICT, "refused", other.to_string()),
        }
    }
}

impl From<journal::Error> for Problem {
    fn from(error: journal::Error) -> Self {
        match error {
            journal::Error::NotFound(what) => Self::not_found(what),
            journal::Error::Storage(error) => Self::storage(&error, error.is_passing()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Credential(ref refusal) => {
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT)
            }
            Refusal::UnknownEntity { .. }
            | Refusal::UnknownDirectory(_)
            | Refusal::UnknownGroup { .. }
            | Refusal::GroupMappedTwice { .. }
            | Refusal::UnknownScope { .. }
            | Refusal::PermissionNeedsFullScope(_)
            | Refusal::EntityInItself
            | Refusal::DepartmentalMailbox(_)
            | Refusal::UnknownMember(_)
            | Refusal::BindingNotOffered(_)
            | Refusal::MemberOfItself
            | Refusal::NamesFromRoster
            | Refusal::AccessDatesReversed
            | Refusal::UnknownRole { .. }
            | Refusal::UnknownSection { .. }
            | Refusal::UnknownPerson => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::AdministratorRequired
            | Refusal::FullScopeRequired
            | Refusal::OperatorRequired
            | Refusal::NotForKeys
            | Refusal::PermissionRequired(_)
            | Refusal::AdministratorOutsideScope
            | Refusal::OutsideScope => StatusCode::FORBIDDEN,
            Refusal::NotThere(_) => StatusCode::NOT_FOUND,
            Refusal::Mfa(refusal) => StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::CONFLICT),
            _ => StatusCode::CONFLICT,
        };
        let problem = Self::new(status, refusal.code(), refusal.to_string());
        let field: Cow<'static, str> = match refusal {
            Refusal::Credential(
                CredentialRefusal::TemporaryPasswordNotOffered | CredentialRefusal::TemporaryPasswordRequired,
            ) => "temporary_password".into(),
            Refusal::ManagedFields(ref fields) => return problem.about(fields.clone()),
            Refusal::NamesFromRoster => "first_name".into(),
            Refusal::AccessDatesReversed => "access_end".into(),
            Refusal::UnknownRole { field, .. } | Refusal::UnknownSection { field } => field.into(),
            Refusal::UnknownPerson | Refusal::PersonHasAccess(_) => "person_id".into(),
            Refusal::EmployeeNumberTaken(_) => "employee_number".into(),
            Refusal::UnknownEntity { field, .. } => field.into(),
            Refusal::BindingNotOffered(_) => "request_binding".into(),
            Refusal::PermissionNeedsFullScope(_) => "permissions".into(),
            Refusal::Mfa(MfaRefusal::ClaimMissing) => "current_password".into(),
            Refusal::DepartmentalMailbox(_)
            | Refusal::EmailTaken { .. }
            | Refusal::RestoredEmailTaken { .. } => "email".into(),
            Refusal::UnknownGroup { rule, .. } | Refusal::GroupMappedTwice { rule, .. } => {
                format!("rules[{rule}].group_id").into()
            }
            Refusal::UnknownScope { rule, .. } => format!("rules[{rule}].admin_scope").into(),
            _ => return problem,
        };
        let error = FieldError {
            field,
            code: problem.code,
            message: problem.detail.clone(),
        };
        Self {
            errors: vec![error],
            ..problem
        }
    }
}

impl From<TooMany> for Problem {
    fn from(wait: TooMany) -> Self {
        let detail = "you ask more often than a caller may; try again later";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(wait.seconds)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Storage(error) => Self::storage(&error, error.is_passing()),
            other => Self::new(StatusCode::UNAUTHORIZED, "unauthorized", other.to_string()),
        }
    }
}

pub(super) async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this address",
    )
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address does not take this method",
    )
}
