//! What a run found: a table for people, a file for programs.

use std::fmt::{self, Display, Formatter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use crate::arguments::{Engine, Pace};
use crate::footprint::Footprint;
use crate::limits::Limits;
use crate::machine::Machine;
use crate::measurement::Measurement;
use crate::target::{self, Criterion, Ratio, Verdict, Workload};
use crate::totals::{FirstSync, LargestGroup};

/// Where the files go, seen from the project's root, where Cargo runs benchmarks.
const FOLDER: &str = "target/bench";
/// A generator that keeps a core this busy may be what was measured.
const GENERATOR_BOUND: f64 = 0.9;
/// Others that keep this many cores busy make figures incomparable.
const NOISY: f64 = 0.25;

/// How large that is which a workload works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Users in the directory.
    Users(usize),
    /// Members of the group.
    Members(usize),
}

impl Display for Size {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users(users) => write!(formatter, "{users} users"),
            Self::Members(members) => write!(formatter, "{members} members"),
        }
    }
}

/// A workload that this gateway does not know, or that could not be prepared.
#[derive(Debug, Serialize)]
pub struct LeftOut {
    /// What was to be measured.
    pub title: String,
    /// Why it was not.
    pub reason: String,
}

/// One workload.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Which.
    pub workload: Workload,
    /// Its name in the table.
    pub title: String,
    /// The size that matters, if one does.
    #[serde(flatten)]
    pub size: Option<Size>,
    /// What was measured.
    pub measurement: Measurement,
    /// Its part of the machine's limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
    /// Its targets.
    pub criteria: Vec<Criterion>,
}

impl Row {
    /// A run that is not judged yet.
    pub fn new(
        workload: Workload,
        title: impl Into<String>,
        size: Option<Size>,
        measurement: Measurement,
    ) -> Self {
        Self {
            workload,
            title: title.into(),
            size,
            measurement,
            ratio: None,
            criteria: Vec::new(),
        }
    }
}

/// All of a run on one engine.
#[derive(Debug, Serialize)]
pub struct Report {
    engine: &'static str,
    #[serde(skip)]
    kind: Engine,
    version: &'static str,
    started_at: String,
    quick: bool,
    durable: bool,
    machine: Machine,
    /// What the machine can do.
    pub limits: Option<Limits>,
    /// What the gateway does.
    pub rows: Vec<Row>,
    /// What it was not asked to do, and why.
    pub left_out: Vec<LeftOut>,
    first_sync: Option<FirstSync>,
    first_sync_criteria: Vec<Criterion>,
    /// The largest group, where there is one.
    pub largest_group: Option<LargestGroup>,
    /// What the gateway costs besides.
    footprint: Option<Footprint>,
    /// Its targets.
    footprint_criteria: Vec<Criterion>,
}

impl Report {
    /// An empty one. Without `durable` no rate is judged: the targets are for data that survives.
    pub fn begin(engine: Engine, pace: Pace, durable: bool) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the run begins here; the file is named after its time"
        )]
        let now = jiff::Timestamp::now();
        Self {
            engine: engine.name(),
            kind: engine,
            version: env!("CARGO_PKG_VERSION"),
            started_at: now.strftime("%Y-%m-%dT%H-%M-%SZ").to_string(),
            quick: pace.quick,
            durable,
            machine: Machine::read(),
            limits: None,
            rows: Vec::new(),
            left_out: Vec::new(),
            first_sync: None,
            first_sync_criteria: Vec::new(),
            largest_group: None,
            footprint: None,
            footprint_criteria: Vec::new(),
        }
    }

    /// Adds a run and judges it.
    pub fn add(&mut self, mut row: Row) {
        if let Some(limits) = &self.limits {
            let ratio = target::ratio(row.workload, &row.measurement, limits);
            row.criteria = target::judge(row.workload, self.kind, &row.measurement, ratio.as_ref());
            row.ratio = ratio;
        }
        if row.workload == Workload::FindInLarge {
            let small = self.rows.iter().find(|row| row.workload == Workload::FindInSmall);
            let growth = small.map(|small| target::judge_growth(&small.measurement, &row.measurement));
            row.criteria.extend(growth);
        }
        if matches!(row.workload, Workload::AddMember | Workload::AddMemberEntra)
            && let Some(small) = self.rows.iter().find(|small| small.workload == row.workload)
        {
            row.criteria = vec![target::judge_members(&small.measurement, &row.measurement)];
        }
        if !self.durable || is_too_small(&row) {
            for criterion in &mut row.criteria {
                criterion.verdict = Verdict::NotJudged;
            }
        }
        self.rows.push(row);
    }

    /// Notes that a workload was not measured. It counts as an error.
    pub fn leave_out(&mut self, title: impl Into<String>, reason: impl Into<String>) {
        let (title, reason) = (title.into(), reason.into());
        self.left_out.push(LeftOut { title, reason });
    }

    /// Adds the first sync as a whole, and judges it.
    pub fn add_first_sync(&mut self, sync: FirstSync) {
        self.first_sync_criteria = sync.judge(self.kind);
        if !self.durable {
            for criterion in &mut self.first_sync_criteria {
                criterion.verdict = Verdict::NotJudged;
            }
        }
        self.first_sync = Some(sync);
    }

    /// Adds what the gateway costs besides requests, and judges it.
    pub fn add_footprint(&mut self, footprint: Footprint) {
        self.footprint_criteria = footprint.judge();
        self.footprint = Some(footprint);
    }

    /// Requests that failed, in all runs, and workloads that could not be run.
    pub fn errors(&self) -> u64 {
        let failed: u64 = self.rows.iter().map(|row| row.measurement.errors).sum();
        failed + self.left_out.len() as u64
    }

    /// Writes the file and tells its name.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self) -> Result<PathBuf> {
        std::fs::create_dir_all(FOLDER)?;
        let path = Path::new(FOLDER).join(format!("{}-{}.json", self.engine, self.started_at));
        std::fs::write(&path, serde_json::to_vec_pretty(self)?)?;
        Ok(path)
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut text = format!("\n{} on {}\n", self.engine, self.machine);
        if !self.durable {
            text.push_str(
                "the database is not durable (fsync, synchronous_commit or full_page_writes is off)\n",
            );
        }
        if self.quick {
            text.push_str("a quick run: directories are smaller than the targets mean\n");
        }
        let heads = [
            "conn",
            "req/s",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "errors",
            "server us",
            "db us",
            "load us",
            "load",
            "others",
        ];
        let _ = write!(text, "\n{:44}", "");
        for head in heads {
            let _ = write!(text, "{head:>10}");
        }
        text.push('\n');
        if let Some(limits) = &self.limits {
            let named = [&limits.sync, &limits.fixed, &limits.parsed, &limits.insert];
            for limit in named.into_iter().chain(&limits.select) {
                line(&mut text, limit.name, &limit.measurement);
            }
            text.push('\n');
        }
        for row in &self.rows {
            let size = row.size.map(|size| format!(", {size}")).unwrap_or_default();
            line(&mut text, &format!("{}{size}", row.title), &row.measurement);
        }
        text.push_str(
            "(us: processor time per request; load: share of a core that the load generator used; others: cores \
             that other processes and the kernel used)\n\n",
        );
        self.verdicts(&mut text);
        text
    }

    fn verdicts(&self, text: &mut String) {
        for row in &self.rows {
            let run = &row.measurement;
            let _ = write!(
                text,
                "{}, {} connections",
                row.title.trim_start(),
                run.connections
            );
            if let Some(size) = row.size {
                let _ = write!(text, ", {size}");
            }
            if let Some(Ratio {
                limit,
                limit_per_second,
                part,
            }) = &row.ratio
            {
                let _ = write!(text, ": {part:.2} of {limit} ({limit_per_second:.0}/s)");
            }
            text.push('\n');
            criteria(text, &row.criteria);
            if let Some(reason) = &run.first_error {
                let _ = writeln!(text, "    {} errors, the first: {reason}", run.errors);
            }
            if run.generator_busy > GENERATOR_BOUND {
                text.push_str("    the load generator was the bottleneck\n");
            }
            if run.others_busy + run.stolen > NOISY {
                let _ = writeln!(
                    text,
                    "    others used {:.2} cores meanwhile",
                    run.others_busy + run.stolen
                );
            }
        }
        for LeftOut { title, reason } in &self.left_out {
            let _ = writeln!(text, "{title}: not measured: {reason}");
        }
        if let Some(sync) = &self.first_sync {
            let _ = writeln!(text, "{sync}");
            criteria(text, &self.first_sync_criteria);
        }
        if let Some(group) = &self.largest_group {
            let _ = writeln!(text, "{group}");
        }
        if let Some(footprint) = &self.footprint {
            let _ = writeln!(text, "footprint: {footprint}");
            criteria(text, &self.footprint_criteria);
        }
    }
}

/// Whether a run is smaller than its target means. Adding to the smallest groups has a target of its own.
fn is_too_small(row: &Row) -> bool {
    match (row.workload, row.size) {
        (Workload::AddMember | Workload::AddMemberEntra, Some(Size::Members(members))) => {
            (target::FEW_MEMBERS + 1..target::MANY_MEMBERS).contains(&members)
        }
        (
            Workload::FindInLarge
            | Workload::FirstPage
            | Workload::DeepPage
            | Workload::FirstCursor
            | Workload::MiddleCursor,
            Some(Size::Users(users)),
        ) => users < target::MANY,
        _ => false,
    }
}

fn line(text: &mut String, title: &str, run: &Measurement) {
    let _ = write!(text, "{title:44}{:>10}{:>10.0}", run.connections, run.per_second);
    // pgbench does not tell percentiles.
    for millis in [run.p50_ms, run.p95_ms, run.p99_ms] {
        let shown = if millis > 0.0 {
            format!("{millis:.2}")
        } else {
            "-".to_owned()
        };
        let _ = write!(text, "{shown:>10}");
    }
    let _ = writeln!(
        text,
        "{:>10}{:>10.0}{:>10.0}{:>10.0}{:>10.2}{:>10.2}",
        run.errors,
        run.server_cpu_us,
        run.database_cpu_us,
        run.generator_cpu_us,
        run.generator_busy,
        run.others_busy + run.stolen,
    );
}

fn criteria(text: &mut String, criteria: &[Criterion]) {
    for Criterion {
        what,
        measured,
        wanted,
        at_least,
        decimals,
        verdict,
    } in criteria
    {
        let bound = if *at_least { "at least" } else { "at most" };
        let verdict = match verdict {
            Verdict::Met => "met",
            Verdict::Missed => "missed",
            Verdict::NotJudged => "not judged",
        };
        let _ = writeln!(
            text,
            "    {what} {measured:.decimals$}, target {bound} {wanted:.decimals$}: {verdict}"
        );
    }
}
