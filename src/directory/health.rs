//! How a directory is doing, judged from what its provider has asked.

mod credentials;

use std::time::Duration;

use jiff::Timestamp;

pub use credentials::Credentials;

use super::registry::DirectoryKind;
use super::request_log::{Count, CountKey, RefusedAgain, RequestKind, hour_of};

/// What health is computed over.
pub const WINDOW: Duration = Duration::from_hours(24);
/// What "of late" means for failures and slow answers, in hours.
const OF_LATE: i64 = 3;
/// Fewest requests that a proportion is computed of.
const FEWEST: i64 = 10;
/// Refusals for a token before they are a sign.
const REFUSALS: i64 = 5;
/// How often one request has to be refused to be a sign.
pub const REFUSED_TIMES: i64 = 5;
/// From when on answers are slow on average.
const SLOW: Duration = Duration::from_secs(2);
/// How long before the end of a token or a secret it is told.
const EXPIRY_NOTICE: Duration = Duration::from_hours(14 * 24);
/// Distinct hours of requests in a week that make a provider one that calls regularly.
const REGULAR_HOURS: usize = 3;

/// The state of a directory's provisioning.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// When the last request came, from whomever.
    pub last_request_at: Option<Timestamp>,
    /// When the last one came that succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When the last one came that wanted a change and succeeded.
    pub last_write_at: Option<Timestamp>,
    /// Requests in the window.
    pub requests: i64,
    /// Those of them that are not in the log.
    pub unlogged: i64,
    /// The part of them that succeeded, 0 to 1; `None` without any.
    pub success_rate: Option<f64>,
    /// How long they took on average, in milliseconds.
    pub mean_ms: Option<f64>,
    /// How those failed that did, the most frequent first.
    pub errors: Vec<ErrorCount>,
    /// What a provider would, or soon will, stop provisioning for.
    pub signs: Vec<Sign>,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCount {
    /// HTTP status.
    pub status: u16,
    /// `scimType`; `None` without one.
    pub scim_type: Option<String>,
    /// How many.
    pub count: i64,
    /// When the last one came.
    pub last_at: Timestamp,
}

/// How bad a sign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Provisioning does not work, or a provider stops it.
    Critical,
    /// It will come to that if nobody acts.
    Warning,
    /// Worth a look.
    Notice,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Notice];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// Something that a provider would take provisioning away for, with what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Stable name.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was seen and what to do.
    pub text: String,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
}

/// What the judgement is made from.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'o> {
    /// The provider.
    pub kind: DirectoryKind,
    /// Everything that was counted.
    pub counts: &'o [(CountKey, Count)],
    /// What was refused [`REFUSED_TIMES`] times or more in the window.
    pub refused: &'o [RefusedAgain],
    /// What the provider can prove itself with.
    pub credentials: Credentials<'o>,
    /// The time.
    pub now: Timestamp,
}

impl Observed<'_> {
    /// The state of the directory, worst signs first.
    #[must_use]
    pub fn judge(&self) -> Health {
        let since = hour_of(self.now - WINDOW);
        let window = self.sum(|key| key.hour >= since);
        let succeeded = self.sum(|key| key.hour >= since && is_success(key.status));
        let mut signs: Vec<Sign> = [
            self.credentials_refused(),
            self.mostly_failing(),
            self.server_errors(since),
            self.slow_answers(),
            self.silent(),
        ]
        .into_iter()
        .flatten()
        .chain(self.refused_again())
        .chain(self.credentials.signs(self.now))
        .collect();
        signs.sort_by_key(|sign| sign.severity);
        Health {
            last_request_at: self.last(|_| true),
            last_success_at: self.last(|key| is_success(key.status)),
            last_write_at: self.last(|key| key.kind == RequestKind::Write && is_success(key.status)),
            requests: window.requests,
            unlogged: window.unlogged,
            success_rate: ratio(succeeded.requests, window.requests),
            mean_ms: ratio(window.micros, window.requests).map(|micros| micros / 1e3),
            errors: self.errors(since),
            signs,
        }
    }

    fn sum(&self, includes: impl Fn(&CountKey) -> bool) -> Count {
        let mut sum = Count {
            requests: 0,
            unlogged: 0,
            micros: 0,
            last_at: Timestamp::UNIX_EPOCH,
        };
        for (_, count) in self.counts.iter().filter(|(key, _)| includes(key)) {
            sum.add(count);
        }
        sum
    }

    fn last(&self, includes: impl Fn(&CountKey) -> bool) -> Option<Timestamp> {
        let counted = self.counts.iter().filter(|(key, _)| includes(key));
        counted.map(|(_, count)| count.last_at).max()
    }

    fn errors(&self, since: i64) -> Vec<ErrorCount> {
        let mut errors: Vec<ErrorCount> = Vec::new();
        let failed = |key: &CountKey| key.hour >= since && !is_success(key.status);
        for (key, count) in self.counts.iter().filter(|(key, _)| failed(key)) {
            let scim_type = Some(key.scim_type.clone()).filter(|name| !name.is_empty());
            let known = errors
                .iter_mut()
                .find(|error| error.status == key.status && error.scim_type == scim_type);
            match known {
                Some(error) => {
                    error.count += count.requests;
                    error.last_at = error.last_at.max(count.last_at);
                }
                None => errors.push(ErrorCount {
                    status: key.status,
                    scim_type,
                    count: count.requests,
                    last_at: count.last_at,
                }),
            }
        }
        errors.sort_by_key(|error| (std::cmp::Reverse(error.count), error.status));
        errors
    }

    /// Entra puts a job whose credentials are refused into quarantine whatever the number of failures, Okta turns
    /// every change into a failed task.
    fn credentials_refused(&self) -> Option<Sign> {
        let since = hour_of(self.now - WINDOW);
        let is_refusal =
            |key: &CountKey| key.hour >= since && key.kind == RequestKind::Stranger && key.status == 401;
        let refused = self.sum(is_refusal);
        if refused.requests < REFUSALS {
            return None;
        }
        let accepted = self.last(|key| key.kind != RequestKind::Stranger);
        let goes_on = accepted.is_some_and(|at| at > refused.last_at);
        let severity = if goes_on {
            Severity::Warning
        } else {
            Severity::Critical
        };
        let what_to_do = if goes_on {
            "requests with a valid token have come since, so a second client, or somebody else, holds an old token, or \
             an OAuth client uses its access tokens past their end"
        } else {
            "issue a token for this directory, or a secret of its OAuth client, enter it at the provider, and start \
             provisioning there again"
        };
        let text = format!(
            "{} requests of the last 24 hours carried no token or one that this directory does not take, the last at \
             {}: {what_to_do}.",
            refused.requests, refused.last_at
        );
        Some(sign("credentials_refused", severity, text))
    }

    /// Entra's threshold is 40 % of the events of a job, once they are several thousand:
    /// <https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-quarantine-status>.
    fn mostly_failing(&self) -> Option<Sign> {
        let since = hour_of(self.now) - OF_LATE + 1;
        let of_late = |key: &CountKey| key.hour >= since && key.kind != RequestKind::Stranger;
        let all = self.sum(of_late);
        let failed = self.sum(|key| of_late(key) && !is_success(key.status));
        if all.requests < FEWEST || failed.requests * 10 <= all.requests * 4 {
            return None;
        }
        let consequence = if self.kind == DirectoryKind::Entra {
            "Entra puts a job of which so many fail into quarantine, tries again ever more rarely, and gives it up after \
             four weeks"
        } else {
            "what fails is not provisioned"
        };
        let text = format!(
            "{} of {} requests since {OF_LATE} hours failed: {consequence}. Look at the errors, and at the failed \
             requests in the log; when they are mended, start provisioning again at the provider.",
            failed.requests, all.requests
        );
        Some(sign("mostly_failing", Severity::Critical, text))
    }

    fn server_errors(&self, since: i64) -> Option<Sign> {
        let failed = self.sum(|key| key.hour >= since && key.status >= 500 && key.status != 501);
        if failed.requests == 0 {
            return None;
        }
        let severity = if failed.requests < FEWEST {
            Severity::Warning
        } else {
            Severity::Critical
        };
        let text = format!(
            "{} requests of the last 24 hours were not answered for a fault of the gateway or its database, the last at \
             {}. The gateway's own log says why, under the request ids of these requests.",
            failed.requests, failed.last_at
        );
        Some(sign("server_errors", severity, text))
    }

    fn slow_answers(&self) -> Option<Sign> {
        let since = hour_of(self.now) - OF_LATE + 1;
        let all = self.sum(|key| key.hour >= since && key.kind != RequestKind::Stranger);
        let mean = u64::try_from(all.micros / all.requests.max(1)).map(Duration::from_micros);
        let mean = mean.ok().filter(|mean| all.requests >= FEWEST && *mean >= SLOW)?;
        let text = format!(
            "Answers took {:.1} seconds on average since {OF_LATE} hours. Providers give up waiting and count a failure: \
             look at the load of the gateway and of its database, and at filters that are not indexed.",
            mean.as_secs_f64()
        );
        Some(sign("slow_answers", Severity::Warning, text))
    }

    /// Entra's cycle is at most 40 minutes; others call when something changes.
    fn silent(&self) -> Option<Sign> {
        let (rhythm, words) = match self.kind {
            DirectoryKind::Entra => (Duration::from_mins(40), "40 minutes"),
            _ => (Duration::from_hours(24), "a day"),
        };
        let known = |key: &CountKey| key.kind != RequestKind::Stranger;
        let last = self.last(known)?;
        if last + rhythm >= self.now {
            return None;
        }
        let week = hour_of(last) - 7 * 24;
        let mut hours: Vec<i64> = self
            .counts
            .iter()
            .filter(|(key, _)| known(key))
            .map(|(key, _)| key.hour)
            .collect();
        hours.retain(|hour| *hour >= week);
        hours.sort_unstable();
        hours.dedup();
        if hours.len() < REGULAR_HOURS {
            return None;
        }
        let text = format!(
            "No request with a valid token for more than {words}, though there were some before. Look at the provider \
             whether provisioning is on, and whether it is in quarantine."
        );
        Some(Sign {
            since: Some(last),
            ..sign("silent", Severity::Warning, text)
        })
    }

    fn refused_again(&self) -> impl Iterator<Item = Sign> {
        self.refused.iter().map(|again| {
            let text = format!(
                "{} {} was refused {} times with {}: {}. The provider will go on trying: mend the value there, or the \
                 mapping that it comes from.",
                again.method, again.path, again.times, again.status, again.detail
            );
            Sign {
                since: Some(again.since),
                ..sign("refused_again", Severity::Warning, text)
            }
        })
    }
}

/// 304 is an answer as asked for.
fn is_success(status: u16) -> bool {
    status < 400
}

fn sign(code: &'static str, severity: Severity, text: String) -> Sign {
    Sign {
        code,
        severity,
        text,
        since: None,
    }
}

/// Counts of requests and microseconds are far below what a double holds exactly.
#[expect(clippy::cast_precision_loss, reason = "counts of 30 days")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
