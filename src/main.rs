//! The command line; nothing else.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rollcall::app::{self, StartError, doctor, telemetry};
use rollcall::config::{self, Config};
use rollcall::outbound::install_crypto_provider;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// SCIM 2.0 and SSO provisioning gateway.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Settings file; the environment (ROLLCALL_*) wins over it [default: rollcall.toml when it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway until SIGTERM
    Serve {
        /// Leave the database's schema as it is
        #[arg(long)]
        no_migrate: bool,
    },
    /// Bring the database's schema up to date and exit
    Migrate,
    /// Check database, key file, clock and outgoing HTTPS, and say what to mend
    Doctor,
    /// Print the description of the API as OpenAPI 3.1; needs neither settings nor a database
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Openapi = cli.command {
        return print(app::openapi());
    }
    let config = match Config::load(config::process_environment(), cli.config.as_deref()) {
        Ok(config) => config,
        Err(error) => return complain(&error, 2),
    };
    if let Err(error) = telemetry::init(&config.log, config.log_format) {
        return complain(&error, 2);
    }
    install_crypto_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, 1),
    };
    let done = match cli.command {
        Command::Serve { no_migrate } => runtime.block_on(app::serve(config, !no_migrate)),
        Command::Migrate => runtime.block_on(app::migrate(&config)),
        Command::Doctor => return runtime.block_on(diagnose(&config)),
        // Answered above.
        Command::Openapi => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // What is wrong with these is a setting: the address, or a file that it names.
        Err(
            error @ (StartError::Listen { .. }
            | StartError::BadKeyFile(_)
            | StartError::MailAuthorities { .. }),
        ) => complain(&error, 2),
        Err(error) => complain(&error, 1),
    }
}

async fn diagnose(config: &Config) -> ExitCode {
    match doctor::run(config, &mut std::io::stdout()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&error, 1),
    }
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error, 1),
    }
}

/// One clear line on standard error.
fn complain(error: &dyn std::error::Error, code: u8) -> ExitCode {
    // Nobody may be reading; the code says it too.
    let _ = writeln!(
        std::io::stderr(),
        "rollcall: {}",
        error.to_string().replace('\n', " ")
    );
    ExitCode::from(code)
}
