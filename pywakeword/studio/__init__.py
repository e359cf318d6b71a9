"""The studio: a local page that shows what the detector computes (extra `studio`)."""
