//! `/Users` and `/Groups`: one resource at a time.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};
use serde_json::Value;

use super::body::Body;
use super::caller::{ResourceId, ScimCaller};
use super::failure::Failure;
use super::lists::{self, projection_of};
use super::reply::Reply;
use crate::http::clock;
use crate::http::state::Gateway;
use crate::provisioning::{
    Command, GroupRecord, Outcome, Provisioning, ResourceKind, Write, entity_tag, groups, perform, users,
};
use crate::scim::projection::Projection;

/// What `/Users` or `/Groups` answers.
pub(super) fn collection(kind: ResourceKind) -> MethodRouter<Gateway> {
    lists::collection(kind.into()).post(
        move |on: State<Provisioning>, caller: ScimCaller, query: RawQuery, Body(body): Body| {
            create(kind, on, caller, query, body)
        },
    )
}

/// What `/Users/{id}` or `/Groups/{id}` answers.
pub(super) fn member(kind: ResourceKind) -> MethodRouter<Gateway> {
    get(
        move |on: State<Provisioning>, caller: ScimCaller, id: ResourceId, query: RawQuery| {
            read(kind, on, caller, id, query)
        },
    )
    .put(
        move |on: State<Provisioning>,
              caller: ScimCaller,
              id: ResourceId,
              query: RawQuery,
              Body(body): Body| { write(kind, on, caller, query, Write::Replace(id.0, body)) },
    )
    .patch(
        move |on: State<Provisioning>,
              caller: ScimCaller,
              id: ResourceId,
              query: RawQuery,
              Body(body): Body| { write(kind, on, caller, query, Write::Patch(id.0, body)) },
    )
    .delete(
        move |on: State<Provisioning>, caller: ScimCaller, id: ResourceId, query: RawQuery| {
            write(kind, on, caller, query, Write::Delete(id.0))
        },
    )
}

async fn create(
    kind: ResourceKind,
    on: State<Provisioning>,
    caller: ScimCaller,
    query: RawQuery,
    body: Value,
) -> Result<Reply, Failure> {
    let reply = write(kind, on, caller, query, Write::Create(clock::random_id(), body)).await?;
    Ok(Reply {
        status: StatusCode::CREATED,
        ..reply
    })
}

async fn read(
    kind: ResourceKind,
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
    RawQuery(query): RawQuery,
) -> Result<Reply, Failure> {
    let projection = projection_of(query.as_deref(), caller.service.resource_type(kind))
        .map_err(|error| caller.failure(error))?;
    let found = match kind {
        ResourceKind::User => users::find(&on, &caller.service, &id).await.map(Outcome::User),
        ResourceKind::Group => groups::find(&on, &caller.service, &id)
            .await
            .map(|group| Outcome::Group {
                group,
                members_only: false,
            }),
    }
    .map_err(|error| caller.failure(error))?;
    match found.version() {
        Some(version) if caller.precondition.is_current(version) => Ok(Reply {
            status: StatusCode::NOT_MODIFIED,
            entity_tag: Some(entity_tag(version)),
            ..Reply::default()
        }),
        _ => answer(&on, &caller, found, &projection).await,
    }
}

async fn write(
    kind: ResourceKind,
    State(on): State<Provisioning>,
    caller: ScimCaller,
    RawQuery(query): RawQuery,
    write: Write,
) -> Result<Reply, Failure> {
    let projection = projection_of(query.as_deref(), caller.service.resource_type(kind))
        .map_err(|error| caller.failure(error))?;
    let command = Command::parse(&caller.service, kind, write, caller.precondition.clone())
        .map_err(|error| caller.failure(error))?;
    let outcome = perform(&on, &caller.service, command, caller.origin())
        .await
        .map_err(|error| caller.failure(error))?;
    answer(&on, &caller, outcome, &projection).await
}

async fn answer(
    on: &Provisioning,
    caller: &ScimCaller,
    outcome: Outcome,
    projection: &Projection,
) -> Result<Reply, Failure> {
    let service = &caller.service;
    let entity_tag = outcome.version().map(entity_tag);
    let location = outcome.location(service);
    let body = match outcome {
        Outcome::User(record) => {
            let mut body = String::with_capacity(2_048);
            service.write_user(&mut body, &record, projection);
            Some(body)
        }
        // A body would cost the whole member list (RFC 7644 section 3.5.2).
        Outcome::Group {
            members_only: true, ..
        } if projection.is_default() => None,
        Outcome::Group { group, .. } => {
            let members = if projection.wants("members") {
                groups::list_members(on, service, &group)
                    .await
                    .map_err(|error| caller.failure(error))?
            } else {
                Vec::new()
            };
            let mut body = String::with_capacity(512 + members.len() * 200);
            service.write_group(&mut body, &GroupRecord { group, members }, projection);
            Some(body)
        }
        Outcome::Deleted => None,
    };
    Ok(match body {
        Some(_) => Reply {
            status: StatusCode::OK,
            media: caller.media,
            body,
            entity_tag,
            location,
        },
        None => Reply {
            status: StatusCode::NO_CONTENT,
            entity_tag,
            ..Reply::default()
        },
    })
}
