"""Whisper by CTranslate2 (extra asr), fast on short utterances."""
