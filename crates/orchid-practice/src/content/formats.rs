//! The users as files: every format, compressed and archived.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::ops::Range;

use flate2::Compression;
use flate2::write::GzEncoder;
use quick_xml::escape::escape;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::content::people::{User, users_json};
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;

/// `GET /formats/{name}?users=10`.
pub(crate) fn answer(api: &Api, exchange: &Exchange, name: &str) -> Reply {
    let users = exchange
        .number("users")
        .and_then(|users| users.try_into().ok())
        .unwrap_or(10);
    let span = 0..api.options.users.min(users);
    match name {
        "users.json" => Reply::json(users_json(span)),
        "users.ndjson" => Reply::new(200, "application/x-ndjson", users_ndjson(span)),
        "users.csv" => Reply::new(200, "text/csv; charset=utf-8", users_csv(span)),
        "users.xml" => Reply::new(200, "application/xml", users_xml(span)),
        "users.txt" => Reply::new(200, "text/plain; charset=utf-8", users_text(span)),
        "users.bin" => Reply::new(200, "application/octet-stream", users_binary(span)),
        // Files, not content encodings: their type is gzip's own.
        "users.json.gz" => Reply::new(200, "application/gzip", gzip(users_json(span).as_bytes())),
        "users.csv.gz" => Reply::new(200, "application/gzip", gzip(&users_csv(span))),
        "users.zip" => users_zip(span).map_or_else(
            |error| Reply::error(500, "internal", &error.to_string()),
            |bytes| Reply::new(200, "application/zip", bytes),
        ),
        // A content encoding.
        "users.encoded.json" => {
            Reply::json(gzip(users_json(span).as_bytes())).named("content-encoding", "gzip")
        }
        _ => Reply::not_found(),
    }
}

/// One user a line.
pub(crate) fn users_ndjson(span: Range<usize>) -> String {
    let mut out = String::new();
    for position in span {
        User::at(position).write(&mut out);
        out.push('\n');
    }
    out
}

/// With a header line, quotes where they are needed, and a trailing line break.
pub(crate) fn users_csv(span: Range<usize>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [
        "id",
        "account",
        "name",
        "email",
        "status",
        "balance",
        "updated_at",
        "manager",
    ];
    let rows = span.map(|position| {
        let user = User::at(position);
        let manager = user.manager.unwrap_or_default();
        let account = user.account.to_string();
        [
            user.id,
            account,
            user.name,
            user.email,
            user.status.to_owned(),
            user.balance,
            user.updated_at,
            manager,
        ]
    });
    let written = writer.write_record(header).and_then(|()| {
        let mut rows = rows;
        rows.try_for_each(|row| writer.write_record(row))
    });
    debug_assert!(written.is_ok(), "a vector takes all rows");
    writer.into_inner().unwrap_or_default()
}

fn users_xml(span: Range<usize>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<users>\n");
    for position in span {
        let user = User::at(position);
        let (name, email) = (escape(&*user.name), escape(&*user.email));
        let User {
            id,
            account,
            status,
            balance,
            updated_at,
            ..
        } = &user;
        // Writing to a string cannot fail.
        let _ok = writeln!(
            out,
            "  <user id=\"{id}\" status=\"{status}\"><account>{account}</account><name>{name}</name><email>{email}</email>\
             <balance currency=\"EUR\">{balance}</balance><updated_at>{updated_at}</updated_at></user>"
        );
    }
    out.push_str("</users>\n");
    out
}

fn users_text(span: Range<usize>) -> String {
    span.flat_map(|position| [User::at(position).name, "\n".to_owned()])
        .collect()
}

/// Account numbers, 8 bytes each, most significant first.
fn users_binary(span: Range<usize>) -> Vec<u8> {
    span.flat_map(|position| User::at(position).account.to_be_bytes())
        .collect()
}

/// Two files, one of them in a folder.
fn users_zip(span: Range<usize>) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("users.json", SimpleFileOptions::default())?;
    archive.write_all(users_json(span.clone()).as_bytes())?;
    archive.start_file("export/users.csv", SimpleFileOptions::default())?;
    archive.write_all(&users_csv(span))?;
    Ok(archive.finish()?.into_inner())
}

/// One member of gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    debug_assert!(written.is_ok(), "a vector takes all bytes");
    written.unwrap_or_default()
}
