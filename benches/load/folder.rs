//! A folder that goes when its owner goes.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::random::secret;

/// A new folder in the system's temporary one, readable by its owner alone and removed on drop.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one.
    ///
    /// # Errors
    /// The temporary folder (`TMPDIR`) does not exist or cannot be written.
    pub fn create() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("rollcall-bench-{}", secret()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nobody is left to be told; the system empties its temporary folder by itself.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
