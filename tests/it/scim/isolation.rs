//! The walk: every route with the ids of another tenant and of another directory of the same tenant. What is
//! answered is always what a nonexistent id gets, and nothing of the others is shown or changed.

use serde_json::{Value, json};

use super::message::{
    ENTERPRISE, assert_refused, create_group, found, group, member_list, patch, patch_one, search_for, user,
    user_with,
};
use super::routes::{Door, ROUTES};
use crate::harness::{Answer, Directory, Engine, IdpMetadata, Tenant, new_key};

on_both_engines!(
    a_foreign_id_in_an_address_is_answered_as_one_that_does_not_exist,
    a_foreign_id_in_a_body_is_answered_as_one_that_does_not_exist,
    nobody_of_another_tenants_roster_is_picked,
    lists_and_filters_never_show_the_others,
    every_scim_route_wants_the_directorys_own_token,
    every_operator_route_wants_the_operators_token,
    the_public_routes_tell_nothing_of_any_tenant,
);

/// An id of the form that ids have, and nobody's.
const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

/// A directory with one person and one group.
struct House {
    tenant: Tenant,
    directory: Directory,
    user: String,
    group: String,
    entity: String,
    /// Somebody of the roster.
    person: String,
    /// An OAuth client with a secret and an issuer, as its creation answered it.
    client: Value,
    /// A SAML connection with a key of ours, as its creation answered it.
    connection: Value,
    /// Stands in every name of this house.
    mark: String,
}

impl House {
    async fn new(tenant: &Tenant) -> Self {
        let directory = tenant.directory("generic").await;
        let mark = format!("mark{}", directory.id.replace('-', ""));
        let person = user_with(
            &format!("{mark}@example.com"),
            json!({
                "externalId": format!("ext-{mark}"),
                "displayName": format!("display {mark}"),
                "emails": [{"value": format!("{mark}@mail.example"), "type": "work"}],
                "nickName": mark,
                ENTERPRISE: {"manager": {"value": format!("manager-{mark}")}},
            }),
        );
        let user = directory.post("/Users", &person).await.expect(201).id();
        let group = create_group(&directory, &format!("group {mark}"), &[&user]).await;
        let named = json!({"name": format!("entity {mark}")});
        let entity = tenant
            .call_with("POST", "/entities", &named)
            .await
            .expect(201)
            .id();
        let body =
            json!({"first_name": format!("first {mark}"), "last_name": "Last", "employee_number": mark});
        let person = tenant.call_with("POST", "/people", &body).await.expect(201).id();
        let client = json!({
            "name": format!("client {mark}"),
            "secret_expires_at": (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string(),
            "issuer": {"issuer": format!("https://{mark}.example"), "subject": mark},
        });
        let path = format!("/directories/{}/clients", directory.id);
        let client = tenant.call_with("POST", &path, &client).await.expect(201).json;
        let metadata = IdpMetadata::of(&new_key("idp.example")).xml();
        let connection = json!({"kind": "saml", "name": format!("idp {mark}"), "idp_metadata_xml": metadata});
        let connection = tenant.call_with("POST", "/connections", &connection).await;
        Self {
            tenant: tenant.clone(),
            client,
            connection: connection.expect(201).json,
            directory,
            user,
            group,
            entity,
            person,
            mark,
        }
    }

    /// An address with the ids of this house behind the first one.
    fn below(&self, path: &str) -> String {
        let id = |value: &Value| value.as_str().expect("an id").to_owned();
        path.replace("{token}", &self.directory.token_id)
            .replace("{client}", &id(&self.client["client_id"]))
            .replace("{secret}", &id(&self.client["secrets"][0]["id"]))
            .replace("{issuer}", &id(&self.client["issuers"][0]["id"]))
            .replace("{key}", &id(&self.connection["keys"][0]["id"]))
    }

    /// Everything of this house that its own side can see.
    async fn snapshot(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for path in [
            "/Users".to_owned(),
            "/Groups".to_owned(),
            format!("/Users/{}", self.user),
            format!("/Groups/{}", self.group),
        ] {
            seen.push(self.directory.get(&path).await.expect(200).text());
        }
        for path in [
            "/users".to_owned(),
            "/users?status=deleted".to_owned(),
            format!("/users/{}", self.user),
            "/directories".to_owned(),
            "/entities".to_owned(),
            "/people".to_owned(),
            "/audit".to_owned(),
            format!("/directories/{}", self.directory.id),
            format!("/directories/{}/clients", self.directory.id),
        ] {
            let answer = self.tenant.call("GET", &path).await.expect(200);
            // When the directory's token was last used may be written down meanwhile.
            let mut json = answer.json;
            for token in json["tokens"].as_array_mut().into_iter().flatten() {
                token["last_used_at"] = Value::Null;
            }
            seen.push(json.to_string());
        }
        seen
    }
}

/// Our own house, one of another directory of our tenant, one of another tenant.
async fn street(engine: Engine) -> (House, [House; 2]) {
    let gateway = engine.gateway().await;
    let (ours, theirs) = (gateway.tenant().await, gateway.tenant().await);
    let own = House::new(&ours).await;
    (own, [House::new(&ours).await, House::new(&theirs).await])
}

/// What of an answer must not depend on whether an id exists elsewhere.
fn essence(answer: &Answer, id: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    let mut headers: Vec<_> = headers
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).replace(id, "{id}"),
            )
        })
        .collect();
    headers.sort();
    (answer.status, headers, answer.text().replace(id, "{id}"))
}

fn scim_body(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path.starts_with("/Users")) {
        ("PUT", true) => user("intruder@example.com"),
        ("PUT", false) => group("intruders", &[]),
        ("PATCH", _) => patch_one("replace", "displayName", json!("intruder")),
        _ => return None,
    })
}

async fn scim_call(directory: &Directory, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let call = directory.request(method, path);
    match body {
        Some(body) => call.json("application/scim+json", body).send().await,
        None => call.send().await,
    }
}

async fn operator_call(tenant: &Tenant, method: &str, path: &str, body: Option<&Value>) -> Answer {
    match body {
        Some(body) => tenant.call_with(method, path, body).await,
        None => tenant.call(method, path).await,
    }
}

async fn a_foreign_id_in_an_address_is_answered_as_one_that_does_not_exist(engine: Engine) {
    let (own, others) = street(engine).await;
    let before = [others[0].snapshot().await, others[1].snapshot().await];
    let mut walked = 0;
    for (_, method, path) in ROUTES
        .iter()
        .filter(|(door, _, path)| *door == Door::Scim && path.contains("{id}"))
    {
        let body = scim_body(method, path);
        let nobody = scim_call(
            &own.directory,
            method,
            &path.replace("{id}", NOBODY),
            body.as_ref(),
        )
        .await;
        assert_refused(&nobody, 404, "", "not found");
        for other in &others {
            for id in [&other.user, &other.group, &other.directory.id, &other.tenant.id] {
                let answer =
                    scim_call(&own.directory, method, &path.replace("{id}", id), body.as_ref()).await;
                assert_eq!(essence(&answer, id), essence(&nobody, NOBODY), "{method} {path}");
                walked += 1;
            }
        }
    }
    for (_, method, path) in ROUTES
        .iter()
        .filter(|(door, _, path)| *door == Door::Operator && path.contains("{id}"))
    {
        let path = path.strip_prefix("/tenants/{tenant}").expect("below a tenant");
        let body = match path.rsplit('/').next() {
            Some("admin") => Some(json!({"administrator": true, "scope": "all"})),
            Some("entity") => Some(json!({"entity_id": null})),
            Some("mfa") => Some(json!({"required": true})),
            Some("contact-tags") => Some(json!({"contact_tags": ["intruder"]})),
            Some("break-glass") => Some(json!({"enabled": true})),
            Some("erase") => Some(json!({"confirm": NOBODY})),
            Some("schemas" | "{urn}") => {
                Some(json!({"schema": {"id": "urn:acme:badge", "attributes": [{"name": "number"}]}}))
            }
            Some("password") => Some(json!({"password": "violet otter, 7 lamps"})),
            Some("group-mapping") => Some(json!({"rules": []})),
            Some("accept-offer") => Some(json!({"found_at": "2026-11-22T09:00:00Z"})),
            Some("explain") => Some(json!({"method": "GET", "path": "/Users"})),
            Some("issuers") => Some(json!({"issuer": "https://idp.example", "subject": "workload"})),
            _ => None,
        };
        let nobody_path = ["{id}", "{token}", "{client}", "{secret}", "{issuer}", "{key}"]
            .iter()
            .fold(path.to_owned(), |path, name| path.replace(name, NOBODY));
        let nobody = operator_call(&own.tenant, method, &nobody_path, body.as_ref()).await;
        assert_eq!(nobody.status, 404, "{method} {path}: {}", nobody.text());
        assert_eq!(nobody.json["code"], "not_found");
        // The operator sees the whole tenant, so only the other tenant's ids are foreign here.
        let other = &others[1];
        for id in [
            &other.user,
            &other.group,
            &other.entity,
            &other.person,
            &other.directory.id,
            &other.tenant.id,
            &other.connection["id"].as_str().expect("an id").to_owned(),
        ] {
            let path = other.below(&path.replace("{id}", id));
            let answer = operator_call(&own.tenant, method, &path, body.as_ref()).await;
            assert_eq!(essence(&answer, id), essence(&nobody, NOBODY), "{method} {path}");
            walked += 1;
        }
    }
    assert!(walked >= 9 * 4, "{walked} addresses were walked");
    // A token belongs to one directory, within a tenant too.
    for other in &others {
        let path = format!(
            "/directories/{}/tokens/{}",
            own.directory.id, other.directory.token_id
        );
        let answer = own.tenant.call("DELETE", &path).await.expect(404);
        let nobody = format!("/directories/{}/tokens/{NOBODY}", own.directory.id);
        let nobody = own.tenant.call("DELETE", &nobody).await.expect(404);
        assert_eq!(
            essence(&answer, &other.directory.token_id),
            essence(&nobody, NOBODY)
        );
    }
    for (other, before) in others.iter().zip(before) {
        assert_eq!(other.snapshot().await, before);
    }
}

/// Entities are the whole tenant's: only the other tenant's are foreign.
fn bodies_naming_an_entity(own: &House, id: &str) -> [(&'static str, String, Value); 6] {
    [
        (
            "PUT",
            format!("/users/{}/entity", own.user),
            json!({"entity_id": id}),
        ),
        ("PATCH", format!("/users/{}", own.user), json!({"entity_id": id})),
        (
            "PATCH",
            format!("/people/{}", own.person),
            json!({"entity_id": id}),
        ),
        (
            "POST",
            "/people".to_owned(),
            json!({"first_name": "x", "last_name": "y", "entity_id": id}),
        ),
        (
            "POST",
            "/entities".to_owned(),
            json!({"name": "x", "parent_id": id}),
        ),
        (
            "PATCH",
            format!("/entities/{}", own.entity),
            json!({"parent_id": id}),
        ),
    ]
}

async fn a_foreign_id_in_a_body_is_answered_as_one_that_does_not_exist(engine: Engine) {
    let (own, others) = street(engine).await;
    let before = [others[0].snapshot().await, others[1].snapshot().await];
    let own_before = own.snapshot().await;
    let one = format!("/Groups/{}", own.group);
    // A good member beside the foreign one: nothing of the request may happen.
    let bodies = |id: &str| {
        let both = member_list(&[&own.user, id]);
        [
            (
                "POST",
                "/Groups",
                json!({"displayName": "intruders", "members": both}),
            ),
            (
                "PUT",
                one.as_str(),
                json!({"displayName": "intruders", "members": both}),
            ),
            ("PATCH", one.as_str(), patch_one("add", "members", both.clone())),
            (
                "PATCH",
                one.as_str(),
                patch_one("replace", "members", both.clone()),
            ),
            (
                "PATCH",
                one.as_str(),
                patch(json!([{"op": "add", "value": {"members": both}}])),
            ),
        ]
    };
    let mut nobodies = Vec::new();
    for (method, path, body) in bodies(NOBODY) {
        let answer = scim_call(&own.directory, method, path, Some(&body)).await;
        assert_refused(&answer, 400, "invalidValue", &format!("members|{NOBODY}"));
        nobodies.push(essence(&answer, NOBODY));
    }
    for other in &others {
        for id in [&other.user, &other.group, &other.directory.id] {
            for ((method, path, body), nobody) in bodies(id).into_iter().zip(&nobodies) {
                let answer = scim_call(&own.directory, method, path, Some(&body)).await;
                assert_eq!(&essence(&answer, id), nobody, "{method} {path}");
            }
            // Taking away who is not there is what the provider wants, whoever it is.
            let remove = patch_one("remove", "members", member_list(&[id]));
            own.directory.patch(&one, &remove).await.expect(204);
            let path = format!("members[value eq \"{id}\"]");
            own.directory
                .patch(&one, &patch(json!([{"op": "remove", "path": path}])))
                .await
                .expect(204);
        }
    }
    for (of_other, of_nobody) in bodies_naming_an_entity(&own, &others[1].entity)
        .iter()
        .zip(&bodies_naming_an_entity(&own, NOBODY))
    {
        let (method, path, body) = of_other;
        let answer = own.tenant.call_with(method, path, body).await.expect(422);
        let nobody = own.tenant.call_with(method, path, &of_nobody.2).await.expect(422);
        assert_eq!(essence(&answer, &others[1].entity), essence(&nobody, NOBODY));
    }
    for other in &others {
        let entity = json!({"administrator": true, "scope": {"entities": [other.user]}});
        let path = format!("/users/{}/admin", own.user);
        let answer = own.tenant.call_with("PUT", &path, &entity).await.expect(422);
        let nobody = json!({"administrator": true, "scope": {"entities": [NOBODY]}});
        let nobody = own.tenant.call_with("PUT", &path, &nobody).await.expect(422);
        assert_eq!(essence(&answer, &other.user), essence(&nobody, NOBODY));
    }
    assert_eq!(own.snapshot().await, own_before);
    for (other, before) in others.iter().zip(before) {
        assert_eq!(other.snapshot().await, before);
    }
}

async fn nobody_of_another_tenants_roster_is_picked(engine: Engine) {
    let (own, others) = street(engine).await;
    let employee = |person: &str| {
        json!({"kind": "employee", "person_id": person, "email": "x@acme.example",
               "email_confirmation": "x@acme.example"})
    };
    let create = async |person: &str| {
        let body = employee(person);
        own.tenant.call_with("POST", "/users", &body).await.expect(422)
    };
    let (answer, nobody) = (create(&others[1].person).await, create(NOBODY).await);
    assert_eq!(essence(&answer, &others[1].person), essence(&nobody, NOBODY));
}

async fn lists_and_filters_never_show_the_others(engine: Engine) {
    let (own, others) = street(engine).await;
    let lists = ROUTES.iter().filter(|(door, _, path)| {
        *door == Door::Scim
            && [
                "/",
                "/.search",
                "/Users",
                "/Users/.search",
                "/Groups",
                "/Groups/.search",
            ]
            .contains(path)
    });
    for (_, method, path) in lists {
        let answer = match *method {
            "GET" => own.directory.get(path).await,
            _ if path.ends_with(".search") => own.directory.post(path, &search_for("id pr")).await,
            _ => continue,
        };
        let text = answer.expect(200).text();
        assert!(text.contains(&own.mark), "{method} {path}: {text}");
        for other in &others {
            assert!(
                !text.contains(&other.mark) && !text.contains(&other.user) && !text.contains(&other.group)
            );
        }
    }
    for other in &others {
        let House {
            user,
            group,
            mark,
            directory,
            ..
        } = other;
        for filter in [
            format!("id eq \"{user}\""),
            format!("userName eq \"{mark}@example.com\""),
            format!("userName co \"{mark}\""),
            format!("externalId eq \"ext-{mark}\""),
            format!("displayName eq \"display {mark}\""),
            format!("displayName sw \"display {}\"", &mark[..20]),
            format!("emails.value eq \"{mark}@mail.example\""),
            format!("emails[type eq \"work\" and value eq \"{mark}@mail.example\"]"),
            format!("{ENTERPRISE}:manager.value eq \"manager-{mark}\""),
            format!("nickName eq \"{mark}\""),
            format!("groups.value eq \"{group}\""),
            format!("meta.location co \"{}\"", directory.id),
            format!("not (userName eq \"{}@example.com\")", own.mark),
        ] {
            let nobody = found(&own.directory, "/Users", &filter, "id").await;
            assert!(nobody.is_empty(), "{filter}: {nobody:?}");
        }
        for filter in [
            format!("id eq \"{group}\""),
            format!("displayName eq \"group {mark}\""),
            format!("members.value eq \"{user}\""),
            format!("members[value eq \"{user}\"]"),
            format!("id eq \"{}\" and members eq \"{user}\"", own.group),
            format!("not (displayName eq \"group {}\")", own.mark),
        ] {
            let nobody = found(&own.directory, "/Groups", &filter, "id").await;
            assert!(nobody.is_empty(), "{filter}: {nobody:?}");
        }
        let of_other = found(
            &other.directory,
            "/Users",
            &format!("nickName eq \"{mark}\""),
            "id",
        )
        .await;
        assert_eq!(of_other, [user.as_str()], "the filter finds them at home");
    }
    // The operator's lists are one tenant's.
    let stranger = &others[1];
    for path in [
        "/users",
        "/users?status=active",
        "/users?status=deleted",
        "/users?q=mark",
        "/directories",
        "/entities",
        "/audit",
    ] {
        let text = own.tenant.call("GET", path).await.expect(200).text();
        for foreign in [
            &stranger.mark,
            &stranger.user,
            &stranger.directory.id,
            &stranger.entity,
        ] {
            assert!(!text.contains(foreign), "{path}: {text}");
        }
    }
}

async fn every_scim_route_wants_the_directorys_own_token(engine: Engine) {
    let (own, others) = street(engine).await;
    for (_, method, path) in ROUTES.iter().filter(|(door, _, _)| *door == Door::Scim) {
        let method = if *method == "ANY" { "POST" } else { method };
        let path = path.replace("{id}", &own.user);
        let answer = own.directory.anonymous(method, &path).send().await;
        assert_refused(&answer, 401, "", "Authorization");
        for other in &others {
            // Our own token at their address.
            let at_theirs = Directory {
                token: own.directory.token.clone(),
                ..other.directory.clone()
            };
            assert_refused(
                &scim_call(&at_theirs, method, &path, None).await,
                401,
                "",
                "token",
            );
        }
    }
}

async fn every_operator_route_wants_the_operators_token(engine: Engine) {
    let gateway = engine.gateway().await;
    let (own, _) = street(engine).await;
    let before = own.snapshot().await;
    for (_, method, path) in ROUTES.iter().filter(|(door, _, _)| *door == Door::Operator) {
        let id = if path.contains("/users") {
            &own.user
        } else {
            &own.directory.id
        };
        let path = own.below(&path.replace("{tenant}", &own.tenant.slug).replace("{id}", id));
        let path = format!("/api/v1{path}");
        let calls = [
            gateway.anonymous(method, &path),
            gateway.anonymous(method, &path).bearer(&own.directory.token),
            gateway.anonymous(method, &path).bearer("wrong"),
            gateway
                .anonymous(method, &path)
                .header("Authorization", "Basic b3BlcmF0b3I6eA=="),
        ];
        for call in calls {
            let answer = call.send().await.expect(401);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            assert_eq!(answer.json["code"], "unauthorized");
            assert_eq!(answer.json["status"], 401);
        }
    }
    assert_eq!(own.snapshot().await, before);
}

async fn the_public_routes_tell_nothing_of_any_tenant(engine: Engine) {
    let gateway = engine.gateway().await;
    let (own, _) = street(engine).await;
    for (_, method, path) in ROUTES.iter().filter(|(door, _, _)| *door == Door::Public) {
        let text = gateway.anonymous(method, path).send().await.expect(200).text();
        for name in [
            &own.tenant.slug,
            &own.tenant.id,
            &own.directory.id,
            &own.user,
            &own.group,
            &own.mark,
        ] {
            assert!(!text.contains(name), "{path} shows {name}");
        }
    }
}
