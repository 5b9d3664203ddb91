//! Files that come: how they are read, and what is told of each row before anybody is made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{rows, send};
use crate::admin::problem::assert_problem;
use crate::harness::{Engine, Tenant, random_name};
use crate::keys::{Key, entity};
use crate::mail::by_hand::address;

on_both_engines!(
    every_row_is_judged_as_the_form_would_and_nobody_is_made,
    a_french_spreadsheet_is_understood_and_unknown_columns_are_named,
    what_is_no_file_of_people_is_refused_as_a_whole,
    single_sign_on_blocks_files_before_they_are_read,
    ten_thousand_rows_are_looked_through_page_by_page,
    a_file_that_is_sent_again_with_its_key_is_one_import,
    a_part_of_the_tenant_imports_and_sees_its_own_alone,
    a_key_imports_with_the_permission_alone,
);

async fn count(tenant: &Tenant, list: &str) -> usize {
    let listed = tenant.call("GET", list).await.expect(200);
    listed.json["items"].as_array().expect("items").len()
}

/// Field and code of each problem, by line.
fn problems(rows: &[Value]) -> BTreeMap<u64, Vec<(String, String)>> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let of = |row: &Value| {
        let told = row["problems"].as_array().expect("problems").iter();
        let told: Vec<_> = told
            .map(|one| (text(&one["field"]), text(&one["code"])))
            .collect();
        assert_eq!(row["state"] == "refused", !told.is_empty(), "{row}");
        (row["line"].as_u64().expect("a line"), told)
    };
    rows.iter().map(of).collect()
}

/// A line of the file, and what is wrong with it: fields and codes.
type Case = (String, &'static [(&'static str, &'static str)]);

fn cases(north: &str, first: &str, taken: &str, mark: &str) -> Vec<Case> {
    let line = |kind: &str, number: &str, name: &str, email: &str, rest: &str| {
        format!("{kind},{number},{name},{email},{rest}")
    };
    let good = |rest: &str| line("external", "", "Ada Lovelace", &address(), rest);
    vec![
        (line("", "", "Ada Lovelace", first, ",,,,,,"), &[]),
        (
            good("+33 1 23 45 67 89,2026-01-02,2999-01-02,user,North,yes,hvac;billing"),
            &[],
        ),
        (line("employee", "7", "", &address(), ",,,,,,"), &[]),
        (good(&format!(",,,,{north},no,")), &[]),
        (good("12,,,,,,"), &[("phone_landline", "invalid")]),
        (good(",02/01/2026,,,,,"), &[("access_start", "invalid")]),
        (good(",2026-02-01,2026-01-01,,,,"), &[("access_end", "invalid")]),
        (good(",,,captain,,,"), &[("role", "unknown_role")]),
        (good(",,,,Nowhere,,"), &[("entity", "unknown_entity")]),
        (good(",,,,Twin,,"), &[("entity", "unknown_entity")]),
        (good(",,,,,perhaps,"), &[("mfa_required", "invalid")]),
        (good(",,,,,,HVAC!"), &[("contact_tags", "invalid")]),
        (good(",,,,,"), &[("row", "invalid")]),
        (
            line("robot", "", "Ada Lovelace", &address(), ",,,,,,"),
            &[("kind", "invalid")],
        ),
        (
            line("external", "", "Ada", "no-address", ",,,,,,"),
            &[("email", "invalid")],
        ),
        (
            line("external", "", "IT", "it+desk@acme.example", ",,,,,,"),
            &[("email", "departmental_mailbox")],
        ),
        (
            line("external", "", "Ada", &taken.to_uppercase(), ",,,,,,"),
            &[("email", "email_in_use")],
        ),
        (
            line("external", "", "Ada", &first.to_uppercase(), ",,,,,,"),
            &[("email", "duplicate_in_file")],
        ),
        (
            line("employee", "7", "", &address(), ",,,,,,"),
            &[("employee_number", "duplicate_in_file")],
        ),
        (
            line("employee", "8", "", &address(), ",,,,,,"),
            &[("employee_number", "person_has_access")],
        ),
        (
            line("employee", "9", "", &address(), ",,,,,,"),
            &[("employee_number", "unknown_person")],
        ),
        (
            line("employee", "", "", &address(), ",,,,,,"),
            &[("employee_number", "invalid")],
        ),
        (
            line("employee", "7", "Grace", mark, ",,,,,,"),
            &[("full_name", "names_from_roster")],
        ),
        (
            line("external", "", "", "", "12,,,,,,"),
            &[
                ("first_name", "invalid"),
                ("last_name", "invalid"),
                ("email", "invalid"),
                ("phone_landline", "invalid"),
            ],
        ),
    ]
}

async fn every_row_is_judged_as_the_form_would_and_nobody_is_made(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let north = entity(&tenant, "North").await;
    for _ in 0..2 {
        let top = entity(&tenant, &random_name("top")).await;
        let body = json!({"name": "Twin", "parent_id": top});
        tenant.call_with("POST", "/entities", &body).await.expect(201);
    }
    let employee = async |number: &str| {
        let body = json!({"first_name": "Grace", "last_name": "Hopper", "employee_number": number});
        tenant.call_with("POST", "/people", &body).await.expect(201).id()
    };
    employee("7").await;
    let (taken, holder) = (address(), employee("8").await);
    let has_access =
        json!({"kind": "employee", "person_id": holder, "email": taken, "email_confirmation": taken});
    tenant.call_with("POST", "/users", &has_access).await.expect(201);
    let (first, mark) = (address(), address());
    let cases = cases(&north, &first, &taken, &mark);
    let mut file = "kind,employee_number,full_name,email,phone_landline,access_start,access_end,role,entity,\
                    mfa_required,contact_tags\n"
        .to_owned();
    for (line, _) in &cases {
        file.push_str(line);
        file.push('\n');
    }
    let before = count(&tenant, "/users").await;
    let made = send(&tenant, file).await.expect(201);
    assert_eq!(made.json["state"], "preview", "{}", made.text());
    let found = rows(&tenant, &made.id()).await;
    let told = problems(&found);
    for (number, (line, expected)) in cases.iter().enumerate() {
        let expected: Vec<_> = expected
            .iter()
            .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
            .collect();
        assert_eq!(told[&(number as u64 + 2)], expected, "{line}");
    }
    let good = cases.iter().filter(|(_, wrong)| wrong.is_empty()).count();
    let figures = ["rows", "good", "refused", "created", "done"].map(|name| made.json[name].as_u64());
    let all = cases.len();
    assert_eq!(
        figures,
        [all, good, all - good, 0, all - good].map(|figure| Some(figure as u64))
    );
    assert!(found.iter().any(|row| row["email"] == mark.as_str()));
    assert_eq!(count(&tenant, "/users").await, before);
}

async fn a_french_spreadsheet_is_understood_and_unknown_columns_are_named(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let (ada, grace) = (address(), address());
    let file = format!(
        "\u{feff}Type;Prénom;Nom;Adresse e-mail;Téléphone portable;Groupe de droits;Double authentification;Salaire\r\n\
         Externe;Ada;\"Lovelace; née Byron\";{ada};06 12 34 56 78;user;oui;1000\r\n;;;;;;;\r\n\
         externe;Grace;Hopper;{grace};+33 6 12 34 56 79;;non;\r\n"
    );
    let country = json!({"country": "FR"});
    tenant.call_with("PATCH", "", &country).await.expect(200);
    let made = send(&tenant, file).await.expect(201);
    assert_eq!(made.json["columns"]["unknown"], json!(["Salaire"]));
    let known = made.json["columns"]["known"].as_array().expect("columns");
    assert_eq!(known.len(), 7);
    assert_eq!(known[1], json!({"header": "Prénom", "field": "first_name"}));
    let found = rows(&tenant, &made.id()).await;
    let seen: Vec<_> = found
        .iter()
        .map(|row| (row["line"].as_u64(), row["email"].clone()))
        .collect();
    assert_eq!(seen, [(Some(2), json!(ada)), (Some(4), json!(grace))]);
    assert_eq!(
        (&found[0]["state"], &found[1]["state"]),
        (&json!("good"), &json!("good")),
        "{found:?}"
    );
    // Commas and tabs are understood as well, and the template is a file that can be filled in.
    let template = tenant.call("GET", "/imports/template.csv").await.expect(200);
    assert_eq!(template.header("content-type"), "text/csv; charset=utf-8");
    let columns = template.text().trim().split(',').count();
    let filled = format!("email\tfull_name\n{}\tAda\n", address());
    assert_eq!(send(&tenant, filled).await.expect(201).json["good"], 1);
    let blank = send(
        &tenant,
        format!("{}{}\n", template.text(), ",x".repeat(columns - 1)),
    )
    .await
    .expect(201);
    assert_eq!(
        blank.json["columns"]["known"].as_array().map(Vec::len),
        Some(columns)
    );
    assert_eq!(blank.json["columns"]["unknown"], json!([]));
}

async fn what_is_no_file_of_people_is_refused_as_a_whole(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let json = tenant
        .operator("POST", "/imports")
        .json("application/json", &json!({}));
    assert_problem(&json.send().await, 415, "unsupported_media_type", "text/csv");
    for (file, code, naming) in [
        (&b"email\nPr\xE9nom@acme.example\n"[..], "not_utf8", "UTF-8"),
        (b"\xFF\xFEe\0m\0a\0i\0l\0", "not_utf8", "UTF-8"),
        (b"", "invalid", "email"),
        (b"email,full_name\n", "invalid", "a row for each person"),
        (b"full_name\nAda\n", "invalid", "email"),
        (
            b"email,e-mail\na@b.example,a@b.example\n",
            "invalid",
            "mean the same",
        ),
    ] {
        let answer = send(&tenant, file).await;
        assert_problem(&answer, 422, code, naming);
        assert_eq!(answer.json["errors"][0]["field"], "file");
    }
    let many = format!("email\n{}", "a@b.example\n".repeat(10_001));
    assert_problem(&send(&tenant, many).await, 422, "invalid", "10000 rows");
    let long = format!("email\n{}", "x".repeat(5 * 1024 * 1024));
    assert_problem(&send(&tenant, long).await, 413, "body_too_large", "larger");
}

async fn single_sign_on_blocks_files_before_they_are_read(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let waiting = send(&tenant, format!("email,full_name\n{},Ada\n", address())).await;
    let id = waiting.expect(201).id();
    let mode = json!({"mode": "sso", "force": true});
    tenant.call_with("PUT", "/sign-in", &mode).await.expect(200);
    for body in [&b"email,full_name\na@b.example,Ada\n"[..], b"\xFF", b""] {
        for media_type in ["text/csv", "application/json"] {
            let call = tenant.operator("POST", "/imports").bytes(media_type, body);
            assert_problem(
                &call.send().await,
                409,
                "manual_creation_blocked",
                "single sign-on",
            );
        }
    }
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\n\
         Content-Length: 4000000\r\n\r\nemail",
        tenant.path("/imports"),
        crate::harness::OPERATOR_TOKEN
    );
    let answer = String::from_utf8_lossy(&gateway.raw(head.as_bytes()).await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
    // What was looked at before is not made now.
    assert_problem(
        &super::confirm(&tenant, &id, false).await,
        409,
        "manual_creation_blocked",
        "single",
    );
    assert_eq!(count(&tenant, "/users").await, 0);
}

async fn ten_thousand_rows_are_looked_through_page_by_page(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let mark = random_name("mark");
    let mut file = "email;full_name\n".to_owned();
    file.extend((0..10_000).map(|number| format!("{mark}-{}@acme.example;Ada\n", number % 9_990)));
    let made = send(&tenant, file).await.expect(201);
    let figures = ["rows", "good", "refused"].map(|name| made.json[name].as_u64());
    assert_eq!(figures, [Some(10_000), Some(9_990), Some(10)]);
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let path = format!("/imports/{}?limit=500{cursor}", made.id());
        let page = tenant.call("GET", &path).await.expect(200).json;
        let items = page["items"].as_array().expect("rows");
        for row in items {
            seen += 1;
            assert_eq!(row["line"], seen + 1);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 10_000);
    for (query, naming) in [
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
    ] {
        let path = format!("/imports/{}?{query}", made.id());
        assert_problem(&tenant.call("GET", &path).await, 422, "invalid", naming);
    }
    let path = format!("/imports/{}", made.id());
    tenant.call("DELETE", &path).await.expect(204);
    assert_problem(&tenant.call("GET", &path).await, 404, "not_found", "import");
    assert_problem(&tenant.call("DELETE", &path).await, 404, "not_found", "import");
}

async fn a_file_that_is_sent_again_with_its_key_is_one_import(engine: Engine) {
    let tenant = engine.gateway().await.tenant().await;
    let key = random_name("key");
    // Longer than other bodies may be.
    let long = "x".repeat(2 * 1024 * 1024);
    let file = format!("email,full_name,notes\n{},Ada,{long}\n", address());
    let post = async |file: &str| {
        let call = tenant
            .operator("POST", "/imports")
            .header("Idempotency-Key", &key);
        call.bytes("text/csv", file).send().await
    };
    let first = post(&file).await.expect(201);
    let again = post(&file).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.id(), first.id());
    let other = post("email\na@b.example\n").await;
    assert_problem(&other, 422, "idempotency_key_reused", "Idempotency-Key");
}

async fn a_part_of_the_tenant_imports_and_sees_its_own_alone(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let (north, south) = (entity(&tenant, "North").await, entity(&tenant, "South").await);
    for (number, place) in [("7", &north), ("8", &south)] {
        let body = json!({"first_name": "Grace", "last_name": "Hopper", "employee_number": number, "entity_id": place});
        tenant.call_with("POST", "/people", &body).await.expect(201);
    }
    let key_of = async |place: &str| Key::new(&tenant, &["users.write"], &json!({"entities": [place]})).await;
    let (own, other) = (key_of(&north).await, key_of(&south).await);
    let file = format!(
        "email,full_name,entity,employee_number,role\n{},Ada,North,,\n{},Ada,{south},,\n{},Ada,,,\n{},,,7,\n{},,,8,\n\
         {},Ada,North,,administrator\n",
        address(),
        address(),
        address(),
        address(),
        address(),
        address()
    );
    let path = tenant.path("/imports");
    let call = gateway.anonymous("POST", &path).bearer(&own.text);
    let made = call.bytes("text/csv", file).send().await.expect(201);
    let import = format!("{path}/{}", made.id());
    let seen = own.call(gateway, "GET", &import, None).await.expect(200).json;
    let codes: Vec<_> = seen["items"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["problems"][0]["code"].as_str().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "",
        "outside_scope",
        "outside_scope",
        "",
        "unknown_person",
        "permission_required",
    ];
    assert_eq!(codes, expected);
    for (method, rest) in [("GET", ""), ("POST", "/confirm"), ("DELETE", "")] {
        let answer = other
            .call(gateway, method, &format!("{import}{rest}"), None)
            .await;
        assert_problem(&answer, 404, "not_found", "import");
    }
    // Whoever reaches everybody sees it too.
    tenant
        .call("GET", &format!("/imports/{}", made.id()))
        .await
        .expect(200);
    let skip = json!({"skip_refused": true});
    let confirmed = own
        .call(gateway, "POST", &format!("{import}/confirm"), Some(&skip))
        .await;
    confirmed.expect(202);
    let ended = super::wait_for_end(&tenant, &made.id()).await;
    assert_eq!((&ended["state"], &ended["created"]), (&json!("done"), &json!(2)));
    let people = tenant
        .call("GET", &format!("/users?entity={north}"))
        .await
        .expect(200)
        .json;
    assert_eq!(people["items"].as_array().map(Vec::len), Some(2));
    let row = &crate::local::fixture::audit(&tenant, "user.created").await[0];
    assert_eq!(
        (&row["actor"], &row["source"]),
        (&json!(format!("api_key:{}", own.id)), &json!("csv"))
    );
}

async fn a_key_imports_with_the_permission_alone(engine: Engine) {
    let gateway = engine.gateway().await;
    let tenant = gateway.tenant().await;
    let reader = Key::new(&tenant, &["users.read"], &json!("all")).await;
    let path = tenant.path("/imports");
    let file = format!("email,full_name\n{},Ada\n", address());
    let call = gateway
        .anonymous("POST", &path)
        .bearer(&reader.text)
        .bytes("text/csv", file.clone());
    assert_problem(&call.send().await, 403, "permission_required", "users.write");
    let id = send(&tenant, file).await.expect(201).id();
    for (method, rest) in [("POST", "/confirm"), ("DELETE", "")] {
        let answer = reader
            .call(gateway, method, &format!("{path}/{id}{rest}"), None)
            .await;
        assert_problem(&answer, 403, "permission_required", "users.write");
    }
    reader
        .call(gateway, "GET", &format!("{path}/{id}"), None)
        .await
        .expect(200);
    let stranger = gateway
        .anonymous("POST", &path)
        .bytes("text/csv", "email\n")
        .send()
        .await;
    assert_eq!(stranger.status, 401);
}
