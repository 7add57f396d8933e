"""Counts the primes below its input by trial division: nothing but instructions."""
import wit_world


class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        count = 0
        for number in range(2, int(input)):
            by, prime = 2, True
            while prime and by * by <= number:
                prime = number % by != 0
                by += 1
            count += prime
        return str(count)
