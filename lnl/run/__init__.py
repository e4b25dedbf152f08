"""From a declared run to its record: what it trains on, the job, the store, the machine."""
