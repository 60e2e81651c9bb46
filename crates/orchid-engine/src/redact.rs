//! Keeps secrets out of everything that is shown: by value here, by position where taint is known.
//!
//! A [`Redactor`] knows the secret values of one run and finds them in any text: as they are, and inside
//! percent-encoding, JSON escapes (both undone before looking, in either order) and base64 (whose three
//! alignments are patterns of their own). Searching is one pass of an automaton over the text; text without
//! `%` and `\` in which nothing is found is not copied. Secrets added while the run goes on come into small
//! automata that are merged as they grow, so that adding n costs O(n log n) in all.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use orchid_jmespath::value::{Kind, Value};
use url::Url;

use crate::ports::Header;

mod layer;

use layer::Layer;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Shorter secrets are not looked for by value: they would be found everywhere. In characters.
const SHORTEST: usize = 6;

/// Encodings around encodings that are undone.
const DEPTH: usize = 2;

/// Headers whose values are credentials whatever they hold; in lower case.
const CREDENTIALS: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
];

/// The secrets of one run. Cheap to clone; clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    all: HashSet<Arc<str>>,
    levels: Vec<Level>,
}

/// An automaton over some of the secrets.
struct Level {
    secrets: Vec<Arc<str>>,
    automaton: AhoCorasick,
    /// For each pattern, whether the character before and after it holds bits of the secret too.
    edges: Vec<(bool, bool)>,
}

impl Redactor {
    /// Adds every secret in `value` (strings and numbers marked as such).
    pub fn add_value(&self, value: &Value) {
        if !value.is_secret() {
            return;
        }
        match value.kind() {
            Kind::String | Kind::Number => self.add(&value.to_text().unwrap_or_default()),
            Kind::Array => value.items().for_each(|item| self.add_value(&item)),
            Kind::Object => value.entries().for_each(|(_, entry)| self.add_value(&entry)),
            Kind::Null | Kind::Boolean => {}
        }
    }

    /// Adds one secret. Fewer than six characters are not looked for by value.
    pub fn add(&self, secret: &str) {
        let secret = secret.trim();
        if secret.chars().count() < SHORTEST {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.all.contains(secret) {
            return;
        }
        let secret: Arc<str> = secret.into();
        known.all.insert(Arc::clone(&secret));
        let mut secrets = vec![secret];
        // As in a binary counter: levels of like size become one.
        while known
            .levels
            .last()
            .is_some_and(|last| last.secrets.len() <= secrets.len())
        {
            if let Some(last) = known.levels.pop() {
                secrets.extend(last.secrets.iter().cloned());
            }
        }
        known.levels.push(Level::new(secrets));
    }

    /// `text` with every known secret replaced.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let levels = &known.levels;
        if levels.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut found = Vec::new();
        for level in levels {
            level.find(text.as_bytes(), &mut found);
        }
        let mut layers = layer::decoded(text.as_bytes());
        for depth in 1..=DEPTH {
            let mut below = Vec::new();
            for layer in &layers {
                let mut inside = Vec::new();
                for level in levels {
                    level.find(&layer.bytes, &mut inside);
                }
                found.extend(inside.into_iter().map(|(start, end)| layer.original(start, end)));
                if depth < DEPTH {
                    below.extend(Layer::decoded(layer));
                }
            }
            layers = below;
        }
        replaced(text, found)
    }

    /// A header's value for showing: credentials are known by position and by name, the rest by value.
    pub fn header<'a>(&self, header: &'a Header) -> Cow<'a, str> {
        if is_credential(header) {
            Cow::Borrowed(REDACTED)
        } else {
            self.redact(&header.value)
        }
    }

    /// A URL for showing: without userinfo, and without the values of the query parameters that `is_secret`
    /// names.
    pub fn url(&self, url: &Url, is_secret: impl Fn(&str) -> bool) -> String {
        let mut shown = url.clone();
        if !url.username().is_empty() || url.password().is_some() {
            // Both can only fail for URLs without a host, which have no userinfo.
            let _ = shown.set_username("redacted");
            let _ = shown.set_password(None);
        }
        if let Some(query) = url.query() {
            let pairs: Vec<String> = query
                .split('&')
                .map(|pair| {
                    let name = pair.split('=').next().unwrap_or_default();
                    let decoded = layer::percent_decoded(name);
                    if is_secret(&decoded) {
                        format!("{name}={REDACTED}")
                    } else {
                        pair.to_owned()
                    }
                })
                .collect();
            shown.set_query(Some(&pairs.join("&")));
        }
        self.redact(shown.as_str()).into_owned()
    }
}

/// Whether a header's value is a credential, by its mark or by its name.
pub fn is_credential(header: &Header) -> bool {
    header.secret
        || CREDENTIALS
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name))
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.all.len())
    }
}

impl Level {
    fn new(secrets: Vec<Arc<str>>) -> Self {
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        let mut edges = Vec::new();
        for secret in &secrets {
            patterns.push(secret.as_bytes().to_vec());
            edges.push((false, false));
            for alignment in 0..3 {
                let (standard, edge) = base64_inside(&STANDARD_NO_PAD, secret, alignment);
                let (url_safe, _) = base64_inside(&URL_SAFE_NO_PAD, secret, alignment);
                if url_safe != standard {
                    patterns.push(url_safe);
                    edges.push(edge);
                }
                patterns.push(standard);
                edges.push(edge);
            }
        }
        // Of the kinds the one that is quick to build and small: secrets come while a run goes on.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(kind)
            .build(&patterns);
        // Fails only beyond 2^31 bytes of patterns, which no config or response can hold.
        let automaton =
            automaton.unwrap_or_else(|_| AhoCorasick::new([""; 0]).expect("no pattern is too large"));
        Self {
            secrets,
            automaton,
            edges,
        }
    }

    fn find(&self, text: &[u8], found: &mut Vec<(usize, usize)>) {
        // Overlapping, for one secret may end in what another begins with.
        for hit in self.automaton.find_overlapping_iter(text) {
            let (before, after) = self.edges[hit.pattern().as_usize()];
            let is_base64 =
                |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(b));
            let start = hit.start() - usize::from(before && is_base64(text[..hit.start()].last()));
            let end = hit.end() + usize::from(after && is_base64(text.get(hit.end())));
            found.push((start, end));
        }
    }
}

/// The characters of base64 that `secret` alone decides where `alignment` bytes stand before it, and whether
/// the character before and after them holds bits of it too.
fn base64_inside(engine: &impl Engine, secret: &str, alignment: usize) -> (Vec<u8>, (bool, bool)) {
    let mut bytes = vec![0; alignment];
    bytes.extend_from_slice(secret.as_bytes());
    let text = engine.encode(&bytes).into_bytes();
    let first = (alignment * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    (
        text[first..last].to_vec(),
        (alignment > 0, !bytes.len().is_multiple_of(3)),
    )
}

fn replaced(text: &str, mut found: Vec<(usize, usize)>) -> Cow<'_, str> {
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut shown = 0;
    let mut hidden = 0;
    for (start, end) in found {
        if start >= hidden {
            out.push_str(text.get(shown..start).unwrap_or_default());
            out.push_str(REDACTED);
        }
        hidden = hidden.max(end);
        shown = hidden;
    }
    out.push_str(text.get(shown..).unwrap_or_default());
    Cow::Owned(out)
}
