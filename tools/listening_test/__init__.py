"""A MUSHRA listening test (ITU-R BS.1534) in a browser, and the statistics of its answers."""
