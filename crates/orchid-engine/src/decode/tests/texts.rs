//! XML and charsets.

use super::*;

#[test]
fn xml_by_the_rules() {
    let check = |body: &str, expect: &str| check_as(xml(&[]), body, &format!("xml {expect}"));
    check("<a/>", r#"{"a":""}"#);
    check("<a></a>", r#"{"a":""}"#);
    check("<a> \n </a>", r#"{"a":""}"#);
    check("<a>x</a>", r#"{"a":"x"}"#);
    check("<a> x </a>", r#"{"a":" x "}"#);
    check("<a>01</a>", r#"{"a":"01"}"#);
    check("<a><b>1</b><c>2</c></a>", r#"{"a":{"b":"1","c":"2"}}"#);
    check("<a>\n  <b>1</b>\n</a>", r#"{"a":{"b":"1"}}"#);
    check("<a><b>1</b><b>2</b></a>", r#"{"a":{"b":["1","2"]}}"#);
    check("<a><b>1</b><c/><b>2</b></a>", r#"{"a":{"b":["1","2"],"c":""}}"#);
    check("<a b='1'/>", r#"{"a":{"@b":"1"}}"#);
    check("<a b='1'>x</a>", r##"{"a":{"@b":"1","#text":"x"}}"##);
    check("<a b='1'> </a>", r#"{"a":{"@b":"1"}}"#);
    check("<a>x<b/>y</a>", r##"{"a":{"b":"","#text":"xy"}}"##);
    check("<a>x<!-- c -->y</a>", r#"{"a":"xy"}"#);
    check(
        "<a>&lt;&amp;&#65;&#x42;&quot;&apos;&gt;</a>",
        r#"{"a":"<&AB\"'>"}"#,
    );
    check("<a><![CDATA[<x>&]]></a>", r#"{"a":"<x>&"}"#);
    check("<a><![CDATA[ ]]></a>", r#"{"a":" "}"#);
    check("<a>&#32;</a>", r#"{"a":" "}"#);
    check("<a>\u{a0}</a>", "{\"a\":\"\u{a0}\"}");
    check("<a b='&lt;&#10;x'/>", r#"{"a":{"@b":"<\nx"}}"#);
    check("<a>x\r\ny</a>", r#"{"a":"x\ny"}"#);
    check("<n:a xmlns:n='u' n:b='1'><n:c/></n:a>", {
        r#"{"n:a":{"@xmlns:n":"u","@n:b":"1","n:c":""}}"#
    });
    check(
        "<?xml version='1.0'?><!-- c --><?p i?>\n<a/>\n<!-- c -->\n",
        r#"{"a":""}"#,
    );
    check("\u{feff}<a/>", r#"{"a":""}"#);
    check("<é>ü</é>", r#"{"é":"ü"}"#);
}

#[test]
fn xml_paths_that_are_arrays() {
    let check = |arrays: &[&str], body: &str, expect: &str| {
        check_as(xml(arrays), body, &format!("xml {expect}"));
    };
    let feed = "<feed><entry><id>1</id></entry></feed>";
    check(&["feed.entry"], feed, r#"{"feed":{"entry":[{"id":"1"}]}}"#);
    check(&["feed.entry.id"], feed, r#"{"feed":{"entry":{"id":["1"]}}}"#);
    check(&["feed"], "<feed/>", r#"{"feed":[""]}"#);
    check(&["entry", "feed.entr"], feed, r#"{"feed":{"entry":{"id":"1"}}}"#);
    check(
        &["feed.entry"],
        "<feed><entry/><entry/></feed>",
        r#"{"feed":{"entry":["",""]}}"#,
    );
    check(&["feed.entry"], "<feed/>", r#"{"feed":""}"#);
    check(&["s:a.s:b"], "<s:a><s:b/></s:a>", r#"{"s:a":{"s:b":[""]}}"#);
}

#[test]
fn xml_that_is_none() {
    let check = |body: &str, expect: &str| {
        let message = shown("application/xml", None, body.as_bytes());
        assert!(
            message.starts_with("parse: the body is not XML: ") && message.contains(expect),
            "{message:?} of {body:?} has {expect:?}"
        );
    };
    check("<a>", "`a` is not closed at byte 3");
    check("<a></b>", "at byte 3");
    check("<a/><b/>", "a second root element at byte 4");
    check("<a/>x", "text outside of the root element at byte 4");
    check("x", "text outside of the root element at byte 0");
    check(" ", "no element at byte 1");
    check("<a", "at byte 0");
    check("<a b></a>", "at byte 0");
    check("<a b=1></a>", "at byte 0");
    check("<a b='1' b='2'/>", "at byte 0");
    check("<1a/>", "`1a` is not a name");
    check("<@a/>", "`@a` is not a name");
    check("<a>&nbsp;</a>", "`&nbsp` is not defined at byte 3");
    check("<a>&#0;</a>", "at byte 3");
    check("<a>&#1;</a>", "`&#1` is no character of XML at byte 3");
    check("<a b='&x;'/>", "at byte 0");
    check(
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "a document type declaration (DTD)",
    );
    check(
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "(DTD), which is not accepted at byte 0",
    );
    check(&"<a>".repeat(129), "more than 128 levels of elements at byte 384");
    check("{}", "text outside");
}

#[test]
fn xml_is_as_deep_as_documents_are() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(shown("text/xml", None, nested(100).as_bytes()).starts_with("xml {"));
    assert!(shown("text/xml", None, nested(128).as_bytes()).starts_with("xml {"));
    assert!(shown("text/xml", None, nested(129).as_bytes()).contains("128 levels"));
}

#[test]
fn charsets() {
    check("text/plain", "é", r#"text "é""#);
    check("text/plain; charset=utf-8", "é", r#"text "é""#);
    check("text/plain; charset=iso-8859-1", b"\xe9", r#"text "é""#);
    check("text/plain; charset=windows-1252", b"\x80", r#"text "€""#);
    check("text/plain; charset=shift_jis", b"\x83\x65", r#"text "テ""#);
    check("text/plain; charset=utf-16le", b"a\0b\0", r#"text "ab""#);
    check("text/plain; charset=nonsense", "é", r#"text "é""#);
    check("text/plain", b"\xff\xfea\0", r#"text "a""#);
    check("text/plain", b"\xfe\xff\0a", r#"text "a""#);
    check("text/plain", "\u{feff}a", r#"text "a""#);
    // A mark cannot be wrong, a header can.
    check("text/plain; charset=iso-8859-1", "\u{feff}é", r#"text "é""#);
    // What is no character is shown as such; events take the bytes.
    check("text/plain", b"caf\xe9!", "text \"caf\u{fffd}!\"");
    let decl = b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>\xe9</a>";
    check("application/xml", decl, r#"xml {"a":"é"}"#);
    check("", decl, r#"xml {"a":"é"}"#);
    check(
        "application/xml; charset=utf-8",
        b"<?xml version='1.0' encoding='latin1'?><a>\xc3\xa9</a>",
        r#"xml {"a":"é"}"#,
    );
    check(
        "application/xml",
        b"<?xml version='1.0' encoding='utf-16'?><a>\xc3\xa9</a>",
        r#"xml {"a":"é"}"#,
    );
    check(
        "application/xml",
        b"<\0?\0x\0m\0l\0 \0v\0=\0'\x001\0'\0?\0>\0<\0a\0/\0>\0",
        r#"xml {"a":""}"#,
    );
    check(
        "application/xml",
        b"<a>\xe9</a>",
        "parse: the body is not XML: bytes that are not UTF-8 at byte 3",
    );
}
