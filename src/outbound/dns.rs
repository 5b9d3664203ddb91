//! Look-ups of text that the owner of a name has published (TXT records, RFC 1035 section 3.3.14).

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;

/// How long a look-up may take, with everything that is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a name server may take before it is asked again: a lost datagram should not cost the look-up.
const PATIENCE_WITH_ONE: Duration = Duration::from_secs(2);

/// Asks the domain name system. It remembers nothing: whoever has just published something and asks again is not
/// told what was there before.
#[derive(Debug, Clone, Copy, Default)]
pub struct TxtLookup {
    server: Option<SocketAddr>,
}

/// Why a look-up found nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The system's list of name servers cannot be read, or the name is none.
    #[error("the question cannot be asked: {0}")]
    Setup(String),
    /// Nothing of that name exists.
    #[error("this name does not exist (NXDOMAIN)")]
    NoSuchName,
    /// The name exists and has no text.
    #[error("this name has no TXT record")]
    NoText,
    /// The name servers answer that they cannot tell.
    #[error("the name servers could not tell ({0}); see whether they are set up well")]
    Failed(String),
    /// No answer within 5 seconds.
    #[error("no name server has answered in time")]
    TimedOut,
    /// No name server can be reached, or what it sends is no answer.
    #[error("no name server can be asked: {0}")]
    Unreachable(String),
}

impl TxtLookup {
    /// Asks this server; without one, those that the system names when the question comes up.
    #[must_use]
    pub fn new(server: Option<SocketAddr>) -> Self {
        Self { server }
    }

    /// The TXT records of exactly this name; aliases (CNAME) are followed, search lists are not used. The strings of a
    /// record are joined, and bytes that are not UTF-8 replaced.
    ///
    /// # Errors
    /// [`LookupError`], after 5 seconds at the latest.
    pub async fn find(self, name: &str) -> Result<Vec<String>, LookupError> {
        let resolver = self
            .resolver()
            .map_err(|error| LookupError::Setup(error.to_string()))?;
        // The dot at the end makes it the whole name.
        let name = format!("{}.", name.trim_end_matches('.'));
        let asked = tokio::time::timeout(PATIENCE, resolver.txt_lookup(name));
        let answer = asked.await.map_err(|_| LookupError::TimedOut)??;
        let texts: Vec<String> = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
                _ => None,
            })
            .collect();
        if texts.is_empty() {
            return Err(LookupError::NoText);
        }
        Ok(texts)
    }

    fn resolver(self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            Some(server) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
                let config = ResolverConfig::from_name_servers(vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio()?,
        };
        builder.options_mut().timeout = PATIENCE_WITH_ONE;
        builder.build()
    }
}

impl From<NetError> for LookupError {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => {
                Self::NoSuchName
            }
            NetError::Dns(DnsError::NoRecordsFound(_)) => Self::NoText,
            NetError::Dns(DnsError::ResponseCode(code)) => Self::Failed(match code {
                ResponseCode::ServFail => "SERVFAIL".to_owned(),
                ResponseCode::Refused => "REFUSED".to_owned(),
                other => other.to_string(),
            }),
            NetError::Timeout => Self::TimedOut,
            NetError::Proto(error) => Self::Setup(error.to_string()),
            other => Self::Unreachable(other.to_string()),
        }
    }
}
