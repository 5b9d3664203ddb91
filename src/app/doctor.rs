//! `rollcall doctor`: looks at what the gateway stands on, and says what to mend.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{files, open_store, operator};
use crate::accounts::audit::verify_chain;
use crate::config::{Config, DatabaseUrl, MasterKey};
use crate::http::now;
use crate::outbound;
use crate::storage::{self, Store};

/// What outgoing HTTPS is tried against: the sign-in service of one of the providers that gateways talk to.
const HTTPS_TARGET: &str = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration";
/// By how much the clocks of two machines may differ.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// How one check came out.
enum Finding {
    Good(String),
    /// Works, but somebody should look at it.
    Warning {
        found: String,
        mend: String,
    },
    /// Does not work.
    Bad {
        found: String,
        mend: String,
    },
}

/// Runs every check and prints one line for each; answers whether the gateway can run.
///
/// # Errors
/// The report cannot be written.
pub async fn run(config: &Config, out: &mut impl Write) -> io::Result<bool> {
    let mut healthy = true;
    let (store, database) = check_database(config).await;
    let findings = [
        ("database", database),
        ("key", check_key(config, store.as_ref()).await),
        ("clock", check_clock(store.as_ref()).await),
        ("https", check_https(config).await),
        ("audit", check_audit(store.as_ref()).await),
    ];
    if let Some(store) = store {
        store.close().await;
    }
    for (name, finding) in findings {
        match finding {
            Finding::Good(found) => writeln!(out, "ok    {name:<9} {found}")?,
            Finding::Warning { found, mend } => writeln!(out, "warn  {name:<9} {found}; {mend}")?,
            Finding::Bad { found, mend } => {
                healthy = false;
                writeln!(out, "FAIL  {name:<9} {found}; {mend}")?;
            }
        }
    }
    Ok(healthy)
}

/// Opens the database as it is: a look must not make one.
async fn check_database(config: &Config) -> (Option<Store>, Finding) {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !path.exists()
    {
        let found = format!("{} does not exist yet", path.display());
        let mend = "`rollcall serve` or `rollcall migrate` makes it".to_owned();
        return (None, Finding::Warning { found, mend });
    }
    let bad = |found: String| {
        Finding::Bad {
        found,
        mend: "check ROLLCALL_DATABASE_URL, that the server runs and the account may connect, or for SQLite that the \
               folder can be written and the disk is not full; then run `rollcall migrate`"
            .to_owned(),
    }
    };
    match open_store(config, false).await {
        Err(error) => (None, bad(error.to_string())),
        Ok(store) => match store.ping().await {
            Ok(()) => {
                let found = format!("{} answers ({})", config.database, store.engine_name());
                (Some(store), Finding::Good(found))
            }
            Err(error) => (None, bad(format!("{}: {error}", config.database))),
        },
    }
}

async fn check_key(config: &Config, store: Option<&Store>) -> Finding {
    let path = operator::key_file(config);
    let key = if let Some(key) = &config.master_key {
        key.clone()
    } else {
        match std::fs::read_to_string(&path).map(|text| MasterKey::parse(text.trim())) {
            Ok(Some(key)) => key,
            Ok(None) => {
                return Finding::Bad {
                    found: format!("{} does not hold a key", path.display()),
                    mend: "restore it from a backup; without it stored secrets cannot be read".to_owned(),
                };
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Finding::Warning {
                    found: format!("{} does not exist yet", path.display()),
                    mend: "`rollcall serve` makes it; keep a copy apart from the database's backups"
                        .to_owned(),
                };
            }
            Err(error) => {
                return Finding::Bad {
                    found: format!("{}: {error}", path.display()),
                    mend: "let the account that runs the gateway read it".to_owned(),
                };
            }
        }
    };
    if config.master_key.is_none() && files::is_exposed(&path).unwrap_or(false) {
        return Finding::Bad {
            found: format!("{} can be read by others", path.display()),
            mend: format!("chmod 600 {}", path.display()),
        };
    }
    let kept = match store {
        Some(store) => match store.system().await {
            Ok(mut tx) => tx.find_setting("master_key_check").await.ok().flatten(),
            Err(_) => None,
        },
        None => None,
    };
    if kept.is_some_and(|kept| kept != operator::key_check(&key)) {
        return Finding::Bad {
            found: "the master key is not the one this database was first used with".to_owned(),
            mend: "set ROLLCALL_MASTER_KEY or ROLLCALL_DATA_DIR to the key that belongs to it".to_owned(),
        };
    }
    Finding::Good("the master key is readable, private, and the database's own".to_owned())
}

async fn check_clock(store: Option<&Store>) -> Finding {
    let now = now();
    // Released in 2026: an earlier date is a clock that was never set.
    if now < Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH) {
        return Finding::Bad {
            found: format!("this machine believes it is {now}"),
            mend: "set the clock (chrony or systemd-timesyncd): sign-in and token expiry depend on it"
                .to_owned(),
        };
    }
    let other = match store {
        Some(store) => store.database_clock().await.ok().flatten(),
        None => None,
    };
    match other {
        Some(theirs) if theirs.duration_since(now).abs() > CLOCK_TOLERANCE => Finding::Bad {
            found: format!("this machine says {now}, the database says {theirs}"),
            mend: "let both follow a time server".to_owned(),
        },
        Some(_) => Finding::Good(format!("{now}, in step with the database")),
        None => Finding::Good(now.to_string()),
    }
}

/// Walks the audit chain of every tenant.
async fn check_audit(store: Option<&Store>) -> Finding {
    let Some(store) = store else {
        return Finding::Warning {
            found: "not looked at".to_owned(),
            mend: "mend the database first".to_owned(),
        };
    };
    match find_break(store).await {
        Ok((rows, None)) => Finding::Good(format!("{rows} rows, and none was changed or taken away")),
        Ok((_, Some(found))) => Finding::Bad {
            found,
            mend: "somebody has changed the database by hand, or an old state was restored beside a newer log: compare \
                   with an export (GET .../audit/export)"
                .to_owned(),
        },
        Err(error) => Finding::Warning {
            found: format!("could not be read: {error}"),
            mend: "run `rollcall migrate`, then look again".to_owned(),
        },
    }
}

async fn find_break(store: &Store) -> Result<(u64, Option<String>), storage::Error> {
    let (mut after, mut rows) = (String::new(), 0);
    loop {
        let tenants = store.system().await?.list_tenants(&after, 100).await?;
        let Some(last) = tenants.last() else {
            return Ok((rows, None));
        };
        last.slug.as_str().clone_into(&mut after);
        for tenant in &tenants {
            let verdict = verify_chain(store, tenant.id).await?;
            rows += verdict.rows;
            if let Some(broken) = verdict.broken_at {
                let (slug, reason) = (tenant.slug.as_str(), broken.reason.as_str());
                let found = format!(
                    "the log of tenant {slug} is broken at row {}: {reason}",
                    broken.seq
                );
                return Ok((rows, Some(found)));
            }
        }
    }
}

async fn check_https(config: &Config) -> Finding {
    let warning = |found: String| Finding::Warning {
        found,
        mend: "SCIM works without it; for SSO allow outgoing TCP 443 and DNS, and install ca-certificates"
            .to_owned(),
    };
    let Ok(url) = Url::parse(HTTPS_TARGET) else {
        return warning("no address to try".to_owned());
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let client = match outbound::Client::new(config.allow_private_idp) {
        Ok(client) => client,
        Err(error) => return warning(error.to_string()),
    };
    match client.check_https(&url).await {
        Ok(time) => Finding::Good(format!("{host} answered in {} ms", time.as_millis())),
        Err(error) => warning(format!("{host}: {error}")),
    }
}
