//! A process that this one started, and that does not outlive it.

use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

/// A child process; killed by its id on drop if it still runs.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command`.
    ///
    /// # Errors
    /// The program does not exist or cannot be run.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It did not end within `limit`.
    pub async fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                bail!("{} did not end within {} s", self.name, limit.as_secs());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// It had ended by itself, did not end within `limit`, or ended with another code than 0.
    pub async fn terminate(mut self, limit: Duration) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended by itself: {status}", self.name);
        }
        // The standard library sends SIGKILL only; `kill` is part of every POSIX shell.
        Command::new("sh")
            .arg("-c")
            .arg(format!("kill -TERM {}", self.id()))
            .status()?;
        let status = self.wait(limit).await?;
        if !status.success() {
            bail!("{} ended with {status} after SIGTERM", self.name);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
