//! PostgreSQL without a gateway, driven by its own load generator: durable inserts and point reads, each in
//! one prepared statement per transaction.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{CALLERS, document};
use crate::arguments::Pace;
use crate::cpu::Meter;
use crate::measurement::Measurement;
use crate::postgres::Database;
use crate::process::Process;

/// Rows that the point reads choose from.
const ROWS: u32 = 100_000;
/// How much longer than asked for `pgbench` may take: it connects 32 times before it begins.
const PATIENCE: Duration = Duration::from_secs(30);

/// Inserts, and point reads.
///
/// # Errors
/// `pgbench` is not installed or fails.
pub async fn measure(database: &Database, folder: &Path, pace: Pace) -> Result<(Measurement, Measurement)> {
    // pgbench would take `:ietf` and `:true` for its own variables; only the length matters here.
    let document = document().replace('\'', "''").replace(':', ";");
    database
        .execute(&format!(
            "CREATE TABLE bench_rows (
                id UUID NOT NULL PRIMARY KEY,
                user_name_key TEXT COLLATE \"C\" NOT NULL UNIQUE,
                external_id TEXT COLLATE \"C\" NOT NULL UNIQUE,
                document TEXT NOT NULL
            );
            CREATE TABLE bench_read (id BIGINT NOT NULL PRIMARY KEY, document TEXT NOT NULL);
            INSERT INTO bench_read SELECT number, '{document}' FROM generate_series(1, {ROWS}) AS number;"
        ))
        .await?;
    database.settle().await?;

    let insert = format!(
        "\\set number random(1, 9000000000000000000)\n\
         INSERT INTO bench_rows (id, user_name_key, external_id, document) VALUES (gen_random_uuid(), \
         'user' || :number || '@load.bench.example', 'external-' || :number, '{document}');\n"
    );
    let inserted = pgbench(database, &folder.join("insert.sql"), &insert, pace).await?;
    let select = format!("\\set id random(1, {ROWS})\nSELECT document FROM bench_read WHERE id = :id;\n");
    let selected = pgbench(database, &folder.join("select.sql"), &select, pace).await?;
    database
        .execute("DROP TABLE bench_rows; DROP TABLE bench_read;")
        .await?;
    Ok((inserted, selected))
}

async fn pgbench(database: &Database, file: &Path, script: &str, pace: Pace) -> Result<Measurement> {
    std::fs::write(file, script)?;
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(CALLERS);
    let mut command = Command::new(program());
    command
        .args(["--no-vacuum", "--protocol=prepared"])
        .arg(format!("--client={CALLERS}"))
        .arg(format!("--jobs={threads}"))
        .arg(format!("--time={}", pace.measured.as_secs().max(1)))
        .arg(format!("--file={}", file.display()))
        .arg(database.url_without_password())
        .env("PGPASSWORD", database.password())
        .env("PGOPTIONS", "-c synchronous_commit=on")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    let meter = Meter {
        server: None,
        database: database.postmaster(),
    };
    let before = meter.read()?;
    let started = Instant::now();
    let mut process = Process::spawn(&mut command)?;
    // Its output is a page at most and fits the pipe.
    let status = process.wait(pace.measured + PATIENCE).await?;
    let elapsed = started.elapsed();
    let times = meter.read()?.since(before);
    let (mut output, mut complaint) = (String::new(), String::new());
    if let Some(pipe) = &mut process.child().stdout {
        pipe.read_to_string(&mut output)?;
    }
    if let Some(pipe) = &mut process.child().stderr {
        pipe.read_to_string(&mut complaint)?;
    }
    if !status.success() {
        bail!(
            "pgbench ended with {status}: {}",
            complaint.lines().next().unwrap_or_default()
        );
    }
    let requests = after(&output, "number of transactions actually processed: ");
    let rate = after(&output, "tps = ");
    let (Some(requests), Some(rate)) = (
        requests.and_then(|text| text.parse().ok()),
        rate.and_then(|text| text.parse().ok()),
    ) else {
        bail!("pgbench did not say its rate: {output}");
    };
    Ok(Measurement::of_rate(CALLERS, elapsed, requests, rate, times))
}

/// The word behind `label`.
fn after<'a>(output: &'a str, label: &str) -> Option<&'a str> {
    let (_, rest) = output.split_once(label)?;
    rest.split(|next: char| next.is_whitespace() || next == '/')
        .next()
}

/// The newest installed `pgbench`: Debian keeps one folder per major version, none of them in `PATH`.
fn program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/pgbench")));
    newest
        .filter(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from("pgbench"))
}
