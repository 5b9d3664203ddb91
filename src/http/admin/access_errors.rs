//! `/api/v1/access-errors`, and a tenant's own.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use super::list::Page;
use crate::accounts::Accounts;
use crate::accounts::access_errors::{self, Stretch};
use crate::directory::access_error::{AccessErrorFilter, AccessErrorPlace, LocatedAccessError, Reference};
use crate::directory::{Code, Language};
use crate::http::extract::{AnyAdmin, FullTenantAdmin, Operator, UrlIds};
use crate::http::openapi::section;
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::login::Login;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default()
        .routes(routes!(read))
        .routes(routes!(list_everywhere))
        .routes(routes!(list));
    section("access-errors", "Sign-ins that were refused.", routes)
}

/// A refused sign-in.
#[derive(Serialize, ToSchema)]
struct AccessErrorView {
    /// What the person was shown.
    reference: String,
    /// The stable reason.
    code: &'static str,
    /// What the person read, in the language of the request.
    message: &'static str,
    #[schema(format = DateTime)]
    occurred_at: String,
    /// Whose sign-in it was, as far as anybody said so. It may be unproven.
    email: Option<String>,
    /// What probably happened.
    cause: &'static str,
    /// Who can mend it, in the order in which to ask: `user`, `company_administrator`, `idp_administrator`, `support`.
    who_can_fix: Vec<&'static str>,
    /// What each of them does.
    advice: Vec<AdviceView>,
    tenant: Option<TriedTenantView>,
    connection: Option<TriedConnectionView>,
    /// What was checked, in order: expected against received. The last check is the one that refused.
    trace: Vec<CheckView>,
    request_id: String,
    /// A page with message, cause and advice, in the language of the reader.
    help_url: String,
}

#[derive(Serialize, ToSchema)]
struct AdviceView {
    who: &'static str,
    advice: &'static str,
}

/// Where it was tried.
#[derive(Serialize, ToSchema)]
struct TriedTenantView {
    id: Uuid,
    slug: String,
    name: String,
}

/// Through which connection.
#[derive(Serialize, ToSchema)]
struct TriedConnectionView {
    id: Uuid,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CheckView {
    check: String,
    expected: Option<String>,
    received: Option<String>,
    passed: bool,
}

/// A refused sign-in with what was checked: any for the operator, a tenant's own for its administrators.
#[utoipa::path(get, path = "/access-errors/{reference}", responses((status = 200, body = AccessErrorView)))]
async fn read(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: AnyAdmin,
    language: Language,
    ids: UrlIds,
) -> Result<Json<AccessErrorView>, Problem> {
    let reference: String = ids.find("reference", "access error")?;
    let found = access_errors::find(&on, &reference, admin.within()).await?;
    Ok(Json(view(found, language, &login)))
}

/// Which refused sign-ins a list is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccessErrorQuery {
    /// The slug of a tenant, where the path names none.
    #[param(ignore)]
    tenant: Option<String>,
    /// What the person was shown. Case, dashes and blanks do not matter.
    reference: Option<String>,
    /// An address in any case, whole.
    #[param(max_length = 254)]
    email: Option<String>,
    /// A code of `/api/v1/error-catalogue`.
    code: Option<String>,
    /// The id of a connection.
    #[param(format = Uuid)]
    connection: Option<String>,
    /// Not before this time (RFC 3339), or this day in UTC: `2026-11-22`.
    from: Option<String>,
    /// Before this time, or up to the end of this day in UTC.
    to: Option<String>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A query, understood.
struct Asked {
    of: AccessErrorFilter,
    behind: Option<AccessErrorPlace>,
    size: u32,
}

impl AccessErrorQuery {
    fn read(self) -> Result<Asked, Problem> {
        let mut fields = Fields::default();
        if self.tenant.is_some() {
            fields.refuse("tenant", "in the path alone");
        }
        let size = fields.page_size(self.limit);
        let mut of = AccessErrorFilter::default();
        if let Some(text) = self.reference {
            of.reference = Reference::parse(&text);
            if of.reference.is_none() {
                fields.refuse("reference", "twelve letters and digits: XXXX-XXXX-XXXX");
            }
        }
        if let Some(text) = self.email {
            let email = text.trim();
            fields.text("email", email, 254);
            of.email = Some(email.to_owned());
        }
        if let Some(text) = self.code {
            of.code = Code::parse(&text);
            if of.code.is_none() {
                fields.refuse("code", "a code of /api/v1/error-catalogue");
            }
        }
        if let Some(text) = self.connection {
            of.connection = text.parse().ok();
            if of.connection.is_none() {
                fields.refuse("connection", "the id of a connection");
            }
        }
        (of.from, of.until) = fields.period(self.from.as_deref(), self.to.as_deref());
        let behind = self.cursor.as_deref().map(parse_cursor);
        if behind == Some(None) {
            fields.refuse("cursor", "next_cursor of the page before");
        }
        fields.finish()?;
        let behind = behind.flatten();
        Ok(Asked { of, behind, size })
    }
}

/// Where a page ends: its last time in microseconds, and its last reference.
fn cursor_of((at, reference): AccessErrorPlace) -> String {
    format!("{}.{reference}", at.as_microsecond())
}

fn parse_cursor(text: &str) -> Option<AccessErrorPlace> {
    let (at, reference) = text.split_once('.')?;
    let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    Some((at, Reference::parse(reference)?))
}

/// Refused sign-ins of all tenants and of none, newest first. Of several conditions all have to hold.
#[utoipa::path(get, path = "/access-errors", params(
    ("tenant" = Option<String>, Query, description = "The slug of a tenant. Those of all tenants, and of none, when absent."),
    AccessErrorQuery), responses((status = 200, body = Page<AccessErrorView>)))]
async fn list_everywhere(
    State(on): State<Accounts>,
    State(login): State<Login>,
    _: Operator,
    language: Language,
    uri: Uri,
) -> Result<Json<Page<AccessErrorView>>, Problem> {
    let mut query: AccessErrorQuery = parse_query(&uri)?;
    let tenant = query.tenant.take();
    let Asked { of, behind, size } = query.read()?;
    let found = access_errors::list_everywhere(&on, tenant.as_deref(), &of, behind, size).await?;
    Ok(page(found, language, &login))
}

/// The refused sign-ins of a tenant, newest first. Of several conditions all have to hold.
#[utoipa::path(get, path = "/tenants/{tenant}/access-errors", params(AccessErrorQuery),
    responses((status = 200, body = Page<AccessErrorView>)))]
async fn list(
    State(on): State<Accounts>,
    State(login): State<Login>,
    admin: FullTenantAdmin,
    language: Language,
    uri: Uri,
) -> Result<Json<Page<AccessErrorView>>, Problem> {
    let query: AccessErrorQuery = parse_query(&uri)?;
    let Asked { of, behind, size } = query.read()?;
    let found = access_errors::list(&on, admin.tenant.id, &of, behind, size).await?;
    Ok(page(found, language, &login))
}

fn page(found: Stretch, language: Language, login: &Login) -> Json<Page<AccessErrorView>> {
    let items = found.items.into_iter();
    Json(Page {
        items: items.map(|one| view(one, language, login)).collect(),
        next_cursor: found.next.map(cursor_of),
    })
}

fn view(found: LocatedAccessError, language: Language, login: &Login) -> AccessErrorView {
    let error = found.error;
    let remedies = error.code.remedies();
    let check = |check: &crate::directory::access_error::Check| CheckView {
        check: check.check.to_string(),
        expected: check.expected.clone(),
        received: check.received.clone(),
        passed: check.passed,
    };
    AccessErrorView {
        help_url: login.help_url(error.code),
        reference: error.reference.to_string(),
        code: error.code.as_str(),
        message: error.code.message(language),
        occurred_at: error.occurred_at.to_string(),
        cause: error.code.cause(language),
        who_can_fix: remedies.iter().map(|remedy| remedy.who.as_str()).collect(),
        advice: remedies
            .iter()
            .map(|remedy| AdviceView {
                who: remedy.who.as_str(),
                advice: remedy.advice.read(language),
            })
            .collect(),
        tenant: found.tenant.map(|tenant| TriedTenantView {
            id: tenant.id.0,
            slug: tenant.slug.as_str().to_owned(),
            name: tenant.name,
        }),
        connection: error
            .connection
            .zip(found.connection)
            .map(|(id, name)| TriedConnectionView { id, name }),
        trace: error.trace.checks().iter().map(check).collect(),
        email: error.email,
        request_id: error.request_id,
    }
}
