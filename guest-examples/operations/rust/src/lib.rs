//! Repeats one operation: what `bench/operations` measures. Input: `OPERATION COUNT ARGUMENT`.

wit_bindgen::generate!({ world: "agent", path: "../../../wit" });

mod fs_streams;
mod http_streams;

use sallyport::agent::{db, fs, http, tool_exec};

struct Agent;

impl Guest for Agent {
    fn run(input: String) -> Result<String, String> {
        let mut words = input.split(' ');
        let (Some(operation), Some(count), Some(argument)) = (words.next(), words.next(), words.next()) else {
            return Err("input: OPERATION COUNT ARGUMENT".into());
        };
        let count: i64 = count.parse().map_err(|_| "the count is not a number")?;
        match operation {
            "stream-get" => return http_streams::get(argument).map(|bytes| bytes.to_string()),
            "stream-put" => return http_streams::put(argument, count as u64).map(|bytes| bytes.to_string()),
            "stream-read" => return fs_streams::read(argument).map(|bytes| bytes.to_string()),
            "stream-write" => return fs_streams::write(argument, count as u64).map(|bytes| bytes.to_string()),
            _ => {}
        }
        let mut done = 0usize;
        for turn in 0..count {
            done += once(operation, argument, turn)?;
        }
        Ok(done.to_string())
    }
}

/// Does the operation once and returns how many bytes, rows or calls it brought.
fn once(operation: &str, argument: &str, turn: i64) -> Result<usize, String> {
    let id = [db::Value::Integer(turn % 1000)];
    match operation {
        "read" => fs::read(argument, None).map(|bytes| bytes.len()).map_err(|e| format!("{e:?}")),
        "named" => db::query_named("main", "item-by-id", &id).map(|rows| rows.rows.len()).map_err(|e| format!("{e:?}")),
        "sql" => db::query("main", "select name from items where id = ?", &id).map(|rows| rows.rows.len()).map_err(|e| format!("{e:?}")),
        "get" => {
            let request = http::Request { method: http::Method::Get, url: argument.into(), headers: vec![], body: None, max_redirects: None };
            http::fetch(&request).map(|response| response.body.len()).map_err(|e| format!("{e:?}"))
        }
        "tool" => tool_exec::call("true", "{}").map(|_| 1).map_err(|e| format!("{e:?}")),
        _ => Err("operations are read, named, sql, get, tool, stream-get, stream-put, stream-read, stream-write".into()),
    }
}

export!(Agent);
