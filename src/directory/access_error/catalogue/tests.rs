use std::collections::BTreeSet;

use super::*;
use crate::directory::language::Language;

/// The catalogue that the product promises, by name.
const PROMISED: &str = "sso_connection_not_configured sso_connection_disabled saml_signature_missing \
    saml_signature_invalid saml_certificate_changed saml_certificate_expired saml_weak_algorithm saml_bad_issuer \
    saml_bad_audience saml_bad_destination saml_clock_skew saml_expired saml_replay saml_status_not_success \
    saml_idp_initiated_refused saml_relaystate_lost oidc_state_mismatch oidc_nonce_mismatch \
    oidc_token_exchange_failed oidc_discovery_failed oidc_error_from_idp email_missing email_not_verified \
    email_outside_domains departmental_mailbox jit_disabled scim_deprovisioned account_inactive \
    access_not_started access_expired account_deleted account_link_required identity_conflict \
    ambiguous_organization group_not_allowed seat_limit mfa_invalid locked_out tenant_suspended internal_error";

#[test]
fn every_promised_code_is_there() {
    for name in PROMISED.split_whitespace() {
        assert!(Code::parse(name).is_some(), "{name}");
    }
}

#[test]
fn a_code_is_named_after_its_variant_and_read_back() {
    for code in Code::ALL.iter().copied() {
        let mut name = String::new();
        for character in format!("{code:?}").chars() {
            if character.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(character.to_ascii_lowercase());
        }
        assert_eq!(code.as_str(), name);
        assert_eq!(Code::parse(code.as_str()), Some(code));
    }
    for stranger in ["", "SSO_CONNECTION_DISABLED", "internal_error ", "no_such_code"] {
        assert_eq!(Code::parse(stranger), None, "{stranger}");
    }
}

#[test]
fn the_entry_of_a_code_is_its_own() {
    for code in Code::ALL.iter().copied() {
        assert_eq!(CATALOGUE[code as usize].code, code);
    }
}

#[test]
fn every_message_and_cause_is_a_sentence_of_its_own_in_both_languages() {
    for language in Language::ALL {
        let mut seen = BTreeSet::new();
        for code in Code::ALL.iter().copied() {
            for text in [code.message(language), code.cause(language)] {
                assert!(seen.insert(text), "{code:?}: said twice: {text}");
            }
        }
    }
}

#[test]
fn every_text_is_plain_sentences_and_translated() {
    for code in Code::ALL.iter().copied() {
        let entry = CATALOGUE[code as usize];
        let advice = entry.remedies.iter().map(|remedy| remedy.advice);
        for text in [entry.message, entry.cause].into_iter().chain(advice) {
            assert_ne!(text.english, text.french, "{code:?}");
            for words in [text.english, text.french] {
                assert!(words.ends_with('.'), "{code:?}: {words}");
                assert!(
                    words.starts_with(|first: char| first.is_uppercase()),
                    "{code:?}: {words}"
                );
                assert!(!words.contains(['\n', '\'', '<', '&', '"']), "{code:?}: {words}");
                assert!(!words.contains("  "), "{code:?}: {words}");
            }
        }
    }
}

#[test]
fn somebody_can_mend_every_refusal_and_nobody_is_named_twice() {
    for code in Code::ALL.iter().copied() {
        let who: Vec<_> = code.remedies().iter().map(|remedy| remedy.who).collect();
        assert!(!who.is_empty(), "{code:?}");
        let words: BTreeSet<_> = who.iter().map(|who| who.as_str()).collect();
        assert_eq!(words.len(), who.len(), "{code:?}");
    }
}

#[test]
fn only_faults_of_the_gateway_itself_are_server_errors() {
    for code in Code::ALL.iter().copied() {
        let is_own_fault = matches!(code, Code::InternalError | Code::Unavailable);
        assert_eq!(code.status() >= 500, is_own_fault, "{code:?}");
        assert!(
            matches!(code.status(), 400 | 401 | 403 | 429 | 500 | 503),
            "{code:?}"
        );
    }
}
