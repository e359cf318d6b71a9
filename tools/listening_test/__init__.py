"""Kit for MUSHRA listening tests (ITU-R BS.1534) in a browser, and their statistics."""
