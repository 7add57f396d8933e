//! The starting point: reads one file, writes one log line, returns a greeting.

wit_bindgen::generate!({ world: "agent", path: "../../../wit" });

use sallyport::agent::{fs, log};

struct Agent;

impl Guest for Agent {
    fn run(input: String) -> Result<String, String> {
        // A refusal of the host is an ordinary `Err`; a text that `run` returns as `Err` is the agent's own error.
        let greeting = fs::read("/workspace/greeting.txt", None).map_err(|error| format!("the greeting: {error:?}"))?;
        log::write(log::Level::Info, &format!("greeting {input}")).map_err(|error| format!("the log: {error:?}"))?;
        Ok(format!("{}, {input}!", String::from_utf8_lossy(&greeting).trim()))
    }
}

export!(Agent);
