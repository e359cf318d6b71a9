"""The speech engines behind the voices."""
