//! What a run gives: rates, latencies, errors and processor time per request.

use std::time::Duration;

use serde::Serialize;

use crate::cpu::Times;

/// The answers of one connection, or of several joined.
#[derive(Debug, Default)]
pub struct Samples {
    /// Microseconds of each right answer within the measurement.
    micros: Vec<u32>,
    /// Wrong or missing answers, those of the warm-up too.
    errors: u64,
    first_error: Option<String>,
}

impl Samples {
    /// A right answer that took this long.
    pub fn succeed(&mut self, took: Duration) {
        self.micros
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// A wrong answer, or none.
    pub fn fail(&mut self, reason: String) {
        self.errors += 1;
        self.first_error.get_or_insert(reason);
    }

    /// Takes over what another connection saw.
    pub fn join(&mut self, mut other: Self) {
        self.micros.append(&mut other.micros);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    /// Connections that asked at the same time.
    pub connections: usize,
    /// Length of the measurement.
    pub seconds: f64,
    /// Right answers within it.
    pub requests: u64,
    /// Right answers per second.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// Latency that 95 % of the answers did not exceed.
    pub p95_ms: f64,
    /// Latency that 99 % of the answers did not exceed.
    pub p99_ms: f64,
    /// The longest latency.
    pub max_ms: f64,
    /// Answers with a status other than 2xx, wrong answers, and requests without an answer.
    pub errors: u64,
    /// What the first of them was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// Processor time of the measured server's process tree, microseconds per request.
    pub server_cpu_us: f64,
    /// Processor time of the database's processes, microseconds per request; 0 without such.
    pub database_cpu_us: f64,
    /// Processor time of the load generator, microseconds per request.
    pub generator_cpu_us: f64,
    /// Share of one core that the load generator used; near 1 it was the bottleneck.
    pub generator_busy: f64,
    /// Cores that other processes and the kernel's own work kept busy; much of it makes the run worthless.
    pub others_busy: f64,
    /// Cores that the host took away.
    pub stolen: f64,
}

impl Measurement {
    /// Computes a run's figures.
    pub fn new(connections: usize, elapsed: Duration, mut samples: Samples, times: Times) -> Self {
        samples.micros.sort_unstable();
        let requests = samples.micros.len() as u64;
        let percentile = |percent| millis(at_percent(&samples.micros, percent));
        Self {
            connections,
            seconds: elapsed.as_secs_f64(),
            requests,
            per_second: float(requests) / elapsed.as_secs_f64(),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            max_ms: percentile(100),
            errors: samples.errors,
            first_error: samples.first_error,
            ..Self::shares(requests, elapsed, times)
        }
    }

    /// The figures of a load generator that tells its rate and nothing more.
    pub fn of_rate(
        connections: usize,
        elapsed: Duration,
        requests: u64,
        per_second: f64,
        times: Times,
    ) -> Self {
        Self {
            connections,
            requests,
            per_second,
            ..Self::shares(requests, elapsed, times)
        }
    }

    fn shares(requests: u64, elapsed: Duration, times: Times) -> Self {
        let each = |micros: u64| float(micros) / float(requests.max(1));
        let cores = |micros: u64| float(micros) / 1e6 / elapsed.as_secs_f64();
        Self {
            connections: 0,
            seconds: elapsed.as_secs_f64(),
            requests,
            per_second: 0.0,
            p50_ms: 0.0,
            p95_ms: 0.0,
            p99_ms: 0.0,
            max_ms: 0.0,
            errors: 0,
            first_error: None,
            server_cpu_us: each(times.server),
            database_cpu_us: each(times.database),
            generator_cpu_us: each(times.generator),
            generator_busy: cores(times.generator),
            others_busy: cores(times.others()),
            stolen: cores(times.stolen),
        }
    }
}

/// The smallest value that `percent` of the sorted values do not exceed; 0 when there are none.
fn at_percent(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

fn millis(micros: u32) -> f64 {
    f64::from(micros) / 1e3
}

/// A count as a number to reckon with.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53; no count here comes near it"
)]
pub fn float(count: u64) -> f64 {
    count as f64
}
