//! Names that nobody else has, and folders that the next run clears away.

use std::path::{Path, PathBuf};
use std::sync::Once;

use uuid::Uuid;

/// A name that fits a slug, a database and a file.
pub fn random_name(prefix: &str) -> String {
    format!("{prefix}-{}", &Uuid::new_v4().simple().to_string()[..12])
}

/// A new folder, absolute. Nothing runs when the test program ends, so the next run removes it.
pub fn folder() -> PathBuf {
    static CLEARED: Once = Once::new();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it");
    CLEARED.call_once(|| clear(&root));
    let folder = root
        .join(std::process::id().to_string())
        .join(random_name("data"));
    std::fs::create_dir_all(&folder).expect("a folder under the target folder");
    folder
}

/// Removes what test programs left that no longer run; where that cannot be told, everything stays.
fn clear(root: &Path) {
    let own = std::process::id().to_string();
    if !Path::new("/proc").join(&own).exists() {
        return;
    }
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str() == Some(&own) || !Path::new("/proc").join(&name).exists() {
            // Another program may be clearing the same folder.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
