//! An explanation as the API shows it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::scim::explain::Explained;
use crate::provisioning::explain::{
    AttributeChange, BulkOperation, BulkReading, Effect, GrantChange, MemberChanges, NotKnown, Note, Noted,
    Refused, Search, Target,
};

/// What a SCIM request comes to, and why.
#[derive(Serialize, ToSchema)]
pub(super) struct ExplanationView {
    request: ExplainedRequestView,
    /// The status that it is answered with.
    status: u16,
    /// What the client is told when it is refused; null when it is not.
    error: Option<ScimErrorView>,
    /// The rule that refuses it, and who can mend it.
    refusal: Option<RefusalView>,
    #[serde(flatten)]
    reading: ReadingView,
    /// A list request as it was understood, for each kind of resource that it is about.
    search: Vec<SearchView>,
    /// What a list request finds.
    found: Option<FoundView>,
    /// How the first 100 operations of a bulk request of the past were read.
    bulk: Vec<BulkOperationReadView>,
    /// How many more operations the bulk request has.
    more_bulk: usize,
    /// The resource that it is about, as it is before; null when there is none.
    target: Option<ExplainedTargetView>,
    /// Attributes that differ. When there are none and no members come or go, the request changes nothing: `ETag` and
    /// lastModified stay.
    attributes: Vec<AttributeChangeView>,
    members: MemberChangesView,
    /// The changes as the audit log names them.
    changes: Vec<ExplainedChangeView>,
    effect: EffectView,
    /// The body of the answer where it has one; a group's members are left out.
    #[schema(value_type = Option<Object>)]
    resource: Option<Value>,
    /// What cannot be told any more of a request of the past, in sentences.
    not_known: Vec<&'static str>,
}

/// How a request, or an operation of a bulk request, was read.
#[derive(Serialize, ToSchema)]
struct ReadingView {
    /// What was read as something else than what was sent, and why.
    repairs: Vec<NoteView>,
    /// What was not taken up, and why.
    passed_over: Vec<NoteView>,
    /// How many more repairs and passings-over there were than the first 1,000.
    more_notes: usize,
    /// The operations of a PATCH as they were understood, at most 1,000.
    operations: Vec<OperationView>,
    /// How many more operations there are.
    more_operations: usize,
    /// The canonical resource that a POST or PUT was understood as; long lists and texts are cut.
    #[schema(value_type = Option<Object>)]
    understood: Option<Value>,
}

/// An operation of a bulk request, as it was read.
#[derive(Serialize, ToSchema)]
struct BulkOperationReadView {
    /// Position in the request, from 0.
    position: usize,
    /// Its method, as far as it was given.
    method: String,
    bulk_id: Option<String>,
    /// Where it goes; null where that cannot be told.
    path: Option<String>,
    /// Why it is no operation; null when it is one.
    error: Option<String>,
    #[serde(flatten)]
    reading: ReadingView,
}

/// The request, parsed.
#[derive(Serialize, ToSchema)]
struct ExplainedRequestView {
    method: String,
    path: String,
    /// `User` or `Group`; null for a request about both or neither.
    kind: Option<String>,
    /// The id in the path.
    id: Option<String>,
}

/// An error as the SCIM client is told it (RFC 7644 section 3.12).
#[derive(Serialize, ToSchema)]
struct ScimErrorView {
    scim_type: Option<String>,
    detail: String,
    /// The whole body.
    #[schema(value_type = Object)]
    body: Value,
}

/// A rule that says no.
#[derive(Serialize, ToSchema)]
struct RefusalView {
    /// A stable word.
    code: &'static str,
    /// The rule in a sentence.
    rule: &'static str,
    /// `idp_administrator`, `company_administrator` or `support`.
    who_can_fix: &'static str,
}

/// Something odd in a request.
#[derive(Serialize, ToSchema)]
struct NoteView {
    /// The row of the table of repairs that it belongs to, `E-16`; null where it has none.
    code: Option<&'static str>,
    /// A stable name, `listed_removal`.
    name: &'static str,
    /// What is done, and for whose sake.
    why: &'static str,
    /// Position of the PATCH operation, from 0.
    operation: Option<usize>,
    /// The attribute, or the member of the message.
    at: String,
    /// What was sent, where it is shown.
    sent: Value,
    /// What it was taken as, where that is a value.
    taken_as: Value,
}

/// An operation of a PATCH.
#[derive(Serialize, ToSchema)]
struct OperationView {
    /// Position in the request, from 0; a path-less operation becomes several of the same number.
    number: usize,
    /// `add`, `remove` or `replace`.
    op: &'static str,
    /// The full path.
    path: String,
    /// The canonical value, cut where it is long.
    value: Value,
}

/// A list request, for one kind of resource.
#[derive(Serialize, ToSchema)]
struct SearchView {
    /// `User` or `Group`.
    kind: String,
    /// The filter in its canonical form.
    filter: Option<String>,
    /// What is sorted by; null means by id.
    sort_by: Option<String>,
    descending: bool,
    /// `database`, or `memory` when resources have to be looked at one by one, up to 50,000.
    judged_by: &'static str,
}

/// What a list request finds.
#[derive(Serialize, ToSchema)]
struct FoundView {
    /// On this page.
    items: u64,
    /// In all, where the answer says so.
    total: Option<u64>,
}

/// The resource that a request is about.
#[derive(Serialize, ToSchema)]
struct ExplainedTargetView {
    kind: &'static str,
    id: String,
    /// Its userName or displayName.
    name: String,
    external_id: Option<String>,
    /// Its entity tag.
    version: String,
}

/// An attribute that differs.
#[derive(Serialize, ToSchema)]
struct AttributeChangeView {
    /// As a PATCH would name it.
    path: String,
    /// Null where it had no value.
    before: Value,
    /// Null where it has none.
    after: Value,
}

/// Members that come and go.
#[derive(Serialize, ToSchema)]
struct MemberChangesView {
    /// At most 1,000 ids.
    added: Vec<String>,
    added_count: usize,
    /// At most 1,000 ids.
    removed: Vec<String>,
    removed_count: usize,
}

/// A change as the audit log names it.
#[derive(Serialize, ToSchema)]
struct ExplainedChangeView {
    /// `user.updated` and the like.
    action: String,
    /// `user`, `group` and the like.
    kind: String,
    id: String,
}

/// What a request does to access.
#[derive(Serialize, ToSchema)]
struct EffectView {
    /// The person's status before; null for a group and for somebody new.
    status_before: Option<&'static str>,
    /// The person's status after.
    status_after: Option<&'static str>,
    /// Ids of the people whose access ends.
    access_ends: Vec<String>,
    /// How many of their open sessions end with it; null when that cannot be told any more.
    sessions_ended: Option<u64>,
    /// The groups that a deleted person leaves.
    memberships_ended: Vec<LeftGroupView>,
    /// Whose grants change, at most 100 people.
    grants: Vec<GrantChangeView>,
    /// How many people's grants change in all.
    people_with_grants: usize,
}

/// A group that somebody leaves.
#[derive(Serialize, ToSchema)]
struct LeftGroupView {
    id: Uuid,
    display_name: String,
}

/// What changes among one person's grants.
#[derive(Serialize, ToSchema)]
struct GrantChangeView {
    user_id: String,
    /// `role:manager`, `section:billing`, `administrator`.
    added: Vec<String>,
    ended: Vec<String>,
}

impl ExplanationView {
    pub(super) fn new(method: &str, path: &str, explained: Explained) -> Self {
        let Explained {
            kind,
            id,
            status,
            error,
            refused,
            resource,
            found,
            noted,
            target,
            search,
            bulk:
                BulkReading {
                    operations: bulk_operations,
                    more_operations: more_bulk,
                },
            written,
            not_known,
        } = explained;
        let bulk = bulk_operations.into_iter().enumerate();
        Self {
            request: ExplainedRequestView {
                method: method.to_owned(),
                path: path.to_owned(),
                kind,
                id,
            },
            status,
            error: error.map(|error| ScimErrorView {
                scim_type: error.scim_type,
                detail: error.detail,
                body: error.body,
            }),
            refusal: refused.map(RefusalView::from),
            reading: noted.into(),
            search: search.into_iter().map(SearchView::from).collect(),
            found: found.map(|(items, total)| FoundView { items, total }),
            bulk: bulk.map(BulkOperationReadView::from).collect(),
            more_bulk,
            target: target.map(ExplainedTargetView::from),
            attributes: written
                .attributes
                .into_iter()
                .map(AttributeChangeView::from)
                .collect(),
            members: written.members.into(),
            changes: written
                .changes
                .into_iter()
                .map(|change| ExplainedChangeView {
                    action: change.action,
                    kind: change.kind,
                    id: change.id,
                })
                .collect(),
            effect: written.effect.into(),
            resource,
            not_known: not_known.into_iter().map(NotKnown::sentence).collect(),
        }
    }
}

impl From<Noted> for ReadingView {
    fn from(noted: Noted) -> Self {
        let (repairs, passed_over): (Vec<Note>, _) =
            noted.notes.into_iter().partition(|note| note.rule.is_repair());
        let operations = noted.operations.into_iter().map(|operation| OperationView {
            number: operation.number,
            op: operation.name,
            path: operation.path,
            value: operation.value,
        });
        Self {
            repairs: repairs.into_iter().map(NoteView::from).collect(),
            passed_over: passed_over.into_iter().map(NoteView::from).collect(),
            more_notes: noted.more_notes,
            operations: operations.collect(),
            more_operations: noted.more_operations,
            understood: noted.resource,
        }
    }
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            code: note.rule.code(),
            name: note.rule.name(),
            why: note.rule.why(),
            operation: note.operation,
            at: note.at,
            sent: note.sent,
            taken_as: note.taken_as,
        }
    }
}

impl From<(usize, BulkOperation)> for BulkOperationReadView {
    fn from((position, operation): (usize, BulkOperation)) -> Self {
        let BulkOperation {
            method,
            bulk_id,
            path,
            error,
            noted,
        } = operation;
        Self {
            position,
            method,
            bulk_id,
            path,
            error,
            reading: noted.into(),
        }
    }
}

impl From<Refused> for RefusalView {
    fn from(refused: Refused) -> Self {
        let Refused {
            code,
            rule,
            who_can_fix,
        } = refused;
        Self {
            code,
            rule,
            who_can_fix,
        }
    }
}

impl From<Search> for SearchView {
    fn from(search: Search) -> Self {
        Self {
            kind: search.kind,
            filter: search.filter,
            sort_by: search.sort_by,
            descending: search.descending,
            judged_by: if search.by_database { "database" } else { "memory" },
        }
    }
}

impl From<Target> for ExplainedTargetView {
    fn from(target: Target) -> Self {
        Self {
            kind: target.kind,
            id: target.id,
            name: target.name,
            external_id: target.external_id,
            version: target.version,
        }
    }
}

impl From<AttributeChange> for AttributeChangeView {
    fn from(change: AttributeChange) -> Self {
        let AttributeChange { path, before, after } = change;
        Self { path, before, after }
    }
}

impl From<MemberChanges> for MemberChangesView {
    fn from(members: MemberChanges) -> Self {
        Self {
            added: members.added,
            added_count: members.added_count,
            removed: members.removed,
            removed_count: members.removed_count,
        }
    }
}

impl From<Effect> for EffectView {
    fn from(effect: Effect) -> Self {
        let left = effect.memberships_ended.into_iter().map(|group| LeftGroupView {
            id: group.id.0,
            display_name: group.display_name,
        });
        Self {
            status_before: effect.status_before,
            status_after: effect.status_after,
            access_ends: effect.access_ends,
            sessions_ended: effect.sessions_ended,
            memberships_ended: left.collect(),
            grants: effect.grants.into_iter().map(GrantChangeView::from).collect(),
            people_with_grants: effect.people_with_grants,
        }
    }
}

impl From<GrantChange> for GrantChangeView {
    fn from(change: GrantChange) -> Self {
        Self {
            user_id: change.user,
            added: change.added,
            ended: change.ended,
        }
    }
}
