//! The text of the report.

use crate::desk::Denied;
use crate::sallyport::agent::tool_exec::Tool;
use crate::{Case, Plan};

pub fn text(cases: &[Case], tools: &[Tool], plan: &Plan, denied: &[Denied]) -> String {
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let mut lines = vec!["# Triage report\n".to_string()];
    lines.extend(cases.iter().map(case_text));
    lines.push("## How this report was made\n".into());
    lines.push(format!("- tools: {}", if names.is_empty() { "none".into() } else { names.join(", ") }));
    lines.push(format!("- plan: {} of {} effects would be allowed\n", plan.allowed, plan.total));
    lines.push("## What was refused\n".into());
    lines.extend(denied.iter().map(|one| format!("- {}: {}", one.gate, one.reason)));
    lines.push(String::new());
    lines.join("\n")
}

fn case_text(case: &Case) -> String {
    let ticket = &case.ticket;
    let unknown = || "unknown".to_string();
    let customer = case.customer.as_ref().map_or_else(unknown, |one| format!("{}, {} plan", one.name, one.plan));
    let orders = case.order_cents.as_ref().map_or_else(unknown, |all| format!("{}, {} in total", all.len(), money(all)));
    let hits: Option<Vec<&str>> = case.found.as_ref().map(|text| text.split('\n').filter(|line| !line.is_empty()).collect());
    let log = hits.as_ref().map_or_else(unknown, |all| format!("{} lines mention {}", all.len(), ticket.trace));
    let step = case.runbook.as_ref().and_then(|text| text.split('\n').find_map(|line| line.strip_prefix("1. ")));

    let mut lines = vec![format!("## Ticket {}: {}\n", ticket.id, ticket.subject)];
    lines.push(format!("- customer: {customer}"));
    lines.push(format!("- orders: {orders}"));
    lines.push(format!("- log: {log}"));
    lines.extend(hits.unwrap_or_default().last().map(|line| format!("- last line: {line}")));
    lines.push(format!("- first step: {}\n", step.unwrap_or("no runbook for this kind")));
    lines.join("\n")
}

fn money(cents: &[i64]) -> String {
    let sum: i64 = cents.iter().sum();
    format!("{}.{:02}", sum / 100, sum % 100)
}
