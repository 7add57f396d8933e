"""A point select with psycopg, prepared; prints p50 and p99 in microseconds. Usage: postgres.py HOST PORT COUNT."""

import json
import sys
import time

import psycopg

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
samples = []
with psycopg.connect(host=host, port=port, user="agent", dbname="bench", autocommit=True) as connection:
    cursor = connection.cursor()
    for turn in range(-count // 10, count):
        started = time.perf_counter_ns()
        cursor.execute("select name from items where id = %s", [abs(turn) % 1000], prepare=True).fetchall()
        if turn >= 0:
            samples.append((time.perf_counter_ns() - started) / 1000)
samples.sort()
print(json.dumps({"p50_us": round(samples[len(samples) // 2], 2), "p99_us": round(samples[len(samples) * 99 // 100], 2)}))
