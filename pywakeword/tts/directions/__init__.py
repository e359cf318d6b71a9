"""Stage directions: tags in a text, and how voices without SSML perform them."""
