"""The API's description (OpenAPI), written by hand, one file for each group of users."""
