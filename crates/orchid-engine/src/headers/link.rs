//! `Link` headers (RFC 8288, 3), as the RFC's own lenient algorithm (appendix B.2) reads them.

use url::Url;

/// One link.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    /// As written: may be relative.
    pub target: &'a str,
    rel: Option<String>,
    anchor: Option<String>,
}

impl Link<'_> {
    /// Its relations in lower case.
    pub(super) fn relations(&self) -> impl Iterator<Item = String> {
        let rel = self.rel.as_deref().unwrap_or_default();
        rel.split_ascii_whitespace().map(str::to_ascii_lowercase)
    }

    /// Whether it says something of another resource than the response's own.
    pub(super) fn is_about_another(&self, base: &Url) -> bool {
        self.anchor
            .as_deref()
            .is_some_and(|anchor| base.join(anchor).map_or(true, |anchor| anchor != *base))
    }
}

/// The links of one header; what is none is passed over.
pub(super) fn parse(value: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut rest = value;
    // Whatever comes before `<` is a comma, white space, or cannot be read.
    while let Some(start) = rest.find('<') {
        let Some((target, after)) = rest[start + 1..].split_once('>') else {
            break;
        };
        let mut link = Link {
            target: target.trim(),
            rel: None,
            anchor: None,
        };
        rest = parameters(after, &mut link);
        links.push(link);
    }
    links
}

/// Reads `; name=value` up to the comma that ends the link; gives what follows.
fn parameters<'a>(mut rest: &'a str, link: &mut Link<'_>) -> &'a str {
    loop {
        rest = rest.trim_start();
        let Some(after) = rest.strip_prefix(';') else {
            // A comma, the end, or what cannot be read.
            return rest.find(',').map_or("", |comma| &rest[comma + 1..]);
        };
        let end = after.find(['=', ';', ',']).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let name = name.trim();
        let Some(after) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let (value, after) = parameter_value(after.trim_start());
        rest = after;
        // Of equal parameters the first counts.
        if name.eq_ignore_ascii_case("rel") {
            link.rel.get_or_insert(value);
        } else if name.eq_ignore_ascii_case("anchor") {
            link.anchor.get_or_insert(value);
        }
    }
}

/// A quoted string or a token, and what follows.
fn parameter_value(text: &str) -> (String, &str) {
    // Single quotes are no quotes in HTTP, but some servers think so.
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return quoted(inner, quote);
        }
    }
    let end = text.find([';', ',']).unwrap_or(text.len());
    (text[..end].trim_end().to_owned(), &text[end..])
}

fn quoted(inner: &str, quote: char) -> (String, &str) {
    let mut value = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return (value, &inner[at + c.len_utf8()..]),
            c => value.push(c),
        }
    }
    (value, "")
}
