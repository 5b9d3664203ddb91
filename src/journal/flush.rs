//! From memory to the database: without secrets, a transaction per tenant, and within the bounds of the log.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use super::entry::{Caller, NotedBody, NotedRequest};
use super::{Journal, UNLOGGED};
use crate::directory::request_log::{BodyState, Count, CountKey, LogBounds};
use crate::directory::{DirectoryId, LoggedBody, LoggedRequest, TenantId};
use crate::scim::redaction::Secrets;
use crate::storage::{Error, Tx};

/// Bytes that are kept of a path with its query, of an error's text, and of what a client calls itself.
const LONGEST_PATH: usize = 4_096;
const LONGEST_DETAIL: usize = 2_048;
const LONGEST_AGENT: usize = 256;

/// Between how many requests other tasks get a turn.
const BREATH: usize = 16;

/// How much each log has grown since it was pruned: rows and bytes.
pub(super) type Unpruned = HashMap<(TenantId, DirectoryId), (i64, i64)>;

/// What one transaction writes.
#[derive(Default)]
struct Batch {
    requests: Vec<LoggedRequest>,
    counts: BTreeMap<CountKey, Count>,
}

impl Journal {
    /// Writes down what was noted so far, and prunes what has grown past its bounds. What is noted when this is called
    /// is readable when it answers, whoever writes it.
    ///
    /// # Errors
    /// The database failed for one tenant or more, the others' is done: what was noted is counted later and not in the
    /// log, what was to be pruned is pruned later.
    pub async fn flush(&self, now: Timestamp) -> Result<(), Error> {
        let journal = self.clone();
        // What was taken from memory must be written, also when the caller goes away.
        let task = tokio::spawn(async move { journal.flush_in_turn(now).await });
        task.await.unwrap_or(Err(Error::Aborted))
    }

    async fn flush_in_turn(&self, now: Timestamp) -> Result<(), Error> {
        let mut unpruned = self.turn.lock().await;
        let taken = std::mem::take(&mut *self.buffer.lock().unwrap_or_else(PoisonError::into_inner));
        let mut batches: HashMap<TenantId, Batch> = HashMap::new();
        for ((tenant, _), mut noted) in taken.directories {
            let batch = batches.entry(tenant).or_default();
            batch.counts.extend(noted.counts.drain());
            for (number, request) in noted.take_requests().into_iter().enumerate() {
                if number % BREATH == BREATH - 1 {
                    tokio::task::yield_now().await;
                }
                batch.requests.extend(logged(&self.secrets, request));
            }
        }
        let mut result = Ok(());
        for ((slug, directory), counts) in taken.strangers {
            match self.find_directory_at(&slug, directory).await {
                Ok(Some(tenant)) => batches.entry(tenant).or_default().counts.extend(counts),
                Ok(None) => {}
                Err(error) => result = Err(error),
            }
        }
        for (tenant, batch) in batches {
            if let Err(error) = self.write(tenant, batch, &mut unpruned).await {
                result = Err(error);
            }
        }
        let grown =
            |(rows, bytes): (i64, i64)| rows >= self.limits.prune_rows || bytes >= self.limits.prune_bytes;
        let due: Vec<_> = unpruned.extract_if(|_, growth| grown(*growth)).collect();
        for ((tenant, directory), growth) in due {
            if let Err(error) = self.prune(tenant, directory, now).await {
                // It stays due.
                unpruned.insert((tenant, directory), growth);
                result = Err(error);
            }
        }
        result
    }

    async fn find_directory_at(&self, slug: &str, directory: DirectoryId) -> Result<Option<TenantId>, Error> {
        self.store
            .system()
            .await?
            .find_directory_at(slug, directory)
            .await
    }

    async fn write(&self, tenant: TenantId, batch: Batch, unpruned: &mut Unpruned) -> Result<(), Error> {
        // By directory and key: two nodes that add to the same counts take them in the same order.
        let batch = Arc::new((batch.requests, batch.counts.into_iter().collect::<Vec<_>>()));
        let written = Arc::clone(&batch);
        let done = self.store.write(tenant, async move |tx: &mut Tx| {
            tx.log_requests(&written.0).await?;
            tx.count_requests(&written.1).await
        });
        let (requests, counts) = &*batch;
        if let Err(error) = done.await {
            metrics::counter!(UNLOGGED).increment(requests.len() as u64);
            let mut buffer = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, count) in counts {
                buffer.put_back((tenant, key.directory), vec![(key.clone(), *count)]);
            }
            return Err(error);
        }
        for request in requests {
            let (rows, bytes) = unpruned.entry((tenant, request.directory)).or_default();
            *rows += 1;
            *bytes += [&request.request, &request.response]
                .into_iter()
                .filter_map(|body| i64::try_from(body.text.as_ref()?.len()).ok())
                .sum::<i64>();
        }
        Ok(())
    }

    /// Prunes the logs of all directories, of those too that nobody calls any more.
    ///
    /// # Errors
    /// The database failed for one directory or more; the others are pruned.
    pub async fn prune_all(&self, now: Timestamp) -> Result<(), Error> {
        let directories = self.store.system().await?.list_counted_directories().await?;
        let mut result = Ok(());
        for (tenant, directory) in directories {
            if let Err(error) = self.prune(tenant, directory, now).await {
                result = Err(error);
            }
        }
        result
    }

    async fn prune(&self, tenant: TenantId, directory: DirectoryId, now: Timestamp) -> Result<(), Error> {
        let bounds = LogBounds {
            rows: self.limits.rows,
            bytes: self.limits.bytes,
            since: now - self.limits.age,
        };
        // A part at a time, so that other writers get their turns.
        while self
            .store
            .write(tenant, async move |tx: &mut Tx| {
                tx.prune_requests(directory, bounds).await
            })
            .await?
        {}
        Ok(())
    }
}

/// A request as it is written: without secrets, and cut to lengths that a row can have.
fn logged(secrets: &Secrets, noted: NotedRequest) -> Option<LoggedRequest> {
    let Caller::Known { directory, token } = noted.caller else {
        return None;
    };
    let text = |text: &str, longest| shortened(&secrets.clean_text(text), longest);
    Some(LoggedRequest {
        id: noted.id,
        directory: directory.id,
        at: noted.at,
        method: noted.method.to_owned(),
        path: shortened(&secrets.clean_address(&noted.path), LONGEST_PATH),
        status: noted.status,
        micros: noted.micros,
        request_id: noted.request_id,
        token,
        user_agent: noted.user_agent.map(|agent| text(&agent, LONGEST_AGENT)),
        scim_type: noted
            .error
            .as_ref()
            .and_then(|error| error.scim_type)
            .map(str::to_owned),
        detail: noted
            .error
            .map(|error| shortened(&secrets.clean_detail(&error.detail), LONGEST_DETAIL)),
        request: logged_body(&noted.request, |bytes, is_cut| secrets.clean_body(bytes, is_cut)),
        response: logged_body(&noted.response, |bytes, is_cut| {
            secrets.clean_answer(bytes, is_cut)
        }),
    })
}

fn logged_body(noted: &NotedBody, clean: impl Fn(&[u8], bool) -> Option<String>) -> LoggedBody {
    let (text, state) = match &noted.bytes {
        None if noted.size == 0 => (None, BodyState::Empty),
        None => (None, BodyState::NotKept),
        Some(bytes) => {
            let bytes = (**bytes).as_ref();
            let is_cut = bytes.len() < noted.size;
            match clean(bytes, is_cut) {
                _ if bytes.is_empty() => (None, BodyState::Empty),
                None => (None, BodyState::Withheld),
                text if is_cut => (text, BodyState::Cut),
                text => (text, BodyState::Whole),
            }
        }
    };
    LoggedBody {
        text,
        size: i64::try_from(noted.size).unwrap_or(i64::MAX),
        state,
    }
}

/// The beginning of a text, without characters that PostgreSQL does not store or a terminal obeys.
fn shortened(text: &str, longest: usize) -> String {
    let end = text.floor_char_boundary(longest);
    text[..end].chars().filter(|c| !c.is_control()).collect()
}
