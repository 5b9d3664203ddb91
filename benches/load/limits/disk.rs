//! How often per second the disk confirms a write: what one commit costs at least.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cpu::Meter;
use crate::measurement::{Measurement, Samples};

const LENGTH: Duration = Duration::from_millis(500);

/// Appends 4 KiB and syncs, again and again, for half a second.
///
/// # Errors
/// The folder cannot be written.
pub fn measure(folder: &Path) -> Result<Measurement> {
    let mut file = File::create(folder.join("sync"))?;
    let block = [0x5a; 4096];
    let mut samples = Samples::default();
    let before = Meter::default().read()?;
    let started = Instant::now();
    while started.elapsed() < LENGTH {
        let each = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        samples.succeed(each.elapsed());
    }
    let times = Meter::default().read()?.since(before);
    Ok(Measurement::new(1, started.elapsed(), samples, times))
}
