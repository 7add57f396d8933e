"""Triage: reads the open tickets, gathers what belongs to each, writes a report, and shows that it meets its limits.

The same agent exists in JavaScript and Rust: the same calls in the same order, the same report.
"""
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import wit_world
from componentize_py_types import Err
from wit_world.imports import db, fs, http, log, policy, tool_exec

REPORTS = "/workspace/reports"
REPORT = f"{REPORTS}/triage.md"
ORDERS = "select id, total_cents from orders where customer_id = ? order by id"


class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        try:
            return to_json(triage(**json.loads(input)))
        except Err:  # already the agent's own error, a text
            raise
        except Exception as error:  # any exception but Err would end the instance
            raise Err(f"{type(error).__name__}: {error}")


@dataclass
class Desk:
    """What every step needs: a log, and a way to try an effect that turns a refusal into data."""

    denied: list[dict] = field(default_factory=list)

    def note(self, level: log.Level, message: str) -> None:
        try:
            log.write(level, message)
        except Err:
            pass  # a line that may not be written is no reason to stop

    def attempt(self, gate: str, effect: Callable):
        try:
            return effect()
        except Err as refusal:
            case = kebab(type(refusal.value).__name__.removeprefix("Error_"))
            if case == "denied":
                denial = refusal.value.value
                reason = kebab(denial.reason.name)
                self.denied.append({"gate": gate, "reason": reason})
                self.note(log.Level.WARN, f"{gate} denied: {reason} (decision {denial.decision})")
            else:
                self.note(log.Level.WARN, f"{gate} failed: {case}")
            return None


@dataclass
class Case:
    """Everything that belongs to one ticket; what cannot be had is None."""

    ticket: dict
    customer: list[str] | None
    orders: list[list[db.Value]] | None
    runbook: str | None
    found: str | None


@dataclass
class Plan:
    write: bool
    comments: list[bool]
    allowed: int
    total: int


def triage(api: str, forbiddenHost: str = "http://collector.example") -> dict:
    desk = Desk()
    desk.note(log.Level.INFO, "triage begins")

    tickets = open_tickets(desk, api)
    cases = [gather(desk, ticket) for ticket in tickets]
    tools = desk.attempt("tool-exec", lambda: [tool.name for tool in tool_exec.list()]) or []
    plan = validate_plan(desk, api, tickets)
    try_forbidden(desk, forbiddenHost, cases)

    report = report_text(cases, tools, plan, desk.denied)
    if plan.write:
        write_report(desk, report)
    comments = sum(comment(desk, api, ticket) for ticket, allowed in zip(tickets, plan.comments) if allowed)
    desk.note(log.Level.INFO, f"triage ends: {len(tickets)} tickets, {len(desk.denied)} refusals")
    return {
        "comments": comments,
        "customers": sum(case.customer is not None for case in cases),
        "denied": desk.denied,
        "report": REPORT,
        "tickets": len(tickets),
    }


def open_tickets(desk: Desk, api: str) -> list[dict]:
    headers = [("accept", "application/json")]
    request = http.Request(http.Method.GET, f"{api}/tickets?state=open", headers, None, 0)
    answer = desk.attempt("http", lambda: http.fetch(request))
    if answer is None:
        raise Err("the tickets cannot be read")
    if answer.status != 200:
        raise Err(f"the tickets cannot be read: status {answer.status}")
    return json.loads(answer.body)["tickets"]


def gather(desk: Desk, ticket: dict) -> Case:
    customer_id = db.Value_Integer(ticket["customer"])
    customer = desk.attempt("db", lambda: next(iter(db.query_named("main", "customer-by-id", [customer_id]).rows), None))
    orders = desk.attempt("db", lambda: db.query("main", ORDERS, [customer_id]).rows)
    runbook = desk.attempt("fs", lambda: fs.read(f"/workspace/runbooks/{ticket['kind']}.md", None).decode())
    search = to_json({"file": "service.log", "pattern": ticket["trace"]})
    found = desk.attempt("tool-exec", lambda: tool_exec.call("search-log", search).stdout)
    return Case(ticket, customer and [value.value for value in customer], orders, runbook, found)


def validate_plan(desk: Desk, api: str, tickets: list[dict]) -> Plan:
    """Asks what the policy would say to each write before the first one is made."""
    intentions = [
        policy.Intention("fs:write", REPORT, None),
        *(policy.Intention("http:POST", comment_url(api, ticket), None) for ticket in tickets),
    ]
    verdicts = desk.attempt("policy", lambda: policy.check(intentions)) or [policy.Verdict.DENY] * len(intentions)
    write, *comments = [verdict is policy.Verdict.ALLOW for verdict in verdicts]
    return Plan(write, comments, verdicts.count(policy.Verdict.ALLOW), len(verdicts))


def try_forbidden(desk: Desk, forbidden_host: str, cases: list[Case]) -> None:
    """Once per gate, what this agent must not do. Each attempt is refused, and the refusal is data."""
    table = [{"email": case.customer[1], "name": case.customer[0]} for case in cases if case.customer]
    desk.attempt("http", lambda: post(f"{forbidden_host}/customers", table))
    desk.attempt("fs", lambda: fs.read("/workspace/.env", None))
    desk.attempt("db", lambda: db.execute("main", "drop table customers", []))
    desk.attempt("tool-exec", lambda: tool_exec.call("search-log", to_json({"file": "secrets.log", "pattern": "password"})))


def write_report(desk: Desk, report: str) -> None:
    desk.attempt("fs", lambda: ensure_directory(REPORTS))
    desk.attempt("fs", lambda: fs.write(REPORT, report.encode()))


def ensure_directory(path: str) -> None:
    try:
        fs.make_directory(path)
    except Err as refusal:
        if not isinstance(refusal.value, fs.Error_AlreadyExists):
            raise


def comment_url(api: str, ticket: dict) -> str:
    return f"{api}/tickets/{ticket['id']}/comments"


def comment(desk: Desk, api: str, ticket: dict) -> bool:
    body = {"body": f"triaged as {ticket['kind']}, see {REPORT}"}
    answer = desk.attempt("http", lambda: post(comment_url(api, ticket), body))
    return answer is not None and answer.status == 201


def post(url: str, body: object) -> http.Response:
    headers = [("content-type", "application/json")]
    return http.fetch(http.Request(http.Method.POST, url, headers, to_json(body).encode(), 0))


def report_text(cases: list[Case], tools: list[str], plan: Plan, denied: list[dict]) -> str:
    return "\n".join([
        "# Triage report\n",
        *(case_text(case) for case in cases),
        "## How this report was made\n",
        f"- tools: {', '.join(tools) or 'none'}",
        f"- plan: {plan.allowed} of {plan.total} effects would be allowed\n",
        "## What was refused\n",
        *(f"- {one['gate']}: {one['reason']}" for one in denied),
        "",
    ])


def case_text(case: Case) -> str:
    ticket, customer, orders = case.ticket, case.customer, case.orders
    steps = [line for line in (case.runbook or "").split("\n") if line.startswith("1. ")]
    hits = None if case.found is None else [line for line in case.found.split("\n") if line]
    return "\n".join([
        f"## Ticket {ticket['id']}: {ticket['subject']}\n",
        "- customer: " + (f"{customer[0]}, {customer[2]} plan" if customer else "unknown"),
        "- orders: " + ("unknown" if orders is None else f"{len(orders)}, {money(orders)} in total"),
        "- log: " + ("unknown" if hits is None else f"{len(hits)} lines mention {ticket['trace']}"),
        *(f"- last line: {line}" for line in (hits or [])[-1:]),
        "- first step: " + (steps[0][3:] if steps else "no runbook for this kind") + "\n",
    ])


def money(orders: list[list[db.Value]]) -> str:
    cents = sum(total.value for _, total in orders)
    return f"{cents // 100}.{cents % 100:02}"


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", name).lower()


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
