"""Runs a program with `subprocess` at each line of standard input. Prints how many microseconds it took.

Usage: tools.py PROGRAM
"""
import subprocess
import sys
import time

for _ in sys.stdin:
    started = time.perf_counter_ns()
    subprocess.run([sys.argv[1]], capture_output=True, check=True)
    print((time.perf_counter_ns() - started) / 1000, flush=True)
