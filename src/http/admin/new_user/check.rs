//! The form of a new person's fields.

use jiff::Timestamp;

use super::super::body::Fields;
use super::super::form::{self, Form};
use super::super::invitations::new_token;
use super::NewUserBody;
use crate::accounts::Accounts;
use crate::accounts::activation::{Start, TemporaryPassword};
use crate::accounts::invite::{NewPerson, Who};
use crate::accounts::passwords::judge;
use crate::directory::edit::NameEdit;
use crate::directory::grant::SaidRights;
use crate::directory::{
    AccessWindow, Activation, Catalogue, EntityId, InvitationId, Language, Refusal, Tenant, TenantSettings,
    UserId,
};
use crate::http::clock;
use crate::http::fresh::random;
use crate::http::problem::Problem;

/// Checks the form of every field, so that all that is wrong is told at once.
pub(super) fn check(
    on: &Accounts,
    tenant: &Tenant,
    catalogue: &Catalogue,
    body: NewUserBody,
    now: Timestamp,
) -> Result<NewPerson, Problem> {
    let settings = &tenant.settings;
    let (mut fields, form) = (Fields::default(), Form { settings, catalogue });
    let who = check_who(&mut fields, &body);
    let email = form::email(
        &mut fields,
        settings,
        body.email,
        body.email_confirmation.as_deref(),
    );
    let phone_landline = form.phone(&mut fields, "phone_landline", body.phone_landline.as_deref());
    let phone_mobile = form.phone(&mut fields, "phone_mobile", body.phone_mobile.as_deref());
    let locale = form::locale(&mut fields, body.locale.as_deref());
    let days = (body.access_start.as_deref(), body.access_end.as_deref());
    let access = check_access(&mut fields, days, settings, now);
    let sections = form.sections(&mut fields, body.sections);
    form.role(&mut fields, body.role.as_deref());
    let contact_tags = form::tags(&mut fields, body.contact_tags.unwrap_or_default());
    form::access_code(&mut fields, body.access_code.as_deref());
    // What a form sends that was left blank.
    let password = body.temporary_password.filter(|text| !text.is_empty());
    check_password(&mut fields, tenant, (&email, who.as_ref()), password.as_deref());
    fields.finish()?;
    // Whoever is neither was refused above.
    let who = who.ok_or_else(|| Problem::not_found("kind"))?;
    let id = UserId(clock::random_id());
    let code = body.access_code.as_deref();
    Ok(NewPerson {
        id,
        who,
        email,
        phone_landline,
        phone_mobile,
        locale,
        access,
        rights: SaidRights {
            role: body.role,
            sections,
        },
        entity: body.entity_id.map(EntityId),
        contact_tags,
        access_code: code.map(|code| on.hash_access_code(tenant.id, id, code)),
        mfa_required: body.mfa_required.unwrap_or(false),
        start: start_with(password)?,
    })
}

fn start_with(password: Option<String>) -> Result<Start, Problem> {
    Ok(match password {
        None => Start::Invitation {
            id: InvitationId(clock::random_id()),
            token: new_token()?,
        },
        Some(password) => {
            let (salt, nonce) = random()?;
            Start::TemporaryPassword(TemporaryPassword {
                password,
                salt,
                nonce,
            })
        }
    })
}

/// A temporary password or none, whichever the tenant offers. Names of employees are not known here; they are judged by
/// the roster's when the password is hashed.
fn check_password(
    fields: &mut Fields,
    tenant: &Tenant,
    (email, who): (&str, Option<&Who>),
    password: Option<&str>,
) {
    let field = "temporary_password";
    let way = match password {
        Some(_) => Activation::TemporaryPassword,
        None => Activation::Invitation,
    };
    if let Err(refusal) = tenant.settings.check_activation(way) {
        return fields.refuse_as(refusal.code(), field, refusal.to_string());
    }
    let Some(password) = password else { return };
    let name = who.and_then(Who::name).unwrap_or_default();
    if let Err(fault) = judge(tenant, (email, &name), password) {
        fields.refuse_as(fault.code(), field, fault.message(Language::default()));
    }
}

fn check_who(fields: &mut Fields, body: &NewUserBody) -> Option<Who> {
    let names = [
        ("first_name", &body.first_name),
        ("last_name", &body.last_name),
        ("full_name", &body.full_name),
    ];
    match body.kind.as_deref() {
        Some("external") => {
            if body.person_id.is_some() {
                fields.refuse("person_id", "only an employee is picked from the roster");
            }
            Some(external(fields, names))
        }
        Some("employee") => {
            for (field, _) in names.iter().filter(|(_, text)| text.is_some()) {
                let refusal = Refusal::NamesFromRoster;
                fields.refuse_as(refusal.code(), *field, refusal.to_string());
            }
            if body.person_id.is_none() {
                fields.refuse("person_id", "required for an employee: somebody of the roster");
            }
            form::person_id(fields, body.person_id.as_deref()).map(Who::Employee)
        }
        _ => {
            fields.refuse("kind", "one of employee, external");
            None
        }
    }
}

fn external(fields: &mut Fields, names: [(&'static str, &Option<String>); 3]) -> Who {
    let [first, last, (_, full)] = names;
    if let Some(full) = full {
        for (field, _) in [first, last].iter().filter(|(_, text)| text.is_some()) {
            fields.refuse(*field, "either full_name, or first_name and last_name");
        }
        return Who::External(NameEdit::Full(fields.name("full_name", full)));
    }
    let mut part = |(field, text): (&'static str, &Option<String>)| {
        if text.is_none() {
            fields.refuse(field, "required for an external collaborator");
        }
        text.as_ref().map(|text| fields.name(field, text))
    };
    let (first, last) = (part(first), part(last));
    Who::External(NameEdit::Parts { first, last })
}

fn check_access(
    fields: &mut Fields,
    (start, end): (Option<&str>, Option<&str>),
    settings: &TenantSettings,
    now: Timestamp,
) -> AccessWindow {
    let first = form::day(fields, "access_start", start);
    let last = form::day(fields, "access_end", end);
    if first.is_some() != start.is_some() || last.is_some() != end.is_some() {
        return AccessWindow::default();
    }
    let zone = &settings.time_zone;
    let first = first.unwrap_or_else(|| zone.day_of(now));
    let window = AccessWindow::of_days(Some(first), last, zone);
    if window.is_none() {
        fields.refuse(
            "access_end",
            "a day that is not before access_start, and before the year 9999",
        );
    }
    window.unwrap_or_default()
}
