//! Writes the SAML seeds of the corpora, what the provider of the fuzzed connection sends, for whoever changes
//! `src/messages.rs`: `cargo run --example seeds`.

use std::fs;
use std::path::Path;

use rollcall_fuzz::messages::{answer, assertion, logouts, queries, refused, responses, signed_logouts};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)
    };
    for (name, text) in responses().into_iter().chain(refused()) {
        write("gate", name, text.as_bytes())?;
    }
    for (name, _, text) in logouts() {
        write("gate", name, text.as_bytes())?;
        write("decoder", name, text.as_bytes())?;
    }
    for (name, _, text) in signed_logouts() {
        write("gate", &format!("{name}_signed"), text.as_bytes())?;
    }
    for (name, query) in queries() {
        write("decoder", &format!("{name}_query"), query.as_bytes())?;
    }
    for choice in 0..8 {
        let message = [&[choice], answer(&assertion()).as_bytes()].concat();
        write("signed", &format!("answer_{choice}"), &message)?;
    }
    Ok(())
}
