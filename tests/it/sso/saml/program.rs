//! A tenant whose people sign in through a program of other people.

use serde_json::{Value, json};
use url::Url;

use super::fixture::SamlConnection;
use crate::harness::browser::Page;
use crate::harness::{Answer, Browser, ProviderProgram, Tenant, random_name};
use crate::sso::fixture::{me, sign_out};

pub struct Site<'p> {
    pub tenant: Tenant,
    pub provider: &'p ProviderProgram,
    pub connection: SamlConnection,
    /// Somebody with an account there, whom nobody else knows.
    pub person: String,
}

impl<'p> Site<'p> {
    /// A tenant with a connection to a provider whose metadata is at this path.
    pub async fn of(tenant: Tenant, provider: &'p ProviderProgram, metadata: &str) -> Self {
        let address = format!("{}{metadata}", provider.origin);
        let connection = SamlConnection::create(&tenant, ("idp_metadata_url", &address)).await;
        Self {
            tenant,
            provider,
            connection,
            person: random_name("ada"),
        }
    }

    pub fn email(&self) -> String {
        format!("{}@acme.example", self.person)
    }

    /// Tells the provider about the gateway, and how it is to be answered.
    pub async fn tell(&self, told: &Value) {
        let mut known = told.clone();
        known["metadata"] = self.connection.metadata().await.into();
        let known = json!({"service_providers": {&self.connection.entity_id: known}});
        self.provider.configure(&known).await;
    }

    pub fn base(&self) -> String {
        let start: Url = self.connection.start_url.parse().expect("a URL");
        start.origin().ascii_serialization()
    }

    /// An address of the provider.
    pub fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let address = format!("{}{path}", self.provider.origin);
        let address = Url::parse_with_params(&address, query);
        address.expect("a URL").into()
    }

    pub async fn me(&self, browser: &Browser) -> Answer {
        me(&self.base(), browser).await
    }

    /// Checks that a sign-in has come to its end, and that it was this person's.
    pub async fn has_let_in(&self, browser: &Browser, page: &Page, case: &str) {
        assert_eq!(page.answer.status, 303, "{case}: {}", page.answer.text());
        let me = self.me(browser).await.expect(200).json;
        assert_eq!(me["user"]["email"], self.email(), "{case}");
        assert_eq!(me["user"]["display_name"], "Ada Lovelace", "{case}");
    }

    /// Checks that whoever comes from the provider unasked is refused, and let in once that is allowed.
    pub async fn takes_the_unasked_where_it_may(
        &self,
        return_to: &str,
        begin: impl AsyncFn(&Browser) -> Page,
    ) {
        let browser = Browser::new();
        let text = begin(&browser).await.answer.text();
        assert!(text.contains("saml_idp_initiated_refused"), "{text}");
        self.me(&browser).await.expect(401);
        let allow = json!({"allow_idp_initiated": true});
        self.connection.patch(&self.tenant, &allow).await.expect(200);
        let page = begin(&browser).await.expect(303);
        assert_eq!(page.answer.header("location"), return_to);
        self.me(&browser).await.expect(200);
    }

    /// Signs out here, and checks that the way goes by the provider and ends at the tenant's page.
    pub async fn signs_out_there_too(&self, browser: &Browser) {
        let page = sign_out(&self.base(), browser).await;
        let to = page.location().unwrap_or_else(|| panic!("{page:?}"));
        assert!(to.as_str().starts_with(&self.provider.origin), "{to}");
        let end = browser.follow_all(page).await;
        let login = format!("{}/login/{}?signed_out=1", self.base(), self.tenant.slug);
        assert_eq!(end.url.as_str(), login, "{}", end.answer.text());
        self.me(browser).await.expect(401);
    }
}
