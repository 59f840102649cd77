"""Text to speech: normaliser, front end, voice, shaping of the audio."""
