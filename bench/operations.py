"""The same five operations in plain Python: what an agent framework does without any gate. Prints JSON.

Usage: operations.py FILE DATABASE URL TOOL COUNT TOOL_COUNT
"""
import json
import sqlite3
import subprocess
import sys
import time
import urllib.request
from http.client import HTTPConnection
from urllib.parse import urlsplit


def sample(count, once):
    times = []
    for turn in range(-count // 10, count):
        started = time.perf_counter_ns()
        once(turn)
        if turn >= 0:
            times.append((time.perf_counter_ns() - started) / 1000)
    times.sort()
    return {"p50_us": round(times[len(times) // 2], 2), "p99_us": round(times[int(len(times) * 0.99)], 2)}


def main(file, database, url, tool, count, tool_count):
    connection = sqlite3.connect(database)

    def read(_):
        with open(file, "rb") as handle:
            return handle.read()

    def select(turn):
        return connection.execute("select name from items where id = ?", (turn % 1000,)).fetchall()

    def get(_):
        with urllib.request.urlopen(url) as response:
            return response.read()

    parts = urlsplit(url)
    kept = HTTPConnection(parts.hostname, parts.port)

    def get_kept(_):
        kept.request("GET", parts.path)
        return kept.getresponse().read()

    figures = {
        "read": sample(count, read),
        "sql": sample(count, select),
        "get": sample(count, get),
        "get-kept": sample(count, get_kept),
        "tool": sample(tool_count, lambda _: subprocess.run([tool], capture_output=True, check=True)),
    }
    print(json.dumps(figures))


main(*sys.argv[1:5], int(sys.argv[5]), int(sys.argv[6]))
