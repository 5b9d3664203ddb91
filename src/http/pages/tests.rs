use axum::http::header::CACHE_CONTROL;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

use super::*;
use crate::directory::access_error::{AccessError, Code, Contact, Reference, Trace, WhoCanFix};

/// Every page with all of its fields filled, by `fill` of the field's name.
#[expect(clippy::too_many_lines, reason = "one page after another")]
fn gallery(language: Language, fill: impl Fn(&str) -> String) -> Vec<(&'static str, String)> {
    let ways = [Way {
        name: fill("way"),
        href: fill("href"),
    }];
    let entities = [fill("entity")];
    let mut trace = Trace::default();
    trace.push("issuer", Some(&fill("expected")), Some(&fill("received")), true);
    trace.push("email_domain", None, None, false);
    let attributes = [ReceivedAttribute {
        name: fill("attribute"),
        values: vec![fill("value"), fill("value2")],
    }];
    let error = AccessError {
        reference: Reference::from_random(0x0123_4567_89ab_cdef),
        code: Code::EmailOutsideDomains,
        occurred_at: moment(),
        email: Some(fill("email")),
        tenant: None,
        connection: Some(Uuid::nil()),
        trace: trace.clone(),
        request_id: fill("request"),
    };
    let trial = |outcome| {
        html(&TrialPage {
            language,
            tenant: &fill("tenant"),
            connection: &fill("connection"),
            outcome,
            trace: &trace,
            attributes: &attributes,
        })
    };
    let choose_password = |temporary| {
        html(&ChoosePasswordPage {
            language,
            tenant: &fill("tenant"),
            email: &fill("email"),
            temporary,
            action: &fill("action"),
            secret: (&fill("name"), &fill("secret")),
            return_to: Some(&fill("return_to")),
            fault: Some(&fill("fault")),
        })
    };
    let plain = |error| html(&PlainErrorPage { language, error });
    vec![
        (
            "login",
            html(&LoginPage {
                language,
                email: &fill("email"),
                return_to: Some(&fill("return_to")),
                error: Some(LoginError::DomainUnknown),
                signed_out: true,
            }),
        ),
        (
            "tenant_login",
            html(&TenantLoginPage {
                language,
                tenant: &fill("tenant"),
                ways: &ways,
                by_password: Some(PasswordWay {
                    slug: &fill("slug"),
                    return_to: Some(&fill("return_to")),
                }),
                support_email: Some(&fill("support")),
                signed_out: true,
            }),
        ),
        ("choose_password", choose_password(false)),
        ("choose_password_instead", choose_password(true)),
        (
            "password_chosen",
            html(&PasswordChosenPage {
                language,
                email: &fill("email"),
                sign_in: &fill("href"),
            }),
        ),
        (
            "ask_link",
            html(&AskLinkPage::new(
                language,
                &fill("tenant"),
                Some(LinkNotice::Sent),
            )),
        ),
        (
            "ask_link_anywhere",
            html(&AskLinkPage::new(language, "", Some(LinkNotice::Expired))),
        ),
        (
            "tenant_choice",
            html(&TenantChoicePage {
                language,
                email: &fill("email"),
                ways: &ways,
                back: &fill("back"),
            }),
        ),
        (
            "landing",
            html(&LandingPage {
                language,
                display_name: &fill("name"),
                email: Some(&fill("email")),
                tenant: &fill("tenant"),
                administration: Administration::Entities(&entities),
                session_ends_at: moment(),
                csrf_token: &fill("csrf"),
            }),
        ),
        (
            "refusal",
            html(&RefusalPage {
                language,
                error: &error,
                tenant: Some(&fill("tenant")),
                support_email: Some(&fill("support")),
                contacts: &[Contact {
                    who: WhoCanFix::IdpAdministrator,
                    name: fill("contact"),
                    email: fill("contact_email"),
                }],
                provider_text: Some(&fill("provider")),
                start: &fill("start"),
            }),
        ),
        (
            "onward",
            html(&OnwardPage {
                language,
                action: &Url::parse("https://idp.example/sso").unwrap(),
                fields: &[("SAMLRequest", fill("request"))],
            }),
        ),
        ("trial_create", trial(Outcome::WouldCreate(&fill("who")))),
        ("trial_sign_in", trial(Outcome::WouldSignIn(&fill("who")))),
        (
            "trial_refused",
            trial(Outcome::WouldBeRefused(Code::EmailNotVerified)),
        ),
        ("not_found", plain(PlainError::NotFound)),
        ("method_not_allowed", plain(PlainError::MethodNotAllowed)),
        ("form_expired", plain(PlainError::FormExpired)),
        ("too_many_attempts", plain(PlainError::TooManyAttempts)),
        (
            "help_error",
            html(&HelpPage {
                language,
                code: Code::EmailMissing,
            }),
        ),
        ("help_errors", html(&HelpListPage { language })),
        ("signed_out_here", plain(PlainError::ProviderStaysSignedIn)),
    ]
}

fn moment() -> Timestamp {
    "2026-11-21T09:05:07.123Z".parse().unwrap()
}

fn html(page: &impl Page) -> String {
    page.render().unwrap()
}

fn refusal(code: Code) -> AccessError {
    AccessError {
        reference: Reference::from_random(u64::MAX),
        code,
        occurred_at: moment(),
        email: None,
        tenant: None,
        connection: None,
        trace: Trace::default(),
        request_id: "request-1".to_owned(),
    }
}

fn refusal_page(error: &AccessError) -> RefusalPage<'_> {
    RefusalPage {
        language: Language::English,
        error,
        tenant: None,
        support_email: None,
        contacts: &[],
        provider_text: None,
        start: "/login/acme",
    }
}

/// Breaks out of a text and out of an attribute when it is not escaped.
fn hostile(field: &str) -> String {
    format!("{field}\"'></pre><script>alert(1)</script><img src=x onerror=alert(1)>&amp;")
}

#[test]
fn every_field_is_shown_and_escaped() {
    let shown_on = [
        ("login", "email return_to"),
        ("tenant_login", "tenant way href support"),
        ("tenant_choice", "email way href back"),
        ("landing", "name email tenant entity csrf"),
        ("refusal", "email request tenant provider start"),
        (
            "trial_create",
            "tenant connection who expected received attribute value value2",
        ),
        ("trial_sign_in", "who"),
        ("onward", "request"),
    ];
    for language in Language::ALL {
        for (name, html) in gallery(language, hostile) {
            assert!(!html.contains("<script>"), "{name}\n{html}");
            assert!(!html.contains("<img src=x"), "{name}\n{html}");
            assert!(!html.contains("\"'>"), "{name}\n{html}");
            let fields = shown_on.iter().find(|(page, _)| *page == name);
            for field in fields.map_or("", |(_, fields)| fields).split_whitespace() {
                let escaped = format!("{field}&#34;&#39;&#62;&#60;/pre&#62;&#60;script&#62;");
                assert!(html.contains(&escaped), "{name}: {field}\n{html}");
            }
        }
    }
}

#[test]
fn a_support_address_cannot_break_out_of_its_link() {
    for (name, html) in gallery(Language::English, hostile) {
        if matches!(name, "tenant_login" | "refusal") {
            assert!(
                html.contains("href=\"mailto:support%22%27%3E%3C%2Fpre%3E%3Cscript"),
                "{name}\n{html}"
            );
        }
    }
}

#[test]
fn no_page_has_a_script_or_a_style_of_its_own() {
    for language in Language::ALL {
        for (name, html) in gallery(language, str::to_owned) {
            assert!(!html.contains("<style"), "{name}");
            assert_eq!(
                html.matches("<script").count(),
                html.matches("<script src=\"/assets/").count()
            );
            let has_script = ["refusal", "onward"].contains(&name);
            assert_eq!(html.contains("<script"), has_script, "{name}");
            for tag in html.split('<').filter_map(|rest| rest.split('>').next()) {
                assert!(
                    !tag.contains(" style=") && !tag.contains(" on"),
                    "{name}: <{tag}>"
                );
                let leaves = name == "onward" && tag.starts_with("form ");
                assert!(
                    leaves || !tag.contains("://") && !tag.contains("\"//"),
                    "{name}: <{tag}>"
                );
            }
        }
    }
}

#[test]
fn every_page_says_its_language_and_has_one_heading_and_one_main_part() {
    for language in Language::ALL {
        for (name, html) in gallery(language, str::to_owned) {
            assert!(
                html.contains(&format!("<html lang=\"{}\">", language.tag())),
                "{name}"
            );
            for tag in ["<h1", "<main", "<header", "<title>"] {
                assert_eq!(html.matches(tag).count(), 1, "{name}: {tag}");
            }
            assert!(!html.contains("<title> "), "{name}: no title");
        }
    }
}

#[test]
fn the_languages_differ_on_every_page() {
    let pages = Language::ALL.map(|language| gallery(language, str::to_owned));
    for ((name, english), (_, french)) in pages[0].iter().zip(&pages[1]) {
        assert_ne!(english, french, "{name}");
        assert!(!french.contains("Sign"), "{name}");
    }
}

#[tokio::test]
async fn a_page_is_answered_with_its_status_language_and_policy() {
    let error = refusal(Code::AccountInactive);
    let mut shown = refusal_page(&error);
    shown.language = Language::French;
    let response = page(StatusCode::FORBIDDEN, &shown);
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let headers = response.headers();
    assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
    assert_eq!(headers[CONTENT_LANGUAGE], "fr");
    assert_eq!(headers[VARY], "accept, accept-language");
    assert_eq!(
        headers[CONTENT_SECURITY_POLICY],
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    );
    // The middleware forbids caching where a handler says nothing.
    assert!(!headers.contains_key(CACHE_CONTROL));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, html(&shown));
}

#[test]
fn pages_whose_forms_lead_to_a_provider_do_not_restrict_forms() {
    let login = LoginPage {
        language: Language::English,
        email: "",
        return_to: None,
        error: None,
        signed_out: false,
    };
    let onward = OnwardPage {
        language: Language::English,
        action: &Url::parse("https://idp.example/sso").unwrap(),
        fields: &[],
    };
    for response in [page(StatusCode::OK, &login), page(StatusCode::OK, &onward)] {
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("form-action"));
    }
}

#[test]
fn a_first_visit_shows_no_error_and_carries_nothing_along() {
    let html = html(&LoginPage {
        language: Language::English,
        email: "",
        return_to: None,
        error: None,
        signed_out: false,
    });
    for absent in ["aria-invalid", "role=\"alert\"", "return_to", "notice"] {
        assert!(!html.contains(absent), "{absent}\n{html}");
    }
}

#[test]
fn a_tenant_that_nobody_can_enter_says_so() {
    let html = html(&TenantLoginPage {
        language: Language::English,
        tenant: "Acme",
        ways: &[],
        by_password: None,
        support_email: None,
        signed_out: false,
    });
    assert!(html.contains("no connection to an identity provider"));
    assert!(!html.contains("<ul") && !html.contains("mailto:"));
}

#[test]
fn the_details_hold_what_helpers_ask_for_and_nothing_unknown() {
    let mut error = refusal(Code::JitDisabled);
    let bare = html(&refusal_page(&error));
    let details = |html: &str| {
        html.split("<pre")
            .nth(1)
            .unwrap()
            .split("</pre>")
            .next()
            .unwrap()
            .to_owned()
    };
    assert!(!details(&bare).contains("E-mail") && !details(&bare).contains("Organisation:"));

    error.email = Some("ada@acme.example".to_owned());
    let mut shown = refusal_page(&error);
    shown.tenant = Some("Acme");
    let text = details(&html(&shown));
    for line in [
        "Message: You do not have an account here, and accounts are not created at the first sign-in.\n",
        "Code: jit_disabled\n",
        "Date: 2026-11-21T09:05:07Z\n",
        "E-mail address: ada@acme.example\n",
        "Organisation: Acme\n",
        "Reference: ZZZZ-ZZZZ-ZZZZ\n",
        "Request: request-1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_mail_to_support_brings_the_reference() {
    let error = refusal(Code::InternalError);
    let mut shown = refusal_page(&error);
    shown.support_email = Some("help@acme.example");
    let html = html(&shown);
    let start =
        "href=\"mailto:help@acme.example?subject=Sign-in%20refused%2C%20reference%20ZZZZ-ZZZZ-ZZZZ&#38;body=";
    assert!(html.contains(start), "{html}");
    assert!(html.contains("Code%3A%20internal_error"), "{html}");
}

#[test]
fn trying_again_is_offered_where_it_helps() {
    for (code, helps) in [
        (Code::OidcStateMismatch, true),
        (Code::AccountInactive, false),
        (Code::Unavailable, true),
    ] {
        let error = refusal(code);
        let html = html(&refusal_page(&error));
        assert_eq!(html.contains("Try again"), helps, "{code:?}");
        assert_eq!(html.contains("Back to the sign-in page"), !helps, "{code:?}");
        assert!(html.contains("href=\"/login/acme\""));
    }
}

#[test]
fn the_copy_button_is_hidden_until_the_script_shows_it() {
    let error = refusal(Code::AccountInactive);
    let html = html(&refusal_page(&error));
    let button = html.split("<button").nth(1).unwrap().split('>').next().unwrap();
    assert!(button.ends_with(" hidden"), "{button}");
}

#[test]
fn an_administrator_of_nobody_is_told_so() {
    let landing = |administration| {
        html(&LandingPage {
            language: Language::English,
            display_name: "Ada",
            email: None,
            tenant: "Acme",
            administration,
            session_ends_at: moment(),
            csrf_token: "token",
        })
    };
    assert!(landing(Administration::None).contains("<dd>No</dd>"));
    assert!(landing(Administration::All).contains("<dd>Yes, for everybody in the organisation</dd>"));
    assert!(landing(Administration::Entities(&[])).contains("<dd>Yes, but for nobody yet</dd>"));
    assert!(
        landing(Administration::None).contains("datetime=\"2026-11-21T09:05:07Z\">2026-11-21 09:05:07 UTC<")
    );
}
