//! Text with one encoding undone, and where each byte of it came from.

/// Decoded bytes and their places.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// For each byte, and for the end, its offset in the original text.
    places: Vec<usize>,
}

/// `text` without percent-encoding, and without JSON escapes; nothing where there are none.
pub(super) fn decoded(text: &[u8]) -> Vec<Layer> {
    if !text.iter().any(|b| matches!(b, b'%' | b'\\' | b'+')) {
        return Vec::new();
    }
    let whole = Layer {
        bytes: text.to_vec(),
        places: (0..=text.len()).collect(),
    };
    whole.decoded()
}

impl Layer {
    /// This layer with one more encoding undone.
    pub(super) fn decoded(&self) -> Vec<Layer> {
        let has = |byte| self.bytes.contains(&byte);
        let mut layers = Vec::new();
        if has(b'%') {
            layers.push(self.with(percent));
        }
        if has(b'+') {
            layers.push(self.with(form));
        }
        if has(b'\\') {
            layers.push(self.with(escape));
        }
        layers
    }

    /// A range of this layer in the original text.
    pub(super) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        (self.places[start], self.places[end])
    }

    /// `undo` gives the bytes that the text begins with when decoded, and how many it took; `None`: one as it is.
    fn with(&self, undo: fn(&[u8]) -> Option<(Decoded, usize)>) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut places = Vec::with_capacity(self.places.len());
        let mut at = 0;
        while at < self.bytes.len() {
            let ([decoded @ .., _], length, taken) = match undo(&self.bytes[at..]) {
                Some((decoded, taken)) => (decoded.bytes, decoded.length, taken),
                None => ([self.bytes[at], 0, 0, 0, 0], 1, 1),
            };
            for &byte in &decoded[..length] {
                bytes.push(byte);
                places.push(self.places[at]);
            }
            at += taken;
        }
        places.push(self.places[at]);
        Self { bytes, places }
    }
}

/// Up to four bytes.
struct Decoded {
    bytes: [u8; 5],
    length: usize,
}

fn one(byte: u8, taken: usize) -> (Decoded, usize) {
    (
        Decoded {
            bytes: [byte, 0, 0, 0, 0],
            length: 1,
        },
        taken,
    )
}

/// `%2F`
fn percent(text: &[u8]) -> Option<(Decoded, usize)> {
    let [b'%', high, low, ..] = text else { return None };
    let byte = hex(*high)? * 16 + hex(*low)?;
    Some(one(u8::try_from(byte).ok()?, 3))
}

/// As [`percent`], and `+` is a space.
fn form(text: &[u8]) -> Option<(Decoded, usize)> {
    if text.first() == Some(&b'+') {
        Some(one(b' ', 1))
    } else {
        percent(text)
    }
}

/// `\n`, `\"`, `\u00e9`, `\ud83d\ude00`
fn escape(text: &[u8]) -> Option<(Decoded, usize)> {
    let [b'\\', kind, rest @ ..] = text else {
        return None;
    };
    let byte = match kind {
        b'"' | b'\\' | b'/' => *kind,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unicode(rest),
        _ => return None,
    };
    Some(one(byte, 2))
}

fn unicode(text: &[u8]) -> Option<(Decoded, usize)> {
    let first = four(text)?;
    let (code, taken) = match (first, text.get(4..)) {
        (0xd800..0xdc00, Some([b'\\', b'u', low @ ..])) => {
            let low = four(low).filter(|low| (0xdc00..0xe000).contains(low))?;
            (0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        _ => (first, 6),
    };
    let mut bytes = [0; 5];
    let length = char::from_u32(code)?.encode_utf8(&mut bytes).len();
    Some((Decoded { bytes, length }, taken))
}

fn four(text: &[u8]) -> Option<u32> {
    text.get(..4)?
        .iter()
        .try_fold(0, |sum, digit| Some(sum * 16 + hex(*digit)?))
}

fn hex(digit: u8) -> Option<u32> {
    char::from(digit).to_digit(16)
}

/// Percent-decoded text, for comparing names.
pub(super) fn percent_decoded(text: &str) -> String {
    let whole = Layer {
        bytes: text.as_bytes().to_vec(),
        places: (0..=text.len()).collect(),
    };
    String::from_utf8_lossy(&whole.with(form).bytes).into_owned()
}
