//! `/api/v1/tenants/{tenant}/mail`, and how a mail's way is told wherever one is.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::Object;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{Fields, parse_query};
use super::list::Page;
use crate::accounts::{Accounts, mail};
use crate::directory::{Delivery, DeliveryState, QueuedMail};
use crate::http::clock;
use crate::http::extract::FullTenantAdmin;
use crate::http::openapi::{one_of, section};
use crate::http::problem::Problem;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(list));
    section("mail", "What became of the tenant's mail.", routes)
}

/// Where a mail is on its way.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryView {
    /// `queued`: it waits, or is tried again. `sending`: it is being handed over. `sent`: the mail server has taken it.
    /// `bounced`: the mail server has refused it for good. `given_up`: it could not be sent for three days, or not at all, or
    /// its invitation was sent again, accepted or taken back before it was out.
    #[schema(schema_with = states)]
    state: &'static str,
    /// How often it was tried.
    attempts: i64,
    /// Why the last try failed; null before the first, and once it is sent.
    last_error: Option<String>,
    /// When it is tried next; null when it is not.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    sent_at: Option<String>,
}

fn states() -> Object {
    one_of(DeliveryState::ALL.map(DeliveryState::as_str))
}

impl DeliveryView {
    pub(super) fn new(delivery: &Delivery, now: Timestamp) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            state: delivery.state(now).as_str(),
            attempts: delivery.attempts,
            last_error: delivery.last_error.clone(),
            next_attempt_at: text(delivery.next_attempt_at(now)),
            sent_at: text(delivery.sent_at),
        }
    }
}

/// A mail, without what it says.
#[derive(Serialize, ToSchema)]
struct MailView {
    /// The first part of its Message-ID.
    id: Uuid,
    /// The address.
    recipient: String,
    /// What it is about.
    template: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[serde(flatten)]
    delivery: DeliveryView,
}

/// Which mail a page is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MailQuery {
    /// An address, whole, in any case.
    #[param(max_length = 254)]
    recipient: Option<String>,
    /// How many, 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The tenant's mail, newest first: to whom, about what, and whether it has arrived at a mail server. What it says is
/// never shown, and 30 days after it was queued a mail is forgotten.
#[utoipa::path(get, path = "/tenants/{tenant}/mail", params(MailQuery),
    responses((status = 200, body = Page<MailView>)))]
async fn list(
    State(on): State<Accounts>,
    admin: FullTenantAdmin,
    uri: Uri,
) -> Result<Json<Page<MailView>>, Problem> {
    let query: MailQuery = parse_query(&uri)?;
    let mut fields = Fields::default();
    let size = fields.page_size(query.limit);
    let recipient = query.recipient.as_deref().map(str::trim);
    if let Some(recipient) = recipient {
        fields.text("recipient", recipient, 254);
    }
    let behind = query.cursor.as_deref().map(str::parse::<Uuid>);
    if matches!(behind, Some(Err(_))) {
        fields.refuse("cursor", "next_cursor of the page before");
    }
    fields.finish()?;
    let behind = behind.and_then(Result::ok);
    let found = mail::list(&on, admin.tenant.id, &admin.authority(), recipient, behind, size).await?;
    let now = clock::now();
    let view = |mail: QueuedMail| MailView {
        delivery: DeliveryView::new(&mail.delivery, now),
        id: mail.id,
        recipient: mail.recipient,
        template: mail.template,
        created_at: mail.created_at.to_string(),
    };
    Ok(Json(Page {
        items: found.items.into_iter().map(view).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}
