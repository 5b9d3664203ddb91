//! What a job has done in one turn.

/// How much of what was due a job has done, and how much of it failed and is left for the next time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Done.
    pub done: u64,
    /// Failed, each with a line in the log of the program.
    pub failed: u64,
}
