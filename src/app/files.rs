//! Files of the data folder that hold secrets: readable by their owner only.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::StartError;

/// Reads a secret file; makes it with `fresh` when there is none.
pub(super) fn read_or_create(
    path: &Path,
    fresh: impl FnOnce() -> Result<String, StartError>,
) -> Result<String, StartError> {
    let failed = |error| StartError::File {
        path: path.to_owned(),
        error,
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = fresh()?;
            create(path, &text).map_err(failed)?;
            Ok(text)
        }
        Err(error) => Err(failed(error)),
    }
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// Whether others than the owner can read a file.
#[cfg(unix)]
pub(super) fn is_exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Windows has no such bits; its access lists are the administrator's.
#[cfg(not(unix))]
pub(super) fn is_exposed(path: &Path) -> io::Result<bool> {
    std::fs::metadata(path).map(|_| false)
}
