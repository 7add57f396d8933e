//! Panics deep down, in functions whose names its operator would like to see.

wit_bindgen::generate!({ world: "agent", path: "../../../../wit" });

struct Agent;

impl Guest for Agent {
    fn run(input: String) -> Result<String, String> {
        Ok(ledger::Ledger { entries: input.len() }.close().to_string())
    }
}

mod ledger {
    pub struct Ledger {
        pub entries: usize,
    }

    impl Ledger {
        #[inline(never)]
        pub fn close(&self) -> usize {
            balance(self.entries)
        }
    }

    #[inline(never)]
    fn balance(entries: usize) -> usize {
        assert!(entries > 1_000_000, "the ledger does not balance");
        entries
    }
}

export!(Agent);
