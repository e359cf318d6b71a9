"""Kit of the studio's page: a browser with a fake microphone, and screenshots of the docs."""
