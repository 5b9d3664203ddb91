//! `/Users`.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;

use super::body::Body;
use super::caller::{ResourceId, ScimCaller};
use super::failure::Failure;
use super::lists::projection_of;
use super::reply::Reply;
use crate::directory::UserId;
use crate::http::clock;
use crate::provisioning::{Provisioning, UserRecord, entity_tag, users};
use crate::scim::projection::Projection;
use crate::scim::schema;

pub(super) async fn create(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    RawQuery(query): RawQuery,
    Body(body): Body,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::user()).map_err(|error| caller.failure(error))?;
    let id = UserId(clock::random_id());
    let record = users::create(&on, caller.client.directory, body, id, caller.origin())
        .await
        .map_err(|error| caller.failure(error))?;
    Ok(Reply {
        status: StatusCode::CREATED,
        ..render(&caller, &record, &projection)
    })
}

pub(super) async fn read(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
    RawQuery(query): RawQuery,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::user()).map_err(|error| caller.failure(error))?;
    let record = users::find(&on, caller.client.directory, &id)
        .await
        .map_err(|error| caller.failure(error))?;
    if caller.precondition.is_current(record.user.version) {
        let entity_tag = Some(entity_tag(record.user.version));
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
        projection_of(query.as_deref(), schema::user()).map_err(|error| caller.failure(error))?;
    let precondition = caller.precondition.clone();
    let record = users::replace(
        &on,
        caller.client.directory,
        &id,
        body,
        precondition,
        caller.origin(),
    )
    .await
    .map_err(|error| caller.failure(error))?;
    Ok(render(&caller, &record, &projection))
}

pub(super) async fn patch(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
    RawQuery(query): RawQuery,
    Body(body): Body,
) -> Result<Reply, Failure> {
    let projection =
        projection_of(query.as_deref(), schema::user()).map_err(|error| caller.failure(error))?;
    let precondition = caller.precondition.clone();
    let record = users::patch(
        &on,
        caller.client.directory,
        &id,
        body,
        precondition,
        caller.origin(),
    )
    .await
    .map_err(|error| caller.failure(error))?;
    Ok(render(&caller, &record, &projection))
}

pub(super) async fn delete(
    State(on): State<Provisioning>,
    caller: ScimCaller,
    ResourceId(id): ResourceId,
) -> Result<Reply, Failure> {
    let precondition = caller.precondition.clone();
    users::delete(&on, caller.client.directory, &id, precondition, caller.origin())
        .await
        .map_err(|error| caller.failure(error))?;
    Ok(Reply {
        status: StatusCode::NO_CONTENT,
        ..Reply::default()
    })
}

fn render(caller: &ScimCaller, record: &UserRecord, projection: &Projection) -> Reply {
    let mut body = String::with_capacity(2_048);
    caller.endpoint.write_user(&mut body, record, projection);
    Reply {
        status: StatusCode::OK,
        media: caller.media,
        body: Some(body),
        entity_tag: Some(entity_tag(record.user.version)),
        location: Some(caller.endpoint.user_location(record.user.id)),
    }
}
