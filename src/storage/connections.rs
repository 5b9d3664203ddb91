//! Connections and domains.

use uuid::Uuid;

use super::audit::{micros, timestamp};
use super::engine::{execute, fetch_all, fetch_optional};
use super::error::Error;
use super::system::SystemTx;
use super::tx::{ReadTx, Tx};
use crate::directory::key::fold;
use crate::directory::{
    Connection, ConnectionFact, ConnectionId, Domain, MetadataState, Refusal, SealedSecret, TenantId,
};

#[derive(sqlx::FromRow)]
struct ConnectionRow {
    id: Uuid,
    name: String,
    enabled: bool,
    settings: String,
    client_secret: Option<String>,
    service_keys: String,
    metadata_checked_at: Option<i64>,
    metadata_error: Option<String>,
    metadata_offer: Option<String>,
    revision: i64,
    tested_at: Option<i64>,
    created_at: i64,
    modified_at: i64,
}

impl ConnectionRow {
    fn into_connection(self) -> Result<Connection, Error> {
        Ok(Connection {
            id: ConnectionId(self.id),
            name: self.name,
            enabled: self.enabled,
            settings: serde_json::from_str(&self.settings)
                .map_err(|error| Error::Corrupt(format!("settings of a connection: {error}")))?,
            client_secret: self.client_secret.map(SealedSecret),
            keys: serde_json::from_str(&self.service_keys)
                .map_err(|error| Error::Corrupt(format!("keys of a connection: {error}")))?,
            metadata: MetadataState {
                checked_at: self.metadata_checked_at.map(timestamp).transpose()?,
                error: self.metadata_error,
                offer: self
                    .metadata_offer
                    .map(|offer| serde_json::from_str(&offer))
                    .transpose()
                    .map_err(|error| Error::Corrupt(format!("metadata of a connection: {error}")))?,
            },
            revision: self.revision,
            tested_at: self.tested_at.map(timestamp).transpose()?,
            created_at: timestamp(self.created_at)?,
            modified_at: timestamp(self.modified_at)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct DomainRow {
    domain: String,
    verified_at: Option<i64>,
    created_at: i64,
}

impl DomainRow {
    fn into_domain(self) -> Result<Domain, Error> {
        Ok(Domain {
            name: self.domain,
            verified_at: self.verified_at.map(timestamp).transpose()?,
            created_at: timestamp(self.created_at)?,
        })
    }
}

/// A statement that reads connections, from `WHERE` on.
macro_rules! select_connection {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, enabled, settings, client_secret, service_keys, metadata_checked_at, metadata_error, \
             metadata_offer, revision, tested_at, created_at, modified_at FROM connections ",
            $rest
        )
    };
}

impl ReadTx {
    /// The connections of the tenant, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_connections(&mut self) -> Result<Vec<Connection>, Error> {
        fetch_all!(
            self.conn,
            ConnectionRow,
            select_connection!("WHERE tenant_id = $1 ORDER BY id"),
            self.tenant.0,
        )?
        .into_iter()
        .map(ConnectionRow::into_connection)
        .collect()
    }

    /// One connection.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_connection(&mut self, id: ConnectionId) -> Result<Option<Connection>, Error> {
        fetch_optional!(
            self.conn,
            ConnectionRow,
            select_connection!("WHERE tenant_id = $1 AND id = $2"),
            self.tenant.0,
            id.0,
        )?
        .map(ConnectionRow::into_connection)
        .transpose()
    }

    /// The domains of the tenant, by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_domains(&mut self) -> Result<Vec<Domain>, Error> {
        fetch_all!(
            self.conn,
            DomainRow,
            "SELECT domain, verified_at, created_at FROM domains WHERE tenant_id = $1 ORDER BY domain",
            self.tenant.0,
        )?
        .into_iter()
        .map(DomainRow::into_domain)
        .collect()
    }
}

impl SystemTx {
    /// The tenants that a domain has been proven to belong to, oldest first: where the e-mail-first page may send
    /// somebody.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list_tenants_of_domain(&mut self, domain: &str) -> Result<Vec<TenantId>, Error> {
        let rows: Vec<(Uuid,)> = fetch_all!(
            self.conn,
            (Uuid,),
            "SELECT tenant_id FROM domains WHERE domain = $1 AND verified_at IS NOT NULL ORDER BY tenant_id LIMIT 50",
            domain,
        )?;
        Ok(rows.into_iter().map(|(id,)| TenantId(id)).collect())
    }
}

impl Tx {
    /// One connection, locked until the commit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_connection_for_update(
        &mut self,
        id: ConnectionId,
    ) -> Result<Option<Connection>, Error> {
        let sql = if self.read.conn.locks_rows() {
            select_connection!("WHERE tenant_id = $1 AND id = $2 FOR UPDATE")
        } else {
            select_connection!("WHERE tenant_id = $1 AND id = $2")
        };
        fetch_optional!(self.read.conn, ConnectionRow, sql, self.read.tenant.0, id.0)?
            .map(ConnectionRow::into_connection)
            .transpose()
    }

    pub(super) async fn apply_connection(&mut self, fact: ConnectionFact) -> Result<(), Error> {
        match fact {
            ConnectionFact::Created(connection) => self.insert_connection(*connection).await,
            ConnectionFact::Updated(connection) => self.update_connection(*connection).await,
            ConnectionFact::DomainSet(domain) => {
                execute!(
                    self.read.conn,
                    "INSERT INTO domains (tenant_id, domain, verified_at, created_at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (tenant_id, domain) DO UPDATE SET verified_at = excluded.verified_at",
                    self.read.tenant.0,
                    domain.name.as_str(),
                    domain.verified_at.map(micros),
                    micros(domain.created_at),
                )?;
                Ok(())
            }
            ConnectionFact::DomainRemoved(domain) => {
                execute!(
                    self.read.conn,
                    "DELETE FROM domains WHERE tenant_id = $1 AND domain = $2",
                    self.read.tenant.0,
                    domain,
                )?;
                Ok(())
            }
        }
    }

    async fn insert_connection(&mut self, connection: Connection) -> Result<(), Error> {
        let inserted = execute!(
            self.read.conn,
            "INSERT INTO connections (tenant_id, id, name, name_key, enabled, settings, client_secret, revision, \
             tested_at, created_at, modified_at, service_keys) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (tenant_id, name_key) DO NOTHING",
            self.read.tenant.0,
            connection.id.0,
            &connection.name,
            fold(&connection.name).into_owned(),
            connection.enabled,
            settings_json(&connection)?,
            connection.client_secret.as_ref().map(|secret| secret.0.as_str()),
            connection.revision,
            connection.tested_at.map(micros),
            micros(connection.created_at),
            micros(connection.modified_at),
            keys_json(&connection)?,
        )?;
        if inserted == 0 {
            return Err(Refusal::ConnectionNameTaken(connection.name).into());
        }
        Ok(())
    }

    async fn update_connection(&mut self, connection: Connection) -> Result<(), Error> {
        execute!(
            self.read.conn,
            "UPDATE connections SET enabled = $3, settings = $4, client_secret = $5, revision = $6, tested_at = $7, \
             modified_at = $8, name = $9, name_key = $10, service_keys = $11, metadata_offer = $12 \
             WHERE tenant_id = $1 AND id = $2",
            self.read.tenant.0,
            connection.id.0,
            connection.enabled,
            settings_json(&connection)?,
            connection.client_secret.as_ref().map(|secret| secret.0.as_str()),
            connection.revision,
            connection.tested_at.map(micros),
            micros(connection.modified_at),
            &connection.name,
            fold(&connection.name).into_owned(),
            keys_json(&connection)?,
            offer_json(&connection)?,
        )?;
        Ok(())
    }
}

fn offer_json(connection: &Connection) -> Result<Option<String>, Error> {
    let offer = connection.metadata.offer.as_ref().map(serde_json::to_string);
    offer
        .transpose()
        .map_err(|error| Error::Corrupt(error.to_string()))
}

fn keys_json(connection: &Connection) -> Result<String, Error> {
    serde_json::to_string(&connection.keys).map_err(|error| Error::Corrupt(error.to_string()))
}

fn settings_json(connection: &Connection) -> Result<String, Error> {
    serde_json::to_string(&connection.settings).map_err(|error| Error::Corrupt(error.to_string()))
}
