//! `PATCH /api/v1/tenants/{tenant}/users/{id}`: the form of the creation, filled.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::body::{Fields, JsonBody, given, nullable};
use super::super::form::{self, Form};
use super::super::passwords::{SetPasswordBody, confirm, prove_for_address};
use super::show;
use super::view::{UserDetailView, kinds, languages_or_null};
use crate::accounts::users::{self, UserPatch};
use crate::accounts::{Accounts, catalogue, passwords};
use crate::directory::edit::{Edit, NameEdit};
use crate::directory::grant::SaidRights;
use crate::directory::{AccessCode, EntityId, Facets, Language, Tenant, User, UserKind};
use crate::http::clock;
use crate::http::extract::{TenantAdmin, UrlIds};
use crate::http::problem::Problem;
use crate::login::Login;

/// What is to be different of a person. What is absent stays; null clears what may be missing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(super) struct UserPatchBody {
    /// What the person is; anything else is refused.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = kinds, required = false)]
    kind: Option<String>,
    /// Who the person is on the roster; anybody else is refused.
    #[serde(default, deserialize_with = "given")]
    #[schema(format = Uuid, nullable = false)]
    person_id: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, nullable = false)]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, nullable = false)]
    last_name: Option<String>,
    /// The name in one piece, instead of `first_name` and `last_name`.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, nullable = false)]
    full_name: Option<String>,
    /// Another address, by which the person signs in from then on; the old one is told.
    #[serde(default, deserialize_with = "given")]
    #[schema(format = Email, nullable = false)]
    email: Option<String>,
    /// The same again, where `email` is another one.
    #[serde(default, deserialize_with = "given")]
    #[schema(format = Email, nullable = false)]
    email_confirmation: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone_landline: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    phone_mobile: Option<Option<String>>,
    /// Null for the tenant's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(schema_with = languages_or_null, required = false)]
    locale: Option<Option<String>>,
    /// The first day of access in the tenant's time zone; null for since ever.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = Date)]
    access_start: Option<Option<String>>,
    /// The last day of access in the tenant's time zone; null without limit. One that has passed ends access at once.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = Date)]
    access_end: Option<Option<String>>,
    /// Sections by key, opened or closed whatever the permission group says; null leaves one to the group again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = BTreeMap<String, Option<bool>>, required = false)]
    sections: Option<BTreeMap<String, Option<bool>>>,
    /// The key of a permission group. Choosing `administrator` sets the Administrator tick with scope `all`; choosing
    /// another one instead takes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    role: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    entity_id: Option<Option<Uuid>>,
    /// Up to 20 short words: 1 to 63 of a-z, 0-9 and -.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    contact_tags: Option<Vec<String>>,
    /// A PIN or badge code of 4 to 32 characters; null for none. It is kept as a hash and never shown.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 4, max_length = 32)]
    access_code: Option<Option<String>>,
    /// The person's password from now on, 12 to 1024 characters and none that is tried first; empty or null keeps the one
    /// that they have. For what else it takes see `PUT .../users/{id}/password`.
    #[schema(format = Password)]
    password: Option<String>,
    /// The administrator's own, where they sign in by one and set `password`, or the `email` of an administrator.
    #[schema(format = Password)]
    current_admin_password: Option<String>,
    /// Whether the person needs a second factor to sign in.
    mfa_required: Option<bool>,
}

/// Changes a person. What a directory or an identity provider says of somebody is changed there (409
/// `managed_by_directory`, naming the fields); e-mail and role of somebody who is invited are not changed (409
/// `delete_and_recreate`). A password is set with everything else or nothing is.
#[utoipa::path(patch, path = "/tenants/{tenant}/users/{id}", request_body = UserPatchBody,
    responses((status = 200, body = UserDetailView)))]
pub(super) async fn update(
    State(on): State<Accounts>,
    State(login): State<Login>,
    caller: TenantAdmin,
    ids: UrlIds,
    JsonBody(mut body): JsonBody<UserPatchBody>,
) -> Result<Json<UserDetailView>, Problem> {
    let id = ids.find("id", "user")?;
    let tenant = &caller.tenant;
    let catalogue = catalogue::load(&on, tenant.id).await?;
    let form = Form {
        settings: &tenant.settings,
        catalogue: &catalogue,
    };
    let shown = users::find_reached(&on, tenant.id, &caller.authority(), id).await?;
    let code = |code: String| on.hash_access_code(tenant.id, id, &code);
    // A form that comes back has a blank where nobody has typed a password.
    let password = body.password.take().filter(|text| !text.is_empty());
    let current_admin_password = body.current_admin_password.take();
    let mut fields = Fields::default();
    if let Some(password) = &password {
        check_password(&mut fields, tenant, &shown, password);
    }
    let mut patch = check(fields, &form, body, &shown.user_name, code)?;
    if let Some(password) = password {
        let said = SetPasswordBody {
            password,
            temporary: false,
            current_admin_password,
        };
        patch.password = Some(confirm(&login, &caller, id, said).await?);
    } else if let Some(address) = &patch.edit.email {
        prove_for_address(
            &login,
            &caller,
            &shown,
            address,
            current_admin_password.as_deref(),
        )
        .await?;
    }
    let nonce = clock::random_nonce()?;
    users::update(&on, tenant, caller.authority(), id, patch, nonce, caller.origin()).await?;
    show(&on, &caller, id).await
}

fn check_password(fields: &mut Fields, tenant: &Tenant, user: &User, password: &str) {
    let shown = Facets::read(&user.profile.attributes()).display_name;
    let name = shown.unwrap_or_default();
    if let Err(fault) = passwords::judge(tenant, (&user.user_name, &name), password) {
        fields.refuse_as(fault.code(), "password", fault.message(Language::default()));
    }
}

fn check(
    mut fields: Fields,
    form: &Form<'_>,
    body: UserPatchBody,
    user_name: &str,
    code: impl Fn(String) -> AccessCode,
) -> Result<UserPatch, Problem> {
    let kinds = UserKind::ALL.map(UserKind::as_str);
    let kind = body.kind.as_deref();
    let kind = kind.and_then(|word| fields.word("kind", UserKind::parse(word), &kinds));
    let person = form::person_id(&mut fields, body.person_id.as_deref());
    let name = name(&mut fields, body.first_name, body.last_name, body.full_name);
    // The form comes back with the address that it was filled with, and nobody types that one twice.
    let email = body
        .email
        .filter(|email| email.trim() != user_name || body.email_confirmation.is_some());
    let email = email.map(|email| {
        form::email(
            &mut fields,
            form.settings,
            Some(email),
            body.email_confirmation.as_deref(),
        )
    });
    let phone_landline = phone(form, &mut fields, "phone_landline", body.phone_landline);
    let phone_mobile = phone(form, &mut fields, "phone_mobile", body.phone_mobile);
    let locale = body.locale.map(|tag| form::locale(&mut fields, tag.as_deref()));
    let mut day =
        |field, text: Option<Option<String>>| text.map(|text| form::day(&mut fields, field, text.as_deref()));
    let (access_start, access_end) = (
        day("access_start", body.access_start),
        day("access_end", body.access_end),
    );
    let sections = form.sections(&mut fields, body.sections);
    form.role(&mut fields, body.role.as_deref());
    let contact_tags = body.contact_tags.map(|tags| form::tags(&mut fields, tags));
    form::access_code(
        &mut fields,
        body.access_code.iter().flatten().next().map(String::as_str),
    );
    fields.finish()?;
    Ok(UserPatch {
        kind,
        person,
        edit: Edit {
            name,
            email,
            phone_landline,
            phone_mobile,
            locale,
            access_start,
            access_end,
            entity: body.entity_id.map(|id| id.map(EntityId)),
            contact_tags,
            access_code: body.access_code.map(|text| text.map(code)),
        },
        rights: SaidRights {
            role: body.role,
            sections,
        },
        password: None,
        mfa_required: body.mfa_required,
    })
}

/// A name as somebody says it anew.
pub(in crate::http::admin) fn name(
    fields: &mut Fields,
    first: Option<String>,
    last: Option<String>,
    full: Option<String>,
) -> Option<NameEdit> {
    if let Some(full) = full {
        for (field, text) in [("first_name", &first), ("last_name", &last)] {
            if text.is_some() {
                fields.refuse(field, "either full_name, or first_name and last_name");
            }
        }
        return Some(NameEdit::Full(fields.name("full_name", &full)));
    }
    let first = first.map(|text| fields.name("first_name", &text));
    let last = last.map(|text| fields.name("last_name", &text));
    (first.is_some() || last.is_some()).then_some(NameEdit::Parts { first, last })
}

/// A number said anew; a blank one is none.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(in crate::http::admin) fn phone(
    form: &Form<'_>,
    fields: &mut Fields,
    field: &'static str,
    text: Option<Option<String>>,
) -> Option<Option<String>> {
    text.map(|text| form.phone(fields, field, text.as_deref()))
}
