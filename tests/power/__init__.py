"""The power is cut under the ledger's writes."""
