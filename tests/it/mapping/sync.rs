//! What a sync makes of the rules: with the answer, for whom, and what it never takes.

use serde_json::{Value, json};

use super::fixture::Site;
use crate::admin::problem::assert_problem;
use crate::harness::Engine;
use crate::scim::message::{assert_refused, group, member_list, patch, patch_one, user_with};
use crate::sso::fixture::Certified;

on_both_engines!(
    whoever_comes_and_goes_has_and_has_not_in_every_form_of_request,
    the_first_rule_that_names_a_role_decides_it,
    a_new_name_keeps_what_a_group_gives_and_deletion_takes_that_alone,
    who_is_in_a_group_of_the_group_has_nothing,
    the_last_administrator_is_not_taken_out_and_nothing_is_written,
    an_administrator_may_hand_over_to_another_in_one_request,
    who_is_deleted_comes_back_without_what_groups_gave,
    what_a_group_gives_is_not_taken_by_hand,
    rights_hold_for_the_next_request_of_a_live_session,
    a_group_without_a_rule_gives_nothing,
);

async fn whoever_comes_and_goes_has_and_has_not_in_every_form_of_request(engine: Engine) {
    let site = Site::new(engine).await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let staff = site.group("Staff", &[&ada]).await;
    let rules = json!([{"group_id": staff, "role": "user", "sections": ["reports"]}]);
    site.put(&rules).await.expect(200);
    let all = ["role user", "section reports"];
    // Who was there before the rule has it with the rule.
    assert_eq!(site.given(&ada).await, all);
    let one = format!("/Groups/{staff}");
    let by_filter = patch(json!([{"op": "remove", "path": format!("members[value eq \"{bob}\"]")}]));
    let whole = |members: &[&str]| group("Staff", members);
    let path_less =
        |members: &[&str]| patch(json!([{"op": "add", "value": {"members": member_list(members)}}]));
    let steps = [
        (
            "PATCH",
            patch_one("add", "members", member_list(&[&bob])),
            [true, true],
        ),
        (
            "PATCH",
            patch_one("remove", "members", member_list(&[&ada])),
            [false, true],
        ),
        ("PATCH", by_filter, [false, false]),
        ("PUT", whole(&[&ada, &bob]), [true, true]),
        ("PUT", whole(&[&bob]), [false, true]),
        (
            "PATCH",
            patch_one("replace", "members", member_list(&[&ada])),
            [true, false],
        ),
        ("PATCH", path_less(&[&bob]), [true, true]),
        (
            "PATCH",
            patch(json!([{"op": "remove", "path": "members"}])),
            [false, false],
        ),
        ("PATCH", path_less(&[&bob]), [false, true]),
        ("PUT", json!({"displayName": "Staff"}), [false, false]),
    ];
    for (step, (method, body, expected)) in steps.into_iter().enumerate() {
        let answer = site
            .directory
            .request(method, &one)
            .json("application/scim+json", &body)
            .send()
            .await;
        assert!(answer.status < 300, "step {step}: {}", answer.text());
        for (id, has) in [(&ada, expected[0]), (&bob, expected[1])] {
            let given = site.given(id).await;
            assert_eq!(given, if has { &all[..] } else { &[] }, "step {step}");
        }
    }
    let audit = site.audit("user.grants_set").await;
    let rows: Vec<&Value> = audit
        .iter()
        .filter(|row| row["target"]["id"] == bob.as_str())
        .collect();
    let first = rows[0];
    assert_eq!(first["actor"], format!("directory:{}", site.directory.id));
    assert_eq!(first["source"], "scim");
    let source = format!("directory:{}", site.directory.id);
    let added = json!([{"role": "user", "source": source}, {"section": "reports", "source": source}]);
    assert_eq!(first["after"]["added"], added);
    assert_eq!(rows.len(), 8, "bob came four times and left four times");
}

async fn the_first_rule_that_names_a_role_decides_it(engine: Engine) {
    let site = Site::new(engine).await;
    let ada = site.user("ada").await;
    let keeper = site.user("keeper").await;
    site.tick(&keeper).await;
    let all = site.group("All", &[&ada]).await;
    let staff = site.group("Staff", &[&ada]).await;
    let it = site.group("IT", &[&ada]).await;
    let north = json!({"name": "North"});
    let north = site
        .tenant
        .call_with("POST", "/entities", &north)
        .await
        .expect(201)
        .id();
    let scope = json!({"entities": [north]});
    let rules = [
        json!({"group_id": all, "sections": ["reports"], "admin_scope": scope}),
        json!({"group_id": staff, "role": "user", "sections": ["billing"]}),
        json!({"group_id": it, "role": "administrator", "sections": ["reports"]}),
    ];
    site.put(&json!(rules)).await.expect(200);
    let narrow = format!("scope {{\"entities\":[\"{north}\"]}}");
    let user = ["role user", "scope", "section billing", "section reports"].map(|word| {
        if word == "scope" {
            narrow.clone()
        } else {
            word.to_owned()
        }
    });
    assert_eq!(site.given(&ada).await, user);
    assert_eq!(site.person(&ada).await["scope"], scope);
    // The other way round: the administrators first.
    site.put(&json!([rules[2], rules[1], rules[0]])).await.expect(200);
    let administrator = [
        "role administrator",
        "scope \"all\"",
        "section billing",
        "section reports",
    ];
    assert_eq!(site.given(&ada).await, administrator);
    assert_eq!(site.person(&ada).await["scope"], "all");
    // Out of the group of administrators the next rule decides.
    site.members("remove", &it, &[&ada]).await.expect(204);
    assert_eq!(site.given(&ada).await, user);
}

async fn a_new_name_keeps_what_a_group_gives_and_deletion_takes_that_alone(engine: Engine) {
    let site = Site::new(engine).await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    site.tick(&ada).await;
    let staff = site.group("Staff", &[&ada, &bob]).await;
    let it = site.group("IT", &[&ada]).await;
    let rules = json!([
        {"group_id": staff, "role": "user", "sections": ["reports"]},
        {"group_id": it, "sections": ["reports", "servers"], "admin_scope": "all"},
    ]);
    site.put(&rules).await.expect(200);
    let before = [
        site.person(&ada).await["grants"].clone(),
        site.person(&bob).await["grants"].clone(),
    ];
    let one = format!("/Groups/{it}");
    let renamed = patch_one("replace", "displayName", json!("Informatics"));
    site.directory.patch(&one, &renamed).await.expect(200);
    let renamed = group("Operations", &[&ada]);
    site.directory.put(&one, &renamed).await.expect(200);
    let after = [
        site.person(&ada).await["grants"].clone(),
        site.person(&bob).await["grants"].clone(),
    ];
    assert_eq!(after, before);
    site.directory.delete(&one).await.expect(204);
    assert_eq!(site.given(&ada).await, ["role user", "section reports"]);
    assert_eq!(site.granted(&ada, "manual").await, ["scope \"all\""]);
    assert_eq!(site.person(&ada).await["scope"], "all");
    assert_eq!(site.person(&bob).await["grants"], before[1]);
    let left = site.mapping().await;
    assert_eq!(left["rules"].as_array().expect("rules").len(), 1);
    assert_eq!(left["rules"][0]["group_id"], staff.as_str());
    // A group of that name that comes later is another one.
    let again = site.group("Operations", &[&bob]).await;
    assert_ne!(again, it);
    assert_eq!(site.given(&bob).await, ["role user", "section reports"]);
    let audit = site.audit("directory.group_mapping_set").await;
    let last = audit.last().expect("a row");
    assert_eq!(last["actor"], format!("directory:{}", site.directory.id));
    assert_eq!(last["after"]["rules"][0]["group_id"], staff.as_str());
}

async fn who_is_in_a_group_of_the_group_has_nothing(engine: Engine) {
    let site = Site::new(engine).await;
    let ada = site.user("ada").await;
    let inner = site.group("Inner", &[&ada]).await;
    let outer = site.group("Outer", &[]).await;
    let rules = json!([{"group_id": outer, "sections": ["reports"]}]);
    site.put(&rules).await.expect(200);
    site.members("add", &outer, &[&inner]).await.expect(204);
    assert!(site.given(&ada).await.is_empty());
    site.members("add", &outer, &[&ada]).await.expect(204);
    assert_eq!(site.given(&ada).await, ["section reports"]);
    site.members("remove", &outer, &[&inner]).await.expect(204);
    assert_eq!(site.given(&ada).await, ["section reports"]);
}

async fn the_last_administrator_is_not_taken_out_and_nothing_is_written(engine: Engine) {
    let site = Site::new(engine).await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let it = site.group("IT", &[&ada, &bob]).await;
    let rules = json!([{"group_id": it, "role": "administrator"}]);
    site.put(&rules).await.expect(200);
    let one = format!("/Groups/{it}");
    // Either may go, since the other stays; both may not.
    let before = [
        site.directory.get(&one).await.expect(200).text(),
        site.person(&ada).await.to_string(),
        site.person(&bob).await.to_string(),
        site.mapping().await.to_string(),
        site.audit("group.updated").await.len().to_string(),
    ];
    let requests = [
        (
            "PATCH",
            Some(patch_one("remove", "members", member_list(&[&ada, &bob]))),
        ),
        ("PATCH", Some(patch_one("replace", "members", member_list(&[])))),
        ("PUT", Some(group("IT", &[]))),
        ("DELETE", None),
    ];
    for (method, body) in requests {
        let call = site.directory.request(method, &one);
        let answer = match &body {
            Some(body) => call.json("application/scim+json", body).send().await,
            None => call.send().await,
        };
        assert_refused(&answer, 409, "", "last administrator");
    }
    let refused = site.put(&json!([])).await;
    assert_problem(&refused, 409, "last_administrator", "last administrator");
    let refused = site
        .put(&json!([{"group_id": it, "admin_scope": {"entities": []}}]))
        .await;
    assert_problem(&refused, 409, "last_administrator", "last administrator");
    let after = [
        site.directory.get(&one).await.expect(200).text(),
        site.person(&ada).await.to_string(),
        site.person(&bob).await.to_string(),
        site.mapping().await.to_string(),
        site.audit("group.updated").await.len().to_string(),
    ];
    assert_eq!(after, before);
    site.members("remove", &it, &[&ada]).await.expect(204);
    let refused = site.members("remove", &it, &[&bob]).await;
    assert_refused(&refused, 409, "", "last administrator");
    site.tick(&ada).await;
    site.members("remove", &it, &[&bob]).await.expect(204);
    assert_eq!(site.person(&bob).await["administrator"], false);
    site.directory.delete(&one).await.expect(204);
}

async fn an_administrator_may_hand_over_to_another_in_one_request(engine: Engine) {
    let site = Site::new(engine).await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let it = site.group("IT", &[&ada]).await;
    site.put(&json!([{"group_id": it, "role": "administrator"}]))
        .await
        .expect(200);
    let handed = patch_one("replace", "members", member_list(&[&bob]));
    site.directory
        .patch(&format!("/Groups/{it}"), &handed)
        .await
        .expect(204);
    assert_eq!(site.person(&ada).await["administrator"], false);
    assert_eq!(site.person(&bob).await["scope"], "all");
}

async fn who_is_deleted_comes_back_without_what_groups_gave(engine: Engine) {
    let site = Site::new(engine).await;
    let (ada, keeper) = (site.user("ada").await, site.user("keeper").await);
    site.tick(&keeper).await;
    let it = site.group("IT", &[&ada]).await;
    let rules = json!([{"group_id": it, "role": "administrator", "sections": ["servers"]}]);
    site.put(&rules).await.expect(200);
    let narrow = json!({"administrator": true, "scope": "all"});
    site.set_administrator(&ada, &narrow).await.expect(200);
    site.directory.delete(&format!("/Users/{ada}")).await.expect(204);
    assert!(site.given(&ada).await.is_empty());
    let path = format!("/users/{ada}/restore");
    site.tenant.call("POST", &path).await.expect(200);
    let person = site.person(&ada).await;
    assert!(site.given(&ada).await.is_empty());
    // What was given by hand is hers.
    assert_eq!(site.granted(&ada, "manual").await, ["scope \"all\""]);
    assert_eq!(person["scope"], "all");
    site.members("add", &it, &[&ada]).await.expect(204);
    let again = ["role administrator", "scope \"all\"", "section servers"];
    assert_eq!(site.given(&ada).await, again);
    // The same by deactivation takes nothing: she is still in the group.
    let inactive = patch_one("replace", "active", json!(false));
    site.directory
        .patch(&format!("/Users/{ada}"), &inactive)
        .await
        .expect(200);
    assert_eq!(site.given(&ada).await, again);
}

async fn what_a_group_gives_is_not_taken_by_hand(engine: Engine) {
    let site = Site::new(engine).await;
    let (ada, keeper) = (site.user("ada").await, site.user("keeper").await);
    site.tick(&keeper).await;
    let it = site.group("IT", &[&ada]).await;
    site.put(&json!([{"group_id": it, "admin_scope": "all"}]))
        .await
        .expect(200);
    let refused = site
        .set_administrator(&ada, &json!({"administrator": false}))
        .await;
    let mapping = format!("group mapping of directory:{}", site.directory.id);
    assert_problem(&refused, 409, "granted_by_group", &mapping);
    site.members("remove", &it, &[&ada]).await.expect(204);
    assert_eq!(site.person(&ada).await["administrator"], false);
}

async fn rights_hold_for_the_next_request_of_a_live_session(engine: Engine) {
    let certified = Certified::new(engine).await;
    let sub = certified.person(&json!({})).await;
    let site = Site::of(certified.tenant.clone()).await;
    let keeper = site.user("keeper").await;
    site.tick(&keeper).await;
    let person = user_with("ada@acme.example", json!({"externalId": sub}));
    let ada = site.directory.post("/Users", &person).await.expect(201).id();
    let (browser, me) = certified.signed_in(&sub).await;
    assert_eq!(me["user"]["id"], ada.as_str());
    assert_eq!(
        (&me["administrator"], &me["sections"]),
        (&json!(false), &json!({}))
    );
    let it = site.group("IT", &[]).await;
    let desk = site.group("Desk", &[&ada]).await;
    let rules = json!([
        {"group_id": it, "role": "administrator", "sections": ["servers"]},
        {"group_id": desk, "admin_scope": {"entities": []}},
    ]);
    site.put(&rules).await.expect(200);
    let path = site.tenant.path(&site.path());
    let ask = || certified.by_session(&browser, "GET", &path, None);
    assert_problem(&ask().await, 403, "full_scope_required", "scope");
    let body = json!({"rules": []});
    let put = certified.by_session(&browser, "PUT", &path, Some(&body)).await;
    assert_problem(&put, 403, "full_scope_required", "scope");
    site.members("add", &it, &[&ada]).await.expect(204);
    ask().await.expect(200);
    let me = certified.me(&browser).await.expect(200).json;
    assert_eq!(me["scope"], "all");
    assert_eq!(me["roles"], json!(["administrator"]));
    assert_eq!(me["sections"], json!({"servers": true}));
    site.members("remove", &it, &[&ada]).await.expect(204);
    assert_problem(&ask().await, 403, "full_scope_required", "scope");
    site.members("remove", &desk, &[&ada]).await.expect(204);
    // The same session all the while.
    let me = certified.me(&browser).await.expect(200).json;
    assert_eq!(
        (&me["administrator"], &me["sections"]),
        (&json!(false), &json!({}))
    );
    assert_problem(&ask().await, 403, "administrator_required", "administrators");
}

async fn a_group_without_a_rule_gives_nothing(engine: Engine) {
    let site = Site::new(engine).await;
    let ada = site.user("ada").await;
    let (mapped, plain) = (
        site.group("Mapped", &[]).await,
        site.group("Plain", &[&ada]).await,
    );
    site.put(&json!([{"group_id": mapped, "sections": ["reports"]}]))
        .await
        .expect(200);
    assert!(site.given(&ada).await.is_empty());
    site.members("remove", &plain, &[&ada]).await.expect(204);
    site.members("add", &plain, &[&ada]).await.expect(204);
    site.directory
        .delete(&format!("/Groups/{plain}"))
        .await
        .expect(204);
    assert!(site.audit("user.grants_set").await.is_empty());
    assert_eq!(site.mapping().await["rules"][0]["group_id"], mapped.as_str());
}
