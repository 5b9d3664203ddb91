//! The order of a run on one engine: limits, a first sync, creates, reads in a small and in a large directory,
//! changes, pages, groups, and a second start. What a workload sends is no matter of this module.

mod groups;
mod pages;
mod sync;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::arguments::{Engine, Pace};
use crate::client::call;
use crate::cpu::{Meter, resident_kib};
use crate::folder::Folder;
use crate::footprint::Footprint;
use crate::gateway::{Gateway, Setup};
use crate::limits;
use crate::load::{Source, Window, run};
use crate::measurement::Measurement;
use crate::person::{Person, text};
use crate::postgres::Database;
use crate::random::Random;
use crate::report::{Report, Row, Size};
use crate::request::Endpoint;
use crate::say;
use crate::target::Workload;
use crate::workload::{Create, Find, Get, Toggle};

/// Connections of all workloads but the first.
const CONNECTIONS: usize = 32;
/// The longest that filling a directory may take.
const FILL_LIMIT: Duration = Duration::from_mins(4);
/// After this time a server that was just started has done what it does by itself.
const IDLE: Duration = Duration::from_millis(500);

/// Measures everything on one engine. `database` is the PostgreSQL one.
///
/// # Errors
/// The gateway or a limit's server does not start, ends, or does something else than it answered.
pub async fn measure(engine: Engine, database: Option<&Database>, pace: Pace) -> Result<Report> {
    let folder = Folder::create().context("cannot write to the temporary folder")?;
    let mut report = Report::begin(engine, pace, database.is_none_or(Database::is_durable));
    report.limits = Some(limits::measure(database, &folder, pace).await?);

    let url = match database {
        Some(database) => database.url().into(),
        None => format!("sqlite://{}", folder.path().join("rollcall.db").display()),
    };
    let setup = Setup::new(folder.path(), url);
    let mut footprint = Footprint {
        binary_bytes: setup.binary_size()?,
        ..Footprint::default()
    };
    let gateway = setup.start().await?;
    tokio::time::sleep(IDLE).await;
    footprint.first_start_ms = millis(gateway.server.started_in);
    footprint.idle_kib = resident_kib(gateway.server.process_id())?;

    let mut bench = Bench {
        gateway,
        database,
        pace,
        report,
    };
    // First, so that what the gateway holds afterwards is of the sync alone.
    bench.first_sync().await?;
    bench.create().await?;
    let mut directory = bench.gateway.provision("reads").await?;
    let people = bench.reads(&directory).await?;
    bench.changes(&directory, &people).await?;
    bench.pages(&directory, people.len()).await?;
    footprint.users = people.len();
    footprint.loaded_kib = bench.resident_kib()?;
    // Last, because a group that is read whole may leave much behind.
    bench.groups().await?;

    let Bench {
        gateway, mut report, ..
    } = bench;
    gateway.server.stop().await?;

    say("starting the gateway again");
    let gateway = setup.start().await?;
    directory.address = gateway.server.address;
    if let Some(person) = people.first() {
        user(&directory, person)
            .await
            .context("a user is gone after the restart")?;
    }
    tokio::time::sleep(IDLE).await;
    footprint.second_start_ms = millis(gateway.server.started_in);
    footprint.restarted_kib = resident_kib(gateway.server.process_id())?;
    gateway.server.stop().await?;
    report.add_footprint(footprint);
    Ok(report)
}

struct Bench<'a> {
    gateway: Gateway,
    database: Option<&'a Database>,
    pace: Pace,
    report: Report,
}

impl Bench<'_> {
    /// a. In a tenant of its own, so that the directory of the reads has a known size.
    async fn create(&mut self) -> Result<()> {
        let directory = self.gateway.provision("creates").await?;
        let numbers = Rc::new(Cell::new(0));
        for (workload, connections) in [(Workload::CreateAlone, 1), (Workload::Create, CONNECTIONS)] {
            let sources = (0..connections)
                .map(|_| Create::endless(&directory, &numbers))
                .collect();
            self.timed(workload, "a. POST /Users", None, &directory, sources)
                .await?;
        }
        Ok(())
    }

    /// b and c, and the filling in between. Gives the users of the directory.
    async fn reads(&mut self, directory: &Endpoint) -> Result<Rc<[Person]>> {
        let mut people = Vec::new();
        let numbers = Rc::new(Cell::new(0));
        for (index, size) in self.pace.users.into_iter().enumerate() {
            self.fill(directory, &numbers, &mut people, size).await?;
            self.settle().await?;
            let everyone: Rc<[Person]> = people.as_slice().into();
            let sources = seeds()
                .map(|seed| Find::new(directory, &everyone, seed))
                .collect();
            let workload = if index == 0 {
                Workload::FindInSmall
            } else {
                Workload::FindInLarge
            };
            self.timed(
                workload,
                "b. GET ?filter=userName eq",
                Some(Size::Users(people.len())),
                directory,
                sources,
            )
            .await?;
        }
        let people: Rc<[Person]> = people.into();
        let sources = seeds().map(|seed| Get::new(directory, &people, seed)).collect();
        self.timed(
            Workload::Get,
            "c. GET /Users/{id}",
            Some(Size::Users(people.len())),
            directory,
            sources,
        )
        .await?;
        Ok(people)
    }

    /// d. And the proof that what was answered happened.
    async fn changes(&mut self, directory: &Endpoint, people: &[Person]) -> Result<()> {
        let mut shuffled = people.to_vec();
        Random::new(4).shuffle(&mut shuffled);
        let share = shuffled.len().div_ceil(CONNECTIONS);
        let sources = shuffled
            .chunks(share)
            .map(|part| Toggle::new(directory, part.to_vec()))
            .collect();
        let sources = self
            .timed(
                Workload::Toggle,
                "d. PATCH active",
                Some(Size::Users(people.len())),
                directory,
                sources,
            )
            .await?;
        for (person, active) in sources.iter().filter_map(Toggle::last) {
            let found = user(directory, &person).await?;
            ensure!(
                found["active"] == active,
                "a PATCH to active={active} was answered and not done: {found}"
            );
        }
        Ok(())
    }

    /// Creates users until the directory has `size` of them, or the time is up. `numbers` goes on from call to
    /// call, so that no name is used twice.
    async fn fill(
        &mut self,
        directory: &Endpoint,
        numbers: &Rc<Cell<u32>>,
        people: &mut Vec<Person>,
        size: usize,
    ) -> Result<()> {
        say(&format!("filling the directory to {size} users"));
        let end = numbers.get() + u32::try_from(size.saturating_sub(people.len()))?;
        let sources = (0..CONNECTIONS)
            .map(|_| Create::up_to(directory, numbers, end))
            .collect();
        let (measurement, sources) = self.until_done(FILL_LIMIT, directory, sources).await?;
        people.extend(sources.into_iter().flat_map(Create::into_made));
        if people.is_empty() {
            let reason = measurement.first_error.unwrap_or_default();
            bail!("no user could be created: {reason}");
        }
        self.report.add(Row::new(
            Workload::Fill,
            "   POST /Users, filling",
            Some(Size::Users(people.len())),
            measurement,
        ));
        Ok(())
    }

    async fn timed<S: Source + 'static>(
        &mut self,
        workload: Workload,
        title: &str,
        size: Option<Size>,
        directory: &Endpoint,
        sources: Vec<S>,
    ) -> Result<Vec<S>> {
        say(&format!("measuring {title}, {} connections", sources.len()));
        let window = Window::Timed {
            warm_up: self.pace.warm_up,
            measured: self.pace.measured,
        };
        let (measurement, sources) = run(directory.address, sources, window, self.meter()).await?;
        self.report.add(Row::new(workload, title, size, measurement));
        Ok(sources)
    }

    /// Runs the sources to their end, or until `limit`. The caller adds the measurement to the report.
    async fn until_done<S: Source + 'static>(
        &self,
        limit: Duration,
        directory: &Endpoint,
        sources: Vec<S>,
    ) -> Result<(Measurement, Vec<S>)> {
        let window = Window::UntilDone { limit };
        run(directory.address, sources, window, self.meter()).await
    }

    /// Waits for a database server's own work after a bulk load.
    async fn settle(&self) -> Result<()> {
        match self.database {
            Some(database) => database.settle().await,
            None => Ok(()),
        }
    }

    fn resident_kib(&self) -> Result<u64> {
        Ok(resident_kib(self.gateway.server.process_id())?)
    }

    fn meter(&self) -> Meter {
        Meter {
            server: Some(self.gateway.server.process_id()),
            database: self.database.and_then(Database::postmaster),
        }
    }
}

fn seeds() -> impl Iterator<Item = u64> {
    0..CONNECTIONS as u64
}

async fn user(directory: &Endpoint, person: &Person) -> Result<Value> {
    get(directory, &format!("/Users/{}", text(&person.id))).await
}

/// One answer outside of the measurements, which must be a 200.
async fn get(directory: &Endpoint, path: &str) -> Result<Value> {
    let (status, body) = call(directory.address, directory.get(path).as_bytes()).await?;
    ensure!(
        status == 200,
        "GET {path} answered {status}: {}",
        String::from_utf8_lossy(&body)
    );
    Ok(serde_json::from_slice(&body)?)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
