//! Whatever the pieces that a body comes in, the same comes out; and nothing that comes in panics or grows beyond
//! the bound.

use std::io::Write;

use compression_codecs::{BrotliEncoder, EncodeV2, ZstdEncoder};
use proptest::prelude::*;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

fn encoded(label: &str, bytes: &[u8]) -> Vec<u8> {
    match label {
        "gzip" => gzip(bytes),
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).expect("into memory");
            encoder.finish().expect("into memory")
        }
        "br" => with(
            &mut BrotliEncoder::new(compression_codecs::brotli::params::EncoderParams::default()),
            bytes,
        ),
        "zstd" => with(&mut ZstdEncoder::new(1), bytes),
        _ => gzip(&encoded(label.trim_end_matches(", gzip"), bytes)),
    }
}

fn with(encoder: &mut dyn EncodeV2, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; bytes.len() * 2 + 4096];
    let mut output = WriteBuffer::new_initialized(&mut out);
    let mut input = PartialBuffer::new(bytes);
    while !input.unwritten().is_empty() {
        encoder.encode(&mut input, &mut output).expect("room");
    }
    assert!(encoder.finish(&mut output).expect("room"));
    output.written().to_vec()
}

fn decoded(label: &str, body: &[u8], piece: usize, max: u64) -> (Result<(), Broken>, Vec<u8>) {
    let mut out = Collected::new(max);
    let run = |out: &mut Collected| {
        let Some(mut decoder) = Decoder::for_label(label)? else {
            return out.add(body);
        };
        for piece in body.chunks(piece) {
            decoder.push(piece, out)?;
        }
        decoder.finish(out)
    };
    let result = run(&mut out);
    (result, out.bytes)
}

fn label() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("gzip"),
        Just("deflate"),
        Just("br"),
        Just("zstd"),
        Just("br, gzip"),
        Just("zstd, gzip")
    ]
}

/// Bytes that compress well, badly, and not at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..3000),
        (proptest::collection::vec(any::<u8>(), 1..20), 1_usize..4000)
            .prop_map(|(unit, count)| unit.repeat(count)),
    ]
}

proptest! {
    #[test]
    fn pieces_do_not_matter(label in label(), bytes in bytes(), piece in 1_usize..2000) {
        let body = encoded(label, &bytes);
        let (result, found) = decoded(label, &body, piece, 1 << 20);
        prop_assert_eq!(result, Ok(()));
        prop_assert!(found == bytes);
    }

    #[test]
    fn members_follow_one_another(parts in proptest::collection::vec(bytes(), 1..4), piece in 1_usize..500, label in prop_oneof![Just("gzip"), Just("zstd")]) {
        let body: Vec<u8> = parts.iter().flat_map(|part| encoded(label, part)).collect();
        let (result, found) = decoded(label, &body, piece, 1 << 20);
        prop_assert_eq!(result, Ok(()));
        prop_assert!(found == parts.concat());
    }

    #[test]
    fn a_body_cut_short_is_told(label in label(), bytes in bytes(), cut in 0.0..1.0_f64, piece in 1_usize..500) {
        let body = encoded(label, &bytes);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = (body.len() as f64 * cut) as usize;
        // From where on every format is known by its first bytes.
        prop_assume!(at >= MAGIC);
        let (result, found) = decoded(label, &body[..at], piece, 1 << 20);
        prop_assert!(matches!(result, Err(Broken::Truncated(_))), "{:?}", result);
        prop_assert!(bytes.starts_with(&found));
    }

    #[test]
    fn the_bound_holds_to_the_byte(label in label(), bytes in bytes(), piece in 1_usize..2000, less in 1_usize..50) {
        let body = encoded(label, &bytes);
        prop_assume!(bytes.len() >= less && body.len() < 1 << 20);
        let length = bytes.len() as u64;
        let (whole, _) = decoded(label, &body, piece, length.max(body.len() as u64));
        prop_assert_eq!(whole, Ok(()));
        let max = length - less as u64;
        let (result, found) = decoded(label, &body, piece, max);
        prop_assert_eq!(result, Err(Broken::TooLarge));
        prop_assert!(found.len() as u64 <= max && bytes.starts_with(&found));
    }

    #[test]
    fn noise_does_no_harm(label in "(gzip|deflate|br|zstd|[a-z]{0,4})(, ?(gzip|deflate|br|zstd)){0,5}", body in bytes(), piece in 1_usize..2000) {
        let (_, found) = decoded(&label, &body, piece, 5000);
        prop_assert!(found.len() <= 5000);
    }

    #[test]
    fn a_flipped_bit_does_no_harm(label in label(), bytes in bytes(), at in any::<prop::sample::Index>(), bit in 0_u8..8, piece in 1_usize..2000) {
        let mut body = encoded(label, &bytes);
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        let (_, found) = decoded(label, &body, piece, 100_000);
        prop_assert!(found.len() <= 100_000);
    }
}
