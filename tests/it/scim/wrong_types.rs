//! Wrong types for every attribute that the gateway's own `/Schemas` advertises: refused with `invalidValue` and the
//! attribute's path, by POST and by PATCH, and nothing half written.

use serde_json::{Value, json};

use super::message::{ENTERPRISE, GROUP, USER, assert_refused, create_group, create_user, patch_one};
use crate::harness::Engine;

on_both_engines!(
    a_wrong_type_is_refused_for_every_attribute,
    a_read_only_attribute_of_any_type_is_passed_over,
    values_of_the_right_type_are_judged_too,
);

/// An attribute or sub-attribute, with a way to put a value there.
#[derive(Debug)]
struct Place {
    schema: String,
    definition: Value,
    /// The attribute that a sub-attribute belongs to.
    parent: Option<Value>,
}

impl Place {
    fn name(&self) -> &str {
        self.definition["name"].as_str().expect("a name")
    }

    fn is_read_only(&self) -> bool {
        let read_only = |definition: &Value| definition["mutability"] == "readOnly";
        read_only(&self.definition) || self.parent.as_ref().is_some_and(read_only)
    }

    /// The body of a POST with this value in this place and everything required beside it.
    fn body(&self, value: &Value) -> Value {
        let (name, value) = match &self.parent {
            None => (self.name(), value.clone()),
            Some(parent) => {
                let object = json!({self.name(): value});
                let is_list = parent["multiValued"] == true;
                let object = if is_list { json!([object]) } else { object };
                (parent["name"].as_str().expect("a name"), object)
            }
        };
        let required = if self.schema == GROUP {
            "displayName"
        } else {
            "userName"
        };
        let mut body = json!({"schemas": [USER], required: "wrong-types"});
        if self.schema == GROUP {
            body["schemas"] = json!([GROUP]);
        }
        if self.schema == ENTERPRISE {
            body[ENTERPRISE] = json!({name: value});
        } else {
            body[name] = value;
        }
        body
    }

    /// The path of a PATCH.
    fn path(&self) -> String {
        let prefix = if self.schema == ENTERPRISE {
            format!("{ENTERPRISE}:")
        } else {
            String::new()
        };
        match &self.parent {
            None => format!("{prefix}{}", self.name()),
            Some(parent) => format!(
                "{prefix}{}.{}",
                parent["name"].as_str().expect("a name"),
                self.name()
            ),
        }
    }

    /// Values that no repair makes right.
    fn wrong_values(&self) -> Vec<Value> {
        let is_list = self.definition["multiValued"] == true;
        let mut values = match self.definition["type"].as_str().expect("a type") {
            "string" | "reference" => vec![
                json!(1),
                json!(true),
                json!({}),
                json!({"value": "x"}),
                json!(1.5),
            ],
            "boolean" => vec![
                json!("maybe"),
                json!(""),
                json!(1),
                json!(0),
                json!({}),
                json!("true "),
            ],
            "complex" => vec![json!(1), json!(true), json!([1])],
            "binary" => vec![json!(1), json!(false), json!("not base64!"), json!({})],
            "dateTime" => vec![json!(1), json!("yesterday"), json!({})],
            other => panic!("{other}: say what is wrong for it"),
        };
        if self.definition["type"] == "reference" {
            values.push(json!("two words"));
        }
        if is_list {
            values.extend([json!([true]), json!([["x"]])]);
        } else if self.definition["type"] != "complex" {
            values.extend([json!(["a", "b"]), json!([1])]);
        }
        values
    }
}

async fn places(directory: &crate::harness::Directory) -> Vec<Place> {
    let schemas = directory.get("/Schemas").await.expect(200);
    let mut places = Vec::new();
    for schema in schemas.json["Resources"].as_array().expect("Resources") {
        for attribute in schema["attributes"].as_array().expect("attributes") {
            let schema = schema["id"].as_str().expect("an id").to_owned();
            for sub in attribute["subAttributes"].as_array().into_iter().flatten() {
                let parent = Some(attribute.clone());
                places.push(Place {
                    schema: schema.clone(),
                    definition: sub.clone(),
                    parent,
                });
            }
            places.push(Place {
                schema,
                definition: attribute.clone(),
                parent: None,
            });
        }
    }
    assert!(places.len() > 80, "{} places", places.len());
    places
}

async fn a_wrong_type_is_refused_for_every_attribute(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let person = format!("/Users/{}", create_user(&directory, "ada").await);
    let group = format!("/Groups/{}", create_group(&directory, "all", &[]).await);
    let before = directory.get("/").await.expect(200).text();
    let mut asked = 0;
    for place in places(&directory)
        .await
        .iter()
        .filter(|place| !place.is_read_only())
    {
        let (list, one) = if place.schema == GROUP {
            ("/Groups", &group)
        } else {
            ("/Users", &person)
        };
        for value in place.wrong_values() {
            let body = place.body(&value);
            for answer in [directory.post(list, &body).await, directory.put(one, &body).await] {
                assert_refused(&answer, 400, "invalidValue", place.name());
            }
            // A sub-attribute of a list has no place before the list has elements; it is tried as an element.
            let patch = match &place.parent {
                Some(parent) if parent["multiValued"] == true => patch_one(
                    "add",
                    parent["name"].as_str().unwrap(),
                    json!([{place.name(): value}]),
                ),
                _ => patch_one("replace", &place.path(), value.clone()),
            };
            let answer = directory.patch(one, &patch).await;
            assert_refused(&answer, 400, "invalidValue", place.name());
            asked += 3;
        }
    }
    assert!(asked > 900, "{asked} requests");
    assert_eq!(directory.get("/").await.expect(200).text(), before);
}

async fn a_read_only_attribute_of_any_type_is_passed_over(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    let read_only: Vec<_> = places(&directory)
        .await
        .into_iter()
        .filter(Place::is_read_only)
        .collect();
    assert!(!read_only.is_empty());
    for place in read_only.iter().filter(|place| place.schema != GROUP) {
        for value in place.wrong_values().into_iter().chain([json!("x")]) {
            if place.name() == "displayName" && value.is_object() {
                continue;
            }
            let made = directory.post("/Users", &place.body(&value)).await;
            let made = made.expect(201);
            assert!(made.json.get("groups").is_none(), "{}", made.text());
            directory
                .delete(&format!("/Users/{}", made.id()))
                .await
                .expect(204);
        }
    }
}

async fn values_of_the_right_type_are_judged_too(engine: Engine) {
    let directory = engine.gateway().await.tenant().await.directory("generic").await;
    for (body, naming) in [
        (json!({"userName": ""}), "userName"),
        (json!({"userName": "  "}), "userName"),
        (json!({"userName": null, "displayName": "x"}), "userName"),
        (json!({"displayName": "x"}), "userName"),
        (
            json!({"userName": "x", "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
            "emails",
        ),
        (
            json!({"userName": "x", "x509Certificates": [{"value": "%%%"}]}),
            "x509Certificates[0].value",
        ),
        (json!({"userName": "x", ENTERPRISE: "text"}), "enterprise"),
        (
            json!({"userName": "x", ENTERPRISE: {"manager": {"value": {}}}}),
            "manager.value",
        ),
    ] {
        assert_refused(
            &directory.post("/Users", &body).await,
            400,
            "invalidValue",
            naming,
        );
    }
    for body in [
        json!({"displayName": ""}),
        json!({"displayName": null, "members": []}),
        json!({"members": []}),
    ] {
        assert_refused(
            &directory.post("/Groups", &body).await,
            400,
            "invalidValue",
            "displayName",
        );
    }
    assert_eq!(directory.get("/").await.json["totalResults"], 0);
}
