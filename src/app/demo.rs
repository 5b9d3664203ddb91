//! The demo tenant, and the one screenful that says what to try.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{StartError, files};
use crate::accounts::directories::{NewDirectory, NewDirectoryToken};
use crate::accounts::{Accounts, Error, directories, tenants};
use crate::auth::bearer;
use crate::config::Config;
use crate::directory::{Actor, DirectoryId, DirectoryKind, Origin, Refusal, Slug, Source, TenantId, TokenId};
use crate::http::{PublicUrl, now, random_bytes, random_id};
use crate::login::Login;

const SLUG: &str = "demo";

/// What the demo tenant's identity provider needs.
#[derive(Debug)]
pub(super) struct Demo {
    pub scim_base_url: String,
    pub token: String,
}

/// Makes the demo tenant with a directory at the first start; finds it again at the next. The directory's token
/// is kept in the data folder, so that every start can show it.
pub(super) async fn seed(
    config: &Config,
    accounts: &Accounts,
    login: &Login,
    public_url: &PublicUrl,
) -> Result<Demo, StartError> {
    let tenant = match tenants::find(accounts, SLUG).await {
        Ok(tenant) => tenant,
        Err(Error::NotFound(_)) => create_tenant(accounts).await?,
        Err(error) => return Err(StartError::Demo(error)),
    };
    let found = directories::list(accounts, tenant.id)
        .await
        .map_err(StartError::Demo)?;
    let path = config.data_dir.join("demo.token");
    if let (Some(directory), Ok(token)) = (found.first(), std::fs::read_to_string(&path)) {
        let token = token.trim().to_owned();
        let header = format!("Bearer {token}");
        let id = directory.id.to_string();
        if login
            .identify_scim_client(Some(&header), SLUG, &id, now())
            .await
            .is_ok()
        {
            return Ok(Demo {
                scim_base_url: public_url.scim_base(SLUG, &id),
                token,
            });
        }
    }
    // No directory yet, or its token was lost or revoked.
    let new = NewDirectoryToken {
        id: TokenId(random_id()),
        random: random_bytes().map_err(|_| StartError::Randomness)?,
        expires_at: None,
    };
    let (id, issued) = if let Some(directory) = found.first() {
        let issued = directories::issue_token(accounts, tenant.id, directory.id, new, origin(now())).await;
        (directory.id, issued.map_err(StartError::Demo)?)
    } else {
        let id = DirectoryId(random_id());
        let directory = NewDirectory {
            id,
            name: "Demo".to_owned(),
            kind: DirectoryKind::Generic,
        };
        let made = directories::create(accounts, tenant.id, directory, new, origin(now())).await;
        (id, made.map_err(StartError::Demo)?.1)
    };
    let token = issued.token.expose().to_owned();
    // The old token is of no use any more.
    let _ = std::fs::remove_file(&path);
    files::read_or_create(&path, || Ok(token.clone()))?;
    Ok(Demo {
        scim_base_url: public_url.scim_base(SLUG, &id.to_string()),
        token,
    })
}

async fn create_tenant(accounts: &Accounts) -> Result<crate::directory::Tenant, StartError> {
    let slug = Slug::parse(SLUG).ok_or(StartError::Demo(Error::NotFound("slug")))?;
    let new = tenants::NewTenant {
        id: TenantId(random_id()),
        slug,
        name: "Demo".to_owned(),
        support_email: Some("help@demo.example".to_owned()),
    };
    match tenants::create(accounts, new, origin(now())).await {
        // Another node was faster.
        Err(Error::Refused(Refusal::SlugTaken(_))) => {
            tenants::find(accounts, SLUG).await.map_err(StartError::Demo)
        }
        other => other.map_err(StartError::Demo),
    }
}

fn origin(at: Timestamp) -> Origin {
    Origin {
        actor: Actor::Gateway,
        source: Source::Job,
        request_id: String::new(),
        at,
    }
}

/// The one screenful.
pub(super) fn screen(listening: &str, demo: &Demo, operator: Option<&bearer::NewToken>) -> String {
    let Demo { scim_base_url, token } = demo;
    let mut text = String::new();
    let mut line = |content: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{content}");
    };
    line(format_args!(
        "\nRollcall is running at {listening}   (stop: Ctrl-C)\n"
    ));
    line(format_args!("  SCIM base URL   {scim_base_url}"));
    line(format_args!("  SCIM token      {token}"));
    match operator {
        Some(operator) => line(format_args!(
            "  Operator token  {}   (shown this once)",
            operator.expose()
        )),
        None => line(format_args!(
            "  Operator token  the one you set, or the one shown at the first start"
        )),
    }
    line(format_args!(
        "\nProvision a user, as an identity provider would:\n"
    ));
    line(format_args!("  curl -sS {scim_base_url}/Users \\"));
    line(format_args!(
        "    -H 'Authorization: Bearer {token}' -H 'Content-Type: application/scim+json' \\"
    ));
    line(format_args!(
        "    -d '{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ada@example.com\",\
         \"name\":{{\"givenName\":\"Ada\",\"familyName\":\"Lovelace\"}},\"active\":true}}'"
    ));
    line(format_args!("\nFind them:\n"));
    line(format_args!(
        "  curl -sS -G {scim_base_url}/Users -H 'Authorization: Bearer {token}' \\\n    \
         --data-urlencode 'filter=userName eq \"ada@example.com\"'"
    ));
    line(format_args!(
        "\nOkta    Provisioning > Integration: base URL and token above, unique identifier userName,"
    ));
    line(format_args!("        authentication mode HTTP Header"));
    line(format_args!(
        "Entra   Provisioning > Automatic: Tenant URL = base URL, Secret Token = token, Test Connection"
    ));
    line(format_args!(
        "        (both need an address that they can reach: set ROLLCALL_PUBLIC_URL)"
    ));
    line(format_args!(
        "\nSign in  {listening}/login/demo, once an OpenID Connect provider is connected:\n"
    ));
    line(format_args!(
        "  curl -sS {listening}/api/v1/tenants/demo/connections \\"
    ));
    line(format_args!(
        "    -H 'Authorization: Bearer OPERATOR_TOKEN' -H 'Content-Type: application/json' \\"
    ));
    line(format_args!(
        "    -d '{{\"kind\":\"oidc\",\"name\":\"My provider\",\"issuer\":\"https://idp.example.com\",\
         \"client_id\":\"...\",\"client_secret\":\"...\",\"domains\":[\"example.com\"]}}'"
    ));
    line(format_args!(
        "  The answer has the redirect_uri for the provider; then PATCH .../connections/ID with {{\"enabled\":true}}."
    ));
    line(format_args!(
        "  (a provider on this machine needs ROLLCALL_ALLOW_PRIVATE_IDP=true)\n"
    ));
    line(format_args!("API     {listening}/api/docs"));
    line(format_args!("Health  {listening}/healthz  /readyz  /metrics\n"));
    text
}
