//! What a connection is made of and what can be changed of it, as the API takes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::super::body::{Fields, given, nullable};
use super::super::rights::are_sections;
use super::view::GroupRuleView;
use crate::accounts::connections::keys::NewServiceKey;
use crate::accounts::connections::metadata::MetadataSource;
use crate::accounts::connections::{
    ConnectionPatch, NewConnection, NewOidc, NewProtocol, NewSaml, NewSecret, OidcPatch, SamlPatch,
};
use crate::directory::{ConnectionId, DirectoryId, EntityId, GroupRule, SamlBinding};
use crate::http::clock;
use crate::http::openapi::one_of;
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;

const ONE_SOURCE: &str = "one of idp_metadata_xml and idp_metadata_url, and not both";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConnectionBody {
    #[schema(schema_with = kinds)]
    kind: String,
    /// Its name for people, unique in the tenant.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The domains whose people sign in here. They become the tenant's: verified on the operator's word.
    #[serde(default)]
    #[schema(max_items = 100)]
    domains: Vec<String>,
    /// OpenID only, and required there: the issuer, exactly as the provider writes it.
    #[schema(format = "uri")]
    issuer: Option<String>,
    /// OpenID only, and required there: our name at the provider.
    #[schema(min_length = 1, max_length = 512)]
    client_id: Option<String>,
    /// OpenID only: the provider's secret for us. Without one we are a public client, with PKCE alone.
    #[schema(min_length = 1, max_length = 4096)]
    client_secret: Option<String>,
    /// OpenID only: hosts besides the issuer's own that its endpoints may be on. Those of Google and Entra are known.
    #[schema(max_items = 100)]
    allowed_hosts: Option<Vec<String>>,
    /// SAML only: the provider's metadata. This or `idp_metadata_url` is required.
    idp_metadata_xml: Option<String>,
    /// SAML only: where the provider's metadata is fetched, now and then once a day to see what has changed.
    #[schema(format = "uri")]
    idp_metadata_url: Option<String>,
    /// SAML only: which provider is meant, where the metadata describes several.
    idp_entity_id: Option<String>,
}

fn kinds() -> Object {
    one_of(["oidc", "saml"])
}

impl NewConnectionBody {
    /// Checks everything that can be checked without the database.
    pub(super) fn check(mut self, here: &PublicUrl) -> Result<NewConnection, Problem> {
        let mut fields = Fields::default();
        let name = fields.name("name", &self.name);
        check_lists(&mut fields, Some(&self.domains), self.allowed_hosts.as_ref());
        let protocol = match self.kind.as_str() {
            "oidc" => self.oidc(&mut fields)?.map(NewProtocol::Oidc),
            "saml" => self.saml(&mut fields, here)?.map(NewProtocol::Saml),
            _ => None,
        };
        if !matches!(self.kind.as_str(), "oidc" | "saml") {
            fields.refuse("kind", "one of oidc, saml");
        }
        fields.finish()?;
        Ok(NewConnection {
            id: ConnectionId(clock::random_id()),
            name,
            domains: self.domains,
            // What is missing was refused above.
            protocol: protocol.ok_or_else(|| Problem::not_found("kind"))?,
        })
    }

    fn oidc(&mut self, fields: &mut Fields) -> Result<Option<NewOidc>, Problem> {
        for (field, is_given) in [
            ("idp_metadata_xml", self.idp_metadata_xml.is_some()),
            ("idp_metadata_url", self.idp_metadata_url.is_some()),
            ("idp_entity_id", self.idp_entity_id.is_some()),
        ] {
            if is_given {
                fields.refuse(field, "of kind saml alone");
            }
        }
        for (field, value) in [("issuer", &self.issuer), ("client_id", &self.client_id)] {
            if value.is_none() {
                fields.refuse(field, "required for kind oidc");
            }
        }
        if let Some(client_id) = &self.client_id {
            fields.text("client_id", client_id, 512);
        }
        let client_secret = secret(fields, self.client_secret.take())?;
        let given = self.issuer.take().zip(self.client_id.take());
        Ok(given.map(|(issuer, client_id)| NewOidc {
            issuer,
            client_id,
            client_secret,
            allowed_hosts: self.allowed_hosts.take().unwrap_or_default(),
        }))
    }

    fn saml(&mut self, fields: &mut Fields, here: &PublicUrl) -> Result<Option<NewSaml>, Problem> {
        for (field, is_given) in [
            ("issuer", self.issuer.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("allowed_hosts", self.allowed_hosts.is_some()),
        ] {
            if is_given {
                fields.refuse(field, "of kind oidc alone");
            }
        }
        let metadata = match (self.idp_metadata_xml.take(), self.idp_metadata_url.take()) {
            (Some(xml), None) => Some(MetadataSource::Xml(xml)),
            (None, Some(url)) => Some(MetadataSource::Url(url)),
            (None, None) => {
                fields.refuse("idp_metadata_xml", ONE_SOURCE);
                None
            }
            (Some(_), Some(_)) => {
                fields.refuse("idp_metadata_url", ONE_SOURCE);
                None
            }
        };
        let key = new_key(here)?;
        Ok(metadata.map(|metadata| NewSaml {
            metadata,
            entity_id: self.idp_entity_id.take(),
            key,
        }))
    }
}

/// What a key of ours is made with.
pub(super) fn new_key(here: &PublicUrl) -> Result<NewServiceKey, Problem> {
    let url = Url::parse(here.as_str()).ok();
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    Ok(NewServiceKey {
        id: clock::random_id(),
        common_name: host.unwrap_or_else(|| "rollcall".to_owned()),
        nonce: clock::random_nonce()?,
    })
}

/// What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionPatchBody {
    /// Its name for people, unique in the tenant.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether people may sign in through it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 100, nullable = false)]
    domains: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    jit: Option<JitPatchBody>,
    /// Names of claims, best first, by attribute: `email`, `first_name`, `last_name`, `display_name`, `user_name`,
    /// `external_id`, `groups`. What is not named has the default names; an empty list switches an attribute off.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    attribute_mapping: Option<BTreeMap<String, ClaimNamesBody>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 1000, nullable = false)]
    group_mapping: Option<Vec<GroupRuleView>>,
    /// Counts an e-mail address in a verified domain as verified where the provider does not say so.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    trust_email: Option<bool>,
    /// Null for the tenant's only directory.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    directory_id: Option<Option<DirectoryId>>,
    /// OpenID only: the issuer, exactly as the provider writes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(format = "uri", nullable = false)]
    issuer: Option<String>,
    /// OpenID only: our name at the provider.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 512, nullable = false)]
    client_id: Option<String>,
    /// OpenID only: a new secret of the provider for us.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 4096, nullable = false)]
    client_secret: Option<String>,
    /// OpenID only: hosts besides the issuer's own that its endpoints may be on.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 100, nullable = false)]
    allowed_hosts: Option<Vec<String>>,
    /// OpenID only: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    algorithms: Option<Vec<String>>,
    /// SAML only: new metadata of the provider. It is not fetched from an address any more.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    idp_metadata_xml: Option<String>,
    /// SAML only: where to fetch new metadata of the provider, now and from now on; null ends the fetching.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = "uri")]
    idp_metadata_url: Option<Option<String>>,
    /// SAML only: which provider is meant, where the new metadata describes several.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    idp_entity_id: Option<String>,
    /// SAML only: takes a response that answers no request of ours.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    allow_idp_initiated: Option<bool>,
    /// SAML only: refuses assertions that are encrypted without authentication (CBC).
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    require_gcm: Option<bool>,
    /// SAML only: signs requests also where the provider's metadata does not ask for it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    sign_requests: Option<bool>,
    /// SAML only: how requests travel, `redirect` or `post`; null for redirect where the provider takes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    request_binding: Option<Option<String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JitPatchBody {
    /// Whether a person who is not known yet gets an account at the first login.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// The entity that they belong to; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    default_entity_id: Option<Option<EntityId>>,
}

/// One name or several.
#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "a name or a list of names")]
enum ClaimNamesBody {
    One(String),
    Many(Vec<String>),
}

pub(super) fn patch_of(mut body: ConnectionPatchBody) -> Result<ConnectionPatch, Problem> {
    let mut fields = Fields::default();
    let saml = saml_patch(&mut fields, &mut body);
    check_lists(&mut fields, body.domains.as_ref(), body.allowed_hosts.as_ref());
    let name = body.name.map(|name| fields.name("name", &name));
    if let Some(client_id) = &body.client_id {
        fields.text("client_id", client_id, 512);
    }
    let client_secret = secret(&mut fields, body.client_secret)?;
    if body
        .group_mapping
        .as_ref()
        .is_some_and(|rules| !rules.iter().all(is_rule))
    {
        fields.refuse(
            "group_mapping",
            "rules with a group of 1 to 1024 characters, and sections of 1 to 64 of a-z, 0-9, - and _",
        );
    }
    fields.finish()?;
    let jit = body.jit;
    let names = |names: ClaimNamesBody| match names {
        ClaimNamesBody::One(name) => vec![name],
        ClaimNamesBody::Many(names) => names,
    };
    let rule = |rule: GroupRuleView| GroupRule {
        group: rule.group,
        role: rule.role,
        sections: rule.sections,
        admin_scope: rule.admin_scope,
    };
    Ok(ConnectionPatch {
        name,
        enabled: body.enabled,
        domains: body.domains,
        jit_enabled: jit.as_ref().and_then(|jit| jit.enabled),
        default_entity: jit.and_then(|jit| jit.default_entity_id),
        attribute_mapping: body.attribute_mapping.map(|mapping| {
            mapping
                .into_iter()
                .map(|(attribute, of)| (attribute, names(of)))
                .collect()
        }),
        group_mapping: body
            .group_mapping
            .map(|rules| rules.into_iter().map(rule).collect()),
        trust_email: body.trust_email,
        directory: body.directory_id,
        oidc: OidcPatch {
            issuer: body.issuer,
            client_id: body.client_id,
            client_secret,
            allowed_hosts: body.allowed_hosts,
            algorithms: body.algorithms,
        },
        saml,
    })
}

fn saml_patch(fields: &mut Fields, body: &mut ConnectionPatchBody) -> SamlPatch {
    let url = body.idp_metadata_url.take();
    let ends_fetching = url == Some(None);
    let metadata = match (body.idp_metadata_xml.take(), url.flatten()) {
        (Some(_), Some(_)) => {
            fields.refuse("idp_metadata_url", ONE_SOURCE);
            None
        }
        (Some(xml), None) => Some(MetadataSource::Xml(xml)),
        (None, Some(url)) => Some(MetadataSource::Url(url)),
        (None, None) => None,
    };
    if body.idp_entity_id.is_some() && metadata.is_none() {
        fields.refuse("idp_entity_id", "goes with idp_metadata_xml or idp_metadata_url");
    }
    let request_binding = body.request_binding.take().map(|word| {
        let binding = word.map(|word| SamlBinding::parse(&word).ok_or(()));
        let words = SamlBinding::ALL.map(SamlBinding::as_str);
        binding.and_then(|known| fields.word("request_binding", known.ok(), &words))
    });
    SamlPatch {
        metadata,
        entity_id: body.idp_entity_id.take(),
        metadata_url: ends_fetching.then_some(None),
        allow_idp_initiated: body.allow_idp_initiated,
        require_gcm: body.require_gcm,
        sign_requests: body.sign_requests,
        request_binding,
    }
}

/// Which offer is taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptOfferBody {
    /// `found_at` of the offer that was seen. A later one is not taken: 409 `offer_changed`.
    #[schema(format = DateTime)]
    found_at: String,
}

impl AcceptOfferBody {
    pub(super) fn check(&self) -> Result<Timestamp, Problem> {
        let mut fields = Fields::default();
        let found_at = self.found_at.parse();
        if found_at.is_err() {
            fields.refuse(
                "found_at",
                "found_at of the offer that is to be taken, as it was shown",
            );
        }
        fields.finish()?;
        // What is none was refused above.
        found_at.map_err(|_| Problem::not_found("offer"))
    }
}

fn check_lists(fields: &mut Fields, domains: Option<&Vec<String>>, allowed_hosts: Option<&Vec<String>>) {
    for (field, list) in [("domains", domains), ("allowed_hosts", allowed_hosts)] {
        if list.is_some_and(|list| list.len() > 100) {
            fields.refuse(field, "at most 100");
        }
    }
    let is_host = |host: &String| {
        let is_part =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        (1..=260).contains(&host.len()) & host.bytes().all(is_part)
    };
    if allowed_hosts.is_some_and(|hosts| !hosts.iter().all(is_host)) {
        fields.refuse(
            "allowed_hosts",
            "host names, each with or without a port: keys.example or keys.example:8443",
        );
    }
}

fn is_rule(rule: &GroupRuleView) -> bool {
    (1..=1024).contains(&rule.group.chars().count()) && are_sections(&rule.sections)
}

fn secret(fields: &mut Fields, text: Option<String>) -> Result<Option<NewSecret>, Problem> {
    let Some(text) = text else { return Ok(None) };
    fields.text("client_secret", &text, 4096);
    let nonce = clock::random_nonce()?;
    Ok(Some(NewSecret { text, nonce }))
}
