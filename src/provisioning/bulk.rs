//! Bulk requests: many commands, executed in stretches that are short enough to let other writers in between.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use uuid::Uuid;

use super::Provisioning;
use super::command::{Command, ResourceKind, Write};
use super::error::Error;
use super::plan::{Outcome, execute, forget_old_schemas};
use super::precondition::Precondition;
use super::service::Service;
use crate::directory::Origin;
use crate::scim::bulk::{
    BulkRequest, Method, Operation, Target, Unresolved, Verb, order, references, resolve, strip,
};
use crate::scim::error::ScimError;
use crate::storage::{self, Tx, WriteError};

/// How many operations share a transaction at most: some 20 ms of the SQLite writer.
const STRETCH: usize = 50;
/// How many JSON values the data of one transaction's operations have at most, unless one operation alone has more.
const STRETCH_VALUES: usize = 5_000;
/// How many operations may refer to one another in a circle: they share a transaction.
const CIRCLE: usize = 250;
/// How many JSON values their data has at most.
const CIRCLE_VALUES: usize = 25_000;
/// After how many operations in a row that the database fails the rest is not tried.
const PATIENCE: usize = 3;

/// What one operation came to.
#[derive(Debug)]
pub struct BulkResult {
    /// Its method, as far as it was given.
    pub method: String,
    /// The client's name for it.
    pub bulk_id: Option<String>,
    /// Where the resource is; `None` for a POST that failed.
    pub location: Option<String>,
    /// What became of it.
    pub outcome: Result<Outcome, Error>,
}

/// Executes the operations; `fresh` has an id for each. The results are in the request's order. Operations after the
/// allowed number of failures are neither executed nor answered.
pub async fn execute_bulk(
    on: &Provisioning,
    service: &Service,
    request: BulkRequest,
    fresh: Vec<Uuid>,
    origin: Origin,
) -> Vec<BulkResult> {
    let steps = order(&request);
    let mut run = Run::new(service.clone(), request, fresh, origin);
    let (mut stretch, mut weight) = (Vec::new(), 0);
    for step in steps {
        match step.as_slice() {
            [single] if !run.common.is_circle(*single) => {
                weight += run.common.weight(*single);
                stretch.push(*single);
                if stretch.len() >= STRETCH || weight >= STRETCH_VALUES {
                    run.execute(on, std::mem::take(&mut stretch)).await;
                    weight = 0;
                }
            }
            _ => {
                run.execute(on, std::mem::take(&mut stretch)).await;
                weight = 0;
                run.execute_circle(on, step).await;
            }
        }
    }
    run.execute(on, stretch).await;
    for result in run.outcomes.iter().flatten() {
        forget_old_schemas(on, result);
    }
    run.into_results()
}

/// What the names of operations stand for by now; `None` for one that failed.
type Made = HashMap<String, Option<String>>;

/// What became of operations, by their places.
type Outcomes = Vec<(usize, Result<Outcome, Error>)>;

/// What all operations share.
struct Common {
    service: Service,
    origin: Origin,
    operations: Vec<Operation>,
    fresh: Vec<Uuid>,
    made: RwLock<Made>,
}

impl Common {
    /// Whether an operation refers to what it makes itself.
    fn is_circle(&self, index: usize) -> bool {
        let Operation { bulk_id, verb, .. } = &self.operations[index];
        match (bulk_id, verb) {
            (Some(own), Ok(verb)) if verb.method == Method::Post => references(&verb.data).contains(own),
            _ => false,
        }
    }

    fn weight(&self, index: usize) -> usize {
        self.operations[index]
            .verb
            .as_ref()
            .map_or(1, |verb| count_values(&verb.data))
    }

    /// The id that a name stands for; `own` are those of the transaction at hand.
    fn find(&self, name: &str, own: &Made) -> Option<Option<String>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        own.get(name).or_else(|| made.get(name)).cloned()
    }

    /// Puts ids in the place of references.
    fn resolve(&self, data: &mut Value, own: &Made) -> Result<(), Error> {
        let resolved = resolve(data, &|name| self.find(name, own).flatten());
        resolved.map_err(|Unresolved(name)| {
            let error = match self.find(&name, own) {
                Some(_) => ScimError::with_status(
                    409,
                    format!("bulkId {name:?} cannot be resolved: the operation that makes it failed"),
                ),
                None => ScimError::invalid_value(format!("bulkId {name:?} is given to no operation")),
            };
            error.into()
        })
    }

    /// The command of an operation, with `data` for its body.
    fn command(&self, index: usize, verb: &Verb, data: Value, own: &Made) -> Result<Command, Error> {
        let kind = kind_of(&self.service, verb)?;
        let id = match &verb.target {
            None => String::new(),
            Some(Target::Id(id)) => id.clone(),
            Some(Target::BulkId(name)) => {
                let mut id = Value::from(format!("bulkId:{name}"));
                self.resolve(&mut id, own)?;
                id.as_str().unwrap_or_default().to_owned()
            }
        };
        let write = write_of(verb.method, id, self.fresh[index], data);
        let precondition = Precondition {
            if_match: verb.version.clone(),
            if_none_match: None,
        };
        Command::parse(&self.service, kind, write, precondition)
    }

    /// Executes one operation.
    async fn attempt(&self, tx: &mut Tx, index: usize, own: &Made) -> Result<Outcome, Error> {
        let verb = self.operations[index].verb.as_ref().map_err(Clone::clone)?;
        let mut data = verb.data.clone();
        self.resolve(&mut data, own)?;
        let command = self.command(index, verb, data, own)?;
        execute(tx, &self.service, &command, &self.origin).await
    }

    /// Executes operations in order, each by itself, until `allowed` of them have failed.
    async fn attempt_all(
        &self,
        tx: &mut Tx,
        stretch: &[usize],
        mut allowed: u64,
    ) -> Result<Outcomes, storage::Error> {
        let mut own = Made::new();
        let mut outcomes = Vec::with_capacity(stretch.len());
        for &index in stretch {
            if allowed == 0 {
                break;
            }
            let outcome = match self.attempt(tx, index, &own).await {
                // The transaction is lost with it. Every other failure comes before anything is written.
                Err(Error::Storage(error)) => return Err(error),
                outcome => outcome,
            };
            allowed -= u64::from(outcome.is_err());
            if let Some(name) = self.operations[index].made_name() {
                own.insert(name.to_owned(), outcome.as_ref().ok().and_then(Outcome::id));
            }
            outcomes.push((index, outcome));
        }
        Ok(outcomes)
    }

    /// Executes operations that refer to one another: first each without what is not there yet, then each as a whole.
    async fn attempt_circle(&self, tx: &mut Tx, circle: &[usize]) -> Result<Outcomes, Broken> {
        let names: HashSet<&str> = circle
            .iter()
            .filter_map(|index| self.operations[*index].made_name())
            .collect();
        let mut own = Made::new();
        for &index in circle {
            let broken = |error| Broken { index, error };
            let verb = self.verb(index).map_err(broken)?;
            let mut data = verb.data.clone();
            strip(&mut data, &|name| names.contains(name) && !own.contains_key(name));
            self.resolve(&mut data, &own).map_err(broken)?;
            let command = self.command(index, verb, data, &own).map_err(broken)?;
            let made = execute(tx, &self.service, &command, &self.origin).await;
            let id = made.map_err(broken)?.id();
            if let Some(name) = self.operations[index].made_name() {
                own.insert(name.to_owned(), id);
            }
        }
        let mut outcomes = Vec::with_capacity(circle.len());
        for &index in circle {
            let broken = |error| Broken { index, error };
            let verb = self.verb(index).map_err(broken)?;
            let mut data = verb.data.clone();
            self.resolve(&mut data, &own).map_err(broken)?;
            let name = self.operations[index].made_name().unwrap_or_default();
            let whole = Verb {
                method: Method::Put,
                endpoint: verb.endpoint.clone(),
                target: Some(Target::BulkId(name.to_owned())),
                // Of something that is new, no version can be known.
                version: None,
                data: Value::Null,
            };
            let command = self.command(index, &whole, data, &own).map_err(broken)?;
            let outcome = execute(tx, &self.service, &command, &self.origin).await;
            outcomes.push((index, Ok(outcome.map_err(broken)?)));
        }
        Ok(outcomes)
    }

    fn verb(&self, index: usize) -> Result<&Verb, Error> {
        Ok(self.operations[index].verb.as_ref().map_err(Clone::clone)?)
    }
}

/// One of a circle failed, and with it all of them.
#[derive(Debug)]
struct Broken {
    index: usize,
    error: Error,
}

impl From<storage::Error> for Broken {
    fn from(error: storage::Error) -> Self {
        Self {
            index: usize::MAX,
            error: error.into(),
        }
    }
}

impl WriteError for Broken {
    fn storage(&self) -> Option<&storage::Error> {
        self.error.storage()
    }
}

/// A bulk request on its way.
struct Run {
    common: Arc<Common>,
    outcomes: Vec<Option<Result<Outcome, Error>>>,
    /// How many more operations may fail.
    allowed: u64,
    /// How many operations in a row the database has failed.
    lost: usize,
}

impl Run {
    fn new(service: Service, request: BulkRequest, fresh: Vec<Uuid>, origin: Origin) -> Self {
        let operations = request.operations;
        let outcomes = operations.iter().map(|_| None).collect();
        // Operations on what is there already can be named and referred to as well.
        let named = operations.iter().filter_map(|operation| {
            let target = operation.verb.as_ref().ok()?.target.as_ref()?;
            match (target, &operation.bulk_id) {
                (Target::Id(id), Some(name)) => Some((name.clone(), Some(id.clone()))),
                _ => None,
            }
        });
        let made = RwLock::new(named.collect());
        Self {
            common: Arc::new(Common {
                service,
                origin,
                operations,
                fresh,
                made,
            }),
            outcomes,
            allowed: request.fail_on_errors.unwrap_or(u64::MAX),
            lost: 0,
        }
    }

    async fn execute(&mut self, on: &Provisioning, stretch: Vec<usize>) {
        if stretch.is_empty() || self.allowed == 0 {
            return;
        }
        match self.write(on, stretch.clone()).await {
            Ok(outcomes) => self.note_all(outcomes),
            Err(_) if stretch.len() > 1 => {
                // One of them is too much for the database, or the database is gone: who it is shows when each is
                // alone.
                for index in stretch {
                    if self.allowed > 0 {
                        let outcomes = self.write_alone(on, index).await;
                        self.note_all(outcomes);
                    }
                }
            }
            Err(error) => self.note_all(vec![(stretch[0], Err(error.into()))]),
        }
    }

    async fn write_alone(&mut self, on: &Provisioning, index: usize) -> Outcomes {
        if self.lost >= PATIENCE {
            let error =
                ScimError::with_status(503, "not tried: the database has failed the operations before it");
            return vec![(index, Err(error.into()))];
        }
        match self.write(on, vec![index]).await {
            Ok(outcomes) => {
                self.lost = 0;
                outcomes
            }
            Err(error) => {
                self.lost += 1;
                vec![(index, Err(error.into()))]
            }
        }
    }

    async fn write(&self, on: &Provisioning, stretch: Vec<usize>) -> Result<Outcomes, storage::Error> {
        let shared = Arc::new((Arc::clone(&self.common), stretch, self.allowed));
        let tenant = self.common.service.directory.tenant;
        on.store
            .write(tenant, async move |tx: &mut Tx| {
                let (common, stretch, allowed) = &*shared;
                common.attempt_all(tx, stretch, *allowed).await
            })
            .await
    }

    async fn execute_circle(&mut self, on: &Provisioning, circle: Vec<usize>) {
        if self.allowed == 0 {
            return;
        }
        let weight: usize = circle.iter().map(|index| self.common.weight(*index)).sum();
        if circle.len() > CIRCLE || weight > CIRCLE_VALUES {
            let detail = format!(
                "{} operations refer to one another in a circle; at most {CIRCLE} may, with {CIRCLE_VALUES} values in their data",
                circle.len()
            );
            let refused = |index: &usize| (*index, Err(ScimError::too_many(detail.clone()).into()));
            return self.note_all(circle.iter().map(refused).collect());
        }
        let shared = Arc::new((Arc::clone(&self.common), circle.clone()));
        let tenant = self.common.service.directory.tenant;
        let written = on.store.write(tenant, async move |tx: &mut Tx| {
            let (common, circle) = &*shared;
            common.attempt_circle(tx, circle).await
        });
        match written.await {
            Ok(outcomes) => self.note_all(outcomes),
            Err(Broken { index, error }) => {
                let mut cause = Some(error);
                let outcomes = circle.iter().map(|one| {
                    let taken = if *one == index || index == usize::MAX {
                        cause.take()
                    } else {
                        None
                    };
                    let with_it = || {
                        let detail =
                            "the operations that this one and others refer to one another with failed";
                        ScimError::with_status(409, detail).into()
                    };
                    (*one, Err(taken.unwrap_or_else(with_it)))
                });
                self.note_all(outcomes.collect());
            }
        }
    }

    fn note_all(&mut self, outcomes: Outcomes) {
        let mut made = self.common.made.write().unwrap_or_else(PoisonError::into_inner);
        for (index, outcome) in outcomes {
            if let Some(name) = self.common.operations[index].made_name() {
                made.insert(name.to_owned(), outcome.as_ref().ok().and_then(Outcome::id));
            }
            self.allowed = self.allowed.saturating_sub(u64::from(outcome.is_err()));
            self.outcomes[index] = Some(outcome);
        }
    }

    fn into_results(self) -> Vec<BulkResult> {
        let common = self.common;
        let made = common.made.read().unwrap_or_else(PoisonError::into_inner);
        let results = common.operations.iter().zip(self.outcomes);
        results
            .filter_map(|(operation, outcome)| {
                let outcome = outcome?;
                let location = match &outcome {
                    Ok(outcome) => outcome.location(&common.service),
                    Err(_) => None,
                };
                let location = location.or_else(|| {
                    let verb = operation.verb.as_ref().ok()?;
                    let id = match verb.target.as_ref()? {
                        Target::Id(id) => id.clone(),
                        Target::BulkId(name) => made.get(name)?.clone()?,
                    };
                    Some(format!(
                        "{}{}/{id}",
                        common.service.endpoint.base(),
                        verb.endpoint
                    ))
                });
                Some(BulkResult {
                    method: operation.method.clone(),
                    bulk_id: operation.bulk_id.clone(),
                    location,
                    outcome,
                })
            })
            .collect()
    }
}

/// The kind of resource that an operation is about.
///
/// # Errors
/// 404 when it is about neither.
pub(super) fn kind_of(service: &Service, verb: &Verb) -> Result<ResourceKind, ScimError> {
    [ResourceKind::User, ResourceKind::Group]
        .into_iter()
        .find(|kind| service.resource_type(*kind).endpoint == verb.endpoint)
        .ok_or_else(|| ScimError::not_found(format!("{} is neither /Users nor /Groups", verb.endpoint)))
}

/// The write of an operation: on the resource `id`, or of one that gets the id `fresh`.
pub(super) fn write_of(method: Method, id: String, fresh: Uuid, data: Value) -> Write {
    match method {
        Method::Post => Write::Create(fresh, data),
        Method::Put => Write::Replace(id, data),
        Method::Patch => Write::Patch(id, data),
        Method::Delete => Write::Delete(id),
    }
}

fn count_values(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count_values).sum::<usize>(),
        Value::Object(object) => 1 + object.values().map(count_values).sum::<usize>(),
        _ => 1,
    }
}
