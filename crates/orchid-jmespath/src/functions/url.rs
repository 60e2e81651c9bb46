//! URLs: escaping, taking apart, resolving.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::refusal::Refusal;
use crate::functions::signature::{Nulls, Secrets, Types, one};
use crate::problem::EvalError;
use crate::value::{Kind, Value};

/// Everything but RFC 3986's unreserved characters.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What may not stand in one segment of a path (RFC 3986, `pchar`).
const SEGMENT: &AsciiSet = &COMPONENT
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "url_encode",
        signature: "url_encode(s)",
        group: "url",
        summary: "Text percent-encoded, all but letters, digits and `-._~`. (Params and path parameters are encoded without it.)",
        example: ("url_encode('a/b c&d')", r#""a%2Fb%20c%26d""#),
        parameters: &[one("s", TEXT)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| escaped(call, encode),
    },
    Function {
        name: "url_decode",
        signature: "url_decode(s)",
        group: "url",
        summary: "Text with its percent-encoding resolved; a `+` stays a plus.",
        example: ("url_decode('a%2Fb%20c+d')", r#""a/b c+d""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let text = call.text(0)?;
            call.reserve(text.len())?;
            decode(text)
                .map(Value::from)
                .map_err(|refusal| refusal.at(call, 0))
        },
    },
    Function {
        name: "path_escape",
        signature: "path_escape(s)",
        group: "url",
        summary: "Text percent-encoded for one segment of a path: slashes too, but not `!$&'()*+,;=:@`, which may stand there.",
        example: ("path_escape('a/b:c d')", r#""a%2Fb:c%20d""#),
        parameters: &[one("s", TEXT)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| escaped(call, escape_segment),
    },
    Function {
        name: "url_parse",
        signature: "url_parse(u)",
        group: "url",
        summary: "A URL taken apart: `scheme`, `host`, `port` (the usual one where none is written), `path`, `query` (values decoded, repeated names as lists), `fragment`. A relative one has null for what it lacks.",
        example: (
            "url_parse('https://api.example.com/v1/items?page=2&tag=a&tag=b')",
            r#"{"scheme": "https", "host": "api.example.com", "port": 443, "path": "/v1/items", "query": {"page": "2", "tag": ["a", "b"]}, "fragment": null}"#,
        ),
        parameters: &[one("u", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: url_parse,
    },
    Function {
        name: "url_resolve",
        signature: "url_resolve(base, ref)",
        group: "url",
        summary: "A reference as seen from a base URL, as a browser follows a link.",
        example: (
            "url_resolve('https://api.example.com/v1/items?page=1', '?page=2')",
            r#""https://api.example.com/v1/items?page=2""#,
        ),
        parameters: &[one("base", Types::STRING), one("ref", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let (base, reference) = (call.text(0)?, call.text(1)?);
            call.reserve((base.len() + reference.len()).saturating_mul(3))?;
            let resolved = resolve(base, reference);
            resolved
                .map(Value::from)
                .map_err(|(index, refusal)| refusal.at(call, index))
        },
    },
    Function {
        name: "query_get",
        signature: "query_get(u, name)",
        group: "url",
        summary: "The value of a name in the query of a URL (or in a bare query string), decoded; null where it is absent, the first where it is repeated.",
        example: ("query_get('/items?limit=5&cursor=a%3D%3D', 'cursor')", r#""a==""#),
        parameters: &[one("u", Types::STRING), one("name", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let (url, name) = (call.text(0)?, call.text(1)?);
            call.reserve(url.len())?;
            Ok(query_value(url, name).map_or(Value::NULL, Value::from))
        },
    },
    Function {
        name: "query_string",
        signature: "query_string(object)",
        group: "url",
        summary: "An object as a query string, in its order, without the question mark; lists repeat their name, nulls are left out.",
        example: (
            r#"query_string(`{"q": "a b", "tag": ["x", "y"], "none": null}`)"#,
            r#""q=a%20b&tag=x&tag=y""#,
        ),
        parameters: &[one("object", Types::OBJECT)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: query_string,
    },
];

/// What is encoded: numbers and booleans are taken as they are written.
const TEXT: Types = Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN);

fn escaped(call: &mut Call<'_>, escape: fn(&str) -> String) -> Result<Value, EvalError> {
    let value = call.value(0);
    call.reserve(value.as_str().map_or(0, str::len).saturating_mul(3))?;
    Ok(match value.as_str() {
        Some(text) => Value::from(escape(text)),
        None => Value::from(escape(&value.to_text().unwrap_or_default())),
    })
}

fn url_parse(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let text = call.text(0)?;
    call.reserve(text.len().saturating_mul(8))?;
    let parts = parse(text).map_err(|refusal| refusal.at(call, 0))?;
    let optional = |text: Option<String>| text.map_or(Value::NULL, Value::from);
    let mut values: HashMap<&str, Vec<Value>> = HashMap::new();
    for (name, value) in &parts.query {
        values.entry(name).or_default().push(Value::from(value.as_str()));
    }
    // In the order of the query: a name that is repeated stands where it stood first.
    let query = parts.query.iter().filter_map(|(name, _)| {
        let mut values = values.remove(name.as_str())?;
        let single = if values.len() == 1 { values.pop() } else { None };
        Some((name.as_str(), single.unwrap_or_else(|| Value::array(values))))
    });
    let query = Value::object(query.collect::<Vec<_>>());
    Ok(Value::object([
        ("scheme", optional(parts.scheme)),
        ("host", optional(parts.host)),
        (
            "port",
            parts
                .port
                .map_or(Value::NULL, |port| Value::from(u32::from(port))),
        ),
        ("path", Value::from(parts.path)),
        ("query", query),
        ("fragment", optional(parts.fragment)),
    ]))
}

fn query_string(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let object = call.value(0);
    let mut query = String::new();
    for (name, value) in object.entries() {
        let values: Vec<Value> = match value.kind() {
            Kind::Array => {
                call.reserve(value.len().saturating_mul(24))?;
                value.items().collect()
            }
            _ => vec![value],
        };
        for value in values.iter().filter(|value| !value.is_null()) {
            let Some(text) = value.to_text() else {
                let message = format!(
                    "the field `{name}` holds an {}, which has no place in a query",
                    value.kind().name()
                );
                return Err(call.invalid(0, message));
            };
            call.reserve((name.len() + text.len()).saturating_mul(3) + 2)?;
            if !query.is_empty() {
                query.push('&');
            }
            query.extend(utf8_percent_encode(name, COMPONENT));
            query.push('=');
            query.extend(utf8_percent_encode(&text, COMPONENT));
        }
    }
    Ok(Value::from(query))
}

/// A URL taken apart; a relative reference has neither scheme nor host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) scheme: Option<String>,
    pub(crate) host: Option<String>,
    /// The scheme's usual one where none is written.
    pub(crate) port: Option<u16>,
    /// As written, escapes kept.
    pub(crate) path: String,
    /// Names and values, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) fragment: Option<String>,
}

/// Escapes all but letters, digits and `-._~`.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Escapes text for one segment of a path: `/`, `?`, `#`, `%` and what no URL may contain.
pub(crate) fn escape_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Resolves `%XX`; a `+` stays a plus, a `%` without two digits stays as it is.
pub(crate) fn decode(text: &str) -> Result<String, Refusal> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|_| Refusal::new("does not decode to UTF-8 text"))
}

/// Takes a URL or a relative reference apart.
pub(crate) fn parse(text: &str) -> Result<Parts, Refusal> {
    let refused = || Refusal::new("is not a URL");
    let text = text.trim();
    match Url::parse(text) {
        Ok(url) => Ok(Parts {
            scheme: Some(url.scheme().to_owned()),
            host: url.host_str().map(str::to_owned),
            port: url.port_or_known_default(),
            path: url.path().to_owned(),
            query: pairs(url.query().unwrap_or_default()),
            fragment: url.fragment().map(str::to_owned),
        }),
        Err(url::ParseError::RelativeUrlWithoutBase) if !text.starts_with("//") => {
            let (rest, fragment) = match text.split_once('#') {
                Some((rest, fragment)) => (rest, Some(fragment.to_owned())),
                None => (text, None),
            };
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            Ok(Parts {
                scheme: None,
                host: None,
                port: None,
                path: path.to_owned(),
                query: pairs(query),
                fragment,
            })
        }
        Err(_) => Err(refused()),
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The value of a name in the query of a URL, a relative reference, or a bare query string.
pub(crate) fn query_value(text: &str, name: &str) -> Option<String> {
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    let query = match text.split_once('?') {
        Some((_, query)) => query,
        None if text.contains("://") => return None,
        None => text,
    };
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}

/// A reference as seen from `base` (RFC 3986, section 5); or which of the two is at fault, and why.
pub(crate) fn resolve(base: &str, reference: &str) -> Result<String, (usize, Refusal)> {
    let base = Url::parse(base.trim()).map_err(|_| (0, Refusal::new("is not an absolute URL")))?;
    let resolved = base
        .join(reference.trim())
        .map_err(|_| (1, Refusal::new("does not resolve to a URL")))?;
    Ok(resolved.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping() {
        for (text, component, segment) in [
            ("", "", ""),
            ("aZ09-._~", "aZ09-._~", "aZ09-._~"),
            ("a b", "a%20b", "a%20b"),
            ("a/b?c#d%e", "a%2Fb%3Fc%23d%25e", "a%2Fb%3Fc%23d%25e"),
            (
                "!$&'()*+,;=:@",
                "%21%24%26%27%28%29%2A%2B%2C%3B%3D%3A%40",
                "!$&'()*+,;=:@",
            ),
            (
                "é€\0\"<>\\^`{|}[]",
                "%C3%A9%E2%82%AC%00%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D",
                "%C3%A9%E2%82%AC%00%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D",
            ),
        ] {
            assert_eq!(encode(text), component);
            assert_eq!(escape_segment(text), segment);
            assert_eq!(decode(component).as_deref(), Ok(text));
        }
        assert_eq!(decode("a+b%").as_deref(), Ok("a+b%"));
        assert_eq!(decode("%zz%4").as_deref(), Ok("%zz%4"));
        assert!(decode("%FF").is_err());
    }

    #[test]
    fn taking_apart() {
        let parts = parse("https://user:pw@API.example.com/v1/a%20b?x=1&y=a+b&x=%C3%A9#top").expect("a URL");
        assert_eq!(
            parts,
            Parts {
                scheme: Some("https".into()),
                host: Some("api.example.com".into()),
                port: Some(443),
                path: "/v1/a%20b".into(),
                query: vec![
                    ("x".into(), "1".into()),
                    ("y".into(), "a b".into()),
                    ("x".into(), "é".into())
                ],
                fragment: Some("top".into()),
            }
        );
        let relative = parse("../items?page=2").expect("a reference");
        assert_eq!(
            (relative.host, relative.path.as_str(), relative.query.len()),
            (None, "../items", 1)
        );
        assert_eq!(parse("http://[::1]:8080/").expect("a URL").port, Some(8080));
        for text in ["https://", "http://a:99999/", "//host/path", "http://[::1"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_of_a_query() {
        for (text, name, expected) in [
            ("https://a.example/?page=2&after=a%2Bb+c", "after", Some("a+b c")),
            ("https://a.example/?page=2&page=3", "page", Some("2")),
            ("/items?cursor=x#frag?cursor=y", "cursor", Some("x")),
            ("page=2&x=", "x", Some("")),
            ("page=2", "x", None),
            ("https://a.example/page=2", "https://a.example/page", None),
            ("", "x", None),
        ] {
            assert_eq!(query_value(text, name).as_deref(), expected, "{text} {name}");
        }
    }

    #[test]
    fn resolving() {
        for (base, reference, expected) in [
            (
                "https://a.example/v1/items?page=1",
                "?page=2",
                "https://a.example/v1/items?page=2",
            ),
            ("https://a.example/v1/items", "/v2", "https://a.example/v2"),
            ("https://a.example/v1/items", "../x", "https://a.example/x"),
            ("https://a.example/v1/", "//b.example/y", "https://b.example/y"),
            ("https://a.example/v1", "http://c.example", "http://c.example/"),
            ("https://a.example/v1?x", "", "https://a.example/v1?x"),
            ("/v1", "x", ""),
            ("https://a.example", "http://[", ""),
            ("mailto:a@b", "x", ""),
        ] {
            assert_eq!(
                resolve(base, reference).unwrap_or_default(),
                expected,
                "{base} {reference}"
            );
        }
    }
}
