"""The ledger: what came in, what was decided, what is to be sent; on disk before anybody is told."""
