//! What identity providers ask for is answered from an index (SQLite).
//!
//! The statements are the ones that a search really runs: sqlx tells them to `tracing`, and a subscriber keeps
//! those that run inside the span of this test. The driver carries the span to the thread that runs them.

use std::sync::{Mutex, PoisonError};

use rollcall::provisioning::Scope;
use rollcall::provisioning::search::search;
use rollcall::scim::message::SearchRequest;
use sqlx::{Connection as _, Row as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Instrument as _, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::fixture::{Place, now, person, provisioning_on};
use crate::harness::Engine;
use crate::harness::engine::open;

const SPAN: &str = "statements are kept";

static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Keep;

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        struct Statement(String);
        impl Visit for Statement {
            fn record_str(&mut self, field: &Field, value: &str) {
                // The summary holds the whole of a short statement, db.statement of a long one.
                if field.name() == "db.statement" && !value.is_empty() {
                    value.trim().clone_into(&mut self.0);
                } else if field.name() == "summary" && self.0.is_empty() {
                    value.clone_into(&mut self.0);
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        let mut statement = Statement(String::new());
        event.record(&mut statement);
        // The pool opens a connection when it is short of one; what that says is nobody's question.
        if statement.0.starts_with("PRAGMA") {
            return;
        }
        KEPT.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(statement.0);
    }
}

/// Keeps statements of spans named [`SPAN`] from now on; others are not even put together.
fn keep_statements() {
    let wanted = dynamic_filter_fn(|metadata, context| {
        if metadata.is_span() {
            return metadata.name() == SPAN;
        }
        metadata.target() == "sqlx::query" && context.lookup_current().is_some_and(|span| span.name() == SPAN)
    });
    let subscriber = tracing_subscriber::registry().with(Keep.with_filter(wanted));
    tracing::subscriber::set_global_default(subscriber).expect("no other subscriber in this program");
}

/// What a request is about, its filter, and the index search that must answer it.
const ASKED: [(Scope, &str, &str); 19] = [
    (
        Scope::Users,
        r#"id eq "01890a5d-ac96-774b-bcce-b302099a8057""#,
        "(tenant_id=? AND id=?)",
    ),
    (
        Scope::Users,
        r#"userName eq "ada""#,
        "users_user_name (tenant_id=? AND user_name_key=?)",
    ),
    (
        Scope::Users,
        r#"userName sw "ad""#,
        "users_user_name (tenant_id=? AND user_name_key>? AND user_name_key<?)",
    ),
    (
        Scope::Users,
        r#"externalId eq "x""#,
        "users_external_id (tenant_id=? AND directory_id=? AND external_id=?)",
    ),
    (
        Scope::Users,
        r#"displayName eq "x""#,
        "users_display_name (tenant_id=? AND directory_id=? AND display_name_key=?)",
    ),
    (
        Scope::Users,
        r#"emails.value eq "x""#,
        "user_emails_value (tenant_id=? AND value_key=?",
    ),
    (
        Scope::Users,
        r#"emails eq "x""#,
        "user_emails_value (tenant_id=? AND value_key=?",
    ),
    (
        Scope::Users,
        r#"emails[type eq "work" and value eq "x"]"#,
        "user_emails_value (tenant_id=? AND value_key=?",
    ),
    (
        Scope::Users,
        "active eq true",
        "users_active (tenant_id=? AND directory_id=? AND active=?)",
    ),
    (
        Scope::Users,
        r#"meta.lastModified gt "2030-01-01T00:00:00Z""#,
        "users_modified (tenant_id=? AND directory_id=? AND modified_at>?)",
    ),
    (
        Scope::Users,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "x""#,
        "users_manager (tenant_id=? AND directory_id=? AND manager_key=?)",
    ),
    (
        Scope::Users,
        r#"groups.value eq "01890a5d-ac96-774b-bcce-b302099a8057""#,
        "m USING PRIMARY KEY (tenant_id=? AND group_id=?)",
    ),
    (
        Scope::Groups,
        r#"id eq "01890a5d-ac96-774b-bcce-b302099a8057""#,
        "(tenant_id=? AND id=?)",
    ),
    (
        Scope::Groups,
        r#"displayName eq "x""#,
        "groups_display_name (tenant_id=? AND directory_id=? AND display_name_key=?)",
    ),
    (
        Scope::Groups,
        r#"externalId eq "x""#,
        "groups_external_id (tenant_id=? AND directory_id=? AND external_id=?)",
    ),
    (
        Scope::Groups,
        r#"meta.lastModified gt "2030-01-01T00:00:00Z""#,
        "groups_modified (tenant_id=? AND directory_id=? AND modified_at>?)",
    ),
    (
        Scope::Groups,
        r#"members.value eq "01890a5d-ac96-774b-bcce-b302099a8057""#,
        "group_members_member (tenant_id=? AND member_id=?)",
    ),
    (
        Scope::Groups,
        r#"members eq "01890a5d-ac96-774b-bcce-b302099a8057""#,
        "group_members_member (tenant_id=? AND member_id=?)",
    ),
    (
        Scope::Groups,
        r#"members[value eq "01890a5d-ac96-774b-bcce-b302099a8057"]"#,
        "group_members_member (tenant_id=? AND member_id=?)",
    ),
];

#[test]
fn what_identity_providers_ask_for_is_answered_from_an_index() {
    crate::harness::run(async {
        keep_statements();
        let database = Engine::Sqlite.new_database().await;
        let place = Place::in_store(open(&database).await).await;
        let user = place.user("ada").await;
        place.group("Staff", &[person(&user)]).await;
        let path = database.strip_prefix("sqlite://").expect("a file");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let mut wrong = Vec::new();
        for (scope, filter, index) in ASKED {
            let statements = statements_of(&place, scope, filter).await;
            assert!(!statements.is_empty(), "{filter}: no statement was kept");
            let mut plans = Vec::new();
            for statement in statements {
                plans.push((plan_of(&mut connection, &statement).await, statement));
            }
            if plans
                .iter()
                .any(|(plan, _)| passes_over_everything(plan) || !plan.contains(index))
            {
                wrong.push(format!("{filter}\nwants {index}\n{plans:#?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        the_numbered_log_is_read_from_its_own_index(&place, &mut connection).await;
        a_page_by_cursor_begins_in_an_index(&place, &mut connection).await;
        what_groups_give_is_asked_for_by_group_and_by_source(&place, &mut connection).await;
        place.store.close().await;
    });
}

/// Here, because the program has one subscriber: a log of years must not be passed over to find that all is numbered.
async fn the_numbered_log_is_read_from_its_own_index(place: &Place, connection: &mut sqlx::SqliteConnection) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).clear();
    async {
        place.store.number_audit(place.tenant).await.unwrap();
        let mut view = place.read().await;
        let of = rollcall::directory::AuditFilter {
            from: Some(now()),
            ..Default::default()
        };
        view.find_audit_span(&of).await.unwrap();
        view.list_audit(&of, 1..=10, 10).await.unwrap();
        drop(view);
        let mut system = place.store.system().await.unwrap();
        system.list_tenants_with_unnumbered_audit().await.unwrap();
    }
    .instrument(tracing::info_span!(SPAN))
    .await;
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let asked: Vec<_> = kept
        .iter()
        .filter(|statement| statement.contains("audit"))
        .collect();
    let indexes = [
        "audit_unnumbered (tenant_id=? AND seq=?)",
        "COVERING INDEX audit_at (tenant_id=? AND at>? AND at<?)",
        "audit_seq (tenant_id=? AND seq>? AND seq<?)",
        "COVERING INDEX audit_unnumbered",
    ];
    assert_eq!(asked.len(), indexes.len(), "{asked:#?}");
    for (statement, index) in asked.into_iter().zip(indexes) {
        let plan = plan_of(connection, statement).await;
        assert!(plan.contains(index), "{statement}\nwants {index}\n{plan}");
    }
}

async fn a_page_by_cursor_begins_in_an_index(place: &Place, connection: &mut sqlx::SqliteConnection) {
    place.user("grace").await;
    let provisioning = provisioning_on(&place.store);
    let by = |sort_by: &str| SearchRequest {
        sort_by: (!sort_by.is_empty()).then(|| sort_by.to_owned()),
        cursor: Some(String::new()),
        count: Some(1),
        ..SearchRequest::default()
    };
    for (sort_by, index) in [
        ("", "users_listing (tenant_id=? AND directory_id=? AND id>?)"),
        ("userName", "users_user_name (tenant_id=? AND user_name_key>?)"),
        (
            "meta.lastModified",
            "users_modified (tenant_id=? AND directory_id=? AND modified_at>?)",
        ),
    ] {
        let mut request = by(sort_by);
        let first = search(&provisioning, &place.service(), Scope::Users, &request, now()).await;
        request.cursor = first.unwrap().next;
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).clear();
        search(&provisioning, &place.service(), Scope::Users, &request, now())
            .instrument(tracing::info_span!(SPAN))
            .await
            .unwrap();
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let chooses = |statement: &&String| statement.contains("directory_id = $2");
        let asked: Vec<_> = kept.iter().filter(chooses).collect();
        assert_eq!(asked.len(), 2, "the page and the total: {asked:#?}");
        let mut plans = Vec::new();
        for statement in asked {
            plans.push(plan_of(connection, statement).await);
        }
        let plans = plans.join("\n");
        for index in [
            index,
            "directory_totals USING PRIMARY KEY (tenant_id=? AND directory_id=?)",
        ] {
            assert!(plans.contains(index), "{sort_by}: wants {index}\n{plans}");
        }
    }
}

/// Here for the same reason: most groups have no rule, and each change of their members asks for one.
async fn what_groups_give_is_asked_for_by_group_and_by_source(
    place: &Place,
    connection: &mut sqlx::SqliteConnection,
) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).clear();
    async {
        let mut tx = place.read().await;
        let nothing = uuid::Uuid::nil();
        let group = rollcall::directory::GroupId(nothing);
        let asked = tx.list_group_rules_if_mapped(place.directory, group).await;
        assert!(asked.unwrap().is_empty());
        let nobody = rollcall::directory::UserId(nothing);
        tx.list_followers(place.directory, nobody, 10).await.unwrap();
    }
    .instrument(tracing::info_span!(SPAN))
    .await;
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let wanted: [&[&str]; 2] = [
        &["own USING PRIMARY KEY (tenant_id=? AND group_id=?)"],
        &[
            "grants_source (tenant_id=? AND source=? AND user_id>?)",
            "m USING PRIMARY KEY (tenant_id=? AND group_id=? AND member_id>?)",
        ],
    ];
    assert_eq!(kept.len(), wanted.len(), "{kept:#?}");
    for (statement, indexes) in kept.iter().zip(wanted) {
        let plan = plan_of(connection, statement).await;
        for index in indexes {
            assert!(plan.contains(index), "{statement}\nwants {index}\n{plan}");
        }
    }
}

/// Whether a plan reads every row of a table, of a tenant or of a directory.
fn passes_over_everything(plan: &str) -> bool {
    let wide = ["(tenant_id=?)", "(tenant_id=? AND directory_id=?)"];
    plan.lines()
        .any(|step| step.starts_with("SCAN") || wide.iter().any(|end| step.ends_with(end)))
}

/// The statements of a search that choose rows: the page, and the count where one is needed.
async fn statements_of(place: &Place, scope: Scope, filter: &str) -> Vec<String> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let provisioning = provisioning_on(&place.store);
    // Nothing of a page of none is known, so this counts too; the other page is the usual one.
    for count in [Some(0), None] {
        let request = SearchRequest {
            filter: Some(filter.to_owned()),
            count,
            ..SearchRequest::default()
        };
        search(&provisioning, &place.service(), scope, &request, now())
            .instrument(tracing::info_span!(SPAN))
            .await
            .unwrap_or_else(|error| panic!("{filter}: {error}"));
    }
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    // What follows a page, the groups of its people, is not about the filter.
    let chooses = |statement: &&String| statement.contains("directory_id = $2");
    kept.iter().filter(chooses).cloned().collect()
}

async fn plan_of(connection: &mut sqlx::SqliteConnection, statement: &str) -> String {
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps = sqlx::query(explain).fetch_all(connection).await.unwrap();
    let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
    steps.join("\n")
}
