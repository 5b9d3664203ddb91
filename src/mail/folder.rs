//! The outbox folder: one file for each mail, for its owner alone, since a mail carries a link that opens an account.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::Outgoing;

/// The name of a letter's file: when it was written, so that files stand in order, and its id.
pub(super) fn name_of(outgoing: &Outgoing) -> String {
    let written = outgoing.written_at.strftime("%Y%m%dT%H%M%SZ");
    format!("{written}-{}.eml", outgoing.id)
}

/// Writes a file under another name first, so that whoever watches the folder never reads half of one.
pub(super) fn lay(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let unfinished = folder.join(format!(".{name}.part"));
    write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, folder.join(name))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
