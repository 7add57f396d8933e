//! What `bench/streaming` measures of http: `stream-get BYTES URL`, `stream-put BYTES URL`.

use crate::sallyport::agent::http;

/// The most bytes of one read, and the bytes of one write.
const READ: u32 = 512 * 1024;
const WRITE: usize = 256 * 1024;

/// Reads an answer to its end, piece by piece, and returns how long it was.
pub fn get(url: &str) -> Result<u64, String> {
    let answer = http::open(&request(http::Method::Get, url)).map_err(text)?;
    let mut count = 0;
    while let Some(bytes) = answer.body.read(READ).map_err(text)? {
        count += bytes.len() as u64;
    }
    Ok(count)
}

/// Writes a body piece by piece and returns what the server says that it got.
pub fn put(url: &str, bytes: u64) -> Result<u64, String> {
    let body = http::upload(&request(http::Method::Put, url), None).map_err(text)?;
    let piece = vec![b'x'; WRITE];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(WRITE as u64) as usize;
        body.write(&piece[..part]).map_err(text)?;
        left -= part as u64;
    }
    let answer = body.finish().map_err(text)?;
    let said = answer.body.read(64).map_err(text)?.unwrap_or_default();
    String::from_utf8_lossy(&said).parse().map_err(|_| format!("status {}", answer.status))
}

fn request(method: http::Method, url: &str) -> http::Request {
    http::Request { method, url: url.into(), headers: vec![], body: None, max_redirects: None }
}

fn text(error: http::Error) -> String {
    format!("{error:?}")
}
