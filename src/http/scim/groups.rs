//! `/Groups`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;

use super::body::Body;
use super::caller::{ResourceId, ScimCaller};
use super::failure::Failure;
use super::lists::projection_of;
use super::reply::Reply;
use crate::directory::{Group, GroupId};
use crate::http::clock;
use crate::provisioning::{GroupRecord, Provisioning, entity_tag, groups};
use crate::scim::projection::Projection;
use crate::scim::schema;

pub(super) async fn create(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    RawQuery(query): RawQuery,
    Body(body): Body,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::group()).map_err(|error| caller.failure(error))?;
    let id = GroupId(clock::random_id());
    let group = groups::create(&on, caller.client.directory, body, id, caller.origin())
        .await
        .map_err(|error| caller.failure(error))?;
    let reply = answer(&on, &caller, group, &projection).await?;
    Ok(Reply {
        status: StatusCode::CREATED,
        ..reply
    })
}

pub(super) async fn read(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
    RawQuery(query): RawQuery,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::group()).map_err(|error| caller.failure(error))?;
    let record = groups::find(&on, caller.client.directory, &id, projection.wants("members"))
        .await
        .map_err(|error| caller.failure(error))?;
    if caller.precondition.is_current(record.group.version) {
        let entity_tag = Some(entity_tag(record.group.version));
        return Ok(Reply {
            status: StatusCode::NOT_MODIFIED,
            entity_tag,
            ..Reply::default()
        });
    }
    Ok(render(&caller, &record, &projection))
}

pub(super) async fn replace(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
    RawQuery(query): RawQuery,
    Body(body): Body,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::group()).map_err(|error| caller.failure(error))?;
    let precondition = caller.precondition.clone();
    let group = groups::replace(
        &on,
        caller.client.directory,
        &id,
        body,
        precondition,
        caller.origin(),
    )
    .await
    .map_err(|error| caller.failure(error))?;
    answer(&on, &caller, group, &projection).await
}

pub(super) async fn patch(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
    RawQuery(query): RawQuery,
    Body(body): Body,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::group()).map_err(|error| caller.failure(error))?;
    let precondition = caller.precondition.clone();
    let patched = groups::patch(
        &on,
        caller.client.directory,
        &id,
        body,
        precondition,
        caller.origin(),
    )
    .await
    .map_err(|error| caller.failure(error))?;
    if patched.members_only && projection.is_default() {
        // A body would cost the whole member list (RFC 7644 section 3.5.2).
        let entity_tag = Some(entity_tag(patched.group.version));
        return Ok(Reply {
            status: StatusCode::NO_CONTENT,
            entity_tag,
            ..Reply::default()
        });
    }
    answer(&on, &caller, patched.group, &projection).await
}

pub(super) async fn delete(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
) -> Result<Reply, Failure> {
    let precondition = caller.precondition.clone();
    groups::delete(&on, caller.client.directory, &id, precondition, caller.origin())
        .await
        .map_err(|error| caller.failure(error))?;
    Ok(Reply {
        status: StatusCode::NO_CONTENT,
        ..Reply::default()
    })
}

async fn answer(
    on: &Provisioning,
    caller: &ScimCaller,
    group: Group,
    projection: &Projection,
) -> Result<Reply, Failure> {
    let record = if projection.wants("members") {
        groups::with_members(on, caller.client.directory, group)
            .await
            .map_err(|error| caller.failure(error))?
    } else {
        GroupRecord {
            group,
            members: Vec::new(),
        }
    };
    Ok(render(caller, &record, projection))
}

fn render(caller: &ScimCaller, record: &GroupRecord, projection: &Projection) -> Reply {
    let mut body = String::with_capacity(512 + record.members.len() * 200);
    caller.endpoint.write_group(&mut body, record, projection);
    Reply {
        status: StatusCode::OK,
        media: caller.media,
        body: Some(body),
        entity_tag: Some(entity_tag(record.group.version)),
        location: Some(caller.endpoint.group_location(record.group.id)),
    }
}
