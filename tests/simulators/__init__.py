"""The simulators, tested through the real SDKs of the platforms they stand for."""
