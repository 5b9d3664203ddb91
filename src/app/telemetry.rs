//! Logs and metrics of the process. Logs go to standard error, because standard output belongs to the one line
//! that says where the gateway listens. What is global here is what `tracing` and `metrics` make global.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::sync::{Once, OnceLock};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;
use crate::http::middleware::metric;
use crate::journal;

/// Upper bounds of the request duration histogram, in seconds. Fine below 100 ms, where a provisioning request
/// should end; the last one is the time limit of a request.
const DURATION_BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Sends logs that pass `filter` to standard error and turns panics into log lines, which stand in the span of
/// the request that met them. The first call of a process decides; a later one changes nothing.
///
/// # Errors
/// `filter` is not in the syntax of `tracing_subscriber::EnvFilter`.
pub fn init(filter: &str, format: LogFormat) -> Result<(), ParseError> {
    static PANIC_HOOK: Once = Once::new();
    let colour = std::io::stderr().is_terminal();
    if subscriber(filter, format, colour, std::io::stderr)?
        .try_init()
        .is_ok()
    {
        PANIC_HOOK.call_once(log_panics);
    }
    Ok(())
}

fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    colour: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(writer)
        .with_ansi(colour);
    Ok(match format {
        LogFormat::Text => Box::new(builder.finish()),
        // One flat object: collectors index the top level. The list of spans would repeat the current one.
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_span_list(false).finish()),
    })
}

/// The standard hook writes lines that no collector can read, and without a request id.
fn log_panics() {
    let standard_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if !tracing::enabled!(Level::ERROR) {
            return standard_hook(info);
        }
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        let message = info.payload_as_str().unwrap_or("no message");
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(location, backtrace, "panic: {message}");
    }));
}

/// The counters of this process.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The recorder of this process, installed by the first call. Later calls give the same one.
    #[must_use]
    pub fn install() -> Self {
        static INSTALLED: OnceLock<Metrics> = OnceLock::new();
        INSTALLED.get_or_init(install_recorder).clone()
    }

    /// Everything measured so far, in the Prometheus text format (version 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds the measured durations into their histograms. Must run every few seconds: without it the samples
    /// pile up in memory for as long as nobody asks for the metrics.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn install_recorder() -> Metrics {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full(metric::REQUEST_SECONDS.to_owned()),
            &DURATION_BUCKETS,
        )
        .expect("refused for an empty list of buckets only, and this one is a constant")
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed; /metrics stays empty");
    }
    metric::describe();
    journal::describe();
    metrics::gauge!("rollcall_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Metrics(handle)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn logged(filter: &str, format: LogFormat, log: impl FnOnce()) -> String {
            let lines = Self::default();
            let writer = lines.clone();
            let subscriber = subscriber(filter, format, false, move || writer.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, log);
            let bytes = lines.0.lock().unwrap().clone();
            String::from_utf8(bytes).unwrap()
        }
    }

    #[test]
    fn json_line_is_one_object_with_the_fields_of_its_span() {
        let text = Lines::logged("info", LogFormat::Json, || {
            let _span = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::info!(status = 204, "request");
            tracing::debug!("not wanted");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["status"], 204);
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["span"]["request_id"], "r-1");
    }

    #[test]
    fn text_line_carries_the_request_id_and_obeys_the_filter() {
        let text = Lines::logged("warn", LogFormat::Text, || {
            let _span = tracing::error_span!("request", request_id = "r-2").entered();
            tracing::info!("not wanted");
            tracing::warn!("wanted");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains("request_id=\"r-2\"") && text.contains("wanted"),
            "{text}"
        );
    }

    #[test]
    fn bad_filter_is_an_error_and_a_second_start_is_not() {
        assert!(init("rollcall=loud", LogFormat::Text).is_err());
        init("error", LogFormat::Text).unwrap();
        init("error", LogFormat::Json).unwrap();
    }

    #[test]
    fn metrics_installed_twice_are_the_same_and_durations_are_histograms() {
        let first = Metrics::install();
        let second = Metrics::install();
        metrics::histogram!(metric::REQUEST_SECONDS, "route" => "/telemetry-test").record(0.003);
        second.upkeep();
        let text = first.render();
        assert!(text.contains("rollcall_build_info{version="), "{text}");
        let bucket = "rollcall_http_request_seconds_bucket{route=\"/telemetry-test\",le=\"0.005\"} 1";
        assert!(text.contains(bucket), "{text}");
        assert_eq!(text, second.render());
    }
}
