//! What `bench/streaming` measures of fs: `stream-read BYTES PATH`, `stream-write BYTES PATH`.

use crate::sallyport::agent::fs;

/// The bytes of one call.
const PIECE: u64 = 1024 * 1024;

/// Reads a file to its end, range by range, and returns how long it was.
pub fn read(path: &str) -> Result<u64, String> {
    let mut offset = 0;
    loop {
        let piece = fs::read(path, Some(fs::Range { offset, length: PIECE })).map_err(text)?;
        offset += piece.len() as u64;
        if (piece.len() as u64) < PIECE {
            return Ok(offset);
        }
    }
}

/// Appends to a file piece by piece.
pub fn write(path: &str, bytes: u64) -> Result<u64, String> {
    let piece = vec![b'x'; PIECE as usize];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(PIECE);
        fs::append(path, &piece[..part as usize]).map_err(text)?;
        left -= part;
    }
    Ok(bytes)
}

fn text(error: fs::Error) -> String {
    format!("{error:?}")
}
