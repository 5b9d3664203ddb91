//! Processor time and memory of processes, as `/proc` tells it.

use std::fs;
use std::io;

/// Microseconds of one clock tick: `USER_HZ` is 100 on every Linux, whatever the kernel's own rate (time(7)).
const TICK_MICROS: u64 = 10_000;

/// What one line of `/proc/<pid>/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Ticks of the process, and of its ended and awaited children with all theirs.
    ticks: u64,
}

fn parse_stat(line: &str) -> Option<Stat> {
    // The name is in parentheses and may hold spaces and parentheses itself: count from its end (proc(5)).
    let (_, fields) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: number(1)?.try_into().ok()?,
        // utime, stime, cutime, cstime: fields 14 to 17, the state being field 3.
        ticks: number(11)? + number(12)? + number(13)? + number(14)?,
    })
}

/// The parent of a process.
///
/// # Errors
/// There is no such process here.
pub fn parent(pid: u32) -> io::Result<u32> {
    Ok(stat(pid)?.parent)
}

fn stat(pid: u32) -> io::Result<Stat> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&line).ok_or_else(|| io::Error::other("/proc/<pid>/stat has another form than proc(5) says"))
}

/// Microseconds that `root` and its descendants have used since they began, those that ended included.
fn tree_micros(root: u32, everyone: &[(u32, Stat)]) -> io::Result<u64> {
    let mut ticks = stat(root)?.ticks;
    let mut known = vec![root];
    let mut next = 0;
    while let Some(&parent) = known.get(next) {
        for (pid, stat) in everyone.iter().filter(|(_, stat)| stat.parent == parent) {
            ticks += stat.ticks;
            known.push(*pid);
        }
        next += 1;
    }
    Ok(ticks * TICK_MICROS)
}

fn everyone() -> io::Result<Vec<(u32, Stat)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that ended meanwhile is in its parent's count of ended children.
        if let Ok(stat) = stat(pid) {
            found.push((pid, stat));
        }
    }
    Ok(found)
}

/// Microseconds during which the machine's cores worked for anybody, and which the host took away.
fn machine_micros() -> io::Result<(u64, u64)> {
    let text = fs::read_to_string("/proc/stat")?;
    let ticks: Vec<u64> = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
    let &[user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks.as_slice() else {
        return Err(io::Error::other("/proc/stat has another form than proc(5) says"));
    };
    Ok((
        (user + nice + system + irq + softirq) * TICK_MICROS,
        steal * TICK_MICROS,
    ))
}

/// Resident memory of one process in KiB.
///
/// # Errors
/// There is no such process here.
pub fn resident_kib(pid: u32) -> io::Result<u64> {
    memory(pid, "VmRSS:")
}

/// The most resident memory of one process in KiB since it began or [`forget_peak`] was called.
///
/// # Errors
/// There is no such process here.
pub fn peak_kib(pid: u32) -> io::Result<u64> {
    memory(pid, "VmHWM:")
}

/// Lets [`peak_kib`] of a process begin anew.
///
/// # Errors
/// There is no such process here, or it is another user's.
pub fn forget_peak(pid: u32) -> io::Result<()> {
    // proc(5): 5 resets the high water mark.
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

fn memory(pid: u32, field: &str) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    text.lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other("/proc/<pid>/status has another form than proc(5) says"))
}

/// Whose time is read. This process, which makes the load, always is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Meter {
    /// Root of the measured server's process tree.
    pub server: Option<u32>,
    /// Root of the database's process tree (the postmaster), where it is a server of its own.
    pub database: Option<u32>,
}

/// Processor time in microseconds: since the beginning, or between two readings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Of the measured server.
    pub server: u64,
    /// Of the database's processes.
    pub database: u64,
    /// Of this process and of the load generators that it ran to their end.
    pub generator: u64,
    /// Of all processes and the kernel.
    pub machine: u64,
    /// Taken away by the host of this virtual machine.
    pub stolen: u64,
}

impl Meter {
    /// Reads all counters, which takes one to three milliseconds.
    ///
    /// # Errors
    /// A process that was to be measured is gone.
    pub fn read(self) -> io::Result<Times> {
        let everyone = everyone()?;
        let of = |root: Option<u32>| root.map_or(Ok(0), |root| tree_micros(root, &everyone));
        let (machine, stolen) = machine_micros()?;
        Ok(Times {
            server: of(self.server)?,
            database: of(self.database)?,
            // Children count once they have ended: pgbench does so within a reading, the servers do not.
            generator: stat(std::process::id())?.ticks * TICK_MICROS,
            machine,
            stolen,
        })
    }
}

impl Times {
    /// What was used since an earlier reading.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            server: self.server.saturating_sub(earlier.server),
            database: self.database.saturating_sub(earlier.database),
            generator: self.generator.saturating_sub(earlier.generator),
            machine: self.machine.saturating_sub(earlier.machine),
            stolen: self.stolen.saturating_sub(earlier.stolen),
        }
    }

    /// What neither the server nor the database nor this process used: others on the machine, and the
    /// kernel's work that it books on nobody.
    pub fn others(self) -> u64 {
        self.machine
            .saturating_sub(self.server + self.database + self.generator)
    }
}
