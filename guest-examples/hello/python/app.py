"""The starting point: reads one file, writes one log line, returns a greeting."""
import wit_world
from componentize_py_types import Err
from wit_world.imports import fs, log


class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        try:
            greeting = fs.read("/workspace/greeting.txt", None).decode()
            log.write(log.Level.INFO, f"greeting {input}")
            return f"{greeting.strip()}, {input}!"
        except Err as refusal:  # of the host; its value is the WIT error, and the error of `run` is a text
            raise Err(f"refused: {refusal.value}")
        except Exception as error:  # any exception but Err would end the instance
            raise Err(f"{type(error).__name__}: {error}")
