//! Gate 1: no text makes it panic, and of what the provider has not signed nothing comes through.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use rollcall_fuzz::messages::{SIGNED, trust};
use rollcall_fuzz::sso::saml::logout::{LogoutRequest, LogoutResponse};
use rollcall_fuzz::sso::saml::open::{MessageKind, gate_logout, open_logout, open_response};
use rollcall_fuzz::sso::saml::xml::{self, PROTOCOL};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    let (signed, trust) = (&*SIGNED, trust());
    if let Ok(opened) = open_response(text, &trust) {
        let document = xml::read(&opened.response).expect("what is given can be read");
        assert!(xml::is(document.root_element(), PROTOCOL, "Response"));
        if opened.response_signed {
            assert!(signed.responses.contains(&opened.response), "{}", opened.response);
        } else {
            assert_eq!(opened.response, xml::plain(text).expect("it was plain"));
        }
        if let Some(assertion) = &opened.assertion {
            assert!(opened.response_signed || opened.assertion_signed);
            assert!(signed.assertions.contains(assertion), "{assertion}");
        }
        assert_eq!(open_response(text, &trust).as_ref(), Ok(&opened));
    }
    for kind in [MessageKind::LogoutRequest, MessageKind::LogoutResponse] {
        if let Ok(given) = open_logout(text, kind, trust.certificates, trust.now) {
            assert!(signed.logouts.contains(&given), "{given}");
            assert!(gate_logout(text, kind).is_err());
        }
    }
    // In an address the signature is judged before the message is read; here everything is read.
    if gate_logout(text, MessageKind::LogoutRequest).is_ok()
        && let Ok(request) = LogoutRequest::read(text)
    {
        let written = request.to_xml(None);
        assert_eq!(LogoutRequest::read(&written), Ok(request), "{written}");
    }
    if gate_logout(text, MessageKind::LogoutResponse).is_ok()
        && let Ok(response) = LogoutResponse::read(text)
    {
        let written = response.to_xml(None);
        assert_eq!(LogoutResponse::read(&written), Ok(response), "{written}");
    }
    Corpus::Keep
});
