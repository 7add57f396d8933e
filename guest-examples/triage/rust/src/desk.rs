//! What every step needs: a log, and a way to try an effect that turns a refusal into data.

use crate::sallyport::agent::types::Denial;
use crate::sallyport::agent::{db, fs, http, log, policy, tool_exec};
use serde::Serialize;
use std::fmt::Debug;

/// One refusal, as it stands in the report.
#[derive(Serialize)]
pub struct Denied {
    pub gate: &'static str,
    pub reason: String,
}

#[derive(Default)]
pub struct Desk {
    pub denied: Vec<Denied>,
}

impl Desk {
    pub fn note(&self, level: log::Level, message: &str) {
        let _ = log::write(level, message); // a line that may not be written is no reason to stop
    }

    pub fn attempt<T, E: Refusal>(&mut self, gate: &'static str, effect: impl FnOnce() -> Result<T, E>) -> Option<T> {
        let error = match effect() {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        match error.denial() {
            Some(denial) => {
                let reason = kebab(&denial.reason);
                self.note(log::Level::Warn, &format!("{gate} denied: {reason} (decision {})", denial.decision));
                self.denied.push(Denied { gate, reason });
            }
            None => self.note(log::Level::Warn, &format!("{gate} failed: {}", kebab(&error))),
        }
        None
    }
}

/// Every interface has its own error type; each begins with `denied`.
pub trait Refusal: Debug {
    fn denial(&self) -> Option<&Denial>;
}

macro_rules! refusal {
    ($($interface:ident),*) => {$(
        impl Refusal for $interface::Error {
            fn denial(&self) -> Option<&Denial> {
                match self {
                    Self::Denied(denial) => Some(denial),
                    _ => None,
                }
            }
        }
    )*};
}
refusal!(db, fs, http, policy, tool_exec);

/// The name of a case as it stands in the WIT: `DenialReason::NoRule` becomes `no-rule`.
fn kebab(case: &impl Debug) -> String {
    let text = format!("{case:?}");
    let name = text.split('(').next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
