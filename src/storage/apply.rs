//! The one write of facts.

use super::error::Error;
use super::tx::Tx;
use crate::directory::change::ImportFact;
use crate::directory::{Change, Fact};

impl Tx {
    /// Writes a fact together with its audit row and its follow-ups.
    ///
    /// # Errors
    /// The database failed, or a unique name was taken by a faster writer; the body must end then.
    pub async fn apply(&mut self, change: Change) -> Result<(), Error> {
        self.effects.wrote = true;
        let (fact, audit) = change.into_parts();
        match fact {
            Fact::Registry(fact) => self.apply_registry(fact).await?,
            Fact::User(fact) => self.apply_user(fact).await?,
            Fact::Guest(fact) => self.apply_guest(fact).await?,
            Fact::Group(fact) => self.apply_group(fact).await?,
            Fact::Entity(fact) => self.apply_entity(fact).await?,
            Fact::Connection(fact) => self.apply_connection(fact).await?,
            Fact::SignIn(fact) => self.apply_sign_in(fact).await?,
            Fact::Invitation(fact) => self.apply_invitation(fact).await?,
            Fact::Schema(fact) => self.apply_schema(fact).await?,
            Fact::Client(fact) => self.apply_client(fact).await?,
            Fact::ApiKey(fact) => self.apply_api_key(fact).await?,
            Fact::Credential(fact) => self.apply_credential(fact).await?,
            Fact::SecondFactor(fact) => self.apply_second_factor(fact).await?,
            Fact::Catalogue(fact) => self.apply_catalogue(fact).await?,
            Fact::Roster(fact) => self.apply_roster(fact).await?,
            Fact::Import(ImportFact::Confirmed(import)) => self.save_import(&import).await?,
            Fact::Import(ImportFact::Cancelled(id)) => self.remove_import(id).await?,
        }
        self.record(audit);
        Ok(())
    }
}
