//! Counts the primes below its input by trial division: nothing but instructions.

wit_bindgen::generate!({ world: "agent", path: "../../../wit" });

struct Agent;

impl Guest for Agent {
    fn run(input: String) -> Result<String, String> {
        let most: u32 = input.parse().map_err(|_| "not a number".to_string())?;
        let count = (2..most).filter(|&number| (2..).take_while(|&by| by * by <= number).all(|by| number % by != 0)).count();
        Ok(count.to_string())
    }
}

export!(Agent);
