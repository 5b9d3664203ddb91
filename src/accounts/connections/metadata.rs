//! The metadata of SAML providers: given as a text or fetched from an address, taken on somebody's word, looked at
//! every day.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use url::Url;

use super::{Accounts, Error};
use crate::directory::metadata::{self, MetadataOffer};
use crate::directory::{
    Action, Actor, Authority, Connection, ConnectionId, Origin, Protocol, Refusal, SamlEndpoint,
    SamlProvider, Source, Target, TenantId, allow,
};
use crate::outbound::OutboundError;
use crate::sso::saml::Certificate;
use crate::sso::saml::metadata::{MetadataRefusal, is_signed_by, read_provider};
use crate::sso::saml::xml::MAX_METADATA;
use crate::storage::{MetadataCheck, Tx};

/// The media type of metadata (SAML metadata, appendix A).
const MEDIA_TYPE: &str = "application/samlmetadata+xml";
/// How long an address of metadata may be, in bytes.
const LONGEST_URL: usize = 2048;
/// The shortest time between two looks; connections differ by up to [`SPREAD`], so that they come apart.
const EVERY: Duration = Duration::from_hours(22);
const SPREAD: Duration = Duration::from_hours(2);
/// When it is tried again after a failure.
const AGAIN: Duration = Duration::from_hours(1);
/// For how long a look is this node's: longer than a fetch may take.
const LEASE: Duration = Duration::from_mins(5);
/// How many are looked at side by side.
const BATCH: u32 = 8;

/// Where the metadata of a provider comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataSource {
    /// Here it is.
    Xml(String),
    /// It is fetched from here, and looked at again every day.
    Url(String),
}

impl MetadataSource {
    /// The field of a request that says so.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::Xml(_) => "idp_metadata_xml",
            Self::Url(_) => "idp_metadata_url",
        }
    }

    pub(super) fn url(&self) -> Option<String> {
        match self {
            Self::Xml(_) => None,
            Self::Url(url) => Some(url.clone()),
        }
    }
}

/// Why metadata cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataFailure {
    /// Not an address that could be asked.
    #[error("an absolute https address of at most {LONGEST_URL} characters is accepted")]
    Url,
    /// Nothing came back.
    #[error("it cannot be fetched: {0}")]
    Unreachable(#[from] OutboundError),
    /// Something else came back.
    #[error("it cannot be fetched: the address answers {0}, and 200 is accepted; redirects are not followed")]
    Status(u16),
    /// It is not UTF-8.
    #[error("the metadata is not UTF-8")]
    Encoding,
    /// It does not describe a provider that could be used.
    #[error(transparent)]
    Refused(#[from] MetadataRefusal),
    /// Reading it broke off.
    #[error("the metadata cannot be read")]
    Broken,
}

impl MetadataFailure {
    /// The stable code that callers may rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url => "invalid",
            Self::Unreachable(_) | Self::Status(_) => "metadata_unreachable",
            Self::Refused(
                MetadataRefusal::NoCertificate
                | MetadataRefusal::Certificates(_)
                | MetadataRefusal::TooManyCertificates(_),
            ) => "no_signing_certificate",
            Self::Encoding | Self::Refused(_) | Self::Broken => "metadata_unusable",
        }
    }
}

/// A certificate, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSummary {
    /// The common name of its subject, or the empty text.
    pub subject: String,
    /// The end of its validity.
    pub not_after: Timestamp,
    /// SHA-256 of the DER, in lower-case hexadecimal with colons.
    pub fingerprint: String,
}

/// Puts certificates into words; what is none is passed over.
#[must_use]
pub fn describe_certificates<'a>(
    certificates: impl IntoIterator<Item = &'a String>,
) -> Vec<CertificateSummary> {
    let read = certificates
        .into_iter()
        .filter_map(|text| Certificate::from_text(text).ok());
    read.map(|certificate| CertificateSummary {
        subject: certificate.subject,
        not_after: certificate.not_after,
        fingerprint: certificate.fingerprint,
    })
    .collect()
}

/// The provider that a source describes.
pub(super) async fn read(
    on: &Accounts,
    source: MetadataSource,
    entity_id: Option<String>,
    now: Timestamp,
) -> Result<SamlProvider, Error> {
    let field = source.field();
    let failed = |failure| Error::Metadata { field, failure };
    let xml = match source {
        MetadataSource::Xml(xml) => xml,
        MetadataSource::Url(url) => fetch(on, &url).await.map_err(failed)?,
    };
    let found = look_at(on, xml, entity_id, Vec::new(), now)
        .await
        .map_err(failed)?;
    Ok(found.provider)
}

/// The first note of metadata that was just taken; `None` where there is no address to look at again.
pub(super) fn first_check(id: ConnectionId, protocol: &Protocol, now: Timestamp) -> Option<MetadataCheck> {
    protocol.saml()?.metadata_url.as_ref()?;
    Some(note(id, None, now))
}

fn note(id: ConnectionId, error: Option<String>, now: Timestamp) -> MetadataCheck {
    let later = SPREAD * u32::from(id.0.as_bytes()[15]) / 256;
    let pause = if error.is_some() { AGAIN } else { EVERY + later };
    MetadataCheck {
        checked_at: now,
        error,
        due_at: now + pause,
    }
}

async fn fetch(on: &Accounts, url: &str) -> Result<String, MetadataFailure> {
    let parsed = Url::parse(url).ok().filter(|_| url.len() <= LONGEST_URL);
    let url = parsed.ok_or(MetadataFailure::Url)?;
    let answer = on.outbound.get_document(&url, MEDIA_TYPE, MAX_METADATA).await?;
    if answer.status != 200 {
        return Err(MetadataFailure::Status(answer.status.as_u16()));
    }
    String::from_utf8(answer.body).map_err(|_| MetadataFailure::Encoding)
}

/// What metadata says.
#[derive(Clone)]
struct Found {
    provider: SamlProvider,
    /// Whether one of the known certificates has signed it.
    signed_by_known: bool,
}

/// Reads metadata and checks its signature against these certificates. Long texts take a while, so not on a thread
/// that serves requests.
async fn look_at(
    on: &Accounts,
    xml: String,
    entity_id: Option<String>,
    known: Vec<String>,
    now: Timestamp,
) -> Result<Found, MetadataFailure> {
    let allow_private = on.outbound.allows_private();
    let read = tokio::task::spawn_blocking(move || {
        let provider = read_provider(&xml, entity_id.as_deref(), now, allow_private)?;
        let known = known.iter().filter_map(|text| Certificate::from_text(text).ok());
        let known: Vec<Certificate> = known.collect();
        Ok(Found {
            provider,
            signed_by_known: !known.is_empty() && is_signed_by(&xml, &known, now),
        })
    });
    read.await.unwrap_or(Err(MetadataFailure::Broken))
}

/// Fetches the metadata of a SAML connection and takes what it says. A failure is noted, as that of a daily look is.
pub(super) async fn refresh(
    on: &Accounts,
    tenant: TenantId,
    found: &Connection,
    origin: Origin,
) -> Result<(), Error> {
    let id = found.id;
    let source = followed(found).ok_or(Refusal::NoMetadataUrl)?;
    let taken = async {
        let (url, entity_id) = &source;
        let xml = fetch(on, url).await?;
        look_at(on, xml, Some(entity_id.clone()), Vec::new(), origin.at).await
    };
    let taken = taken.await;
    let failure = taken.as_ref().err().cloned();
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let before = tx.find_connection_for_update(id).await?;
            let before = before.ok_or(Error::NotFound("connection"))?;
            if followed(&before) != Some(source) {
                return Err(Refusal::MetadataSourceChanged.into());
            }
            let error = taken.as_ref().err().map(ToString::to_string);
            let check = note(id, error, origin.at);
            if let Ok(taken) = taken {
                tx.apply(metadata::refresh(&before, taken.provider, origin)?)
                    .await?;
            }
            tx.note_metadata_check(id, Some(check)).await?;
            Ok::<_, Error>(())
        })
        .await?;
    failure.map_or(Ok(()), |failure| Err(Error::MetadataUnavailable(failure)))
}

/// Takes what the metadata of a provider was found to offer at this time.
///
/// # Errors
/// [`Error::NotFound`], [`Refusal::NothingOffered`], [`Refusal::OfferChanged`], [`Refusal::BindingNotOffered`],
/// [`Refusal::FullScopeRequired`].
pub async fn accept_offer(
    on: &Accounts,
    tenant: TenantId,
    authority: &Authority,
    id: ConnectionId,
    found_at: Timestamp,
    origin: Origin,
) -> Result<Connection, Error> {
    allow(authority, Action::ConnectionsWrite, Target::Anything)?;
    on.store
        .write(tenant, async move |tx: &mut Tx| {
            let found = tx.find_connection_for_update(id).await?;
            let before = found.ok_or(Error::NotFound("connection"))?;
            tx.apply(metadata::accept(&before, found_at, origin)?).await?;
            tx.find_connection(id).await?.ok_or(Error::NotFound("connection"))
        })
        .await
}

/// Looks at the metadata of some connections that are due; how many there were. What differs is noted as an offer and
/// changes nothing by itself. What fails keeps nobody else waiting and is tried again.
///
/// # Errors
/// The database failed before anything was looked at.
pub async fn check_due(on: &Accounts, now: Timestamp) -> Result<usize, Error> {
    let due = on.store.take_due_metadata(now, now + LEASE, BATCH).await?;
    let checks = due.iter().map(async |(tenant, id)| {
        if let Err(error) = check(on, *tenant, *id, now).await {
            tracing::warn!(%error, connection = %id, "could not note what became of a provider's metadata");
        }
    });
    join_all(checks).await;
    Ok(due.len())
}

async fn check(on: &Accounts, tenant: TenantId, id: ConnectionId, now: Timestamp) -> Result<(), Error> {
    let found = on.store.read(tenant).await?.find_connection(id).await?;
    let Some((found, (url, entity_id))) = found.and_then(|found| followed(&found).map(|at| (found, at)))
    else {
        return Ok(());
    };
    let protocol = found.settings.protocol;
    let known = protocol.saml().map(|saml| saml.provider.certificates.clone());
    let seen = async {
        let xml = fetch(on, &url).await?;
        look_at(on, xml, Some(entity_id), known.unwrap_or_default(), now).await
    };
    let seen = seen.await;
    if let Err(failure) = &seen {
        tracing::warn!(%failure, connection = %id, "a provider's metadata cannot be taken");
    }
    let told = on.store.write(tenant, async move |tx: &mut Tx| {
        let before = tx.find_connection_for_update(id).await?;
        // What was changed meanwhile is looked at when the lease is over.
        let Some(before) = before.filter(|before| before.settings.protocol == protocol) else {
            return Ok(None);
        };
        let error = seen.as_ref().err().map(ToString::to_string);
        let mut told = None;
        if let (Ok(seen), Some(saml)) = (seen, before.settings.protocol.saml()) {
            let changes = differences(&saml.provider, &seen.provider);
            let change = if changes.is_empty() {
                metadata::withdraw(&before, origin(now))
            } else {
                let offer = MetadataOffer {
                    found_at: now,
                    provider: seen.provider,
                    signed_by_known: seen.signed_by_known,
                    changes: changes.clone(),
                };
                metadata::offer(&before, offer, origin(now)).inspect(|_| told = Some(changes))
            };
            if let Some(change) = change {
                tx.apply(change).await?;
            }
        }
        tx.note_metadata_check(id, Some(note(id, error, now))).await?;
        Ok::<_, Error>(told)
    });
    if let Some(changes) = told.await? {
        tracing::warn!(connection = %id, ?changes, "a provider's metadata has changed; an administrator may accept it");
    }
    Ok(())
}

/// The address of a connection's metadata, and the provider that is meant there.
fn followed(connection: &Connection) -> Option<(String, String)> {
    let saml = connection.settings.protocol.saml()?;
    Some((saml.metadata_url.clone()?, saml.provider.entity_id.clone()))
}

fn origin(at: Timestamp) -> Origin {
    Origin {
        actor: Actor::Gateway,
        source: Source::Job,
        request_id: String::new(),
        at,
    }
}

/// What one description of a provider says otherwise than another, in words. The order of certificates says nothing.
fn differences(before: &SamlProvider, after: &SamlProvider) -> Vec<String> {
    let mut found = Vec::new();
    for (word, these, those) in [("new", after, before), ("missing", before, after)] {
        let alone = these
            .certificates
            .iter()
            .filter(|certificate| !those.certificates.contains(certificate));
        found.extend(describe_certificates(alone).into_iter().map(|certificate| {
            let CertificateSummary {
                subject,
                not_after,
                fingerprint,
            } = certificate;
            format!("{word} signing certificate {subject:?}, valid until {not_after}, SHA-256 {fingerprint}")
        }));
    }
    for (what, before, after) in [
        ("sign-in", &before.single_sign_on, &after.single_sign_on),
        ("sign-out", &before.single_logout, &after.single_logout),
    ] {
        if before != after {
            found.push(format!(
                "{what} {}, before {}",
                addresses(after),
                addresses(before)
            ));
        }
    }
    match (before.wants_signed_requests, after.wants_signed_requests) {
        (false, true) => found.push("requests have to be signed".to_owned()),
        (true, false) => found.push("requests need not be signed any more".to_owned()),
        _ => {}
    }
    found
}

fn addresses(endpoints: &[SamlEndpoint]) -> String {
    if endpoints.is_empty() {
        return "nowhere".to_owned();
    }
    let words = endpoints.iter().map(|endpoint| {
        let answers = endpoint.response_url.as_ref();
        let answers = answers.map_or(String::new(), |url| format!(" (answers at {url})"));
        format!("by {} at {}{answers}", endpoint.binding.as_str(), endpoint.url)
    });
    words.collect::<Vec<_>>().join(" and ")
}
