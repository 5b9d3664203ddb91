//! The house rules that a compiler does not check: who may name whom, how large a file is, what storage can do.
//!
//! The source is read as text. Comments, strings and characters are blanked first, so that only code counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of ours a module may name besides itself: what is needed today and fits the directions of
/// `docs/architecture.md`. What nothing needs yet is added when it is needed, where a review sees it.
const MAY_NAME: [(&str, &[&str]); 18] = [
    // Pure.
    ("scim", &[]),
    ("directory", &[]),
    ("auth", &["directory"]),
    ("sso", &["directory"]),
    // Effects.
    ("storage", &["directory", "sso"]),
    ("outbound", &[]),
    ("config", &[]),
    ("clock", &[]),
    // Both who administers passwords and who checks them hash, at the same few places.
    ("hashing", &["auth", "directory"]),
    // Use cases: what two of them share is a rule or a change, so none names another.
    ("provisioning", &["scim", "directory", "auth", "storage"]),
    (
        "accounts",
        &["directory", "auth", "hashing", "outbound", "sso", "storage"],
    ),
    (
        "login",
        &["directory", "auth", "hashing", "sso", "storage", "outbound"],
    ),
    ("journal", &["scim", "directory", "storage"]),
    ("mail", &["directory"]),
    (
        "jobs",
        &[
            "accounts",
            "auth",
            "clock",
            "directory",
            "journal",
            "mail",
            "storage",
        ],
    ),
    // Doors. `http::scim` also names scim.
    (
        "http",
        &[
            "provisioning",
            "accounts",
            "clock",
            "journal",
            "login",
            "directory",
        ],
    ),
    // The composition root names everything but the command line.
    (
        "app",
        &[
            "accounts",
            "auth",
            "clock",
            "config",
            "directory",
            "hashing",
            "http",
            "jobs",
            "journal",
            "login",
            "mail",
            "outbound",
            "provisioning",
            "storage",
        ],
    ),
    // The command line and the list of modules.
    ("main", &["app", "config", "outbound"]),
];

/// What works without a tenant, and the writes that are not facts. A new line here wants a reason in review:
/// everything else goes through a tenant's transaction and `Tx::apply`.
const STORAGE_VERBS: &str = "\
Store: begin_login
Store: chain_audit
Store: close
Store: database_clock
Store: engine_name
Store: erase_refusals_of
Store: find_token_use
Store: flush_api_key_uses
Store: flush_session_uses
Store: flush_token_uses
Store: forget_token_uses
Store: keep_access_error
Store: note_api_key_use
Store: note_mail_failed
Store: note_mail_sent
Store: note_session_use
Store: note_token_use
Store: number_audit
Store: open
Store: ping
Store: purge_deleted_group
Store: purge_expired
Store: purge_imports
Store: read
Store: settle
Store: system
Store: take_due_mail
Store: take_due_metadata
Store: take_login
Store: wait_for_alignment
Store: wait_for_mail
Store: write
SystemTx: find_access_error
SystemTx: find_api_key_use
SystemTx: find_directory_at
SystemTx: find_group_purge
SystemTx: find_session
SystemTx: find_setting
SystemTx: find_tenant
SystemTx: find_tenant_of_token
SystemTx: list_access_errors
SystemTx: list_counted_directories
SystemTx: list_due_alignments
SystemTx: list_passed_dates
SystemTx: list_password_holders
SystemTx: list_running_imports
SystemTx: list_tenants
SystemTx: list_tenants_of_domain
SystemTx: list_tenants_with_deleted
SystemTx: list_tenants_with_unnumbered_audit
Tx: add_import_rows
Tx: advance_totp_step
Tx: apply
Tx: begin_guess
Tx: begin_import
Tx: claim_idempotency_key
Tx: consume_once
Tx: count_entity_uses
Tx: count_followers
Tx: count_other_full_administrators_for_update
Tx: count_requests
Tx: count_schema_uses
Tx: erase_import_rows
Tx: erase_mail
Tx: erase_refusals
Tx: erase_requests
Tx: find_accepted_guest_for_update
Tx: find_alignment_for_update
Tx: find_asked_guest_for_update
Tx: find_candidates_for_update
Tx: find_client_for_update
Tx: find_connection_for_update
Tx: find_directory_for_update
Tx: find_group_for_update
Tx: find_groups_for_share
Tx: find_import_for_update
Tx: find_passed_dates_for_update
Tx: find_person_for_update
Tx: find_schemas_revision_for_share
Tx: find_schemas_revision_for_update
Tx: find_sent_guest_request_for_update
Tx: find_tenant_for_update
Tx: find_user_for_update
Tx: find_user_record_for_update
Tx: forget_guesses
Tx: has_session
Tx: keep_idempotent_answer
Tx: keep_login_ticket
Tx: list_entities_for_update
Tx: list_sessions_of_provider
Tx: load_catalogue_for_share
Tx: load_entity_tree_for_share
Tx: load_followers_for_update
Tx: lock_home
Tx: log_requests
Tx: note_date
Tx: note_import_row
Tx: note_metadata_check
Tx: note_opened
Tx: number_audit
Tx: offer_factor
Tx: prune_requests
Tx: release_idempotency_key
Tx: save_alignment
Tx: save_import
Tx: take_back_guess
Tx: take_login
Tx: take_login_ticket
Tx: upgrade_password
";

/// Lines of a file without its tests.
const LONGEST_FILE: usize = 500;

const NAMELESS: [&str; 6] = ["utils", "helpers", "common", "misc", "manager", "types"];

/// One file of `src`.
struct Source {
    /// Relative to `src`, with forward slashes.
    name: String,
    text: String,
    /// The text with everything blanked that is no code; lines and columns stay.
    code: String,
}

impl Source {
    /// The path of the module: `["storage", "users"]`; empty for the crate root.
    fn module(&self) -> Vec<&str> {
        let mut path: Vec<&str> = self.name.trim_end_matches(".rs").split('/').collect();
        if path.last().is_some_and(|last| ["mod", "lib"].contains(last)) {
            path.pop();
        }
        path
    }

    /// The modules of the crate root that the code names, each with the line.
    fn names(&self) -> Vec<(usize, String)> {
        let tokens = tokens(&self.code);
        let depth = self.module().len();
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let (line, token) = &tokens[at];
            let root = match token.as_str() {
                "crate" | "rollcall" => follows(&tokens, at, "::").then_some(at + 2),
                "super" if at < 2 || tokens[at - 2].1 != "super" => ascend(&tokens, at, depth),
                _ => None,
            };
            if let Some(next) = root {
                found.extend(heads(&tokens, next).into_iter().map(|name| (*line, name)));
            }
            at += 1;
        }
        found
    }
}

fn follows(tokens: &[(usize, String)], at: usize, text: &str) -> bool {
    tokens.get(at + 1).is_some_and(|(_, token)| token == text)
}

/// Where a chain of `super::` goes on when it reaches the crate root.
fn ascend(tokens: &[(usize, String)], mut at: usize, depth: usize) -> Option<usize> {
    let mut levels = 0;
    while tokens.get(at).is_some_and(|(_, token)| token == "super") && follows(tokens, at, "::") {
        levels += 1;
        at += 2;
    }
    (levels >= depth).then_some(at)
}

/// The first names of a path, or of each path of a group: `a` of `a::b`, `a` and `c` of `{a::b, c}`.
fn heads(tokens: &[(usize, String)], at: usize) -> Vec<String> {
    let Some((_, first)) = tokens.get(at) else {
        return Vec::new();
    };
    if first != "{" {
        return vec![first.clone()];
    }
    let mut found = Vec::new();
    let mut depth = 0;
    let mut begins = true;
    for (_, token) in &tokens[at..] {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => begins = true,
            name if depth == 1 && begins => {
                found.push(name.to_owned());
                begins = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// Words, `::` and single other characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push((number + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Blanks comments, strings and characters, and keeps the line breaks.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => string_end(&chars, at),
            'r' | 'b' | 'c' if !at.checked_sub(1).is_some_and(|before| is_word(chars[before])) => {
                raw_string_end(&chars, at).unwrap_or(at)
            }
            '\'' => character_end(&chars, at),
            _ => at,
        };
        if end == at {
            code.push(chars[at]);
            at += 1;
            continue;
        }
        let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
        code.extend(chars[at..end].iter().map(blank));
        at = end;
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_end(chars: &[char], at: usize) -> usize {
    (at..chars.len())
        .find(|i| chars[*i] == '\n')
        .unwrap_or(chars.len())
}

/// Block comments nest.
fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// `r"..."`, `r#"..."#`, `br"..."`; `None` for a word that only begins so.
fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let mut i = at;
    if matches!(chars[i], 'b' | 'c') && chars.get(i + 1) == Some(&'r') {
        i += 1;
    }
    if chars[i] != 'r' {
        return None;
    }
    i += 1;
    let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
    i += hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"')
        .chain(std::iter::repeat_n('#', hashes))
        .collect();
    let end = (i + 1..chars.len()).find(|end| chars[*end..].starts_with(&close));
    Some(end.map_or(chars.len(), |end| end + close.len()))
}

/// The end of a character literal; a lifetime is left as it stands.
fn character_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => (at + 3..chars.len())
            .find(|i| chars[*i] == '\'')
            .map_or(chars.len(), |i| i + 1),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut paths = Vec::new();
    files_below(&src, &mut paths);
    paths.sort();
    assert!(paths.len() > 50, "src was not found");
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("source text");
        let parts = path.strip_prefix(&src).expect("below src").components();
        let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
        Source {
            name: parts.join("/"),
            code: code_of(&text),
            text,
        }
    };
    paths.iter().map(read).collect()
}

#[track_caller]
fn nothing_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn a_module_names_only_the_modules_it_may() {
    let table: BTreeMap<&str, &[&str]> = MAY_NAME.into_iter().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        let Some(own) = module.first() else { continue };
        let Some(allowed) = table.get(own) else {
            wrong.push(format!("{}: {own} is not in the table", source.name));
            continue;
        };
        for (line, named) in source.names() {
            let known = table.contains_key(named.as_str());
            let exception = named == "scim" && module.starts_with(&["http", "scim"]);
            if known && named != *own && !exception && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{}:{line}: {own} may not name {named}", source.name));
            }
        }
    }
    nothing_wrong(&wrong);
}

/// The names that code calls the crates of a manifest by.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
    let section = text
        .split("\n[")
        .find(|section| section.starts_with("dependencies]"));
    let lines = section.expect("dependencies").lines().skip(1);
    lines
        .filter_map(|line| line.split_once(" ="))
        .map(|(name, _)| name.replace('-', "_"))
        .collect()
}

/// The fuzzer compiles these modules by themselves, which nobody who builds the gateway notices.
#[test]
fn the_fuzzer_has_every_crate_that_the_modules_it_compiles_name() {
    let (all, fuzzed) = (dependencies("Cargo.toml"), dependencies("fuzz/Cargo.toml"));
    assert!(all.contains("serde_json") && fuzzed.contains("serde_json"));
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        let compiled = matches!(module.as_slice(), ["directory" | "scim", ..])
            || matches!(
                module.as_slice(),
                ["sso", "attributes" | "identity" | "json" | "saml" | "shown", ..]
            );
        if !compiled || module.contains(&"tests") {
            continue;
        }
        let tokens = tokens(&source.code);
        for (at, (line, name)) in tokens.iter().enumerate() {
            let begins = at == 0 || tokens[at - 1].1 != "::";
            let is_crate = begins && follows(&tokens, at, "::") && all.contains(name);
            if is_crate && !fuzzed.contains(name) {
                wrong.push(format!("{}:{line}: fuzz/Cargo.toml lacks {name}", source.name));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn every_module_of_the_crate_is_in_the_table() {
    let sources = sources();
    let lib = sources
        .iter()
        .find(|source| source.name == "lib.rs")
        .expect("lib.rs");
    let tokens = tokens(&lib.code);
    let declared: BTreeSet<&str> = tokens
        .windows(2)
        .filter(|pair| pair[0].1 == "mod")
        .map(|pair| pair[1].1.as_str())
        .collect();
    let table: BTreeSet<&str> = MAY_NAME.into_iter().map(|(name, _)| name).collect();
    let known = table.iter().copied().filter(|name| *name != "main").collect();
    assert_eq!(declared, known);
}

#[test]
fn only_storage_speaks_sql() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.module().first() == Some(&"storage") {
            continue;
        }
        for (line, token) in tokens(&source.code) {
            if token == "sqlx" {
                wrong.push(format!("{}:{line}: names sqlx", source.name));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn what_storage_can_do_without_a_fact_is_listed() {
    let mut found = BTreeSet::new();
    for source in sources() {
        if source.module().first() != Some(&"storage") {
            continue;
        }
        for name in ["Store", "SystemTx", "Tx"] {
            for method in public_methods(&source.code, name) {
                found.insert(format!("{name}: {method}"));
            }
        }
    }
    let found: Vec<String> = found.into_iter().collect();
    assert_eq!(found.join("\n"), STORAGE_VERBS.trim_end());
}

/// The public methods of the inherent `impl` blocks of a type.
fn public_methods(code: &str, name: &str) -> Vec<String> {
    let tokens: Vec<String> = tokens(code).into_iter().map(|(_, token)| token).collect();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at..].len() < 3 || tokens[at] != "impl" || tokens[at + 1] != name || tokens[at + 2] != "{" {
            continue;
        }
        let mut depth = 0;
        for (i, token) in tokens.iter().enumerate().skip(at + 2) {
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                "pub" if depth == 1 => {
                    let rest = &tokens[i + 1..];
                    let rest = rest.strip_prefix(&["const".to_owned()]).unwrap_or(rest);
                    let rest = rest.strip_prefix(&["async".to_owned()]).unwrap_or(rest);
                    if rest[0] == "fn" {
                        found.push(rest[1].clone());
                    }
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join("migrations").join(engine)).expect("migrations");
        entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn a_file_stays_small_without_its_tests() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.name.ends_with("tests.rs") {
            continue;
        }
        let lines = source
            .code
            .lines()
            .take_while(|line| !line.starts_with("mod tests"))
            .count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines; split it by topic", source.name));
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let mut wrong = Vec::new();
    for source in sources() {
        for part in source.module() {
            if NAMELESS.contains(&part) {
                wrong.push(format!("{}: {part}", source.name));
            }
        }
        for pair in tokens(&source.code).windows(2) {
            if pair[0].1 == "mod" && NAMELESS.contains(&pair[1].1.as_str()) {
                wrong.push(format!("{}:{}: mod {}", source.name, pair[1].0, pair[1].1));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn every_folder_says_what_it_owns() {
    let sources = sources();
    let mut wrong = Vec::new();
    let mut folders = 0;
    for source in &sources {
        let below = format!("{}/", source.name.trim_end_matches(".rs"));
        let is_folder =
            source.name.ends_with("/mod.rs") || sources.iter().any(|other| other.name.starts_with(&below));
        if !is_folder && source.name != "lib.rs" {
            continue;
        }
        folders += 1;
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{}: does not open with //!", source.name));
        }
    }
    assert!(folders > 10, "folders were not found");
    nothing_wrong(&wrong);
}

#[test]
fn the_reader_of_sources_sees_code_and_nothing_else() {
    let text = r##"
        // crate::comment
        /* crate::block /* crate::nested */ crate::block */
        let s = "crate::string \" crate::string"; let r = r#"crate::raw " "#; let b = br"crate::bytes";
        let c = '"'; let e = '\''; fn f<'a>(x: &'a crate::first::X) {}
        use crate::{second::A, third::{B, fourth}, fifth};
        $crate::sixth!(); super::super::seventh::x(); super::sibling::y();
    "##;
    let source = Source {
        name: "storage/users.rs".to_owned(),
        text: String::new(),
        code: code_of(text),
    };
    let names: Vec<String> = source.names().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["first", "second", "third", "fifth", "sixth", "seventh"]);
    assert_eq!(code_of(text).lines().count(), text.lines().count());
    let code =
        code_of("impl Tx { pub async fn a(&self) { pub fn b() {} } pub(super) fn c() {} pub fn d() {} }");
    assert_eq!(public_methods(&code, "Tx"), ["a", "d"]);
    assert_eq!(public_methods(&code, "Other"), Vec::<String>::new());
}

#[test]
fn every_test_that_the_page_of_behaviours_names_is_there() {
    let page = fs::read_to_string(root().join("docs/behaviours.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    let mut wrong = Vec::new();
    for row in rows.iter().filter(|row| !row.starts_with("| row |")) {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("no test is named: {row}"));
        }
        for test in named {
            let found = test.split_once("::").is_some_and(|(path, name)| {
                fs::read_to_string(root().join("tests/it").join(path))
                    .is_ok_and(|text| text.contains(&format!("fn {name}(")))
            });
            if !found {
                wrong.push(format!("there is no test {test}"));
            }
        }
    }
    assert!(rows.len() > 100, "the page is read wrongly");
    nothing_wrong(&wrong);
}
