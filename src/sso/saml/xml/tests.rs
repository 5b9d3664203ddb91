//! What is read of a document, and what is not.

use super::*;

const NAME: &str = "urn:x";

#[test]
fn children_are_found_by_their_name_and_namespace() {
    let document = read("<r xmlns='urn:x' xmlns:y='urn:y'><a/><b>1</b><y:a/><b>2</b>t</r>").unwrap();
    let root = document.root_element();
    assert!(only_child(root, NAME, "a").unwrap().is_some());
    assert!(only_child(root, "urn:y", "a").unwrap().is_some());
    assert_eq!(only_child(root, NAME, "c"), Ok(None));
    assert_eq!(only_child(root, NAME, "b"), Err(()));
    let texts: Vec<_> = children(root, NAME, "b").map(text).collect();
    assert_eq!(texts, [Some("1".to_owned()), Some("2".to_owned())]);
    assert!(!is(root.last_child().unwrap(), NAME, "b"));
}

#[test]
fn text_is_that_of_an_element_without_elements() {
    let read_text = |xml: &str| text(read(xml).unwrap().root_element());
    assert_eq!(read_text("<r/>").as_deref(), Some(""));
    assert_eq!(read_text("<r> &lt;&#x41;&amp;\n</r>").as_deref(), Some(" <A&\n"));
    assert_eq!(read_text("<r>a<b/></r>"), None);
    assert_eq!(read_text("<r><b/></r>"), None);
    // Comments stand in metadata only, and split a text.
    let document = read_metadata("<r>a<!-- b -->c</r>").unwrap();
    assert_eq!(text(document.root_element()), None);
}

#[test]
fn a_sequence_has_each_part_once_and_in_order() {
    let parts = |xml: &str| {
        let document = read(xml).unwrap();
        sequence(document.root_element(), [(NAME, "a"), (NAME, "b"), (NAME, "b")])
            .map(|found| found.map(|part| part.is_some()))
    };
    assert_eq!(
        parts("<r xmlns='urn:x'> <a/>\n<b/></r>"),
        Some([true, true, false])
    );
    assert_eq!(parts("<r xmlns='urn:x'><b/><b/></r>"), Some([false, true, true]));
    assert_eq!(parts("<r xmlns='urn:x'/>"), Some([false, false, false]));
    for other in [
        "<b/><a/>",
        "<a/><a/>",
        "<b/><b/><b/>",
        "<a/>t",
        "<c/>",
        "<a xmlns='urn:y'/>",
    ] {
        assert_eq!(parts(&format!("<r xmlns='urn:x'>{other}</r>")), None, "{other}");
    }
    let document = read("<r><a> <b/></a></r>").unwrap();
    assert!(!is_blank(document.root_element().first_child().unwrap()));
}

#[test]
fn an_element_stands_alone_with_what_it_inherits() {
    let alone = |xml: &str| {
        let document = read(xml).unwrap();
        standalone(document.root_element().last_element_child().unwrap())
    };
    assert_eq!(
        alone(
            "<r xmlns='urn:x' xmlns:p='urn:p' xmlns:q='urn:a&amp;b'><p:a xmlns:p='urn:p' b='1'> <c/></p:a></r>"
        ),
        "<p:a xmlns=\"urn:x\" xmlns:q=\"urn:a&amp;b\" xmlns:p='urn:p' b='1'> <c/></p:a>"
    );
    assert_eq!(alone("<r xmlns='urn:x'><a xmlns=''/></r>"), "<a xmlns=''/>");
    assert_eq!(
        alone("<r xmlns:p='urn:x'><a xmlns:p='urn:y'\n/></r>"),
        "<a xmlns:p='urn:y'\n/>"
    );
    assert_eq!(alone("<r><a><b/></a></r>"), "<a><b/></a>");
}

#[test]
fn the_text_for_a_verifier_has_one_encoding_and_one_line_end() {
    let plain = |text: &str| plain(text).map(Cow::into_owned);
    assert_eq!(
        plain("\u{feff}<?xml version='1.0' encoding='utf-8'?>\r\n<a/>\r").unwrap(),
        "\n<a/>\n"
    );
    assert_eq!(plain("<a/>").unwrap(), "<a/>");
    for refused in [
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "\u{feff}\u{feff}<a/>",
        "<?xml version='1.0'?>\u{feff}<a/>",
        " <?xml version='1.0'?><a/>",
        "<?xml version='1.0' encoding='UTF-16'?><a/>",
        "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml version='1.0'",
        "<?xml-stylesheet href='x'?><a/>",
    ] {
        assert_eq!(plain(refused).unwrap_err().code, Code::SamlMalformed, "{refused}");
    }
}

#[test]
fn metadata_may_be_longer_and_have_comments() {
    let long = format!("<a>{}</a>", " ".repeat(MAX_XML));
    assert!(read(&long).is_err());
    assert!(read_metadata(&long).is_ok());
    assert!(read_metadata(&format!("<a>{}</a>", " ".repeat(MAX_METADATA))).is_err());
    let commented = "<!-- a & <b> --><a><!-- <a ID='1'> --></a><!---->";
    assert!(read(commented).is_err());
    assert!(read_metadata(commented).is_ok());
    for refused in [
        "<a><!-- --",
        "<a><!-- -- --></a>",
        "<a><![CDATA[x]]></a>",
        "<!DOCTYPE a><a/>",
        "<a><?x?></a>",
    ] {
        assert!(read_metadata(refused).is_err(), "{refused}");
    }
}

#[test]
fn as_much_is_read_as_the_limits_say() {
    let attributes = |count: usize| {
        let all: Vec<String> = (0..count).map(|number| format!(" a{number}='1'")).collect();
        format!("<a{}/>", all.concat())
    };
    assert!(read(&attributes(64)).is_ok() && read(&attributes(65)).is_err());
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(read(&deep(24)).is_ok() && read(&deep(25)).is_err());
    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
    assert!(read(&wide(49_998)).is_ok() && read(&wide(49_999)).is_err());
    let declared = |count: usize| {
        let all: Vec<String> = (0..count)
            .map(|number| format!("<b xmlns='urn:{number}'/>"))
            .collect();
        all.concat()
    };
    let whole = |inside: String| format!("<a>{inside}</a>");
    assert!(read(&whole(declared(256))).is_ok() && read(&whole(declared(257))).is_err());
    // The same declaration on each of thousands of values is what providers send.
    assert!(read(&whole("<b xmlns:xs='urn:xs'/>".repeat(6_000))).is_ok());
}

#[test]
fn a_refusal_says_what_there_was() {
    let received = |text: &str| read(text).unwrap_err().received.unwrap();
    assert_eq!(received("<a><!-- --></a>"), "a comment");
    assert_eq!(received("<!DOCTYPE a><a/>"), "a document type");
    assert_eq!(received("<a><![CDATA[]]></a>"), "a CDATA section");
    assert_eq!(received("<a><?x?></a>"), "a processing instruction");
    assert!(received("<a></b>").contains("expected"));
}
