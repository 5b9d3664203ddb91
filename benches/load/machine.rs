//! What the figures were measured on.

use std::fmt::{self, Display, Formatter};
use std::fs;

use serde::Serialize;

/// A machine, as far as figures depend on it.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    cores: usize,
    processor: String,
    kernel: String,
    /// Processes that ran or waited for the disk during the last minute, on average, when the run began.
    load: f64,
}

impl Machine {
    /// This one.
    pub fn read() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = text("/proc/cpuinfo")
            .lines()
            .find(|line| line.starts_with("model name"))
            .and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()));
        let load = text("/proc/loadavg")
            .split(' ')
            .next()
            .and_then(|load| load.parse().ok());
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: processor.unwrap_or_else(|| "unknown processor".to_owned()),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load.unwrap_or(0.0),
        }
    }
}

impl Display for Machine {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            cores,
            processor,
            kernel,
            load,
        } = self;
        write!(
            formatter,
            "{cores} cores of {processor}, Linux {kernel}, load {load} before the run"
        )
    }
}
