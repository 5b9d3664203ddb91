//! The property: a list is what the evaluator says, whatever is asked and however it is cut and sorted.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use rollcall::provisioning::{Scope, search::search};
use rollcall::scim::Resource;
use rollcall::scim::filter;
use rollcall::scim::message::SearchRequest;
use rollcall::scim::schema::{self, ResourceType};
use rollcall::scim::sort::Sort;
use serde_json::Value;
use uuid::Uuid;

use super::filters::{Shape, of_groups, of_people};
use super::population::{ENTERPRISE, NewGroup, NewPerson, Population, group, person};
use crate::harness::{Engine, runtime};

/// How many populations, and how many questions are asked of each.
const POPULATIONS: u32 = 40;
const QUESTIONS: usize = 50;

#[derive(Debug, Clone)]
struct Case {
    people: Vec<NewPerson>,
    groups: Vec<NewGroup>,
    of_people: Vec<Question>,
    of_groups: Vec<Question>,
}

#[derive(Debug, Clone)]
struct Question {
    filter: Option<Shape>,
    sort: Option<(String, bool)>,
    page: u64,
}

fn question(filter: BoxedStrategy<Shape>, sorted_by: Vec<String>) -> impl Strategy<Value = Question> {
    (
        proptest::option::weighted(0.95, filter),
        proptest::option::of((select(sorted_by), any::<bool>())),
        1..9_u64,
    )
        .prop_map(|(filter, sort, page)| Question { filter, sort, page })
}

fn case() -> impl Strategy<Value = Case> {
    let both = [
        "id",
        "externalId",
        "displayName",
        "meta.created",
        "meta.lastModified",
        "meta.version",
    ];
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let mut of_a_person = owned(&both);
    of_a_person.extend(owned(&[
        "userName",
        "nickName",
        "active",
        "emails",
        "emails.type",
        "name.familyName",
    ]));
    of_a_person.push(format!("{ENTERPRISE}:manager.value"));
    of_a_person.push("groups.display".to_owned());
    let mut of_a_group = owned(&both);
    of_a_group.extend(owned(&["members.type", "members.value"]));
    (
        vec(person(), 0..14),
        vec(group(), 0..7),
        vec(question(of_people(), of_a_person), QUESTIONS),
        vec(question(of_groups(), of_a_group), QUESTIONS / 2),
    )
        .prop_map(|(people, groups, of_people, of_groups)| Case {
            people,
            groups,
            of_people,
            of_groups,
        })
}

fn lists_agree_with_the_evaluator(engine: Engine) {
    let config = Config {
        cases: POPULATIONS,
        // A found fault is told with its filter and its data; shrinking makes new databases for minutes.
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&case(), |case| {
        runtime()
            .block_on(check(engine, case))
            .map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

mod sqlite {
    #[test]
    fn lists_agree_with_the_evaluator() {
        super::lists_agree_with_the_evaluator(crate::harness::Engine::Sqlite);
    }
}

mod postgres {
    #[test]
    fn lists_agree_with_the_evaluator() {
        super::lists_agree_with_the_evaluator(crate::harness::Engine::Postgres);
    }
}

async fn check(engine: Engine, case: Case) -> Result<(), String> {
    let population = Population::make(engine, case.people, case.groups).await;
    for (scope, questions) in [(Scope::Users, case.of_people), (Scope::Groups, case.of_groups)] {
        for question in questions {
            ask(&population, scope, &question).await?;
        }
    }
    Ok(())
}

async fn ask(population: &Population, scope: Scope, question: &Question) -> Result<(), String> {
    let (all, kind) = match scope {
        Scope::Groups => (&population.groups, schema::group()),
        _ => (&population.people, schema::user()),
    };
    let request = SearchRequest {
        filter: question.filter.as_ref().map(|shape| shape.text(population)),
        sort_by: question.sort.as_ref().map(|(by, _)| by.clone()),
        sort_order: question
            .sort
            .as_ref()
            .map(|(_, descending)| if *descending { "descending" } else { "ascending" }.to_owned()),
        ..SearchRequest::default()
    };
    let expected = expected(all, kind, &request).map_err(|error| format!("{request:?}: {error}"))?;
    let told = |what: String| {
        format!(
            "{what}\n{request:?}\nof {}",
            serde_json::to_string_pretty(all).unwrap()
        )
    };

    let (whole, total) = page(population, scope, &request).await.map_err(&told)?;
    if ids(&whole) != ids(&expected) || total != expected.len() as u64 {
        let (have, want) = (names(&whole), names(&expected));
        return Err(told(format!(
            "answers {have:?} of {total}, the evaluator says {want:?}"
        )));
    }
    // What a list shows of a resource is what a read shows.
    if whole != expected {
        return Err(told(format!("shows {whole:?} where a read shows {expected:?}")));
    }
    let mut pages = Vec::new();
    let mut start = 1;
    loop {
        let request = SearchRequest {
            start_index: start,
            count: Some(question.page),
            ..request.clone()
        };
        let (page, total) = page(population, scope, &request).await.map_err(&told)?;
        if total != expected.len() as u64 {
            return Err(told(format!("from {start} on the total is {total}")));
        }
        if page.len() as u64 > question.page {
            return Err(told(format!("from {start} on the page holds {}", page.len())));
        }
        if page.is_empty() {
            break;
        }
        start += question.page;
        pages.extend(page);
    }
    if pages != expected {
        let (have, want) = (names(&pages), names(&expected));
        return Err(told(format!(
            "pages of {} give {have:?} for {want:?}",
            question.page
        )));
    }
    let none = SearchRequest {
        count: Some(0),
        ..request.clone()
    };
    let (nothing, total) = page(population, scope, &none).await.map_err(&told)?;
    if !nothing.is_empty() || total != expected.len() as u64 {
        return Err(told(format!("a count of 0 answers {} of {total}", nothing.len())));
    }
    Ok(())
}

/// What the evaluator and the comparison say, ties by id.
fn expected(
    all: &[(Uuid, Resource)],
    kind: &ResourceType,
    request: &SearchRequest,
) -> Result<Vec<Resource>, String> {
    let filter = match &request.filter {
        Some(text) => Some(filter::parse(text, kind).map_err(|error| error.detail)?),
        None => None,
    };
    let mut found: Vec<&(Uuid, Resource)> = all
        .iter()
        .filter(|(_, resource)| filter.as_ref().is_none_or(|filter| filter.matches(resource)))
        .collect();
    found.sort_by_key(|(id, _)| *id);
    if let Some(by) = &request.sort_by {
        let sort = Sort::parse(by, request.sort_order.as_deref(), kind).map_err(|error| error.detail)?;
        found.sort_by(|(_, a), (_, b)| sort.compare(a, b));
    }
    Ok(found
        .into_iter()
        .map(|(_, resource)| normal(resource.clone()))
        .collect())
}

async fn page(
    population: &Population,
    scope: Scope,
    request: &SearchRequest,
) -> Result<(Vec<Resource>, u64), String> {
    let page = search(&population.provisioning, &population.service, scope, request)
        .await
        .map_err(|error| format!("refused: {error}"))?;
    let items: Vec<Resource> = serde_json::from_str(&format!("[{}]", page.resources))
        .map_err(|error| format!("no JSON: {error}: {}", page.resources))?;
    if items.len() as u64 != page.items {
        return Err(format!("counts {} of {} items", page.items, items.len()));
    }
    Ok((items.into_iter().map(normal).collect(), page.total))
}

/// Lists whose order says nothing, in one order.
fn normal(mut resource: Resource) -> Resource {
    for name in ["groups", "members"] {
        if let Some(Value::Array(items)) = resource.get_mut(name) {
            items.sort_by_key(|item| item["value"].as_str().map(str::to_owned));
        }
    }
    resource
}

fn ids(of: &[Resource]) -> Vec<&Value> {
    of.iter().map(|resource| &resource["id"]).collect()
}

fn names(of: &[Resource]) -> Vec<&Value> {
    let name = |resource: &'_ Resource| {
        if resource.contains_key("userName") {
            "userName"
        } else {
            "displayName"
        }
    };
    of.iter().map(|resource| &resource[name(resource)]).collect()
}
