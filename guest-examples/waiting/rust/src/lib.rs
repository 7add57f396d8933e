//! Waits for one answer: what lives in a host while it does nothing.

wit_bindgen::generate!({ world: "agent", path: "../../../wit" });

use sallyport::agent::http;

struct Agent;

impl Guest for Agent {
    fn run(input: String) -> Result<String, String> {
        let request =
            http::Request { method: http::Method::Get, url: input, headers: Vec::new(), body: None, max_redirects: None };
        let response = http::fetch(&request).map_err(|error| format!("{error:?}"))?;
        Ok(format!("answered with {}", response.status))
    }
}

export!(Agent);
